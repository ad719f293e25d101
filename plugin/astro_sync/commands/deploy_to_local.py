"""`deploy-to-local`: a Deployment's environment variables → `.env`."""

from dataclasses import dataclass

from astro_sync.commands.context import prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.commands.outcome import outcome_of
from astro_sync.config.options import DeploymentOptions, MoveOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import UsageError
from astro_sync.sync.pipeline import sync


@dataclass(kw_only=True, eq=False, repr=False)
class DeployToLocalOptions(DeploymentOptions, MoveOptions):
    """What `deploy-to-local` takes."""

    once = frozenset({"deployment_id", "deployment_name", "target"})


def run(settings: ResolvedSettings[DeployToLocalOptions], invocation: Invocation) -> RunOutcome:
    """Carry a Deployment's environment variables into `.env`."""
    options = settings.options
    if options.env == "-":
        raise UsageError("stdin (--env -) cannot be written.", hint="Name a file with --env FILE.")
    with prepare(settings, invocation) as context:
        (deployment, _), *others = context.deployments(saved=True)
        if others:
            hint = "Name one alone, with --deployment-id ID."
            raise UsageError("`deploy-to-local` reads one Deployment at a time.", hint=hint)
        result = sync(deployment, [context.destination(options.env)], context.sync_options())
        context.keep_run("deploy-to-local", result)
    return outcome_of("deploy-to-local", result, settings)
