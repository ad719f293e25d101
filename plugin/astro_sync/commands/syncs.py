"""What each command does with its options: endpoints in, one move, an outcome out."""

import shlex
from dataclasses import replace
from pathlib import Path

from astro_sync.commands.context import World, prepare
from astro_sync.config.options import Options
from astro_sync.config.settings import Settled
from astro_sync.core.model import Note, OnConflict, Outcome, TargetOutcome, Warn
from astro_sync.core.plan import is_reserved
from astro_sync.core.secrecy import is_placeholder
from astro_sync.core.verify import Verdict
from astro_sync.errors import ExitCode, UsageError
from astro_sync.places.base import Endpoint
from astro_sync.places.deployment import Deployment
from astro_sync.places.deployment_answers import Details
from astro_sync.sync.pipeline import chain, copy
from astro_sync.sync.step import Leg, Result


def local_to_deploy(settled: Settled, world: World) -> Outcome:
    """Carry local Airflow's connections and variables into `.env`, and `.env` to Deployments."""
    options = settled.options
    if options.env == "-" and not options.no_export:
        raise UsageError("stdin (--env -) can only be sent as it is.", hint="Add --no-export.")
    with prepare(settled, world) as bench:
        ends = bench.deployments()
        env = bench.env_file(options.env, must_exist=options.no_export)
        source = None if options.no_export else bench.local_airflow(env)
        result = chain(source, env, ends, bench.terms())
    return _outcome("local-to-deploy", options, result, env)


def deploy_to_local(settled: Settled, world: World) -> Outcome:
    """Carry a Deployment's environment variables into `.env`."""
    options = settled.options
    if options.env == "-":
        raise UsageError("stdin (--env -) cannot be written.", hint="Name a file with --env FILE.")
    with prepare(settled, world) as bench:
        deployment, *others = bench.deployments(saved=True)
        if others:
            raise UsageError(
                "Only one Deployment can be pulled at a time.", hint="Name one alone, with --deployment-id ID."
            )
        result = copy(deployment, bench.env_file(options.env), bench.terms())
    targets = [_target(deployment.details, leg, options) for leg in result.legs]
    return replace(_outcome("deploy-to-local", options, result, None), targets=tuple(targets))


def diff(settled: Settled, world: World) -> Outcome:
    """Compare `.env`, with --export also the metadata database, with Deployments; change nothing."""
    options = replace(settled.options, on_conflict=OnConflict.OVERWRITE, partial=True, dry_run=True)
    targets = tuple(
        replace(target, options=replace(target.options, on_conflict=OnConflict.OVERWRITE)) for target in settled.targets
    )
    with prepare(replace(settled, options=options, targets=targets), world) as bench:
        ends = bench.deployments()
        env = bench.env_file(options.env, must_exist="env" in settled.origins and not options.export, read_only=True)
        source = bench.local_airflow(env) if options.export else None
        result = chain(source, env, ends, replace(bench.terms(), compares_only=True))
    return _outcome("diff", options, result, env)


def merge(settled: Settled, world: World) -> Outcome:
    """Carry what one file holds into another; what the other has and the first lacks stays."""
    options = settled.options
    if "-" in {options.source, options.env}:
        raise UsageError("`merge` works on files.", hint="Write what comes from stdin into a file of mode 0600 first.")
    with prepare(settled, world) as bench:
        destination = bench.place(options.env)
        result = copy(bench.place(options.source, source=True), destination, bench.terms(must_confirm=False))
    return _outcome("merge", options, result, destination)


def _target(details: Details, leg: Leg, options: Options) -> TargetOutcome:
    stopped = options.dry_run or leg.plan.conflicts or (leg.plan.refusals and not options.partial)
    applied = not stopped and leg.verdict is Verdict.PLANNED
    return TargetOutcome(details.deployment_id, details.name, applied, leg.changes, leg.warnings)


def _outcome(command: str, options: Options, result: Result, env: Endpoint | None) -> Outcome:
    """Sort the legs of a run: that into `env`, and those into Deployments."""
    legs = result.legs
    first = [leg for leg in legs if leg.destination is env]
    targets = [
        _target(leg.destination.details, leg, options) for leg in legs if isinstance(leg.destination, Deployment)
    ]
    warnings = [*result.warnings, *(warn for leg in first for warn in leg.warnings)]
    files = [leg for leg in legs if leg.judgement and not isinstance(leg.destination, Deployment)]
    if command != "merge" and any(leg.verdict is Verdict.PLANNED for leg in files):
        text = f"{options.env} changed; local Airflow reads it at its next `astro dev restart`."
        warnings.append(Warn(Note.RESTART, None, text))
    return Outcome(
        command=command,
        env_file=options.env,
        dry_run=options.dry_run,
        env_changes=tuple(change for leg in first for change in leg.changes),
        targets=tuple(targets),
        warnings=tuple(warnings),
        backups=tuple(leg.backup for leg in legs if leg.backup),
        restores=tuple(_restores(result)),
        error=result.error,
        exit_code=result.exit_code,
    )


def _restores(result: Result) -> list[str]:
    """Return a line for each backup: where it is and, where something went wrong, the command that puts it back."""
    lines = []
    for leg in result.legs:
        if leg.backup:
            line = f"Backup of {leg.destination}: {leg.backup}"
            if result.exit_code is ExitCode.UNPLANNED:
                line += f"\n  put it back with: {_restore_command(leg, leg.backup)}"
            lines.append(line)
    return lines


def _restore_command(leg: Leg, backup: Path) -> str:
    if not isinstance(leg.destination, Deployment):
        return shlex.join(["cp", "--", str(backup), str(leg.destination)])
    words = ["astro-sync", "local-to-deploy", "--no-export", "--env", str(backup), "--on-conflict", "overwrite"]
    words += ["--deployment-id", leg.destination.details.deployment_id, "--allow-argv"]
    changed = [change for change in leg.plan.writes if change.old is not None]
    for change in changed:
        words += ["--include", change.key]
        if change.old is not None and (is_placeholder(change.old) or not change.old):
            words += ["--allow-placeholder", change.key]
        if is_reserved(change.key):
            words += ["--allow-reserved", change.key]
    return shlex.join(words)
