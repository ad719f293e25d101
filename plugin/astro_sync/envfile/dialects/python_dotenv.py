"""python-dotenv 1.2.4 without interpolation, by its own parser (fixtures/dialects.md, "python-dotenv")."""

import io
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from astro_sync.envfile.dialects.reading import NO_SEPARATOR, Assignment, Reading, refuse_name, require_text


@dataclass(slots=True, eq=False, repr=False)
class PythonReading(Reading):
    """What python-dotenv makes of a text; a later key without `=` takes the value of an earlier line away."""

    def pairs(self) -> dict[str, str | None]:
        """Return what `dotenv_values` returns."""
        return {each.key: each.value for each in self.assignments}

    def values(self) -> dict[str, str]:
        """Return what `load_dotenv` would set."""
        return {key: value for key, value in self.pairs().items() if value is not None}


class PythonDotenvDialect:
    """Statements; a bad one is skipped up to the line's end. Its assignments do not tell where the value stands."""

    name: Final = "python-dotenv"
    skips_bom: Final = True

    def read(self, text: str, environment: Mapping[str, str]) -> PythonReading:  # noqa: ARG002 - interpolate=False
        """Return every assignment; this reader rejects no file."""
        # imported late, for the start-up time; its parser, since `dotenv_values` logs
        from dotenv.parser import parse_stream

        places = _Places(text)
        assignments: list[Assignment] = []
        ignored: list[int] = []
        # text mode, as the library opens a file
        for binding in parse_stream(io.StringIO(text, newline=None)):
            string = binding.original.string
            start, line = places.advance(len(string) - len(string.lstrip()))
            end, last_line = places.advance(len(string.strip()))
            places.advance(len(string.lstrip()) - len(string.strip()))
            if binding.key is not None:
                head = end - start if binding.value is not None else NO_SEPARATOR
                assignments.append(Assignment(binding.key, binding.value, line, last_line, start, end - start, head, 0))
            elif binding.error:
                ignored.append(line)
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
        return "holds a character that python-dotenv does not take"


_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]*")


class _Places:
    """Offsets and lines of the text as it was, for a reader that sees CRLF as one character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pairs = [match.start() - index for index, match in enumerate(re.finditer("\r\n", text))]
        self._read = 0
        self._start = int(text.startswith("\ufeff"))
        self._line = 1

    def advance(self, count: int) -> tuple[int, int]:
        """Return the offset and the line after `count` more characters of what the reader sees."""
        self._read += count
        bom = int(self._text.startswith("\ufeff"))
        offset = bom + self._read + bisect_left(self._pairs, bom + self._read)
        self._line += self._text.count("\n", self._start, offset)
        self._start = offset
        return offset, self._line
