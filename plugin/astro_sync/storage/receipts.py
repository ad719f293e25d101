"""Keep receipts of the secrets that were sent, and the key of this machine that makes them worthless to others."""

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from astro_sync.core.compare import SecretState
from astro_sync.core.model import Name, Value
from astro_sync.core.receipts import Receipt, ReceiptKey, is_sealed, seal
from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load, locked, replace
from astro_sync.storage.private import write_private
from astro_sync.storage.syscalls import digest_of, make_private

_KEY_FILE: Final = "key"
_KEY_BYTES: Final = 32
_LOCK_SECONDS: Final = 10.0  # another run holds the folder for one small file
_SUFFIX: Final = ".json"
# Places are written side by side; the lock on the folder is one of processes.
_writing: Final = threading.Lock()

_T = TypeVar("_T")
# Tells of a name, the value that is to be there and the place's `updated_at` what the receipts know.
Judge = Callable[[Name, Value, str], SecretState]


class _NoReceiptsError(Exception):
    """The reason, in a clause, why a file counts as none."""


@dataclass(slots=True, eq=False, repr=False)
class Receipts:
    """The receipts of one machine. What is lost, cut, foreign or open to others counts as none; nothing raises.

    `tell` gets a sentence for each thing that should not be so.
    """

    folder: Path
    tell: Callable[[str], None]
    _told: set[str] = field(default_factory=set)

    def judge(self, place: str) -> Judge:
        """Return what is known of the secrets of a place, which is named by its address."""
        own = ReceiptKey(b"", place)
        kept: dict[str, Receipt] = {}
        try:
            own = ReceiptKey(self._key(), place)
            kept = _read(self._path(place), own.machine)
        except (_NoReceiptsError, AstroSyncError, OSError) as error:
            self._warn(error)

        def known(name: Name, value: Value, updated_at: str) -> SecretState:
            return own.compare(name, value, updated_at, kept.get(own.hide(name)))

        return known

    def keep(self, place: str, sent: Iterable[tuple[Name, Value, str]]) -> None:
        """Keep a receipt of each secret that was sent, with the `updated_at` that the place told afterwards.

        What another run kept meanwhile stays. One without `updated_at` would tell nothing, so none is kept of it.
        """
        rows = list(sent)
        if not rows:
            return
        path = self._path(place)
        try:
            make_private(self.folder)
            with _writing, locked(self.folder, _LOCK_SECONDS, lambda _sentence: None):
                own = ReceiptKey(self._key_or_new(), place)
                kept = self._kept_before(path, own.machine)
                for name, value, updated_at in rows:
                    kept[own.hide(name)] = own.make(name, value, updated_at, os.urandom(16))
                data = _dump(own.machine, path, {name: receipt for name, receipt in kept.items() if receipt.updated_at})
                replace(load(path), data)
        except (_NoReceiptsError, AstroSyncError, OSError) as error:
            self._warn(error)

    def key_of(self, place: str, *, make: bool) -> ReceiptKey | None:
        """Return the key of this machine for a place, with `make` a new one where there is none."""
        try:
            if not make:
                return ReceiptKey(self._key(), place)
            make_private(self.folder)
            with _writing, locked(self.folder, _LOCK_SECONDS, lambda _sentence: None):
                return ReceiptKey(self._key_or_new(), place)
        except (_NoReceiptsError, AstroSyncError, OSError) as error:
            self._warn(error)
            return None

    def count(self) -> int:
        """Return of how many secrets there is a receipt."""
        found = 0
        with suppress(_NoReceiptsError, AstroSyncError, OSError):
            key = self._key()
            for path in self.folder.glob(f"*{_SUFFIX}"):
                with suppress(_NoReceiptsError, AstroSyncError, OSError):
                    found += len(_read(path, key))
        return found

    def _path(self, place: str) -> Path:
        return self.folder / f"{digest_of(place)[:32]}{_SUFFIX}"

    def _key(self) -> bytes:
        path = self.folder / _KEY_FILE
        key = _read_own(path)
        if len(key) != _KEY_BYTES:
            raise _NoReceiptsError(f"{path} is not whole")
        return key

    def _key_or_new(self) -> bytes:
        """Return the key; one that cannot be trusted gives way to a new one, and with it what it made."""
        path = self.folder / _KEY_FILE
        if key := self._clear_away(path, self._key):
            return key
        new = self.folder / f".{_KEY_FILE}.astro-sync-{os.urandom(8).hex()}.tmp"
        try:
            write_private(new, os.urandom(_KEY_BYTES))
            # A link is made by one process only, with or without locks.
            with suppress(FileExistsError):
                os.link(new, path)
        finally:
            new.unlink(missing_ok=True)
        return self._key()

    def _kept_before(self, path: Path, key: bytes) -> dict[str, Receipt]:
        return self._clear_away(path, lambda: _read(path, key)) or {}

    def _clear_away(self, path: Path, read: Callable[[], _T]) -> _T | None:
        """Return what a file holds; one that cannot be trusted is removed."""
        try:
            return read()
        except FileNotFoundError:
            return None
        except (_NoReceiptsError, AstroSyncError) as error:
            self._warn(error)
            path.unlink()
            return None

    def _warn(self, error: Exception) -> None:
        if isinstance(error, FileNotFoundError):
            return
        about = f"{self.folder}: {error.strerror}" if isinstance(error, OSError) else str(error).rstrip(".")
        if about not in self._told:
            self._told.add(about)
            self.tell(f"Some secrets have no receipt, so it is not known whether they changed: {about}.")


def _read(path: Path, key: bytes) -> dict[str, Receipt]:
    """Return the receipts of a file; FileNotFoundError or _NoReceiptsError where there are none."""
    try:
        found = json.loads(_read_own(path))
        content, proof = found["receipts"], found["seal"]
        if not is_sealed(key, path.stem, content.encode(), proof):
            raise _NoReceiptsError(f"{path} was not written by this machine, or is damaged")
        return {
            name: Receipt(bytes.fromhex(salt), bytes.fromhex(digest), updated_at)
            for name, (salt, digest, updated_at) in json.loads(content).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _NoReceiptsError(f"{path} is not whole") from None


def _read_own(path: Path) -> bytes:
    """Return a file of the user's own that nobody else can read; raises FileNotFoundError if there is none."""
    if path.is_symlink():
        raise _NoReceiptsError(f"{path} is a symbolic link")
    loaded = load(path)
    if loaded.status is None:
        raise FileNotFoundError
    if not _is_own(loaded.status):
        raise _NoReceiptsError(f"{path} belongs to another user, or others can read it")
    return loaded.data


def _is_own(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _dump(key: bytes, path: Path, kept: Mapping[str, Receipt]) -> bytes:
    rows = {name: (each.salt.hex(), each.digest.hex(), each.updated_at) for name, each in kept.items()}
    content = json.dumps(rows, sort_keys=True)
    return json.dumps({"receipts": content, "seal": seal(key, path.stem, content.encode())}).encode()
