"""Run astro-sync many times without starting Python for each: a process that has imported it forks for every run.

Run as a program this file is that process. It takes one run a line (JSON) from stdin, and answers with an exit code.
"""

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from sandbox import Json, Result, Sandbox


class Warm:
    """Fork a run of astro-sync for each call; `close` ends the process that does."""

    def __init__(self) -> None:
        folder = Path(__file__).resolve().parents[1]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "hardening.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
            | {"PYTHONPATH": str(folder.parent / "fixtures")},
        )

    def run(
        self,
        sandbox: Sandbox,
        *words: str,
        text: str = "",
        env: Mapping[str, str] | None = None,
        broken: tuple[str, str] | None = None,
    ) -> Result:
        """Run astro-sync in the sandbox's project.

        `broken` names a function (`module:name`) that raises instead of working, with the message beside it.
        """
        streams = {name: str(sandbox.folder / f"stream-{name}") for name in ("in", "out", "err")}
        Path(streams["in"]).write_text(text)
        job = {
            "words": words,
            "cwd": str(sandbox.project),
            "environ": sandbox.environment | dict(env or {}),
            "streams": streams,
            "broken": broken,
        }
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(job).encode() + b"\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        out, err = (Path(streams[name]).read_bytes().decode("utf-8", "surrogateescape") for name in ("out", "err"))
        for path in streams.values():
            Path(path).unlink()
        return Result(out, err, code)

    def close(self) -> None:
        """End the process."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()


# Only in the process that forks.


def _serve() -> None:
    for module in (
        "astro_sync.cli.app",
        "astro_sync.cli.session",
        "astro_sync.console.terminal",
        "plumbum",
        "tabulate",
    ):
        importlib.import_module(module)
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            _run(json.loads(line))
        _, status = os.waitpid(child, 0)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(status))


def _run(job: Json) -> NoReturn:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, (name, how) in enumerate((("in", os.O_RDONLY), ("out", flags), ("err", flags))):
        os.dup2(os.open(job["streams"][name], how, 0o600), number)
    os.environ.clear()
    os.environ.update(job["environ"])
    os.chdir(job["cwd"])
    sys.argv = ["astro-sync", *job["words"]]
    if job["broken"]:
        _break(*job["broken"])
    code = 1
    try:
        from astro_sync.cli.app import main

        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - what Python itself would print
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _break(name: str, message: str) -> None:
    """Let a function raise, wherever it was imported, an error that holds a value in its message and in its frames."""
    module_name, _, attribute = name.partition(":")
    original = getattr(importlib.import_module(module_name), attribute)
    for loaded, module in list(sys.modules.items()):
        if loaded.startswith("astro_sync") and getattr(module, attribute, None) is original:
            setattr(module, attribute, _raising(message))


def _raising(message: str) -> Callable[..., Any]:
    def broken(*_arguments: object, **_options: object) -> NoReturn:
        value = message
        try:
            int(value)
        except ValueError as error:
            raise RuntimeError(f"cannot work with {value!r}", value) from error
        raise AssertionError(value)

    return broken


if __name__ == "__main__":
    _serve()
