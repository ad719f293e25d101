"""Say what becomes of one key: its mark, its note, the ways out. Pure; no value enters a text."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from astro_sync.console.layout import Cell, Tone, counted, printable
from astro_sync.console.texts import ACTION_MARKS, ACTIONS, MATCH_MARKS, MATCHES, REASONS, RESULT_MARKS, RESULTS
from astro_sync.core.compare import Compared, Difference, Match, difference
from astro_sync.core.model import Action, Change, Entry, Kind, Name, Reason, Refusal, Result

# The reasons at which it helps to know where the two values differ.
_SINCE: Final = frozenset({Reason.CHANGED_SINCE, Reason.MAYBE_CHANGED_SINCE})
_NAMED_PARTS: Final = 6
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400

_TONES: Final = {Action.CREATE: Tone.GOOD, Action.UPDATE: Tone.CHANGE, Action.REFUSED: Tone.PROBLEM}
_MATCH_TONES: Final = {Match.DIFFERENT: Tone.CHANGE, Match.ONLY_SOURCE: Tone.GOOD, Match.NOT_KNOWN: Tone.WARNING}


class _Named(Protocol):
    @property
    def name(self) -> Name: ...


_N = TypeVar("_N", bound=_Named)


def rows_of_keys(columns: Sequence[Sequence[_N]]) -> list[tuple[str, list[_N | None]]]:
    """Return each key with what each column has of it; where a column has several ids of a key, each id is a row."""
    counts = [Counter(each.name.key for each in column) for column in columns]
    twins = {key for count in counts for key in count if count[key] > 1}
    found: dict[tuple[Name | str, int], tuple[str, list[_N | None]]] = {}
    for index, column in enumerate(columns):
        seen: Counter[Name | str] = Counter()
        for each in column:
            name, is_twin = each.name, each.name.key in twins
            row = name if is_twin else name.key
            label = printable(f"{name.key} ({name.id})" if is_twin else name.key)
            found.setdefault((row, seen[row]), (label, [None] * len(columns)))[1][index] = each
            # What is no sound name is masked, so two of them may look the same.
            seen[row] += 1
    return list(found.values())


def is_amiss(change: Change) -> bool:
    """Tell whether a write did not come to what was planned."""
    return change.result not in {Result.PLANNED, Result.DONE}


def cell_of(change: Change) -> Cell:
    """Return the mark of a change and its word."""
    if is_amiss(change):
        return Cell(f"{RESULT_MARKS[change.result]} {RESULTS[change.result]}", Tone.PROBLEM)
    if change.is_conflict:
        return Cell(f"{ACTION_MARKS[Action.REFUSED]} differs", Tone.PROBLEM)
    if Reason.REMOVED in change.marks:
        return Cell(f"{ACTION_MARKS[Action.UPDATE]} removed", Tone.CHANGE)
    tone = Tone.HINT if change.is_recorded else _TONES.get(change.action, Tone.PLAIN)
    return Cell(f"{ACTION_MARKS[change.action]} {ACTIONS[change.action]}", tone)


def note_of(change: Change, now: datetime) -> str:
    """Return what a person should know of one change; nothing that its mark says already."""
    if is_amiss(change):
        return printable(_amiss_note(change))
    parts = []
    if change.why and change.why.reason is Reason.DIFFERS and (told := difference_of(change.source, change.old)):
        parts.append(f"differs: {told}" if change.action is Action.KEEP else told)
    elif change.why:
        parts.append(_refusal_text(change.why))
        if change.why.reason in _SINCE:
            parts.append(difference_of(change.source, change.old))
    elif change.action is Action.UPDATE:
        parts.append(difference_of(change.source, change.old) or ("secret, written anew" if change.secret else ""))
    if change.action is Action.CREATE and change.secret:
        parts.append("secret")
    parts += [REASONS[mark] for mark in change.marks if mark is not Reason.REMOVED]
    if change.action in {Action.CREATE, Action.UPDATE} or change.is_conflict:
        parts += _names(change)
    if change.old and (change.why or change.action is Action.UPDATE) and (age := age_of(change.old.updated_at, now)):
        parts.append(f"changed there {age}")
    return printable("; ".join(part for part in parts if part))


def difference_of(source: Entry | None, destination: Entry | None) -> str:
    """Return where two known values differ, in words without values; empty where one is not known."""
    if source is None or destination is None or source.value is None or destination.value is None:
        return ""
    if source.value == destination.value:
        return "description" if source.description != destination.description else ""
    return difference_text(difference(source.name.kind, source.value, destination.value))


def difference_text(found: Difference) -> str:
    """Return, for example, `host, password`, `2 of 7: schedule, retries`, `text of 5 characters there, …`."""
    if found.parts:
        more = len(found.parts) - _NAMED_PARTS
        named = ", ".join(found.parts[:_NAMED_PARTS]) + (f" and {more} more" if more > 0 else "")
        return f"{len(found.parts)} of {found.total}: {named}" if found.total else named
    if not found.shapes:
        return ""
    here, there = found.shapes
    return f"{shape_text(there)} there, {shape_text(here)} here"


def shape_text(shape: tuple[str, int]) -> str:
    """Return, for example, `text of 5 characters`."""
    kind, length = shape
    return f"{kind} of {counted(length, 'character')}"


def age_of(updated_at: str, now: datetime) -> str:
    """Return how long ago something was changed, `2 days ago`; empty where the place does not tell."""
    try:
        then = datetime.fromisoformat(updated_at)
    except ValueError:
        return ""
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    seconds = (now - then).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    for size, noun in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            return f"{counted(int(seconds // size), noun)} ago"
    return ""


def reason_text(change: Change, now: datetime) -> str:
    """Return the sentence of a reason as it stands in the JSON."""
    if change.why is None:
        return ""
    told = difference_of(change.source, change.old) if change.why.reason is Reason.DIFFERS else ""
    age = age_of(change.old.updated_at, now) if told and change.old else ""
    return "; ".join([_refusal_text(change.why), *([told] if told else []), *([f"changed there {age}"] if age else [])])


def match_cell(compared: Compared) -> Cell:
    """Return the mark of a comparison and its word."""
    tone = _MATCH_TONES.get(compared.match, Tone.PLAIN)
    return Cell(f"{MATCH_MARKS[compared.match]} {MATCHES[compared.match]}", tone)


def match_note(compared: Compared, now: datetime) -> str:
    """Return where the two sides of a comparison differ, or why that is not known."""
    parts = []
    if compared.match is Match.DIFFERENT:
        parts.append(difference_of(compared.source, compared.destination) or "the readable part")
    if compared.match is Match.NOT_KNOWN:
        parts.append(_unknown_because(compared))
    old = compared.destination
    if old and compared.match in {Match.DIFFERENT, Match.NOT_KNOWN} and (age := age_of(old.updated_at, now)):
        parts.append(f"changed there {age}")
    return printable("; ".join(parts))


def _unknown_because(compared: Compared) -> str:
    sides = [entry for entry in (compared.source, compared.destination) if entry and entry.value is None]
    problem = next((entry.problem for entry in sides if entry.problem), None)
    return _refusal_text(problem) if problem else REASONS[Reason.SECRET_NOT_COMPARED]


def _refusal_text(why: Refusal) -> str:
    return f"{REASONS[why.reason]}: {why.about}" if why.about else REASONS[why.reason]


def _names(change: Change) -> list[str]:
    """Return the id that is new there, and the exact remote name where it is another one."""
    made = change.source is not None and change.source.name.id != change.name.id
    shows = change.name.kind is not Kind.ENVIRONMENT and made and change.name.id != change.name.id.upper()
    parts = [f"as {change.name.id}"] if shows and change.action is not Action.UPDATE else []
    return [*parts, *([f"named {change.remote_name}"] if change.remote_name else [])]


def _amiss_note(change: Change) -> str:
    """Return what the place said of a key that is not as planned, else what its result leaves open."""
    if change.why is None or change.why.reason is Reason.NOT_WRITTEN:
        return ""
    return _refusal_text(change.why)
