"""Read and write the files of Airflow's own user interface and command line, and Astro's `airflow_settings.yaml`."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from astro_sync.core.model import Plan, Snapshot, Value, Variable, Written
from astro_sync.errors import GO_ON, RefusedError
from astro_sync.formats.content import FileContent
from astro_sync.places.locked_file import LockedFile


class Format(Protocol):
    """Know how one kind of file holds variables, under the names that they have in an environment. Pure."""

    def read(self, data: bytes) -> FileContent:
        """Return what the file holds; raises RefusedError for one that Airflow could not read."""
        ...

    def write(self, old: bytes, changes: Mapping[str, str]) -> bytes:
        """Return the file with these variables set, all else as it was."""
        ...

    def refusal(self, key: str, value: str) -> str | None:
        """Return why the file cannot hold a variable, or None."""
        ...


@dataclass(slots=True, kw_only=True)
class AirflowFile(LockedFile):
    """Hold one file of connections, variables or both for one run; `prefixes` begin the names that it can hold."""

    format: Format
    prefixes: tuple[str, ...]

    def read(self) -> Snapshot:
        """Return the connections and variables of the file."""
        try:
            found = self.format.read(self.load())
        except RefusedError as error:
            hint = error.hint or "Mend the file, then try again."
            raise RefusedError(f"{self}: {error}", hint=hint) from None
        variables = {key: Variable(key, Value(text)) for key, text in found.values.items()}
        return Snapshot(variables, found.unreadable, prefixes=self.prefixes, by_meaning=True)

    def refusal(self, variable: Variable) -> str | None:
        """Return why the file cannot hold this variable."""
        if variable.value is None:
            return "its value is not known"
        reason = self.format.refusal(variable.key, variable.value.reveal())
        return reason and f"{reason}{GO_ON}--exclude {shlex.quote(variable.key)} or --partial"

    def apply(self, plan: Plan) -> Written:
        """Put the planned values into the file and replace it at once."""
        texts = {change.key: change.value.reveal() for change in plan.writes if change.value is not None}
        self.rewrite(self.format.write(self.data, texts))
        return Written()
