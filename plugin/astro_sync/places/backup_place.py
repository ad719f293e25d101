"""A backup of a place, as the source of an `undo`."""

from dataclasses import dataclass, field
from pathlib import Path

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Name, Snapshot, Traits
from astro_sync.errors import UnusableError
from astro_sync.places.base import AnyPlace
from astro_sync.places.common import ReadOnlyPlace


@dataclass(slots=True, eq=False, repr=False)
class BackupPlace(ReadOnlyPlace):
    """What a place held before a run, narrowed to the names that the run changed."""

    of: AnyPlace
    backup: Path | None
    names: frozenset[Name]
    kind: str = field(default="backup", init=False)

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

    def read(self, _wanted: Wanted) -> Snapshot:
        """Return the entries that the run changed, as they were; raises UnusableError for a backup without them."""
        if self.backup is None:
            return Snapshot()
        held = self.of.read_backup(self.backup)
        if lost := self.names - held.entries.keys():
            keys = ", ".join(sorted(name.key for name in lost))
            hint = "Nothing was put back; put the values back by hand."
            raise UnusableError(f"The backup {self.backup} is gone or not whole: it lacks {keys}.", hint=hint)
        return Snapshot({name: entry for name, entry in held.entries.items() if name in self.names})
