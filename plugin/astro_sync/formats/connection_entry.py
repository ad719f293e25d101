"""One connection in a file of `airflow connections export|import`: a URI, or an object of fields."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from astro_sync.airflow.connection import (
    Connection,
    UnreadableConnectionError,
    means_the_same,
    parse_connection,
    read_connection,
    to_text,
)
from astro_sync.core.model import Kind, Name, Reason, Refusal, Value
from astro_sync.core.secrecy import is_placeholder
from astro_sync.formats.content import FileEntry, FileWrite, name_refusal, require_readable

KINDS: Final = frozenset({Kind.CONNECTION})
# in the order of Airflow's own export
_FIELDS: Final = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")
_ALSO_ALLOWED: Final = frozenset({"conn_id", "extra_dejson", "uri", "team_name"})


def read_entries(entries: Mapping[str, object]) -> Sequence[FileEntry]:
    """Return the connections of a file by their ids."""
    return [read_entry(conn_id, entry) for conn_id, entry in entries.items()]


def read_entry(conn_id: str, entry: object) -> FileEntry:
    """Return one connection as a text, a URI where one says it all."""
    name = Name(Kind.CONNECTION, conn_id)
    if isinstance(entry, list) and len(entry) == 1:
        entry = entry[0]
    if isinstance(entry, str) and is_placeholder(Value(entry)):
        return FileEntry(name, entry)
    if isinstance(entry, str) and not entry.lstrip().startswith("{"):
        return read_text(name, entry.strip())
    if not isinstance(entry, dict):
        return FileEntry(name, None, problem="it is neither a URI nor an object of fields")
    fields = _gather_fields(conn_id, entry)
    if fields is None:
        return FileEntry(name, None, problem="it has a field that Airflow does not take there")
    read = read_text(name, fields)
    connection = parse_connection(fields)
    return read if connection is None else FileEntry(name, to_text(connection))


def read_text(name: Name, text: str) -> FileEntry:
    """Return a connection that stands in the file as a text."""
    try:
        read_connection(text)
    except UnreadableConnectionError as error:
        return FileEntry(name, None, problem=f"Airflow cannot read this connection: {error.reason}")
    return FileEntry(name, text)


def replace_entries(entries: Mapping[str, object], changes: Sequence[FileWrite]) -> dict[str, object]:
    """Return the new and the changed entries by id; raises RefusedError for an entry that has a problem."""
    require_readable(read_entries(entries), changes)
    replaced: dict[str, object] = {}
    for each in changes:
        old = entries.get(each.name.id)
        before = None if old is None else read_entry(each.name.id, old).text
        if before is None or not means_the_same(before, each.text):
            replaced[each.name.id] = _replace_entry(old, each)
    return replaced


def connection_refusal(write: FileWrite, kinds: frozenset[Kind] = KINDS) -> Refusal | None:
    """Return why a file of fields cannot hold this, or None."""
    if (refused := name_refusal(write.name, kinds)) or write.name.kind is not Kind.CONNECTION:
        return refused
    try:
        read_connection(write.text)
    except UnreadableConnectionError as error:
        return Refusal(Reason.UNSOUND_CONNECTION, error.reason)
    return None


def fields_of(connection: Connection) -> dict[str, object]:
    """Return the fields as Airflow's export writes them; an empty one is none."""
    return {name: getattr(connection, name) or None for name in _FIELDS}


def _gather_fields(conn_id: str, entry: Mapping[str, object]) -> str | None:
    """Return the fields as the JSON text of a connection; None where Airflow refuses their names or values."""
    clashes = ("extra" in entry and "extra_dejson" in entry) or entry.get("conn_id", conn_id) != conn_id
    if clashes or not entry.keys() <= {*_FIELDS, *_ALSO_ALLOWED}:
        return None
    fields = {name: value for name, value in entry.items() if name not in {"conn_id", "extra_dejson", "team_name"}}
    if "extra_dejson" in entry:
        fields["extra"] = entry["extra_dejson"]
    uri = fields.pop("uri", None)
    if uri and not any(fields.values()):
        fields = {"uri": uri}
    elif uri:
        return None
    try:
        return json.dumps(fields)
    except (TypeError, ValueError, RecursionError):
        return None


def _replace_entry(old: object, write: FileWrite) -> object:
    """Return the new entry in the form of the old one, a URI or an object; fields that are not a connection's stay."""
    connection = read_connection(write.text)
    inner = old[0] if isinstance(old, list) else old
    if isinstance(inner, str) and not to_text(connection).startswith("{"):
        new: object = to_text(connection) if write.text.strip().startswith("{") else write.text.strip()
    else:
        new = _replace_fields(inner if isinstance(inner, dict) else {}, connection, write.description)
    return [new] if isinstance(old, list) else new


def _replace_fields(old: Mapping[str, object], connection: Connection, description: str | None) -> dict[str, object]:
    new = fields_of(connection)
    # a URI does not say what a connection is for; whoever wrote that down keeps it
    new["description"] = new["description"] or description or old.get("description")
    if isinstance(old.get("extra"), dict) or "extra_dejson" in old:
        nested = json.loads(connection.extra or "null")
        if json.dumps(nested) == connection.extra or nested is None:
            new["extra"] = nested
    kept = {name: value for name, value in old.items() if name not in {"uri", "extra_dejson"}}
    order = [*kept, *(name for name in _FIELDS if name not in kept)]
    return {name: new.get(name, kept.get(name)) for name in order if name in kept or new[name] is not None or not old}
