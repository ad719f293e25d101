"""AS402: a file that git would take with a `git add` of its folder."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.checks.surroundings import GitState


@check(
    "AS402",
    "not-ignored-by-git",
    "A file that git does not ignore, so that a `git add` of its folder takes it.",
    needs_reading=False,
)
def not_ignored(subject: Subject) -> Iterator[Problem]:
    """Find a file that is neither tracked nor ignored."""
    if subject.surroundings.git is GitState.UNTRACKED:
        yield Problem(1, None, "git does not ignore the file: name it in .gitignore")
