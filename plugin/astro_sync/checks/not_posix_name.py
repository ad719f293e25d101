"""AS201: a name that is no POSIX name."""

import re
from collections.abc import Iterator
from typing import Final

from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE

_POSIX_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@check(
    "AS201",
    "not-posix-name",
    "A name that is not made of ASCII letters, digits and `_`, or that begins with a digit.",
)
def not_posix_name(subject: Subject) -> Iterator[Problem]:
    """Find each such name that has a value."""
    for assignment in subject.assignments:
        if assignment.has_separator and not _POSIX_NAME.fullmatch(assignment.key):
            yield Problem(assignment.line, assignment.key, _describe(assignment.key))


def _describe(key: str) -> str:
    if not key:
        return "there is no name in front of the value"
    if key.startswith("\ufeff"):
        return "the local runtime takes the byte order mark in front for a part of the name"
    if key.startswith("export "):
        return "the local runtime takes `export ` for a part of the name"
    if key != key.rstrip(GO_WHITE_SPACE):
        return "the local runtime takes the blank in front of `=` for a part of the name"
    return "names may contain only ASCII letters, digits and `_`, and must not start with a digit"
