"""The items of an `airflow_settings.yaml`, as the Astro CLI reads them.

It types what has no quotes and then makes a text of it (`007` is `7`, `true` is `1`), lowers the keys of an extra that
is a mapping, skips what has no name or no value, and lets the last of two win. It takes the fields of a connection, or
its `conn_uri` if it has none of them; that is read here as Airflow reads a URI.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from astro_sync.airflow.connection import UnreadableConnectionError, read_connection, to_text
from astro_sync.core.model import Kind, Name
from astro_sync.formats import go_scalar
from astro_sync.formats.content import FileEntry
from astro_sync.formats.yaml_file import Node, Scalar, YamlList, YamlMap, with_merged

ID: Final = "conn_id"
URI: Final = "conn_uri"
NAME: Final = "variable_name"
VALUE: Final = "variable_value"
# Airflow's field for each of the CLI's, in the order of the CLI's own template
FIELDS: Final = {
    "conn_type": "conn_type",
    "conn_host": "host",
    "conn_schema": "schema",
    "conn_login": "login",
    "conn_password": "password",
    "conn_port": "port",
    "conn_extra": "extra",
}
_NO_TEXT: Final = "it has a field that is no text to the Astro CLI, put it in quotes"


_ReadEntry = Callable[[str, Mapping[str, Node]], FileEntry]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list, and what it says; `entry.text` is empty where the CLI skips the item."""

    entry: FileEntry
    node: YamlMap = field(repr=False)
    fields: Mapping[str, Node] = field(repr=False)


def read_variables(root: YamlMap | None) -> dict[str, Item]:
    """Return the variables by key."""
    return _read_items(root, "variables", NAME, _read_variable)


def read_connections(root: YamlMap | None) -> dict[str, Item]:
    """Return the connections by conn_id."""
    return _read_items(root, "connections", ID, _read_connection)


def get_section(node: Node | None, name: str) -> Node | None:
    """Return the value of a key of a mapping, whatever its case, as the CLI looks it up."""
    return _lower(node).get(name) if isinstance(node, YamlMap) else None


def is_blank(node: Node | None) -> bool:
    """Tell whether there is nothing there."""
    if not isinstance(node, Scalar):
        return node is None
    return not node.text or (node.plain and node.text in {"~", "null", "Null", "NULL"})


def _read_items(root: YamlMap | None, section: str, name: str, read: _ReadEntry) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for node, fields in _list(root, section):
        its_id = _read_name(fields, name)
        entry = read(its_id, fields)
        if its_id and (its_id not in items or entry.text != ""):
            items[its_id] = Item(entry, node, fields)
    return items


def _list(root: YamlMap | None, section: str) -> Iterator[tuple[YamlMap, Mapping[str, Node]]]:
    found = get_section(get_section(root, "airflow"), section)
    for item in found.items if isinstance(found, YamlList) else ():
        if isinstance(item, YamlMap):
            yield item, _lower(item)


def _lower(node: YamlMap) -> dict[str, Node]:
    return {key.text.lower(): value for key, value in with_merged(node)}


def _read_name(fields: Mapping[str, Node], name: str) -> str:
    try:
        return _read_text(fields.get(name))
    except go_scalar.NoTextError:
        return ""


def _read_variable(key: str, fields: Mapping[str, Node]) -> FileEntry:
    name = Name(Kind.VARIABLE, key)
    try:
        return FileEntry(name, _read_text(fields.get(VALUE)))
    except go_scalar.NoTextError:
        return FileEntry(name, None, problem=_NO_TEXT)


def _read_connection(conn_id: str, fields: Mapping[str, Node]) -> FileEntry:
    name = Name(Kind.CONNECTION, conn_id)
    try:
        values: dict[str, object] = {
            its: _read_text(fields.get(field_name)) for field_name, its in FIELDS.items() if its != "extra"
        }
        values["port"] = _read_port(fields.get("conn_port"))
        extra = _read_extra(fields.get("conn_extra"))
        uri = _read_text(fields.get(URI))
    except go_scalar.NoTextError:
        return FileEntry(name, None, problem=_NO_TEXT)
    if not any(values.values()):
        text = uri.strip()
        if not text:
            return FileEntry(name, "")
    else:
        text = json.dumps({key: value for key, value in {**values, "extra": extra}.items() if value})
    try:
        connection = read_connection(text)
    except UnreadableConnectionError as error:
        return FileEntry(name, None, problem=f"Airflow cannot read this connection: {error.reason}")
    return FileEntry(name, text if text == uri.strip() else to_text(connection))


def _read_text(node: Node | None) -> str:
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        raise go_scalar.NoTextError
    return go_scalar.to_text(go_scalar.resolve(node))


def _read_port(node: Node | None) -> int:
    if node is None:
        return 0
    if not isinstance(node, Scalar):
        raise go_scalar.NoTextError
    value = go_scalar.resolve(node)
    try:
        return int(value or "0", 0) if isinstance(value, str) else int(value or 0)
    except (ValueError, OverflowError):
        raise go_scalar.NoTextError from None


def _read_extra(node: Node | None) -> str:
    """Return the text that the CLI sends; it sends none of what is neither a text nor a mapping."""
    if isinstance(node, YamlMap):
        return json.dumps(_read_value(node))
    value = go_scalar.resolve(node) if isinstance(node, Scalar) else None
    return value if isinstance(value, str) else ""


def _read_value(node: Node) -> object:
    if isinstance(node, YamlMap):
        return {name: _read_value(value) for name, value in _lower(node).items()}
    if isinstance(node, YamlList):
        return [_read_value(item) for item in node.items]
    value = go_scalar.resolve(node)
    return int(value) if isinstance(value, float) and value.is_integer() else value
