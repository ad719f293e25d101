"""Turn what a sync returned into the outcome of a command."""

from collections.abc import Iterator
from typing import TypeVar

from astro_sync.config.file import Config
from astro_sync.config.options import MoveOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.model import Notice, WarningCode
from astro_sync.core.outcome import PlaceOutcome, RunOutcome
from astro_sync.core.verify import Outcome
from astro_sync.places.base import AnyPlace
from astro_sync.sync.pipeline import RunResult, Step

_M = TypeVar("_M", bound=MoveOptions)


def outcome_of(command: str, result: RunResult, settings: ResolvedSettings[_M]) -> RunOutcome:
    """Return the outcome of a move: its source, then each destination."""
    options = settings.options
    sources = {step.source.address: step.source for step in result.steps}
    written = {step.place.address for step in result.steps}
    places = [source_outcome(place) for address, place in sources.items() if address not in written]
    places += [_step_outcome(step, result, dry_run=options.dry_run) for step in result.steps]
    return RunOutcome(
        command=command,
        dry_run=options.dry_run,
        places=tuple(places),
        warnings=tuple(dict.fromkeys((*result.warnings, *_unmatched(settings)))),
        confirmed=result.confirmed,
        error=result.error,
        bug=result.bug,
        exit_code=result.exit_code,
    )


def _unmatched(settings: ResolvedSettings[_M]) -> Iterator[Notice]:
    """Yield a notice for each --yes-protected that names no target."""
    targets = settings.config.targets if isinstance(settings.config, Config) else {}
    for name in settings.options.yes_protected:
        if name not in targets:
            yield Notice(WarningCode.UNMATCHED, None, f"--yes-protected {name}")


def source_outcome(place: AnyPlace, warnings: tuple[Notice, ...] = ()) -> PlaceOutcome:
    """Return a place that was only read."""
    return PlaceOutcome(
        address=place.address,
        kind=place.kind,
        label=place.label,
        title=str(place),
        role="source",
        warnings=warnings,
        is_file=place.traits.atomic,
    )


def _step_outcome(step: Step, result: RunResult, *, dry_run: bool) -> PlaceOutcome:
    place = step.place
    given_up = result.error is not None and step.verification is None
    return PlaceOutcome(
        address=place.address,
        kind=place.kind,
        label=place.label,
        title=str(place),
        role="destination",
        applied=not (dry_run or given_up) and step.outcome is Outcome.AS_PLANNED,
        changes=step.changes,
        warnings=step.warnings,
        backup=step.backup,
        calls=step.prepared.calls,
        restarts=0 if given_up else step.restarts,
        in_argv=step.prepared.in_argv,
        is_file=place.traits.atomic,
    )
