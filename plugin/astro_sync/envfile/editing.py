"""Set, remove and append keys in a `.env` by touching their lines only."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from astro_sync.envfile.dialects import Assignment, Dialect
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE
from astro_sync.envfile.needs import split_by_need
from astro_sync.envfile.splicing import Change, encode, line_end, removal, splice
from astro_sync.envfile.writing import Quoted, common_literals, is_common_name, quote, quote_for


class Edit(NamedTuple):
    """The bytes of a file after an edit, and what there is to say about it.

    `particular` are the keys spelled for the local runtime only; `stayed` the keys and lines that a later `$KEY`
    still needs, those of `kept` among them, which were to be removed; `written` the keys and the lines as they now
    stand, `values` what they are meant to say.
    """

    data: bytes
    particular: tuple[str, ...]
    stayed: tuple[tuple[str, int], ...]
    kept: frozenset[str]
    written: tuple[tuple[str, str], ...]
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Edit({len(self.written)} lines written, particular={self.particular}, stayed={self.stayed})"


class Editor:
    """An edit of one text as `runtime` reads it: `wanted` are the keys to set, `removed` those to take out."""

    def __init__(
        self,
        text: str,
        assignments: Sequence[Assignment],
        runtime: Dialect,
        *,
        wanted: Mapping[str, str],
        removed: AbstractSet[str],
    ) -> None:
        self._text = text
        self._assignments = assignments
        self._runtime = runtime
        self._wanted = wanted
        self._removed = removed
        self._line_end = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
        self._changes: list[Change] = []
        self._particular: list[str] = []
        self._written: list[tuple[str, str]] = []

    def run(self, comments: Sequence[str]) -> Edit:
        """Return the edited bytes, `comments` being lines to append; raise CannotWriteError with the key."""
        assignments, wanted = self._assignments, self._wanted
        last = {assignment.key: index for index, assignment in enumerate(assignments) if assignment.key in wanted}
        going, staying, kept = self._decide(last)
        for index in going:
            assignment = assignments[index]
            if assignment.key in wanted:
                self._replace(assignment)
            else:
                self._changes.append(removal(self._text, assignment))
        stayed = {assignments[index].key for index in staying}
        lines = [self._new_line(key) for key in wanted if key not in last or key in stayed]
        lines += comments
        text = splice(self._text, self._changes)
        return Edit(
            encode(self._append(text, lines) if lines else text),
            tuple(self._particular),
            tuple((assignments[index].key, assignments[index].line) for index in staying),
            kept,
            tuple(self._written),
            wanted,
        )

    def _decide(self, last: Mapping[str, int]) -> tuple[list[int], list[int], frozenset[str]]:
        """Return the indexes that go, those that stay though they should go, and the keys that stay altogether."""
        assignments, removed = self._assignments, self._removed
        kept: frozenset[str] = frozenset()
        while True:
            unwanted = set(last.values())
            if removed:
                gone = removed - kept
                unwanted.update(index for index, assignment in enumerate(assignments) if assignment.key in gone)
            going, staying = split_by_need(assignments, unwanted)
            # of a key of which one line stays all stay, else an older value would come to light
            found = {assignments[index].key for index in staying} & removed
            if not found:
                return going, staying, kept
            kept |= found

    def _replace(self, assignment: Assignment) -> None:
        text, end = self._text, assignment.value_end
        head = (
            text[assignment.start : assignment.value_start]
            if assignment.has_separator
            else f"{text[assignment.start : end]}="
        )
        after = text[end : line_end(text, end)]
        if not after.strip(GO_WHITE_SPACE):
            spelling = quote(assignment.key, self._wanted[assignment.key], self._runtime)
            end += len(after) - after.endswith("\r")
            after = ""
        else:
            spelling = self._quote_before(assignment)
        written = f"{head}{spelling.text}"
        self._changes.append(Change(assignment.start, end, written))
        if after.lstrip(GO_WHITE_SPACE).startswith("#"):
            written += after.removesuffix("\r")
        self._note(assignment.key, written, spelling)

    def _quote_before(self, assignment: Assignment) -> Quoted:
        """Return a spelling that ends where a comment or another assignment begins."""
        key, value = assignment.key, self._wanted[assignment.key]
        was_quoted = self._text[assignment.value_start] in "\"'"
        if is_common_name(key):
            for spelled in common_literals(value):
                if spelled[0] in "\"'" or not was_quoted:
                    return Quoted(spelled, common=True)
        return Quoted(quote_for(self._runtime, key, value), common=False)

    def _new_line(self, key: str) -> str:
        spelling = quote(key, self._wanted[key], self._runtime)
        line = f"{key}={spelling.text}"
        self._note(key, line, spelling)
        return line

    def _note(self, key: str, line: str, spelling: Quoted) -> None:
        self._written.append((key, line))
        if not spelling.common:
            self._particular.append(key)

    def _append(self, text: str, lines: Sequence[str]) -> str:
        block = "".join(f"{line}{self._line_end}" for line in lines)
        position = len(text)
        last = self._assignments[-1] if self._assignments else None
        if last is not None and last.is_bare_word and last.key not in self._removed:
            # compose-go would take the word for a name if a line end came after it, so the block goes before it
            position -= len(self._text) - last.start
        if position and text[position - 1] != "\n":
            block = ("\n" if text[position - 1] == "\r" and self._line_end == "\r\n" else self._line_end) + block
        return f"{text[:position]}{block}{text[position:]}"
