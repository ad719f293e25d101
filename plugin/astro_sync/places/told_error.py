"""What `astro` itself says of an error, as far as it may be shown. Pure."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from astro_sync.airflow.connection import parse_connection
from astro_sync.places.astro_cli import Answer

_ERROR: Final = re.compile(r"^Error: *(.*\S)", re.MULTILINE)
_COLOUR: Final = re.compile(r"\x1b\[[\d;]*m")
# Such an answer repeats what was sent (fixtures/places-contract.md, 5.1).
_ECHOES: Final = re.compile(r"\b422\b|unprocessable", re.IGNORECASE)
# A shorter text stands by chance in any longer word.
_SHORT: Final = 8
_LONG: Final = 12  # of a value that is this long a piece counts, too
_PIECE: Final = 8
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_LONGEST: Final = 300


def told_error(answer: Answer, values: Iterable[str]) -> str:
    """Return what follows "astro refused the write": its last error line, or that it holds a value, or nothing.

    `values` are those of this run; a piece of one counts too, a password in a connection for example.
    """
    lines = _ERROR.findall(_COLOUR.sub("", answer.stdout + "\n" + answer.stderr))
    if not lines:
        return "."
    line = lines[-1]
    if _ECHOES.search(line) or holds_value(line, values):
        return "; its message may hold a value and is not shown."
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return f": {shown.rstrip('.')}."


def holds_value(line: str, values: Iterable[str]) -> bool:
    """Tell whether a line holds a value, a part of one or a longer piece of one, in whatever spelling."""
    held = [*values]
    readings = _readings(line)
    if any(_holds(reading, piece) for reading in readings for value in held for piece in _pieces(value)):
        return True
    whole = "\n".join(value for value in held if len(value) >= _LONG).casefold()
    starts = ((reading, start) for reading in readings for start in range(len(reading) - _PIECE + 1))
    return any(reading[start : start + _PIECE] in whole for reading, start in starts)


def _readings(line: str) -> set[str]:
    """Return what a line may mean: as it is, and with the escapes of JSON, of URLs and of forms undone."""
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), line)
    return {text.casefold() for each in (line, plain) for text in (each, unquote(each), unquote_plus(each))}


def _holds(line: str, piece: str) -> bool:
    if piece not in line:
        return False
    whole = len(piece) >= _SHORT or re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", line)
    return bool(whole)


def _pieces(value: str) -> Iterator[str]:
    """Yield the spellings in which a value, one of its lines or of its parts may stand in a message."""
    for text in {value, *value.splitlines(), *_parts(value)}:
        encoded = b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")
        spellings = {text, text.strip(), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], encoded}
        yield from (spelling.casefold() for spelling in spellings if spelling)


def _parts(value: str) -> Iterator[str]:
    """Yield the password and the extra values of a connection, and the texts in a JSON object."""
    connection = parse_connection(value)
    found: list[object] = [_loaded(value)]
    if connection is not None:
        yield from (unquote(part) for part in (connection.password, connection.extra) if part)
        found.append(_loaded(connection.extra or ""))
    while found:
        one = found.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list):
            found += one.values() if isinstance(one, dict) else one


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
