"""Outcomes of runs, made by hand, for the tests of what a person sees."""

from collections.abc import Sequence
from datetime import UTC, datetime

from astro_sync.core.compare import Compared, Match
from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Notice,
    Reason,
    Refusal,
    Result,
    Value,
    Write,
    name_of,
)
from astro_sync.core.outcome import PlaceOutcome

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TWO_DAYS_AGO = "2026-11-26T11:00:00Z"
HERE = "hunter2-Zq9-here"
THERE = "swordfish-Kx7-there"


def entry(key: str, text: str | None, *, secret: bool = False, updated_at: str = "") -> Entry:
    return Entry(name_of(key), None if text is None else Value(text), secret, updated_at=updated_at)


def created(key: str, text: str = HERE, *, secret: bool = False, marks: tuple[Reason, ...] = ()) -> Change:
    source = entry(key, text)
    write = Write(name_of(key), Value(text), secret)
    return Change(name_of(key), Action.CREATE, secret, write=write, source=source, marks=marks)


def updated(key: str, here: str = HERE, there: str = THERE, *, why: Refusal | None = None) -> Change:
    old = entry(key, there, updated_at=TWO_DAYS_AGO)
    write = Write(name_of(key), Value(here), old=old)
    return Change(name_of(key), Action.UPDATE, why=why, write=write, source=entry(key, here), old=old)


def conflict(key: str, here: str = HERE, there: str = THERE, reason: Reason = Reason.DIFFERS) -> Change:
    old = entry(key, there, updated_at=TWO_DAYS_AGO)
    write = Write(name_of(key), Value(here), old=old)
    why = Refusal(reason, "", ("--on-conflict keep|overwrite",))
    return Change(name_of(key), Action.REFUSED, why=why, write=write, source=entry(key, here), old=old)


def refused(key: str, reason: Reason = Reason.LINE_BREAK, *ways: str, about: str = "") -> Change:
    return Change(name_of(key), Action.REFUSED, why=Refusal(reason, about, ways), source=entry(key, HERE))


def decided(key: str, action: Action, reason: Reason | None = None, *ways: str) -> Change:
    return Change(name_of(key), action, why=Refusal(reason, "", ways) if reason else None)


def amiss(change: Change, result: Result) -> Change:
    reasons = {
        Result.NOT_WRITTEN: Reason.NOT_WRITTEN,
        Result.OTHER_VALUE: Reason.OTHER_VALUE,
        Result.UNKNOWN: Reason.NOT_KNOWN,
    }
    return Change(
        change.name, change.action, change.secret, Refusal(reasons[result]), change.write, change.source, result=result
    )


def place(
    label: str = "prod",
    changes: Sequence[Change] = (),
    warnings: tuple[Notice, ...] = (),
    *,
    applied: bool = False,
    restarts: int = 0,
) -> PlaceOutcome:
    is_file = label.startswith(".env")
    return PlaceOutcome(
        address=label if is_file else f"deployment:{label}",
        kind="env" if is_file else "deployment",
        label=label,
        title=label if is_file else f"Deployment {label} (dep-{label})",
        role="destination",
        applied=applied,
        changes=tuple(changes),
        restarts=restarts,
        warnings=warnings,
        is_file=is_file,
    )


def compared(key: str, match: Match, here: str | None = HERE, there: str | None = THERE) -> Compared:
    source = None if match is Match.ONLY_DESTINATION else entry(key, here)
    destination = None if match is Match.ONLY_SOURCE else entry(key, there, secret=there is None)
    return Compared(name_of(key), match, source, destination)


def compared_place(label: str, *found: Compared) -> PlaceOutcome:
    return place(label)._replace(compared=found)
