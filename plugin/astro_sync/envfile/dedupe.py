"""Leave one assignment of each key in a `.env`: the last, at its own position."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from astro_sync.envfile.dialects import Assignment
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE
from astro_sync.envfile.document import Change, Document, encode, require_reading, splice
from astro_sync.envfile.needs import split_by_need


class Dropped(NamedTuple):
    """An assignment that goes: its key, its first and its last line."""

    key: str
    first: int
    last: int


class Deduped(NamedTuple):
    """The bytes without duplicates; `dropped` are keys with their first and last line, `stayed` keys with theirs.

    A line that a later `$KEY` still needs stays. The lines count as they did before.
    """

    data: bytes
    dropped: tuple[Dropped, ...]
    stayed: tuple[tuple[str, int], ...]

    def __repr__(self) -> str:
        return f"Deduped(dropped={self.dropped}, stayed={self.stayed})"


def dedupe(document: Document) -> Deduped:
    """Drop every assignment that a later one of its key overrules; raise RejectedFileError for a rejected file.

    The comment lines directly above a dropped one go with it if the same ones stand above the one that stays.
    """
    document.require_accepted()
    assignments = document.reading.assignments
    # a key alone on its line overrules nothing: it takes its value from an environment that may lack it tomorrow
    last = {assignment.key: index for index, assignment in enumerate(assignments) if assignment.has_separator}
    overruled = {index for index, assignment in enumerate(assignments) if index < last.get(assignment.key, 0)}
    going, stayed = split_by_need(assignments, overruled)
    if not going:
        return Deduped(document.data, (), _named(assignments, stayed))
    changes = [_drop(document, index, last[assignments[index].key]) for index in going]
    data = encode(splice(document.text, changes))
    require_reading(data, document, document.values())
    return Deduped(
        data,
        tuple(
            Dropped(assignment.key, assignment.line, assignment.last_line)
            for assignment in (assignments[index] for index in going)
        ),
        _named(assignments, stayed),
    )


def _named(assignments: Sequence[Assignment], indexes: Iterable[int]) -> tuple[tuple[str, int], ...]:
    return tuple((assignments[index].key, assignments[index].line) for index in indexes)


def _drop(document: Document, index: int, last: int) -> Change:
    change = document.removal(document.reading.assignments[index])
    comments = _comments_above(document, index)
    if comments and comments == _comments_above(document, last):
        return Change(change.start - sum(map(len, comments)), change.end, "")
    return change


def _comments_above(document: Document, index: int) -> list[str]:
    """Return the comment lines directly above an assignment, with their line ends; none if it shares its line."""
    assignments, text = document.reading.assignments, document.text
    assignment = assignments[index]
    if not document.stands_alone(assignment):
        return []
    first = int(document.runtime.skips_bom and text.startswith("\ufeff"))
    floor = assignments[index - 1].end if index else first
    end = document.line_start(assignment)
    comments: list[str] = []
    while end > floor:
        start = max(first, text.rfind("\n", 0, end - 1) + 1)
        line = text[start:end]
        if start < floor or not line.lstrip(GO_WHITE_SPACE).startswith("#"):
            break
        comments.append(line)
        end = start
    return comments[::-1]
