"""`connections.yaml`, as `airflow connections export|import` writes and reads it (PyYAML, YAML 1.1)."""

import json
from collections.abc import Mapping

from astro_sync.airflow.names import CONNECTION
from astro_sync.formats.connection_entry import connection_refusal, read_entries, replace_entries
from astro_sync.formats.content import FileContent, keep_the_rest
from astro_sync.formats.pyyaml_value import construct_map
from astro_sync.formats.yaml_edit import YamlEdits
from astro_sync.formats.yaml_tree import Node, YamlMap, parse_yaml


def read(data: bytes) -> FileContent:
    """Return the connections as values of `AIRFLOW_CONN_*`.

    Raises a `RefusedError` for what is no YAML mapping, and a `UsageError` without ruamel.yaml.
    """
    return read_entries(_construct(parse_yaml(data).root))


def write(old: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the file with these connections in it, its comments and all that is not named as they were.

    Raises a `RefusedError` for what `read` refuses, for a name whose entry is unreadable, and for an entry that others
    share.
    """
    file = parse_yaml(old)
    entries = _construct(file.root)
    replaced = replace_entries(entries, changes)
    if not replaced:
        return old
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


def _construct(root: YamlMap | None) -> dict[str, object]:
    # what is not under a text is no connection to Airflow
    loaded = construct_map(root) if root else {}
    return {str(key): entry if isinstance(key, str) else None for key, entry in loaded.items()}


def _replace(edits: YamlEdits, node: Node, old: object, new: object) -> None:
    if not (isinstance(new, dict) and isinstance(old, dict) and isinstance(node, YamlMap) and old.keys() <= new.keys()):
        edits.replace(node, _spell(new))
        return
    changed = {name: value for name, value in _spell_fields(new).items() if new[name] != old.get(name)}
    for name in changed.keys() & node.pairs.keys():
        edits.replace(node.pairs[name], changed[name])
    # a field may be there by a merge only
    missing = {name: value for name, value in changed.items() if name not in node.pairs}
    if missing:
        edits.add_pairs(node, missing)


def _spell(entry: object) -> object:
    return _spell_fields(entry) if isinstance(entry, dict) else entry


def _spell_fields(fields: dict[str, object]) -> dict[str, object]:
    """Make a text of an extra that is a mapping: JSON's numbers and words are not YAML's."""
    return {**fields, "extra": json.dumps(fields["extra"])} if isinstance(fields.get("extra"), dict) else fields
