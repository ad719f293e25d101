"""Run one command from what was typed to its exit code: resolve, call, report; every way out leads through here."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from astro_sync.cli.crash import BugError, describe, is_debugging, report
from astro_sync.cli.registry import COMMANDS, Command
from astro_sync.commands.invocation import Invocation
from astro_sync.config.declarations import OPTIONS
from astro_sync.config.file import load
from astro_sync.config.options import CommandLine, RunOptions
from astro_sync.config.settings import ResolvedSettings, resolve
from astro_sync.console.terminal import Terminal
from astro_sync.core.model import Notice, WarningCode
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, ExitCode, InterruptedRunError, Interruption, UsageError
from astro_sync.storage import backup

_OF_ONE_FILE: Final = frozenset({"dedupe", "check", "init"})
_PATHS: Final = frozenset({"env", "source", "destination", "place", "files"})
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+-]*:)?(.*)", re.DOTALL)
_OF_FILES: Final = frozenset({None, "variables:", "connections:", "settings:", "backend:"})


@dataclass(slots=True, eq=False, repr=False)
class Ending:
    """How a run ends: what is reported, and the exit code."""

    command: str
    dry_run: bool
    terminal: Terminal
    code: ExitCode = ExitCode.DONE

    def fail(self, error: AstroSyncError, code: ExitCode | None = None) -> None:
        """Report an error as the outcome."""
        code = error.exit_code if code is None else code
        self.report(RunOutcome(command=self.command, dry_run=self.dry_run, error=error, exit_code=code))

    def report(self, outcome: RunOutcome) -> None:
        """Show the outcome, wherever that can still be seen."""
        self.code = outcome.exit_code
        try:
            self.terminal.report(outcome)
        except OSError as error:
            self.terminal.hush()
            # Whoever closed the pipe has read enough.
            if not isinstance(error, BrokenPipeError):
                unseen = ExitCode.UNPLANNED if outcome.may_have_changed else ExitCode.FAILED
                self.code = self.code or unseen
                ended = f"the run itself ended with exit {int(outcome.exit_code)}"
                hint = "`astro-sync diff` shows where things stand."
                message = f"No report could be written: {error.strerror}; {ended}."
                self.terminal.complain(AstroSyncError(message, hint=hint))


def run(command: str, command_line: CommandLine, invocation: Invocation) -> ExitCode:
    """Return the exit code, after the report; that of a signal, if one came when all was done."""
    with error_handler(command, command_line, invocation) as ending:
        loaded = COMMANDS[command].load()
        settings = _resolve(command, loaded, command_line, invocation)
        if settings.options.verbose:
            for name, origin in sorted(settings.origins.items()):
                invocation.terminal.tell(f"{OPTIONS[name].flags[-1]} is from the {origin}.")
        outcome = loaded.run(settings, invocation)
        if outcome.bug:
            outcome = outcome._replace(error=_note(outcome.bug, command, invocation))
        ending.report(_complete(outcome, invocation))
    # A JSON document tells the exit code, so a signal that came while it was written changes nothing any more.
    return ending.code if invocation.terminal.as_json else invocation.signals.pending or ending.code


@contextmanager
def error_handler(command: str, command_line: CommandLine, invocation: Invocation) -> Iterator[Ending]:
    """Turn whatever ends the block into a report and an exit code."""
    terminal = invocation.terminal
    ending = Ending(command, bool(command_line.given.get("dry_run")), terminal)
    try:
        yield ending
    except UsageError as error:
        terminal.complain(error)
        ending.code = error.exit_code
    except AstroSyncError as error:
        ending.fail(error)
    except Interruption as interruption:
        done = "the file is whole, as it was or as planned" if command in _OF_ONE_FILE else "nothing was changed"
        ending.fail(InterruptedRunError(f"Interrupted; {done}."), interruption.exit_code)
    except Exception as bug:  # noqa: BLE001 - the one place that turns a bug into a sentence
        told = _note(bug, command, invocation)
        ending.code = told.exit_code
        with suppress(Exception):
            ending.fail(told)
            return
        # The bug may be in the report itself.
        terminal.complain(told)


def _note(bug: Exception, command: str, invocation: Invocation) -> BugError:
    """Describe a bug in a file of its own, and return what to tell the user."""
    if is_debugging(invocation.environ):
        invocation.terminal.tell_raw(describe(bug, command))
    folder = backup.folder(invocation.environ, invocation.home).parent / "bugs"
    return report(bug, command, folder, invocation.now)


def _complete(outcome: RunOutcome, invocation: Invocation) -> RunOutcome:
    """Add what came after the last place was left: a signal, and a temporary folder that stayed."""
    notices = tuple(Notice(WarningCode.PRIVATE_FOLDER, about=str(folder)) for folder in invocation.left_behind)
    code = invocation.signals.pending or outcome.exit_code
    return outcome._replace(warnings=(*outcome.warnings, *notices), exit_code=code)


def place_in_project(command_line: CommandLine, cwd: Path, project: Path) -> CommandLine:
    """Return a command line whose names of files, typed in a sub-folder, are those from the project on."""
    given = dict(command_line.given)
    for name in _PATHS & command_line.typed:
        value = given[name]
        given[name] = (
            tuple(_from(project, cwd, one) for one in value) if isinstance(value, tuple) else _from(project, cwd, value)
        )
    return command_line._replace(given=given)


def _from(project: Path, cwd: Path, name: str) -> str:
    match = _SCHEME.fullmatch(name)
    scheme, rest = (match[1], match[2]) if match else (None, name)
    if scheme not in _OF_FILES or not rest or rest == "-" or rest.startswith("@"):
        return name
    path = rest if os.path.isabs(rest) else os.path.relpath(cwd / rest, project)  # noqa: PTH117 - of a text
    match = _SCHEME.fullmatch(path)
    return (scheme or "") + (f"./{path}" if match and match[1] else path)


def _resolve(
    name: str, command: Command[Any], command_line: CommandLine, invocation: Invocation
) -> ResolvedSettings[RunOptions]:
    try:
        return resolve(command.options, command_line, load(invocation.cwd))
    except UsageError as error:
        if name != "doctor":
            raise
        # What is wrong with the config is one of the things that a doctor tells.
        return resolve(command.options, command_line, None)._replace(config=error)
