"""A `.env` file, read and written as the local runtime in force reads it."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from astro_sync.airflow.names import is_sound, masked
from astro_sync.core.filters import Wanted
from astro_sync.core.model import (
    Entry,
    Kind,
    Name,
    Names,
    Notice,
    Plan,
    Reason,
    Refusal,
    Snapshot,
    Traits,
    Value,
    WarningCode,
    Write,
    name_of,
)
from astro_sync.core.secrecy import secret_comment
from astro_sync.envfile.dialects import COMPOSE, RUNTIMES, STANDALONE, CannotWriteError, Dialect
from astro_sync.envfile.document import Document, require_second_reading
from astro_sync.envfile.writing import quote
from astro_sync.errors import RejectedFileError
from astro_sync.places.base import Role, Surroundings
from astro_sync.places.local_state import is_project
from astro_sync.places.locked_file import LockedFile, PreparedFile
from astro_sync.storage.atomic import load

# The first line of our own backups: they are read alike in each local mode.
AS_COMPOSE: Final = "# astro-sync wrote this backup; it reads it as Docker Compose does."
_TRAITS: Final = Traits(Names.ENVIRONMENT, atomic=True, empty_is_missing=True, removes=True)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class EnvFile(LockedFile):
    """One `.env` file.

    `mode` tells the local runtime; `environ` is where `$NAME` is looked up first. `stdin` holds the bytes of a source
    that is no file. `local_airflow_reads_it`: it is an Astro project's own.
    """

    mode: Callable[[], str]
    environ: Mapping[str, str]
    stdin: bytes | None = None
    local_airflow_reads_it: bool = False
    kind: str = field(default="env", init=False)
    traits: Traits = field(default=_TRAITS, init=False)
    _document: Document | None = field(default=None, init=False)

    def read(self, _wanted: Wanted) -> Snapshot:
        """Return what the local runtime reads from the file; raises as `accept` does."""
        return _snapshot(self.accept())

    def accept(self) -> Document:
        """Return the file itself, to be changed.

        Raises RejectedFileError if the local runtime would reject it, UsageError if a file that must exist does not.
        """
        document = self.examine()
        if document.rejection:
            line = document.rejection.place
            message = f"{self}:{line}: {self._reader} rejects the whole file here: {document.rejection.reason}."
            hint = f"Mend line {line}, then try again; `astro-sync check {shlex.quote(self.label)}` explains it."
            raise RejectedFileError(message, line=line, hint=hint)
        return document

    def examine(self) -> Document:
        """Return the file itself, whatever the local runtime thinks of it."""
        self._document = self._parse(self.load() if self.stdin is None else self.stdin)
        return self._document

    def refusal(self, write: Write) -> Refusal | None:
        """Return why the local runtime could not read this variable from the file."""
        key = write.name.variable
        if reason := self._runtime.refuses_key(key):
            return Refusal(Reason.NAME_NOT_ALLOWED, f"{reason} ({self._reader})")
        try:
            quote(key, write.value.reveal(), self._runtime)
        except CannotWriteError as error:
            reason = Reason.LINE_BREAK if "\n" in write.value.reveal() else Reason.CANNOT_HOLD
            return Refusal(reason, f"{error} ({self._reader})")
        return None

    def prepare(self, plan: Plan) -> PreparedFile:
        """Put the planned values into their lines, everything else left as it is."""
        writes = plan.writes
        texts = {write.name.variable: write.value.reveal() for write in writes}
        comments = [secret_comment(name.variable) for name in plan.recorded]
        edit = self._read_document().edit(texts, remove={name.variable for name in plan.removed}, comments=comments)
        require_second_reading(edit)
        notices = [Notice(WarningCode.READERS_DIFFER, key, self._reader) for key in edit.particular]
        notices += [Notice(WarningCode.LINE_STAYED, key, str(line)) for key, line in edit.stayed]
        if self.local_airflow_reads_it and plan.changes_something:
            notices.append(Notice(WarningCode.RESTART_LOCAL, None, self.label))
        return PreparedFile(writes=writes, calls=1, warnings=tuple(notices), data=edit.data)

    def read_backup(self, backup: Path) -> Snapshot:
        """Return what the local runtime reads from a backup of the file."""
        return _snapshot(self._parse(load(backup).data))

    def _parse(self, data: bytes) -> Document:
        runtime = COMPOSE if data.startswith(AS_COMPOSE.encode()) else self._runtime
        return Document(data, runtime, _in_utf8(self.environ))

    def _read_document(self) -> Document:
        if self._document is None:
            raise RuntimeError("a file is read before it is changed")
        return self._document

    @property
    def _runtime(self) -> Dialect:
        return RUNTIMES[self.mode()]

    @property
    def _reader(self) -> str:
        return "the Astro CLI's standalone mode" if self._runtime is STANDALONE else "Docker Compose"


def open_env_file(path: str, role: Role, around: Surroundings) -> EnvFile:
    """Return a `.env` file; a source must be there."""
    is_source = role is Role.SOURCE
    full = around.cwd / path
    return EnvFile(
        path=full,
        label=path,
        timeout=around.timeout,
        tell=around.tell,
        must_exist=is_source,
        read_only=is_source or path == "-",
        mode=around.mode,
        environ=around.environ,
        stdin=around.stdin() if path == "-" else None,
        local_airflow_reads_it=(
            is_project(around.project) and os.path.realpath(full) == os.path.realpath(around.project / ".env")
        ),
    )


def _snapshot(document: Document) -> Snapshot:
    entries = {entry.name: entry for entry in _entries(document)}
    return Snapshot(entries, recorded=frozenset(map(name_of, _recorded(document.data))))


def _entries(document: Document) -> Iterator[Entry]:
    """Yield an entry for each key; one whose key may be a piece of a value shows its line in place of it."""
    lines = {each.key: each.line for each in document.reading.assignments}
    references = document.reading.references()
    for key, text in document.values().items():
        if is_sound(key):
            yield Entry(name_of(key), Value(text), expands=references.get(key, ()))
        else:
            shown = masked(key, lines.get(key))
            yield Entry(Name(Kind.ENVIRONMENT, shown), None, problem=Refusal(Reason.UNSOUND_NAME))


def _recorded(data: bytes) -> frozenset[str]:
    """Return the keys that comments record as secret on the Deployment."""
    marker = secret_comment("").removeprefix("# ").encode()
    lines = (line.strip() for line in data.split(b"\n") if marker in line)
    return frozenset(
        line[2 : -len(marker)].decode("utf-8", "surrogateescape")
        for line in lines
        if line.startswith(b"# ") and line.endswith(marker)
    )


def _in_utf8(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values of an environment read as UTF-8, as Docker Compose reads them, whatever the locale."""
    if sys.getfilesystemencoding() == "utf-8":
        return environ
    return {name: os.fsencode(text).decode("utf-8", "surrogateescape") for name, text in environ.items()}
