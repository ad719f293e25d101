"""The commands: options in, one call, the result out. Here and in its two helpers alone the surroundings are read."""

import os
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from astro_sync import __version__
from astro_sync.errors import AstroSyncError, ExitCode, InterruptedRunError, Interruption, UsageError
from astro_sync.model import Outcome
from astro_sync.options import (
    Options,
    astro_options,
    change_options,
    deployment_options,
    env_option,
    key_options,
    output_options,
    secret_options,
    yes_option,
)
from astro_sync.terminal import Terminal, is_interactive, wants_colour

_EXIT_CODES = """\b
Exit codes:
  0    done, or nothing to do
  1    failed; no Deployment was changed
  2    usage
  3    refused before any change
  4    the Astro CLI cannot be used
  5    something was found (check, dedupe --check, diff and --dry-run with --exit-code)
  6    a write did not do what was planned
  7    done, but for the keys that --partial left out
  70   a bug in astro-sync
  129, 130, 143   hung up, interrupted, ended
"""


@click.group(epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="astro-sync")
def cli() -> None:
    """Move Airflow connections and variables between a local Astro project and Astro Deployments, safely."""


@cli.command("local-to-deploy", short_help="Local Airflow's metadata database → .env → Deployments.")
@deployment_options(several=True)
@env_option("The local file; `-` is stdin, with --no-export.")
@click.option("--no-export", is_flag=True, help="Do not ask local Airflow; send the file as it is.")
@key_options
@change_options
@secret_options
@yes_option
@output_options
@astro_options
def local_to_deploy(**given: Any) -> None:  # noqa: ANN401 - click hands over what its options say
    r"""Carry connections and variables of the local Airflow into .env, and what .env then holds to Deployments.

    \b
    Example:
      astro-sync local-to-deploy --deployment-id clx1 --airflow-only
    """
    from astro_sync import commands

    _run("local-to-deploy", commands.local_to_deploy, given)


@cli.command("deploy-to-local", short_help="A Deployment's variables → .env.")
@deployment_options(several=False)
@env_option("The local file.")
@key_options
@change_options
@yes_option
@output_options
@astro_options
def deploy_to_local(**given: Any) -> None:  # noqa: ANN401 - click hands over what its options say
    r"""Carry a Deployment's environment variables into .env; secrets are recorded by name, as comments.

    \b
    Example:
      astro-sync deploy-to-local --deployment-id clx1
    """
    from astro_sync import commands

    _run("deploy-to-local", commands.deploy_to_local, given)


def main() -> NoReturn:
    """Run the command line and exit with the code that the README documents."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(ExitCode.INTERRUPTED)
    sys.exit(ExitCode.DONE)


def _run(command: str, call: Callable[..., Outcome], given: dict[str, Any]) -> None:
    """Run one command, report on it, and exit."""
    from astro_sync.run import World

    options = Options(**given)
    terminal = _terminal(options)
    try:
        outcome = call(options, World(dict(os.environ), Path.cwd(), Path.home(), datetime.now(UTC), _stdin, terminal))
    except UsageError as error:
        terminal.complain(error)
        sys.exit(ExitCode.USAGE)
    except AstroSyncError as error:
        outcome = _failed(command, options, error, error.exit_code)
    except Interruption as interruption:
        early = InterruptedRunError("Interrupted before anything was changed.")
        outcome = _failed(command, options, early, interruption.exit_code)
    terminal.report(outcome)
    sys.exit(outcome.exit_code)


def _failed(command: str, options: Options, error: AstroSyncError, exit_code: ExitCode) -> Outcome:
    return Outcome(command, options.env, options.dry_run, error=error, exit_code=exit_code)


def _terminal(options: Options) -> Terminal:
    return Terminal(
        salt=secrets.token_bytes(16),
        interactive=is_interactive(),
        colour=wants_colour(os.environ, is_terminal=sys.stdout.isatty()),
        verbose=options.verbose,
        quiet=options.quiet,
        as_json=options.as_json,
        yes=options.yes,
    )


def _stdin() -> bytes:
    return sys.stdin.buffer.read()
