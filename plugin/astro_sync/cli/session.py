"""Run one command from what was typed to its exit code: settle, call, report; every way out leads through here."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import Final

from astro_sync.cli.crash import describe, is_debugging, report
from astro_sync.commands.invocation import Invocation
from astro_sync.config.file import load
from astro_sync.config.options import Options, Typed
from astro_sync.config.settings import ResolvedSettings, settle
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, ExitCode, InterruptedRunError, Interruption, UsageError
from astro_sync.storage import backup

_OF_ONE_FILE: Final = frozenset({"dedupe", "check", "init"})


def run(command: str, typed: Typed, world: Invocation) -> ExitCode:
    """Return the exit code, after the report; that of a signal, if one came when all was done."""
    found = _run(command, typed, world)
    return world.signals.pending or found


def _run(command: str, typed: Typed, world: Invocation) -> ExitCode:
    terminal = world.terminal
    try:
        outcome = _attempt(command, typed, world)
        try:
            terminal.report(outcome)
        except OSError as error:
            terminal.hush()
            # Whoever closed the pipe has read enough.
            if not isinstance(error, BrokenPipeError):
                ended = f"the run itself ended with exit {int(outcome.exit_code)}"
                hint = "`astro-sync diff` shows where things stand."
                terminal.complain(AstroSyncError(f"No report could be written: {error.strerror}; {ended}.", hint=hint))
                return outcome.exit_code or ExitCode.FAILED
    except UsageError as error:
        terminal.complain(error)
        return error.exit_code
    except Exception as bug:  # noqa: BLE001 - the one place that turns a bug into a sentence
        outcome = _describe_bug(bug, command, typed, world)
        with suppress(Exception):
            terminal.report(outcome)
            return outcome.exit_code
        # The bug may be in the report itself.
        if outcome.error:
            terminal.complain(outcome.error)
    return outcome.exit_code


def _attempt(command: str, typed: Typed, world: Invocation) -> RunOutcome:
    options = Options(**typed.given)
    try:
        settled = _settle(command, typed, world)
        options = settled.options
        if options.verbose:
            for name, origin in sorted(settled.origins.items()):
                world.terminal.tell(f"--{name.replace('_', '-')} is from the {origin}.")
        return _find(command)(settled, world)
    except UsageError:
        raise
    except AstroSyncError as error:
        return _failed(command, options, error, error.exit_code)
    except Interruption as interruption:
        done = "the file is whole, as it was or as planned" if command in _OF_ONE_FILE else "nothing was changed"
        return _failed(command, options, InterruptedRunError(f"Interrupted; {done}."), interruption.exit_code)


def _find(command: str) -> Callable[[ResolvedSettings, Invocation], RunOutcome]:
    module = "list_place" if command == "list" else command.replace("-", "_")
    found: Callable[[ResolvedSettings, Invocation], RunOutcome] = import_module(f"astro_sync.commands.{module}").run
    return found


def _describe_bug(bug: Exception, command: str, typed: Typed, world: Invocation) -> RunOutcome:
    if is_debugging(world.environ):
        world.terminal.tell_raw(describe(bug, command))
    told = report(bug, command, backup.folder(world.environ, world.home).parent / "bugs", world.now)
    return _failed(command, Options(**typed.given), told, told.exit_code)


def _settle(command: str, typed: Typed, world: Invocation) -> ResolvedSettings:
    try:
        return settle(typed, world.environ, load(world.cwd))
    except UsageError as error:
        if command != "doctor":
            raise
        # What is wrong with the config is one of the things that a doctor tells.
        return replace(settle(typed, world.environ, None), config=error)


def _failed(command: str, options: Options, error: AstroSyncError, exit_code: ExitCode) -> RunOutcome:
    return RunOutcome(command=command, dry_run=options.dry_run, error=error, exit_code=exit_code)
