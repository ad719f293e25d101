"""`merge`: one place into another, of any kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from astro_sync.commands.context import prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.commands.outcome import outcome_of
from astro_sync.config.options import MoveOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import UsageError
from astro_sync.places.base import Role
from astro_sync.sync.pipeline import sync


@dataclass(kw_only=True, eq=False, repr=False)
class MergeOptions(MoveOptions):
    """What `merge` takes."""

    positional: ClassVar[Mapping[str, str]] = {"source": "SOURCE", "destination": "DEST"}

    source: str
    destination: str


def run(settings: ResolvedSettings[MergeOptions], invocation: Invocation) -> RunOutcome:
    """Carry what one place holds into another; what the other has and the first lacks stays."""
    options = settings.options
    if options.source == "-":
        raise UsageError("`merge` reads no stdin.", hint="Write it into a file of mode 0600 first.")
    if options.destination == "-":
        raise UsageError("`merge` writes no values to stdout.", hint="Name a file or another place.")
    with prepare(settings, invocation) as context:
        destination = context.destination(options.destination)
        result = sync(context.place(options.source, Role.SOURCE), [destination], context.sync_options())
        context.keep_run("merge", result)
    return outcome_of("merge", result, settings)
