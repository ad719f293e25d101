"""What several places do alike; a place takes the class that fits and says only what is its own."""

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from astro_sync.core.model import Name, Plan, Reason, Refusal, Snapshot, Write, Written
from astro_sync.errors import UsageError
from astro_sync.places.base import Prepared
from astro_sync.storage.backup import keep_entries, load_entries


class OpenPlace:
    """A place that holds nothing open, belongs to no workspace, and has ids for names."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind."""

    @property
    def workspace(self) -> str:
        """Return none."""
        return ""

    def remote_name(self, _name: Name) -> str | None:
        """Return None: the id is its own name."""
        return None


class _Held(Protocol):
    @property
    def address(self) -> str: ...
    @property
    def held(self) -> Snapshot: ...


class EntryBackups:
    """A place whose backups are the entries that were read last; of what is hidden, the name alone."""

    __slots__ = ()

    def keep_backup(self: _Held, folder: Path, now: datetime) -> Path | None:
        """Keep all that was read last."""
        entries = list(self.held.entries.values())
        return keep_entries(folder, self.address, entries, now) if entries else None

    def read_backup(self, backup: Path) -> Snapshot:
        """Return what a backup holds."""
        return Snapshot({entry.name: entry for entry in load_entries(backup)})


class ReadOnlyPlace(OpenPlace):
    """A place that can only be read."""

    __slots__ = ()

    def refusal(self, _write: Write) -> Refusal | None:
        """Return why it cannot hold this."""
        return Refusal(Reason.CANNOT_HOLD)

    def prepare(self, _plan: Plan) -> Prepared:
        """Refuse: raises UsageError."""
        raise UsageError(f"The {self} can only be read.")

    def apply(self, _prepared: Prepared) -> Written:
        """Refuse: raises UsageError."""
        raise UsageError(f"The {self} can only be read.")

    def keep_backup(self, _folder: Path, _now: datetime) -> Path | None:
        """Return None: nothing is changed here."""
        return None

    def read_backup(self, _backup: Path) -> Snapshot:
        """Return nothing: there are no backups."""
        return Snapshot()
