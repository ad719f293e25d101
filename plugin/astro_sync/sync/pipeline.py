"""The story of every move: read both sides, plan, refuse or confirm, apply, read back."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from astro_sync.concurrency import each
from astro_sync.core.compare import Compared, CompareSecret, Scope, SecretState, compare
from astro_sync.core.filters import Wanted
from astro_sync.core.model import (
    Change,
    Entry,
    Kind,
    Name,
    Names,
    Notice,
    Plan,
    Reason,
    Refusal,
    Result,
    Snapshot,
    Written,
)
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan, unmatched
from astro_sync.core.verify import Outcome, Verification, verify
from astro_sync.errors import (
    AstroSyncError,
    DeclinedError,
    ExitCode,
    InterruptedRunError,
    Interruption,
    RefusedError,
    UsageError,
)
from astro_sync.places.base import AnyPlace, Prepared

_READS_AT_ONCE: Final = 8
# Seconds between looks at a write that may still arrive; together within the time limit of a call.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)


class Destination(NamedTuple):
    """A place to write to, and what the user decided about it."""

    place: AnyPlace
    policy: Policy


class SyncOptions(NamedTuple):
    """What the user decided for one run, how to ask, and where backups go (None: nowhere).

    `hold` keeps other runs away from places, by their addresses, and yields those that had to be waited for.
    `compare_secret` returns what receipts tell of one place, `record` keeps receipts of what was written to it.
    `resume` lets `astro` run again after an interruption; `defer` keeps signals back once the places were read again.
    `timeout` is in seconds. `shows_plan`: `confirm` shows it.
    """

    ask: Callable[[Sequence[Change], AnyPlace, AnyPlace], Mapping[Name, OnConflict]]
    confirm: Callable[[Sequence["Step"]], bool]
    compare_secret: Callable[[AnyPlace], CompareSecret]
    record: Callable[["Step", Snapshot], None]
    resume: Callable[[], None]
    defer: Callable[[], None]
    hold: Callable[[Sequence[str]], AbstractContextManager[frozenset[str]]]
    pause: Callable[[float], None]
    backups: Path | None
    now: datetime
    timeout: float
    dry_run: bool = False
    partial: bool = False
    exit_code: bool = False
    jobs: int = 4
    shows_plan: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Step:
    """One move into one destination: what it held, the plan, how it will be written, and what came of it.

    `bug` is what broke the writing off although no error of a place.
    """

    source: AnyPlace
    destination: Destination
    before: Snapshot
    plan: Plan
    prepared: Prepared = field(default_factory=Prepared)
    written: Written | None = None
    after: Snapshot | None = None
    verification: Verification | None = None
    backup: Path | None = None
    bug: Exception | None = None

    @property
    def place(self) -> AnyPlace:
        """Return the place that is written."""
        return self.destination.place

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return the decisions, with what the read-back found."""
        return self.verification.changes if self.verification else self.plan.changes

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """Return what the plan, the writing and the read-back have to say."""
        found = self.verification.warnings if self.verification else ()
        return (*self.before.warnings, *self.plan.warnings, *self.prepared.warnings, *found)

    @property
    def restarts(self) -> int:
        """Return how many writing calls restart something; once the place was read back, how many went through."""
        if self.verification is None:
            return len(self.prepared.restarting)
        done = {change.write.name for change in self.changes if change.write and change.result is Result.DONE}
        arrived = done | (self.written.trusted if self.written else set())
        return sum(not arrived.isdisjoint(names) for names in self.prepared.restarting)

    @property
    def outcome(self) -> Outcome:
        """Return how the place stands to the plan; a step that was never applied left it untouched."""
        if self.verification:
            return self.verification.outcome
        return Outcome.UNTOUCHED if self.plan.changes_something else Outcome.AS_PLANNED


@dataclass(slots=True, eq=False, repr=False)
class RunResult:
    """The steps of a run, as far as it went, and how it ended.

    `confirmed`: somebody saw the plan before it began. `bug` is what broke the writing off.
    """

    steps: list[Step] = field(default_factory=list)
    warnings: tuple[Notice, ...] = ()
    confirmed: bool = False
    error: AstroSyncError | None = None
    bug: Exception | None = None
    exit_code: ExitCode = ExitCode.DONE


def sync(
    source: AnyPlace, ends: Sequence[Destination], options: SyncOptions, *, middle: Destination | None = None
) -> RunResult:
    """Move from one place into others, by way of `middle` if there is one (CONTRIBUTING, rule 3)."""
    places = [*([middle.place] if middle else []), *(end.place for end in ends), source]
    with ExitStack() as stack:
        for place in places:
            stack.enter_context(place)
        wanted = _union([middle] if middle else ends)
        of_source = wanted._replace(descriptions=any(map(_takes_variables, ends)) and not middle)
        reads = list(
            each(lambda place: place.read(of_source if place is source else wanted), places, at_once=_READS_AT_ONCE)
        )
        held = reads.pop(0) if middle else None
        origin = Side(source.traits, reads.pop())
        befores = _hold(_unite(ends, reads), wanted, options, stack)
        planner = _Planner(options)
        if middle is None or held is None:
            steps = [planner.step(source, origin, end, before) for end, before in befores]
            idle = [n for step in steps for n in unmatched(origin, _side(step), step.destination.policy)]
        else:
            steps = _chain(planner, source, origin, (middle, held), befores)
            through = Side(middle.place.traits, steps[0].plan.applied_to(held))
            idle = [n for step in steps[1:] for n in unmatched(through, _side(step), step.destination.policy)]
        return _carry_out(RunResult(steps, (*origin.snapshot.warnings, *dict.fromkeys(idle))), options)


class Move(NamedTuple):
    """A source with its own destination, and decisions that were made before.

    `compare_left` tells whether an entry of the destination is still what the run left that an undo takes back.
    """

    source: AnyPlace
    destination: Destination
    decided: tuple[Change, ...] = ()
    compare_left: Callable[[Entry], SecretState] = lambda _entry: SecretState.UNKNOWN

    def towards(self, before: Snapshot) -> Destination:
        """Return the destination with a policy that knows what has changed there since."""
        place, policy = self.destination
        if policy.undoing is None:
            return self.destination
        mine = {*policy.undoing.changed, *policy.undoing.created}
        states = {name: self.compare_left(entry) for name, entry in before.entries.items() if name in mine}
        return Destination(place, policy._replace(undoing=policy.undoing._replace(states=states)))


def sync_each(moves: Sequence[Move], options: SyncOptions) -> RunResult:
    """Make several moves that have nothing to do with each other, with one confirmation for all."""
    with ExitStack() as stack:
        for move in moves:
            stack.enter_context(move.destination.place)
            stack.enter_context(move.source)
        planner = _Planner(options)
        steps = []
        ends = [(move.destination, move.destination.place.read(Wanted())) for move in moves]
        for move, (_, before) in zip(moves, _hold(ends, Wanted(), options, stack), strict=True):
            step = planner.step(
                move.source, Side(move.source.traits, move.source.read(Wanted())), move.towards(before), before
            )
            mine = {change.name for change in move.decided}
            changes = (*(c for c in step.plan.changes if c.name not in mine), *move.decided)
            step.plan = step.plan._replace(changes=tuple(changes))
            step.prepared = move.destination.place.prepare(step.plan) if step.plan.changes_something else Prepared()
            steps.append(step)
        return _carry_out(RunResult(steps), options)


def diff(
    source: AnyPlace, ends: Sequence[AnyPlace], scope: Scope, compare_secret: Callable[[AnyPlace], CompareSecret]
) -> list[tuple[AnyPlace, list[Compared], Snapshot]]:
    """Compare a place with others; nothing is locked and nothing written."""
    with ExitStack() as stack:
        places = [source, *ends]
        for place in places:
            stack.enter_context(place)
        wanted = Wanted(scope.filters)
        first, *others = each(lambda place: place.read(wanted), places, at_once=_READS_AT_ONCE)
        side = Side(source.traits, first)
        # Only their own answers tell that two ends are one place.
        held = {place.address: (place, snapshot) for place, snapshot in zip(ends, others, strict=True)}
        return [
            (place, compare(side, Side(place.traits, snapshot), scope, compare_secret(place)), snapshot)
            for place, snapshot in held.values()
        ]


def _union(destinations: Sequence[Destination]) -> Wanted:
    """Return what any of the destinations wants; with several that differ, everything is read once."""
    filters = {destination.policy.filters for destination in destinations}
    return Wanted(filters.pop()) if len(filters) == 1 else Wanted()


def _takes_variables(end: Destination) -> bool:
    """Tell whether variables keep their ids there: their descriptions go along, or are named as lost."""
    return end.place.traits.names is Names.AIRFLOW and Kind.VARIABLE in end.place.traits.kinds


def _side(step: Step) -> Side:
    return Side(step.place.traits, step.before)


def _unite(ends: Sequence[Destination], reads: Sequence[Snapshot]) -> list[tuple[Destination, Snapshot]]:
    """Merge destinations that turn out to be one place; only their own answers tell that they are."""
    found: dict[str, tuple[Destination, Snapshot]] = {}
    for end, before in zip(ends, reads, strict=True):
        first, _ = found.setdefault(end.place.address, (end, before))
        if first.policy != end.policy:
            hint = "Run the targets one after another, or give them the same settings."
            raise UsageError(f"{end.place} was named twice, with different settings.", hint=hint)
    return list(found.values())


def _hold(
    ends: Sequence[tuple[Destination, Snapshot]], wanted: Wanted, options: SyncOptions, stack: ExitStack
) -> list[tuple[Destination, Snapshot]]:
    """Keep other runs of this machine away from the shared places, and read those again that had to be waited for."""
    shared = [end.place.address for end, _ in ends if end.place.traits.shared]
    waited = stack.enter_context(options.hold(shared))
    return [(end, end.place.read(wanted) if end.place.address in waited else before) for end, before in ends]


def _chain(
    planner: "_Planner",
    source: AnyPlace,
    origin: Side,
    middle: tuple[Destination, Snapshot],
    ends: Sequence[tuple[Destination, Snapshot]],
) -> list[Step]:
    """Plan two moves in a row, the second on the pure outcome of the first."""

    def plan_all(origin: Side) -> list[Step]:
        first = planner.step(source, origin, *middle)
        through = Side(middle[0].place.traits, first.plan.applied_to(middle[1]))
        return [first, *(planner.step(middle[0].place, through, end, before) for end, before in ends)]

    first, *later = plan_all(origin)
    # What the last place cannot hold goes nowhere, not into the middle either.
    written = {write.name.key for write in first.plan.writes}
    refused = {c.name.key: c.why for step in later for c in step.plan.refusals if c.name.key in written}
    held = origin.snapshot.entries
    if not refused.keys() & {name.key for name in held}:
        return [first, *later]
    entries = {
        name: entry._replace(value=None, problem=refused[name.key] or Refusal(Reason.REFUSED_ELSEWHERE))
        if name.key in refused
        else entry
        for name, entry in held.items()
    }
    return plan_all(origin._replace(snapshot=origin.snapshot._replace(entries=entries)))


@dataclass(slots=True, eq=False, repr=False)
class _Planner:
    """Plan steps, and ask about conflicts if the policy says so; each is asked about once."""

    options: SyncOptions
    answers: dict[str, Mapping[Name, OnConflict]] = field(default_factory=dict)

    def step(self, source: AnyPlace, side: Side, destination: Destination, before: Snapshot) -> Step:
        place = destination.place
        policy = destination.policy._replace(decided=self.answers.get(place.address, {}))
        known = self.options.compare_secret(place)
        held = Side(place.traits, before)
        plan = make_plan(side, held, policy, place.refusal, known)
        if plan.conflicts and policy.on_conflict is OnConflict.ASK:
            decided = {**policy.decided, **self.options.ask(plan.conflicts, place, source)}
            self.answers[place.address] = decided
            plan = make_plan(side, held, policy._replace(decided=decided), place.refusal, known)
        named = tuple(change._replace(remote_name=place.remote_name(change.name)) for change in plan.changes)
        plan = plan._replace(changes=named)
        prepared = place.prepare(plan) if plan.changes_something else Prepared()
        return Step(source, destination, before, _marked(plan, prepared), prepared)


def _marked(plan: Plan, prepared: Prepared) -> Plan:
    """Mark what goes another way than the rest."""
    ways = {Reason.IN_ENV_MANAGER: frozenset(prepared.in_env_manager), Reason.IN_ARGV: frozenset(prepared.in_argv)}
    changes = (
        each._replace(marks=(*each.marks, *(mark for mark, names in ways.items() if each.name in names)))
        for each in plan.changes
    )
    return plan._replace(changes=tuple(changes)) if any(ways.values()) else plan


def _carry_out(result: RunResult, options: SyncOptions) -> RunResult:
    """Refuse, or show, or confirm and apply; and read back."""
    steps = result.steps
    result.error = _refuse(steps, options)
    if result.error:
        result.exit_code = ExitCode.REFUSED
        for step in steps:
            # Nothing will be written, so nothing is to be said about how.
            step.prepared = Prepared()
        return result
    pending = [step for step in steps if step.plan.changes_something]
    if any(step.plan.refusals for step in steps):
        result.exit_code = ExitCode.PARTIAL
    if options.dry_run:
        if pending and options.exit_code and not result.exit_code:
            result.exit_code = ExitCode.FOUND
        return result
    if not pending:
        return result
    if not options.confirm(pending):
        result.error = DeclinedError()
        result.exit_code = ExitCode.FAILED
        return result
    result.confirmed = options.shows_plan
    _apply(result, pending, options)
    return result


def _refuse(steps: Sequence[Step], options: SyncOptions) -> AstroSyncError | None:
    undoes = any(step.destination.policy.undoing for step in steps)
    conflicts = dict.fromkeys(change.name.key for step in steps for change in step.plan.conflicts)
    if conflicts:
        hint = "Decide with --on-conflict keep or --on-conflict overwrite"
        hint += "." if undoes else ", or leave keys out with --exclude KEY."
        differ = "that may have changed since the run" if undoes else "on both sides, with different values"
        return RefusedError(f"{_count(conflicts)} {differ}. Nothing was changed.", hint=hint)
    refusals = dict.fromkeys(change.name.key for step in steps for change in step.plan.refusals)
    if refusals and not options.partial:
        way = None if undoes else "Leave them out with --exclude KEY, or send the rest with --partial."
        return RefusedError(f"{_count(refusals)} that can't be carried. Nothing was changed.", hint=way)
    return None


def _count(keys: Mapping[str, object]) -> str:
    return "There is 1 key" if len(keys) == 1 else f"There are {len(keys)} keys"


def _apply(result: RunResult, pending: Sequence[Step], options: SyncOptions) -> None:
    """Back up, write and read back; files first, then all shared places at the same time."""
    interruption: Interruption | None = None
    files = [step for step in pending if step.place.traits.atomic]
    shared = [step for step in pending if not step.place.traits.atomic]
    begun: list[Step] = []
    try:
        if options.backups:
            for step in pending:
                step.backup = step.place.keep_backup(options.backups, options.now)
        for step in files:
            begun.append(step)
            _write(step)
        begun += shared
        each(_write, shared, at_once=options.jobs)
    except AstroSyncError as error:
        result.error = error
        # A file that cannot be replaced is as it was, or somebody else's: its error says all.
        begun = [step for step in begun if step.written]
    except Interruption as error:
        interruption = error
        options.resume()
    try:
        pauses = _PAUSES[:1] if interruption else _PAUSES
        each(lambda step: _read_back(step, options, pauses), begun, at_once=options.jobs)
        options.defer()
    except Interruption as error:
        options.defer()
        interruption = error
    for step in begun:
        step.verification = step.verification or _verify(step, None)
    _conclude(result, interruption)


def _write(step: Step) -> None:
    try:
        step.written = step.place.apply(step.prepared)
    except AstroSyncError as error:
        if step.place.traits.atomic:
            raise
        step.written = Written(error)
    except Exception as bug:
        # What was written before it must be read back and told; then the bug is told as one.
        step.bug = bug
        broken = AstroSyncError(f"{step.place}: the writing broke off ({type(bug).__name__}).")
        step.written = Written(broken, may_arrive=not step.place.traits.atomic)
        if step.place.traits.atomic:
            raise broken from bug


def _ending(step: Step) -> Written:
    """Return how the writing ended; without an answer it was interrupted, and a file is the old or the new one."""
    unsure = Written(InterruptedRunError("The writing did not end."), may_arrive=not step.place.traits.atomic)
    return step.written or unsure


def _verify(step: Step, after: Snapshot | None) -> Verification:
    return verify(step.plan, step.before, after, _ending(step), step.place.traits)


def _read_back(step: Step, options: SyncOptions, pauses: Sequence[float]) -> None:
    """Read the place again; a write that may still arrive is looked at again within the time limit of a call."""
    wanted = Wanted(only=frozenset(write.name for write in step.plan.writes))
    left = options.timeout
    for pause in (*pauses, None):
        after = step.after = _read_again(step, wanted)
        step.verification = _verify(step, after)
        if (
            pause is None
            or not _ending(step).may_arrive
            or step.verification.outcome is Outcome.AS_PLANNED
            or pause > left
        ):
            break
        left -= pause
        options.pause(pause)
    if after is not None:
        options.record(step, after)


def _read_again(step: Step, wanted: Wanted) -> Snapshot | None:
    try:
        return step.place.read(wanted)
    except AstroSyncError:
        return None


def _conclude(result: RunResult, interruption: Interruption | None) -> None:
    """Turn the verifications into an error and an exit code (README, "Exit codes")."""
    amiss = [step for step in result.steps if step.outcome is not Outcome.AS_PLANNED]
    unsure = any(step.outcome is Outcome.NOT_AS_PLANNED for step in amiss)
    done = [step for step in result.steps if step.verification and step not in amiss]
    if amiss:
        failures = [step.written.failure for step in amiss if step.written and step.written.failure]
        result.error = result.error or next(iter(failures), None)
        if unsure or any(not step.place.traits.atomic for step in done):
            result.exit_code = ExitCode.UNPLANNED
            result.error = result.error or _unplanned(result.steps)
        else:
            result.error = result.error or AstroSyncError("Nothing was written.")
            refused = result.error.exit_code is ExitCode.REFUSED
            result.exit_code = ExitCode.REFUSED if refused else ExitCode.FAILED
    result.bug = next((step.bug for step in result.steps if step.bug), None)
    if result.bug and result.exit_code is not ExitCode.UNPLANNED:
        result.exit_code = ExitCode.BUG
    if interruption:
        names = ", ".join(str(step.place) for step in done)
        nothing = "some keys may have been written" if unsure else "nothing was written"
        result.error = InterruptedRunError(f"Interrupted; {f'written as planned: {names}' if names else nothing}.")
        result.exit_code = interruption.exit_code


def _unplanned(steps: Sequence[Step]) -> AstroSyncError:
    kept = " The backup holds what was there before." if any(step.backup for step in steps) else ""
    hint = f"Look at the keys that are not as planned, then run the same command again.{kept}"
    return AstroSyncError("Not every key was written as planned.", hint=hint)
