"""python-dotenv 1.2.4 without interpolation (dialects.md, "python-dotenv"): our model of it, and the library itself."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from astro_sync.envfile.dialects.reading import (
    NO_NAMES,
    NO_SEPARATOR,
    Assignment,
    Reading,
    collector_paused,
    refuse_name,
    require_text,
    skip,
)


@dataclass(frozen=True, slots=True, repr=False)
class PythonReading(Reading):
    """Hold what python-dotenv makes of a text; a later key without `=` takes the value of an earlier line away."""

    def pairs(self) -> dict[str, str | None]:
        """Return what `dotenv_values` returns."""
        return {made.key: made.value for made in self.assignments}

    def values(self) -> dict[str, str]:
        """Return what `load_dotenv` would set."""
        return {key: value for key, value in self.pairs().items() if value is not None}


class PythonDotenvDialect:
    """Read statements; a bad one is skipped up to the line's end."""

    name: Final = "python-dotenv"
    skips_bom: Final = True

    @collector_paused()
    def read(self, text: str, environment: Mapping[str, str]) -> PythonReading:  # noqa: ARG002 - interpolate=False
        """Return every assignment; this reader rejects no file."""
        assignments: list[Assignment] = []
        ignored: list[int] = []
        add, new = assignments.append, tuple.__new__  # three times as fast as the class itself
        position, line = (1 if text.startswith("\ufeff") else 0), 1
        while position < len(text):
            if match := _PLAIN_LINE.match(text, position):
                kind = match.lastindex or _NO_VALUE
                key, head = match[1], len(match[1]) + 1
                value = "" if kind == _NO_VALUE else match[kind]
                if kind == _PLAIN_VALUE:
                    value = value.rstrip()
                width = len(value) + 2 if kind > _PLAIN_VALUE else len(value)
                add(new(Assignment, (key, value, line, line, position, head + width, head, width, NO_NAMES, NO_NAMES)))
                line += 1
                position = match.end()
                continue
            start = skip(_WHITE_SPACE, text, position)
            line += text.count("\n", position, start)
            if start == len(text):
                break
            made, position = _read_statement(text, start, line)
            if isinstance(made, Assignment):
                add(made)
            elif not made:
                ignored.append(line)
            line += text.count("\n", start, position)
        return PythonReading(tuple(assignments), tuple(ignored))

    def write(self, value: str) -> str:
        """Return `value` between double quotes, escaped; it can hold everything but NUL."""
        require_text(value)
        return f'"{value.translate(_ESCAPES)}"'

    def refuses_key(self, key: str) -> str | None:
        """Return why python-dotenv would not take `key` for a key."""
        if _PLAIN_KEY.fullmatch(key):
            return None
        if reason := refuse_name(key):
            return reason
        if list(self.read(f"{key}=\n", {}).pairs()) == [key]:
            return None
        return "its name holds a character that python-dotenv does not take in a name"


def read_with_library(text: str) -> dict[str, str | None]:
    """Return what the installed python-dotenv itself makes of `text`, as `PythonReading.pairs` predicts it."""
    # imported late, for the start-up time of commands that write nothing; its parser, since `dotenv_values` logs
    from dotenv.parser import parse_stream

    # text mode, as the library opens a file
    bindings = parse_stream(io.StringIO(text, newline=None))
    return {binding.key: binding.value for binding in bindings if binding.key is not None}


_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]*")
# What most lines are: a plain key and a value in which nothing is escaped or cut off.
_PLAIN_LINE: Final = re.compile(
    r"([A-Za-z_][A-Za-z0-9_]*+)="
    r"(?:([^\s'\"#][^\r\n#]*+)|'([^'\\\r\n]*+)'|\"([^\"\\\r\n]*+)\")?"
    r"[ \t]*+(?:\r?\n|\Z)"
)
_NO_VALUE, _PLAIN_VALUE = 1, 2  # groups
_WHITE_SPACE: Final = re.compile(r"\s*")
_BLANKS: Final = re.compile(r"[^\S\r\n]*")
_EXPORT: Final = re.compile(r"export[^\S\r\n]+")
_KEY: Final = re.compile(r"'([^']+)'|(?!')([^=#\s]+)")
_SINGLE_QUOTED: Final = re.compile(r"'([^'\\]*+(?:\\.[^'\\]*+)*+)'", re.DOTALL)
_DOUBLE_QUOTED: Final = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_UNQUOTED: Final = re.compile(r"[^\r\n]*")
_INLINE_COMMENT: Final = re.compile(r"\s#")
_STATEMENT_END: Final = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")
_REST_OF_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_SINGLE_ESCAPE: Final = re.compile(r"\\([\\'])")
_DOUBLE_ESCAPE: Final = re.compile(r"\\([\\'\"abfnrtv])")
_UNESCAPED: Final = dict(zip("\\'\"abfnrtv", "\\'\"\a\b\f\n\r\t\v", strict=True))
_LINE_END: Final = re.compile(r"\r\n?")


def _read_statement(text: str, start: int, line: int) -> tuple[Assignment | bool, int]:
    """Return the assignment at `start`, or whether the line there may be skipped (a comment), and where to go on."""
    position = start
    if exported := _EXPORT.match(text, position):
        position = exported.end()
    if text.startswith("#", position):
        return True, _next_line(text, position)
    match = _KEY.match(text, position)
    if match is None:
        return False, _next_line(text, position)
    key = _unify_line_ends(match[1] or match[2])
    key_end = match.end()
    position = skip(_BLANKS, text, key_end)
    value: str | None = None
    head, width, end = NO_SEPARATOR, 0, key_end
    if text.startswith("=", position):
        value_start = skip(_BLANKS, text, position + 1)
        parsed = _read_value(text, value_start, after_blank=value_start > position + 1)
        if parsed is None:
            return False, _next_line(text, value_start)
        value, end, position = parsed
        head, width = value_start - start, end - value_start
    closing = _STATEMENT_END.match(text, position)
    if closing is None:
        return False, _next_line(text, position)
    last_line = line + text.count("\n", start, end)
    return Assignment(key, value, line, last_line, start, end - start, head, width), closing.end()


def _read_value(text: str, start: int, *, after_blank: bool) -> tuple[str, int, int] | None:
    """Return the value spelled at `start`, where its spelling ends, and where the reader is then; None if it is bad."""
    first = text[start : start + 1]
    if first in ("", "\r", "\n") or (first == "#" and after_blank):
        return "", start, start
    if first in "'\"":
        match = (_SINGLE_QUOTED if first == "'" else _DOUBLE_QUOTED).match(text, start)
        if match is None:
            return None
        escape = _SINGLE_ESCAPE if first == "'" else _DOUBLE_ESCAPE
        value = escape.sub(lambda found: _UNESCAPED[found[1]], _unify_line_ends(match[1]))
        return value, match.end(), match.end()
    line_end = skip(_UNQUOTED, text, start)
    comment = _INLINE_COMMENT.search(text, start, line_end)
    value = text[start : comment.start() if comment else line_end].rstrip()
    return value, start + len(value), line_end


def _next_line(text: str, position: int) -> int:
    return skip(_REST_OF_LINE, text, position)


def _unify_line_ends(text: str) -> str:
    return _LINE_END.sub("\n", text) if "\r" in text else text
