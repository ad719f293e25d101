"""`doctor`: whether everything is there that a sync needs."""

from dataclasses import dataclass

from astro_sync.airflow.names import BACKEND
from astro_sync.commands.context import RunContext, prepare, selector_of
from astro_sync.commands.invocation import Invocation
from astro_sync.config.file import Config
from astro_sync.config.options import CommandLine, DeploymentOptions, RunOptions
from astro_sync.config.settings import ResolvedSettings, resolve
from astro_sync.console.layout import Line, Tone, counted
from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import Kind, Name, Reason
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, RejectedFileError, UsageError
from astro_sync.places.astro_cli import Astro
from astro_sync.places.base import Role
from astro_sync.places.deployment import make_deployment
from astro_sync.project.doctor import DoctorContext, diagnose, exit_code, to_rows
from astro_sync.project.finding import Finding, State
from astro_sync.storage.receipts import Receipts

_SIGNS = {State.OK: "ok     ", State.WARNING: "warning", State.PROBLEM: "problem"}
_TONES = {State.OK: Tone.GOOD, State.WARNING: Tone.WARNING, State.PROBLEM: Tone.PROBLEM}


@dataclass(kw_only=True, eq=False, repr=False)
class DoctorOptions(RunOptions):
    """What `doctor` takes."""

    env: str


def run(settings: ResolvedSettings[DoctorOptions], invocation: Invocation) -> RunOutcome:
    """Look at all that a sync needs, and change nothing."""
    found = settings.config
    config = found if isinstance(found, Config) else None
    targets = {name: _options_of(name, config) for name in (config.targets if config else ())}
    with prepare(settings, invocation) as context:
        looked_at = DoctorContext(
            astro=context.found_astro,
            cwd=invocation.cwd,
            home=invocation.home,
            environ=invocation.environ,
            mode=context.mode,
            config=found.path if isinstance(found, Config) else found,
            targets=[
                (name, make_deployment(selector_of(options, name), context.surroundings))
                for name, options in targets.items()
                if isinstance(context.found_astro, Astro)
            ],
            env_files=[options.env for options in targets.values()],
        )
        backends = {"backend": "", **{f"backend of {name}": f"@{name}" for name in targets}}
        looks = [look for name, rest in backends.items() if (look := _look_at_backend(name, rest, context))]
        findings = [*diagnose(looked_at), _look_at_env(context), *looks]
        findings.append(_look_at_receipts(context))
    quiet = settings.options.quiet
    return RunOutcome(
        command="doctor",
        lines=(*(_line(found) for found in findings if not quiet or found.state is not State.OK), _summary(findings)),
        details={"checks": to_rows(findings)},
        exit_code=exit_code(findings),
    )


def _options_of(name: str, config: Config | None) -> DeploymentOptions:
    """Return what holds for one target of the config, as if nothing else had been typed."""
    return resolve(DeploymentOptions, CommandLine({"target": (name,)}, frozenset({"target"})), config).options


def _look_at_env(context: RunContext[DoctorOptions]) -> Finding:
    """Tell whether local Airflow could read the `.env`."""
    name = context.options.env
    try:
        with context.env_file(name, read_only=True) as file:
            entries = file.read(EVERYTHING).entries
    except UsageError:
        return Finding("env", State.OK, f"There is no {name} yet.")
    except AstroSyncError as error:
        return Finding("env", State.PROBLEM, str(error), error.hint)
    text = f"{name} can be read; {counted(len(entries), 'variable')}."
    if Name(Kind.ENVIRONMENT, BACKEND) in entries:
        text += " What its secrets backend holds goes before them."
        return Finding("env", State.WARNING, text, "Run `astro-sync list backend:` to see what that is.")
    return Finding("env", State.OK, text)


def _look_at_receipts(context: RunContext[DoctorOptions]) -> Finding:
    """Tell of how many secrets a change would be noticed."""
    count = Receipts(context.state / "receipts", context.invocation.terminal.tell).count()
    return Finding("receipts", State.OK, f"Receipts of sent secrets: {count}.")


def _look_at_backend(name: str, rest: str, context: RunContext[DoctorOptions]) -> Finding | None:
    """Tell whether the secrets backend that a file configures can be read, and by which login; None without one."""
    from astro_sync.places.backends.place import open_configured

    # A sync goes without it, so none of this is more than a warning.
    try:
        place = open_configured(rest, Role.DESTINATION, context.surroundings)
    except (UsageError, RejectedFileError):
        return None  # none is configured, or the file itself is told of
    except AstroSyncError as error:
        return Finding(name, State.WARNING, str(error), error.hint)
    try:
        with place:
            entries = place.read(EVERYTHING).entries.values()
            held = "connection or variable" if len(entries) == 1 else "connections and variables"
            text = f"{place} can be read with {place.identity}; {len(entries)} {held}."
    except AstroSyncError as error:
        return Finding(name, State.WARNING, str(error), error.hint)
    hidden = sum(entry.problem is not None and entry.problem.reason is Reason.UNREADABLE for entry in entries)
    if hidden:
        hint = "Ask for the right to read their values, see the README."
        return Finding(name, State.WARNING, f"{text} {hidden} of them cannot be read.", hint)
    return Finding(name, State.OK, f"{text} Whether it may be written only a write shows.")


def _line(finding: Finding) -> str:
    text = f"{_SIGNS[finding.state]}  {finding.name}: {finding.message}"
    whole = f"{text}  -> {finding.next}" if finding.next else text
    return Line(whole, head=_SIGNS[finding.state], tone=_TONES[finding.state])


def _summary(findings: list[Finding]) -> str:
    problems = sum(finding.state is State.PROBLEM for finding in findings)
    warnings = sum(finding.state is State.WARNING for finding in findings)
    if not problems and not warnings:
        return "Everything is there."
    return f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}."
