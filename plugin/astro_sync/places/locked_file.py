"""One file for one run: locked from before the first reading to the end, backed up, replaced at once."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from astro_sync.core.model import Written
from astro_sync.errors import UsageError
from astro_sync.places.base import Prepared
from astro_sync.places.common import OpenPlace
from astro_sync.storage.atomic import Loaded, folder_of, load, locked, replace
from astro_sync.storage.backup import keep


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedFile(Prepared):
    """The bytes that a file will have."""

    data: bytes = field(repr=False)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class LockedFile(OpenPlace):
    """One file; `label` is how the user called it.

    `must_exist`: a missing file is an error, not an empty one. `read_only`: never written, so never locked.
    """

    path: Path
    label: str
    timeout: float
    tell: Callable[[str], None]
    must_exist: bool = False
    read_only: bool = False
    _loaded: Loaded | None = field(default=None, init=False)
    _lock: AbstractContextManager[None] = field(default_factory=nullcontext, init=False)

    def __enter__(self) -> Self:
        if not self.read_only:
            folder = folder_of(self.path)
            if not folder.is_dir():
                if self.path.is_symlink():
                    # It says itself what is wrong with a link that leads nowhere.
                    load(self.path)
                raise UsageError(f"There is no folder {folder}.", hint="Make it first, or name another file.")
            self._lock = locked(folder, self.timeout, self.tell)
        self._lock.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.__exit__(kind, error, trace)

    def __str__(self) -> str:
        return self.label

    @property
    def address(self) -> str:
        """Return the path that the file really has."""
        return os.path.realpath(self.path)

    def load(self) -> bytes:
        """Return the bytes of the file; raises UsageError for a missing one that must exist."""
        self._loaded = load(self.path)
        if self.must_exist and not self._loaded.exists:
            raise UsageError(f"There is no file {self}.", hint="Check its name, or make it first.")
        return self._loaded.data

    def apply(self, prepared: PreparedFile) -> Written:
        """Replace the whole file that was read before."""
        self.rewrite(prepared.data)
        return Written()

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        """Keep the file as it was read last."""
        loaded = self._loaded
        return keep(folder, str(loaded.target), loaded.data, now) if loaded and loaded.exists else None

    @property
    def data(self) -> bytes:
        """Return the bytes that were read last."""
        return self._loaded.data if self._loaded else b""

    def rewrite(self, data: bytes) -> None:
        """Replace the whole file that was read before."""
        if self._loaded is None:
            raise RuntimeError("a file is read before it is changed")
        replace(self._loaded, data)

    def restrict(self, mode: int) -> None:
        """Set the permission bits of the file."""
        self.path.chmod(mode)
