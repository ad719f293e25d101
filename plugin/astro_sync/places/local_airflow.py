"""Read the metadata database of the local Airflow through the Astro CLI's export, and check what it wrote."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from astro_sync.airflow.connection import means_the_same
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.concurrency import together
from astro_sync.core.model import Note, Snapshot, Value, Variable, Warn
from astro_sync.errors import UnusableError
from astro_sync.places import metadata_database
from astro_sync.places.astro_cli import Answer, Astro, TimedOutError
from astro_sync.places.raw_file import prove, salvage
from astro_sync.storage.private import write_private

_LEFT_BEHIND: Final = ("tmp.var", "tmp.connections")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Name one half of the export in the words that the Astro CLI prints."""

    noun: str
    prefix: str
    printed: re.Pattern[str]
    complete: str
    emptied: str | None


_VARIABLES: Final = _Kind(
    "variables",
    VARIABLE,
    re.compile(r"Exporting Variable: (.*)$", re.MULTILINE),
    "Aiflow variables successfully export to the file",
    "variable json decode unsuccessful",
)
_CONNECTIONS: Final = _Kind(
    "connections",
    CONNECTION,
    re.compile(r"Exporting Connection: (.*)$", re.MULTILINE),
    "Aiflow connections successfully export to the file",
    None,
)


@dataclass(slots=True)
class LocalAirflow:
    """Export connections and variables of the local Airflow into a file in a private folder.

    `folder` is that private folder, `project` the folder in which `astro` works. `shadows` tells whether the local
    `.env` sets a name, since `airflow variables get` would then print that value.
    """

    astro: Astro
    project: Path
    folder: Path
    shadows: Callable[[str], bool]
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

    def read(self) -> Snapshot:
        """Return the metadata database's connections and variables under their environment names.

        Raises UnusableError if there is no project or Airflow does not run.
        """
        file = self.folder / "export.env"
        write_private(file, b"")
        answer = self.astro.run("dev", "object", "export", "--env-export", "--env", str(file))
        self._clean()
        _judge(answer, self.astro.timeout)
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        variables, connections = _split(answer.stdout, text)
        (found, unreadable), (more, unreadable_too) = together(
            lambda: self._settle(_VARIABLES, answer.stdout, variables, self._exact_variables),
            lambda: self._settle_connections(answer.stdout, connections),
        )
        return Snapshot({**found, **more}, {**unreadable, **unreadable_too}, warnings=tuple(self.warnings))

    def _settle(
        self, kind: _Kind, stdout: str, text: str, exact: Callable[[], metadata_database.Entries | None]
    ) -> tuple[Mapping[str, Variable], Mapping[str, str]]:
        names = kind.printed.findall(stdout)
        complete = kind.complete in stdout and not (kind.emptied and kind.emptied in stdout)
        keys = [kind.prefix + name.upper() for name in names]
        proven = prove(text, keys) if complete else None
        if proven is not None and all(proven):
            return _by_key(kind, metadata_database.Entries(tuple(zip(names, proven, strict=True))))
        if (entries := exact()) is not None:
            return _by_key(kind, entries)
        return _give_up(kind, keys, text if kind.complete in stdout else "")

    def _settle_connections(self, stdout: str, text: str) -> tuple[Mapping[str, Variable], Mapping[str, str]]:
        """Carry each connection by its fields; Airflow's own URI is kept where it says all of them."""
        names = _CONNECTIONS.printed.findall(stdout)
        if names or _CONNECTIONS.complete not in stdout:
            keys = [CONNECTION + name.upper() for name in names]
            fields = metadata_database.read_connections(self.astro)
            if fields is not None and {*fields.values, *fields.unreadable}.issuperset(keys):
                uris = dict(zip(keys, prove(text, keys) or (), strict=False))
                texts = {key: _keep_uri(uris.get(key, ""), exact) for key, exact in fields.values.items()}
                return {key: Variable(key, Value(text)) for key, text in texts.items()}, fields.unreadable
        return self._settle(_CONNECTIONS, stdout, text, self._connection_lines)

    def _exact_variables(self) -> metadata_database.Entries | None:
        return metadata_database.read_variables(self.astro, self.shadows)

    def _connection_lines(self) -> metadata_database.Entries | None:
        return metadata_database.read_connection_lines(self.astro)

    def _clean(self) -> None:
        """Remove the files full of passwords that the export forgets in a standalone project (contract, 2 and 5)."""
        for name in _LEFT_BEHIND:
            left = self.project / name
            if left.is_file() or left.is_symlink():
                left.unlink(missing_ok=True)
                text = f"The Astro CLI left {name}, with values in clear text; it was removed, there is nothing to do."
                self.warnings.append(Warn(Note.LEFT_BEHIND, None, text))


def _give_up(kind: _Kind, keys: Sequence[str], text: str) -> tuple[dict[str, Variable], dict[str, str]]:
    """Keep the lines that prove themselves and refuse the rest, for lack of any exact source."""
    saved = {key: line for key, line in salvage(text, keys).items() if line}
    reason = "the Astro CLI's export lost its value and Airflow could not be asked for it"
    lost = {key: reason for key in keys if key not in saved}
    if not lost:
        lost = {f"{kind.prefix}*": f"local Airflow's {kind.noun} could not all be read"}
    return {key: Variable(key, Value(line)) for key, line in saved.items()}, lost


def _keep_uri(uri: str, exact: str) -> str:
    """Return Airflow's own spelling of a connection if ours is a URI too and says the same."""
    return uri if uri and not exact.startswith("{") and means_the_same(uri, exact) else exact


def _by_key(kind: _Kind, entries: metadata_database.Entries) -> tuple[dict[str, Variable], dict[str, str]]:
    """Name each entry as the environment does, and refuse names that become one with different values."""
    found: dict[str, Variable] = {}
    names: dict[str, str] = {}
    unreadable = {kind.prefix + name.upper(): reason for name, reason in entries.unreadable.items()}
    for name, text in entries.found:
        key = kind.prefix + name.upper()
        variable = Variable(key, Value(text))
        if key in found and found[key].value != variable.value:
            unreadable[key] = f"{names[key]!r} and {name!r} in Airflow become this one name, with different values"
        found.setdefault(key, variable)
        names.setdefault(key, name)
    return {key: variable for key, variable in found.items() if key not in unreadable}, unreadable


def _split(stdout: str, text: str) -> tuple[str, str]:
    """Split the exported file where the connections begin: behind as many lines from the end as were printed."""
    count = len(_CONNECTIONS.printed.findall(stdout))
    if not count:
        return text, ""
    lines = text.split("\n")
    return "\n".join(lines[:-count]), "\n" + "\n".join(lines[-count:])


def _judge(answer: Answer, timeout: float) -> None:
    if answer.status is None:
        raise TimedOutError(f"`astro dev object export` did not end within {timeout:g} seconds.")
    if "this is not an Astro project directory" in answer.text:
        hint = "Change to your Astro project, or use --no-export to send the .env as it is."
        raise UnusableError("This folder is not an Astro project.", hint=hint)
    if _VARIABLES.complete in answer.stdout or _CONNECTIONS.complete in answer.stdout:
        return
    if "Cannot connect to the Docker daemon" in answer.text or "docker-compose status" in answer.text:
        hint = "Start Docker, run `astro dev start`, then try again; or use --no-export to send the .env as it is."
        raise UnusableError("Docker is not running, so your local Airflow is not either.", hint=hint)
    if "Failed to find a container runtime" in answer.text:
        hint = "Install Docker or Podman, or use --no-export to send the .env as it is."
        raise UnusableError("There is no container program here, so no local Airflow either.", hint=hint)
    if "project not running" in answer.text or "error exporting" in answer.text:
        hint = "Run `astro dev start`, then try again, or use --no-export to send the .env as it is."
        raise UnusableError("Your local Airflow is not running.", hint=hint)
    hint = "Run `astro dev object export --help`: the Astro CLI may be too old; or use --no-export."
    raise UnusableError("The Astro CLI could not export from your local Airflow.", hint=hint)
