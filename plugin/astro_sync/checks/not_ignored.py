"""AS402: a file that git would take with a `git add` of its folder."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.checks.surroundings import GitState


def _find(subject: Subject) -> Iterable[Finding]:
    if subject.surroundings.git is GitState.UNTRACKED:
        yield Finding(1, None, "git does not ignore the file: name it in .gitignore")


CHECK = Check(
    code="AS402",
    name="not-ignored-by-git",
    title="A file that git does not ignore, so that a `git add` of its folder takes it.",
    find=_find,
    needs_reading=False,
)
