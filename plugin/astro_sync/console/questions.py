"""Ask about single keys that differ: one key press each. What is asked is made by pure functions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from astro_sync.console.layout import printable
from astro_sync.console.texts import REASONS
from astro_sync.console.wording import age_of, difference_text, rows_of_keys, shape_text
from astro_sync.core.compare import difference
from astro_sync.core.model import Change, Name, Reason
from astro_sync.core.plan import OnConflict
from astro_sync.errors import DeclinedError

CHOICES: Final = "[y]es [N]o [a]ll [k]eep all [q]uit"
_SINGLE: Final = {"y": OnConflict.OVERWRITE, "n": OnConflict.KEEP}
_REST: Final = {"a": OnConflict.OVERWRITE, "k": OnConflict.KEEP}
_ENTER: Final = frozenset({"", "\r", "\n"})


def questions_of(conflicts: Sequence[Change], destination: str, source: str, now: datetime) -> list[str]:
    """Return what is asked about each key, where its two values differ told without them."""
    there, here = printable(destination), printable(source)
    keys = [key for key, _ in rows_of_keys([conflicts])]
    return [_question(change, key, there, here, now) for change, key in zip(conflicts, keys, strict=True)]


def _question(change: Change, key: str, there: str, here: str, now: datetime) -> str:
    age = age_of(change.old.updated_at, now) if change.old else ""
    changed = f", changed {age}" if age else ""
    if change.why and change.why.reason is Reason.SECRET_CHANGED_HERE:
        return f"{key}: changed in {here} since it was sent to {there}. Overwrite {there}'s?"
    old, new = (entry.value if entry else None for entry in (change.old, change.source))
    if Reason.REMOVED in change.marks and change.why:
        return f"{key}: {REASONS[change.why.reason]} in {there}{changed}. Remove it?"
    if old is None or new is None or old == new:
        return f"{key}: {there} and {here} differ{changed}. Overwrite {there}'s?"
    found = difference(change.name.kind, new, old)
    if found.shapes:
        mine, theirs = map(shape_text, found.shapes)
        return f"{key}: {there} holds a {theirs}{changed}; {here} a {mine}. Overwrite {there}'s?"
    age_text = f" ({there}'s{changed.replace(',', '', 1)})" if changed else ""
    return f"{key}: {there} and {here} differ in {printable(difference_text(found))}{age_text}. Overwrite {there}'s?"


def ask_each(
    conflicts: Sequence[Change], questions: Sequence[str], press: Callable[[str], str]
) -> Mapping[Name, OnConflict]:
    """Return the decision about each key; `press` shows a question and returns the key that was pressed.

    Raises DeclinedError where the person gives up.
    """
    decided: dict[Name, OnConflict] = {}
    for number, (change, question) in enumerate(zip(conflicts, questions, strict=True)):
        answer = _valid(f"{number + 1}/{len(conflicts)} {question} {CHOICES}", press)
        if answer == "q":
            raise DeclinedError
        if answer in _REST:
            return {**decided, **{later.name: _REST[answer] for later in conflicts[number:]}}
        decided[change.name] = _SINGLE[answer]
    return decided


def _valid(question: str, press: Callable[[str], str]) -> str:
    """Return the first answer that means something; Enter is a no."""
    while True:
        pressed = press(question)
        answer = "n" if pressed in _ENTER else pressed[0].lower()
        if answer == "q" or answer in _SINGLE or answer in _REST:
            return answer
