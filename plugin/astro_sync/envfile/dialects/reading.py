"""The nouns of reading and writing `.env` text, common to all dialects; no repr here shows a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Final, NamedTuple, Protocol

GO_BLANKS: Final = "\t\v\f\r \x85\xa0"
GO_WHITE_SPACE: Final = (
    f"\n{GO_BLANKS}\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
NO_NAMES: Final[frozenset[str]] = frozenset()
NO_SEPARATOR: Final = -1


class CannotWriteError(ValueError):
    """Why a value cannot be written for a reader, in plain words; the text never holds the value."""

    def __init__(self, reason: str, *, key: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key = key


class Assignment(NamedTuple):
    """One `KEY=VALUE` in a text: lines count from 1, offsets are those of the text.

    `start:end` is the statement without blanks before it and without its line end, `value_start:value_end` the value
    as it is spelled, quotes and all. A key alone on its line has `NO_SEPARATOR` for its `head`, and for its value the
    one of the environment, or None. `needs` are the names that interpolation looked for in the file, `references` those
    from which the value takes something that the file itself does not set, be it by way of an earlier key.

    A tuple of lengths, since one is made for every line of a file: small numbers cost Python no memory.
    """

    key: str
    value: str | None
    line: int
    last_line: int
    start: int
    length: int
    head: int
    width: int
    needs: frozenset[str] = NO_NAMES
    references: frozenset[str] = NO_NAMES

    @property
    def end(self) -> int:
        """Return the offset after the statement."""
        return self.start + self.length

    @property
    def value_start(self) -> int:
        """Return the offset of the spelled value; without a separator, that after the statement."""
        return self.start + self.head if self.has_separator else self.end

    @property
    def value_end(self) -> int:
        """Return the offset after the spelled value."""
        return self.value_start + self.width

    @property
    def has_separator(self) -> bool:
        """Tell whether the file gives the value; else the environment does."""
        return self.head != NO_SEPARATOR

    @property
    def is_bare_word(self) -> bool:
        """Tell whether this is a last word without a line end: to compose-go, the value of a key without a name."""
        return self.key == "" and self.value is not None and not self.has_separator

    def __repr__(self) -> str:
        return f"Assignment(key={self.key!r}, line={self.line}, last_line={self.last_line})"


class Rejection(NamedTuple):
    """The line at which a reader gives up on the whole file; the line is the one that reader names, if it does.

    `opened` is where the statement begins, if that is another line.
    """

    line: int
    reason: str
    opened: int | None = None

    @property
    def place(self) -> int:
        """Return the line that a person has to mend."""
        return self.opened or self.line


@dataclass(slots=True, eq=False, repr=False)
class Reading:
    """What one reader makes of a text; `ignored` are the lines that it skips though they are no comment."""

    assignments: tuple[Assignment, ...]
    ignored: tuple[int, ...] = ()
    rejected: Rejection | None = None

    def values(self) -> dict[str, str]:
        """Return what the program ends up with: the last value of each key; nothing at all if the file is rejected."""
        if self.rejected is not None:
            return {}
        return {assignment.key: assignment.value for assignment in self.assignments if assignment.value is not None}

    def references(self) -> dict[str, tuple[str, ...]]:
        """Return the names from outside the file by the key whose value takes something from them, each list sorted."""
        last = {
            assignment.key: assignment.references for assignment in self.assignments if assignment.value is not None
        }
        return {key: tuple(sorted(names)) for key, names in last.items() if names}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.assignments)} assignments, rejected={self.rejected})"


class Dialect(Protocol):
    """The way in which one program reads `.env` text, and how to write for it."""

    @property
    def name(self) -> str:
        """Return the name that users are told."""
        ...

    @property
    def skips_bom(self) -> bool:
        """Tell whether a BOM at the file's start is dropped; else it is part of the first line."""
        ...

    def read(self, text: str, environment: Mapping[str, str]) -> Reading:
        """Return every assignment of `text`, names being looked up in `environment` where this reader does so."""
        ...

    def write(self, value: str) -> str:
        """Return what to put after `KEY=` so that this reader gets exactly `value`; raise CannotWriteError."""
        ...

    def refuses_key(self, key: str) -> str | None:
        """Return what this reader does not take in `key`, said of a name (`holds a line break`), or None."""
        ...


def skip(pattern: Pattern[str], text: str, position: int) -> int:
    """Return where the match of `pattern` at `position` ends, or `position` if there is none."""
    match = pattern.match(text, position)
    return match.end() if match is not None else position


def require_text(value: str, *, but: str = "\0") -> None:
    """Raise CannotWriteError for a value that holds one of the characters `but`, or bytes that are no UTF-8."""
    for character in but:
        if character in value:
            raise CannotWriteError(f"it holds {_CHARACTER_NAMES[character]}")
    if not _is_utf8(value):
        raise CannotWriteError("it holds bytes that are not UTF-8")


def refuse_name(key: str, *, but: str = "=\n\0") -> str | None:
    """Return why no line can begin with `key`: it is empty, no UTF-8, or holds one of the characters `but`."""
    if not key:
        return "is empty"
    for character in but:
        if character in key:
            return f"holds {_CHARACTER_NAMES[character]}"
    return None if _is_utf8(key) else "holds bytes that are not UTF-8"


_CHARACTER_NAMES: Final = {"\0": "a NUL byte", "\n": "a line break", "\r": "a carriage return", "=": "an equals sign"}


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
