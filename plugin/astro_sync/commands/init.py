"""`init`: set an Astro project up."""

import shlex
from dataclasses import dataclass

from astro_sync.commands.context import prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.config.example import make_example
from astro_sync.config.file import NAME, find
from astro_sync.config.options import RunOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.console.layout import Line, Tone
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, DeclinedError, ExitCode
from astro_sync.places.deployment_answers import parse_listed
from astro_sync.project.assets import kit_path
from astro_sync.project.init import Step, StepAction, carry_out, plan_setup
from astro_sync.project.root import require_project

_TONES = {
    StepAction.CREATE: Tone.GOOD,
    StepAction.APPEND: Tone.GOOD,
    StepAction.UPDATE: Tone.CHANGE,
    StepAction.UNCHANGED: Tone.PLAIN,
    StepAction.LEFT: Tone.PROBLEM,
}


@dataclass(kw_only=True, eq=False, repr=False)
class InitOptions(RunOptions):
    """What `init` takes."""

    dry_run: bool
    exit_code: bool
    yes: bool


def run(settings: ResolvedSettings[InitOptions], invocation: Invocation) -> RunOutcome:
    """Make an Astro project ready; ask on a terminal, and go ahead without one."""
    options, terminal = settings.options, invocation.terminal
    require_project(invocation.cwd, invocation.home)
    config = find(invocation.cwd)
    example = make_example([] if config else _deployments(settings, invocation))
    steps = plan_setup(invocation.cwd, invocation.environ, config=config or invocation.cwd / NAME, example=example)
    pending = [step for step in steps if step.data is not None]
    outcome = RunOutcome(
        command="init",
        dry_run=options.dry_run,
        lines=tuple(map(_step_line, steps)),
        details={"files": [{"path": str(step.path), "action": step.action.value} for step in steps]},
    )
    if not pending:
        return outcome._replace(lines=(*outcome.lines, "Nothing to do."))
    if options.dry_run:
        exit_with = ExitCode.FOUND if options.exit_code else ExitCode.DONE
        return outcome._replace(lines=(*outcome.lines, "Nothing was changed."), exit_code=exit_with)
    if terminal.interactive and not options.yes:
        for line in outcome.lines:
            terminal.tell(line)
        if not terminal.confirm("Go on?"):
            raise DeclinedError
    carry_out(steps, timeout=options.timeout, tell=terminal.tell)
    shell = f"For `astro sync …` in your shell: source {shlex.quote(str(kit_path('astro-sync.sh')))}"
    done = "Done. `astro-sync doctor` tells what is still missing."
    return outcome._replace(lines=(*outcome.lines, shell, done))


def _deployments(settings: ResolvedSettings[InitOptions], invocation: Invocation) -> list[tuple[str, str]]:
    """Return names and ids of the Deployments; none where no login or no `astro` tells them."""
    try:
        with prepare(settings, invocation) as context:
            listed = parse_listed(context.astro.ask("deployment", "list").stdout)
    except AstroSyncError:
        return []
    return [(each.name, each.deployment_id) for each in listed]


def _step_line(step: Step) -> str:
    word = step.action.value
    return Line(f"{word:9}  {step.path.name}: {step.description}", head=word, tone=_TONES[step.action])
