"""The story of every move: read both sides, plan, confirm, apply, read back."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from astro_sync.concurrency import each
from astro_sync.core.model import Action, OnConflict, Plan, Snapshot, Variable
from astro_sync.core.plan import make_plan, unmatched
from astro_sync.errors import AstroSyncError, DeclinedError, ExitCode, RefusedError, UsageError
from astro_sync.places.base import Endpoint, Source
from astro_sync.sync.apply import apply
from astro_sync.sync.step import Leg, Result, Terms

_READS_AT_ONCE = 8


def copy(source: Source, destination: Endpoint, terms: Terms) -> Result:
    """Move from one place into another."""
    with ExitStack() as stack:
        both: tuple[Source, ...] = (source, destination)
        for endpoint in reversed(both):
            stack.enter_context(endpoint)
        there, here = each(lambda endpoint: endpoint.read(), both, at_once=2)
        plan = _Planner(terms).decide(there, destination, here)
        return _carry_out(Result([Leg(destination, here, plan)], there.warnings), terms)


def chain(source: Source | None, middle: Endpoint, ends: Sequence[Endpoint], terms: Terms) -> Result:
    """Move from one place (or from nowhere) into a second, and what that then holds into others (design, rule 3)."""
    with ExitStack() as stack:
        found: list[Source] = [middle, *([source] if source else []), *ends]
        for endpoint in found:
            stack.enter_context(endpoint)
        here, *others = each(lambda endpoint: endpoint.read(), found, at_once=_READS_AT_ONCE)
        there = others.pop(0) if source else Snapshot()
        theirs = _unite(ends, others, terms)
        planner = _Planner(terms)

        def plan_all(there: Snapshot) -> tuple[Plan, list[Plan]]:
            first = planner.decide(there, middle, here)
            return first, [planner.decide(first.applied_to(here), end, before) for end, before in theirs]

        first, plans = plan_all(there)
        # What a Deployment cannot hold goes nowhere, not into the middle either.
        known = {change.key for change in (*first.refusals, *first.conflicts)}
        later = [change for plan in plans for change in plan.refusals if change.key not in known]
        refused = {change.key: change.reason or "" for change in later if change.key in there.variables}
        if refused:
            there = replace(there, unreadable={**there.unreadable, **refused})
            first, plans = plan_all(there)
        legs = [Leg(middle, here, first)] if source else []
        legs += [Leg(end, before, plan) for (end, before), plan in zip(theirs, plans, strict=True)]
        after = first.applied_to(here)
        idle = [warn for end, before in theirs for warn in unmatched(after, before, terms.policy(end))]
        warnings = (*(there.warnings if source else here.warnings), *dict.fromkeys(idle))
        return _carry_out(Result(legs, warnings), terms)


def _unite(ends: Sequence[Endpoint], reads: Sequence[Snapshot], terms: Terms) -> list[tuple[Endpoint, Snapshot]]:
    """Take a Deployment that was named twice for one; only its own answer tells that it is."""
    found: dict[str, tuple[Endpoint, Snapshot]] = {}
    for end, before in zip(ends, reads, strict=True):
        first, _ = found.setdefault(str(end), (end, before))
        if terms.policy(first) != terms.policy(end):
            hint = "Run the targets one after another, or give them the same settings."
            raise UsageError(f"{end} was named twice, with different settings.", hint=hint)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plan legs, and ask about conflicts if the policy says so; each is asked about once."""

    terms: Terms
    answers: dict[int, Mapping[str, OnConflict]] = field(default_factory=dict)

    def decide(self, there: Snapshot, destination: Endpoint, here: Snapshot) -> Plan:
        mine = id(destination)
        policy = replace(self.terms.policy(destination), decided=self.answers.get(mine, {}))
        refusal = _no_refusal if self.terms.compares_only else destination.refusal
        plan = make_plan(there, here, policy, refusal)
        if not plan.conflicts or policy.on_conflict is not OnConflict.ASK:
            return plan
        self.answers[mine] = {**policy.decided, **self.terms.ask(plan.conflicts, destination)}
        return make_plan(there, here, replace(policy, decided=self.answers[mine]), refusal)


def _no_refusal(_variable: Variable) -> None:
    return None


def _carry_out(result: Result, terms: Terms) -> Result:
    """Refuse, or show, or confirm and apply; and read back."""
    legs = result.legs
    result.error = _refuse(legs, terms)
    if result.error:
        result.exit_code = ExitCode.REFUSED
        return result
    pending = [leg for leg in legs if leg.plan.changes_something]
    if not terms.compares_only and any(leg.plan.refusals for leg in legs):
        result.exit_code = ExitCode.PARTIAL
    if terms.dry_run:
        found = any(_differs(leg.plan) for leg in legs) if terms.compares_only else pending
        if found and terms.exit_code and not result.exit_code:
            result.exit_code = ExitCode.FOUND
        return result
    if not pending:
        return result
    if not terms.confirm(pending):
        result.error = DeclinedError()
        result.exit_code = ExitCode.FAILED
        return result
    apply(result, pending, terms)
    return result


def _differs(plan: Plan) -> bool:
    """Tell whether a comparison found anything but the same, what the user filtered out and what nobody can know."""
    same = {Action.UNCHANGED, Action.SKIP, Action.SECRET_KEPT}
    return any(change.action not in same for change in plan.changes)


def _refuse(legs: Sequence[Leg], terms: Terms) -> AstroSyncError | None:
    if conflicts := {change.key for leg in legs for change in leg.plan.conflicts}:
        count = f"{len(conflicts)} key{'s' if len(conflicts) > 1 else ''}"
        hint = "Decide with --on-conflict keep or --on-conflict overwrite, or leave keys out with --exclude KEY."
        return RefusedError(f"{count} would be changed where another value stands; nothing was changed.", hint=hint)
    refusals = {change.key for leg in legs for change in leg.plan.refusals}
    if refusals and not terms.partial:
        count = f"{len(refusals)} key{'s' if len(refusals) > 1 else ''}"
        hint = "Leave them out with --exclude KEY, or carry the rest with --partial."
        if any("--allow-argv" in (change.reason or "") for leg in legs for change in leg.plan.refusals):
            hint += " --allow-argv carries what no file can, but shows it in the process list for a moment."
        if any("astro env variable" in (change.reason or "") for leg in legs for change in leg.plan.refusals):
            hint += " By hand: `astro env variable create --deployment-id ID --key KEY --secret < FILE`."
        return RefusedError(f"{count} cannot be carried exactly; nothing was changed.", hint=hint)
    return None
