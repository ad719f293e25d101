"""Keep what a run is about to change, where neither git nor a Docker build sees it."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from astro_sync.core.model import Entry, Kind, Name, Value
from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load, locked, replace
from astro_sync.storage.syscalls import digest_of, make_private

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

    `name` tells whose backup it is: a file's absolute path, or a place's address. `now` knows its time zone.
    Raises BackupError when nothing could be kept.
    """
    try:
        make_private(folder)
        with locked(folder, _LOCK_SECONDS, _say_nothing):
            stem = _stem(name)
            path = _free_path(folder, stem, now, suffix)
            replace(load(path), data)
            _remove_older(folder, stem, newest=path)
    except OSError as error:
        raise BackupError(f"No backup could be kept in {folder}: {error.strerror}.") from error
    except AstroSyncError as error:
        hint = f"{error.hint} Or go on without one: `--no-backup`." if error.hint else None
        raise BackupError(f"No backup could be kept. {error}", hint=hint) from error
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
            "exact": entry.exact,
        }
        for entry in entries
    ]
    document = {"address": address, "time": now.isoformat(), "entries": rows}
    return keep(folder, address, json.dumps(document, indent=1).encode(), now, suffix="json")


def load_entries(path: Path) -> list[Entry]:
    """Return what `keep_entries` kept; raises BackupError for a file that does not hold it."""
    try:
        loaded = load(path)
        if not loaded.exists:
            raise BackupError(f"There is no backup {path}.", hint="Choose another one.")
        return [
            Entry(
                Name(Kind(row["kind"]), row["id"]),
                None if row["value"] is None else Value(row["value"]),
                row["secret"],
                row["description"],
                exact=row.get("exact", True),  # the first versions kept none
            )
            for row in json.loads(loaded.data)["entries"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BackupError(f"The backup {path} cannot be read.", hint="Choose another one.") from None


def _say_nothing(_sentence: str) -> None:
    """Wait in silence: another run's backup takes a moment."""


def _stem(name: str) -> str:
    """Name a source so that a person recognises it and no other source has the same name."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", "/".join(Path(name).parts[-2:])).strip("-")[-40:].strip("-")
    return f"{readable or 'env'}-{digest_of(name)[:8]}"


def _free_path(folder: Path, stem: str, now: datetime, suffix: str) -> Path:
    """Return a file name that sorts by time and that nothing has; a moment that is taken gives way to the next."""
    moment = now.astimezone(UTC)
    while True:
        path = folder / f"{stem}.{moment:%Y%m%dT%H%M%S.%fZ}.{suffix}"
        if not os.path.lexists(path):
            return path
        moment += timedelta(microseconds=1)


def _remove_older(folder: Path, stem: str, *, newest: Path) -> None:
    """Leave the last ten; those of a date to come were written before this one, by a clock that was ahead."""
    older = (path for path in _backups_of(folder, stem) if path != newest)
    for path in sorted(older, key=lambda path: (path.name < newest.name, path.name))[: -(KEPT - 1)]:
        with suppress(OSError):  # one too many is no reason to stop a run
            path.unlink()


def _backups_of(folder: Path, stem: str) -> Iterator[Path]:
    pattern = re.compile(re.escape(stem) + r"\.\d{8}T\d{6}\.\d{6}Z\.(?:env|json)")
    return (path for path in folder.iterdir() if pattern.fullmatch(path.name))
