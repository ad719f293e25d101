"""The local Airflow as a place: what its metadata database holds, under the names that an environment gives."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from astro_sync.airflow.connection import means_the_same
from astro_sync.core.model import Note, Snapshot, Value, Variable, Warn
from astro_sync.core.secrecy import CONNECTION, VARIABLE
from astro_sync.formats.connection_entry import read_entries
from astro_sync.places.airflow_answers import StoredConnection
from astro_sync.places.astro_cli import Astro
from astro_sync.places.metadata_database import Contents, MetadataDatabase, Reading, Request

_LEFT_BEHIND: Final = ("tmp.var", "tmp.connections")
_EVERYTHING: Final = Request()


@dataclass(slots=True)
class LocalAirflow:
    """Connections and variables of the local Airflow, read through the Astro CLI.

    `folder` is the run's private folder, `project` the folder in which `astro` works.
    """

    astro: Astro
    project: Path
    folder: Path
    tell: Callable[[str], None]
    warnings: list[Warn] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clean()
        if error is not None:
            # No report will say it.
            for warn in self.warnings:
                self.tell(warn.message)

    def read(self, request: Request = _EVERYTHING) -> Snapshot:
        """Return the metadata database's connections and variables under their environment names.

        Raises UnusableError if there is no project or Airflow does not run.
        """
        contents = MetadataDatabase(self.astro, self.project, self.folder).read(request)
        self._clean()
        variables, unreadable = _variables(contents)
        connections, unreadable_too = _connections(contents.connections)
        return Snapshot({**variables, **connections}, {**unreadable, **unreadable_too}, warnings=tuple(self.warnings))

    def _clean(self) -> None:
        """Remove the files full of passwords that the export forgets in a standalone project.

        See fixtures/astro-cli-contract.md, "object export", 2 and 5.
        """
        for name in _LEFT_BEHIND:
            left = self.project / name
            if left.is_file() or left.is_symlink():
                left.unlink(missing_ok=True)
                text = f"The Astro CLI left {name}, with values in clear text; it was removed, there is nothing to do."
                self.warnings.append(Warn(Note.LEFT_BEHIND, None, text))


def _variables(contents: Contents) -> tuple[dict[str, Variable], dict[str, str]]:
    reading = contents.variables
    texts = [(stored.key, stored.text or "") for stored in reading.found]
    return _by_key(VARIABLE, "variables", texts, reading)


def _connections(reading: Reading[StoredConnection]) -> tuple[dict[str, Variable], dict[str, str]]:
    texts, lost = [], {}
    for stored in reading.found:
        text, reason = _text_of(stored)
        if reason is None:
            texts.append((stored.conn_id, text))
        else:
            lost[stored.conn_id] = reason
    return _by_key(CONNECTION, "connections", texts, replace(reading, unreadable={**reading.unreadable, **lost}))


def _text_of(stored: StoredConnection) -> tuple[str, str | None]:
    """Return a connection's text, or why no environment variable can; Airflow's own URI if that says it all."""
    uri = stored.uri or ""
    if stored.fields is None:
        return uri, None
    if (reason := _loss(stored.fields)) is not None:
        return "", reason
    content = read_entries({stored.conn_id: stored.fields})
    for exact in content.values.values():
        return (uri if uri and not exact.startswith("{") and means_the_same(uri, exact) else exact), None
    return "", next(iter(content.unreadable.values()))


def _loss(fields: Mapping[str, object]) -> str | None:
    """Return what no environment variable can hold of a connection: Airflow reads these differently than it stores."""
    if fields["conn_type"] and "-" in str(fields["conn_type"]):
        return "Airflow reads the `-` in its type as `_` from an environment variable"
    if fields.get("port") == 0:
        return "Airflow reads port 0 as none from an environment variable"
    return None


def _by_key(
    prefix: str, noun: str, texts: Collection[tuple[str, str]], reading: Reading[Any]
) -> tuple[dict[str, Variable], dict[str, str]]:
    """Name each entry as the environment does, and refuse names that become one with different values."""
    found: dict[str, Variable] = {}
    names: dict[str, str] = {}
    unreadable = {prefix + name.upper(): reason for name, reason in reading.unreadable.items()}
    for name, text in texts:
        key = prefix + name.upper()
        first = names.setdefault(key, name)
        variable = found.setdefault(key, Variable(key, Value(text)))
        if not _same(prefix, variable, text):
            unreadable[key] = f"{first!r} and {name!r} in Airflow become this one name, with different values"
    if reading.incomplete:
        unreadable[f"{prefix}*"] = f"local Airflow's {noun} could not all be read"
    return {key: variable for key, variable in found.items() if key not in unreadable}, unreadable


def _same(prefix: str, variable: Variable, text: str) -> bool:
    there = variable.value.reveal() if variable.value else ""
    return means_the_same(there, text) if prefix == CONNECTION else there == text
