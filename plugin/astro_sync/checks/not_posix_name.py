"""AS201: a name that is no POSIX name."""

import re
from collections.abc import Iterable
from typing import Final

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE

_POSIX_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _find(subject: Subject) -> Iterable[Finding]:
    for made in subject.assignments:
        if made.has_separator and not _POSIX_NAME.fullmatch(made.key):
            yield Finding(made.line, made.key, _describe(made.key))


def _describe(key: str) -> str:
    if not key:
        return "there is no name in front of the value"
    if key.startswith("\ufeff"):
        return "the local runtime takes the byte order mark in front for a part of the name"
    if key.startswith("export "):
        return "the local runtime takes `export ` for a part of the name"
    if key != key.rstrip(GO_WHITE_SPACE):
        return "the local runtime takes the blank in front of `=` for a part of the name"
    return "a name is made of ASCII letters, digits and `_`, and begins with no digit"


CHECK = Check(
    code="AS201",
    name="not-posix-name",
    title="A name that is not made of ASCII letters, digits and `_`, or that begins with a digit.",
    find=_find,
)
