"""`local-to-deploy`: the local Airflow's metadata database → `.env` → Deployments."""

from dataclasses import dataclass

from astro_sync.commands.context import prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.commands.outcome import outcome_of
from astro_sync.config.options import DeploymentOptions, MoveOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import UsageError
from astro_sync.places.base import Role
from astro_sync.sync.pipeline import Destination, sync


@dataclass(kw_only=True, eq=False, repr=False)
class LocalToDeployOptions(DeploymentOptions, MoveOptions):
    """What `local-to-deploy` takes."""

    no_export: bool


def run(settings: ResolvedSettings[LocalToDeployOptions], invocation: Invocation) -> RunOutcome:
    """Carry local Airflow's connections and variables into `.env`, and `.env` to Deployments."""
    options = settings.options
    if options.env == "-" and not options.no_export:
        raise UsageError("stdin (--env -) can only be sent as it is.", hint="Add --no-export.")
    with prepare(settings, invocation) as context:
        deployments = context.deployments()
        ends = [Destination(place, context.policy(decided)) for place, decided in deployments]
        if options.no_export:
            result = sync(context.place(options.env, Role.SOURCE), ends, context.sync_options())
        else:
            env = context.place(options.env, Role.DESTINATION)
            airflow = context.place("airflow:", Role.SOURCE)
            middle = Destination(env, context.policy(options))
            result = sync(airflow, ends, context.sync_options(), middle=middle)
        context.keep_run("local-to-deploy", result)
    return outcome_of("local-to-deploy", result, settings)
