"""`connections.yaml`, as `airflow connections export|import` writes and reads it (PyYAML, YAML 1.1)."""

import json
from collections.abc import Mapping

from astro_sync.formats.connection_entry import connection_refusal, read_entries, replace_entries
from astro_sync.formats.content import CONNECTION, FileContent, keep_the_rest
from astro_sync.formats.text import decode
from astro_sync.formats.yaml_edit import YamlEdits
from astro_sync.formats.yaml_tree import Node, YamlMap, load_as_pyyaml, parse_yaml


def read(data: bytes) -> FileContent:
    """Return the connections as values of `AIRFLOW_CONN_*`.

    Raises a `RefusedError` for what is no YAML mapping, and a `UsageError` without ruamel.yaml.
    """
    return read_entries(_load(data))


def write(old: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the file with these connections in it, its comments and all that is not named as they were.

    Raises a `RefusedError` for what `read` refuses, for a name whose entry is unreadable, and for an entry that others
    share.
    """
    entries = _load(old)
    replaced = {conn_id: _spell_extra(entry) for conn_id, entry in replace_entries(entries, changes).items()}
    if not replaced:
        return old
    file = parse_yaml(old)
    pairs = file.root.pairs if file.root else {}
    edits = YamlEdits(file)
    for conn_id, entry in replaced.items():
        if conn_id in pairs:
            _replace(edits, pairs[conn_id], entries[conn_id], entry)
    new = {conn_id: entry for conn_id, entry in replaced.items() if conn_id not in pairs}
    if new:
        edits.add_pairs(file.root, new)
    return keep_the_rest(read, old, edits.apply(), changes)


def refusal(key: str, value: str) -> str | None:
    """Say why the file cannot hold this, or None."""
    return connection_refusal(key, value, CONNECTION)


def _load(data: bytes) -> dict[str, object]:
    # what is not under a text is no connection to Airflow either
    loaded = load_as_pyyaml(decode(data))
    return {str(key): entry if isinstance(key, str) else None for key, entry in loaded.items()}


def _spell_extra(entry: object) -> object:
    if isinstance(entry, dict) and isinstance(entry.get("extra"), dict):
        return {**entry, "extra": json.dumps(entry["extra"])}
    return entry


def _replace(edits: YamlEdits, node: Node, old: object, new: object) -> None:
    if not (isinstance(new, dict) and isinstance(old, dict) and isinstance(node, YamlMap) and old.keys() <= new.keys()):
        edits.replace(node, new)
        return
    for name, value in new.items():
        if name in node.pairs and value != old[name]:
            edits.replace(node.pairs[name], value)
    missing = {name: value for name, value in new.items() if name not in node.pairs}
    if missing:
        edits.add_pairs(node, missing)
