"""A `.env` that gives back its bytes, and can be edited without changing what it does not mean to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from astro_sync.envfile.dialects import PYTHON_DOTENV, Assignment, Dialect, Reading, Rejection
from astro_sync.envfile.dialects.python_dotenv import read_with_library
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE
from astro_sync.envfile.needs import split_by_need
from astro_sync.envfile.writing import common_spellings, is_common_name, spell, spell_for
from astro_sync.errors import RejectedFileError


class Change(NamedTuple):
    """Put `replacement` in the place of the text from `start` to `end`."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True, repr=False)
class Edit:
    """Hold the bytes of a file after an edit, and what there is to say about it.

    `particular` are the keys spelled for the local runtime only; `stayed` the keys and lines that a later `$KEY`
    still needs; `written` the keys and the lines as they now stand.
    """

    data: bytes
    particular: tuple[str, ...] = ()
    stayed: tuple[tuple[str, int], ...] = ()
    written: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Edit({len(self.written)} lines written, particular={self.particular}, stayed={self.stayed})"


class Document:
    """Hold a `.env` and what the local runtime reads from it; both stay as they are, an edit returns new bytes."""

    __slots__ = ("data", "environment", "reading", "runtime", "text")

    def __init__(self, data: bytes, runtime: Dialect, environment: Mapping[str, str]) -> None:
        self.data = data
        self.runtime = runtime
        self.environment = environment
        self.text = data.decode("utf-8", "surrogateescape")
        self.reading: Reading = runtime.read(self.text, environment)

    @classmethod
    def parse(cls, data: bytes, runtime: Dialect, environment: Mapping[str, str]) -> "Document":
        """Read `data` as `runtime` does; bytes that are no UTF-8 become lone surrogates; nothing fails."""
        return cls(data, runtime, environment)

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
        before = self.values()
        wanted = {key: value for key, value in assign.items() if before.get(key) != value}
        editor = _Editor(self, wanted, frozenset(remove))
        edit = editor.run(comments)
        expected = {key: value for key, value in before.items() if key not in editor.removed} | wanted
        require_reading(edit.data, self, expected)
        return edit

    def removal(self, made: Assignment) -> Change:
        """Return the change that takes an assignment away: its whole lines, if nothing else stands on them."""
        text = self.text
        line_start, line_end = self.line_start(made), _line_end(text, made.end)
        if self.stands_alone(made):
            return Change(line_start, min(line_end + 1, len(text)), "")
        return Change(made.start, made.end, "")

    def stands_alone(self, made: Assignment) -> bool:
        """Tell whether the lines of an assignment hold nothing else but blanks and a comment."""
        before = self.text[self.line_start(made) : made.start]
        behind = self.text[made.end : _line_end(self.text, made.end)].lstrip(GO_WHITE_SPACE)
        return not before.strip(GO_WHITE_SPACE) and (not behind or behind[0] == "#")

    def line_start(self, made: Assignment) -> int:
        """Return where the first line of an assignment begins, behind the file's BOM."""
        start = self.text.rfind("\n", 0, made.start) + 1
        return start + 1 if start < made.start and self.text.startswith("\ufeff", start) else start


def splice(text: str, changes: Iterable[Change]) -> str:
    """Return the text with all changes made; they must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end, replacement in sorted(changes):
        pieces += (text[position:start], replacement)
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def encode(text: str) -> bytes:
    """Return the bytes of a document's text, those that are no UTF-8 among them."""
    return text.encode("utf-8", "surrogateescape")


def require_reading(data: bytes, before: Document, expected: Mapping[str, str]) -> None:
    """Raise RuntimeError, a bug, unless the runtime reads exactly `expected` from the edited bytes."""
    after = Document(data, before.runtime, before.environment)
    values = after.values()
    if after.rejection is not None or values != expected:
        wrong = sorted(key for key in {*values, *expected} if values.get(key) != expected.get(key))
        raise RuntimeError(f"the edited file would be read differently: {', '.join(wrong) or after.rejection}")


def require_second_reading(edit: Edit) -> None:
    """Raise RuntimeError, a bug, unless python-dotenv reads the written lines as our model of it predicts."""
    text = "".join(f"{line}\n" for _, line in edit.written)
    predicted, found = PYTHON_DOTENV.read(text, {}).pairs(), read_with_library(text)
    if predicted != found:
        wrong = sorted(key for key in {*predicted, *found} if predicted.get(key) != found.get(key))
        raise RuntimeError(f"python-dotenv reads the written lines differently: {', '.join(wrong)}")


class _Editor:
    def __init__(self, document: Document, wanted: Mapping[str, str], removed: frozenset[str]) -> None:
        self._document = document
        self._text = document.text
        self._wanted = wanted
        self.removed = removed - wanted.keys()
        self._line_end = "\r\n" if 2 * self._text.count("\r\n") > self._text.count("\n") else "\n"
        self._changes: list[Change] = []
        self._particular: list[str] = []
        self._written: list[tuple[str, str]] = []

    def run(self, comments: Sequence[str]) -> Edit:
        assignments = self._document.reading.assignments
        going, stayed = self._decide(assignments)
        replaced: set[str] = set()
        for index in going:
            made = assignments[index]
            if made.key in self._wanted:
                self._replace(made)
                replaced.add(made.key)
            else:
                self._changes.append(self._document.removal(made))
        new = [self._new_line(key, value) for key, value in self._wanted.items() if key not in replaced]
        text = self._append(splice(self._text, self._changes), [*new, *comments])
        return Edit(
            encode(text),
            tuple(self._particular),
            tuple((assignments[index].key, assignments[index].line) for index in stayed),
            tuple(self._written),
        )

    def _decide(self, assignments: Sequence[Assignment]) -> tuple[list[int], list[int]]:
        """Return the indexes of the assignments that go, and of those that stay though they should go."""
        last = {made.key: index for index, made in enumerate(assignments) if made.key in self._wanted}
        replaceable = set(last.values())
        while True:
            going, stayed = split_by_need(
                assignments, lambda index: index in replaceable or assignments[index].key in self.removed
            )
            # of a key of which one line stays all stay, else an older value would come to light
            kept = {assignments[index].key for index in stayed} & self.removed
            if not kept:
                return going, stayed
            self.removed -= kept

    def _replace(self, made: Assignment) -> None:
        text, key = self._text, made.key
        end = made.value_end
        line_end = _line_end(text, end)
        head = text[made.start : made.value_start] if made.has_separator else f"{text[made.start : end]}="
        behind = text[end:line_end]
        if not behind.strip(GO_WHITE_SPACE):
            spelling = spell(key, self._wanted[key], self._document.runtime)
            spelled, common = spelling.text, spelling.common
            end = line_end - behind.endswith("\r")
            behind = ""
        else:
            spelled, common = self._spell_before(made)
        if not common:
            self._particular.append(key)
        self._changes.append(Change(made.start, end, f"{head}{spelled}"))
        comment = behind if behind.lstrip(GO_WHITE_SPACE).startswith("#") else ""
        self._written.append((key, f"{head}{spelled}{comment}"))

    def _spell_before(self, made: Assignment) -> tuple[str, bool]:
        """Return a spelling that ends where a comment or another assignment begins, and whether it is a common one."""
        key, value, runtime = made.key, self._wanted[made.key], self._document.runtime
        was_quoted = self._text[made.value_start] in "\"'"
        if is_common_name(key):
            for spelled in common_spellings(value):
                if spelled[0] in "\"'" or not was_quoted:
                    return spelled, True
        return spell_for(runtime, key, value), False

    def _new_line(self, key: str, value: str) -> str:
        spelling = spell(key, value, self._document.runtime)
        if not spelling.common:
            self._particular.append(key)
        line = f"{key}={spelling.text}"
        self._written.append((key, line))
        return line

    def _append(self, text: str, lines: Sequence[str]) -> str:
        if not lines:
            return text
        line_end = self._line_end
        block = "".join(f"{line}{line_end}" for line in lines)
        assignments = self._document.reading.assignments
        position = len(text)
        if assignments and assignments[-1].is_bare_word and "" not in self.removed:
            # compose-go would take the word for a name if a line end came behind it, so the block goes before it
            position -= len(self._text) - assignments[-1].start
        if position and text[position - 1] != "\n":
            block = ("\n" if text[position - 1] == "\r" and line_end == "\r\n" else line_end) + block
        return f"{text[:position]}{block}{text[position:]}"


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return found if found >= 0 else len(text)
