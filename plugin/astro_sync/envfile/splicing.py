"""Cut and paste in the text of a `.env`."""

from collections.abc import Iterable
from typing import NamedTuple

from astro_sync.envfile.dialects import Assignment
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE


class Change(NamedTuple):
    """Put `replacement` in the place of the text from `start` to `end`."""

    start: int
    end: int
    replacement: str

    def __repr__(self) -> str:
        return f"Change(start={self.start}, end={self.end})"


def splice(text: str, changes: Iterable[Change]) -> str:
    """Return the text with all changes made; they must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end, replacement in sorted(changes):
        pieces += (text[position:start], replacement)
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def encode(text: str) -> bytes:
    """Return the bytes of a document's text, those that are no UTF-8 among them."""
    return text.encode("utf-8", "surrogateescape")


def removal(text: str, assignment: Assignment) -> Change:
    """Return the change that takes an assignment away: its whole lines, if nothing else stands on them."""
    if stands_alone(text, assignment):
        return Change(line_start(text, assignment), min(line_end(text, assignment.end) + 1, len(text)), "")
    return Change(assignment.start, assignment.end, "")


def stands_alone(text: str, assignment: Assignment) -> bool:
    """Tell whether the lines of an assignment hold nothing else but blanks and a comment."""
    before = text[line_start(text, assignment) : assignment.start]
    after = text[assignment.end : line_end(text, assignment.end)].lstrip(GO_WHITE_SPACE)
    return not before.strip(GO_WHITE_SPACE) and (not after or after[0] == "#")


def line_start(text: str, assignment: Assignment) -> int:
    """Return where the first line of an assignment begins, after the file's BOM."""
    start = text.rfind("\n", 0, assignment.start) + 1
    return start + 1 if start < assignment.start and text.startswith("\ufeff", start) else start


def line_end(text: str, position: int) -> int:
    """Return where the line of `position` ends, before its LF."""
    found = text.find("\n", position)
    return found if found >= 0 else len(text)
