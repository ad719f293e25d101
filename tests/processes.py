"""Start astro-sync, watch what it is at, end it in every way, and look for what it left running or lying about."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox import Result, Sandbox

PATIENCE = 20.0  # seconds; for a machine that is busy with other things


class Running:
    """Hold one astro-sync in a session of its own, so that its process group can be signalled like a terminal's."""

    def __init__(self, sandbox: Sandbox, words: tuple[str, ...], env: Mapping[str, str]) -> None:
        self._out = sandbox.folder / f"out-{time.monotonic_ns()}"
        self._err = Path(f"{self._out}.err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "astro_sync", *words],
                cwd=sandbox.project,
                env=sandbox.environment | dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def told(self) -> str:
        """Return what stands on stderr so far."""
        return self._err.read_text()

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to the process, or to its whole group as ^C on a terminal does."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def end(self) -> Result:
        """Wait for the end and return what was printed; the two files go."""
        code = self.process.wait(PATIENCE)
        result = Result(self._out.read_text(), self.told, code)
        self._out.unlink()
        self._err.unlink()
        return result


def start(sandbox: Sandbox, *words: str, env: Mapping[str, str] | None = None) -> Running:
    """Start astro-sync in the sandbox's project and return at once."""
    return Running(sandbox, words, env or {})


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait until something is so; fail when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(sandbox: Sandbox) -> list[int]:
    """Return every process that calls of `astro` began."""
    return [call[name] for call in sandbox.calls() for name in ("pid", "child_pid") if name in call]


def assert_nothing_left(sandbox: Sandbox) -> None:
    """Check that no process of `astro` runs any more and that no temporary file is left."""
    wait_until(lambda: not [pid for pid in children(sandbox) if is_alive(pid)])
    assert list(sandbox.temporary.iterdir()) == []
    assert [path.name for path in sandbox.project.iterdir() if "tmp" in path.name] == []


def end_orphans(sandbox: Sandbox) -> None:
    """End what a killed run left running, for nobody else will: every process that has the sandbox's environment."""
    mark = f"ASTRO_STANDIN_STATE={sandbox.state_file}".encode()

    def orphans() -> list[int]:
        found = []
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return [pid for pid in found if is_alive(pid)]

    deadline = time.monotonic() + PATIENCE
    while pids := orphans():
        assert time.monotonic() < deadline, pids
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


@contextmanager
def lock_of(folder: Path) -> Iterator[None]:
    """Hold the lock that another astro-sync would hold on a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def pause_at(sandbox: Sandbox, call: str, marker: Path) -> dict[str, str]:
    """Return an environment in which Python makes a marker and stops for some seconds at a call such as `os.fsync`."""
    folder = sandbox.folder / "paused"
    folder.mkdir(exist_ok=True)
    module = call.rpartition(".")[0]
    # Python runs a sitecustomize.py that it finds on its path before anything else.
    (folder / "sitecustomize.py").write_text(
        f"import {module}, time\n"
        f"real = {call}\n"
        "def pause(*arguments, **options):\n"
        f"    if not __import__('os').path.exists({str(marker)!r}):\n"
        f"        open({str(marker)!r}, 'w').close()\n"
        "        time.sleep(3)\n"
        "    return real(*arguments, **options)\n"
        f"{call} = pause\n"
    )
    return {"PYTHONPATH": str(folder)}
