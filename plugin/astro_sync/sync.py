"""The story of every move: read both sides, plan, confirm, apply, read back."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from astro_sync.concurrency import each
from astro_sync.endpoints import Endpoint, Source
from astro_sync.errors import AstroSyncError, ExitCode, InterruptedRunError, Interruption, RefusedError, UsageError
from astro_sync.model import Action, Change, OnConflict, Plan, Snapshot, Variable, Warn, Written
from astro_sync.plan import Policy, make_plan
from astro_sync.readback import Judgement, Verdict, judge

_READS_AT_ONCE = 8


@dataclass(slots=True)
class Leg:
    """Hold one move into one destination: what stood there, the plan, and what came of it."""

    destination: Endpoint
    before: Snapshot
    plan: Plan
    judgement: Judgement | None = None
    written: Written | None = None
    backup: Path | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return the decisions, with what the read-back found."""
        return self.judgement.changes if self.judgement else self.plan.changes

    @property
    def warnings(self) -> tuple[Warn, ...]:
        """Return what the plan, the destination and the read-back have to say."""
        found = self.judgement.warnings if self.judgement else ()
        return (*self.before.warnings, *self.plan.warnings, *self.destination.warnings, *found)

    @property
    def verdict(self) -> Verdict:
        """Tell how the destination stands to the plan; a leg that was never carried out left it untouched."""
        if self.judgement:
            return self.judgement.verdict
        return Verdict.UNTOUCHED if self.plan.changes_something else Verdict.PLANNED


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold what the user decided for one run, how to ask, and where backups go (None: nowhere).

    `compares_only`: nothing will be written, so no destination need be able to hold what it lacks.
    """

    policy: Callable[[Endpoint], Policy]
    ask: Callable[[Sequence[Change], Endpoint], Mapping[str, OnConflict]]
    confirm: Callable[[Sequence[Leg]], bool]
    interrupted: Callable[[], None]
    note: Callable[[str], None]
    backups: Path | None
    now: datetime
    dry_run: bool = False
    partial: bool = False
    exit_code: bool = False
    jobs: int = 8
    compares_only: bool = False


@dataclass(slots=True)
class Result:
    """Hold the legs of a run, as far as it went, and how it ended."""

    legs: list[Leg] = field(default_factory=list)
    warnings: tuple[Warn, ...] = ()
    error: AstroSyncError | None = None
    exit_code: ExitCode = ExitCode.DONE


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
        return _carry_out(Result(legs, there.warnings if source else here.warnings), terms)


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
        result.error = AstroSyncError("Nothing was changed, as you said.")
        result.exit_code = ExitCode.FAILED
        return result
    _apply(result, pending, terms)
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


def _apply(result: Result, pending: Sequence[Leg], terms: Terms) -> None:
    """Back up, write and read back; files first, then all Deployments at the same time."""
    interruption: Interruption | None = None
    files = [leg for leg in pending if not leg.before.keeps_secrets]
    deployments = [leg for leg in pending if leg.before.keeps_secrets]
    begun: list[Leg] = []
    try:
        if terms.backups:
            for leg in pending:
                leg.backup = leg.destination.keep_backup(terms.backups, terms.now)
        for leg in files:
            # A file that cannot be replaced is as it was, or somebody else's: its error says all.
            _write(leg)
            begun.append(leg)
        begun += deployments
        each(_write, deployments, at_once=terms.jobs)
    except AstroSyncError as error:
        result.error = error
    except Interruption as error:
        interruption = error
        terms.interrupted()
        begun = begun or files
    try:
        each(lambda leg: _read_back(leg, terms.note), begun, at_once=terms.jobs)
    except Interruption as error:
        interruption = error
    for leg in begun:
        leg.judgement = leg.judgement or judge(leg.plan, leg.before, None, failed=True)
    _conclude(result, interruption)


def _write(leg: Leg) -> None:
    leg.written = leg.destination.apply(leg.plan)


def _read_back(leg: Leg, note: Callable[[str], None]) -> None:
    try:
        after = leg.destination.read()
    except AstroSyncError:
        after = None
    # Without an answer the writing was interrupted.
    written = leg.written or Written(InterruptedRunError("The writing did not end."), trusted_secrets=False)
    failed = written.failure is not None
    leg.judgement = judge(leg.plan, leg.before, after, failed=failed, trusted_secrets=written.trusted_secrets)
    words = {Verdict.PLANNED: "as planned", Verdict.UNTOUCHED: "not changed", Verdict.OTHER: "not as planned"}
    note(f"{leg.destination}: {words[leg.verdict]}.")


def _conclude(result: Result, interruption: Interruption | None) -> None:
    """Turn the verdicts into an error and an exit code (design, "Exit codes")."""
    amiss = [leg for leg in result.legs if leg.verdict is not Verdict.PLANNED]
    changed = any(leg.judgement and leg.before.keeps_secrets and leg.verdict is Verdict.PLANNED for leg in result.legs)
    if amiss:
        failures = [leg.written.failure for leg in amiss if leg.written and leg.written.failure]
        result.error = result.error or next(iter(failures), None)
        if changed or any(leg.verdict is Verdict.OTHER for leg in amiss):
            result.exit_code = ExitCode.UNPLANNED
            result.error = result.error or AstroSyncError("Not everything is as planned; the report names each key.")
        else:
            result.error = result.error or AstroSyncError("Nothing was written.")
            refused = result.error.exit_code is ExitCode.REFUSED
            result.exit_code = ExitCode.REFUSED if refused else ExitCode.FAILED
    if interruption:
        names = ", ".join(str(leg.destination) for leg in result.legs if leg.judgement and leg not in amiss)
        what = f"written as planned: {names}" if names else "nothing was written"
        if any(leg.verdict is Verdict.OTHER for leg in amiss):
            what += "; the report names each key that is not as planned"
        result.error = InterruptedRunError(f"Interrupted; {what}.")
        result.exit_code = interruption.exit_code
