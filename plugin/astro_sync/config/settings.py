"""Resolve what holds for a run: the command line (a target too), then the environment, then the project's defaults."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, TypeVar

from astro_sync.config.declarations import OPTIONS, SELECTORS
from astro_sync.config.file import Config, Settings
from astro_sync.config.options import CommandLine, RunOptions, make_options
from astro_sync.errors import UsageError

_O = TypeVar("_O", bound=RunOptions)
O_co = TypeVar("O_co", bound=RunOptions, covariant=True)
_NO_CONFIG: Final = "There is no .astro-sync.toml here or above."
# What can be named on the command line, and what each names.
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((*SELECTORS, "target"), "Deployment"),
        **dict.fromkeys(("source", "destination", "place"), "place"),
        **dict.fromkeys(("env", "files"), "file"),
        "workspace_id": "workspace",
    }
)


class Match(Enum):
    """How well a protected target names a Deployment."""

    EXACT = "exact"
    NEAR = "near"


class Target(NamedTuple, Generic[O_co]):
    """One Deployment to work on and what holds for it; `name` is None for one that no config names."""

    options: O_co
    name: str | None = None


class ResolvedSettings(NamedTuple, Generic[O_co]):
    """The options of the run and of each of its targets, what is protected, and where each setting is from.

    `config` is the file that was read, or why it could not be.
    """

    options: O_co
    targets: tuple[Target[O_co], ...] = ()
    protected: Mapping[str, Settings] = MappingProxyType({})
    origins: Mapping[str, str] = MappingProxyType({})
    config: Config | UsageError | None = None

    def target(self, name: str) -> Settings:
        """Return the table of one target; raises UsageError if there is none."""
        if isinstance(self.config, UsageError):
            raise self.config
        if self.config is None:
            raise UsageError(_NO_CONFIG, hint="`astro-sync init` writes one.")
        return self.config.target(name)


def find_protection(
    protected: Mapping[str, Settings], address: str, deployment_name: str, real_file: Callable[[str], str]
) -> Iterator[tuple[str, Match]]:
    """Yield the protected targets that mean a place, and those that would but for upper and lower case.

    A target means its Deployment, with all that belongs to it, and the secrets backend of its file. `real_file` returns
    the file that `backend:REST` reads, without links.
    """
    scheme, _, rest = address.partition(":")
    # Whatever the scheme, the id of a Deployment ends the address.
    deployment_id = rest.rpartition("/")[2]
    for name, table in protected.items():
        if scheme == "backend":
            file = table.get("backend")
            if isinstance(file, str) and real_file(rest) == real_file(file):
                yield name, Match.EXACT
            continue
        by_id = "deployment_id" in table
        configured = str(table.get("deployment_id" if by_id else "deployment_name", ""))
        actual = deployment_id if by_id else deployment_name
        if configured.casefold() == actual.casefold():
            yield name, Match.EXACT if configured == actual else Match.NEAR


def resolve(kind: type[_O], command_line: CommandLine, config: Config | None) -> ResolvedSettings[_O]:
    """Return what holds.

    Raises UsageError for a target that is not there, a name that is empty, and targets that cannot run together.
    """
    _refuse_empty(kind, command_line)
    names = command_line.given.get("target", ())
    if names and config is None:
        raise UsageError(_NO_CONFIG, hint="`astro-sync init` writes one.")
    tables = {name: config.target(name) for name in config.expand(names)} if config else {}
    layers = _Layers(command_line, config.defaults if config else {})
    merged = {name: layers.merge(table, f"target {name}") for name, table in tables.items()}
    layered = list(merged.values()) or [layers.merge({}, "")]
    resolved = {name: make_options(kind, values) for name, (values, _) in merged.items()}
    _refuse_disagreement(kind, resolved)
    targets = [Target(options, name) for name, options in resolved.items()]
    if not targets or command_line.typed & {*SELECTORS}:
        targets += _named(kind, layers.merge({}, "")[0])
    protected = {name: table for name, table in (config.targets.items() if config else ()) if table.get("protected")}
    base, _ = layered[0]
    origins = _origins(kind, [found for _, found in layered])
    return ResolvedSettings(make_options(kind, base), tuple(targets), protected, origins, config)


def _origins(kind: type[RunOptions], found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return where each option that a command takes is from; targets may have it from different layers."""
    told = {}
    for name in (each.name for each in fields(kind) if OPTIONS[each.name].flags):
        if layers := dict.fromkeys(origins[name] for origins in found if name in origins):
            told[name] = " and the ".join(layers)
    return told


class _Layers(NamedTuple):
    command_line: CommandLine
    defaults: Settings

    def merge(self, table: Settings, where: str) -> tuple[dict[str, object], dict[str, str]]:
        """Merge the layers for one target (or for none, with an empty table), and say where each setting is from."""
        given = self.command_line.given
        chosen = {name: given[name] for name in self.command_line.typed}
        # An empty variable names nothing: what is below it counts.
        from_environment = {name: given[name] for name in self.command_line.from_environment if given[name]}
        layers = [
            (self.defaults, "defaults of .astro-sync.toml"),
            (from_environment, "environment"),
            (table, where),
            (chosen, "command line"),
        ]
        # One place names the Deployment: an id that was typed silences a name in the defaults.
        namers = [table] if where else [layer for layer, _ in reversed(layers)]
        namer = next((layer for layer in namers if layer.keys() & {*SELECTORS}), {})
        values: dict[str, object] = {**dict.fromkeys(SELECTORS, ()), "target": given.get("target", ())}
        origins: dict[str, str] = {}
        for layer, origin in layers:
            for name, value in layer.items():
                if name not in SELECTORS or layer is namer:
                    values[name] = (value,) if name in SELECTORS and isinstance(value, str) else value
                    origins[name] = origin
        return values, origins


def _refuse_empty(kind: type[RunOptions], command_line: CommandLine) -> None:
    """Refuse a name that is empty: the Astro CLI would take it for any Deployment, or for the current workspace."""
    for name in (each for each in _NAMES if each in command_line.typed):
        value = command_line.given[name]
        if all(text.strip() for text in ((value,) if isinstance(value, str) else value)):
            continue
        what = _NAMES[name]
        typed = kind.positional[name].strip("[].") if name in kind.positional else OPTIONS[name].flags[-1]
        shows = " `astro deployment list` shows the ids." if what in {"Deployment", "workspace"} else ""
        hint = f"Is the variable set that it comes from?{shows}"
        raise UsageError(f"No {what} was named: {typed} is empty.", hint=hint)


def _refuse_disagreement(kind: type[RunOptions], resolved: Mapping[str, RunOptions]) -> None:
    """Refuse targets that differ in what one run has once."""
    first = next(iter(resolved), "")
    for name, options in resolved.items():
        for each in fields(kind):
            if OPTIONS[each.name].scope == "run" and getattr(options, each.name) != getattr(resolved[first], each.name):
                hint = f"Run them one after another, or say {OPTIONS[each.name].flags[-1]} on the command line."
                raise UsageError(f"Targets {first} and {name} differ in {each.name}.", hint=hint)


def _named(kind: type[_O], values: Mapping[str, object]) -> list[Target[_O]]:
    """Return a target for each Deployment that was named by id or by name."""
    none = dict.fromkeys(SELECTORS, ())
    named = [(name, texts) for name in SELECTORS if isinstance(texts := values[name], tuple)]
    return [Target(make_options(kind, {**values, **none, name: (text,)})) for name, texts in named for text in texts]
