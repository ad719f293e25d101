"""`connections.env`, as `airflow connections export|import` writes and reads it: lines of `conn_id=URI`.

The import takes no JSON there, although the export writes it when asked; it splits lines as Python's `splitlines`,
trims nothing, and refuses the whole file for one bad line.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from astro_sync.airflow.connection import defect, means_the_same, parse_connection, to_json, to_text
from astro_sync.airflow.names import CONNECTION
from astro_sync.errors import RefusedError
from astro_sync.formats.connection_entry import NO_DESCRIPTION, connection_of, connection_refusal
from astro_sync.formats.content import Entry, FileContent, Ids, gather, refuse_unreadable
from astro_sync.formats.text import decode

_COMMENT: Final = re.compile(r"\s*#")


def read(data: bytes) -> FileContent:
    """Return the connections as values of `AIRFLOW_CONN_*`.

    Raises:
        RefusedError: a line that makes Airflow refuse the whole file.

    """
    return gather(CONNECTION, (_read_entry(conn_id, text) for conn_id, text in _pairs(decode(data)).items()))


def write(old: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the file with these connections in it, every other line as it was.

    Raises a `RefusedError` for what `read` refuses, and for a name whose line is unreadable.
    """
    content = decode(old)
    pairs = _pairs(content)
    refuse_unreadable(read(old), changes)
    ids = Ids(CONNECTION, pairs)
    new: dict[str, str] = {}
    for name, text in changes.items():
        for conn_id in ids.find(name):
            before = pairs.get(conn_id)
            if before is None or not means_the_same(before, text):
                new[conn_id] = _spell(text, as_json=before is not None and before.startswith("{"))
    return _rewrite(content, new).encode() if new else old


def refusal(key: str, value: str) -> str | None:
    """Say why the file cannot hold this, or None."""
    reason = connection_refusal(key, value, CONNECTION)
    connection = parse_connection(value)
    if reason is not None or connection is None or not to_text(connection).startswith("{"):
        return reason
    if connection.description:
        return NO_DESCRIPTION
    return "no URI can hold this connection, and Airflow imports only URIs from such a file"


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


def _read_entry(conn_id: str, text: str) -> Entry:
    if parse_connection(text) is None:
        return Entry(conn_id, None, f"Airflow cannot read this connection: {defect(text)}")
    return Entry(conn_id, text)


def _spell(text: str, *, as_json: bool) -> str:
    connection = connection_of(text)
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
