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


def removal(text: str, made: Assignment) -> Change:
    """Return the change that takes an assignment away: its whole lines, if nothing else stands on them."""
    if stands_alone(text, made):
        return Change(line_start(text, made), min(line_end(text, made.end) + 1, len(text)), "")
    return Change(made.start, made.end, "")


def stands_alone(text: str, made: Assignment) -> bool:
    """Tell whether the lines of an assignment hold nothing else but blanks and a comment."""
    before = text[line_start(text, made) : made.start]
    behind = text[made.end : line_end(text, made.end)].lstrip(GO_WHITE_SPACE)
    return not before.strip(GO_WHITE_SPACE) and (not behind or behind[0] == "#")


def line_start(text: str, made: Assignment) -> int:
    """Return where the first line of an assignment begins, behind the file's BOM."""
    start = text.rfind("\n", 0, made.start) + 1
    return start + 1 if start < made.start and text.startswith("\ufeff", start) else start


def line_end(text: str, position: int) -> int:
    """Return where the line of `position` ends, before its LF."""
    found = text.find("\n", position)
    return found if found >= 0 else len(text)
