"""`variables.json`, as Airflow's user interface and `airflow variables export|import` read and write it.

The import stores a text as it is and anything else as `json.dumps(value, indent=2)`; of an object with a member `value`
it stores that member. Airflow 3.3's export writes every stored text that is JSON as JSON, and an object that has a
member `value` of its own inside another one.
"""

import json
from collections.abc import Mapping
from typing import Final, NoReturn

from astro_sync.airflow.names import VARIABLE
from astro_sync.formats.content import Entry, FileContent, Ids, gather, name_refusal, refuse_unreadable
from astro_sync.formats.json_object import parse_object

_INDENT: Final = 4
_VALUE: Final = "value"


def read(data: bytes) -> FileContent:
    """Return the texts that Airflow would store. Raises a `RefusedError` for what is no JSON object."""
    members = parse_object(data).members
    return gather(VARIABLE, (Entry(key, _store(member.value)) for key, member in members.items()))


def write(old: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the file with these variables in it; a description stays, and so does all that is not named.

    Raises a `RefusedError` for what `read` refuses, and for a name whose entry is unreadable.
    """
    document = parse_object(old)
    refuse_unreadable(read(old), changes)
    ids = Ids(VARIABLE, document.members)
    values: dict[str, object] = {}
    for name, text in changes.items():
        for key in ids.find(name):
            member = document.members.get(key)
            if member is None:
                values[key] = _wrap(_type(text))
            elif _store(member.value) != text:
                values[key] = _replace(member.value, text)
    return document.replace(values, _INDENT) if values else old


def refusal(key: str, value: str) -> str | None:  # noqa: ARG001 - the same three functions for every format
    """Say why the file cannot hold this variable, or None; it holds every text."""
    return name_refusal(key, VARIABLE)


def _store(entry: object) -> str:
    value = entry[_VALUE] if isinstance(entry, dict) and _VALUE in entry else entry
    return value if isinstance(value, str) else json.dumps(value, indent=2)


def _replace(entry: object, text: str) -> object:
    if isinstance(entry, dict) and _VALUE in entry:
        return {**entry, _VALUE: text if isinstance(entry[_VALUE], str) else _type(text)}
    return text if isinstance(entry, str) else _wrap(_type(text))


def _type(text: str) -> object:
    """Return the JSON value that Airflow stores as just this text; the text itself where there is none."""
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
        return text if isinstance(value, str) or json.dumps(value, indent=2) != text else value
    except (ValueError, RecursionError):
        return text


def _wrap(value: object) -> object:
    return {_VALUE: value, "description": None} if isinstance(value, dict) and _VALUE in value else value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON: one of them makes the whole file unreadable for others")
