"""One connection in a file of `airflow connections export|import`: a URI, or an object of fields."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from astro_sync.airflow.connection import Connection, defect, means_the_same, parse_connection, to_text
from astro_sync.airflow.names import CONNECTION
from astro_sync.core.model import Value
from astro_sync.core.secrecy import is_placeholder
from astro_sync.formats.content import Entry, FileContent, Ids, gather, name_refusal, refuse_unreadable

# in the order of Airflow's own export
_FIELDS: Final = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")
NO_DESCRIPTION: Final = "the file has no place for the description of a connection"
_ALSO_ALLOWED: Final = frozenset({"conn_id", "extra_dejson", "uri", "team_name"})


def read_entries(entries: Mapping[str, object]) -> FileContent:
    """Return the connections of a file as values of `AIRFLOW_CONN_*`."""
    return gather(CONNECTION, (_read_entry(str(conn_id), entry) for conn_id, entry in entries.items()))


def replace_entries(entries: Mapping[str, object], changes: Mapping[str, str]) -> dict[str, object]:
    """Return the new and the changed entries; raise a `RefusedError` for a name whose entry is unreadable."""
    refuse_unreadable(read_entries(entries), changes)
    ids = Ids(CONNECTION, entries)
    replaced: dict[str, object] = {}
    for name, text in changes.items():
        for conn_id in ids.find(name):
            old = entries.get(conn_id)
            before = _read_entry(conn_id, old).value
            if before is None or not means_the_same(before, text):
                replaced[conn_id] = _replace_entry(old, text)
    return replaced


def connection_refusal(key: str, value: str, *prefixes: str) -> str | None:
    """Say why a file of fields cannot hold this, or None."""
    reason = name_refusal(key, *prefixes)
    if reason is not None or not key.startswith(CONNECTION) or parse_connection(value) is not None:
        return reason
    return f"Airflow cannot read this connection: {defect(value)}"


def connection_of(text: str) -> Connection:
    """Read a text to be written; raise ValueError for one that `connection_refusal` refuses."""
    connection = parse_connection(text)
    if connection is None:
        raise ValueError("what a file cannot hold is refused before it is written")
    return connection


def fields_of(connection: Connection) -> dict[str, object]:
    """Return the fields as Airflow's export writes them; an empty one is none."""
    return {name: getattr(connection, name) or None for name in _FIELDS}


def _read_entry(conn_id: str, entry: object) -> Entry:
    if isinstance(entry, list) and len(entry) == 1:
        entry = entry[0]
    if isinstance(entry, dict):
        text = _gather_fields(conn_id, entry)
    elif isinstance(entry, str) and is_placeholder(Value(entry)):
        return Entry(conn_id, entry)
    elif isinstance(entry, str) and not entry.lstrip().startswith("{"):
        text = entry.strip()
    else:
        return Entry(conn_id, None, "it is neither a URI nor an object of fields")
    if text is None:
        return Entry(conn_id, None, "it has a field that Airflow does not take there")
    connection = parse_connection(text)
    if connection is None:
        return Entry(conn_id, None, f"Airflow cannot read this connection: {defect(text)}")
    return Entry(conn_id, text if isinstance(entry, str) else to_text(connection))


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
    except (TypeError, ValueError):
        return None


def _replace_entry(old: object, text: str) -> object:
    """Return the new entry in the form of the old one, a URI or an object; fields that are not a connection's stay."""
    connection = connection_of(text)
    inner = old[0] if isinstance(old, list) else old
    if isinstance(inner, str) and not to_text(connection).startswith("{"):
        new: object = to_text(connection) if text.strip().startswith("{") else text.strip()
    else:
        new = _replace_fields(inner if isinstance(inner, dict) else {}, connection)
    return [new] if isinstance(old, list) else new


def _replace_fields(old: Mapping[str, object], connection: Connection) -> dict[str, object]:
    new = fields_of(connection)
    # a URI does not say what a connection is for; whoever wrote that down keeps it
    new["description"] = new["description"] or old.get("description")
    if isinstance(old.get("extra"), dict) or "extra_dejson" in old:
        nested = json.loads(connection.extra or "null")
        if json.dumps(nested) == connection.extra or nested is None:
            new["extra"] = nested
    kept = {name: value for name, value in old.items() if name not in {"uri", "extra_dejson"}}
    order: Iterable[str] = [*kept, *(name for name in _FIELDS if name not in kept)]
    return {name: new.get(name, kept.get(name)) for name in order if name in kept or new[name] is not None or not old}
