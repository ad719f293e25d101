"""Run astro-sync many times without starting Python for each: a process that has imported it forks for every run.

Run as a program this file is that process. It takes one run a line (JSON) from stdin, and answers with an exit code.
"""

import importlib
import json
import os
import pkgutil
import pty
import select
import subprocess
import sys
import termios
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from sandbox import TERMINAL, Conversation, Json, Result, Sandbox


class Warm:
    """Fork a run of astro-sync for each call; `close` ends the process that does."""

    def __init__(self) -> None:
        folder = Path(__file__).resolve().parent
        self._server = subprocess.Popen(
            [sys.executable, "-m", "warm"],
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
        tty: bool = False,
    ) -> Result:
        """Run astro-sync in the sandbox's project; `tty` gives it a terminal on all streams, `text` answers questions.

        `broken` names a function (`module:name`) that raises instead of working, with the message beside it.
        """
        if tty:
            return self._run_on_terminal(sandbox, words, text, env)
        streams = {name: str(sandbox.folder / f"stream-{name}") for name in ("in", "out", "err")}
        Path(streams["in"]).write_text(text)
        self._send(sandbox, words, env, streams=streams, broken=broken)
        code = self._code()
        out, err = (Path(streams[name]).read_bytes().decode("utf-8", "surrogateescape") for name in ("out", "err"))
        for path in streams.values():
            Path(path).unlink()
        return Result(out, err, code)

    def _run_on_terminal(
        self, sandbox: Sandbox, words: tuple[str, ...], text: str, env: Mapping[str, str] | None
    ) -> Result:
        person, program = pty.openpty()
        termios.tcsetwinsize(program, TERMINAL)
        self._send(sandbox, words, env, streams=dict.fromkeys(("in", "out", "err"), os.ttyname(program)), broken=None)
        conversation = Conversation(text, person)
        watched: list[Any] = [person, self._server.stdout]
        # What was printed last may still be on its way when the run has ended.
        while watched and (ready := select.select(watched, [], [], 60 if len(watched) > 1 else 0)[0]):
            if person in ready:
                try:
                    conversation.hear(os.read(person, 65536))
                except OSError:
                    # The run has ended, and its terminal with it.
                    watched.remove(person)
            elif self._server.stdout in ready:
                watched.remove(self._server.stdout)
        os.close(program)
        os.close(person)
        return Result(conversation.printed.replace("\r\n", "\n"), "", self._code())

    def _send(self, sandbox: Sandbox, words: tuple[str, ...], env: Mapping[str, str] | None, **more: object) -> None:
        environ = sandbox.environment | dict(env or {})
        job = {"words": words, "cwd": str(sandbox.project), "environ": environ} | more
        assert self._server.stdin
        self._server.stdin.write(json.dumps(job).encode() + b"\n")
        self._server.stdin.flush()

    def _code(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()


class Quick(Sandbox):
    """Run astro-sync without starting Python for it, with a compiled stand-in."""

    def __init__(self, folder: Path, warm: Warm, astro: Path) -> None:
        super().__init__(folder)
        self.environment["PATH"] = f"{astro}:{self.environment['PATH']}"
        # Else each run asks twice.
        self.use_mode("docker")
        self._warm = warm

    def run(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - as in the class above
        env: Mapping[str, str] | None = None,
        timeout: float = 60,  # noqa: ARG002 - a run that hangs ends the test session
        tty: bool = False,
    ) -> Result:
        """Run `astro-sync` in the project."""
        return self._warm.run(self, *args, text=input or "", env=env, tty=tty)


# Only in the process that forks.


def _serve() -> None:
    import astro_sync

    rooms = [each.name for each in pkgutil.walk_packages(astro_sync.__path__, "astro_sync.")]
    for module in (*rooms, "plumbum", "tabulate", "dotenv", "difflib"):
        # What is run as a program is not imported; a vendor's SDK need not be there.
        if not module.endswith("__main__"):
            with suppress(ImportError):
                importlib.import_module(module)
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            _run(json.loads(line))
        _, status = os.waitpid(child, 0)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(status))


def _run(job: Json) -> NoReturn:
    # A process of its own session gets the terminal that it opens first.
    os.setsid()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, (name, how) in enumerate((("in", os.O_RDONLY), ("out", flags), ("err", flags))):
        os.dup2(os.open(job["streams"][name], how, 0o600), number)
    sys.stdin = open(0, encoding=sys.stdin.encoding, closefd=False)  # noqa: SIM115 - the run's own streams
    sys.stdout = open(1, "w", encoding=sys.stdout.encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=sys.stderr.encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115
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
