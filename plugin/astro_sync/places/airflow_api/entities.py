"""What Airflow's REST API tells of variables and connections, and how it wants them. Pure.

Version 2 masks secrets and dumps JSON anew; version 1 gives variables exactly, and no password of any connection
(fixtures/places-contract.md, 5.1 and 5.2).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from astro_sync.airflow.connection import Connection
from astro_sync.airflow.extra import decode_extra
from astro_sync.core.model import Kind, Name

MASK: Final = "***"
_LONGEST_KEY: Final = 250
_LONGEST_ID: Final = 200
_CONNECTION_ID: Final = re.compile(r"[\w.-]+")
_TEXTS: Final = ("conn_type", "description", "host", "login", "schema")

# The path of all entries of a kind, and the field that holds an entry's id.
PATHS: Final = {Kind.VARIABLE: "/variables", Kind.CONNECTION: "/connections"}
ID_FIELDS: Final = {Kind.VARIABLE: "key", Kind.CONNECTION: "connection_id"}

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RemoteVariable:
    """A variable as the API shows it; `text` is None where it hides it.

    `exact`: the text is the stored one to the letter. Else it is JSON that the API dumped anew: the same JSON, perhaps
    with other white space, another spelling of numbers and characters, and without repeated members.
    """

    id: str
    text: str | None = field(repr=False)
    description: str | None = field(default=None, repr=False)
    exact: bool = True


class RemoteConnection(NamedTuple):
    """A connection as the API shows it; what it hides is None in `connection`, and named in `hidden`."""

    id: str
    connection: Connection
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WriteVariable:
    """A variable to be created, or else changed; no description leaves the present one."""

    id: str
    text: str = field(repr=False)
    description: str | None = field(default=None, repr=False)
    create: bool = False

    @property
    def name(self) -> Name:
        """Return its name."""
        return Name(Kind.VARIABLE, self.id)


class WriteConnection(NamedTuple):
    """A connection to be created, or else changed; no description leaves the present one.

    A field that is None is emptied, but a password: Airflow's API empties none.
    """

    id: str
    connection: Connection
    create: bool = False

    @property
    def name(self) -> Name:
        """Return its name."""
        return Name(Kind.CONNECTION, self.id)


Write = WriteVariable | WriteConnection


def parse_variable(fields: Fields, version: int) -> RemoteVariable:
    """Read one variable of an answer; raises KeyError or TypeError if it is none."""
    text, description = fields["value"], fields.get("description")
    if text is not None and not isinstance(text, str):
        raise TypeError
    if text is None or text == MASK or (version > 1 and MASK in text):
        text = None
    exact = version == 1 or text is None or not _is_json(text)
    return RemoteVariable(str(fields["key"]), text, description if description != MASK else None, exact)


def parse_connection(fields: Fields, version: int) -> RemoteConnection:
    """Read one connection of an answer; raises KeyError or TypeError if it is none.

    Version 1 tells nothing of a password, so there it is always hidden.
    """
    found: dict[str, Any] = {name: fields.get(name) for name in (*_TEXTS, "port", "extra")}
    found["password"] = fields["password"] if version > 1 else MASK
    hidden = frozenset(name for name, value in found.items() if isinstance(value, str) and MASK in value)
    found |= dict.fromkeys(hidden)
    if not isinstance(found["port"], int | None):
        raise TypeError
    connection = Connection(**found | {"conn_type": found["conn_type"] or ""})
    return RemoteConnection(str(fields["connection_id"]), connection, hidden)


def body_of(write: Write) -> dict[str, object]:
    """Return the fields to send; absent ones are null, so that they are emptied."""
    if isinstance(write, WriteVariable):
        body: dict[str, object] = {"key": write.id, "value": write.text}
        description = write.description
    else:
        own = write.connection
        body = {"connection_id": write.id, "conn_type": own.conn_type}
        body |= {name: getattr(own, name) or None for name in ("host", "login", "schema", "extra")}
        body["port"] = own.port
        if own.password:  # version 2 ignores null and "", version 1 refuses null: neither empties one
            body["password"] = own.password
        description = own.description
    return body if description is None else {**body, "description": description}


class Unfit(StrEnum):
    """The reasons why Airflow's API would not take an entry, or not keep it as it is."""

    ID_TOO_LONG = "id-too-long"
    ID_CHARACTERS = "id-characters"
    NO_TYPE = "no-type"
    EXTRA_NO_OBJECT = "extra-no-object"
    MASKED = "masked"
    NO_UNICODE = "no-unicode"


def unfit(write: Write) -> Unfit | None:
    """Return why an entry cannot be written, or None."""
    if isinstance(write, WriteVariable):
        if len(write.id) > _LONGEST_KEY:
            return Unfit.ID_TOO_LONG
        texts = [write.text, write.description]
    else:
        own = write.connection
        if len(write.id) > _LONGEST_ID:
            return Unfit.ID_TOO_LONG
        if not _CONNECTION_ID.fullmatch(write.id):
            return Unfit.ID_CHARACTERS
        if not own.conn_type:
            return Unfit.NO_TYPE
        extra = decode_extra(own.extra) if own.extra else {}
        if extra is None:
            return Unfit.EXTRA_NO_OBJECT
        if _holds_mask(extra):
            return Unfit.MASKED
        texts = [getattr(own, name) for name in (*_TEXTS, "password", "extra")]
    if any(text is not None and text.strip() == MASK for text in texts):
        return Unfit.MASKED
    return None if all(_has_utf8(text) for text in (write.id, *texts) if text is not None) else Unfit.NO_UNICODE


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _holds_mask(value: object) -> bool:
    match value:
        case str():
            return value == MASK
        case dict():
            return any(map(_holds_mask, value.values()))
        case list():
            return any(map(_holds_mask, value))
    return False


def _has_utf8(text: str) -> bool:
    """Tell whether a text has no half of a surrogate pair, on which the server fails, and no NUL, as databases do."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
