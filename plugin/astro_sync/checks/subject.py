"""The nouns of `check`: the file under examination, what a check is, what it finds. No I/O; no text holds a value."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from astro_sync.checks.surroundings import NOWHERE, Surroundings
from astro_sync.envfile.dialects import LOAD, READERS, Assignment, Dialect, LoadReading, Reading
from astro_sync.envfile.document import Document


@dataclass(frozen=True, slots=True)
class Finding:
    """Tell what is wrong with one line: `message` goes on behind the key, and never holds a value.

    A problem of the whole file stands at line 1. `fixable`: the check's own fix would put it right.
    """

    line: int
    key: str | None
    message: str
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Tell a finding with its check's code and the file as the user named it; `key` is None where it is no name."""

    code: str
    file: str
    line: int
    key: str | None
    message: str
    fixable: bool


@dataclass(frozen=True, slots=True, repr=False)
class Fix:
    """Hold the bytes and the mode that the file should have; None where it may stay as it is."""

    data: bytes | None = None
    mode: int | None = None

    def __repr__(self) -> str:
        return f"Fix(data={'***' if self.data is not None else None}, mode={self.mode})"


@dataclass(frozen=True, repr=False)
class Subject:
    """Hold a file, what the local runtime reads from it, and what surrounds it; `path` is as the user named it."""

    path: Path
    document: Document
    surroundings: Surroundings = field(default=NOWHERE)

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """Return what the local runtime reads, in order, but for a last word that is no assignment at all."""
        return tuple(made for made in self.document.reading.assignments if not made.is_bare_word)

    @cached_property
    def effective(self) -> Mapping[str, tuple[Assignment, str]]:
        """Return the assignment that gives each key its value, with that value, in the order of the file."""
        last = {made.key: (made, made.value) for made in self.assignments if made.value is not None}
        return dict(sorted(last.items(), key=lambda item: item[1][0].start))

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


@dataclass(frozen=True, slots=True)
class Check:
    """Name one check: a stable `code`, a stable `name`, and a `title`, the sentence that explains it.

    `fix` returns what the file should become; it leaves alone what the local runtime reads, unless that is its very
    purpose. A check that `needs_reading` is not made on a file that the local runtime rejects.
    """

    code: str
    name: str
    title: str
    find: Callable[[Subject], Iterable[Finding]]
    fix: Callable[[Subject], Fix] | None = None
    needs_reading: bool = True


def shown(key: str | None) -> str | None:
    """Return `key` if it looks like a name: a reader may take a piece of a broken value for one."""
    return key if key is not None and _NAME_LIKE.fullmatch(key) else None


def spoken(reader: Dialect) -> str:
    """Return how users know a reader."""
    return f"--{reader.name}" if reader is LOAD else reader.name


_NAME_LIKE: Final = re.compile(r"(?:export )?[A-Za-z_][A-Za-z0-9_.-]*")
