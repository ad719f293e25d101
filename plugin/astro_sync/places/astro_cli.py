"""The one door to the `astro` program: run it, end it in time, and never show its arguments or what it prints."""

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import count
from pathlib import Path
from subprocess import PIPE
from typing import Any, Final, NamedTuple

from astro_sync.errors import UnusableError
from astro_sync.places.running_call import GRACE_SECONDS, OUTPUT_LIMIT, RunningCall
from astro_sync.storage.private import write_private

# Values of local Airflow have no business in the environment of a program that prints what it likes.
_WITHHELD: Final = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
# Else each call leaves a process behind that writes into its ASTRO_HOME after it ended
# (fixtures/astro-cli-contract.md).
_ALWAYS: Final = {"ASTRO_TELEMETRY_DISABLED": "1"}
# A line on stdin makes an interactive login fail at once; end of file would open a browser
# (fixtures/astro-cli-contract.md).
# But `dev run` needs no login, and in Docker mode breaks off on a line that nobody reads.
_STDIN: Final = b"y\n"
_NO_STDIN: Final = ("dev", "run")
# What these print is of local Airflow or of the CLI itself, and says nothing about a login.
_NO_LOGIN: Final = frozenset({"dev", "config", "version"})
_UNAUTHORIZED: Final = re.compile(r"^Error: .*Invalid authorization token", re.MULTILINE)


class NotLoggedInError(UnusableError):
    """Say that the Astro CLI has no usable login."""

    code = "not-logged-in"
    hint = "Run `astro login`, or set ASTRO_API_TOKEN to a valid token, then try again."


class TimedOutError(UnusableError):
    """Say that `astro` did not answer in time."""

    code = "timed-out"
    hint = "Try again, or allow more time with --timeout SECONDS."


class TooMuchOutputError(UnusableError):
    """Say that `astro` printed more than any answer has."""

    code = "too-much-output"
    hint = "Check the program with `astro version`, or name another one with --astro-bin PATH."


class Answer(NamedTuple):
    """What one call left: its output (never shown) and its exit status, None if it had to be ended.

    It is ended when its time is up, or when it `overflowed`: printed more than any answer has.
    """

    stdout: str
    stderr: str
    status: int | None
    overflowed: bool = False

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"

    @property
    def text(self) -> str:
        """Return all that was printed."""
        return self.stdout + self.stderr


class Astro:
    """Run one `astro` program in one folder and environment, each call with a time limit in seconds.

    With ASTRO_API_TOKEN set, each call has an ASTRO_HOME of its own in `private`, with a copy of the user's
    `config.yaml`: the CLI would write the token over the user's login there (CONTRIBUTING, rule 9).
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
        kept = {name: text for name, text in environ.items() if not name.startswith(_WITHHELD)}
        self._environ = kept | _ALWAYS
        self._program = program
        self._private = private
        self._watch = watch
        self._calls = count(1)
        self._cwd = cwd
        self.timeout = timeout
        self._running: set[RunningCall] = set()
        self._ended = False
        # Reentrant: a signal handler calls stop() in the thread that may just be starting a process.
        self._lock = threading.RLock()

    def run(self, *args: str | Path, stdin: bytes | None = None) -> Answer:
        """Run `astro` with these arguments; a call that takes too long is ended with its whole process group.

        Texts reach it as UTF-8 whatever the locale, paths as the file system has them. `stdin` is its input, where it
        is to have one of its own.
        """
        if stdin is None:
            stdin = b"" if args[:2] == _NO_STDIN else _STDIN
        with self._lock:
            if self._ended:
                raise TimedOutError("The run was interrupted before `astro` was asked.")
            process = _start(self._program, args, self._cwd, self._environ_of_call())
            call = RunningCall(process, stdin)
            self._running.add(call)
        try:
            with self._watch(_name(args)):
                in_time = call.converse(self.timeout)
            if not in_time:
                call.end()
        except BaseException:
            call.end()
            raise
        finally:
            self._running.discard(call)
        stdout, stderr = map(_decode, call.output)
        return Answer(stdout, stderr, process.returncode if in_time else None, call.overflowed)

    def ask(self, *args: str | Path) -> Answer:
        """Run a call that only reads; raise if it had no login, did not answer in time, or could not connect."""
        answer = self.run(*args)
        if (error := self.unfinished(answer, *args)) is not None:
            raise error
        if args[0] not in _NO_LOGIN:
            judge_login(answer)
        return answer

    def unfinished(self, answer: Answer, *args: str | Path) -> TimedOutError | TooMuchOutputError | None:
        """Return why a call had to be ended, or None if it ended by itself."""
        if answer.status is not None:
            return None
        if answer.overflowed:
            return TooMuchOutputError(f"`{_name(args)}` printed more than {OUTPUT_LIMIT // 1024**2} MiB.")
        return TimedOutError(f"`{_name(args)}` did not answer within {self.timeout:g} seconds.")

    def stop(self) -> None:
        """End every call that still runs, with its whole process group, and start no more."""
        with self._lock:
            self._ended = True
            running = list(self._running)
        for call in running:
            call.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and not all(call.has_ended for call in running):
            time.sleep(0.02)
        for call in running:
            call.signal(signal.SIGKILL)

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
        config = users / ".astro" / "config.yaml"
        with suppress(FileNotFoundError, NotADirectoryError):
            write_private(home / ".astro" / "config.yaml", _read(config))
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
    """Raise if the answer shows that the Astro CLI had no usable login (fixtures/astro-cli-contract.md)."""
    text = answer.text
    if "Welcome to the Astro CLI" in text or "To learn more about Astro" in text:
        raise NotLoggedInError("You are not logged in to Astro.")
    if "no context set, have you authenticated" in text:
        raise NotLoggedInError("You have never logged in to Astro on this machine.")
    if answer.status != 0 and _UNAUTHORIZED.search(text):
        raise NotLoggedInError("Astro does not accept your login, or not any more.")
    if "current workspace context not set" in text:
        hint = "Run `astro workspace switch`, or name the workspace with --workspace-id ID."
        raise NotLoggedInError("No Astro workspace is chosen.", hint=hint)
    if "API Token is expired" in text:
        raise NotLoggedInError("Your Astro API token is expired.")
    if "is invalid or malformed" in text:
        raise NotLoggedInError("Your Astro API token is invalid or malformed.")


def _name(args: Sequence[str | Path]) -> str:
    """Return a call's first words, which never hold a value."""
    return " ".join(["astro", *map(str, args[:3])])


def _read(config: Path) -> bytes:
    try:
        return config.read_bytes()
    except (PermissionError, IsADirectoryError) as error:
        hint = "Make it a file that you can read again: `sudo astro login` may have made it root's."
        raise UnusableError(f"{config} cannot be read: {error.strerror}.", hint=hint) from None


def _start(program: Path, args: Sequence[str | Path], cwd: Path, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - plumbum is untyped
    import logging

    from plumbum import local  # costs 31 ms, and not every command runs `astro`

    # It would log every argument.
    logging.getLogger("plumbum.local").disabled = True
    # It copied the whole environment at its import, and would add that to what a call is given.
    local.env.clear()
    try:
        words = [str(arg) if isinstance(arg, Path) else _as_utf8(arg) for arg in args]
        return local[str(program)].popen(
            words, cwd=str(cwd), env=dict(environ), stdin=PIPE, stdout=PIPE, stderr=PIPE, new_session=True
        )
    except (OSError, ValueError):
        hint = "Check the file with `astro version`, or name another one with --astro-bin PATH."
        raise UnusableError("The Astro CLI could not be started.", hint=hint) from None


def _as_utf8(text: str) -> str:
    """Return the argument that Python passes on as the UTF-8 of a text, whatever encoding the locale has."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def _decode(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")
