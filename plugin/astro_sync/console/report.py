"""Turn the outcome of a run into text for people. Pure; no value enters it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import chain
from pathlib import PurePath
from typing import Final, NamedTuple

from astro_sync.console.document import warning_text
from astro_sync.console.layout import (
    Cell,
    Paint,
    Row,
    Tone,
    counted,
    escape_markdown,
    markdown_table,
    plain_table,
    printable,
    table,
    wrap,
)
from astro_sync.console.texts import NEUTRAL, WAYS_OUT
from astro_sync.console.wording import cell_of, is_amiss, note_of, rows_of_keys
from astro_sync.core.model import Action, Change, Kind, Notice, Reason, Result
from astro_sync.core.outcome import PlaceOutcome, RunOutcome, Table
from astro_sync.errors import RefusedError

_LISTED: Final = 20
_NAMED: Final = 5
_MOST_COLUMNS: Final = 4
_KINDS: Final = {Kind.VARIABLE: "variable", Kind.CONNECTION: "connection", Kind.ENVIRONMENT: "environment variable"}
_SECRETS_TO_LOOK_AT: Final = frozenset({Reason.SECRET_CHANGED_THERE, Reason.PLACEHOLDER, Reason.NOT_UNDONE_SECRET})
_ONLY_COUNTED: Final = frozenset({Reason.FILTERED, Reason.OTHER_KIND})


class Stage(IntEnum):
    """When a report is read: before the question, after it, or once for all."""

    PLAN = 1
    AFTER = 2
    WHOLE = 3


class View(NamedTuple):
    """How a report is shown; `width` is None where text need not be wrapped. With `markdown` it is part of a page."""

    now: datetime
    width: int | None = None
    verbose: bool = False
    quiet: bool = False
    paint: Paint = lambda _tone, text: text
    markdown: bool = False

    def heading(self, text: str) -> list[str]:
        """Return what stands above a table or a list."""
        return ["", f"**{escape_markdown(text)}**", ""] if self.markdown else wrap(printable(text), self.width)

    def say(self, text: str, indent: str = "") -> list[str]:
        """Return a sentence: wrapped, or as an item of a list in Markdown."""
        return [f"- {' '.join(escape_markdown(text).split())}"] if self.markdown else wrap(text, self.width, indent)

    def rows(self, headers: Sequence[str], rows: Sequence[Row]) -> list[str]:
        """Return rows of keys in columns."""
        if not self.markdown:
            return table(headers, rows, self.width, self.paint)
        noted = any(row.note for row in rows)
        cells = [[row.key, *(cell.text for cell in row.cells), *([row.note] if noted else [])] for row in rows]
        return ["", *markdown_table(["KEY", *headers, *(["NOTE"] if noted else [])], cells), ""]

    def table(self, found: Table) -> list[str]:
        """Return the table of a command that has its own."""
        if not found.rows:
            return []
        return ["", *markdown_table(*found), ""] if self.markdown else plain_table(*found)


class Need(IntEnum):
    """How much a key needs attention; the order of the rows."""

    AMISS = 0
    REFUSED = 1
    DIFFERS = 2
    SKIPPED = 3
    BECOMES_SECRET = 4
    WRITTEN = 5
    NONE = 6


def need_of(change: Change) -> Need:
    """Return how much one change needs attention."""
    if is_amiss(change):
        return Need.AMISS
    if change.is_conflict:
        return Need.DIFFERS
    if change.action is Action.REFUSED:
        return Need.REFUSED
    if change.action in {Action.CREATE, Action.UPDATE}:
        if change.why:
            return Need.DIFFERS
        return Need.BECOMES_SECRET if change.secret and change.action is Action.CREATE else Need.WRITTEN
    if change.is_recorded:
        return Need.SKIPPED
    why = change.why.reason if change.why else None
    if change.action is Action.KEEP:
        return Need.DIFFERS
    if change.action is Action.SKIP:
        return Need.NONE if why in _ONLY_COUNTED else Need.SKIPPED
    return Need.SKIPPED if why in _SECRETS_TO_LOOK_AT else Need.NONE


def show_changes(places: Sequence[PlaceOutcome], stage: Stage, view: View) -> list[str]:
    """Return one table of all places, or one for each where they are many, with what is only counted below it."""
    places = [place for place in with_short_labels(places) if place.changes]
    groups = [places] if len(places) <= _MOST_COLUMNS else [[place] for place in places]
    lines: list[str] = []
    for group in groups:
        keys = _gather(group)
        shown, folded = _choose(keys, stage, view)
        part = view.rows([place.label for place in group], [each.row(view) for each in shown]) if shown else []
        part += [] if view.quiet else [line for text in _folded(folded) for line in view.say(text)]
        if part and len(groups) > 1:
            part = [*view.heading(f"{group[0].title}:"), *part]
        lines += part
    if stage is not Stage.AFTER:
        neutral = [] if view.quiet or view.verbose else _counted_lines(places)
        lines += [line for text in neutral for line in view.say(text)]
    return lines


def with_short_labels(places: Sequence[PlaceOutcome]) -> list[PlaceOutcome]:
    """Return the places with files of an absolute path named without their folders, where that tells them apart."""
    paths = [PurePath(place.label) for place in places]
    names = [path.name if p.is_file and path.is_absolute() else p.label for p, path in zip(places, paths, strict=True)]
    return [
        place._replace(label=name) if names.count(name) == 1 else place
        for place, name in zip(places, names, strict=True)
    ]


def show_ways_out(outcome: RunOutcome, view: View) -> list[str]:
    """Return a line for each way out of what was refused or skipped, where no other error says what to do."""
    told = isinstance(outcome.error, RefusedError) if outcome.error else not view.quiet
    ways = ways_out(outcome.places) if told and not outcome.confirmed else []
    if outcome.command == "undo":
        # It takes a whole run back.
        ways = [(way, text) for way, text in ways if way.partition(" ")[0] not in {"--partial", "--exclude"}]
    elif outcome.error is None:
        # Where refused keys did not end the run, --partial was given.
        ways = [(way, text) for way, text in ways if way != "--partial"]
    if not ways:
        return []
    size = max(len(way) for way, _ in ways)
    lines = view.heading("Next:" if len(ways) == 1 else "Next, one of:")
    if view.markdown:
        return [*lines, *(line for way, text in ways for line in view.say(f"{way}: {text}"))]
    for way, text in ways:
        head = view.paint(Tone.HINT, way)
        first, *others = wrap(text, None if view.width is None else max(view.width - size - 4, 20))
        lines.append(f"  {head}{' ' * (size - len(way))}  {first}")
        lines += [f"{' ' * (size + 4)}{other}" for other in others]
    return lines


def ways_out(places: Sequence[PlaceOutcome]) -> list[tuple[str, str]]:
    """Return each way out with what it does; an option that takes a key stands once, for all of them."""
    found: dict[str, dict[str, None]] = {}
    for change in chain.from_iterable(place.changes for place in places):
        if change.action is Action.REFUSED or need_of(change) is Need.SKIPPED:
            for way in change.why.ways_out if change.why else ():
                option, _, argument = way.partition(" ")
                found.setdefault(option, {})[argument] = None
    keys = _gather(places)
    refused = [each for each in keys if each.refusals]
    stuck = [each for each in refused if not all(change.is_conflict for change in each.refusals)]
    others = sum(any(_goes(change) for change in each.changes if change) for each in keys if not each.refusals)
    ways = [(_with_argument(option, list(arguments)), option) for option, arguments in found.items()]
    if stuck and others:
        ways.append(("--partial", "--partial"))
    if refused:
        ways.append((f"--exclude {refused[0].pattern if len(refused) == 1 else 'KEY'}", "--exclude"))
    words = {"others": "one" if others == 1 else str(others), "left": "this one" if len(stuck) == 1 else "these"}
    return [(way, WAYS_OUT.get(option, "").format_map(words)) for way, option in ways]


def _goes(change: Change) -> bool:
    return change.action in {Action.CREATE, Action.UPDATE} or change.is_recorded


def _with_argument(option: str, arguments: list[str]) -> str:
    if len(arguments) == 1:
        return printable(f"{option} {arguments[0]}".rstrip())
    return f"{option} KEY"


def show_warnings(outcome: RunOutcome, view: View) -> list[str]:
    """Return a line for each thing that the user should know, with the keys that it holds for."""
    return [
        *_warning_lines("", outcome.warnings, view),
        *(line for place in outcome.places for line in _warning_lines(place.label, place.warnings, view)),
    ]


def _warning_lines(label: str, notices: Iterable[Notice], view: View) -> list[str]:
    grouped: dict[tuple[str, bool], list[str]] = {}
    for notice in dict.fromkeys(notices):
        if view.quiet and notice.code in NEUTRAL:
            continue
        text = warning_text(Notice(notice.code, None, notice.about))
        grouped.setdefault((text, notice.code in NEUTRAL), []).extend([printable(notice.key)] if notice.key else [])
    lines = []
    for (text, neutral), keys in grouped.items():
        said = text.replace("KEY", keys[0]) if len(keys) == 1 else text
        parts = [*([printable(label)] if label and keys else []), *([_names(keys, view)] if keys else [])]
        line = ": ".join([*parts, printable(said)])
        wrapped = wrap(line if neutral else f"Warning: {line}", view.width, "  ")
        if not neutral:
            wrapped[0] = view.paint(Tone.WARNING, "Warning") + wrapped[0].removeprefix("Warning")
        lines.append("\n".join(wrapped))
    return lines


def _names(keys: Sequence[str], view: View) -> str:
    if view.verbose or len(keys) <= _NAMED:
        return ", ".join(keys)
    return f"{len(keys)} keys: {', '.join(keys[: _NAMED - 1])} and {len(keys) - _NAMED + 1} more"


def show_end(outcome: RunOutcome, view: View) -> list[str]:
    """Return one line for each place: what was done there, or would be, and how often it restarts."""
    places = with_short_labels([place for place in outcome.places if place.role == "destination"])
    rows = [(printable(place.label), _sum(place, done=not outcome.dry_run), _restarts(place)) for place in places]
    if outcome.error and (outcome.dry_run or not any(text for _, text, _ in rows)):
        return []
    if not any(text for _, text, _ in rows):
        nothing = "Nothing to do." + _left_behind(places)
        return view.say(nothing, "  ")
    size = max(len(label) for label, _, _ in rows)
    middle = max(len(text) for _, text, _ in rows)
    lines = []
    for label, text, restarts in rows:
        whole = f"{label.ljust(size)}  {(text or 'nothing to do').ljust(middle)}  {restarts}".rstrip()
        lines += view.say(whole, " " * (size + 2))
    if left := _left_behind(places):
        lines += view.say(left.strip(), "  ")
    if len(places) > _MOST_COLUMNS:
        whole = _sum_text(change for place in places for change in place.changes)
        lines += view.say(f"{len(places)} places: {whole}.")
    if outcome.dry_run:
        lines += view.say("Nothing was changed.")
    return lines


def _sum(place: PlaceOutcome, *, done: bool) -> str:
    if not done or place.applied:
        return _sum_text(place.changes)
    amiss = sum(is_amiss(change) for change in place.changes)
    text = _sum_text(change for change in place.changes if change.result is Result.DONE)
    return ", ".join([*([text] if text else []), *([f"{counted(amiss, 'key')} not as planned"] if amiss else [])])


def _sum_text(found: Iterable[Change]) -> str:
    changes = [change for change in found if not is_amiss(change)]
    removed = sum(Reason.REMOVED in change.marks for change in changes)
    counts = [
        (sum(change.action is Action.CREATE for change in changes), "new"),
        (sum(change.action is Action.UPDATE for change in changes) - removed, "changed"),
        (removed, "removed"),
        (sum(change.is_recorded for change in changes), "noted as a comment"),
    ]
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _restarts(place: PlaceOutcome) -> str:
    return counted(place.restarts, "restart") if place.restarts else ""


def _left_behind(places: Sequence[PlaceOutcome]) -> str:
    keys = [each.key for each in _gather(places) if each.refusals]
    return f" {counted(len(keys), 'key')} stayed behind: {', '.join(keys)}." if keys else ""


def to_markdown(outcome: RunOutcome, body: Sequence[str], view: View) -> list[str]:
    """Return a page of a summary: what is shown as a table elsewhere, the error, and what to do next."""
    ways = show_ways_out(outcome, view)
    if outcome.error:
        told = [("Error", str(outcome.error)), *([] if ways else [("Next", outcome.error.hint)])]
        body = [*body, *(part for head, text in told if text for part in ("", f"**{head}:** {escape_markdown(text)}"))]
    if not body and not ways:
        return []
    text = "\n".join([*view.heading(f"astro-sync {outcome.command}"), *body, *ways])
    return re.sub(r"\n{3,}", "\n\n", text.strip("\n")).split("\n")


@dataclass(slots=True, eq=False, repr=False)
class _Key:
    """One key with its change at each place of a table."""

    key: str
    places: Sequence[PlaceOutcome]
    changes: Sequence[Change | None]

    @property
    def refusals(self) -> list[Change]:
        return [change for change in self.changes if change and change.action is Action.REFUSED]

    @property
    def pattern(self) -> str:
        """Return what names it to an option: its id where others have the key too."""
        name = next(change.name for change in self.changes if change)
        return printable(name.key if self.key == printable(name.key) else name.id)

    @property
    def need(self) -> Need:
        return min(need_of(change) for change in self.changes if change)

    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell_of(change) if change else Cell("") for change in self.changes)

    def note(self, now: datetime) -> str:
        notes = [(place.label, note_of(c, now)) for place, c in zip(self.places, self.changes, strict=True) if c]
        told = [(label, note) for label, note in notes if note]
        if len({note for _, note in told}) <= 1:
            return told[0][1] if told else ""
        return "; ".join(f"{printable(label)}: {note}" for label, note in told)

    def row(self, view: View) -> Row:
        return Row(self.key, self.cells(), self.note(view.now))

    @property
    def writes(self) -> list[Change]:
        return [change for change in self.changes if change and need_of(change) in {Need.BECOMES_SECRET, Need.WRITTEN}]

    @property
    def overwrites_shared(self) -> bool:
        pairs = zip(self.places, self.changes, strict=True)
        return any(c and c.action is Action.UPDATE and not place.is_file for place, c in pairs)


def _gather(places: Sequence[PlaceOutcome]) -> list[_Key]:
    """Return the keys of all places in the order of need."""
    rows = rows_of_keys([place.changes for place in places])
    return sorted((_Key(key, places, changes) for key, changes in rows), key=lambda each: each.need)


def _choose(keys: Sequence[_Key], stage: Stage, view: View) -> tuple[list[_Key], list[_Key]]:
    """Return the keys that are listed and the successes that are only counted."""
    if stage is Stage.AFTER:
        return [each for each in keys if each.need is Need.AMISS], []
    if view.quiet:
        problems = {Need.AMISS, Need.REFUSED}
        return [each for each in keys if each.need in problems or any(c and c.is_conflict for c in each.changes)], []
    if view.verbose:
        return list(keys), []
    attention = [each for each in keys if each.need <= Need.SKIPPED]
    successes = [each for each in keys if each.need in {Need.BECOMES_SECRET, Need.WRITTEN}]
    if len(successes) <= _LISTED:
        return [*attention, *successes], []
    parts: tuple[list[_Key], list[_Key]] = ([], [])
    for each in successes:
        parts[stage is Stage.PLAN and each.overwrites_shared].append(each)
    folded, listed = parts
    return [*attention, *listed], folded


def _folded(keys: Sequence[_Key]) -> list[str]:
    """Return, for example, `50 variables, 10 connections new, 8 of them secret; --verbose lists them`."""
    if not keys:
        return []
    texts = []
    for action, word in ((Action.CREATE, "new"), (Action.UPDATE, "changed")):
        found = [each for each in keys if _leading(each) is action]
        kinds = Counter(change.name.kind for each in found for change in each.writes[-1:])
        parts = [counted(kinds[kind], noun) for kind, noun in _KINDS.items() if kinds[kind]]
        secret = sum(any(need_of(change) is Need.BECOMES_SECRET for change in each.writes) for each in found)
        if parts:
            texts.append(f"{', '.join(parts)} {word}" + (f" ({secret} secret)" if secret else ""))
    for mark, words in ((Reason.ON_ONE_LINE, "on one line"), (Reason.RESPELLED, "JSON as Airflow's API spells it")):
        marked = sum(any(mark in change.marks for change in each.writes) for each in keys)
        texts += [f"{marked} of them {words}"] if marked else []
    return [f"{'; '.join(texts)}; --verbose lists them"]


def _leading(each: _Key) -> Action | None:
    """Return what happens to a key: it counts as changed where it is overwritten anywhere."""
    actions = {change.action for change in each.writes}
    return next((action for action in (Action.UPDATE, Action.CREATE) if action in actions), None)


def _counted_lines(places: Sequence[PlaceOutcome]) -> list[str]:
    """Return a line for each thing that is so from run to run."""
    lines = []
    for place in places:
        why = Counter(change.why.reason for change in place.changes if change.why and need_of(change) is Need.NONE)
        label = printable(place.label)
        if other := why[Reason.OTHER_KIND]:
            lines.append(f"{label}: {counted(other, 'other key')} cannot be kept there.")
        if secrets := why[Reason.SECRET_NOT_COMPARED]:
            lines.append(f"{label}: {counted(secrets, 'secret')} not compared; --rotate KEY writes one anew.")
        if hidden := why[Reason.SECRET_HIDDEN]:
            lines.append(f"{label}: {counted(hidden, 'secret')} not given out by the source.")
    return lines
