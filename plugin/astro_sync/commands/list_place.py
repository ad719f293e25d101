"""`list`: what a place holds, by name; no values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from astro_sync.commands.context import RunContext, filters, prepare
from astro_sync.commands.effective import addresses, read_stores
from astro_sync.commands.invocation import Invocation
from astro_sync.commands.outcome import source_outcome
from astro_sync.config.options import ReadOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.console.objects import effective_notes, effective_table, object_count, object_table
from astro_sync.core.effective import effective
from astro_sync.core.filters import Filters, Wanted
from astro_sync.core.model import Entry, Secrets
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError
from astro_sync.places.base import AnyPlace, Role


@dataclass(kw_only=True, eq=False, repr=False)
class ListOptions(ReadOptions):
    """What `list` takes."""

    positional: ClassVar[Mapping[str, str]] = {"place": "PLACE", "key": "[KEY]"}

    place: str
    key: str
    effective: bool


def run(settings: ResolvedSettings[ListOptions], invocation: Invocation) -> RunOutcome:
    """List names, kinds, whether secret, and the last change where the place tells it."""
    options = settings.options
    wanted = Wanted(_filters(options))
    with prepare(settings, invocation) as context:
        if options.effective:
            return _effective(context, wanted)
        place = context.place(options.place, Role.SOURCE)
        with place:
            held = place.read(wanted)
    names = sorted(filter(wanted.wants, held.entries), key=lambda name: (name.kind, name.id))
    rows = [_row(place, held.entries[name]) for name in names]
    return RunOutcome(
        command="list",
        places=(source_outcome(place, held.warnings),),
        table=object_table(rows),
        lines=(object_count(rows, wanted.filters),),
        details={"objects": rows},
    )


def _filters(options: ListOptions) -> Filters:
    found = filters(options)
    return found._replace(include=(*found.include, options.key)) if options.key else found


def _effective(context: RunContext[ListOptions], wanted: Wanted) -> RunOutcome:
    """List where Airflow takes each key of a Deployment from."""
    places: dict[str, AnyPlace | AstroSyncError] = {}
    for scheme, address in addresses(context.options.place).items():
        try:
            places[scheme] = context.place(address, Role.SOURCE)
        except AstroSyncError as error:
            places[scheme] = error
    stores = read_stores(places, wanted, context.options.jobs)
    found = effective(stores, wanted)
    unread = {store.name: store.problem for store in stores if store.problem is not None}
    rows = [{**each._asdict(), "kind": each.kind.value} for each in found]
    return RunOutcome(
        command="list",
        places=tuple(source_outcome(place) for place in places.values() if not isinstance(place, AstroSyncError)),
        table=effective_table(found),
        lines=tuple(effective_notes(found, unread)),
        details={"effective": rows, "unread": unread},
    )


def _row(place: AnyPlace, entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.name.kind.value,
        "id": entry.name.id,
        "key": entry.name.key,
        "remote_name": place.remote_name(entry.name),
        "secret": entry.secret or place.traits.secrets is Secrets.ALL,
        "updated_at": entry.updated_at or None,
    }
