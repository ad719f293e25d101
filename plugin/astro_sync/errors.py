"""The errors that a user is told about: what happened, an exit code, and what to type next."""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of every command, as the README documents them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    UNUSABLE = 4
    FOUND = 5
    UNPLANNED = 6
    PARTIAL = 7
    BUG = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class AstroSyncError(Exception):
    """Tell the user one sentence, without any value, and end with `exit_code`.

    `code` is the stable name of the error in the JSON; `hint` is what to type next.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    code: ClassVar[str] = "failed"
    hint: str = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class UsageError(AstroSyncError):
    """Reject what was typed."""

    exit_code = ExitCode.USAGE
    code = "usage"


class DeclinedError(AstroSyncError):
    """The answer no to a question; its sentence is all that is shown."""

    code = "declined"

    def __init__(self, message: str = "Nothing was changed.") -> None:
        super().__init__(message)


class RefusedError(AstroSyncError):
    """Stop before any change."""

    exit_code = ExitCode.REFUSED
    code = "refused"


class RejectedFileError(RefusedError):
    """Name the line at which the local runtime would reject a whole `.env`; `line` counts from 1."""

    code = "env-rejected"

    def __init__(self, message: str, *, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class UnusableError(AstroSyncError):
    """Say that a place cannot be used."""

    exit_code = ExitCode.UNUSABLE
    code = "unusable"


class Interruption(BaseException):
    """Unwind the run after a signal, past every `except Exception`; `exit_code` is 128 and the signal's number."""

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class InterruptedRunError(AstroSyncError):
    """Say in a report that the run was ended by a signal."""

    code = "interrupted"
