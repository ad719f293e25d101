"""The one door to the `astro` program: run it, end it in time, and never show its arguments or what it prints."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from subprocess import PIPE, TimeoutExpired
from typing import Any, Final

from astro_sync.errors import UnusableError
from astro_sync.storage.private import write_private

# Values of local Airflow have no business in the environment of a program that prints what it likes.
_WITHHELD: Final = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
# A line on stdin makes an interactive login fail at once; end of file would open a browser (contract, "Everywhere").
# But `dev run` needs no login, and in Docker mode breaks off on a line that nobody reads.
_STDIN: Final = b"y\n"
_NO_STDIN: Final = ("dev", "run")
_GRACE_SECONDS: Final = 2.0


class NotLoggedInError(UnusableError):
    """Say that the Astro CLI has no usable login."""

    code = "not-logged-in"
    hint = "Run `astro login`, or set ASTRO_API_TOKEN to a valid token, then try again."


class TimedOutError(UnusableError):
    """Say that `astro` did not answer in time."""

    code = "timed-out"
    hint = "Try again, or allow more time with --timeout SECONDS."


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what one call left: its output (never shown) and its exit status, None if it had to be ended."""

    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    status: int | None

    @property
    def text(self) -> str:
        """Return all that was printed."""
        return self.stdout + self.stderr


class Astro:
    """Run one `astro` program in one folder and environment, each call with a time limit in seconds.

    With ASTRO_API_TOKEN set, each call has an ASTRO_HOME of its own in `private`, with a copy of the user's
    `config.yaml`: the CLI would write the token over the user's login there (design, rule 9).
    `watch` shows what runs: the first three words of a call, which never hold a value.
    """

    def __init__(  # noqa: PLR0913 - one name each for what surrounds a call
        self,
        program: Path,
        *,
        environ: Mapping[str, str],
        cwd: Path,
        timeout: float,
        private: Path,
        watch: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._environ = {name: text for name, text in environ.items() if not name.startswith(_WITHHELD)}
        self._program = program
        self._private = private
        self._watch = watch
        self._calls = count(1)
        self._cwd = cwd
        self.timeout = timeout
        self._running: set[Any] = set()
        self._ended = False
        # Reentrant: a signal handler calls stop() in the thread that may just be starting a process.
        self._lock = threading.RLock()

    def run(self, *args: str, stdin: bytes | None = None) -> Answer:
        """Run `astro` with these arguments; a call that takes too long is ended with its whole process group.

        `stdin` is what the call reads there, the only way for values that must not stand among the arguments.
        """
        import logging

        from plumbum import local  # costs 31 ms, and not every command runs `astro`

        # It would log every argument.
        logging.getLogger("plumbum.local").disabled = True

        environ = self._environ_of_call()
        with self._lock:
            if self._ended:
                raise TimedOutError("The run was interrupted before `astro` was asked.")
            # plumbum copied the whole environment at its import, and would add that to what a call is given.
            local.env.clear()
            process = _start(local[str(self._program)], args, self._cwd, environ)
            self._running.add(process)
        try:
            with self._watch(f"astro {' '.join(args[:3])}"):
                stdout, stderr = process.communicate(_stdin(args) if stdin is None else stdin, timeout=self.timeout)
            status: int | None = process.returncode
        except TimeoutExpired:
            stdout, stderr = _end(process)
            status = None
        except BaseException:
            _end(process)
            raise
        finally:
            self._running.discard(process)
        return Answer(_decode(stdout), _decode(stderr), status)

    def ask(self, *args: str, stdin: bytes | None = None) -> Answer:
        """Run a call that only reads; raise if it had no login, did not answer in time, or could not connect."""
        answer = self.run(*args, stdin=stdin)
        if answer.status is None:
            raise TimedOutError(f"`astro {' '.join(args[:3])}` did not answer within {self.timeout:g} seconds.")
        judge_login(answer)
        return answer

    def stop(self) -> None:
        """End every call that still runs, with its whole process group, and start no more."""
        with self._lock:
            self._ended = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline and any(process.poll() is None for process in running):
            time.sleep(0.02)
        for process in running:
            _signal(process, signal.SIGKILL)

    def resume(self) -> None:
        """Allow calls again, for the read-back after an interruption."""
        self._ended = False

    def _environ_of_call(self) -> Mapping[str, str]:
        if not self._environ.get("ASTRO_API_TOKEN"):
            return self._environ
        home = self._private / f"astro-home-{next(self._calls)}"
        for folder in (home, home / ".astro"):
            folder.mkdir(mode=0o700)
        users = Path(self._environ.get("ASTRO_HOME") or self._environ.get("HOME") or Path.home())
        with suppress(FileNotFoundError):
            write_private(home / ".astro" / "config.yaml", (users / ".astro" / "config.yaml").read_bytes())
        return {**self._environ, "ASTRO_HOME": str(home)}


def find_astro(named: str | None, environ: Mapping[str, str]) -> Path:
    """Return the program to run: the one that was named, or the first `astro` on PATH."""
    found = shutil.which(named or "astro", path=environ.get("PATH", os.defpath))
    if found is None:
        what = f"There is no program at {named}." if named else "The Astro CLI (`astro`) is not on your PATH."
        hint = "Install it: https://www.astronomer.io/docs/astro/cli/install-cli, or name it with --astro-bin PATH."
        raise UnusableError(what, hint=hint)
    return Path(found).absolute()


def judge_login(answer: Answer) -> None:
    """Raise if the answer shows that the Astro CLI had no usable login (contract, "Everywhere")."""
    text = answer.text
    if "Welcome to the Astro CLI" in text or "To learn more about Astro" in text:
        raise NotLoggedInError("You are not logged in to Astro.")
    if "no context set, have you authenticated" in text:
        raise NotLoggedInError("You have never logged in to Astro on this machine.")
    if "current workspace context not set" in text:
        hint = "Run `astro workspace switch`, or name the workspace with --workspace-id ID."
        raise NotLoggedInError("No Astro workspace is chosen.", hint=hint)
    if "API Token is expired" in text:
        raise NotLoggedInError("Your Astro API token is expired.")
    if "is invalid or malformed" in text:
        raise NotLoggedInError("Your Astro API token is invalid or malformed.")


def _stdin(args: tuple[str, ...]) -> bytes:
    return b"" if args[:2] == _NO_STDIN else _STDIN


def _start(command: Any, args: tuple[str, ...], cwd: Path, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - plumbum is untyped
    try:
        return command.popen(
            list(args), cwd=str(cwd), env=dict(environ), stdin=PIPE, stdout=PIPE, stderr=PIPE, new_session=True
        )
    except (OSError, ValueError):
        hint = "Check the file with `astro version`, or name another one with --astro-bin PATH."
        raise UnusableError("The Astro CLI could not be started.", hint=hint) from None


def _end(process: Any) -> tuple[bytes, bytes]:  # noqa: ANN401 - plumbum is untyped
    """End a process and its group, and return what it had printed."""
    _signal(process, signal.SIGTERM)
    for wait in (_GRACE_SECONDS, _GRACE_SECONDS / 2):
        try:
            stdout, stderr = process.communicate(timeout=wait)
        except TimeoutExpired as error:
            stdout, stderr = error.stdout, error.stderr
            _signal(process, signal.SIGKILL)
        else:
            break
    # The group may outlive its leader.
    _signal(process, signal.SIGKILL)
    return stdout or b"", stderr or b""


def _signal(process: Any, number: signal.Signals) -> None:  # noqa: ANN401 - plumbum is untyped
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _decode(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")
