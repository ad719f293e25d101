"""What the Environment Manager tells of an object, and the bodies that create and change one. Pure.

An update drops links, exclusions, the automatic link and the description when they are left out: they are echoed
(fixtures/places-contract.md, 6).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Any, Final, NamedTuple

from astro_sync.airflow.connection import Connection
from astro_sync.core.model import Kind, Name

_TEXTS: Final = ("host", "login", "password", "schema")
# Go keeps the numbers of an extra as 64-bit floats, and writes whole ones below this without a point or exponent.
_LARGEST_INTEGER: Final = 2**53
_LARGEST_PLAIN: Final = 1e21

Fields = Mapping[str, Any]


# The API's words for the kinds, and the field of an object that holds what is special to its kind.
TYPES: Final = {
    Kind.ENVIRONMENT: "ENVIRONMENT_VARIABLE",
    Kind.VARIABLE: "AIRFLOW_VARIABLE",
    Kind.CONNECTION: "CONNECTION",
}
_BODIES: Final = {
    Kind.ENVIRONMENT: "environmentVariable",
    Kind.VARIABLE: "airflowVariable",
    Kind.CONNECTION: "connection",
}
_KINDS: Final = {word: kind for kind, word in TYPES.items()}


class Scope(NamedTuple):
    """One Workspace or one Deployment, by its id."""

    entity: str
    deployment: bool

    @property
    def name(self) -> str:
        """Return the API's word for it."""
        return "DEPLOYMENT" if self.deployment else "WORKSPACE"

    @property
    def parameter(self) -> str:
        """Return the name of the query's parameter that takes the id."""
        return "deploymentId" if self.deployment else "workspaceId"


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """One environment object; `text` or `connection` is what it holds, None where that is hidden.

    `hidden` names the fields of a connection that hold something, but do not show it. `raw` is the object as it came,
    for what must be echoed. `inherited`: it is a Workspace's object that is linked to the Deployment.
    """

    name: Name
    text: str | None = field(default=None, repr=False)
    connection: Connection | None = None
    secret: bool = False
    hidden: frozenset[str] = frozenset()
    description: str | None = field(default=None, repr=False)
    updated_at: str = ""
    inherited: bool = False
    raw: Fields = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str | None:
        """Return the id by which it is changed; an object that was resolved from a link has none."""
        found = self.raw.get("id")
        return found if isinstance(found, str) and found else None


@dataclass(frozen=True, slots=True)
class WriteObject:
    """What one object shall hold: a text, or a connection; `secret` counts for a new one only, it cannot be changed.

    No `auto_link` leaves it as it is.
    """

    name: Name
    text: str = field(default="", repr=False)
    connection: Connection | None = None
    secret: bool = False
    description: str | None = field(default=None, repr=False)
    auto_link: bool | None = None


def parse_object(fields: Fields) -> RemoteObject:
    """Read one object of an answer; raises KeyError, TypeError or ValueError if it is none."""
    kind = _KINDS[fields["objectType"]]
    own = fields[_BODIES[kind]]
    held = frozenset(name.removeprefix(f"{_BODIES[kind]}.") for name in fields.get("setFields") or ())
    text, connection, hidden, secret = None, None, frozenset[str](), bool(own.get("isSecret"))
    if kind is Kind.CONNECTION:
        connection, hidden = _parse_connection(own, held, fields.get("description"))
        secret = bool(hidden) or connection.password is not None
    else:
        text = own.get("value") or ""
        if not isinstance(text, str):
            raise TypeError
        # an empty secret is a hidden one, unless nothing is said to be set
        if secret and not text and ("value" in held or not held):
            text = None
    return RemoteObject(
        name=Name(kind, str(fields["objectKey"])),
        text=text,
        connection=connection,
        secret=secret,
        hidden=hidden,
        description=fields.get("description") or None,
        updated_at=str(fields.get("updatedAt") or ""),
        inherited=bool(fields.get("sourceScope")) and fields.get("sourceScope") != fields.get("scope"),
        raw=fields,
    )


def _parse_connection(own: Fields, held: frozenset[str], description: object) -> tuple[Connection, frozenset[str]]:
    found = {name: own.get(name) or None for name in _TEXTS}
    port, extra = own.get("port") or None, own.get("extra")
    if not isinstance(port, int | None) or not isinstance(extra, dict | None):
        raise TypeError
    shown = {name for name, value in (*found.items(), ("port", port)) if value is not None}
    shown |= {f"extra.{name}" for name, value in (extra or {}).items() if value not in ("", None)}
    hidden = {"extra" if name.startswith("extra.") else name for name in held - shown - {"type", "extra"}}
    if "extra" in held and not extra:
        hidden.add("extra")
    connection = Connection(
        str(own["type"]),
        description=str(description) if description else None,
        port=port,
        extra=json.dumps(extra) if extra is not None and "extra" not in hidden else None,
        **found,
    )
    return connection, frozenset(hidden & {*_TEXTS, "port", "extra"})


def create_body(scope: Scope, write: WriteObject) -> dict[str, object]:
    """Return the body that creates an object."""
    own = _connection_body(write.connection, {}) if write.connection else {"value": write.text}
    body: dict[str, object] = {
        "objectKey": write.name.id,
        "objectType": TYPES[write.name.kind],
        "scope": scope.name,
        "scopeEntityId": scope.entity,
        _BODIES[write.name.kind]: own if write.connection else {**own, "isSecret": write.secret},
    }
    if write.description:
        body["description"] = write.description
    if write.auto_link is not None and not scope.deployment:
        body["autoLinkDeployments"] = write.auto_link
    return body


def update_body(current: RemoteObject, write: WriteObject) -> dict[str, object]:
    """Return the body that changes an object, with all that would be lost if it were left out."""
    raw = current.raw
    before = raw.get(_BODIES[current.name.kind]) or {}
    body: dict[str, object] = {
        _BODIES[write.name.kind]: _connection_body(write.connection, before)
        if write.connection
        else {"value": write.text},
        "links": [_link(each) for each in raw.get("links") or ()],
        "excludeLinks": [_named(each) for each in raw.get("excludeLinks") or ()],
    }
    if description := write.description or current.description:
        body["description"] = description
    auto_link = raw.get("autoLinkDeployments") if write.auto_link is None else write.auto_link
    if auto_link is not None:
        body["autoLinkDeployments"] = auto_link
    return body


def _connection_body(connection: Connection, before: Fields) -> dict[str, object]:
    """Return a connection's fields; one that it has no more is emptied, since one that is left out stays."""
    found: dict[str, object] = {"type": connection.conn_type}
    for name in _TEXTS:
        if (text := getattr(connection, name)) or before.get(name):
            found[name] = text or ""
    if connection.port or before.get("port"):
        found["port"] = connection.port
    if connection.extra or before.get("extra"):
        found["extra"] = json.loads(connection.extra or "{}")
    auth_type = before.get("connectionAuthType") or {}
    if auth_type.get("id"):
        found["authTypeId"] = auth_type["id"]
    return found


def _link(link: Fields) -> dict[str, object]:
    """Return a link as an update wants it; what it hides stays, since it is left out of an entry that is there."""
    overrides = {}
    for name in _BODIES.values():
        shown = link.get(f"{name}Overrides") or {}
        known = {field: value for field, value in shown.items() if value not in ("", None)}
        if known:
            overrides[name] = known
    return {**_named(link), **({"overrides": overrides} if overrides else {})}


def _named(link: Fields) -> dict[str, object]:
    return {"scope": link["scope"], "scopeEntityId": link["scopeEntityId"]}


class Unfit(StrEnum):
    """The reasons why the Environment Manager cannot hold an object as it is."""

    NO_TYPE = "no-type"
    EXTRA_NO_OBJECT = "extra-no-object"
    NUMBER = "number"
    EMPTY_SECRET = "empty-secret"  # noqa: S105 - a name


def unfit(write: WriteObject) -> Unfit | None:
    """Return why an object cannot be written, or None."""
    if write.connection is None:
        # to it, an empty secret means no change
        return Unfit.EMPTY_SECRET if write.secret and not write.text else None
    if not write.connection.conn_type:
        return Unfit.NO_TYPE
    try:
        extra = json.loads(write.connection.extra or "{}")
    except (ValueError, RecursionError):
        return Unfit.EXTRA_NO_OBJECT
    if not isinstance(extra, dict):
        return Unfit.EXTRA_NO_OBJECT
    return Unfit.NUMBER if _has_number_that_changes(extra) else None


def _has_number_that_changes(value: object) -> bool:
    match value:
        case bool():
            return False
        case int():
            return abs(value) > _LARGEST_INTEGER
        case float():
            return not isfinite(value) or (value.is_integer() and abs(value) < _LARGEST_PLAIN)
        case dict():
            return any(map(_has_number_that_changes, value.values()))
        case list():
            return any(map(_has_number_that_changes, value))
    return False
