"""AS403: a file that other users of the machine may read or change."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Fix, Subject
from astro_sync.checks.surroundings import OTHERS


def _find(subject: Subject) -> Iterable[Finding]:
    mode = subject.surroundings.mode
    if mode is not None and mode & OTHERS:
        yield Finding(1, None, f"others may use the file (mode {mode:04o}): it needs 0600 at most", fixable=True)


def _fix(subject: Subject) -> Fix:
    mode = subject.surroundings.mode
    return Fix(mode=mode & ~OTHERS if mode is not None and mode & OTHERS else None)


CHECK = Check(
    code="AS403",
    name="readable-by-others",
    title="A file that other users of this machine may read or change.",
    find=_find,
    fix=_fix,
    needs_reading=False,
)
