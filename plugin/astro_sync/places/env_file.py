"""Read and write a `.env` file as the local runtime in force reads it."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from astro_sync.core.model import Note, Plan, Snapshot, Value, Variable, Warn, Written
from astro_sync.core.secrecy import secret_comment
from astro_sync.envfile.dedupe import Deduped, dedupe
from astro_sync.envfile.dialects import COMPOSE, LOAD, RUNTIMES, STANDALONE, CannotWriteError, Dialect
from astro_sync.envfile.document import Document, require_second_reading
from astro_sync.envfile.writing import spell
from astro_sync.errors import GO_ON, RejectedFileError
from astro_sync.places.locked_file import LockedFile

# The first line of our own backups: they are read alike in each local mode.
AS_COMPOSE: Final = "# astro-sync wrote this backup; it reads it as Docker Compose does."


@dataclass(slots=True, kw_only=True)
class EnvFile(LockedFile):
    """Hold one `.env` for one run.

    `mode` tells the local mode, `docker` or `standalone`; `environ` is where `$NAME` is looked up first. `stdin` holds
    the bytes of a source that is no file.
    """

    mode: Callable[[], str]
    environ: Mapping[str, str]
    stdin: bytes | None = None
    _document: Document | None = None

    def read(self) -> Snapshot:
        """Return what the local runtime reads from the file.

        Raises RejectedFileError if it would reject the file, UsageError if a file that must exist does not.
        """
        document = self.examine()
        if document.rejection:
            line = document.rejection.place
            message = f"{self}:{line}: {self._reader} rejects the whole file here: {document.rejection.reason}."
            hint = f"Mend line {line}, then try again; `astro-sync check {shlex.quote(self.name)}` explains it."
            raise RejectedFileError(message, line=line, hint=hint)
        variables = {key: Variable(key, Value(text)) for key, text in document.values().items()}
        warnings = tuple(_differences(document, self.environ))
        return Snapshot(variables, noted=_noted(document.data), blank_means_lost=True, warnings=warnings)

    def examine(self) -> Document:
        """Return the file itself, whatever the local runtime thinks of it."""
        data = self.load() if self.stdin is None else self.stdin
        runtime = COMPOSE if data.startswith(AS_COMPOSE.encode()) else self._runtime
        self._document = Document.parse(data, runtime, self.environ)
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

    def apply(self, plan: Plan) -> Written:
        """Put the planned values into their lines, everything else left as it is, and replace the file at once."""
        texts = {change.key: change.value.reveal() for change in plan.writes if change.value is not None}
        edit = self._read_document().edit(texts, comments=[secret_comment(key) for key in plan.notes])
        require_second_reading(edit)
        self.rewrite(edit.data)
        for key in edit.particular:
            text = f"written for {self._reader}, no spelling suits all programs; make sure that no other one reads it"
            self.warnings.append(Warn(Note.READERS_DIFFER, key, text))
        for key, line in edit.stayed:
            text = f"line {line} stayed, since a later line needs it; the new value stands further down"
            self.warnings.append(Warn(Note.STAYED, key, text))
        return Written()

    def dedupe(self) -> Deduped:
        """Return what the file would be without duplicates; it was read before."""
        return dedupe(self._read_document())

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
    message = "read differently by other programs than by local Airflow; `astro-sync check` tells which"
    keys = [key for key, value in ours.items() if any(other.get(key) != value for other in others)]
    return [Warn(Note.READERS_DIFFER, key, message) for key in keys]
