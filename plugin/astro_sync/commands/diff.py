"""`diff`: two places, or `.env` and Deployments, key by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from astro_sync.commands.context import RunContext, filters, prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.commands.outcome import source_outcome
from astro_sync.commands.receipts import ReceiptBook
from astro_sync.config.options import DeploymentOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.compare import Compared, Match, Scope
from astro_sync.core.model import Snapshot
from astro_sync.core.outcome import PlaceOutcome, RunOutcome
from astro_sync.errors import ExitCode, UsageError
from astro_sync.places.base import AnyPlace, Role
from astro_sync.storage.receipts import Receipts
from astro_sync.sync.pipeline import diff

_SAME = frozenset({Match.SAME, Match.NOT_KNOWN})


@dataclass(kw_only=True, eq=False, repr=False)
class DiffOptions(DeploymentOptions):
    """What `diff` takes."""

    positional: ClassVar[Mapping[str, str]] = {"source": "[SOURCE", "destination": "DEST]"}

    source: str
    destination: str
    export: bool
    exit_code: bool


def run(settings: ResolvedSettings[DiffOptions], invocation: Invocation) -> RunOutcome:
    """Compare places and change nothing."""
    options = settings.options
    with prepare(settings, invocation) as context:
        source, ends = _places(context)
        receipts = ReceiptBook(Receipts(context.state / "receipts", invocation.terminal.tell))
        scope = Scope(filters=filters(options), exact_json=options.exact_json, id_case=options.id_case)
        found = diff(source, ends, scope, receipts.comparing)
    differs = any(each.match not in _SAME for _, compared, _ in found for each in compared)
    return RunOutcome(
        command="diff",
        dry_run=True,
        places=(source_outcome(source), *(_compared(*each) for each in found)),
        exit_code=ExitCode.FOUND if differs and options.exit_code else ExitCode.DONE,
    )


def _places(context: RunContext[DiffOptions]) -> tuple[AnyPlace, list[AnyPlace]]:
    """Return what is compared with what: the two places that were named, or a local one with the Deployments."""
    options = context.options
    if options.source and options.destination:
        return context.place(options.source, Role.SOURCE), [context.place(options.destination, Role.SOURCE)]
    if options.source:
        raise UsageError("`diff` compares two places.", hint="Name none, or both: astro-sync diff SOURCE DEST.")
    if options.export:
        source = context.place("airflow:", Role.SOURCE)
    else:
        # Before the first sync there is no .env yet; one that was named must be there.
        env = context.env_file(options.env, read_only=True)
        env.must_exist = "env" in context.settings.origins
        source = env
    return source, [place for place, _ in context.deployments()]


def _compared(place: AnyPlace, compared: list[Compared], held: Snapshot) -> PlaceOutcome:
    return PlaceOutcome(
        address=place.address,
        kind=place.kind,
        label=place.label,
        title=str(place),
        role="destination",
        compared=tuple(compared),
        warnings=held.warnings,
        is_file=place.traits.atomic,
    )
