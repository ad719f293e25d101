"""compose-go's reader, by which `astro dev start` in Docker mode reads a `.env` (fixtures/dialects.md, "compose")."""

import re
from collections.abc import Mapping
from typing import Final

from astro_sync.envfile.dialects.compose_interpolation import InterpolationError, Names, interpolate
from astro_sync.envfile.dialects.reading import (
    GO_BLANKS,
    GO_WHITE_SPACE,
    NO_NAMES,
    NO_SEPARATOR,
    Assignment,
    Reading,
    Rejection,
    refuse_name,
    require_text,
    skip,
)


class ComposeDialect:
    """Read statements rather than lines: quoted values may span lines, and one bad statement rejects the file."""

    name: Final = "compose"
    skips_bom: Final = True

    def read(self, text: str, environment: Mapping[str, str]) -> Reading:
        """Return every assignment, or those up to the statement for which the file is rejected."""
        reader = _Reader(text, environment)
        rejected = None
        try:
            reader.run()
        except _RejectedError as error:
            rejected = Rejection(error.line, error.reason, error.opened)
        return Reading(tuple(reader.assignments), (), rejected)

    def write(self, value: str) -> str:
        """Return `value` between double quotes, escaped; it can hold everything but NUL."""
        require_text(value)
        return f'"{value.translate(_ESCAPES)}"'

    def refuses_key(self, key: str) -> str | None:
        """Return why compose-go would not take `key` for a key."""
        if _PLAIN_KEY.fullmatch(key):
            return None
        if reason := refuse_name(key):
            return reason
        reading = self.read(f"{key}=\n", {})
        if reading.rejected is None and [assignment.key for assignment in reading.assignments] == [key]:
            return None
        return "holds a character other than letters, digits and _.-[]"


class _RejectedError(Exception):
    def __init__(self, line: int, reason: str, opened: int | None = None) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.opened = opened


_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "$": "$$", "\n": r"\n", "\r": r"\r"})
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]*")
# What most lines are: a plain key and a value in which nothing is escaped, replaced or cut off.
_PLAIN_LINE: Final = re.compile(
    r"([A-Za-z_][A-Za-z0-9_]*+)="
    r"(?:([^\s'\"$#][^\n$#]*+)|'([^'\\\n]*+)'|\"([^\"\\$\n]*+)\")?"
    r"[ \t\r]*+(?:\n|\Z)"
)
_NO_VALUE, _UNQUOTED = 1, 2  # groups
_SKIPPED: Final = re.compile(rf"(?:[{GO_WHITE_SPACE}]++|#[^\n]*+)*+")
_BLANKS: Final = re.compile(rf"[{GO_BLANKS}]*")
_EXPORT: Final = re.compile(rf"export(?=[\t\n\f\r ])[{GO_BLANKS}]*")
# Go's letters and numbers are Python's `\w` but for the underscore (checked for every character of Unicode 14).
_KEY: Final = re.compile(rf"[\w.\-\[\]{GO_BLANKS}]*+")
_SINGLE_QUOTED: Final = re.compile(r"'([^'\\]*+(?:\\.[^'\\]*+)*+)'", re.DOTALL)
_DOUBLE_QUOTED: Final = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:[abfnrtv$\"\\]|0([0-9]{0,3}))")
_OCTAL: Final = re.compile("[0-3][0-7][0-7]")
_UNESCAPED: Final = {
    r"\a": "\a", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\v": "\v",
    r"\"": '"', r"\\": "\\", r"\$": "$$",
}  # fmt: skip


# what interpolation looked for in the file, and what it takes from outside of it
_NamesOfValue = tuple[frozenset[str], frozenset[str]]


class _Reader:
    """Walk over one text; `uncounted` are the line ends that compose-go forgets to count, each after a lone `KEY `."""

    def __init__(self, text: str, environment: Mapping[str, str]) -> None:
        self.assignments: list[Assignment] = []
        self._text = text
        self._environment = environment
        self._names = Names(environment)
        self._collected = 0
        self._position = 1 if text.startswith("\ufeff") else 0
        self._line = 1
        self._uncounted = 0

    def run(self) -> None:
        text, add, plain = self._text, self.assignments.append, _PLAIN_LINE.match
        position, line = self._position, 1
        while position < len(text):
            if match := plain(text, position):
                kind = match.lastindex or _NO_VALUE
                key, head = match[1], len(match[1]) + 1
                value = "" if kind == _NO_VALUE else match[kind]
                if kind == _UNQUOTED:
                    value = value.rstrip(GO_WHITE_SPACE)
                width = len(value) + 2 if kind > _UNQUOTED else len(value)
                add(Assignment(key, value, line, line, position, head + width, head, width))
                line += 1
                position = match.end()
                continue
            end = skip(_SKIPPED, text, position)
            if end > position:
                line += text.count("\n", position, end)
                position = end
                continue
            self._position, self._line = position, line
            self._read_statement()
            position, line = self._position, self._line

    def _read_statement(self) -> None:
        text, start = self._text, self._position
        name_start = start
        if (exported := _EXPORT.match(text, start)) is not None:
            name_start = exported.end()
            if name_start == len(text):
                raise _RejectedError(self._line, "nothing follows an export")
        name_end = skip(_KEY, text, name_start)
        if name_end == len(text):
            # compose-go takes a last word without a line end for the value of a key without a name
            word = text[name_start:].rstrip(GO_WHITE_SPACE)
            self.assignments.append(
                Assignment("", word, self._line, self._line, start, name_end - start, NO_SEPARATOR, 0)
            )
            self._position = name_end
            return
        separator = text[name_end]
        if separator not in "=:\n":
            raise self._unsound_name(start, "a name holds a character that compose does not take")
        spelled = text[name_start:name_end]
        key = spelled.rstrip(GO_WHITE_SPACE)
        if " " in key:
            raise self._unsound_name(start, "a name holds a blank")
        if separator == "\n":
            self._uncounted += " " in spelled
            self._add_inherited(key, start, name_start + len(key))
            self._position = name_end + 1
            self._line += 1
            return
        value_start = skip(_BLANKS, text, name_end + 1)
        quote = text[value_start : value_start + 1]
        if quote == "'":
            self._read_quoted(key, start, value_start, _SINGLE_QUOTED)
        elif quote == '"':
            self._read_quoted(key, start, value_start, _DOUBLE_QUOTED)
        else:
            self._read_unquoted(key, start, value_start)

    def _unsound_name(self, start: int, reason: str) -> _RejectedError:
        """Return the error at a name; behind a closing quote compose-go looks for one, and a person sees none."""
        follows = bool(self.assignments) and "\n" not in self._text[self.assignments[-1].end : start]
        return _RejectedError(
            self._line - self._uncounted, "something stands behind the closing quote" if follows else reason
        )

    def _add_inherited(self, key: str, start: int, end: int) -> None:
        value, outside = self._environment.get(key), frozenset({key})
        self.assignments.append(
            Assignment(key, value, self._line, self._line, start, end - start, NO_SEPARATOR, 0, NO_NAMES, outside)
        )

    def _read_quoted(self, key: str, start: int, value_start: int, pattern: re.Pattern[str]) -> None:
        text = self._text
        match = pattern.match(text, value_start)
        if match is None:
            last_line = self._line - self._uncounted + text.count("\n", value_start)
            raise _RejectedError(last_line, f"the quote that line {self._line} opens is never closed", self._line)
        value, names = match[1], (NO_NAMES, NO_NAMES)
        if pattern is _SINGLE_QUOTED:
            value = value.replace(r"\'", "'")
        else:
            if "\\" in value:
                value = _ESCAPE.sub(_unescape, value)
            value, names = self._interpolate(value)
        end = match.end()
        last_line = self._line + text.count("\n", value_start, end)
        self._add(key, value, last_line, start, (end, value_start, end), names)
        self._position = end
        self._line = last_line

    def _read_unquoted(self, key: str, start: int, value_start: int) -> None:
        text = self._text
        line_end = text.find("\n", value_start)
        if line_end < 0:
            line_end = len(text)
        comment = text.find(" #", value_start, line_end)
        spelled = text[value_start : comment if comment >= 0 else line_end].rstrip(GO_WHITE_SPACE)
        value, names = self._interpolate(spelled)
        value_end = value_start + len(spelled)
        end = max(value_end, line_end - 1 if text[line_end - 1] == "\r" else line_end)
        self._add(key, value, self._line, start, (end, value_start, value_end), names)
        self._position = line_end + 1
        self._line += 1

    def _interpolate(self, value: str) -> tuple[str, _NamesOfValue]:
        if "$" not in value:
            return value, (NO_NAMES, NO_NAMES)
        names = self._names
        # collected only now, since most files never ask
        for earlier in self.assignments[self._collected :]:
            if earlier.value is not None:
                names.set(earlier.key, earlier.value, earlier.references)
        self._collected = len(self.assignments)
        names.begin()
        try:
            return interpolate(value, names), (frozenset(names.missed), frozenset(names.outside))
        except InterpolationError as error:
            # compose-go names no line here
            raise _RejectedError(self._line, str(error)) from None

    def _add(  # noqa: PLR0913, PLR0917 - they are the parts of one assignment
        self, key: str, value: str, last_line: int, start: int, ends: tuple[int, int, int], names: _NamesOfValue
    ) -> None:
        end, value_start, value_end = ends
        head, width = value_start - start, value_end - value_start
        self.assignments.append(Assignment(key, value, self._line, last_line, start, end - start, head, width, *names))


def _unescape(match: re.Match[str]) -> str:
    octal = match[1]
    if octal is None:
        return _UNESCAPED[match[0]]
    return chr(int(octal, 8)) if _OCTAL.fullmatch(octal) else f"\\{octal}"
