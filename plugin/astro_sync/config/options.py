"""What each command takes, and what was typed. Meanings, types and defaults stand in the declarations."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from astro_sync.config.declarations import OPTIONS

_O = TypeVar("_O", bound="RunOptions")


class CommandLine(NamedTuple):
    """The options of one run: each with its value, and the names of those that were typed or set in the environment."""

    given: Mapping[str, Any]
    typed: frozenset[str] = frozenset()
    from_environment: frozenset[str] = frozenset()


@dataclass(kw_only=True, eq=False, repr=False)
class RunOptions:
    """The options of every command.

    `positional` are its arguments, each with how the help shows it; what is `fixed` the command decides itself. Of
    options that others take several times, it takes those of `once` a single time.
    """

    positional: ClassVar[Mapping[str, str]] = {}
    fixed: ClassVar[frozenset[str]] = frozenset()
    once: ClassVar[frozenset[str]] = frozenset()

    format: str
    verbose: bool
    quiet: bool
    timeout: float
    astro_bin: str | None


@dataclass(kw_only=True, eq=False, repr=False)
class BackupOptions(RunOptions):
    """The options of what rewrites a file."""

    no_backup: bool


@dataclass(kw_only=True, eq=False, repr=False)
class ReadOptions(RunOptions):
    """The options of what reads places."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    airflow_only: bool
    exact_json: bool
    id_case: Literal["lower", "upper"]
    with_secrets: bool
    allow_http: bool
    jobs: int


@dataclass(kw_only=True, eq=False, repr=False)
class DeploymentOptions(ReadOptions):
    """The options of what works on Deployments and a local file."""

    deployment_id: tuple[str, ...]
    deployment_name: tuple[str, ...]
    target: tuple[str, ...]
    workspace_id: str | None
    env: str


@dataclass(kw_only=True, eq=False, repr=False)
class MoveOptions(ReadOptions, BackupOptions):
    """The options of what writes into places."""

    on_conflict: str | None
    rotate: tuple[str, ...]
    secret: tuple[str, ...]
    plain: tuple[str, ...]
    allow_argv: tuple[str, ...]
    allow_expansion: tuple[str, ...]
    allow_placeholder: tuple[str, ...]
    allow_reserved: tuple[str, ...]
    line_breaks: str
    partial: bool
    auto_link: bool
    dry_run: bool
    exit_code: bool
    yes: bool
    yes_protected: tuple[str, ...]
    no_receipts: bool


def make_options(kind: type[_O], values: Mapping[str, Any]) -> _O:
    """Return the options of one command; what has no value has its declared default."""
    return kind(**{each.name: values.get(each.name, OPTIONS[each.name].default) for each in fields(kind)})
