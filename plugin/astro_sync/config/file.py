"""Read `.astro-sync.toml`: what a project always says, and its Deployments by name. Values never live there."""

import os
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from astro_sync.config.declarations import LONGEST_TIMEOUT, OPTIONS, Option
from astro_sync.errors import UsageError

NAME: Final = ".astro-sync.toml"
_TABLES: Final = ("defaults", "targets", "groups")
_LARGEST: Final = 1 << 20  # bytes; nobody writes more by hand
_WORDS: Final[Mapping[str, str]] = {
    "names": "a text that is not empty",
    "text": "a text that is not empty",
    "file": "the name of a file",
    "texts": "a list of texts",
    "switch": "true or false",
    "seconds": "a number above 0",
    "count": "a whole number above 0",
}
Settings = Mapping[str, object]


class Config(NamedTuple):
    """The tables of a config file, and where it is."""

    path: Path
    defaults: Settings = MappingProxyType({})
    targets: Mapping[str, Settings] = MappingProxyType({})
    groups: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def target(self, name: str) -> Settings:
        """Return one target's table; raises UsageError with the nearest name if there is none."""
        if name not in self.targets:
            hint = _nearest(name, (*self.targets, *self.groups), f"{NAME} has these targets")
            if name in self.groups:
                hint = f"It is a group; name one of its targets: {', '.join(self.groups[name])}."
            raise UsageError(f"There is no target {name} in {self.path}.", hint=hint)
        return self.targets[name]

    def expand(self, names: Iterable[str]) -> list[str]:
        """Return the targets that are meant, a group's in its place, each once."""
        return list(dict.fromkeys(target for name in names for target in self.groups.get(name, (name,))))


def find(start: Path) -> Path | None:
    """Return the config file of a folder or of the nearest one above it."""
    # os.path: a folder above that cannot be searched is passed over.
    return next((folder / NAME for folder in (start, *start.parents) if os.path.isfile(folder / NAME)), None)  # noqa: PTH113


def load(start: Path) -> Config | None:
    """Return the config that holds in a folder.

    Raises UsageError for one that cannot be read or understood, or that somebody else could have written.
    """
    path = find(start)
    if path is None:
        return None
    import tomllib  # most folders have no config to read

    try:
        tables = tomllib.loads(_read(path).decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Make it readable for you.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # tomllib's message holds a position and a character, never a line of the file.
        raise UsageError(f"{path} cannot be read: {error}.", hint="Mend the file; values never live there.") from None
    except (RecursionError, ValueError):
        hint = "Settings are texts, short lists and short numbers; write no others."
        raise UsageError(f"{path} holds a number or a nesting that no setting has.", hint=hint) from None
    _know(path, "", tables, _TABLES)
    known = {name: option for name, option in OPTIONS.items() if option.scope != "command line"}
    everywhere = {name: option for name, option in known.items() if option.scope != "target only"}
    targets = _sections(path, "targets", tables)
    return Config(
        path,
        _check(path, "defaults", tables.get("defaults", {}), everywhere),
        {name: _check(path, f"targets.{name}", table, known) for name, table in targets.items()},
        _groups(path, tables, targets),
    )


def _read(path: Path) -> bytes:
    """Return the bytes of a config that only its owner and root can have written."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_trusted(path, os.fstat(descriptor))
        for folder in {path.parent, Path(os.path.realpath(path)).parent}:
            _require_trusted(folder, folder.stat())
        data = os.read(descriptor, _LARGEST)
    finally:
        os.close(descriptor)
    if len(data) == _LARGEST:
        raise UsageError(f"{path} is too large to be a config.", hint="Values never live there.")
    return data


def _require_trusted(path: Path, status: os.stat_result) -> None:
    # Settings decide what goes where, and as whom: they are the user's own, or root's.
    if status.st_uid not in {os.geteuid(), 0}:
        owner = _owner(status.st_uid)
        hint = f"If you trust what it says, make it yours: sudo chown {os.geteuid()} {shlex.quote(str(path))}"
        raise UsageError(f"{path} belongs to {owner}, so {NAME} is not read.", hint=hint)
    if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_private(status)):
        hint = f"Look at what it says, then run: chmod go-w {shlex.quote(str(path))}"
        raise UsageError(f"Others than {_owner(status.st_uid)} can write {path}, so {NAME} is not read.", hint=hint)


def _is_private(status: os.stat_result) -> bool:
    """Tell whether a group is that of one user alone, as many systems make one for each."""
    import grp

    try:
        group = grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    return group.gr_name == _owner(status.st_uid) and not set(group.gr_mem) - {group.gr_name}


def _owner(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _sections(path: Path, where: str, tables: Settings) -> Mapping[str, object]:
    found = tables.get(where, {})
    if not isinstance(found, dict):
        raise UsageError(f"{path}: {where} is no table.", hint=f"Write `[{where}{'.NAME' * (where == 'targets')}]`.")
    return found


def _groups(path: Path, tables: Settings, targets: Mapping[str, object]) -> Mapping[str, tuple[str, ...]]:
    groups = {}
    for name, members in _sections(path, "groups", tables).items():
        if not isinstance(members, list) or not members or not all(isinstance(member, str) for member in members):
            raise UsageError(f"{path}: groups.{name} is not as expected.", hint="Write a list of names of targets.")
        if name in targets:
            raise UsageError(f"{path}: {name} is a target and a group.", hint="Give one of them another name.")
        if unknown := next((member for member in members if member not in targets), None):
            hint = _nearest(unknown, targets, "There are these targets")
            raise UsageError(f"{path}: groups.{name} names {unknown}, and there is no such target.", hint=hint)
        groups[name] = tuple(members)
    return groups


def _check(path: Path, where: str, table: object, known: Mapping[str, Option]) -> Settings:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {where} is no table.", hint=f"Write `[{where}]`.")
    _know(path, where, table, known)
    return {name: _setting(path, where, known[name], setting) for name, setting in table.items()}


def _setting(path: Path, where: str, option: Option, setting: object) -> object:
    fitting = _fit(option, setting)
    if fitting is None:
        what = " or ".join(option.choices) or _WORDS[option.kind]
        raise UsageError(f"{path}: {where}.{option.name} is not as expected.", hint=f"Write {what}.")
    return fitting


def _fit(option: Option, setting: object) -> object | None:
    """Return a setting as the option has it, None where its type is not the option's."""
    if "\0" in "".join(_texts(setting)):
        return None
    match option.kind, setting:
        case "switch", bool():
            return setting
        case "texts", list() if all(isinstance(item, str) for item in setting):
            return tuple(setting)
        case "choice", str() if setting in option.choices:
            return setting
        case "text" | "names", str():
            return setting.strip() or None
        case "file", str() if setting.strip():
            return setting
        case "seconds", int() | float() if not isinstance(setting, bool) and 0 < setting <= LONGEST_TIMEOUT:
            return float(setting)
        case "count", int() if not isinstance(setting, bool) and 0 < setting <= LONGEST_TIMEOUT:
            return setting
    return None


def _texts(setting: object) -> Iterator[str]:
    yield from (item for item in (setting if isinstance(setting, list) else [setting]) if isinstance(item, str))


def _know(path: Path, where: str, table: Mapping[str, object], known: Iterable[str]) -> None:
    for name in table:
        if name not in known:
            place = f"in [{where}] " if where else ""
            hint = _nearest(name, known, "It can have")
            if name == "astro_bin":
                hint = "Name the program with --astro-bin PATH or ASTRO_SYNC_ASTRO_BIN."
            raise UsageError(f"{path}: nothing {place}is called {name}.", hint=hint)


def _nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else f"{otherwise}: {', '.join(known) or 'none'}."
