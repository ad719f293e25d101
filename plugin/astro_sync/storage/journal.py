"""Record what the last runs changed, so that `undo` knows what to put back; names only, never a value."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from astro_sync.core.model import Kind, Name
from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load
from astro_sync.storage.backup import keep

_NAME: Final = "run"


class JournalError(AstroSyncError):
    """A record of a run that cannot be read."""

    code = "journal-unreadable"


@dataclass(frozen=True, slots=True)
class ChangedPlace:
    """What a run changed in one place; `backup` holds what was there (None: nothing, or --no-backup).

    `secret` are those of the created and updated entries whose old or new value nobody can read again.
    """

    address: str
    backup: Path | None = None
    created: tuple[Name, ...] = ()
    updated: tuple[Name, ...] = ()
    secret: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run that changed something."""

    command: str
    time: datetime
    places: tuple[ChangedPlace, ...]


def keep_run(folder: Path, run: RecordedRun) -> Path:
    """Record a run beside the last nine, whatever the clock says; raises AstroSyncError where that is not possible."""
    number = max((number for number, _ in _runs(folder, careful=False)), default=0) + 1
    document = {
        "number": number,
        "command": run.command,
        "time": run.time.isoformat(),
        "places": [_place_row(place) for place in run.places],
    }
    return keep(folder, _NAME, json.dumps(document, indent=1).encode(), run.time, suffix="json")


def latest_run(folder: Path) -> RecordedRun | None:
    """Return the run that was recorded last, None if there is none.

    Raises JournalError when a record cannot be read: another run than the last must not be undone by mistake.
    """
    found = max(_runs(folder, careful=True), key=lambda row: row[0], default=None)
    return found[1] if found else None


def _runs(folder: Path, *, careful: bool) -> Iterable[tuple[int, RecordedRun]]:
    for path in sorted(folder.glob(f"{_NAME}-*.json")) if folder.is_dir() else ():
        try:
            row = json.loads(load(path).data)
            places = tuple(_place(each) for each in row["places"])
            yield int(row["number"]), RecordedRun(row["command"], datetime.fromisoformat(row["time"]), places)
        except (ValueError, KeyError, TypeError, RecursionError, AstroSyncError):
            if careful:
                hint = f"Put back by hand what you need from {folder.parent / 'backups'}, then remove that file."
                raise JournalError(f"The record of a run, {path}, cannot be read.", hint=hint) from None


def _place_row(place: ChangedPlace) -> dict[str, Any]:
    return {
        "address": place.address,
        "backup": str(place.backup) if place.backup else None,
        "created": [[name.kind.value, name.id] for name in place.created],
        "updated": [[name.kind.value, name.id] for name in place.updated],
        "secret": [[name.kind.value, name.id] for name in place.secret],
    }


def _place(row: dict[str, Any]) -> ChangedPlace:
    created, updated, secret = (
        tuple(Name(Kind(kind), id_) for kind, id_ in row[which]) for which in ("created", "updated", "secret")
    )
    return ChangedPlace(row["address"], Path(row["backup"]) if row["backup"] else None, created, updated, secret)
