"""A file of Airflow's own user interface and command line, or Astro's `airflow_settings.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Entry, Names, Plan, Reason, Refusal, Snapshot, Traits, Value, Write
from astro_sync.errors import RefusedError, UsageError
from astro_sync.formats import (
    airflow_settings,
    connections_env,
    connections_json,
    connections_yaml,
    variables_json,
)
from astro_sync.formats.content import FileWrite, Format
from astro_sync.places.base import Role, Surroundings
from astro_sync.places.locked_file import LockedFile, PreparedFile
from astro_sync.storage.atomic import load

# The formats by the scheme of an address, then by the ending of the file's name.
FORMATS: Final[Mapping[str, Mapping[str, Format]]] = {
    "variables": {".json": variables_json},
    "connections": {
        ".json": connections_json,
        ".yaml": connections_yaml,
        ".yml": connections_yaml,
        ".env": connections_env,
    },
    "settings": {".yaml": airflow_settings, ".yml": airflow_settings},
}
# The names that Airflow and the Astro CLI themselves give to these files.
_NAMES: Final = {"variables": "variables", "connections": "connections", "airflow_settings": "settings"}


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class AirflowFile(LockedFile):
    """One file of connections, variables or both, under the ids that Airflow gives them."""

    format: Format
    kind: str
    traits: Traits = field(init=False)

    def __post_init__(self) -> None:
        self.traits = Traits(
            Names.AIRFLOW,
            kinds=self.format.KINDS,
            atomic=True,
            as_fields=True,
            descriptions=self.format.DESCRIPTIONS,
        )

    def read(self, _wanted: Wanted) -> Snapshot:
        """Return the connections and variables of the file."""
        return self._snapshot(self.load())

    def refusal(self, write: Write) -> Refusal | None:
        """Return why the file cannot hold this."""
        return self.format.refusal(_file_write(write))

    def prepare(self, plan: Plan) -> PreparedFile:
        """Put the planned values into the file, all else as it was."""
        data = self.format.write(self.data, [_file_write(write) for write in plan.writes])
        return PreparedFile(writes=plan.writes, calls=1, data=data)

    def read_backup(self, backup: Path) -> Snapshot:
        """Return what a backup of the file holds."""
        return self._snapshot(load(backup).data)

    def _snapshot(self, data: bytes) -> Snapshot:
        try:
            found = self.format.read(data)
        except RefusedError as error:
            hint = error.hint or "Mend the file, then try again."
            raise RefusedError(f"{self}: {error}", hint=hint) from None
        entries = {}
        for each in found:
            problem = None if each.problem is None else Refusal(Reason.UNREADABLE, each.problem)
            value = None if each.text is None or problem else Value(each.text)
            entries[each.name] = Entry(each.name, value, description=each.description, problem=problem)
        return Snapshot(entries)


def open_airflow_file(scheme: str, path: str, role: Role, around: Surroundings) -> AirflowFile:
    """Return the file of an address with a scheme; raises UsageError for an ending that its kind does not have."""
    formats = FORMATS[scheme]
    suffix = PurePath(path).suffix
    if suffix not in formats:
        hint = f"Its name should end in {', '.join(formats)}."
        raise UsageError(f"The ending of {path} does not tell its format.", hint=hint)
    is_source = role is Role.SOURCE
    return AirflowFile(
        path=around.cwd / path,
        label=path,
        timeout=around.timeout,
        tell=around.tell,
        must_exist=is_source,
        read_only=is_source,
        format=formats[suffix],
        kind=scheme,
    )


def open_named_file(path: str, role: Role, around: Surroundings) -> AirflowFile:
    """Return the file that its name alone describes; raises UsageError for a name that does not tell what it holds."""
    pure = PurePath(path)
    scheme = _NAMES.get(pure.stem)
    if scheme and pure.suffix in FORMATS[scheme]:
        return open_airflow_file(scheme, path, role, around)
    fitting = [f"{each}:{path}" for each, formats in FORMATS.items() if pure.suffix in formats]
    raise UsageError(f"The name {path} does not tell what the file holds.", hint=f"Write {_either(fitting)}.")


def _either(words: list[str]) -> str:
    import shlex

    return " or ".join(map(shlex.quote, words))


def _file_write(write: Write) -> FileWrite:
    return FileWrite(write.name, write.value.reveal(), write.description)
