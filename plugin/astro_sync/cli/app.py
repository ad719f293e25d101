"""The command line: options in, one call, the exit code out. Here and in completion alone the surroundings are read."""

import os
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from astro_sync import __version__
from astro_sync.cli.guide import EXIT_CODES, GUIDE, CheckCommand
from astro_sync.cli.registry import COMMANDS, Entry
from astro_sync.console.signals import Signals, listen
from astro_sync.console.streams import finish, silence, unbroken
from astro_sync.errors import ExitCode, UnusableError

if TYPE_CHECKING:
    from pathlib import Path

    from astro_sync.config.options import CommandLine


class Commands(click.Group):
    """All commands, each made when it is asked for: its module need not be imported for the help of another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; fail with the nearest name for one that there is none of."""
        if entry := COMMANDS.get(cmd_name):
            return _make_command(cmd_name, entry)
        command = super().get_command(ctx, cmd_name)
        if command is None:
            from difflib import get_close_matches

            if near := get_close_matches(cmd_name, self.list_commands(ctx), n=1, cutoff=0.4):
                ctx.fail(f"No such command '{cmd_name}'. Did you mean '{near[0]}'?")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command."""
        others = [(name, self.commands[name].get_short_help_str(80)) for name in super().list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([*((name, entry.summary) for name, entry in COMMANDS.items()), *others])


def _make_command(name: str, entry: Entry) -> click.Command:
    from astro_sync.cli.options import make_parameters

    make = CheckCommand if name == "check" else click.Command
    return make(
        name,
        params=make_parameters(entry.load().options),
        callback=lambda **given: _run(name, given),
        help=f"{entry.help}\n\n\b\nExample:\n  {entry.example}",
        short_help=entry.summary,
    )


@click.group(
    cls=Commands,
    epilog=EXIT_CODES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="astro-sync")
@click.pass_context
def cli(context: click.Context) -> None:
    """Move Airflow connections and variables between the places where an Astro project keeps them, safely."""
    if context.invoked_subcommand is None:
        click.echo(GUIDE)


@cli.command("completion", short_help="Prints the completion for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a shell sources to complete commands, options, targets and keys.

    \b
    Example:
      eval "$(astro-sync completion bash)"
    """
    from astro_sync.cli.completion import completion_script

    click.echo(completion_script(cli, shell))


def main(early: Sequence[int] = ()) -> NoReturn:
    """Run the command line and exit with the code that the README documents; `early` are signals that came before."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a letter shows its number.
            stream.reconfigure(errors="backslashreplace")
    try:
        # From here on a signal is remembered until the run can end with a report.
        with listen(early) as signals:
            code = _call(signals)
    finally:
        finish(sys.stdout)
        finish(sys.stderr)
    sys.exit(code)


def _call(signals: Signals) -> int:
    try:
        cli.main(standalone_mode=False, prog_name="astro-sync", obj=signals)
    except SystemExit as end:
        return int(end.code or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        with unbroken(sys.stderr):
            error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except OSError:
        # Only the help and the completion are printed outside of a run, and there is no room for them.
        silence(sys.stdout)
        return ExitCode.FAILED
    return ExitCode.DONE


def _run(command: str, given: dict[str, Any]) -> NoReturn:
    """Gather what surrounds the run, run one command, and exit."""
    from datetime import UTC, datetime

    from astro_sync.cli.session import Ending, place_in_project, run
    from astro_sync.commands.invocation import Invocation
    from astro_sync.console.terminal import open_terminal
    from astro_sync.project.root import find_project

    command_line = _command_line(given)
    terminal = open_terminal(command_line.given, os.environ)
    try:
        cwd, home = _find_folders()
    except UnusableError as error:
        ending = Ending(command, dry_run=False, terminal=terminal)
        ending.fail(error)
        sys.exit(ending.code)
    project = find_project(cwd, home) or cwd
    if project != cwd:
        terminal.tell(f"Working on the project above: {project}.")
        command_line = place_in_project(command_line, cwd, project)
    invocation = Invocation(
        environ=dict(os.environ),
        cwd=project,
        project=project,
        home=home,
        now=datetime.now(UTC),
        stdin=lambda: sys.stdin.buffer.read() if sys.stdin else b"",
        terminal=terminal,
        signals=click.get_current_context().obj,
        left_behind=[],
    )
    sys.exit(run(command, command_line, invocation))


def _command_line(given: Mapping[str, Any]) -> "CommandLine":
    from astro_sync.config.options import CommandLine

    context = click.get_current_context()
    sources = {name: context.get_parameter_source(name) for name in given}
    as_json = given["as_json"] or given["format"] == "json"
    if given["as_json"] and given["format"] == "markdown":
        raise click.UsageError("--json and --format markdown exclude each other.")
    return CommandLine(
        {**given, "as_json": as_json, "format": "json" if as_json else given["format"]},
        frozenset(name for name, source in sources.items() if source is ParameterSource.COMMANDLINE),
        frozenset(name for name, source in sources.items() if source is ParameterSource.ENVIRONMENT),
    )


def _find_folders() -> "tuple[Path, Path]":
    """Return the current folder and the user's own."""
    from pathlib import Path

    try:
        cwd = Path.cwd()
    except OSError:
        hint = "Change to your Astro project, then try again."
        raise UnusableError("The current folder is not there any more, or cannot be read.", hint=hint) from None
    try:
        return cwd, Path.home()
    except (RuntimeError, KeyError):
        hint = "Set HOME to a folder of yours, then try again."
        raise UnusableError("HOME is not set, and this user has no home folder.", hint=hint) from None
