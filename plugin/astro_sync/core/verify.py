"""Compare what was planned with what a later read shows. Pure (design, rule 7)."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from astro_sync.core.model import Action, Change, Note, Plan, Snapshot, Variable, Warn
from astro_sync.core.plan import is_same


class Verdict(Enum):
    """Say how the destination stands to the plan."""

    PLANNED = auto()
    UNTOUCHED = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Hold the verdict, the changes with the reason at each key that is not as planned, and what else was noticed."""

    verdict: Verdict
    changes: tuple[Change, ...]
    warnings: tuple[Warn, ...] = ()


def judge(
    plan: Plan, before: Snapshot, after: Snapshot | None, *, failed: bool, trusted_secrets: bool = True
) -> Judgement:
    """Compare key by key; `after` is None where the destination could not be read again.

    `failed`: a writing call did not end well. `trusted_secrets`: the call that wrote secrets did, which is all that can
    be known of one that was there before.
    """
    if after is None:
        reasons = {change.key: "unknown: it could not be read again" for change in plan.writes}
        return _judgement(Verdict.OTHER, plan, reasons)
    planned = plan.applied_to(before).variables
    writes = {change.key: change for change in plan.writes}
    reasons = {}
    for key, wanted in planned.items():
        change = writes.get(key)
        reason = _difference(wanted, after, before.variables.get(key), change)
        if not reason and change and change.action is Action.UPDATE and wanted.secret and not trusted_secrets:
            reason = "unknown: it is secret, and the call that should have written it failed"
        if reason:
            reasons[key] = reason
    added = [
        Warn(Note.UNPLANNED, key, "came from someone else meanwhile; run it again to see whether that is right")
        for key in after.variables
        if key not in planned
    ]
    if not reasons:
        return _judgement(Verdict.PLANNED, plan, reasons, added)
    unknown = any(reason.startswith("unknown") for reason in reasons.values())
    if failed and not unknown and after.variables == before.variables:
        return _judgement(Verdict.UNTOUCHED, plan, dict.fromkeys(writes, "not written"))
    return _judgement(Verdict.OTHER, plan, reasons, added)


def _difference(wanted: Variable, after: Snapshot, before: Variable | None, change: Change | None) -> str | None:
    """Return what is wrong with one key, or None if it is as planned."""
    found = after.variables.get(wanted.key)
    if found is None:
        return "not written" if change and before is None else "gone from the destination"
    if wanted.secret != found.secret:
        return "written, but not as a secret" if wanted.secret else "became a secret meanwhile"
    if wanted.secret or wanted.value == found.value:
        return None
    if wanted.value and found.value and is_same(wanted.key, wanted.value, found.value, by_meaning=after.by_meaning):
        return None
    if change is None:
        return "changed meanwhile by someone else"
    return "not written" if before and found.value == before.value else "another value stands there"


def _judgement(verdict: Verdict, plan: Plan, reasons: dict[str, str], added: list[Warn] | None = None) -> Judgement:
    changes = tuple(
        replace(change, reason=f"not as planned: {reasons[change.key]}") if change.key in reasons else change
        for change in plan.changes
    )
    planned = {change.key for change in plan.changes}
    strangers = [
        Warn(Note.UNPLANNED, key, f"not as planned: {reason}; run it again to see where it stands")
        for key, reason in reasons.items()
        if key not in planned
    ]
    return Judgement(verdict, changes, (*strangers, *(added or ())))
