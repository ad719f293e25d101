"""What the commands do that look at a whole project: `doctor` and `init`."""

import shlex
from dataclasses import replace

from astro_sync.commands.context import Bench, World, prepare, selector_of
from astro_sync.config.example import CONFIG_EXAMPLE
from astro_sync.config.file import NAME, Config, find
from astro_sync.config.options import Options, Typed
from astro_sync.config.settings import Settled, settle
from astro_sync.core.model import Outcome
from astro_sync.errors import AstroSyncError, DeclinedError, ExitCode, UsageError
from astro_sync.project.assets import kit_path
from astro_sync.project.doctor import Patient, examine, exit_code, to_rows
from astro_sync.project.finding import Finding, State
from astro_sync.project.init import Step, carry_out, plan_setup
from astro_sync.project.root import require_project

_SIGNS = {State.OK: "ok     ", State.WARNING: "warning", State.PROBLEM: "problem"}


def doctor(settled: Settled, world: World) -> Outcome:
    """Look at all that a sync needs, and change nothing."""
    found = settled.config
    config = found if isinstance(found, Config) else None
    targets = {name: _options_of(name, config, world) for name in (config.targets if config else ())}
    with prepare(settled, world) as bench:
        patient = Patient(
            astro=bench.found_astro,
            cwd=world.cwd,
            home=world.home,
            environ=world.environ,
            mode=bench.mode,
            config=found.path if isinstance(found, Config) else found,
            targets=[(name, selector_of(options, name)) for name, options in targets.items()],
            env_files=[options.env for options in targets.values()],
        )
        findings = [*examine(patient), _look_at_env(bench)]
    quiet = settled.options.quiet
    return Outcome(
        command="doctor",
        env_file=settled.options.env,
        lines=(*(_line(found) for found in findings if not quiet or found.state is not State.OK), _summary(findings)),
        details={"checks": to_rows(findings)},
        exit_code=exit_code(findings),
    )


def init(settled: Settled, world: World) -> Outcome:
    """Make an Astro project ready; ask on a terminal, and go ahead without one."""
    options, terminal = settled.options, world.terminal
    require_project(world.cwd, world.home)
    config = find(world.cwd) or world.cwd / NAME
    steps = plan_setup(world.cwd, world.environ, config=config, example=CONFIG_EXAMPLE)
    pending = [step for step in steps if step.data is not None]
    outcome = Outcome("init", options.env, options.dry_run, lines=tuple(map(_step_line, steps)))
    if not pending:
        return replace(outcome, lines=(*outcome.lines, "Nothing to do."))
    if options.dry_run:
        exit_with = ExitCode.FOUND if options.exit_code else ExitCode.DONE
        return replace(outcome, lines=(*outcome.lines, "Nothing was changed."), exit_code=exit_with)
    if terminal.interactive and not options.yes:
        for line in outcome.lines:
            terminal.tell(line)
        if not terminal.confirm("Go on?"):
            raise DeclinedError
    carry_out(steps, timeout=options.timeout, tell=terminal.tell)
    shell = f"For `astro sync …` in your shell: source {shlex.quote(str(kit_path('astro-sync.sh')))}"
    done = "Done. `astro-sync doctor` tells what is still missing."
    return replace(outcome, lines=(*outcome.lines, shell, done))


def _options_of(name: str, config: Config | None, world: World) -> Options:
    """Return what holds for one target of the config, as if nothing else had been typed."""
    return settle(Typed({"target": (name,)}, frozenset({"target"}), frozenset()), world.environ, config).options


def _look_at_env(bench: Bench) -> Finding:
    """Tell whether local Airflow could read the `.env`."""
    name = bench.options.env
    try:
        with bench.env_file(name, must_exist=True, asks_astro=False, read_only=True) as file:
            count = len(file.read().variables)
    except UsageError:
        return Finding("env", State.OK, f"There is no {name} yet.")
    except AstroSyncError as error:
        return Finding("env", State.PROBLEM, str(error), error.hint)
    return Finding("env", State.OK, f"{name} can be read; {count} variables.")


def _line(finding: Finding) -> str:
    text = f"{_SIGNS[finding.state]}  {finding.name}: {finding.message}"
    return f"{text}  -> {finding.next}" if finding.next else text


def _summary(findings: list[Finding]) -> str:
    problems = sum(finding.state is State.PROBLEM for finding in findings)
    warnings = sum(finding.state is State.WARNING for finding in findings)
    if not problems and not warnings:
        return "Everything is there."
    return f"{problems} problem{'s' * (problems != 1)}, {warnings} warning{'s' * (warnings != 1)}."


def _step_line(step: Step) -> str:
    return f"{step.action.value:9}  {step.path.name}: {step.description}"
