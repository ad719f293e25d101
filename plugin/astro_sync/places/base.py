"""The systems that hold variables, one module each.

Each is a context manager (lock, temporary files, what `astro` leaves behind) with the same four verbs.
"""

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from astro_sync.core.model import Plan, Snapshot, Variable, Warn, Written


class Source(Protocol):
    """Read one system; every method may raise an `AstroSyncError`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self) -> Snapshot:
        """Return what the system holds now."""
        ...


class Endpoint(Source, Protocol):
    """Read and change one system; its text form names it to the user.

    `warnings` grows with what writing brought up.
    """

    warnings: list[Warn]

    def refusal(self, variable: Variable) -> str | None:
        """Return the reason why the system cannot hold this variable exactly, or None. Pure."""
        ...

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        """Keep what was read last in the backup folder and return the file, or None if there is nothing to keep."""
        ...

    def apply(self, plan: Plan) -> Written:
        """Write what the plan says, and decide nothing; an error that is raised may leave it half done."""
        ...
