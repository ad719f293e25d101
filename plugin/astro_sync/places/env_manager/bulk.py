"""Many new variables in one call of `astro env`: which ones, how they are spelled, what it printed. Pure.

It reads them as a `.env` by the rules of gotenv (fixtures/places-contract.md, 6.1).
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from astro_sync.core.model import Kind, Name
from astro_sync.places.env_manager.objects import Scope, WriteObject, unfit

# They are written one after the other, within the time limit of a call.
MOST_KEYS: Final = 100
# The scanner of gotenv gives up at a line of 64 KiB.
_LONGEST: Final = 60_000

_WORDS: Final = {Kind.ENVIRONMENT: "variable", Kind.VARIABLE: "airflow-variable"}
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# No text of its own: NUL, and what is no UTF-8.
_UNSENDABLE: Final = re.compile(r"[\0\ud800-\udfff]")
_LITERAL: Final = re.compile(r"[^\r\n]*(?<!\\)")
_ESCAPES: Final = str.maketrans({'"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r"})
_CREATED: Final = re.compile(r"^Created (\w+) \(id: ", re.MULTILINE)


def batches(writes: Sequence[WriteObject], create: AbstractSet[Name], most: int) -> tuple[tuple[WriteObject, ...], ...]:
    """Part the writes into those of one call each, at most so many new variables in one."""
    single: list[tuple[WriteObject, ...]] = []
    alike: dict[tuple[Kind, bool, bool | None], list[WriteObject]] = {}
    for write in writes:
        if write.name in create and _spelled(write) is not None:
            alike.setdefault((write.name.kind, write.secret, write.auto_link), []).append(write)
        else:
            single.append((write,))
    # the order in which the call takes them
    ordered = [sorted(some, key=lambda write: write.name.id) for some in alike.values()]
    return (*single, *(tuple(some[at : at + most]) for some in ordered for at in range(0, len(some), most)))


def create_words(scope: Scope, batch: Sequence[WriteObject]) -> tuple[str, ...]:
    """Return the arguments of the call that creates all of a batch from its stdin."""
    first = batch[0]
    where = "--deployment-id" if scope.deployment else "--workspace-id"
    flags = ["--secret"] if first.secret else []
    flags += ["--auto-link"] if first.auto_link and not scope.deployment else []
    return ("env", _WORDS[first.name.kind], "create", where, scope.entity, "--from-file", "-", *flags)


def dotenv(batch: Sequence[WriteObject]) -> bytes:
    """Return what that call reads.

    Where the login of `astro` has run out, its prompt takes the first character of stdin and the command goes on
    (fixtures/astro-cli-contract.md, "Everywhere"): it takes the mark of an empty comment, not of a key.
    """
    return "".join(["#\n", *(f"{write.name.id}={_spelled(write)}\n" for write in batch)]).encode()


def created_ids(stdout: str) -> frozenset[str]:
    """Return the ids that the call names as created."""
    return frozenset(_CREATED.findall(stdout))


def _spelled(write: WriteObject) -> str | None:
    """Return the spelling of a variable's value, None where it cannot go with others."""
    if write.name.kind not in _WORDS or write.description or unfit(write) or not _KEY.fullmatch(write.name.id):
        return None
    spelled = spell(write.text)
    return spelled if spelled is not None and len(spelled.encode()) <= _LONGEST else None


def spell(value: str) -> str | None:
    """Return the text that gotenv reads back as exactly this value, None where none is sure to be.

    Between single quotes nothing has a meaning, in one line not even a single quote. Between double quotes a backslash
    cannot be told from an escape. White space at the beginning misleads the search for the closing quote.
    """
    if value[:1].isspace() or _UNSENDABLE.search(value):
        return None
    if _LITERAL.fullmatch(value):
        return f"'{value}'"
    return None if "\\" in value else f'"{value.translate(_ESCAPES)}"'
