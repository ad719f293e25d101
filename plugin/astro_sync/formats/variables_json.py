"""`variables.json`, as Airflow's user interface and `airflow variables export|import` read and write it.

The import stores a text as it is and anything else as `json.dumps(value, indent=2)`; of an object with a member `value`
it stores that member. Airflow 3.3's export writes every stored text that is JSON as JSON, and an object that has a
member `value` of its own inside another one.
"""

import json
from collections.abc import Sequence
from typing import Final, NoReturn

from astro_sync.core.model import Kind, Name, Refusal
from astro_sync.formats.content import FileEntry, FileWrite, name_refusal
from astro_sync.formats.json_file import dump_object, parse_object

KINDS: Final = frozenset({Kind.VARIABLE})
DESCRIPTIONS: Final = True
_INDENT: Final = 4
_VALUE, _DESCRIPTION = "value", "description"


def read(data: bytes) -> Sequence[FileEntry]:
    """Return the texts that Airflow would store."""
    return [_read_entry(key, entry) for key, entry in parse_object(data).items()]


def write(old: bytes, changes: Sequence[FileWrite]) -> bytes:
    """Return the file with these variables in it, whatever else an entry says."""
    members = parse_object(old)
    replaced = {}
    for each in changes:
        before = _read_entry(each.name.id, members[each.name.id]) if each.name.id in members else None
        same = before and before.text == each.text and each.description in {None, before.description}
        if not same:
            replaced[each.name.id] = _replace(members.get(each.name.id), each, is_new=before is None)
    return dump_object({**members, **replaced}, old, _INDENT) if replaced else old


def refusal(write: FileWrite) -> Refusal | None:
    """Return why the file cannot hold this variable, or None; it holds every text."""
    return name_refusal(write.name, KINDS)


def _read_entry(key: str, entry: object) -> FileEntry:
    value, description = entry, None
    if isinstance(entry, dict) and _VALUE in entry:
        value, description = entry[_VALUE], entry.get(_DESCRIPTION)
    text = value if isinstance(value, str) else json.dumps(value, indent=2)
    return FileEntry(Name(Kind.VARIABLE, key), text, str(description) if description else None)


def _replace(old: object, new: FileWrite, *, is_new: bool) -> object:
    """Return the new entry in the form of the old one; a description needs the form with members."""
    if isinstance(old, dict) and _VALUE in old:
        value = new.text if isinstance(old[_VALUE], str) else _type(new.text)
        return {**old, _VALUE: value} | ({_DESCRIPTION: new.description} if new.description else {})
    value = new.text if isinstance(old, str) and not is_new else _type(new.text)
    if new.description or (isinstance(value, dict) and _VALUE in value):
        return {_VALUE: value, _DESCRIPTION: new.description or None}
    return value


def _type(text: str) -> object:
    """Return the JSON value that Airflow stores as just this text; the text itself where there is none."""
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
        return text if isinstance(value, str) or json.dumps(value, indent=2) != text else value
    except (ValueError, RecursionError):
        return text


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON: one of them makes the whole file unreadable for others")
