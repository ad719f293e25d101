"""Read and write a `.env` file as the local runtime in force reads it."""

import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from astro_sync.backup import keep
from astro_sync.envfile.dedupe import Deduped, dedupe
from astro_sync.envfile.dialects import LOAD, RUNTIMES, STANDALONE, CannotWriteError, Dialect
from astro_sync.envfile.document import Document, require_second_reading
from astro_sync.envfile.store import Loaded, folder_of, load, locked, replace
from astro_sync.envfile.writing import spell
from astro_sync.errors import GO_ON, RejectedFileError, UsageError
from astro_sync.model import Note, Plan, Snapshot, Value, Variable, Warn, Written
from astro_sync.secrecy import secret_comment


@dataclass(slots=True)
class EnvFile:
    """Hold one `.env` for one run: locked from before the first reading to the end.

    `name` is how the user called it. `mode` tells the local mode, `docker` or `standalone`; `environ` is where `$NAME`
    is looked up first. `stdin` holds the bytes of a source that is no file. `must_exist`: a missing file is an error,
    not an empty one. `read_only`: never written, so never locked.
    """

    path: Path
    name: str
    mode: Callable[[], str]
    environ: Mapping[str, str]
    timeout: float
    tell: Callable[[str], None]
    stdin: bytes | None = None
    must_exist: bool = False
    read_only: bool = False
    warnings: list[Warn] = field(default_factory=list)
    _loaded: Loaded | None = None
    _document: Document | None = None
    _lock: AbstractContextManager[None] = field(default_factory=nullcontext)

    def __enter__(self) -> Self:
        if self.stdin is None and not self.read_only:
            folder = folder_of(self.path)
            if not folder.is_dir():
                raise UsageError(f"There is no folder {folder}.", hint="Make it first, or name another file.")
            self._lock = locked(folder, self.timeout, self.tell)
        self._lock.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.__exit__(kind, error, trace)

    def __str__(self) -> str:
        return self.name

    def read(self) -> Snapshot:
        """Return what the local runtime reads from the file.

        Raises RejectedFileError if it would reject the file, UsageError if a file that must exist does not.
        """
        document = self.examine()
        if document.rejection:
            line = document.rejection.line
            message = f"{self}:{line}: {self._reader} rejects the whole file here: {document.rejection.reason}."
            hint = f"Mend line {line}, then try again; `astro-sync check {shlex.quote(self.name)}` explains it."
            raise RejectedFileError(message, line=line, hint=hint)
        variables = {key: Variable(key, Value(text)) for key, text in document.values().items()}
        warnings = tuple(_differences(document, self.environ))
        return Snapshot(variables, noted=_noted(document.data), blank_means_lost=True, warnings=warnings)

    def examine(self) -> Document:
        """Return the file itself, whatever the local runtime thinks of it."""
        self._document = Document.parse(self._load(), self._runtime, self.environ)
        return self._document

    def refusal(self, variable: Variable) -> str | None:
        """Return why the local runtime could not read this variable from the file."""
        if variable.value is None:
            return "its value is not known"
        go_on = f"{GO_ON}--exclude {shlex.quote(variable.key)} or --partial"
        if reason := self._runtime.refuses_key(variable.key):
            return f"{reason}, so {self._reader} could not read it from {self.path.name}{go_on}"
        try:
            spell(variable.key, variable.value.reveal(), self._runtime)
        except CannotWriteError as error:
            return f"{error}, which {self._reader} cannot read from {self.path.name}{go_on}"
        return None

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        """Keep the file as it was read last."""
        loaded = self._loaded
        return keep(folder, str(loaded.target), loaded.data, now) if loaded and loaded.exists else None

    def apply(self, plan: Plan) -> Written:
        """Put the planned values into their lines, everything else left as it is, and replace the file at once."""
        texts = {change.key: change.value.reveal() for change in plan.writes if change.value is not None}
        edit = self._read_document().edit(texts, comments=[secret_comment(key) for key in plan.notes])
        require_second_reading(edit)
        self.rewrite(edit.data)
        for key in edit.particular:
            text = f"written for {self._reader}, since no spelling means this value to every program that reads a .env"
            self.warnings.append(Warn(Note.READERS_DIFFER, key, text))
        for key, line in edit.stayed:
            text = f"line {line} stayed, since a later line needs it; the new value stands further down"
            self.warnings.append(Warn(Note.STAYED, key, text))
        return Written()

    def dedupe(self) -> Deduped:
        """Return what the file would be without duplicates; it was read before."""
        return dedupe(self._read_document())

    def rewrite(self, data: bytes) -> None:
        """Replace the whole file that was read before."""
        if self._loaded is not None:
            replace(self._loaded, data)

    def restrict(self, mode: int) -> None:
        """Set the permission bits of the file that was read before."""
        if self._loaded is not None:
            self._loaded.target.chmod(mode)

    def holds(self, key: str) -> bool:
        """Tell whether the file gives a key to local Airflow."""
        return self._document is not None and key in self._document.values()

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

    def _load(self) -> bytes:
        if self.stdin is not None:
            return self.stdin
        self._loaded = load(self.path)
        if self.must_exist and not self._loaded.exists:
            raise UsageError(f"There is no file {self}.", hint="Check its name, or make it first.")
        return self._loaded.data


def _noted(data: bytes) -> frozenset[str]:
    """Return the keys that comments record as secret on the Deployment."""
    marker = secret_comment("").removeprefix("# ").encode()
    lines = (line.strip() for line in data.split(b"\n") if marker in line)
    return frozenset(
        line[2 : -len(marker)].decode("utf-8", "surrogateescape")
        for line in lines
        if line.startswith(b"# ") and line.endswith(marker)
    )


def _differences(document: Document, environ: Mapping[str, str]) -> list[Warn]:
    """Name the keys that the two local runtimes and `--load` would not all read alike (design, rule 2)."""
    ours = document.values()
    others = [dialect.read(document.text, environ).values() for dialect in (*RUNTIMES.values(), LOAD)]
    message = "read differently by other programs than by local Airflow; `astro-sync check` tells which and mends it"
    keys = [key for key, value in ours.items() if any(other.get(key) != value for other in others)]
    return [Warn(Note.READERS_DIFFER, key, message) for key in keys]
