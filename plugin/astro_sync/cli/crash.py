"""Describe a bug without any value: where it happened, in what kind of error, and in which version of everything."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from traceback import walk_tb
from typing import Final

from astro_sync import __version__
from astro_sync.errors import AstroSyncError, ExitCode

DEBUG: Final = "ASTRO_SYNC_DEBUG"


class BugError(AstroSyncError):
    """Say that astro-sync itself failed."""

    exit_code = ExitCode.BUG
    code = "bug"


def describe(error: BaseException, command: str) -> str:
    """Return types, files, lines and functions; never a message or a variable, which may hold a value."""
    import platform

    lines = [
        f"astro-sync {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"command: {command}",
        *_trace(error),
    ]
    return "\n".join(lines) + "\n"


def report(error: BaseException, command: str, folder: Path, now: datetime) -> BugError:
    """Write the description into a file of its own (0600) and return what to tell the user."""
    path = folder / f"bug-{now:%Y%m%dT%H%M%S.%f}.txt"
    try:
        from astro_sync.storage.private import write_private
        from astro_sync.storage.syscalls import make_private

        make_private(folder)
        write_private(path, describe(error, command).encode())
    except (OSError, AstroSyncError):
        hint = f"Run it again with {DEBUG}=1 and attach what it prints to an issue; it holds no values."
    else:
        hint = f"Attach {path} to an issue; it holds no values."
    message = "This is a bug in astro-sync; run `astro-sync diff` to see where things stand."
    return BugError(message, hint=hint)


def is_debugging(environ: Mapping[str, str]) -> bool:
    """Tell whether the user wants to see where a bug happened."""
    return environ.get(DEBUG) == "1"


def _trace(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"{type(error).__module__}.{type(error).__qualname__}"
        for frame, line in walk_tb(error.__traceback__):
            code = frame.f_code
            yield f"  {_short(code.co_filename)}:{line} in {code.co_qualname}"
        error = error.__cause__ or error.__context__


def _short(filename: str) -> str:
    """Return a path from its package on, so that no user's name stands in it."""
    path = Path(filename)
    found = [str(path.relative_to(root)) for root in sys.path if root and path.is_relative_to(root)]
    return min(found, key=len, default=path.name)
