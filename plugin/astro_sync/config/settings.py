"""Settle what holds for a run: the command line (a target too), then the environment, then the project's defaults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from astro_sync.config.file import Config, Settings
from astro_sync.config.options import Options, Typed
from astro_sync.errors import UsageError


class Match(Enum):
    """How well a protected target names a Deployment."""

    EXACT = "exact"
    NEAR = "near"


_SELECTORS: Final = frozenset({"deployment_id", "deployment_name"})
_TARGET_ONLY: Final = frozenset({"protected"})
# One run has one of each, however many targets it has.
_OF_THE_RUN: Final = ("env", "partial", "timeout", "astro_bin", "jobs")


@dataclass(frozen=True, slots=True)
class Target:
    """Hold one Deployment to work on and what holds for it; `name` is None for one that no config names."""

    options: Options
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ResolvedSettings:
    """Hold the options of the run, those of each target, what is protected, and where each setting came from.

    `config` is the file that was read, or why it could not be.
    """

    options: Options
    targets: tuple[Target, ...] = ()
    protected: Mapping[str, Settings] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    config: Config | UsageError | None = None

    def protection(self, deployment_id: str, deployment_name: str) -> Iterator[tuple[str, Match]]:
        """Yield the protected targets that mean a Deployment, and those that would but for upper and lower case."""
        for name, table in self.protected.items():
            by_id = "deployment_id" in table
            configured = str(table.get("deployment_id" if by_id else "deployment_name", ""))
            actual = deployment_id if by_id else deployment_name
            if configured.casefold() == actual.casefold():
                yield name, Match.EXACT if configured == actual else Match.NEAR


def settle(typed: Typed, environ: Mapping[str, str], config: Config | None) -> ResolvedSettings:
    """Return what holds; raises UsageError for a target that is not there, or for targets that cannot run together."""
    names = typed.given.get("target", ())
    if names and config is None:
        raise UsageError("There is no .astro-sync.toml here or above.", hint="`astro-sync init` writes one.")
    tables = {name: config.target(name) for name in dict.fromkeys(names)} if config else {}
    defaults: Settings = config.defaults if config else {}
    found = {name: _merge(typed, table, f"target {name}", environ, defaults) for name, table in tables.items()}
    base, origins = next(iter(found.values())) if found else _merge(typed, {}, "", environ, defaults)
    for name, (options, _) in found.items():
        for setting in _OF_THE_RUN:
            if getattr(options, setting) != getattr(base, setting):
                hint = f"Run them one after another, or say --{setting.replace('_', '-')} on the command line."
                raise UsageError(f"Targets {next(iter(found))} and {name} differ in {setting}.", hint=hint)
    targets = [Target(options, name) for name, (options, _) in found.items()]
    if not targets or typed.typed & _SELECTORS:
        targets += _named(base if not found else _merge(typed, {}, "", environ, defaults)[0])
    protected = {name: table for name, table in (config.targets.items() if config else ()) if table.get("protected")}
    return ResolvedSettings(base, tuple(targets), protected, origins, config)


def _named(options: Options) -> list[Target]:
    """Return a target for each Deployment that was named by id or by name."""
    by_id = [Target(replace(options, deployment_id=(one,), deployment_name=())) for one in options.deployment_id]
    by_name = [Target(replace(options, deployment_id=(), deployment_name=(one,))) for one in options.deployment_name]
    return by_id + by_name


def _merge(
    typed: Typed, table: Settings, where: str, environ: Mapping[str, str], defaults: Settings
) -> tuple[Options, dict[str, str]]:
    """Merge the layers for one target (or for none, with an empty table), and say where each setting came from."""
    from_environment = {name: typed.given[name] for name in typed.from_environment}
    if ids := environ.get("ASTRO_SYNC_DEPLOYMENT_ID", "").split():
        from_environment["deployment_id"] = tuple(ids)
    chosen = {name: typed.given[name] for name in typed.typed}
    layers = [
        (defaults, "defaults of .astro-sync.toml"),
        (from_environment, "environment"),
        (table, where),
        (chosen, "command line"),
    ]
    # One place names the Deployment: an id that was typed silences a name in the defaults.
    namers = [(table, where)] if table else reversed(layers)
    namer = next((layer for layer, _ in namers if layer.keys() & _SELECTORS), {})
    values, origins = dict(typed.given), {}
    for layer, origin in layers:
        for name, value in layer.items():
            if name not in _TARGET_ONLY and (name not in _SELECTORS or layer is namer):
                values[name] = (value,) if name in _SELECTORS and isinstance(value, str) else value
                origins[name] = origin
    if namer is not chosen:
        values |= {name: () for name in _SELECTORS if name not in namer}
    return Options(**values), origins
