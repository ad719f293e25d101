"""Read local Airflow's metadata database through the Astro CLI, exactly or not at all (CONTRIBUTING, rule 5)."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.concurrency import each, together
from astro_sync.errors import UnusableError
from astro_sync.places.airflow_answers import (
    StoredConnection,
    StoredVariable,
    choose_listed,
    is_evident,
    is_wrapped,
    parse_api_version,
    parse_connections,
    parse_description,
    parse_exported,
    parse_listed,
    parse_major,
    parse_page,
    parse_text,
    unwrap,
)
from astro_sync.places.astro_cli import Astro
from astro_sync.places.json_documents import says_the_same
from astro_sync.places.local_state import is_project, no_project, why_not
from astro_sync.places.raw_file import prove, salvage
from astro_sync.storage.private import write_private

T = TypeVar("T", StoredVariable, StoredConnection)
# Each call starts a Python in the container: more at once only slow one another down.
_CALLS_AT_ONCE: Final = 4
_PAGE: Final = 100
# The Airflow that exports a described variable as it exports any other.
_BARE: Final = 2
_EMPTIED: Final = "variable json decode unsuccessful"
_UNDECRYPTED: Final = "Airflow cannot decrypt it"
_UNTOLD: Final = "Airflow did not tell its stored text for certain; set it in .env"
_SHADOWED: Final = ".env sets another value, and this version of Airflow tells no other; take it out of .env for once"
_LOST: Final = "the Astro CLI's export lost its value and Airflow could not be asked for it"
_LIST: Final = ("dev", "run", "variables", "list", "--show-values", "-o", "json")
_EXPORT: Final = ("dev", "run", "variables", "export", "/dev/stdout")
_CONNECTIONS: Final = ("dev", "run", "connections", "export", "-", "--file-format", "json")


class Request(NamedTuple):
    """What is to be read: which kinds at all and, where each costs a call, which variables by their keys.

    `shadowed` are the environment names that `.env` sets: `airflow variables get` prints those values. `descriptions`:
    those of variables too, which only the export tells.
    """

    variables: bool = True
    connections: bool = True
    wants_variable: Callable[[str], bool] = lambda _key: True
    shadowed: Collection[str] = frozenset()
    descriptions: bool = False


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What was read of one kind, and what cannot be had: by id with the reason, or even some ids (`incomplete`).

    `undescribed` are the ids whose description was wanted and cannot be told.
    """

    found: tuple[T, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    incomplete: bool = False
    undescribed: tuple[str, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Tell whether nothing is known of it at all."""
        return self.incomplete and not self.found and not self.unreadable


@dataclass(frozen=True, slots=True)
class Contents:
    """What the metadata database holds, in Airflow's own names."""

    variables: Reading[StoredVariable] = field(default_factory=Reading)
    connections: Reading[StoredConnection] = field(default_factory=Reading)


@dataclass(frozen=True, slots=True)
class _Export:
    """One half of `astro dev object export`: the ids that it printed, the keys and the text that it wrote."""

    names: tuple[str, ...]
    keys: tuple[str, ...]
    text: str = field(repr=False)
    complete: bool
    emptied: bool

    @property
    def trusted_names(self) -> tuple[str, ...] | None:
        """Return the ids, or None where more may exist; what JSON cannot hold leaves the CLI without any."""
        return self.names if self.complete and (self.names or not self.emptied) else None

    @property
    def proven(self) -> Mapping[str, str]:
        """Return the value of each id if the file proves itself, else none."""
        values = prove(self.text, self.keys) if self.complete and not self.emptied else None
        return dict(zip(self.names, values, strict=True)) if values and all(values) else {}

    @property
    def salvaged(self) -> Mapping[str, str]:
        """Return the value of each id whose line proves itself."""
        saved = salvage(self.text, self.keys) if self.complete else {}
        return {name: saved[key] for name, key in zip(self.names, self.keys, strict=True) if saved.get(key)}


class MetadataDatabase:
    """The metadata database of the Airflow of one project; what is exported goes to the private `folder`."""

    def __init__(self, astro: Astro, project: Path, folder: Path) -> None:
        self._astro = astro
        self._project = project
        self._folder = folder

    def read(self, request: Request) -> Contents:
        """Return what it holds; raises UnusableError if there is no project or Airflow does not run."""
        if not is_project(self._project):
            raise no_project()
        variables, connections = together(
            lambda: self._read_variables(request), lambda: self._read_connections(request)
        )
        unknown = {variables.is_unknown} if request.variables else set()
        unknown |= {connections.is_unknown} if request.connections else set()
        if unknown == {True}:
            hint = "Run `astro dev object export --help`: the Astro CLI may be too old."
            raise UnusableError("The Astro CLI could not export from your local Airflow.", hint=hint)
        return Contents(variables, connections)

    def _read_connections(self, request: Request) -> Reading[StoredConnection]:
        """Carry each connection by its fields; Airflow's own URIs lose some, but are the spelling that users know."""
        if not request.connections:
            return Reading()
        answer, export = together(
            lambda: self._astro.ask(*_CONNECTIONS),
            lambda: self._export("connections"),
        )
        if (error := why_not(answer)) is not None:
            raise error
        uris = export.proven
        if (found := parse_connections(answer, export.trusted_names)) is not None:
            return Reading(tuple(replace(stored, uri=uris.get(stored.conn_id)) for stored in found))
        if export.complete and uris.keys() == set(export.names):
            return Reading(tuple(StoredConnection(name, uri=uri) for name, uri in uris.items()))
        saved = export.salvaged
        return _rest(export, tuple(StoredConnection(name, uri=uri) for name, uri in saved.items()), saved)

    def _read_variables(self, request: Request) -> Reading[StoredVariable]:
        if not request.variables:
            return Reading()
        answer, described = together(
            lambda: self._astro.ask(*_LIST),
            lambda: self._astro.ask(*_EXPORT) if request.descriptions else None,
        )
        if (error := why_not(answer)) is not None:
            raise error
        listed = parse_listed(answer)
        if is_evident(answer, listed):
            keys = {stored.key for stored in listed[0]}
            values = parse_exported(described, keys) if described else None
            return _described(_readable(listed[0]), values, request)
        # Airflow before 3.3 knows no --show-values; else there are lists among the log lines.
        export, (exported, told) = together(
            lambda: self._export("variables"),
            lambda: together(
                lambda: described or self._astro.ask(*_EXPORT), lambda: None if listed else self._ask_api()
            ),
        )
        names = export.trusted_names
        values = parse_exported(exported, names)
        if names is not None and (chosen := choose_listed(listed, names)) is not None:
            return _described(_readable(chosen), values, request)
        if values is None:
            return _described(_last_resort(export), None, request)
        if told is not None and _agree(told, values):
            return _readable(told)
        return self._ask_each(values, request)

    def _export(self, half: str) -> _Export:
        """Run one half of the documented export."""
        file = self._folder / f"{half}.env"
        write_private(file, b"")
        words = ("dev", "object", "export")
        answer = self._astro.run(*words, "--env-export", f"--{half}", "--env", file)
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        file.unlink()
        if (unfinished := self._astro.unfinished(answer, *words)) is not None:
            raise unfinished
        complete = f"Aiflow {half} successfully export to the file" in answer.stdout
        singular, prefix = ("Variable", VARIABLE) if half == "variables" else ("Connection", CONNECTION)
        names = tuple(re.findall(rf"Exporting {singular}: (.*)$", answer.stdout, re.MULTILINE))
        keys = tuple(prefix + name.upper() for name in names)
        return _Export(names, keys, text, complete, half == "variables" and _EMPTIED in answer.stdout)

    def _ask_api(self) -> tuple[StoredVariable, ...] | None:
        """Return all variables as the REST API of a running Airflow 2 tells them; Airflow 3's is not exact."""
        # Whatever is wrong with it, there is another way; and no login is needed on this machine.
        version = parse_api_version(self._astro.run("api", "airflow", "/version"))
        if version is None or not version.startswith("2."):
            return None
        found: list[StoredVariable] = []
        total = 1
        while len(found) < total:
            page = parse_page(self._astro.run("api", "airflow", f"/variables?limit={_PAGE}&offset={len(found)}"))
            if page is None or (len(found) + len(page.variables) < page.total and not page.variables):
                return None
            found += page.variables
            total = page.total
        return tuple(found) if len({stored.key for stored in found}) == total else None

    def _ask_each(self, exported: Mapping[str, object], request: Request) -> Reading[StoredVariable]:
        """Ask for each stored text: the exported JSON says the same, but not in the same letters.

        A text cannot be told either: this Airflow exports `"a"`, quotes and all, and `a` alike.
        """
        wanted = [key for key in exported if request.wants_variable(key)]
        shadowed = {key for key in wanted if VARIABLE + key.upper() in request.shadowed}
        asks_version = request.descriptions or any(is_wrapped(exported[key]) for key in shadowed)
        answers, major = together(
            lambda: each(
                lambda key: self._astro.ask("dev", "run", "variables", "get", key), wanted, at_once=_CALLS_AT_ONCE
            ),
            lambda: self._major() if asks_version else None,
        )
        texts = {key: parse_text(answer, exported[key]) for key, answer in zip(wanted, answers, strict=True)}
        for key in shadowed:
            texts[key] = _behind_env(texts[key], exported[key], major)
        lost = {key: _SHADOWED if key in shadowed else _UNTOLD for key, text in texts.items() if text is None}
        found = Reading(tuple(StoredVariable(key, text) for key, text in texts.items() if text is not None), lost)
        return _described(found, exported if major is not None and major != _BARE else None, request)

    def _major(self) -> int | None:
        return parse_major(self._astro.ask("dev", "run", "version"))


def _readable(stored: Sequence[StoredVariable]) -> Reading[StoredVariable]:
    lost = {one.key: _UNDECRYPTED for one in stored if one.text is None}
    return Reading(tuple(one for one in stored if one.text is not None), lost)


def _described(
    reading: Reading[StoredVariable], exported: Mapping[str, object] | None, request: Request
) -> Reading[StoredVariable]:
    """Return variables with the descriptions that the export tells; without one (None) none is known."""
    if not request.descriptions:
        return reading
    values = exported or {}
    told = [
        (one, parse_description(one.text or "", values[one.key]) if one.key in values else None)
        for one in reading.found
    ]
    found = tuple(replace(one, description=description or None) for one, description in told)
    return replace(reading, found=found, undescribed=tuple(one.key for one, description in told if description is None))


def _agree(told: Sequence[StoredVariable], exported: Mapping[str, object]) -> bool:
    """Tell whether the API is that of the same Airflow: another project's may answer on its port."""
    return {one.key for one in told} == exported.keys() and all(
        one.text is not None and says_the_same(one.text, exported[one.key]) for one in told
    )


def _behind_env(printed: str | None, exported: object, major: int | None) -> str | None:
    """Return the stored text of a variable that `.env` sets too, None where it cannot be told.

    What Airflow printed is `.env`'s; where that says the same it is the text. A described variable and a text that
    looks like one are told apart by the version only: Airflow 2 exports no descriptions.
    """
    if is_wrapped(exported) and major is None:
        return None
    stored = exported if major == _BARE else unwrap(exported)
    if printed is not None and says_the_same(printed, stored):
        return printed
    return stored if isinstance(stored, str) and stored and not _is_json(stored) else None


def _last_resort(export: _Export) -> Reading[StoredVariable]:
    """Keep the lines that prove themselves and refuse the rest, for lack of any exact source."""
    saved = export.proven or export.salvaged
    return _rest(export, tuple(StoredVariable(name, text) for name, text in saved.items()), saved)


def _rest(export: _Export, found: tuple[T, ...], saved: Collection[str]) -> Reading[T]:
    lost = {name: _LOST for name in export.names if name not in saved}
    return Reading(found, lost, incomplete=export.trusted_names is None)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
