"""Turn a comparison into text: a table for one place, a matrix of keys by places for several. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from astro_sync.console.layout import Cell, Row, counted, printable, wrap
from astro_sync.console.report import View, with_short_labels
from astro_sync.console.texts import MATCH_MARKS, MATCHES
from astro_sync.console.wording import match_cell, match_note, rows_of_keys
from astro_sync.core.compare import Compared, Match
from astro_sync.core.outcome import PlaceOutcome, RunOutcome

_ORDER: Final = (Match.DIFFERENT, Match.ONLY_SOURCE, Match.NOT_KNOWN, Match.ONLY_DESTINATION, Match.SAME)
_NOTED_PLACES: Final = 2


@dataclass(slots=True, eq=False, repr=False)
class _Key:
    key: str
    found: Sequence[Compared | None]

    @property
    def order(self) -> int:
        return min(_ORDER.index(each.match) for each in self.found if each)

    @property
    def differs(self) -> bool:
        return any(each and each.match is not Match.SAME for each in self.found)


def show_comparison(outcome: RunOutcome, view: View) -> list[str]:
    """Return a row for each key that is not the same everywhere, then what the marks mean and how many there are."""
    places, keys = _gather(outcome)
    if view.quiet:
        return []
    shown = [each for each in keys if view.verbose or each.differs]
    lines = _table(places, shown, view) if shown else []
    return [*lines, *(line for text in _counts(places, keys) for line in view.say(text))]


def _gather(outcome: RunOutcome) -> tuple[list[PlaceOutcome], list[_Key]]:
    places = with_short_labels([place for place in outcome.places if place.role == "destination"])
    rows = rows_of_keys([place.compared for place in places])
    return places, sorted((_Key(key, found) for key, found in rows), key=lambda each: each.order)


def _table(places: Sequence[PlaceOutcome], keys: Sequence[_Key], view: View) -> list[str]:
    labels = [printable(place.label) for place in places]
    if len(places) == 1:
        rows = [Row(each.key, (_cell(each.found[0]),), _note(each, places, view)) for each in keys]
        return view.rows(labels, rows)
    notes = len(places) <= _NOTED_PLACES
    marks = [tuple(Cell(_mark(found), _cell(found).tone) for found in each.found) for each in keys]
    rows = [
        Row(each.key, cells, _note(each, places, view) if notes else "")
        for each, cells in zip(keys, marks, strict=True)
    ]
    wide = max(len(each.key) for each in keys) + sum(len(label) + 2 for label in labels)
    named: list[str] = []
    if view.width is not None and wide > view.width:
        numbered = [f"{number} {label}" for number, label in enumerate(labels, 1)]
        named = wrap(", ".join(numbered), view.width, "  ")
        labels = [str(number) for number in range(1, len(places) + 1)]
    return [*named, *view.rows(labels, rows), *view.say(_legend(keys))]


def _cell(found: Compared | None) -> Cell:
    return match_cell(found) if found else Cell("")


def _mark(found: Compared | None) -> str:
    # A key that neither the source nor this place has, but another one.
    return MATCH_MARKS[found.match] if found else ""


def _note(each: _Key, places: Sequence[PlaceOutcome], view: View) -> str:
    notes = [(p.label, match_note(c, view.now)) for p, c in zip(places, each.found, strict=True) if c]
    told = [(label, note) for label, note in notes if note]
    if len({note for _, note in told}) <= 1:
        return told[0][1] if told else ""
    return "; ".join(f"{printable(label)}: {note}" for label, note in told)


def _legend(keys: Sequence[_Key]) -> str:
    used = {found.match for each in keys for found in each.found if found}
    return ", ".join(f"{MATCH_MARKS[match]} {MATCHES[match]}" for match in Match if match in used)


def _counts(places: Sequence[PlaceOutcome], keys: Sequence[_Key]) -> list[str]:
    if places and not keys:  # without a place there was an error, which says more
        return ["Nothing to compare."]
    lines = []
    for index, place in enumerate(places):
        counts = Counter(found.match for each in keys if (found := each.found[index]))
        text = ", ".join(f"{counts[match]} {MATCHES[match]}" for match in _ORDER if counts[match])
        lines.append(f"{printable(place.label)}: {text or counted(0, 'key')}.")
    return lines
