"""`connections.env`, as `airflow connections export|import` writes and reads it: lines of `conn_id=URI`.

The import takes no JSON there, although the export writes it when asked; it splits lines as Python's `splitlines`,
trims nothing, and refuses the whole file for one bad line.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from astro_sync.airflow.connection import means_the_same, read_connection, to_json, to_text
from astro_sync.core.model import Kind, Name, Reason, Refusal
from astro_sync.errors import RefusedError
from astro_sync.formats.connection_entry import KINDS, connection_refusal, read_text
from astro_sync.formats.content import FileEntry, FileWrite, decode, require_readable

__all__ = ["DESCRIPTIONS", "KINDS", "read", "refusal", "write"]

DESCRIPTIONS: Final = False
_COMMENT: Final = re.compile(r"\s*#")


def read(data: bytes) -> Sequence[FileEntry]:
    """Return the connections of the file; raises RefusedError for a line that makes Airflow refuse the whole of it."""
    return [read_text(Name(Kind.CONNECTION, conn_id), text) for conn_id, text in _pairs(decode(data)).items()]


def write(old: bytes, changes: Sequence[FileWrite]) -> bytes:
    """Return the file with these connections in it, every other line as it was."""
    content = decode(old)
    pairs = _pairs(content)
    require_readable(read(old), changes)
    new = {
        each.name.id: _quote(each.text, as_json=pairs.get(each.name.id, "").startswith("{"))
        for each in changes
        if each.name.id not in pairs or not means_the_same(pairs[each.name.id], each.text)
    }
    return _rewrite(content, new).encode() if new else old


def refusal(write: FileWrite) -> Refusal | None:
    """Return why the file cannot hold this, or None."""
    if refused := connection_refusal(write):
        return refused
    connection = read_connection(write.text)
    if connection.description or write.description:
        return Refusal(Reason.DESCRIPTION_LOST)
    if not to_text(connection).startswith("{"):
        return None
    return Refusal(
        Reason.CANNOT_HOLD, "no URI can hold this connection, and Airflow imports only URIs from such a file"
    )


def _pairs(content: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line or _COMMENT.match(line):
            continue
        conn_id, separator, text = line.partition("=")
        if not (conn_id and separator and text):
            raise RefusedError(f"Airflow refuses the file: line {number} is not of the form conn_id=URI.")
        if conn_id in pairs:
            raise RefusedError(f"Airflow refuses the file: line {number} has {conn_id!r} a second time.")
        pairs[conn_id] = text
    return pairs


def _quote(text: str, *, as_json: bool) -> str:
    connection = read_connection(text)
    if as_json:
        return to_json(connection)
    stripped = text.strip()
    as_it_is = stripped.isascii() and stripped.isprintable() and not stripped.startswith("{")
    return stripped if as_it_is else to_text(connection)


def _rewrite(content: str, new: dict[str, str]) -> str:
    missing = dict(new)
    lines = list(_replaced_lines(content, missing))
    end = "\r\n" if "\r\n" in content else "\n"
    if missing and lines and lines[-1].splitlines()[0] == lines[-1]:
        lines.append(end)
    return "".join(lines) + "".join(f"{conn_id}={text}{end}" for conn_id, text in missing.items())


def _replaced_lines(content: str, new: dict[str, str]) -> Iterator[str]:
    for line in content.splitlines(keepends=True):
        bare = line.splitlines()[0]
        conn_id = bare.partition("=")[0]
        text = None if _COMMENT.match(bare) else new.pop(conn_id, None)
        yield line if text is None else f"{conn_id}={text}{line[len(bare) :]}"
