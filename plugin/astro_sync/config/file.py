"""Read `.astro-sync.toml`: what a project always says, and its Deployments by name. Values never live there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from astro_sync.config.limits import LONGEST_TIMEOUT
from astro_sync.core.plan import OnConflict
from astro_sync.errors import UsageError

NAME: Final = ".astro-sync.toml"

# The long options' names, and the type of each.
_SETTINGS: Final[Mapping[str, type]] = {
    "deployment_id": str,
    "deployment_name": str,
    "workspace_id": str,
    "env": str,
    "include": list,
    "exclude": list,
    "airflow_only": bool,
    "secret": list,
    "plain": list,
    "on_conflict": str,
    "allow_reserved": list,
    "partial": bool,
    "timeout": float,
    "astro_bin": str,
    "jobs": int,
}
_WORDS: Final = {
    str: "a text",
    bool: "true or false",
    list: "a list of texts",
    float: "a number above 0",
    int: "a whole number above 0",
}
_TARGET_ONLY: Final[Mapping[str, type]] = {"protected": bool}
Settings = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Config:
    """Hold the tables of a config file, and where it stands."""

    path: Path
    defaults: Settings = field(default_factory=dict)
    targets: Mapping[str, Settings] = field(default_factory=dict)

    def target(self, name: str) -> Settings:
        """Return one target's table; raises UsageError with the nearest name if there is none."""
        if name not in self.targets:
            hint = _nearest(name, self.targets, f"{NAME} has these targets")
            raise UsageError(f"There is no target {name} in {self.path}.", hint=hint)
        return self.targets[name]


def find(start: Path) -> Path | None:
    """Return the config file of a folder or of the nearest one above it."""
    # os.path: a folder above that cannot be searched is passed over.
    return next((folder / NAME for folder in (start, *start.parents) if os.path.isfile(folder / NAME)), None)  # noqa: PTH113


def load(start: Path) -> Config | None:
    """Return the config that holds in a folder; raises UsageError for one that cannot be read or understood."""
    path = find(start)
    if path is None:
        return None
    import tomllib  # most folders have no config to read

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # tomllib's message holds a position and a character, never a line of the file.
        raise UsageError(f"{path} cannot be read: {error}.", hint="Mend the file; values never live there.") from None
    _know(path, "", tables, ("defaults", "targets"))
    targets = tables.get("targets", {})
    if not isinstance(targets, dict):
        raise UsageError(f"{path}: targets is no table.", hint="Write `[targets.NAME]`.")
    known = {**_SETTINGS, **_TARGET_ONLY}
    checked = {name: _check(path, f"targets.{name}", table, known) for name, table in targets.items()}
    return Config(path, _check(path, "defaults", tables.get("defaults", {}), _SETTINGS), checked)


def _check(path: Path, where: str, table: object, known: Mapping[str, type]) -> Settings:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {where} is no table.", hint=f"Write `[{where}]`.")
    _know(path, where, table, known)
    return {name: _typed(path, where, name, setting, known[name]) for name, setting in table.items()}


def _typed(path: Path, where: str, name: str, setting: object, wanted: type) -> object:
    if wanted is float and isinstance(setting, int) and not isinstance(setting, bool):
        setting = float(setting)
    fits = isinstance(setting, wanted) and not (wanted is int and isinstance(setting, bool))
    if wanted is list:
        fits = isinstance(setting, list) and all(isinstance(item, str) for item in setting)
    if name == "on_conflict":
        fits = isinstance(setting, str) and setting in {policy.value for policy in OnConflict}
    if name in {"timeout", "jobs"} and isinstance(setting, float | int):
        fits = fits and 0 < setting <= LONGEST_TIMEOUT
    if not fits:
        what = " or ".join(policy.value for policy in OnConflict) if name == "on_conflict" else _WORDS[wanted]
        raise UsageError(f"{path}: {where}.{name} is not as expected.", hint=f"Write {what}.")
    return tuple(setting) if isinstance(setting, list) else setting


def _know(path: Path, where: str, table: Mapping[str, object], known: Mapping[str, type] | tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            place = f"in [{where}] " if where else ""
            hint = _nearest(name, known, "It can have")
            raise UsageError(f"{path}: nothing {place}is called {name}.", hint=hint)


def _nearest(name: str, known: Mapping[str, object] | tuple[str, ...], otherwise: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"{otherwise}: {', '.join(known) or 'none'}."
