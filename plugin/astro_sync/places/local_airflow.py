"""The local Airflow's metadata database, read through the Astro CLI."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from astro_sync.airflow.connection import means_the_same
from astro_sync.airflow.names import is_sound
from astro_sync.core.filters import Wanted
from astro_sync.core.model import (
    Entry,
    Kind,
    Name,
    Names,
    Notice,
    Reason,
    Refusal,
    Snapshot,
    Traits,
    Value,
    WarningCode,
)
from astro_sync.envfile.dialects import RUNTIMES
from astro_sync.errors import AstroSyncError, UsageError
from astro_sync.formats.connection_entry import read_entry
from astro_sync.places.airflow_answers import StoredConnection
from astro_sync.places.base import Role, Surroundings
from astro_sync.places.common import ReadOnlyPlace
from astro_sync.places.metadata_database import MetadataDatabase, Reading, Request
from astro_sync.storage.atomic import load

_LEFT_BEHIND: Final = ("tmp.var", "tmp.connections")
_TRAITS: Final = Traits(
    Names.AIRFLOW, kinds=frozenset({Kind.CONNECTION, Kind.VARIABLE}), as_fields=True, descriptions=True
)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class LocalAirflow(ReadOnlyPlace):
    """Connections and variables of the local Airflow, read through the Astro CLI."""

    around: Surroundings
    folder: Path
    kind: str = field(default="airflow", init=False)
    label: str = field(default="Airflow", init=False)
    address: str = field(default="airflow:", init=False)
    traits: Traits = field(default=_TRAITS, init=False)

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._clean():
            # No report will say it.
            self.around.tell(f"The Astro CLI left {name}, with values in clear text; it was removed.")

    def __str__(self) -> str:
        return "local Airflow's metadata database"

    def read(self, wanted: Wanted) -> Snapshot:
        """Return the connections and variables of the metadata database.

        Raises UnusableError if there is no project or Airflow does not run.
        """
        request = Request(
            variables=wanted.wants_kind(Kind.VARIABLE),
            connections=wanted.wants_kind(Kind.CONNECTION),
            wants_variable=lambda key: wanted.wants(Name(Kind.VARIABLE, key)),
            shadowed=self._shadowed(),
            descriptions=wanted.descriptions,
        )
        contents = MetadataDatabase(self.around.astro(), self.around.project, self.folder).read(request)
        warnings = [
            *(Notice(WarningCode.LEFT_BEHIND, None, name) for name in self._clean()),
            *_undescribed(contents.variables.undescribed, wanted),
        ]
        entries = [
            *(Entry(Name(Kind.VARIABLE, each.key), Value(each.text or ""), description=each.description)
              for each in contents.variables.found),
            *map(_connection, contents.connections.found),
            *_unreadable(Kind.VARIABLE, contents.variables),
            *_unreadable(Kind.CONNECTION, contents.connections),
        ]  # fmt: skip
        return Snapshot(
            {entry.name: entry for entry in entries}, warnings=tuple(warnings), complete=wanted.only is None
        )

    def _shadowed(self) -> frozenset[str]:
        """Return the names that the project's own `.env` sets, which local Airflow puts before its database."""
        try:
            text = load(self.around.project / ".env").data.decode("utf-8", "surrogateescape")
        except AstroSyncError:
            return frozenset()
        return frozenset(RUNTIMES[self.around.mode()].read(text, self.around.environ).values())

    def _clean(self) -> list[str]:
        """Remove the files full of passwords that the export forgets in a standalone project, and name them.

        Source: fixtures/astro-cli-contract.md, "object export", 2 and 5.
        """
        found = []
        for name in _LEFT_BEHIND:
            left = self.around.project / name
            if left.is_file() or left.is_symlink():
                left.unlink(missing_ok=True)
                found.append(name)
        return found


def open_airflow(rest: str, role: Role, around: Surroundings) -> LocalAirflow:
    """Return the local Airflow of `airflow:`."""
    if rest or role is not Role.SOURCE:
        raise UsageError(f"The address airflow:{rest} cannot be written to.", hint="Write airflow: as a source.")
    return LocalAirflow(around=around, folder=around.new_folder("airflow"))


def _undescribed(keys: Iterable[str], wanted: Wanted) -> Iterator[Notice]:
    """Name what is carried without its description; a name that is not sound is named for that."""
    for name in (Name(Kind.VARIABLE, key) for key in keys):
        if wanted.wants(name) and is_sound(name.key):
            yield Notice(WarningCode.DESCRIPTION_UNKNOWN, name.key)


def _unreadable(kind: Kind, reading: Reading) -> Iterator[Entry]:  # type: ignore[type-arg]
    for name, reason in reading.unreadable.items():
        yield Entry(Name(kind, name), None, problem=Refusal(Reason.UNREADABLE, reason))
    if reading.incomplete:
        yield Entry(Name(kind, "*"), None, problem=Refusal(Reason.UNREADABLE, f"not every {kind} could be read"))


def _connection(stored: StoredConnection) -> Entry:
    """Return a connection as Airflow's own URI if that says it all, else by its fields."""
    name = Name(Kind.CONNECTION, stored.conn_id)
    uri = stored.uri or ""
    if stored.fields is None:
        return Entry(name, Value(uri))
    if (reason := _loss(stored.fields)) is not None:
        return Entry(name, None, problem=Refusal(Reason.CANNOT_HOLD, reason))
    read = read_entry(stored.conn_id, stored.fields)
    if read.text is None:
        return Entry(name, None, problem=Refusal(Reason.UNREADABLE, read.problem or ""))
    keeps = uri and not read.text.startswith("{") and means_the_same(uri, read.text)
    return Entry(name, Value(uri if keeps else read.text))


def _loss(fields: Mapping[str, object]) -> str | None:
    """Return what no text of a connection can hold: Airflow reads these differently than it stores them."""
    if fields["conn_type"] and "-" in str(fields["conn_type"]):
        return "Airflow reads the `-` in its type as `_` from an environment variable"
    if fields.get("port") == 0:
        return "Airflow reads port 0 as none from an environment variable"
    return None
