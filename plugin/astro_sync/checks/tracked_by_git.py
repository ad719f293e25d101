"""AS401: a file that is in git already."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.checks.surroundings import GitState


def _find(subject: Subject) -> Iterable[Finding]:
    if subject.surroundings.git is GitState.TRACKED:
        message = "git tracks the file: `git rm --cached` takes it out, its past versions stay in the history"
        yield Finding(1, None, message)


CHECK = Check(
    code="AS401",
    name="tracked-by-git",
    title="A file that git tracks: whoever has the repository has its values.",
    find=_find,
    needs_reading=False,
)
