"""AS403: a file that other users of the machine may read or change."""

from collections.abc import Iterator

from astro_sync.checks.subject import Fix, Problem, Subject, check
from astro_sync.checks.surroundings import OTHERS


def _fix(subject: Subject) -> Fix:
    mode = subject.surroundings.mode
    return Fix(mode=mode & ~OTHERS if mode is not None and mode & OTHERS else None)


@check(
    "AS403",
    "readable-by-others",
    "A file that other users of this machine may read or change.",
    fix=_fix,
    needs_reading=False,
)
def readable_by_others(subject: Subject) -> Iterator[Problem]:
    """Find a file with permissions for others than its owner."""
    mode = subject.surroundings.mode
    if mode is not None and mode & OTHERS:
        yield Problem(1, None, f"others may use the file (mode {mode:04o}): it needs 0600 at most", fixable=True)
