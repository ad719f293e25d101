"""`connections.json`, as `airflow connections export|import` writes and reads it."""

from collections.abc import Sequence
from typing import Final

from astro_sync.core.model import Refusal
from astro_sync.formats.connection_entry import KINDS, connection_refusal, read_entries, replace_entries
from astro_sync.formats.content import FileEntry, FileWrite
from astro_sync.formats.json_file import dump_object, parse_object

__all__ = ["DESCRIPTIONS", "KINDS", "read", "refusal", "write"]

DESCRIPTIONS: Final = False
_INDENT: Final = 2


def read(data: bytes) -> Sequence[FileEntry]:
    """Return the connections of the file."""
    return read_entries(parse_object(data))


def write(old: bytes, changes: Sequence[FileWrite]) -> bytes:
    """Return the file with these connections in it."""
    members = parse_object(old)
    replaced = replace_entries(members, changes)
    return dump_object({**members, **replaced}, old, _INDENT) if replaced else old


def refusal(write: FileWrite) -> Refusal | None:
    """Return why the file cannot hold this, or None."""
    return connection_refusal(write)
