"""The nouns of a run: one leg for each destination, the terms that the user set, and the result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from astro_sync.core.model import Change, OnConflict, Plan, Snapshot, Warn, Written
from astro_sync.core.plan import Policy
from astro_sync.core.verify import Judgement, Verdict
from astro_sync.errors import AstroSyncError, ExitCode
from astro_sync.places.base import Endpoint


@dataclass(slots=True)
class Leg:
    """Hold one move into one destination: what stood there, the plan, and what came of it."""

    destination: Endpoint
    before: Snapshot
    plan: Plan
    judgement: Judgement | None = None
    written: Written | None = None
    backup: Path | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return the decisions, with what the read-back found."""
        return self.judgement.changes if self.judgement else self.plan.changes

    @property
    def warnings(self) -> tuple[Warn, ...]:
        """Return what the plan, the destination and the read-back have to say."""
        found = self.judgement.warnings if self.judgement else ()
        return (*self.before.warnings, *self.plan.warnings, *self.destination.warnings, *found)

    @property
    def verdict(self) -> Verdict:
        """Tell how the destination stands to the plan; a leg that was never carried out left it untouched."""
        if self.judgement:
            return self.judgement.verdict
        return Verdict.UNTOUCHED if self.plan.changes_something else Verdict.PLANNED


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold what the user decided for one run, how to ask, and where backups go (None: nowhere).

    `compares_only`: nothing will be written, so no destination need be able to hold what it lacks.
    """

    policy: Callable[[Endpoint], Policy]
    ask: Callable[[Sequence[Change], Endpoint], Mapping[str, OnConflict]]
    confirm: Callable[[Sequence[Leg]], bool]
    interrupted: Callable[[], None]
    note: Callable[[str], None]
    backups: Path | None
    now: datetime
    dry_run: bool = False
    partial: bool = False
    exit_code: bool = False
    jobs: int = 8
    compares_only: bool = False


@dataclass(slots=True)
class Result:
    """Hold the legs of a run, as far as it went, and how it ended."""

    legs: list[Leg] = field(default_factory=list)
    warnings: tuple[Warn, ...] = ()
    error: AstroSyncError | None = None
    exit_code: ExitCode = ExitCode.DONE
