"""`undo`: put back what the last run changed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from astro_sync.commands.context import RunContext, prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.commands.outcome import outcome_of
from astro_sync.config.options import MoveOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.filters import Filters
from astro_sync.core.model import Action, Change, Reason, Refusal
from astro_sync.core.outcome import RunOutcome
from astro_sync.core.plan import Policy, Undoing
from astro_sync.errors import AstroSyncError
from astro_sync.places.backup_place import BackupPlace
from astro_sync.places.base import AnyPlace, Role
from astro_sync.storage.journal import Changed, latest_run
from astro_sync.sync.pipeline import Destination, Move, sync_each


@dataclass(kw_only=True, eq=False, repr=False)
class UndoOptions(MoveOptions):
    """What `undo` takes: the run that it undoes has decided the rest."""

    fixed = frozenset(
        {
            *("include", "exclude", "airflow_only", "rotate", "secret", "plain", "partial"),
            *("allow_expansion", "allow_placeholder", "allow_reserved", "line_breaks", "exact_json", "id_case"),
            *("with_secrets", "auto_link"),
        }
    )


def run(settings: ResolvedSettings[UndoOptions], invocation: Invocation) -> RunOutcome:
    """Put back what the last run changed, from its backups; name what cannot be put back."""
    with prepare(settings, invocation) as context:
        found = latest_run(context.runs)
        if found is None:
            return RunOutcome(command="undo", dry_run=settings.options.dry_run, lines=("There is nothing to undo.",))
        path, last = found
        when = datetime.fromisoformat(last.time).astimezone()
        invocation.terminal.tell(f"Undoing `{last.command}` of {when:%Y-%m-%d %H:%M:%S}.")
        moves = [_move(context, changed) for changed in last.places]
        result = sync_each(moves, context.sync_options())
        if not settings.options.dry_run and result.error is None:
            path.unlink(missing_ok=True)
    outcome = outcome_of("undo", result, settings)
    return outcome._replace(details={"undone": {"command": last.command, "time": last.time}})


def _move(context: RunContext[UndoOptions], changed: Changed) -> Move:
    """Return the move that puts one place back."""
    place = context.place(changed.address, Role.DESTINATION, workspace=changed.workspace or None)
    if not changed.backup and changed.updated:
        raise AstroSyncError(f"The last run kept no backup of {changed.address}.", hint="It ran with --no-backup.")
    names, created = frozenset(changed.updated), frozenset(changed.created if place.traits.removes else ())
    policy = Policy(
        filters=Filters(),
        on_conflict=context.on_conflict(context.options),
        allow_reserved=frozenset(name.key for name in names),
        allow_placeholder=frozenset(name.key for name in names),
        allow_expansion=("*",),
        exact_json=True,
        undoing=Undoing(names, created),
    )
    backup = Path(changed.backup) if changed.backup else None
    compare = context.receipts().comparing_left(place.address, changed.left)
    return Move(BackupPlace(place, backup, names), Destination(place, policy), tuple(_left(place, changed)), compare)


def _left(place: AnyPlace, changed: Changed) -> list[Change]:
    """Return what cannot be put back: new entries of a place that nothing is deleted from, and unknown values."""
    stays = () if place.traits.removes else changed.created
    created = [Change(name, Action.KEEP, why=Refusal(Reason.NOT_UNDONE_NEW)) for name in stays]
    hidden = [
        Change(name, Action.SECRET_KEPT, secret=True, why=Refusal(Reason.NOT_UNDONE_SECRET)) for name in changed.hidden
    ]
    return [*created, *hidden]
