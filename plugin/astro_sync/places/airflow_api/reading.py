"""Read variables and connections through Airflow's REST API: all pages of one moment, and only what is wanted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from astro_sync.core.model import Kind
from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.entities import (
    ID_FIELDS,
    PATHS,
    RemoteConnection,
    RemoteVariable,
    parse_connection,
    parse_variable,
)
from astro_sync.places.airflow_api.transport import ApiError, Fault

# The most that a page may hold, unless the server is set to less (fixtures/places-contract.md, 5.1).
_PAGE: Final = 100
# So few are asked for one by one; more cost fewer calls as pages.
_FEW: Final = 5
_MOST_READINGS: Final = 3
_NOT_FOUND: Final = 404

_Parsed = TypeVar("_Parsed")
_Row = Mapping[str, Any]


class Wanted(NamedTuple):
    """What is to be read of one kind: these ids if there are any, else all that `matches`.

    `containing` is a part that all of them have; where the version can, only such are sent.
    """

    ids: frozenset[str] | None = None
    matches: Callable[[str], bool] = lambda _: True
    containing: str = ""

    def includes(self, entry: str) -> bool:
        """Tell whether this id is wanted."""
        return self.matches(entry) and (self.ids is None or entry in self.ids)


def read_variables(client: AirflowClient, wanted: Wanted) -> dict[str, RemoteVariable]:
    """Return the wanted variables by their keys."""
    rows = _read(client, Kind.VARIABLE, wanted)
    return _parse(client, rows, lambda fields: parse_variable(fields, client.version))


def read_connections(client: AirflowClient, wanted: Wanted) -> dict[str, RemoteConnection]:
    """Return the wanted connections by their ids."""
    rows = _read(client, Kind.CONNECTION, wanted)
    return _parse(client, rows, lambda fields: parse_connection(fields, client.version))


def path_of(kind: Kind, entry: str) -> str:
    """Return the path of one entry; no character of its id has a meaning in it."""
    return f"{PATHS[kind]}/{quote(entry, safe='')}"


def _has_path(entry: str) -> bool:
    """Tell whether Airflow finds an entry by its path: not one with a line break, and dots have a meaning there."""
    return entry.isprintable() and bool(entry.strip("."))


def _read(client: AirflowClient, kind: Kind, wanted: Wanted) -> dict[str, _Row]:
    if wanted.ids is not None and len(wanted.ids) <= _FEW and all(map(_has_path, wanted.ids)):
        return _each(client, kind, sorted(filter(wanted.includes, wanted.ids)))
    listed = _all(client, kind, wanted)
    # version 1 lists connections without their extra (fixtures/places-contract.md, 5.4)
    return _each(client, kind, listed) if kind is Kind.CONNECTION and client.version == 1 else listed


def _each(client: AirflowClient, kind: Kind, ids: Iterable[str]) -> dict[str, _Row]:
    """Read entries one by one; what is not there, perhaps no more, is left out."""
    found = {}
    for entry in ids:
        reply = client.ask("GET", path_of(kind, entry))
        if reply.status != _NOT_FOUND:
            found[entry] = client.fields(client.accept(reply))
    return found


def _all(client: AirflowClient, kind: Kind, wanted: Wanted) -> dict[str, _Row]:
    """Read page by page to the end, from the start again if the listing changes meanwhile."""
    for _ in range(_MOST_READINGS):
        try:
            return {entry: row for entry, row in _pages(client, kind, wanted) if wanted.includes(entry)}
        except _ChangedError:
            continue
    message = f"The {kind}s of {client.name} kept changing while they were read."
    raise ApiError(message, Fault.CHANGING, hint="Try again when nothing else writes them.")


def _pages(client: AirflowClient, kind: Kind, wanted: Wanted) -> Iterator[tuple[str, _Row]]:
    """Yield all entries; each page begins with the last entry of the one before, so that no shift goes unnoticed."""
    query: dict[str, object] = {"limit": _PAGE, "order_by": ID_FIELDS[kind]}
    if wanted.containing and client.version > 1:
        query["variable_key_pattern" if kind is Kind.VARIABLE else "connection_id_pattern"] = f"%{wanted.containing}%"
    seen: dict[str, None] = {}
    expected: int | None = None
    while expected is None or len(seen) < expected:
        offset = max(len(seen) - 1, 0)
        rows, total = _page(client, kind, f"{PATHS[kind]}?{urlencode({**query, 'offset': offset})}")
        if expected is not None:
            if not rows or [*seen][-1] != rows[0][0]:
                raise _ChangedError
            rows = rows[1:]
        if total != (total if expected is None else expected) or (not rows and len(seen) < total):
            raise _ChangedError
        expected = total
        for entry, row in rows:
            if entry in seen:
                raise _ChangedError
            seen[entry] = None
            yield entry, row
    if len(seen) > expected:
        raise _ChangedError


def _page(client: AirflowClient, kind: Kind, path: str) -> tuple[list[tuple[str, _Row]], int]:
    page = client.fields(client.get(path))
    rows, total = page.get(f"{kind}s"), page.get("total_entries")
    if not isinstance(rows, list) or not isinstance(total, int):
        raise client.not_the_api()
    found = [(client.fields(row).get(ID_FIELDS[kind]), row) for row in rows]
    named = [(entry, row) for entry, row in found if isinstance(entry, str)]
    if len(named) < len(rows):
        raise client.not_the_api()
    return named, total


def _parse(client: AirflowClient, rows: Mapping[str, _Row], parse: Callable[[_Row], _Parsed]) -> dict[str, _Parsed]:
    try:
        return {entry: parse(row) for entry, row in rows.items()}
    except (KeyError, TypeError):
        raise client.not_the_api() from None


class _ChangedError(Exception):
    """Say that pages do not belong to one moment."""
