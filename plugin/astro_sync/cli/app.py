"""The commands: options in, one call, the result out. Here and in its two helpers alone the surroundings are read."""

import os
import sys
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from astro_sync import __version__
from astro_sync.cli.completion import SHELLS, completion_script
from astro_sync.cli.guide import EXIT_CODES, GUIDE, CheckCommand, Commands
from astro_sync.config.options import (
    Typed,
    astro_options,
    change_options,
    deployment_options,
    env_option,
    exit_code_option,
    jobs_option,
    key_options,
    output_options,
    protected_option,
    rewrite_options,
    secret_options,
    yes_option,
)
from astro_sync.errors import ExitCode


@click.group(
    cls=Commands,
    epilog=EXIT_CODES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="astro-sync")
@click.pass_context
def cli(context: click.Context) -> None:
    """Move Airflow connections and variables between a local Astro project and Astro Deployments, safely."""
    if context.invoked_subcommand is None:
        click.echo(GUIDE)


@cli.command("local-to-deploy", short_help="Local Airflow's metadata database → .env → Deployments.")
@deployment_options(several=True)
@env_option("The local file; `-` is stdin, with --no-export.")
@click.option("--no-export", is_flag=True, help="Do not ask local Airflow; send the file as it is.")
@key_options
@change_options
@secret_options
@yes_option
@protected_option
@jobs_option
@output_options
@astro_options
def local_to_deploy(**given: Any) -> None:
    """Carry connections and variables of the local Airflow into .env, and what .env then holds to Deployments.

    \b
    Example:
      astro-sync local-to-deploy --deployment-id clx1 --airflow-only
    """
    _run("local-to-deploy", given)


@cli.command("deploy-to-local", short_help="A Deployment's variables → .env.")
@deployment_options(several=False)
@env_option("The local file.")
@key_options
@change_options
@yes_option
@output_options
@astro_options
def deploy_to_local(**given: Any) -> None:
    """Carry a Deployment's environment variables into .env; secrets are recorded by name, as comments.

    \b
    Example:
      astro-sync deploy-to-local --deployment-id clx1
    """
    _run("deploy-to-local", given)


@cli.command("diff", short_help=".env against Deployments; changes nothing.")
@click.argument("source", default="")
@click.argument("destination", metavar="DEST", default="")
@deployment_options(several=True)
@env_option("The local file.")
@click.option("--export", is_flag=True, help="Compare what local Airflow's metadata database holds, too.")
@key_options
@secret_options
@exit_code_option
@output_options
@astro_options
def diff(**given: Any) -> None:
    """Compare .env with Deployments, key by key; nothing is changed.

    \b
    Example:
      astro-sync diff --deployment-id clx1 --exit-code
    """
    _run("diff", given)


@cli.command("merge", short_help="One file → another, keeping what is there.")
@click.argument("source")
@click.argument("destination", metavar="DEST")
@key_options
@change_options
@yes_option
@output_options
@astro_options
def merge(**given: Any) -> None:
    """Carry what SOURCE holds into DEST; what DEST has and SOURCE lacks stays.

    \b
    Example:
      astro-sync merge ../old-project/.env .env --on-conflict keep
    """
    _run("merge", given)


@cli.command("dedupe", short_help="One file: the last value of each key stays.")
@click.argument("env", metavar="[FILE]", default=".env")
@click.option("--check", "check_only", is_flag=True, help="Change nothing; exit 5 when there is something to do.")
@rewrite_options
@yes_option
@output_options
@astro_options
def dedupe(**given: Any) -> None:
    """Drop all but the last line of each key in FILE (default .env); a line that a later one needs stays.

    \b
    Example:
      astro-sync dedupe --check .env
    """
    _run("dedupe", given)


@cli.command("check", cls=CheckCommand, short_help="Finds what will bite in .env files.")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--select", metavar="CODE", multiple=True, help="Only these checks (AS101, AS1 or a name).")
@click.option("--ignore", metavar="CODE", multiple=True, help="Not these checks.")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend; the rest is still told.")
@click.option("--no-backup", is_flag=True, help="Keep no backup of what is changed.")
@output_options
@astro_options
def check(**given: Any) -> None:
    """Find duplicates, lines that programs read differently, placeholders, bad names and more in FILEs (default .env).

    \b
    Example:
      astro-sync check --fix .env
    """
    _run("check", given)


@cli.command("doctor", short_help="Is everything there that a sync needs?")
@output_options
@astro_options
def doctor(**given: Any) -> None:
    """Look at the Astro CLI, the login, the project, .env and the targets, and say what to type next.

    \b
    Example:
      astro-sync doctor
    """
    _run("doctor", given)


@cli.command("init", short_help="Sets an Astro project up.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@exit_code_option
@yes_option
@output_options
@astro_options
def init(**given: Any) -> None:
    """Write .astro-sync.toml, add targets to the Makefile, and keep .env out of git and of Docker images.

    \b
    Example:
      astro-sync init --dry-run
    """
    _run("init", given)


@cli.command("completion", short_help="Prints the completion for a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what a shell sources to complete commands, options, targets and keys.

    \b
    Example:
      eval "$(astro-sync completion bash)"
    """
    click.echo(completion_script(cli, shell))


def main() -> NoReturn:
    """Run the command line and exit with the code that the README documents."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a letter shows its number.
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(standalone_mode=False, prog_name="astro-sync")
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(ExitCode.INTERRUPTED)
    sys.exit(ExitCode.DONE)


def _run(command: str, given: dict[str, Any]) -> NoReturn:
    """Gather what surrounds the run, run one command, and exit."""
    from astro_sync.cli.session import run
    from astro_sync.commands.invocation import Invocation
    from astro_sync.console.signals import listen
    from astro_sync.console.terminal import open_terminal

    context = click.get_current_context()
    sources = {name: context.get_parameter_source(name) for name in given}
    typed = Typed(
        given,
        frozenset(name for name, source in sources.items() if source is ParameterSource.COMMANDLINE),
        frozenset(name for name, source in sources.items() if source is ParameterSource.ENVIRONMENT),
    )
    with listen() as signals:
        world = Invocation(
            environ=dict(os.environ),
            cwd=Path.cwd(),
            project=Path.cwd(),
            home=Path.home(),
            now=datetime.now(UTC),
            stdin=lambda: sys.stdin.buffer.read() if sys.stdin else b"",
            terminal=open_terminal(given, os.environ),
            signals=signals,
        )
        code = run(command, typed, world)
    sys.exit(code)
