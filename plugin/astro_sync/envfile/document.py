"""A `.env` that gives back its bytes, and can be edited without changing what it does not mean to."""

from collections.abc import Collection, Mapping, Sequence

from astro_sync.envfile.dialects import PYTHON_DOTENV, Assignment, Dialect, Reading, Rejection
from astro_sync.envfile.editing import Edit, Editor
from astro_sync.envfile.splicing import Change, encode, line_start, removal, splice, stands_alone
from astro_sync.errors import RejectedFileError

__all__ = ["Change", "Document", "Edit", "encode", "require_reading", "require_second_reading", "splice"]


class Document:
    """A `.env` and what the local runtime reads from it; both stay as they are, an edit returns new bytes.

    Bytes that are no UTF-8 become lone surrogates; nothing fails.
    """

    __slots__ = ("data", "environment", "reading", "runtime", "text")

    def __init__(self, data: bytes, runtime: Dialect, environment: Mapping[str, str]) -> None:
        self.data = data
        self.runtime = runtime
        self.environment = environment
        self.text = data.decode("utf-8", "surrogateescape")
        self.reading: Reading = runtime.read(self.text, environment)

    def __repr__(self) -> str:
        return f"Document({len(self.data)} bytes, {self.reading!r})"

    @property
    def rejection(self) -> Rejection | None:
        """Return where and why the local runtime rejects the file, if it does."""
        return self.reading.rejected

    def values(self) -> dict[str, str]:
        """Return what the local runtime reads; nothing from a file that it rejects."""
        return self.reading.values()

    def require_accepted(self) -> None:
        """Raise RejectedFileError if the local runtime rejects the file."""
        if (rejected := self.reading.rejected) is not None:
            raise RejectedFileError(
                f"line {rejected.line}: {self.runtime.name} rejects the file, {rejected.reason}", line=rejected.line
            )

    def edit(self, assign: Mapping[str, str], *, remove: Collection[str] = (), comments: Sequence[str] = ()) -> Edit:
        """Return the file with the keys of `assign` set, those of `remove` gone, and `comments` appended as lines.

        A key that has its value already is left alone. Raises RejectedFileError, or CannotWriteError with the key
        that the runtime cannot hold. What the runtime reads from every other key stays the same.
        """
        self.require_accepted()
        values = self.values()
        wanted = assign
        if any(values.get(key) == value for key, value in assign.items()):
            wanted = {key: value for key, value in assign.items() if values.get(key) != value}
        removed = set(remove) - assign.keys()
        editor = Editor(self.text, self.reading.assignments, self.runtime, wanted=wanted, removed=removed)
        edit = editor.run(comments)
        for key in removed - edit.kept:
            values.pop(key, None)
        values |= wanted
        require_reading(edit.data, self, values)
        return edit

    def removal(self, assignment: Assignment) -> Change:
        """Return the change that takes an assignment away: its whole lines, if nothing else stands on them."""
        return removal(self.text, assignment)

    def stands_alone(self, assignment: Assignment) -> bool:
        """Tell whether the lines of an assignment hold nothing else but blanks and a comment."""
        return stands_alone(self.text, assignment)

    def line_start(self, assignment: Assignment) -> int:
        """Return where the first line of an assignment begins, after the file's BOM."""
        return line_start(self.text, assignment)


def require_reading(data: bytes, before: Document, expected: Mapping[str, str]) -> None:
    """Raise RuntimeError, a bug, unless the runtime reads exactly `expected` from the edited bytes."""
    after = Document(data, before.runtime, before.environment)
    values = after.values()
    if after.rejection is not None or values != expected:
        wrong = sorted(key for key in {*values, *expected} if values.get(key) != expected.get(key))
        raise RuntimeError(f"the edited file would be read differently: {', '.join(wrong) or after.rejection}")


def require_second_reading(edit: Edit) -> None:
    """Raise RuntimeError, a bug, unless python-dotenv's own parser reads every line that suits all readers as meant."""
    # python-dotenv skips a line whose separator is compose's `:`
    lines = [(key, line) for key, line in edit.written if line.partition(key)[2].lstrip().startswith("=")]
    meant = {key: edit.values[key] for key, _ in lines if key not in edit.particular}
    text = "".join(f"{line}\n" for key, line in lines if key in meant)
    found = PYTHON_DOTENV.read(text, {}).pairs() if meant else {}
    wrong = sorted(key for key, value in meant.items() if found.get(key) != value)
    if wrong:
        raise RuntimeError(f"python-dotenv reads the written lines differently: {', '.join(wrong)}")
