"""What a file of Airflow's holds, in the names of environment variables; and which of its entries a name stands for."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from astro_sync.airflow.connection import means_the_same
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.core.model import Kind, Name, Refusal
from astro_sync.errors import RefusedError

# the longest key of a variable in Airflow's database, and the longest conn_id that its import takes
_LONGEST: Final = {VARIABLE: 250, CONNECTION: 200}
_CONN_ID: Final = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One entry of a file under its own id: its text and description, or the problem that it has."""

    name: Name
    text: str | None = field(repr=False)
    description: str | None = field(default=None, repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One value on its way into a file."""

    name: Name
    text: str = field(repr=False)
    description: str | None = field(default=None, repr=False)


class Format(Protocol):
    """How one kind of file holds connections and variables. Pure."""

    KINDS: frozenset[Kind]
    DESCRIPTIONS: bool

    def read(self, data: bytes) -> Sequence[FileEntry]:
        """Return what the file holds; raises RefusedError for one that Airflow could not read."""
        ...

    def write(self, old: bytes, changes: Sequence[FileWrite]) -> bytes:
        """Return the file with these entries set, all else as it was."""
        ...

    def refusal(self, write: FileWrite) -> Refusal | None:
        """Return why the file cannot hold an entry, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file under its own id: its value, or the reason why it has none."""

    id: str
    value: str | None = field(repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FileContent:
    """Values by environment variable, and the reasons (without any value) why others cannot be read."""

    values: Mapping[str, str] = field(repr=False)
    unreadable: Mapping[str, str]


def gather(prefix: str, entries: Iterable[Entry]) -> FileContent:
    """Put entries under the names of environment variables; several under one name must say the same."""
    values: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    ids: dict[str, str] = {}
    for entry in entries:
        name = prefix + entry.id.upper()
        first = ids.setdefault(name, entry.id)
        if entry.value is None:
            unreadable.setdefault(name, entry.reason or "it has no value")
        elif name in values and not _same(name, values[name], entry.value):
            unreadable.setdefault(name, f"{first!r} and {entry.id!r} are one name to Airflow and differ")
        else:
            values.setdefault(name, entry.value)
    return FileContent({name: value for name, value in values.items() if name not in unreadable}, unreadable)


def join(first: FileContent, second: FileContent) -> FileContent:
    """Put the content of two parts of a file together; their names differ in the prefix."""
    return FileContent({**first.values, **second.values}, {**first.unreadable, **second.unreadable})


class Ids:
    """The ids of a file's entries by the name under which Airflow looks them up."""

    def __init__(self, prefix: str, ids: Iterable[str]) -> None:
        self._prefix = prefix
        self._ids: dict[str, list[str]] = {}
        for each in ids:
            self._ids.setdefault(prefix + each.upper(), []).append(each)

    def find(self, name: str) -> list[str]:
        """Return the ids that a name stands for, or the new one (in lower case) if the file has none."""
        return self._ids.get(name) or [name.removeprefix(self._prefix).lower()]


def refuse_unreadable(content: FileContent, names: Iterable[str]) -> None:
    """Raise a `RefusedError` for a name whose entry is to be replaced although it could not be read."""
    for name in names:
        if name in content.unreadable:
            raise RefusedError(f"{name} cannot be replaced in the file: {content.unreadable[name]}.")


def keep_the_rest(read: Callable[[bytes], FileContent], old: bytes, new: bytes, changes: Mapping[str, str]) -> bytes:
    """Return the new file if it reads as asked, and elsewhere as the old one; else raise a `RefusedError`.

    In YAML one place can serve several: an anchor, a merged mapping.
    """
    before = read(old)
    wanted = {**before.values, **changes}
    try:
        after = read(new)
    except RefusedError:
        after = FileContent({}, {})
    same = after.values.keys() == wanted.keys() and after.unreadable == before.unreadable
    if same and all(_same(name, wanted[name], value) for name, value in after.values.items()):
        return new
    raise RefusedError("The file cannot be changed here without changing other entries: does it use anchors?")


def name_refusal(name: str, *prefixes: str) -> str | None:
    """Say why no entry of the file can have this name, or None."""
    prefix = next((each for each in prefixes if name.startswith(each)), None)
    if prefix is None:
        return f"the file only holds {' and '.join(f'{each}*' for each in prefixes)}"
    wanted = name.removeprefix(prefix)
    if not wanted:
        return "it has no name behind the prefix"
    if wanted.lower().upper() != wanted:
        return "it is not in upper case, and Airflow would never look it up"
    if len(wanted) > _LONGEST[prefix]:
        return f"its name is longer than the {_LONGEST[prefix]} characters that Airflow takes"
    if prefix == CONNECTION and (not _CONN_ID.fullmatch(wanted) or ".." in wanted):
        return "Airflow takes only letters, digits, `_`, `-` and single `.` in the id of a connection"
    return None


def _same(name: str, value: str, other: str) -> bool:
    return means_the_same(value, other) if name.startswith(CONNECTION) else value == other
