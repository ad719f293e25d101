"""Keep what a run is about to change, where neither git nor a Docker build sees it."""

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load, locked, replace
from astro_sync.storage.syscalls import PRIVATE_FOLDER

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


def keep(folder: Path, name: str, data: bytes, now: datetime) -> Path:
    """Write one backup and return its file; remove the older ones of `name` beyond the last ten.

    `name` tells whose backup it is: a file's absolute path, or a Deployment's id. `now` knows its time zone.
    Raises BackupError when nothing could be kept.
    """
    try:
        _make_private(folder)
        with locked(folder, _LOCK_SECONDS, _say_nothing):
            stem = _stem(name)
            path = _free_path(folder, stem, now)
            replace(load(path), data)
            _remove_older(folder, stem)
    except OSError as error:
        raise BackupError(f"No backup could be kept in {folder}: {error.strerror}.") from error
    except AstroSyncError as error:
        raise BackupError(
            f"No backup could be kept. {error}", hint=f"{error.hint} Or go on without one: `--no-backup`."
        ) from error
    return path


def _make_private(folder: Path) -> None:
    """Make the folder and the missing ones above it, whatever the umask says; an existing one is closed to others."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(PRIVATE_FOLDER, exist_ok=True)
        path.chmod(PRIVATE_FOLDER)
    status = folder.stat()
    if os.geteuid() not in {status.st_uid, 0}:
        raise AstroSyncError(f"The folder {folder} belongs to another user.")
    if status.st_mode & 0o077:
        folder.chmod(PRIVATE_FOLDER)


def _say_nothing(_sentence: str) -> None:
    """Wait in silence: another run's backup takes a moment."""


def _stem(name: str) -> str:
    """Name a source so that a person recognises it and no other source has the same name."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", "/".join(Path(name).parts[-2:])).strip("-")[-40:].strip("-")
    return f"{readable or 'env'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _free_path(folder: Path, stem: str, now: datetime) -> Path:
    """Return a file name that sorts by time and that nothing has; a moment that is taken gives way to the next."""
    moment = now.astimezone(UTC)
    while True:
        path = folder / f"{stem}.{moment:%Y%m%dT%H%M%S.%fZ}.env"
        if not os.path.lexists(path):
            return path
        moment += timedelta(microseconds=1)


def _remove_older(folder: Path, stem: str) -> None:
    pattern = re.compile(re.escape(stem) + r"\.\d{8}T\d{6}\.\d{6}Z\.env")
    for path in sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))[:-KEPT]:
        with suppress(OSError):  # one too many is no reason to stop a run
            path.unlink()
