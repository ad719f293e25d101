"""The options that several commands share: the same words, the same meaning, everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import click

from astro_sync.cli.completion import complete_key, complete_target
from astro_sync.config.limits import LONGEST_TIMEOUT
from astro_sync.core.plan import OnConflict

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Hold what was typed; what a command does not take keeps its default."""

    deployment_id: tuple[str, ...] = ()
    deployment_name: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    workspace_id: str | None = None
    env: str = ".env"
    source: str = ""
    destination: str = ""
    place: str = ""
    export: bool = False
    check_only: bool = False
    files: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fix: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    airflow_only: bool = False
    on_conflict: str | None = None
    rotate: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    no_export: bool = False
    allow_argv: tuple[str, ...] = ()
    allow_expansion: tuple[str, ...] = ()
    exact_json: bool = False
    id_case: Literal["lower", "upper"] = "lower"
    line_breaks: str = "refuse"
    with_secrets: bool = False
    auto_link: bool = False
    allow_http: bool = False
    no_receipts: bool = False
    format: str = "table"
    allow_reserved: tuple[str, ...] = ()
    allow_placeholder: tuple[str, ...] = ()
    partial: bool = False
    dry_run: bool = False
    yes: bool = False
    yes_protected: tuple[str, ...] = ()
    jobs: int = 4
    as_json: bool = False
    verbose: bool = False
    quiet: bool = False
    timeout: float = 120.0
    no_backup: bool = False
    exit_code: bool = False
    astro_bin: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """Hold what click found: every option's value, and the names of those that were typed or set in the environment."""

    given: Mapping[str, Any]
    typed: frozenset[str]
    from_environment: frozenset[str]


def _all(*decorators: Callable[[Any], Any]) -> Callable[[_F], _F]:
    def decorate(command: _F) -> _F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _many(*names: str, **words: Any) -> Callable[[_F], _F]:  # noqa: ANN401 - click's own
    return click.option(*names, multiple=True, **words)


def deployment_options(*, several: bool) -> Callable[[_F], _F]:
    """Add the options that name a Deployment."""
    more = "; can be repeated" if several else ""
    return _all(
        _many(
            "-d",
            "--deployment-id",
            metavar="ID",
            help=f"The Deployment's id{more}.  [env: ASTRO_SYNC_DEPLOYMENT_ID]",
        ),
        _many("-n", "--deployment-name", metavar="NAME", help=f"The Deployment's name{more}."),
        _many(
            "-t",
            "--target",
            metavar="NAME",
            shell_complete=complete_target,
            help=f"A Deployment by its name in .astro-sync.toml{more}.",
        ),
        click.option("-w", "--workspace-id", metavar="ID", help="Its workspace, if not the current one."),
    )


def env_option(help_text: str) -> Callable[[_F], _F]:
    """Add the option that names the local file."""
    return click.option(
        "-e",
        "--env",
        metavar="FILE",
        type=click.Path(allow_dash=True),
        default=".env",
        show_default=True,
        help=help_text,
    )


key_options: Callable[[_F], _F] = _all(
    _many("--include", metavar="GLOB", shell_complete=complete_key, help="Only keys that match; can be repeated."),
    _many("--exclude", metavar="GLOB", shell_complete=complete_key, help="No keys that match; can be repeated."),
    click.option("--airflow-only", is_flag=True, help="Only AIRFLOW_CONN_* and AIRFLOW_VAR_*."),
    _many("--allow-reserved", metavar="KEY", help="Carry this key although Astro sets it itself; can be repeated."),
)
exit_code_option: Callable[[_F], _F] = click.option(
    "--exit-code", is_flag=True, help="Exit 5 when there is something to do (with --dry-run) or to see (diff)."
)
rewrite_options: Callable[[_F], _F] = _all(
    click.option("--no-backup", is_flag=True, help="Keep no backup of what is changed."),
    click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing."),
    exit_code_option,
)
change_options: Callable[[_F], _F] = _all(
    click.option(
        "--on-conflict",
        type=click.Choice([policy.value for policy in OnConflict]),
        help="What becomes of a key with another value on the destination.  [default: ask on a terminal, else fail]",
    ),
    click.option("--partial", is_flag=True, help="Carry what can be carried, name the rest, exit 7."),
    rewrite_options,
)
secret_options: Callable[[_F], _F] = _all(
    _many(
        "--allow-placeholder",
        metavar="KEY",
        help="Carry this key although its value looks like a placeholder; can be repeated.",
    ),
    _many(
        "--rotate",
        metavar="GLOB",
        shell_complete=complete_key,
        help="Write these secrets of the Deployment anew; can be repeated.",
    ),
    _many("--secret", metavar="GLOB", help="New keys that become secret on the Deployment; can be repeated."),
    _many("--plain", metavar="GLOB", help="New keys that do not, even if --secret matches; can be repeated."),
    _many(
        "--allow-argv",
        metavar="GLOB",
        shell_complete=complete_key,
        help="Pass these values on the command line of `astro`, where others may see them; can be repeated.",
    ),
    _many("--allow-expansion", metavar="GLOB", help="Carry values that take in this machine's environment."),
    click.option("--exact-json", is_flag=True, help="Compare and carry JSON to the letter, line breaks and all."),
    click.option("--no-receipts", is_flag=True, help="Keep no record of the secrets that are sent."),
)
yes_option: Callable[[_F], _F] = click.option("-y", "--yes", is_flag=True, help="Answer the confirmation with yes.")
protected_option: Callable[[_F], _F] = _many(
    "--yes-protected", metavar="NAME", help="Answer it for this protected target too; can be repeated."
)
jobs_option: Callable[[_F], _F] = click.option(
    "--jobs", type=click.IntRange(min=1), default=4, show_default=True, help="Deployments to write at the same time."
)
output_options: Callable[[_F], _F] = _all(
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table."),
    click.option("-v", "--verbose", is_flag=True, help="Show every key, and more of what is done."),
    click.option("-q", "--quiet", is_flag=True, help="Show only problems."),
)
astro_options: Callable[[_F], _F] = _all(
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True, max=LONGEST_TIMEOUT),
        default=120.0,
        show_default=True,
        metavar="SECONDS",
        help="The time limit of each call of `astro`, and of waiting for another run.",
    ),
    click.option(
        "--astro-bin",
        metavar="PATH",
        envvar="ASTRO_SYNC_ASTRO_BIN",
        show_envvar=True,
        help="The Astro CLI to run.  [default: the one on PATH]",
    ),
)
