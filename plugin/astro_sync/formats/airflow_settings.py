"""`airflow_settings.yaml`, as the Astro CLI reads it when it starts Airflow: connections, variables, and pools.

A connection is written as fields, its extra as a JSON text: the CLI would lower the keys of a mapping.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from astro_sync.airflow.connection import means_the_same, parse_connection
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.formats.connection_entry import NO_DESCRIPTION, connection_of, connection_refusal, fields_of
from astro_sync.formats.content import Entry, FileContent, Ids, gather, join, keep_the_rest, refuse_unreadable
from astro_sync.formats.settings_items import (
    FIELDS,
    ID,
    NAME,
    URI,
    VALUE,
    Item,
    get_section,
    is_blank,
    read_connections,
    read_variables,
)
from astro_sync.formats.yaml_edit import YamlEdits
from astro_sync.formats.yaml_tree import Scalar, YamlFile, YamlList, YamlMap, parse_yaml

_AIRFLOW: Final = "airflow"


def read(data: bytes) -> FileContent:
    """Return variables and connections by environment variable.

    Raises a `RefusedError` for what is no YAML mapping, and a `UsageError` without ruamel.yaml.
    """
    root = parse_yaml(data).root
    return join(
        gather(VARIABLE, _entries(read_variables(root))),
        gather(CONNECTION, _entries(read_connections(root))),
    )


def write(old: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the file with these in it; pools, comments and all that is not named stay as they were.

    Raises a `RefusedError` for what `read` refuses, for a name whose entry is unreadable, and for an entry that others
    share.
    """
    refuse_unreadable(read(old), changes)
    file = parse_yaml(old)
    edits = YamlEdits(file)
    variables, connections = read_variables(file.root), read_connections(file.root)
    keys, conn_ids = Ids(VARIABLE, variables), Ids(CONNECTION, connections)
    new: dict[str, list[object]] = {"connections": [], "variables": []}
    for name, text in changes.items():
        if name.startswith(VARIABLE):
            for key in keys.find(name):
                new["variables"] += _set_variable(edits, variables.get(key), key, text)
        else:
            for conn_id in conn_ids.find(name):
                new["connections"] += _set_connection(edits, connections.get(conn_id), conn_id, text)
    _add_items(edits, file, {section: items for section, items in new.items() if items})
    return keep_the_rest(read, old, edits.apply(), changes)


def refusal(key: str, value: str) -> str | None:
    """Say why the file cannot hold this, or None."""
    reason = connection_refusal(key, value, VARIABLE, CONNECTION)
    if reason is not None:
        return reason
    if not value:
        return "the Astro CLI skips a variable without a value"
    connection = parse_connection(value) if key.startswith(CONNECTION) else None
    return NO_DESCRIPTION if connection is not None and connection.description else None


def _entries(items: Mapping[str, Item]) -> Iterator[Entry]:
    return (item.entry for item in items.values() if item.entry.value != "")


def _set_variable(edits: YamlEdits, item: Item | None, key: str, text: str) -> list[object]:
    if item is None:
        return [{NAME: key, VALUE: text}]
    if item.entry.value != text:
        _set_field(edits, item, VALUE, text)
    return []


def _set_connection(edits: YamlEdits, item: Item | None, conn_id: str, text: str) -> list[object]:
    connection = connection_of(text)
    wanted = fields_of(connection)
    if item is None:
        return [{ID: conn_id, **{name: wanted[its] for name, its in FIELDS.items() if wanted[its] is not None}}]
    before = parse_connection(item.entry.value or "")
    if before is not None and means_the_same(item.entry.value or "", text):
        return []
    # with a conn_uri the fields that the item has are not the ones that it means
    had = fields_of(before) if before is not None and is_blank(item.fields.get(URI)) else None
    for name, its in FIELDS.items():
        if had is None or had[its] != wanted[its]:
            _set_field(edits, item, name, wanted[its])
    _set_field(edits, item, URI, None)
    return []


def _set_field(edits: YamlEdits, item: Item, name: str, value: object) -> None:
    node = next((node for key, node in item.node.pairs.items() if key.lower() == name), None)
    if value is None and is_blank(node or item.fields.get(name)):
        return
    if node is None:
        edits.add_pairs(item.node, {name: value})
    else:
        edits.replace(node, value)


def _add_items(edits: YamlEdits, file: YamlFile, items: Mapping[str, list[object]]) -> None:
    """Add items to their lists, and the lists that the file does not have."""
    airflow = get_section(file.root, _AIRFLOW)
    if airflow is None and items:
        edits.add_pairs(file.root, {_AIRFLOW: items})
    elif isinstance(airflow, Scalar) and file.root and items and is_blank(airflow):
        edits.fill(file.root, airflow, items)
    if not isinstance(airflow, YamlMap):
        return
    for section, added in items.items():
        found = get_section(airflow, section)
        if isinstance(found, YamlList):
            edits.add_items(found, added)
        elif isinstance(found, Scalar) and is_blank(found):
            edits.fill(airflow, found, added)
    missing = {section: added for section, added in items.items() if get_section(airflow, section) is None}
    if missing:
        edits.add_pairs(airflow, missing)
