"""A backup of a place, as the source of an `undo`."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Name, Plan, Refusal, Snapshot, Traits, Write, Written
from astro_sync.errors import UsageError
from astro_sync.places.base import AnyPlace, Prepared


@dataclass(slots=True)
class BackupPlace:
    """What a place held before a run, narrowed to the names that the run changed."""

    of: AnyPlace
    backup: Path | None
    names: frozenset[Name]
    kind: str = field(default="backup", init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hold nothing."""

    def __str__(self) -> str:
        return f"backup of {self.of}"

    @property
    def address(self) -> str:
        """Return the path of the backup."""
        return str(self.backup or "")

    @property
    def label(self) -> str:
        """Return its short name."""
        return "backup"

    @property
    def traits(self) -> Traits:
        """Return what the place is whose backup it is."""
        return self.of.traits

    @property
    def workspace(self) -> str:
        """Return none: it is in no workspace."""
        return ""

    def read(self, _wanted: Wanted) -> Snapshot:
        """Return the entries that the run changed, as they were."""
        if self.backup is None:
            return Snapshot()
        held = self.of.read_backup(self.backup)
        return Snapshot({name: entry for name, entry in held.entries.items() if name in self.names})

    def remote_name(self, _name: Name) -> str | None:
        """Return None: names are shown where they are written."""
        return None

    def refusal(self, _write: Write) -> Refusal | None:
        """Refuse: a backup is not written."""
        raise UsageError("A backup cannot be written to.")

    def prepare(self, _plan: Plan) -> Prepared:
        """Refuse: a backup is not written."""
        raise UsageError("A backup cannot be written to.")

    def apply(self, _prepared: Prepared) -> Written:
        """Refuse: a backup is not written."""
        raise UsageError("A backup cannot be written to.")

    def keep_backup(self, _folder: Path, _now: datetime) -> Path | None:
        """Return None: it is one."""
        return None

    def read_backup(self, _backup: Path) -> Snapshot:
        """Return nothing."""
        return Snapshot()
