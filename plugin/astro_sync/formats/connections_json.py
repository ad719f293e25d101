"""`connections.json`, as `airflow connections export|import` writes and reads it."""

from collections.abc import Mapping
from typing import Final

from astro_sync.airflow.names import CONNECTION
from astro_sync.formats.connection_entry import connection_refusal, read_entries, replace_entries
from astro_sync.formats.content import FileContent
from astro_sync.formats.json_object import parse_object

_INDENT: Final = 2


def read(data: bytes) -> FileContent:
    """Return the connections as values of `AIRFLOW_CONN_*`. Raises a `RefusedError` for what is no JSON object."""
    return read_entries({name: member.value for name, member in parse_object(data).members.items()})


def write(old: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the file with these connections in it, and all that is not named as it was.

    Raises a `RefusedError` for what `read` refuses, and for a name whose entry is unreadable.
    """
    document = parse_object(old)
    replaced = replace_entries({name: member.value for name, member in document.members.items()}, changes)
    return document.replace(replaced, _INDENT) if replaced else old


def refusal(key: str, value: str) -> str | None:
    """Say why the file cannot hold this, or None."""
    return connection_refusal(key, value, CONNECTION)
