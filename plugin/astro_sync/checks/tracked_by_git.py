"""AS401: a file that is in git already."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.checks.surroundings import GitState


@check(
    "AS401",
    "tracked-by-git",
    "A file that git tracks: whoever has the repository has its values.",
    needs_reading=False,
)
def tracked_by_git(subject: Subject) -> Iterator[Problem]:
    """Find a file that git tracks."""
    if subject.surroundings.git is GitState.TRACKED:
        message = "git tracks the file: `git rm --cached` takes it out, its past versions stay in the history"
        yield Problem(1, None, message)
