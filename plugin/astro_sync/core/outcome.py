"""What a command returns: what became of each place and each key, as far as the run went. Pure."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from astro_sync.core.compare import Compared
from astro_sync.core.model import Change, Name, Notice, Result
from astro_sync.errors import AstroSyncError, ExitCode


class PlaceOutcome(NamedTuple):
    """What became of one place.

    `label` heads its column, `title` names it in full. `role` is `source` or `destination`. `applied`: it holds what
    was planned, as read back. `undo` is the command that puts its backup back.
    """

    address: str
    kind: str
    label: str
    title: str
    role: str
    applied: bool = False
    changes: tuple[Change, ...] = ()
    compared: tuple[Compared, ...] = ()
    warnings: tuple[Notice, ...] = ()
    backup: Path | None = None
    calls: int = 0
    restarts: int = 0
    in_argv: tuple[Name, ...] = ()
    is_file: bool = False


class Table(NamedTuple):
    """A table of a command's own; without rows there is none."""

    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class RunOutcome(NamedTuple):
    """What became of one run.

    `table` and `lines` are what a command prints in place of a report, `details` what it adds to its JSON. `confirmed`:
    the plan was shown before a question, so only what differs from it is told afterwards. `bug` is what broke the
    writing off; the error tells of it.
    """

    command: str
    dry_run: bool = False
    places: tuple[PlaceOutcome, ...] = ()
    warnings: tuple[Notice, ...] = ()
    table: Table = Table()
    lines: tuple[str, ...] = ()
    details: Mapping[str, object] = MappingProxyType({})
    confirmed: bool = False
    error: AstroSyncError | None = None
    bug: Exception | None = None
    exit_code: ExitCode = ExitCode.DONE

    @property
    def may_have_changed(self) -> bool:
        """Tell whether a shared place was changed, or may have been."""
        untouched = {Result.PLANNED, Result.NOT_WRITTEN}
        shared = (place for place in self.places if not place.is_file)
        return any(change.result not in untouched for place in shared for change in place.changes)
