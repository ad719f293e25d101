"""Compare what was planned with what a later read shows. Pure (CONTRIBUTING, rule 7)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from astro_sync.core.compare import Spelling
from astro_sync.core.model import (
    Change,
    Entry,
    Name,
    Notice,
    Plan,
    Reason,
    Refusal,
    Result,
    Secrets,
    Snapshot,
    Traits,
    WarningCode,
    Write,
    Written,
)


class Outcome(StrEnum):
    """How a destination stands to its plan after the run."""

    AS_PLANNED = "as-planned"
    UNTOUCHED = "untouched"
    NOT_AS_PLANNED = "not-as-planned"


class Verification(NamedTuple):
    """What the read-back found: the changes with their results, and what happened beside the plan."""

    outcome: Outcome
    changes: tuple[Change, ...]
    warnings: tuple[Notice, ...] = ()


def verify(plan: Plan, before: Snapshot, after: Snapshot | None, written: Written, traits: Traits) -> Verification:
    """Compare key by key; `after` is None where the destination could not be read again."""
    found = {write.name: _result(write, after, written, traits) for write in plan.writes}
    lost = [name for name in plan.recorded if after is not None and name not in after.recorded]
    lost += [name for name in plan.removed if after is not None and name in after.entries]
    gone = [w.name for w in plan.writes if w.old and after is not None and _held(w.name, after, traits) is None]
    reasons = {**{name: Refusal(Reason.GONE) for name in gone}, **written.failed}
    changes = tuple(_with_result(change, found, reasons, lost) for change in plan.changes)
    if after is None:
        return Verification(Outcome.NOT_AS_PLANNED, changes)
    notices = _strangers(plan, before, after)
    results = set(found.values())
    if not (results - {Result.DONE} or lost or gone or any(notice.about for notice in notices)):
        return Verification(Outcome.AS_PLANNED, changes, notices)
    # A write that was said to be done, and is not there, was lost to somebody else.
    failed = written.failure is not None or bool(written.failed)
    # Nothing tells a key that somebody else added from one that the failed call made.
    if results <= {Result.NOT_WRITTEN} and failed and not (written.may_arrive or gone or notices):
        return Verification(Outcome.UNTOUCHED, changes)
    return Verification(Outcome.NOT_AS_PLANNED, changes, notices)


def _result(write: Write, after: Snapshot | None, written: Written, traits: Traits) -> Result:
    if after is None:
        return Result.UNKNOWN
    entry = _held(write.name, after, traits)
    if _says(write, entry, written, traits):
        return Result.DONE
    if written.may_arrive:
        return Result.UNKNOWN
    if entry is None:
        return Result.NOT_WRITTEN
    if entry.value is None and entry.problem is None:
        # A secret that was there before our own call, which did not end well.
        return Result.NOT_WRITTEN if write.name in written.failed else Result.UNKNOWN
    was = write.old.value if write.old else None
    return Result.NOT_WRITTEN if was is not None and entry.value == was else Result.OTHER_VALUE


def _held(name: Name, after: Snapshot, traits: Traits) -> Entry | None:
    """Return what stands there under a name, or under one that is the same name there."""
    if entry := after.entries.get(name):
        return entry
    folded = traits.fold(name)
    return next((entry for other, entry in after.entries.items() if traits.fold(other) == folded), None)


def _says(write: Write, entry: Entry | None, written: Written, traits: Traits) -> bool:
    """Tell whether an entry shows what was written; a hidden one only by its name and by how its call ended."""
    if entry is None or entry.problem is not None:
        return False
    # A place that marks by the name what it masks takes nobody's choice.
    if traits.secrets is not Secrets.MARKS and write.secret and not entry.secret:
        return False
    if entry.value is None:
        # Where a writer chooses what is secret, somebody else made this one; elsewhere the place masks what it likes.
        if entry.secret and not write.secret and traits.secrets is Secrets.HIDDEN:
            return False
        new = write.old is None and not written.may_arrive and write.name not in written.failed
        return write.name in written.trusted or new
    if traits.secrets is not Secrets.MARKS and entry.secret and not write.secret:
        return False
    return Spelling(traits.as_fields, exact_json=entry.exact).same(
        write.name.kind, entry, Entry(write.name, write.value)
    )


_REASONS = {
    Result.NOT_WRITTEN: Reason.NOT_WRITTEN,
    Result.OTHER_VALUE: Reason.OTHER_VALUE,
    Result.UNKNOWN: Reason.NOT_KNOWN,
}


def _with_result(
    change: Change, found: Mapping[Name, Result], reasons: Mapping[Name, Refusal], lost: Sequence[Name]
) -> Change:
    if change.name in lost:
        return change._replace(result=Result.NOT_WRITTEN, why=Refusal(Reason.NOT_WRITTEN))
    if Reason.REMOVED in change.marks:
        return change._replace(result=Result.DONE)
    if change.write is None or change.write.name not in found:
        return change
    result = found[change.write.name]
    if result is Result.DONE:
        return change._replace(result=result)
    return change._replace(result=result, why=reasons.get(change.name) or Refusal(_REASONS[result]))


def _strangers(plan: Plan, before: Snapshot, after: Snapshot) -> tuple[Notice, ...]:
    """Name what others did meanwhile; `about` tells of a loss or a change, nothing of an addition."""
    if not after.complete:
        return ()
    mine = {write.name for write in plan.writes}
    notices = []
    for name, entry in before.entries.items():
        now = after.entries.get(name)
        if name in mine or name in plan.removed or entry.problem is not None:
            continue
        if now is None:
            notices.append(Notice(WarningCode.NOT_AS_PLANNED, name.key, Reason.GONE.value))
        elif (entry.value, entry.secret) != (now.value, now.secret):
            notices.append(Notice(WarningCode.NOT_AS_PLANNED, name.key, Reason.CHANGED_MEANWHILE.value))
    added = [name for name in after.entries if name not in before.entries and name not in mine]
    return (*notices, *(Notice(WarningCode.NOT_AS_PLANNED, name.key) for name in added))
