"""What a file of Airflow's holds and takes, and what every format does alike."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from astro_sync.airflow.connection import means_the_same
from astro_sync.core.model import Kind, Name, Reason, Refusal
from astro_sync.errors import RefusedError

# the longest key of a variable in Airflow's database, and the longest conn_id that its import takes
_LONGEST: Final = {Kind.VARIABLE: 250, Kind.CONNECTION: 200}
_CONN_ID: Final = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One entry of a file under its own id: its text and description, or the problem for which it has none."""

    name: Name
    text: str | None = field(repr=False)
    description: str | None = field(default=None, repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One value on its way into a file; without a description the one that stands there stays."""

    name: Name
    text: str = field(repr=False)
    description: str | None = field(default=None, repr=False)


class Format(Protocol):
    """How one kind of file holds connections and variables. Pure."""

    KINDS: frozenset[Kind]
    DESCRIPTIONS: bool
    """Whether it can hold the description of a variable; that of a connection is a part of its text."""

    def read(self, data: bytes) -> Sequence[FileEntry]:
        """Return what the file holds; raises RefusedError for one that Airflow could not read."""
        ...

    def write(self, old: bytes, changes: Sequence[FileWrite]) -> bytes:
        """Return the file with these entries set, all else as it was.

        Raises RefusedError for what `read` refuses, and for an entry that has a problem or that others share.
        """
        ...

    def refusal(self, write: FileWrite) -> Refusal | None:
        """Return why the file cannot hold an entry, or None."""
        ...


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, its line ends as they are; raises RefusedError naming the line else."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RefusedError(f"The file is not in UTF-8: line {line}.") from None


def require_readable(entries: Iterable[FileEntry], changes: Iterable[FileWrite]) -> None:
    """Raise RefusedError for an entry that is to be replaced although it could not be read."""
    wanted = {each.name for each in changes}
    for entry in entries:
        if entry.name in wanted and entry.problem is not None:
            raise RefusedError(f"{entry.name.id} cannot be replaced in the file: {entry.problem}.")


def require_rest(
    read: Callable[[bytes], Sequence[FileEntry]], old: bytes, new: bytes, changes: Sequence[FileWrite]
) -> bytes:
    """Return the new file if it reads as asked, and elsewhere as the old one; raise RefusedError else.

    In YAML one place can serve several: an anchor, a merged mapping.
    """
    wanted = {each.name: each for each in read(old)} | {w.name: FileEntry(w.name, w.text) for w in changes}
    try:
        found = {each.name: each for each in read(new)}
    except RefusedError:
        found = {}
    if found.keys() == wanted.keys() and all(_same(entry, wanted[name]) for name, entry in found.items()):
        return new
    raise RefusedError("The file cannot be changed here without changing other entries: does it use anchors?")


def name_refusal(name: Name, kinds: frozenset[Kind]) -> Refusal | None:
    """Return why no entry of a file with these kinds can have this name, or None."""
    if name.kind not in kinds:
        return Refusal(Reason.OTHER_KIND)
    if not name.id:
        return Refusal(Reason.NAME_NOT_ALLOWED, "it has no id")
    if len(name.id) > _LONGEST[name.kind]:
        return Refusal(Reason.NAME_NOT_ALLOWED, f"Airflow takes ids of at most {_LONGEST[name.kind]} characters")
    if name.kind is Kind.CONNECTION and (not _CONN_ID.fullmatch(name.id) or ".." in name.id):
        return Refusal(Reason.NAME_NOT_ALLOWED, "Airflow takes letters, digits, `_`, `-` and single `.` in a conn_id")
    return None


def _same(entry: FileEntry, other: FileEntry) -> bool:
    if entry.text is None or other.text is None:
        return entry.problem == other.problem and entry.text == other.text
    if entry.name.kind is Kind.CONNECTION:
        return means_the_same(entry.text, other.text)
    return entry.text == other.text
