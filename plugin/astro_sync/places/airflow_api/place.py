"""The metadata database of one Airflow, read and written through its REST API."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from astro_sync.airflow.connection import defect, parse_connection, to_json
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.concurrency import together
from astro_sync.core.filters import Wanted
from astro_sync.core.model import (
    Entry,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Refusal,
    Secrets,
    Snapshot,
    Traits,
    Value,
    Write,
    Written,
)
from astro_sync.places.airflow_api import reading
from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.connection_text import text_of
from astro_sync.places.airflow_api.entities import (
    RemoteConnection,
    RemoteVariable,
    Unfit,
    WriteConnection,
    WriteVariable,
    unfit,
)
from astro_sync.places.airflow_api.entities import Write as ApiWrite
from astro_sync.places.airflow_api.report import Report, WriteResult
from astro_sync.places.airflow_api.transport import ApiError
from astro_sync.places.airflow_api.writing import parts_of, write
from astro_sync.places.base import AnyPlace, Prepared, Role, Surroundings
from astro_sync.places.common import EntryBackups, OpenPlace

_KINDS: Final = frozenset({Kind.CONNECTION, Kind.VARIABLE})
REMOTE: Final = Traits(
    Names.AIRFLOW, kinds=_KINDS, secrets=Secrets.MARKS, shared=True, as_fields=True, descriptions=True
)
LOCAL: Final = REMOTE._replace(secrets=Secrets.NONE)
_LITERAL: Final = re.compile(r"[\w.-]+", re.ASCII)


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedEntries(Prepared):
    """The entries as the API wants them."""

    entries: tuple[ApiWrite, ...]


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class AirflowPlace(OpenPlace, EntryBackups):
    """One Airflow's metadata database for one run.

    `reader` reads it exactly, where there is a better way than the API, which masks secrets.
    """

    client: AirflowClient
    address: str
    label: str
    role: Role
    around: Surroundings
    reader: AnyPlace | None = None
    kind: str = field(default="airflow", init=False)
    held: Snapshot = field(default_factory=Snapshot, init=False)
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _shown: dict[Name, RemoteVariable | RemoteConnection] = field(default_factory=dict, init=False)

    @property
    def traits(self) -> Traits:
        """Return what it is; read another way, it hides nothing."""
        return LOCAL if self.reader else REMOTE

    def __enter__(self) -> Self:
        if self.reader:
            self._stack.enter_context(self.reader)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __str__(self) -> str:
        return self.client.name

    def read(self, wanted: Wanted) -> Snapshot:
        """Return its connections and variables; a masked one has no value.

        Raises UnusableError if it cannot be reached or gives no access.
        """
        if self.reader:
            reader = self.reader
            exact, self._shown = together(lambda: reader.read(wanted), lambda: self._read(wanted))
            self.held = exact._replace(entries=_with_descriptions(exact.entries, self._shown))
            return self.held
        self._shown = self._read(wanted)
        entries = [
            variable_entry(each) if isinstance(each, RemoteVariable) else connection_entry(each)
            for each in self._shown.values()
        ]
        self.held = Snapshot({entry.name: entry for entry in entries}, complete=wanted.only is None)
        return self.held

    def refusal(self, write: Write) -> Refusal | None:
        """Return why Airflow's API would not take this, or not keep it as it is."""
        entry = _api_write(write)
        if entry is None:
            return Refusal(Reason.UNSOUND_CONNECTION, defect(write.value.reveal()) or "")
        if (why := unfit(entry)) is not None:
            return _REFUSALS[why]
        if isinstance(entry, WriteConnection) and not entry.connection.password and self._has_password(write):
            about = "the password that it has there cannot be emptied; delete the connection there first"
            return Refusal(Reason.CANNOT_HOLD, about)
        return None

    def prepare(self, plan: Plan) -> PreparedEntries:
        """Turn the writes into entries of the API, which sends many in one call where its version can."""
        entries = tuple(entry for each in plan.writes if (entry := _api_write(each)) is not None)
        calls = len(parts_of(self.client.version, entries))
        return PreparedEntries(writes=plan.writes, calls=calls, entries=entries)

    def apply(self, prepared: PreparedEntries) -> Written:
        """Write all entries but those that somebody changed since they were read."""
        try:
            changed = self._changed(prepared.entries)
            report = write(self.client, [each for each in prepared.entries if each.name not in changed])
        except ApiError as error:
            return Written(failure=error)
        results = {**report.results, **dict.fromkeys(changed, WriteResult.CHANGED)}
        return Report(results, report.failure).written()

    def _read(self, wanted: Wanted) -> dict[Name, RemoteVariable | RemoteConnection]:
        _ = self.client.version
        variables, connections = together(
            lambda: reading.read_variables(self.client, _narrowed(wanted, Kind.VARIABLE)),
            lambda: reading.read_connections(self.client, _narrowed(wanted, Kind.CONNECTION)),
        )
        return {
            **{Name(Kind.VARIABLE, entry): each for entry, each in variables.items()},
            **{Name(Kind.CONNECTION, entry): each for entry, each in connections.items()},
        }

    def _has_password(self, write: Write) -> bool:
        """Tell whether the connection that stands there has a password, or may have one."""
        if write.old is None:
            return False
        shown = self._shown.get(write.name)
        if isinstance(shown, RemoteConnection) and "password" in shown.hidden:
            return True
        old = parse_connection(write.old.value.reveal()) if write.old.value else None
        return bool(old and old.password)

    def _changed(self, entries: Iterable[ApiWrite]) -> set[Name]:
        """Return what reads otherwise now than when the plan was made: the API cannot compare and set."""
        names = frozenset(each.name for each in entries if not each.create and each.name in self._shown)
        now = self._read(Wanted(only=names)) if names else {}
        return {name for name in names if name in now and now[name] != self._shown[name]}


def _with_descriptions(
    entries: Mapping[Name, Entry], shown: Mapping[Name, RemoteVariable | RemoteConnection]
) -> dict[Name, Entry]:
    """Return entries with the descriptions of variables, which `airflow variables list` leaves out."""
    found = dict(entries)
    for name, each in shown.items():
        if isinstance(each, RemoteVariable) and name in found and not found[name].description:
            found[name] = found[name]._replace(description=each.description)
    return found


def variable_entry(remote: RemoteVariable) -> Entry:
    """Return a variable as every place tells it."""
    name = Name(Kind.VARIABLE, remote.id)
    if remote.text is None:
        return Entry(name, None, secret=True, description=remote.description)
    return Entry(name, Value(remote.text), description=remote.description, exact=remote.exact)


def connection_entry(remote: RemoteConnection) -> Entry:
    """Return a connection as every place tells it: as the text by which Airflow reads the same fields."""
    name, own = Name(Kind.CONNECTION, remote.id), remote.connection
    text = text_of(own)
    if isinstance(text, Refusal):
        return Entry(name, None, problem=text)
    if remote.hidden:
        return Entry(name, None, secret=True, visible=Value(to_json(own)))
    return Entry(name, Value(text))


def _api_write(write: Write) -> ApiWrite | None:
    """Return a write as the API wants it; None for a connection that Airflow cannot read."""
    text, create = write.value.reveal(), write.old is None
    if write.name.kind is Kind.VARIABLE:
        return WriteVariable(write.name.id, text, write.description or None, create)
    connection = parse_connection(text)
    if connection is None:
        return None
    described = connection._replace(description=connection.description or write.description or None)
    return WriteConnection(write.name.id, described, create)


def _narrowed(wanted: Wanted, kind: Kind) -> reading.Wanted:
    """Return what is wanted of one kind in the words of the API."""
    if not wanted.wants_kind(kind):
        return reading.Wanted(frozenset())
    ids = None if wanted.only is None else frozenset(name.id for name in wanted.only if name.kind is kind)
    containing = _common_part(wanted.filters.include) if wanted.only is None else ""
    return reading.Wanted(ids, lambda entry: wanted.wants(Name(kind, entry)), containing)


def _common_part(globs: Sequence[str]) -> str:
    """Return a part that every id has which the globs match, empty if none is certain; the API ignores its case."""
    if len(globs) != 1 or "[" in globs[0]:
        return ""
    # Of a glob that says less than a whole prefix, a part may stand in the prefix.
    glob = next((globs[0].removeprefix(each) for each in (VARIABLE, CONNECTION) if globs[0].startswith(each)), "")
    parts = _LITERAL.findall(glob)
    return max(parts, key=len, default="")


_REFUSALS: Final = {
    Unfit.ID_TOO_LONG: Refusal(Reason.TOO_LONG, "its id is too long"),
    Unfit.ID_CHARACTERS: Refusal(Reason.NAME_NOT_ALLOWED, "an id may hold letters, digits, _, - and ."),
    Unfit.NO_TYPE: Refusal(Reason.UNSOUND_CONNECTION, "it has no type"),
    Unfit.EXTRA_NO_OBJECT: Refusal(Reason.UNSOUND_CONNECTION, "its extra is not a JSON object"),
    Unfit.MASKED: Refusal(Reason.MASKED),
    Unfit.NO_UNICODE: Refusal(Reason.NOT_TEXT),
}
