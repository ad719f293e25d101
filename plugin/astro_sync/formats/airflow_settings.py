"""`airflow_settings.yaml`, as the Astro CLI reads it when it starts Airflow: connections, variables, and pools.

A connection is written as fields, its extra as a JSON text: the CLI would lower the keys of a mapping.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from astro_sync.airflow.connection import means_the_same, parse_connection, read_connection
from astro_sync.core.model import Kind, Reason, Refusal
from astro_sync.formats.connection_entry import connection_refusal, fields_of
from astro_sync.formats.content import FileEntry, FileWrite, require_readable, require_rest
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
from astro_sync.formats.yaml_file import Node, Scalar, YamlFile, YamlList, YamlMap

KINDS: Final = frozenset({Kind.CONNECTION, Kind.VARIABLE})
DESCRIPTIONS: Final = False
_AIRFLOW: Final = "airflow"


def read(data: bytes) -> Sequence[FileEntry]:
    """Return the variables and connections of the file; raises UsageError without ruamel.yaml."""
    root = YamlFile(data).root
    items = (*read_variables(root).values(), *read_connections(root).values())
    return [item.entry for item in items if item.entry.text != ""]


def write(old: bytes, changes: Sequence[FileWrite]) -> bytes:
    """Return the file with these in it; pools, comments and all that is not named stay as they were."""
    file = YamlFile(old)
    require_readable(read(old), changes)
    variables, connections = read_variables(file.root), read_connections(file.root)
    new: dict[str, list[object]] = {"connections": [], "variables": []}
    for each in changes:
        if each.name.kind is Kind.VARIABLE:
            new["variables"] += _set_variable(file, variables.get(each.name.id), each)
        else:
            new["connections"] += _set_connection(file, connections.get(each.name.id), each)
    _add_items(file, {section: items for section, items in new.items() if items})
    return require_rest(read, old, file.dump(), changes)


def refusal(write: FileWrite) -> Refusal | None:
    """Return why the file cannot hold this, or None."""
    if refused := connection_refusal(write, KINDS):
        return refused
    if not write.text:
        return Refusal(Reason.EMPTY, "the Astro CLI skips a variable without a value")
    connection = parse_connection(write.text) if write.name.kind is Kind.CONNECTION else None
    if connection is not None and (connection.description or write.description):
        return Refusal(Reason.DESCRIPTION_LOST)
    return None


def _set_variable(file: YamlFile, item: Item | None, new: FileWrite) -> list[object]:
    """Set the value of an item; return the item to be added if there is none."""
    if item is None:
        return [{NAME: new.name.id, VALUE: new.text}]
    if item.entry.text != new.text:
        _set_field(file, item, VALUE, new.text)
    return []


def _set_connection(file: YamlFile, item: Item | None, new: FileWrite) -> list[object]:
    wanted = fields_of(read_connection(new.text))
    if item is None:
        return [{ID: new.name.id, **{name: wanted[its] for name, its in FIELDS.items() if wanted[its] is not None}}]
    text = item.entry.text or ""
    before = parse_connection(text)
    if before is not None and means_the_same(text, new.text):
        return []
    # with a conn_uri the fields that the item has are not the ones that it means
    had = fields_of(before) if before is not None and is_blank(item.fields.get(URI)) else None
    for name, its in FIELDS.items():
        if had is None or had[its] != wanted[its]:
            _set_field(file, item, name, wanted[its])
    _set_field(file, item, URI, None)
    return []


def _set_field(file: YamlFile, item: Item, name: str, value: object) -> None:
    spelled, node = next(((key, node) for key, node in item.node.pairs.items() if key.lower() == name), (name, None))
    if value is not None or not is_blank(node or item.fields.get(name)):
        file.set(item.node, spelled, value)


def _add_items(file: YamlFile, items: Mapping[str, list[object]]) -> None:
    """Add items to their lists, and the lists that the file does not have."""
    if not items:
        return
    name, airflow = _find(file.root, _AIRFLOW)
    if airflow is None or (isinstance(airflow, Scalar) and is_blank(airflow)):
        file.set(file.root, name, items)
    elif isinstance(airflow, YamlMap):
        for section, added in items.items():
            name, found = _find(airflow, section)
            if isinstance(found, YamlList):
                file.append(found, added)
            elif found is None or (isinstance(found, Scalar) and is_blank(found)):
                file.set(airflow, name, added)


def _find(node: YamlMap | None, name: str) -> tuple[str, Node | None]:
    """Return the key of a mapping as the file spells it, with its value."""
    pairs = node.pairs if node is not None else {}
    spelled = next((key for key in pairs if key.lower() == name), name)
    return spelled, get_section(node, name)
