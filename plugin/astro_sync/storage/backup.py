"""Keep what a run is about to change, where neither git nor a Docker build sees it."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from astro_sync.core.model import Entry, Kind, Name, Value
from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load, locked, replace
from astro_sync.storage.syscalls import make_private

KEPT: Final = 10  # of each file and of each Deployment
_LOCK_SECONDS: Final = 10.0  # another run holds the folder for one small file


class BackupError(AstroSyncError):
    """Stop before any change, since what was there could not be kept."""

    code = "backup-failed"
    hint = "Put that right, or go on without a backup: `--no-backup`."


def folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return the folder of the backups; it need not be there yet."""
    state = Path(environ.get("XDG_STATE_HOME", ""))
    # The XDG base directory specification: a path that is not absolute is to be ignored, an empty one counts as unset.
    root = state if state.is_absolute() else home / ".local" / "state"
    return root / "astro-sync" / "backups"


def keep(folder: Path, name: str, data: bytes, now: datetime, *, suffix: str = "env") -> Path:
    """Write one backup and return its file; remove the older ones of `name` beyond the last ten.

    `name` tells whose backup it is: a file's absolute path, or a Deployment's id. `now` knows its time zone.
    Raises BackupError when nothing could be kept.
    """
    try:
        make_private(folder)
        with locked(folder, _LOCK_SECONDS, _say_nothing):
            stem = _stem(name)
            path = _free_path(folder, stem, now, suffix)
            replace(load(path), data)
            _remove_older(folder, stem, but=path)
    except OSError as error:
        raise BackupError(f"No backup could be kept in {folder}: {error.strerror}.") from error
    except AstroSyncError as error:
        raise BackupError(
            f"No backup could be kept. {error}", hint=f"{error.hint} Or go on without one: `--no-backup`."
        ) from error
    return path


def keep_entries(folder: Path, address: str, entries: Iterable[Entry], now: datetime) -> Path:
    """Keep what a shared place held, as one JSON document; a hidden value is kept by its name alone."""
    rows = [
        {
            "kind": entry.name.kind.value,
            "id": entry.name.id,
            "value": entry.value.reveal() if entry.value is not None else None,
            "secret": entry.secret,
            "description": entry.description,
        }
        for entry in entries
    ]
    document = {"address": address, "time": now.isoformat(), "entries": rows}
    return keep(folder, address, json.dumps(document, indent=1).encode(), now, suffix="json")


def load_entries(path: Path) -> list[Entry]:
    """Return what `keep_entries` kept; raises BackupError for a file that does not hold it."""
    try:
        rows = json.loads(load(path).data)["entries"]
        return [
            Entry(
                Name(Kind(row["kind"]), row["id"]),
                None if row["value"] is None else Value(row["value"]),
                row["secret"],
                row["description"],
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"The backup {path} cannot be read.", hint="Choose another one.") from None


def _say_nothing(_sentence: str) -> None:
    """Wait in silence: another run's backup takes a moment."""


def _stem(name: str) -> str:
    """Name a source so that a person recognises it and no other source has the same name."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", "/".join(Path(name).parts[-2:])).strip("-")[-40:].strip("-")
    return f"{readable or 'env'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _free_path(folder: Path, stem: str, now: datetime, suffix: str) -> Path:
    """Return a file name that sorts by time and that nothing has; a moment that is taken gives way to the next."""
    moment = now.astimezone(UTC)
    while True:
        path = folder / f"{stem}.{moment:%Y%m%dT%H%M%S.%fZ}.{suffix}"
        if not os.path.lexists(path):
            return path
        moment += timedelta(microseconds=1)


def _remove_older(folder: Path, stem: str, *, but: Path) -> None:
    """Leave the last ten; never remove the one just written, whatever the clock says."""
    pattern = re.compile(re.escape(stem) + r"\.\d{8}T\d{6}\.\d{6}Z\.(?:env|json)")
    found = sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name) and path != but)
    for path in found[: -(KEPT - 1)]:
        with suppress(OSError):  # one too many is no reason to stop a run
            path.unlink()
