"""Lay text out for a terminal: wrapped between words, in columns, harmless to the terminal. Pure."""

import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Self

_NARROWEST_NOTE: Final = 24
_GAP: Final = "  "


class Tone(StrEnum):
    """What a piece of text means, which decides its colour; the text itself says it too."""

    GOOD = "good"
    CHANGE = "change"
    WARNING = "warning"
    PROBLEM = "problem"
    HINT = "hint"
    PLAIN = "plain"


Paint = Callable[[Tone, str], str]


class Line(str):
    """A line of a result of which the beginning, `head`, is painted in a tone."""

    __slots__ = ("head", "tone")
    head: str
    tone: Tone

    def __new__(cls, text: str, *, head: str = "", tone: Tone = Tone.PLAIN) -> Self:
        """Return the text; `head` is what it begins with."""
        line = super().__new__(cls, text)
        line.head, line.tone = head, tone
        return line


def printable(text: str) -> str:
    r"""Return a text with everything that could disturb a terminal written as `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(
        _escape(char) if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char for char in text
    )


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def wrap(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return the lines of a text, broken between words only: a key, a path or an option stays whole.

    Lines after the first begin with `indent`. Without a width nothing is broken.
    """
    if width is None or len(text) <= width:
        return [text]
    return textwrap.wrap(
        text, max(width, 20), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


class Cell(NamedTuple):
    """One cell of a table, with what it means."""

    text: str
    tone: Tone = Tone.PLAIN


class Row(NamedTuple):
    """One row: a key, a cell for each column, a note."""

    key: str
    cells: tuple[Cell, ...]
    note: str = ""


def table(headers: Sequence[str], rows: Sequence[Row], width: int | None, paint: Paint) -> list[str]:
    """Return the rows in columns under `KEY`, the headers and `NOTE`.

    Where notes have no room beside the columns, marks lose their words to a line below the table; where that is not
    enough, a note goes below its row. A key is never broken.
    """
    if _has_room(headers, rows, width):
        return _columns(headers, rows, width, paint)
    bare = [row._replace(cells=tuple(Cell(cell.text[:1], cell.tone) for cell in row.cells)) for row in rows]
    if not _has_room(headers, bare, width):
        return _columns(headers, rows, width, paint)
    words = dict.fromkeys(cell.text for row in rows for cell in row.cells if len(cell.text) > 1)
    return [*_columns(headers, bare, width, paint), *wrap(", ".join(words), width)]


def _sizes(headers: Sequence[str], rows: Sequence[Row]) -> tuple[int, list[int]]:
    keys = max([3, *(len(row.key) for row in rows)])
    return keys, [
        max([len(printable(header)), *(len(row.cells[index].text) for row in rows)])
        for index, header in enumerate(headers)
    ]


def _room(headers: Sequence[str], rows: Sequence[Row], width: int) -> int:
    keys, columns = _sizes(headers, rows)
    return width - keys - sum(len(_GAP) + column for column in columns) - len(_GAP)


def _has_room(headers: Sequence[str], rows: Sequence[Row], width: int | None) -> bool:
    if width is None:
        return True
    room = _room(headers, rows, width)
    return room >= _NARROWEST_NOTE or all(len(row.note) <= room for row in rows)


def _columns(headers: Sequence[str], rows: Sequence[Row], width: int | None, paint: Paint) -> list[str]:
    below = not _has_room(headers, rows, width)
    keys, columns = _sizes(headers, rows)
    left = keys + sum(len(_GAP) + column for column in columns) + len(_GAP)
    names = [printable(header).ljust(size) for header, size in zip(headers, columns, strict=True)]
    with_notes = any(row.note for row in rows) and not below
    lines = [_GAP.join(["KEY".ljust(keys), *names, *(["NOTE"] if with_notes else [])]).rstrip()]
    for row in rows:
        cells = [
            paint(cell.tone, cell.text) + " " * (size - len(cell.text))
            for cell, size in zip(row.cells, columns, strict=True)
        ]
        start = _GAP.join([row.key.ljust(keys), *cells])
        if below:
            lines.append(start.rstrip())
            lines += [f"    {part}" for part in wrap(row.note, None if width is None else width - 4) if part]
        else:
            first, *others = wrap(row.note, None if width is None else width - left)
            lines.append(f"{start}{_GAP}{first}".rstrip())
            lines += [f"{' ' * left}{other}" for other in others]
    return lines


def plain_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of plain text in columns, however wide."""
    from tabulate import tabulate  # 40 ms that only such a table need wait for

    cells = [[printable(cell) for cell in row] for row in rows]
    text = tabulate(cells, headers, tablefmt="plain", disable_numparse=True)
    return [line.rstrip() for line in text.split("\n")]


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as a table in Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return [f"| {' | '.join(line if line == '---' else escape_markdown(line) for line in each)} |" for each in lines]


def escape_markdown(text: str) -> str:
    """Return a text that ends no column and begins no markup."""
    return "".join(f"\\{char}" if char in "\\|`*<>" else char for char in printable(text))


def counted(number: int, noun: str) -> str:
    """Return, for example, `1 key` or `3 keys`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
