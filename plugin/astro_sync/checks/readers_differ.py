"""AS104: a line from which compose, standalone, `--load` and python-dotenv do not all read the same."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from astro_sync.airflow.names import is_sound
from astro_sync.checks.common_line import outdent_comment, requote
from astro_sync.checks.subject import Fix, Problem, Subject, check, spoken
from astro_sync.envfile.dialects import LOAD, PYTHON_DOTENV, Assignment, Dialect, Reading
from astro_sync.envfile.document import Change, encode, require_reading, splice

_Lines = Mapping[int, list[Assignment]]
_QUOTES: Final = frozenset("'\"")
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True, repr=False)
class _Disagreement:
    """What the readers make of the lines that begin at `line`: the runtime, and those that read otherwise."""

    line: int
    is_one_line: bool
    runtime: list[Assignment]
    others: Mapping[Dialect, list[Assignment]]


def _fix(subject: Subject) -> Fix:
    document = subject.document
    changes = [change for _, change in _correct_all(subject) if change]
    data = encode(splice(document.text, changes))
    require_reading(data, document, document.values())
    return Fix(data)


@check(
    "AS104",
    "readers-differ",
    "A line from which compose, standalone, --load and python-dotenv do not all read the same.",
    fix=_fix,
)
def readers_differ(subject: Subject) -> Iterator[Problem]:
    """Find each such line; a reader that rejects the whole file is named once."""
    for reader, reading in subject.readings.items():
        if (rejected := reading.rejected) is not None:
            yield Problem(rejected.line, None, f"{reader.name} rejects the whole file here: {rejected.reason}")
    for found, change in _correct_all(subject):
        keys = [each.key for read in (found.runtime, *found.others.values()) for each in read]
        key = next(filter(is_sound, keys), keys[0])
        yield Problem(found.line, key, _describe(found, subject), fixable=change is not None)


def _compare(subject: Subject) -> Iterator[_Disagreement]:
    # a reader that rejects the file has been named for that, and reads nothing that could be compared
    readings = {reader: reading for reader, reading in subject.readings.items() if reading.rejected is None}
    first_lines = _join_lines(readings.values())
    runtime, *others = ((reader, _group(reading, first_lines)) for reader, reading in readings.items())
    own = runtime[1]
    lines = {line for _, read in (runtime, *others) for line in read}
    stops_at = subject.load_stops_at or max(lines, default=0) + 1
    joined = set(first_lines.values())
    for line in sorted(lines):
        ours = own.get(line, [])
        pairs = _pairs(ours)
        differing = {
            reader: theirs
            for reader, read in others
            if _pairs(theirs := read.get(line, [])) != pairs and (reader is not LOAD or line < stops_at)
        }
        if differing:
            yield _Disagreement(line, line not in joined, ours, differing)


def _join_lines(readings: Iterable[Reading]) -> dict[int, int]:
    """Return the first line for each line of a value that spans some, for whichever reader; such values may overlap."""
    spans = sorted(
        {
            (assignment.line, assignment.last_line)
            for reading in readings
            for assignment in reading.assignments
            if assignment.line < assignment.last_line
        }
    )
    first_lines: dict[int, int] = {}
    for line, last_line in spans:
        first = first_lines.get(line, line)
        first_lines.update(dict.fromkeys(range(line, last_line + 1), first))
    return first_lines


def _group(reading: Reading, first_lines: Mapping[int, int]) -> _Lines:
    """Return the assignments that give a value, by the line at which they, or the lines joined with theirs, begin."""
    lines: dict[int, list[Assignment]] = {}
    for assignment in reading.assignments:
        if assignment.value is not None and not assignment.is_bare_word:
            lines.setdefault(first_lines.get(assignment.line, assignment.line), []).append(assignment)
    return lines


def _pairs(read: Iterable[Assignment]) -> list[tuple[str, str | None]]:
    return [(assignment.key, assignment.value) for assignment in read]


def _correct_all(subject: Subject) -> Iterator[tuple[_Disagreement, Change | None]]:
    """Yield each disagreement with the change that settles it, if there is one.

    A quote in a line that python-dotenv skips may be an open one, which a later quote of ours would close.
    """
    lines = subject.document.text.split("\n")
    skipped = subject.readings[PYTHON_DOTENV].ignored
    still_open = iter([line for line in skipped if not _QUOTES.isdisjoint(lines[line - 1])])
    first_open = next(still_open, None)
    for found in _compare(subject):
        change = _correct(found, subject)
        if change and first_open and first_open < found.line and not _QUOTES.isdisjoint(change.replacement):
            change = None
        if change and first_open == found.line:
            first_open = next(still_open, None)
        yield found, change


def _correct(found: _Disagreement, subject: Subject) -> Change | None:
    if not found.is_one_line:
        return None
    match found.runtime:
        case []:
            # only `--load` takes an indented comment for a variable
            return outdent_comment(subject.document, next(iter(found.others.values()))[0].start)
        case [assignment]:
            return requote(subject.document, assignment)
    return None


def _describe(found: _Disagreement, subject: Subject) -> str:
    runtime = spoken(subject.document.runtime)
    readers: dict[tuple[str, str], list[str]] = {}
    for reader, theirs in found.others.items():
        readers.setdefault(_difference(found.runtime, theirs, runtime), []).append(spoken(reader))
    parts = []
    for (of_one, of_many), [*first, last] in readers.items():
        parts.append(f"{', '.join(first)} and {last} {of_many}" if first else f"{last} {of_one}")
    return "; ".join(parts)


def _difference(ours: list[Assignment], theirs: list[Assignment], runtime: str) -> tuple[str, str]:
    """Return what the other reader does, said of one and of many."""
    if not theirs:
        return f"skips what {runtime} reads", f"skip what {runtime} reads"
    if about_the_mark := _byte_order_mark(ours, theirs, runtime):
        return about_the_mark
    if not ours:
        what = f"a variable where {runtime} sees none"
    elif [each.key for each in ours] == [each.key for each in theirs]:
        what = f"another value than {runtime}"
    elif len(ours) == len(theirs) == 1:
        what = f"another name than {runtime}"
    else:
        what = f"other variables than {runtime}"
    return f"reads {what}", f"read {what}"


def _byte_order_mark(ours: list[Assignment], theirs: list[Assignment], runtime: str) -> tuple[str, str] | None:
    """Return what the other reader does with the mark at the start of a file, None where the names differ otherwise."""
    keys = [tuple(each.key for each in read) for read in (ours, theirs)]
    own, other = (tuple(key.removeprefix(_BOM) for key in read) for read in keys)
    if own != other or keys[0] == keys[1]:
        return None
    if any(key.startswith(_BOM) for key in keys[1]):
        what = "the byte order mark (BOM) at the start of the file for a part of the name"
        return f"takes {what}", f"take {what}"
    what = f"the byte order mark (BOM) that {runtime} takes for a part of the name"
    return f"skips {what}", f"skip {what}"
