"""Airflow's own rules for the text of a connection, as Apache Airflow 3.3.2 reads and writes it. No I/O.

Airflow has two readers of `AIRFLOW_CONN_*`: its core (API server, scheduler, command line) and its Task SDK (tasks).
The core decodes each extra of a URI's query as JSON (`?n=3` is the number 3), drops an empty password, and refuses an
extra that is no JSON object; the SDK does none of these. The core is followed here, and what this module writes means
the same to both.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from astro_sync.airflow.extra import EXTRA_KEY, decode_extra, decode_values, flatten
from astro_sync.airflow.json_text import printable, too_deep
from astro_sync.airflow.unescaped import find_unescaped

_TEXT_FIELDS: Final = ("description", "host", "login", "password", "schema")
_FIELDS: Final = ("conn_type", *_TEXT_FIELDS, "port", "extra")
# a host may have a scheme of its own, `http://https://example.com`; Airflow takes no third one
_MOST_SCHEMES: Final = 2
# the hosts of CONTRIBUTING, rule 10
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1", "postgres", "host.docker.internal"})


class Connection(NamedTuple):
    """The fields of one connection; `extra` is the text that Airflow stores, a JSON object."""

    conn_type: str
    description: str | None = None
    login: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    schema: str | None = None
    extra: str | None = None

    def __repr__(self) -> str:
        return "Connection(***)"


class UnreadableConnectionError(Exception):
    """A text that Airflow cannot use as a connection; `reason` says why in plain words, without any value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_connection(text: str) -> Connection:
    """Read the value of an `AIRFLOW_CONN_*`, a JSON object or a URI; raise UnreadableConnectionError.

    An empty part of a URI is `""`, as in Airflow; only a password and an extra are never empty.
    """
    try:
        return _read(text)
    except UnreadableConnectionError as error:
        raise UnreadableConnectionError(find_unescaped(text.strip()) or error.reason) from None


def parse_connection(text: str) -> Connection | None:
    """Read the value of an `AIRFLOW_CONN_*`; None where Airflow cannot use it, for whoever need not know why."""
    try:
        return _read(text)
    except UnreadableConnectionError:
        return None


def defect(text: str) -> str | None:
    """Return in plain words, without any value, what is wrong with an `AIRFLOW_CONN_*`; None if nothing is.

    Some of what Airflow reads is wrong all the same: it is cut at a character that should have been escaped.
    """
    try:
        _read(text)
    except UnreadableConnectionError as error:
        return find_unescaped(text.strip()) or error.reason
    return find_unescaped(text.strip())


def to_uri(connection: Connection) -> str:
    """Write it as Airflow's `get_uri` does, but its extra as `__extra__` wherever a reader would change it otherwise.

    A URI cannot hold a description, upper case in the type or the host, and some rarer things: `to_text` knows.
    """
    from urllib.parse import quote, urlencode

    uri = connection.conn_type.lower().replace("_", "-") + "://"
    host = connection.host or ""
    protocol, separator, bare_host = host.partition("://")
    # a host with the connection's own type in front stays whole, and is escaped as a whole
    if separator and protocol != connection.conn_type:
        uri += protocol + separator
        host = bare_host
    authority = quote(connection.login or "", safe="")
    if connection.password is not None:
        authority += ":" + quote(connection.password, safe="")
    uri += (f"{authority}@" if authority else "") + quote(host, safe="")
    if connection.port:
        uri += f":{connection.port}" if authority or host else f"@:{connection.port}"
    if connection.schema:
        uri += "/" + quote(connection.schema, safe="")
    if connection.extra:
        flat = flatten(connection.extra) or {EXTRA_KEY: connection.extra}
        uri += ("?" if connection.schema else "/?") + urlencode(flat)
    return uri


def to_json(connection: Connection) -> str:
    """Write it as Airflow's `as_json` does, but its extra as text where nesting it would change that text."""
    fields = {name: getattr(connection, name) for name in _FIELDS}
    nested = decode_extra(connection.extra)
    if nested and json.dumps(nested) == connection.extra:
        fields["extra"] = nested
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def to_text(connection: Connection) -> str:
    """Write it as a URI, or where that does not say it all as JSON; an empty part is taken for none, as in a URI."""
    try:
        uri = to_uri(connection)
    except UnicodeEncodeError:  # half of a surrogate pair, which only JSON can spell
        return to_json(connection)
    read = parse_connection(uri)
    return uri if read is not None and _without_blanks(read) == _without_blanks(connection) else to_json(connection)


def means_the_same(text: str, other: str) -> bool:
    """Tell whether two values of an `AIRFLOW_CONN_*` are one connection to Airflow, however they are spelled.

    A description counts where both have one: a URI has none, and Airflow does nothing with it.
    """
    one, two = parse_connection(text), parse_connection(other)
    return text == other if one is None or two is None else next(_differing(one, two), None) is None


def differing_fields(text: str, other: str) -> tuple[str, ...]:
    """Return the fields in which two values of an `AIRFLOW_CONN_*` differ, such as `host`, `password`, `extra.region`.

    They are none where the two mean the same, or where one of them is no connection. The name of an extra is shown
    escaped where it is not printable; one that may be the end of a value is `extra`.
    """
    one, two = parse_connection(text), parse_connection(other)
    if one is None or two is None:
        return ()
    doubtful = {f"extra.{printable(name)}" for each in (text, other) for name in _parameters_without_value(each)}
    return tuple(dict.fromkeys("extra" if field in doubtful else field for field in _differing(one, two)))


def extras(connection: Connection) -> Mapping[str, object]:
    """Decode the extra and the JSON texts in it, as `get_extra_dejson(nested=True)`; `{}` if there is none."""
    return decode_values(decode_extra(connection.extra) or {})


def local_host(connection: Connection) -> bool:
    """Tell whether its host only exists on the user's own machine (CONTRIBUTING, rule 10)."""
    host = (connection.host or "").rpartition("://")[2].partition("/")[0].lower()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host in _LOCAL_HOSTS


def _read(text: str) -> Connection:
    text = text.strip()
    if not text:
        raise UnreadableConnectionError("it is empty")
    connection = _read_object(text) if text.startswith("{") else _read_uri(text)
    if too_deep(connection.extra or ""):
        raise UnreadableConnectionError("its extra is nested too deeply")
    decoded = decode_extra(connection.extra)
    if connection.extra and decoded is None:
        raise UnreadableConnectionError("its extra is not a JSON object")
    texts = [getattr(connection, name) or "" for name in ("conn_type", *_TEXT_FIELDS)]
    texts += [text for pair in (decoded or {}).items() for text in pair if isinstance(text, str)]
    try:  # Airflow writes each as a URI when it looks one up, and takes it for missing when that fails
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise UnreadableConnectionError("it has half of a surrogate pair") from None
    return connection._replace(password=connection.password or None, extra=connection.extra or None)


def _read_object(text: str) -> Connection:
    if too_deep(text):
        raise UnreadableConnectionError("it is nested too deeply")
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableConnectionError(f"it is not valid JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise UnreadableConnectionError("it is JSON that Python cannot read") from None
    conn_type, port, extra = (fields.pop(name, None) for name in ("conn_type", "port", "extra"))
    uri = fields.get("uri")
    if fields.keys() == {"uri"} and isinstance(uri, str) and uri and not (conn_type or port or extra):
        return _read_uri(uri)
    if not fields.keys() <= set(_TEXT_FIELDS):
        raise UnreadableConnectionError(f"it has another field than {', '.join(_FIELDS)}")
    if not conn_type:
        raise UnreadableConnectionError("it is a JSON object without conn_type")
    for name, value in {"conn_type": conn_type, **fields}.items():
        if not isinstance(value, str | None):
            raise UnreadableConnectionError(f"its {name} is not a text")
    try:
        number = int(port) if port else None
    except (ValueError, TypeError, OverflowError):
        raise UnreadableConnectionError("its port is not a number") from None
    stored = extra if isinstance(extra, str) else json.dumps(extra)
    return Connection(_normalize_type(conn_type), port=number, extra=stored if extra else None, **fields)


def _read_uri(uri: str) -> Connection:
    from urllib.parse import parse_qsl, unquote, urlsplit

    schemes = uri.count("://")
    try:
        scheme = urlsplit(uri).scheme
        if not scheme or not schemes:
            raise UnreadableConnectionError(
                "it has no `type://` in front (letters, digits, `-`, `+` and `.`; `-` stands for `_`)"
            )
        rest = uri.replace(f"{scheme}://", "" if schemes == _MOST_SCHEMES else "//")
        if schemes > _MOST_SCHEMES or (schemes == _MOST_SCHEMES and set("@:") & set(rest.split("://", 1)[0])):
            raise UnreadableConnectionError("it has an unescaped `://` after its start")
        parts = urlsplit(rest)
        host = unquote(parts.hostname or "")
        if "/" in host:  # Airflow's own way to keep the case of a path in the host
            host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
        port = parts.port
    except ValueError:
        raise UnreadableConnectionError("its host or port is malformed, or a part before them is not escaped") from None
    protocol = parts.scheme if schemes == _MOST_SCHEMES else ""
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) if parts.query else None
    return Connection(
        conn_type=_normalize_type(scheme),
        host=f"{protocol}://{host}" if host and protocol else host,
        login=unquote(parts.username) if parts.username else parts.username,
        password=unquote(parts.password) if parts.password else None,
        schema=unquote(parts.path[1:]),
        port=port,
        extra=None if query is None else query.get(EXTRA_KEY, json.dumps(decode_values(query))),
    )


def _normalize_type(conn_type: str) -> str:
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def _without_blanks(connection: Connection) -> Connection:
    fields = {name: getattr(connection, name) or None for name in (*_TEXT_FIELDS, "port", "extra")}
    return Connection(connection.conn_type, **fields)


def _differing(one: Connection, two: Connection) -> Iterator[str]:
    first, second = _without_blanks(one), _without_blanks(two)
    for name in ("conn_type", *_TEXT_FIELDS, "port"):
        mine, other = getattr(first, name), getattr(second, name)
        if mine != other and (name != "description" or (mine and other)):
            yield name
    extra, others = decode_extra(one.extra) or {}, decode_extra(two.extra) or {}
    for name in dict.fromkeys((*extra, *others)):
        if _canonical(extra, name) != _canonical(others, name):
            yield f"extra.{printable(name)}"


def _parameters_without_value(text: str) -> Iterator[str]:
    """Yield the names in a URI's query that may be the end of a value with an unescaped `&`, as in `pass=a&bc==`."""
    from urllib.parse import parse_qsl

    text = text.strip()
    uri = json.loads(text).get("uri") if text.startswith("{") else text
    query = uri.partition("#")[0].partition("?")[2] if isinstance(uri, str) else ""
    yield from (name for name, value in parse_qsl(query, keep_blank_values=True) if not value.strip("="))


def _canonical(extra: Mapping[str, object], name: str) -> str | None:
    return json.dumps(extra[name], sort_keys=True) if name in extra else None
