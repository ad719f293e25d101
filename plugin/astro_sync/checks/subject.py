"""The nouns of `check`: the file under examination, what a check is, what it finds. No I/O; no text holds a value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from astro_sync.airflow.names import is_sound, masked
from astro_sync.checks.surroundings import NOWHERE, Surroundings
from astro_sync.core.model import Value
from astro_sync.envfile.dialects import COMPOSE, LOAD, READERS, Assignment, Dialect, LoadReading, Reading
from astro_sync.envfile.document import Document


class Problem(NamedTuple):
    """What is wrong with one line: `message` goes on after the key, and never holds a value.

    A problem of the whole file stands at line 1. `fixable`: the check's own fix would put it right. `code` and `file`
    are filled in when it is told; `key` is masked then where it is no sound name.
    """

    line: int
    key: str | None
    message: str
    fixable: bool = False
    code: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Fix:
    """The bytes and the mode that the file should have; None where it may stay as it is."""

    data: bytes | None = None
    mode: int | None = None

    def __repr__(self) -> str:
        return f"Fix(data={'***' if self.data is not None else None}, mode={self.mode})"


@dataclass(frozen=True, repr=False)
class Subject:
    """A file, what the local runtime reads from it, and what surrounds it; `path` is as the user named it."""

    path: Path
    document: Document
    surroundings: Surroundings = field(default=NOWHERE)

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """Return what the local runtime reads, in order, but for a last word that is no assignment at all."""
        return tuple(each for each in self.document.reading.assignments if not each.is_bare_word)

    @cached_property
    def effective(self) -> Mapping[str, tuple[int, Value]]:
        """Return each key's value with the line that gives it, in the order of the file."""
        last = {each.key: each for each in self.assignments if each.value is not None}
        ordered = sorted(last.values(), key=lambda each: each.start)
        return {each.key: (each.line, Value(each.value)) for each in ordered if each.value is not None}

    @cached_property
    def references(self) -> Mapping[str, tuple[int, tuple[str, ...]]]:
        """Return what each key takes from outside the file as compose reads it, with the line; see `Reading`."""
        reading = self.readings[COMPOSE]
        names = reading.references() if reading.rejected is None else {}
        lines = {each.key: each.line for each in reading.assignments if each.value is not None}
        return {key: (lines[key], found) for key, found in names.items()}

    @cached_property
    def readings(self) -> Mapping[Dialect, Reading]:
        """Return what each of the four readers makes of the file, the local runtime first."""
        document = self.document
        others = (reader for reader in READERS if reader is not document.runtime)
        read = {reader: reader.read(document.text, document.environment) for reader in others}
        return {document.runtime: document.reading, **read}

    @cached_property
    def load_stops_at(self) -> int | None:
        """Return the line that is too long for `--load`, which reads neither it nor a later one."""
        reading = self.readings[LOAD]
        return reading.dropped_from if isinstance(reading, LoadReading) else None

    def with_data(self, data: bytes) -> "Subject":
        """Return the same file with other bytes in it."""
        return replace(self, document=Document(data, self.document.runtime, self.document.environment))

    def __repr__(self) -> str:
        return f"Subject({self.path}, {self.document!r})"


Find = Callable[[Subject], Iterable[Problem]]


class Check(NamedTuple):
    """One check: a stable `code`, a stable `name`, and a `title`, the sentence that explains it.

    `fix` returns what the file should become; it leaves alone what the local runtime reads, unless that is its very
    purpose. A check that `needs_reading` is not made on a file that the local runtime rejects.
    """

    code: str
    name: str
    title: str
    find: Find
    fix: Callable[[Subject], Fix] | None = None
    needs_reading: bool = True


def check(
    code: str, name: str, title: str, *, fix: Callable[[Subject], Fix] | None = None, needs_reading: bool = True
) -> Callable[[Find], Check]:
    """Make a check of the function that finds its problems."""
    return lambda find: Check(code, name, title, find, fix, needs_reading)


def shown(key: str, line: int) -> str:
    """Return `key` if its name is sound, else where it stands: a reader may take a piece of a broken value for one."""
    return key if is_sound(key.removeprefix("export ")) else masked(key, line)


def spoken(reader: Dialect) -> str:
    """Return how users know a reader."""
    return f"--{reader.name}" if reader is LOAD else reader.name
