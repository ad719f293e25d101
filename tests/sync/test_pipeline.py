"""The story of a move, told with places that live in memory and insist on being used in the right order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.core.compare import CompareSecret, Scope, SecretState, know_nothing
from astro_sync.core.filters import Filters, Wanted
from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Name,
    Names,
    Notice,
    Plan,
    Reason,
    Refusal,
    Result,
    Secrets,
    Snapshot,
    Traits,
    Value,
    WarningCode,
    Write,
    Written,
    name_of,
)
from astro_sync.core.plan import OnConflict, Policy
from astro_sync.core.verify import Outcome
from astro_sync.errors import AstroSyncError, ExitCode, Interruption, RefusedError, UnusableError, UsageError
from astro_sync.places.base import AnyPlace, Prepared
from astro_sync.sync.pipeline import Destination, Move, RunResult, Step, SyncOptions, diff, sync, sync_each

FOLDER = Path("/backups")
NOW = datetime(2026, 8, 1, tzinfo=UTC)
DEPLOYMENT = Traits(Names.ENVIRONMENT, secrets=Secrets.HIDDEN, shared=True)
FILE = Traits(Names.ENVIRONMENT, atomic=True)


@dataclass(slots=True, eq=False)
class MemoryPlace:
    """Texts by key, some of them secret; `log` is shared by all places of a test and tells what happened when.

    `cannot` holds keys that it refuses. `writing` acts a fault out: it gets the place and what was prepared in place of
    the usual writing. `reads` is how many readings succeed, None all.
    """

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    traits: Traits = FILE
    cannot: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    writing: "Callable[[MemoryPlace, Prepared], Written] | None" = None
    reads: int | None = None
    no_backup: bool = False
    shown: str = ""
    noticed: tuple[Notice, ...] = ()
    kind: str = "memory"
    workspace: str = ""
    _open: bool = False
    _was_read: bool = False

    def __str__(self) -> str:
        return self.shown or self.name

    @property
    def address(self) -> str:
        return self.shown or self.name

    @property
    def label(self) -> str:
        return self.name

    def __enter__(self) -> Self:
        assert not self._open, "entered once"
        self._open = True
        self.log.append(f"open {self.name}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self.log.append(f"close {self.name}")

    def read(self, wanted: Wanted) -> Snapshot:
        assert self._open, "read between entering and leaving"
        self.log.append(f"read {self.name}")
        if self.reads is not None and self.log.count(f"read {self.name}") > self.reads:
            raise UnusableError(f"{self.name} cannot be read.")
        self._was_read = True
        names = map(name_of, self.texts)
        entries = {
            name: Entry(name, None if name.key in self.secrets else Value(text), name.key in self.secrets)
            for name, text in zip(names, self.texts.values(), strict=True)
        }
        lost = {name: Entry(name, None, problem=Refusal(Reason.UNREADABLE)) for name in map(name_of, self.unreadable)}
        return Snapshot({**entries, **lost}, warnings=self.noticed if wanted.only is None else ())

    def refusal(self, write: Write) -> Refusal | None:
        return Refusal(Reason.CANNOT_HOLD) if write.name.key in self.cannot else None

    def remote_name(self, name: Name) -> str | None:
        return f"{self.name}/{name.id}"

    def prepare(self, plan: Plan) -> Prepared:
        assert plan.changes_something, "nothing is prepared for nothing"
        return Prepared(writes=plan.writes, calls=1)

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        assert self._open
        assert self._was_read, "what was read is what is kept"
        assert now is NOW
        self.log.append(f"keep {self.name}")
        if self.no_backup:
            raise AstroSyncError("No room.")
        return folder / self.name

    def read_backup(self, backup: Path) -> Snapshot:
        raise AssertionError(f"nobody asked for {backup}")

    def apply(self, prepared: Prepared) -> Written:
        assert self._open
        assert self._was_read
        self.log.append(f"write {self.name}")
        return self.writing(self, prepared) if self.writing else write_all(self, prepared)


def write_all(place: MemoryPlace, prepared: Prepared) -> Written:
    for write in prepared.writes:
        write_one(place, write)
    return Written(trusted=frozenset(write.name for write in prepared.writes))


def write_one(place: MemoryPlace, write: Write) -> None:
    place.texts[write.name.key] = write.value.reveal()
    if write.secret:
        place.secrets.add(write.name.key)


# Faults of writing.

FAILURE = UnusableError("It did not go well.")
Writing = Callable[[MemoryPlace, Prepared], Written]


def write_and_fail(place: MemoryPlace, prepared: Prepared) -> Written:
    write_all(place, prepared)
    return Written(FAILURE)


def write_nothing_and_fail(_place: MemoryPlace, _prepared: Prepared) -> Written:
    return Written(FAILURE)


def write_all_and_break(place: MemoryPlace, prepared: Prepared) -> Written:
    write_all(place, prepared)
    raise ValueError("planted")


def write_nothing(_place: MemoryPlace, _prepared: Prepared) -> Written:
    return Written()


def write_half(place: MemoryPlace, prepared: Prepared) -> Written:
    write_one(place, prepared.writes[0])
    return Written()


def write_half_and_fail(place: MemoryPlace, prepared: Prepared) -> Written:
    write_one(place, prepared.writes[0])
    return Written(FAILURE)


def refuse_to_write(_place: MemoryPlace, _prepared: Prepared) -> Written:
    raise FAILURE


def write_half_and_raise(place: MemoryPlace, prepared: Prepared) -> Written:
    write_one(place, prepared.writes[0])
    raise FAILURE


def write_and_be_interrupted(place: MemoryPlace, prepared: Prepared) -> Written:
    write_all(place, prepared)
    raise Interruption(ExitCode.INTERRUPTED)


def be_interrupted(_place: MemoryPlace, _prepared: Prepared) -> Written:
    raise Interruption(ExitCode.TERMINATED)


def time_out(_place: MemoryPlace, _prepared: Prepared) -> Written:
    return Written(FAILURE, may_arrive=True)


@dataclass
class Run:
    """What one test decides, and what it was asked and told."""

    policy: Policy = field(default_factory=Policy)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    answers: Mapping[str, OnConflict] = field(default_factory=dict)
    agrees: bool = True
    dry_run: bool = False
    partial: bool = False
    exit_code: bool = False
    timeout: float = 120
    backups: Path | None = FOLDER
    receipts: Mapping[str, SecretState] = field(default_factory=dict)
    waited: frozenset[str] = frozenset()
    pausing: Callable[[], None] = lambda: None
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    confirmed: list[tuple[str, ...]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    resumed: int = 0

    def options(self) -> SyncOptions:
        return SyncOptions(
            ask=self._ask,
            confirm=self._confirm,
            compare_secret=self._compare,
            record=lambda step, _after: self.recorded.append(str(step.place)),
            resume=self._resume,
            defer=lambda: None,
            hold=self._hold,
            pause=self._pause,
            backups=self.backups,
            now=NOW,
            timeout=self.timeout,
            dry_run=self.dry_run,
            partial=self.partial,
            exit_code=self.exit_code,
        )

    def destination(self, place: MemoryPlace) -> Destination:
        return Destination(place, self.policies.get(place.name, self.policy))

    def move(self, source: MemoryPlace, *ends: MemoryPlace, middle: MemoryPlace | None = None) -> RunResult:
        through = self.destination(middle) if middle else None
        return sync(source, [self.destination(end) for end in ends], self.options(), middle=through)

    def _ask(self, conflicts: Sequence[Change], destination: AnyPlace, _source: AnyPlace) -> Mapping[Name, OnConflict]:
        self.asked.append((str(destination), tuple(change.name.key for change in conflicts)))
        return {change.name: self.answers[change.name.key] for change in conflicts}

    def _confirm(self, steps: Sequence[Step]) -> bool:
        self.confirmed.append(tuple(str(step.place) for step in steps))
        return self.agrees

    def _compare(self, place: AnyPlace) -> CompareSecret:
        return lambda _entry, _value: self.receipts.get(str(place), SecretState.UNKNOWN)

    @contextmanager
    def _hold(self, addresses: Sequence[str]) -> Iterator[frozenset[str]]:
        self.held += addresses
        yield self.waited

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.pausing()

    def _resume(self) -> None:
        self.resumed += 1


OVERWRITE, KEEP, ASK = (
    Policy(on_conflict=decision) for decision in (OnConflict.OVERWRITE, OnConflict.KEEP, OnConflict.ASK)
)


def places(
    *found: tuple[str, Mapping[str, str]], deployments: Sequence[str] = ("one", "two", "to")
) -> tuple[MemoryPlace, ...]:
    log: list[str] = []
    return tuple(
        MemoryPlace(name, dict(texts), log=log, traits=DEPLOYMENT if name in deployments else FILE)
        for name, texts in found
    )


def written(log: Sequence[str]) -> list[str]:
    return [word.removeprefix("write ") for word in log if word.startswith("write ")]


def actions(step: Step) -> dict[str, Action]:
    return {change.name.key: change.action for change in step.changes}


def results(step: Step) -> dict[str, Result]:
    return {change.name.key: change.result for change in step.changes if change.write}


def reasons(step: Step) -> dict[str, Reason]:
    return {change.name.key: change.why.reason for change in step.changes if change.why}


# --- one move ---


def test_a_move_opens_reads_keeps_writes_reads_back_and_closes() -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {"B": "2", "C": "3"}))
    run = Run()
    result = run.move(source, destination)
    log = source.log
    assert destination.texts == {"A": "1", "B": "2", "C": "3"}
    assert source.texts == {"A": "1", "B": "2"}
    assert (result.exit_code, result.error) == (ExitCode.DONE, None)
    assert actions(result.steps[0]) == {
        "A": Action.CREATE,
        "B": Action.UNCHANGED,
        "C": Action.DESTINATION_ONLY,
    }
    assert result.steps[0].outcome is Outcome.AS_PLANNED
    assert result.steps[0].backup == FOLDER / "to"
    assert log[:2] == ["open to", "open from"], "the destination first: a lock counts from before any reading"
    assert sorted(log[2:4]) == ["read from", "read to"]
    assert log[4:] == ["keep to", "write to", "read to", "close from", "close to"]
    assert run.confirmed == [("to",)]
    assert run.held == ["to"], "other runs of this machine wait"
    assert run.recorded == ["to"]
    assert [change.remote_name for change in result.steps[0].changes] == ["to/A", "to/B", "to/C"]


def break_at_once(_place: MemoryPlace, _prepared: Prepared) -> Written:
    raise ValueError("planted")


@pytest.mark.parametrize(
    ("writing", "code", "result"),
    [(write_all_and_break, ExitCode.BUG, Result.DONE), (break_at_once, ExitCode.UNPLANNED, Result.UNKNOWN)],
)
def test_a_bug_while_writing_loses_neither_the_read_back_nor_the_report(
    writing: Writing, code: ExitCode, result: Result
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.writing = writing
    found = Run().move(source, destination)
    assert results(found.steps[0]) == {"A": result, "B": result}
    assert found.exit_code is code
    assert isinstance(found.bug, ValueError)
    assert "planted" not in str(found.error)


@pytest.mark.parametrize(("writing", "outcome"), [(write_all_and_break, "as-planned"), (break_at_once, "untouched")])
def test_a_bug_while_a_file_is_written_is_followed_by_a_look_at_it_and_by_no_other_write(
    writing: Writing, outcome: str
) -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = writing
    found = Run().move(source, one, middle=middle)
    assert written(source.log) == ["file"]
    assert [step.outcome for step in found.steps] == [outcome, Outcome.UNTOUCHED]
    assert found.exit_code is ExitCode.BUG
    assert isinstance(found.bug, ValueError)


def test_with_nothing_to_do_nobody_is_asked_and_nothing_is_kept_or_written() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {"A": "1", "B": "2"}))
    run = Run()
    result = run.move(source, destination)
    assert result.exit_code is ExitCode.DONE
    assert run.confirmed == []
    assert not {"keep to", "write to"} & set(source.log)
    assert source.log.count("read to") == 1


@pytest.mark.parametrize(
    ("writing", "code", "outcome", "error"),
    [
        (write_all, ExitCode.DONE, Outcome.AS_PLANNED, None),
        (write_and_fail, ExitCode.DONE, Outcome.AS_PLANNED, None),
        (write_nothing_and_fail, ExitCode.FAILED, Outcome.UNTOUCHED, "It did not go well."),
        (write_nothing, ExitCode.UNPLANNED, Outcome.NOT_AS_PLANNED, "Not every key was written"),
        (write_half, ExitCode.UNPLANNED, Outcome.NOT_AS_PLANNED, "Not every key was written"),
        (write_half_and_fail, ExitCode.UNPLANNED, Outcome.NOT_AS_PLANNED, "It did not go well."),
    ],
)
@pytest.mark.parametrize("name", ["to", "file"])
def test_what_a_later_read_shows_decides_and_not_how_the_writing_ended(
    name: str,
    writing: Writing,
    code: ExitCode,
    outcome: Outcome,
    error: str | None,
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), (name, {"C": "3"}))
    destination.writing = writing
    result = Run().move(source, destination)
    assert result.steps[0].outcome is outcome
    assert result.exit_code is code
    assert result.error is None if error is None else error in str(result.error)
    wrong = {key: Reason.NOT_WRITTEN for key in ("A", "B") if key not in destination.texts}
    assert reasons(result.steps[0]) == wrong, "every key that is not as planned is named, and no other"
    assert {key for key, result in results(result.steps[0]).items() if result is not Result.DONE} == wrong.keys()


@pytest.mark.parametrize(
    ("writing", "code", "outcome"),
    [
        (refuse_to_write, ExitCode.FAILED, Outcome.UNTOUCHED),
        (write_half_and_raise, ExitCode.UNPLANNED, Outcome.NOT_AS_PLANNED),
    ],
)
def test_a_deployment_that_raises_is_read_again_all_the_same(
    writing: Writing, code: ExitCode, outcome: Outcome
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.writing = writing
    result = Run().move(source, destination)
    assert result.steps[0].outcome is outcome
    assert (result.exit_code, result.error) == (code, FAILURE)
    assert source.log.count("read to") == 2


@pytest.mark.parametrize(
    ("error", "code"), [(FAILURE, ExitCode.FAILED), (RefusedError("The file says no."), ExitCode.REFUSED)]
)
def test_a_file_that_raises_is_as_it_was(error: AstroSyncError, code: ExitCode) -> None:
    def fail(_place: MemoryPlace, _prepared: Prepared) -> Written:
        raise error

    source, destination = places(("from", {"A": "1"}), ("file", {"C": "3"}))
    destination.writing = fail
    result = Run().move(source, destination)
    assert result.steps[0].outcome is Outcome.UNTOUCHED
    assert (result.exit_code, result.error) == (code, error)


def test_a_place_that_cannot_be_read_again_is_not_as_planned() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    destination.reads = 1
    run = Run()
    result = run.move(source, destination)
    assert destination.texts == {"A": "1"}
    assert result.exit_code is ExitCode.UNPLANNED
    assert results(result.steps[0]) == {"A": Result.UNKNOWN}
    assert run.recorded == [], "a receipt needs a read-back"


@pytest.mark.parametrize("broken", ["from", "to"])
def test_a_place_that_cannot_be_read_at_all_ends_the_run_and_all_is_closed(broken: str) -> None:
    found = places(("from", {"A": "1"}), ("to", {}))
    next(place for place in found if place.name == broken).reads = 0
    with pytest.raises(UnusableError):
        Run().move(*found)
    assert found[0].log[-2:] == ["close from", "close to"]
    assert written(found[0].log) == []


def test_who_says_no_changes_nothing() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    result = Run(agrees=False).move(source, destination)
    assert result.exit_code is ExitCode.FAILED
    assert result.error is not None
    assert result.error.code == "declined"
    assert not {"keep to", "write to"} & set(source.log)


def test_without_a_folder_for_backups_none_is_kept() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    result = Run(backups=None).move(source, destination)
    assert destination.texts == {"A": "1"}
    assert "keep to" not in source.log
    assert result.steps[0].backup is None


def test_a_backup_that_cannot_be_kept_stops_the_run_before_any_change() -> None:
    source, middle, end = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    end.no_backup = True
    result = Run().move(source, end, middle=middle)
    assert (middle.texts, end.texts) == ({}, {})
    assert written(source.log) == []
    assert result.exit_code is ExitCode.FAILED
    assert str(result.error) == "No room."


def test_what_the_middle_has_already_is_not_refused_there_because_the_end_refuses_it() -> None:
    source, middle, end = places(("from", {"A": "1", "B": "new"}), ("file", {"A": "1"}), ("one", {}))
    end.cannot = frozenset({"A", "B"})
    result = Run(partial=True).move(source, end, middle=middle)
    assert [{each.name.key: each.action for each in step.changes} for step in result.steps] == [
        {"A": Action.UNCHANGED, "B": Action.REFUSED},
        {"A": Action.REFUSED, "B": Action.REFUSED},
    ]


# --- what is refused, left out, or only shown ---

CONFLICT = ({"A": "new", "B": "1"}, {"A": "old"})


@pytest.mark.parametrize(
    ("run", "code", "after"),
    [
        (Run(), ExitCode.REFUSED, {"A": "old"}),
        (Run(partial=True), ExitCode.REFUSED, {"A": "old"}),
        (Run(policy=KEEP), ExitCode.DONE, {"A": "old", "B": "1"}),
        (Run(policy=OVERWRITE), ExitCode.DONE, {"A": "new", "B": "1"}),
        (Run(policy=ASK, answers={"A": OnConflict.KEEP}), ExitCode.DONE, {"A": "old", "B": "1"}),
        (Run(policy=ASK, answers={"A": OnConflict.OVERWRITE}), ExitCode.DONE, {"A": "new", "B": "1"}),
        (Run(policy=ASK, answers={"A": OnConflict.FAIL}), ExitCode.REFUSED, {"A": "old"}),
        (Run(policies={"to": OVERWRITE}), ExitCode.DONE, {"A": "new", "B": "1"}),
    ],
)
def test_a_conflict_is_decided_by_the_policy_of_the_destination(
    run: Run, code: ExitCode, after: Mapping[str, str]
) -> None:
    source, destination = places(("from", CONFLICT[0]), ("to", CONFLICT[1]))
    result = run.move(source, destination)
    assert result.exit_code is code
    assert destination.texts == after
    assert run.asked == ([("to", ("A",))] if run.policy is ASK else [])
    assert bool(run.confirmed) is (code is ExitCode.DONE), "nobody confirms what is refused"


@pytest.mark.parametrize(
    ("partial", "code", "after"),
    [(False, ExitCode.REFUSED, {}), (True, ExitCode.PARTIAL, {"B": "2"})],
)
def test_what_cannot_be_carried_stops_the_run_unless_the_rest_is_asked_for(
    partial: bool,  # noqa: FBT001 - a column of the table
    code: ExitCode,
    after: Mapping[str, str],
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.cannot = frozenset({"A"})
    result = Run(partial=partial).move(source, destination)
    assert result.exit_code is code
    assert destination.texts == after
    assert actions(result.steps[0])["A"] is Action.REFUSED
    assert (result.error is None) is partial


def test_a_source_that_could_not_be_read_whole_is_refused_by_key() -> None:
    source, destination = places(("from", {"B": "2"}), ("to", {}))
    source.unreadable = frozenset({"A"})
    result = Run().move(source, destination)
    assert result.exit_code is ExitCode.REFUSED
    assert destination.texts == {}
    assert [change.name.key for change in result.steps[0].plan.refusals] == ["A"]
    assert reasons(result.steps[0]) == {"A": Reason.UNREADABLE}


def test_with_partial_it_says_so_even_when_there_is_nothing_left_to_do() -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {"B": "2"}))
    destination.cannot = frozenset({"A"})
    assert Run(partial=True).move(source, destination).exit_code is ExitCode.PARTIAL


def test_not_as_planned_counts_before_partly_done() -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.cannot, destination.writing = frozenset({"A"}), write_nothing
    assert Run(partial=True).move(source, destination).exit_code is ExitCode.UNPLANNED


@pytest.mark.parametrize(
    ("run", "cannot", "there", "code"),
    [
        (Run(), "", {}, ExitCode.DONE),
        (Run(exit_code=True), "", {}, ExitCode.FOUND),
        (Run(exit_code=True), "", {"A": "1", "B": "2"}, ExitCode.DONE),
        (Run(exit_code=True), "A", {}, ExitCode.REFUSED),
        (Run(exit_code=True), "", {"A": "other"}, ExitCode.REFUSED),
        (Run(exit_code=True, partial=True), "A", {}, ExitCode.PARTIAL),
        (Run(partial=True), "A", {}, ExitCode.PARTIAL),
    ],
)
def test_a_dry_run_says_what_a_run_would_and_touches_nothing(
    run: Run, cannot: str, there: Mapping[str, str], code: ExitCode
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", there))
    destination.cannot = frozenset(cannot)
    run.dry_run = True
    result = run.move(source, destination)
    assert result.exit_code is code
    assert destination.texts == there
    assert run.confirmed == []
    assert set(source.log) == {"open to", "open from", "read to", "read from", "close to", "close from"}
    assert len(result.steps[0].changes) >= 2


def test_a_comparison_asks_no_destination_what_it_could_hold_and_writes_nothing() -> None:
    source, one, two = places(("from", {"A": "1", "B": "2"}), ("one", {"B": "2"}), ("two", {"A": "x", "C": "3"}))
    one.cannot = frozenset({"A"})
    found = diff(source, [one, two], Scope(filters=Filters()), lambda _place: know_nothing)
    assert [(place, {each.name.key: each.match.value for each in compared}) for place, compared, _ in found] == [
        (one, {"A": "only-source", "B": "same"}),
        (two, {"A": "different", "B": "only-source", "C": "only-destination"}),
    ]
    assert {word.split()[0] for word in source.log} == {"open", "read", "close"}


# --- two moves in a row ---


def test_the_second_move_carries_what_the_first_leaves() -> None:
    source, middle, end = places(("from", {"A": "1"}), ("file", {"B": "2"}), ("one", {"C": "3"}))
    run = Run()
    result = run.move(source, end, middle=middle)
    assert middle.texts == {"A": "1", "B": "2"}
    assert end.texts == {"A": "1", "B": "2", "C": "3"}
    assert result.exit_code is ExitCode.DONE
    assert run.confirmed == [("file", "one")], "one confirmation covers both"
    assert written(source.log) == ["file", "one"]
    kept = [place for place in source.log if place.startswith("keep")]
    assert source.log.index(kept[-1]) < source.log.index("write file"), "all is kept before anything changes"


def test_from_nowhere_only_the_middle_is_carried_and_it_is_not_changed() -> None:
    middle, end = places(("file", {"B": "2"}), ("one", {}))
    middle.noticed = (Notice(WarningCode.READERS_DIFFER, "B", "odd"),)
    result = Run().move(middle, end)
    assert end.texts == {"B": "2"}
    assert written(middle.log) == ["one"]
    assert [str(step.place) for step in result.steps] == ["one"]
    assert result.warnings == middle.noticed


def test_keep_in_the_middle_is_what_the_ends_get() -> None:
    source, middle, end = places(("from", {"A": "theirs"}), ("file", {"A": "mine"}), ("one", {}))
    Run(policy=KEEP).move(source, end, middle=middle)
    assert (middle.texts, end.texts) == ({"A": "mine"}, {"A": "mine"})


@pytest.mark.parametrize("refuser", ["file", "one", "two"])
def test_one_refusal_touches_nothing_anywhere(refuser: str) -> None:
    found = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    source, middle, *ends = found
    next(place for place in found if place.name == refuser).cannot = frozenset({"A"})
    run = Run()
    result = run.move(source, *ends, middle=middle)
    assert result.exit_code is ExitCode.REFUSED
    assert [place.texts for place in found[1:]] == [{}, {}, {}]
    assert not [word for word in source.log if word.startswith(("write", "keep"))]
    assert run.confirmed == []


@pytest.mark.parametrize("there", ["file", "one", "two"])
def test_one_conflict_touches_nothing_anywhere(there: str) -> None:
    found = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    next(place for place in found if place.name == there).texts["A"] = "other"
    source, middle, *ends = found
    result = Run().move(source, *ends, middle=middle)
    assert result.exit_code is ExitCode.REFUSED
    assert written(source.log) == []
    assert all("B" not in place.texts for place in (middle, *ends))


def test_what_an_end_cannot_hold_does_not_enter_the_middle_nor_another_end() -> None:
    source, middle, one, two = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    two.cannot = frozenset({"A"})
    result = Run(partial=True).move(source, one, two, middle=middle)
    assert [place.texts for place in (middle, one, two)] == [{"B": "2"}] * 3
    assert result.exit_code is ExitCode.PARTIAL
    assert [actions(step)["A"] for step in result.steps] == [Action.REFUSED] * 3


def test_what_only_the_middle_has_and_an_end_cannot_hold_reaches_the_other_end() -> None:
    source, middle, one, two = places(("from", {"B": "2"}), ("file", {"A": "1"}), ("one", {}), ("two", {}))
    two.cannot = frozenset({"A"})
    result = Run(partial=True).move(source, one, two, middle=middle)
    assert (one.texts, two.texts) == ({"A": "1", "B": "2"}, {"B": "2"})
    assert result.exit_code is ExitCode.PARTIAL


def test_a_question_is_asked_once_although_the_plan_is_made_twice() -> None:
    source, middle, one = places(("from", {"A": "1", "B": "2"}), ("file", {"B": "mine"}), ("one", {"B": "up"}))
    one.cannot = frozenset({"A"})
    run = Run(policy=ASK, partial=True, answers={"B": OnConflict.OVERWRITE})
    result = run.move(source, one, middle=middle)
    assert run.asked == [("file", ("B",)), ("one", ("B",))]
    assert (middle.texts, one.texts) == ({"B": "2"}, {"B": "2"})
    assert result.exit_code is ExitCode.PARTIAL


def test_each_place_is_asked_for_on_its_own_and_keeps_its_answer() -> None:
    source, middle, one, two = places(("from", {"A": "1"}), ("file", {}), ("one", {"A": "o"}), ("two", {"A": "t"}))
    run = Run(policies={"one": ASK, "two": KEEP}, answers={"A": OnConflict.OVERWRITE})
    run.move(source, one, two, middle=middle)
    assert run.asked == [("one", ("A",))]
    assert (one.texts, two.texts) == ({"A": "1"}, {"A": "t"})


def test_two_ends_that_are_the_same_deployment_are_one() -> None:
    middle, one, two = places(("file", {"A": "1"}), ("one", {}), ("two", {}))
    one.shown = two.shown = "Deployment prod (dep-1)"
    run = Run()
    result = run.move(middle, one, two)
    assert len(result.steps) == 1
    assert len(written(middle.log)) == 1
    assert run.confirmed == [("Deployment prod (dep-1)",)]
    assert {**one.texts, **two.texts} == {"A": "1"}


# --- some went well, some did not ---


@pytest.mark.parametrize(
    ("writing", "code"),
    [
        ({}, ExitCode.DONE),
        ({"two": write_nothing_and_fail}, ExitCode.UNPLANNED),
        ({"one": write_nothing_and_fail, "two": write_nothing_and_fail}, ExitCode.FAILED),
        ({"one": write_half, "two": write_nothing_and_fail}, ExitCode.UNPLANNED),
        ({"file": refuse_to_write}, ExitCode.FAILED),
        ({"two": write_half_and_raise}, ExitCode.UNPLANNED),
    ],
)
def test_failed_means_that_no_deployment_changed(writing: Mapping[str, Writing], code: ExitCode) -> None:
    found = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    for place in found:
        place.writing = writing.get(place.name)
    source, middle, *ends = found
    result = Run().move(source, *ends, middle=middle)
    assert result.exit_code is code
    assert (result.error is None) is (code is ExitCode.DONE)
    assert {str(step.place): step.outcome is Outcome.AS_PLANNED for step in result.steps} == {
        place.name: place.texts == {"A": "1", "B": "2"} for place in found[1:]
    }


def test_a_file_that_cannot_be_written_keeps_the_deployments_untouched() -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = refuse_to_write
    result = Run().move(source, one, middle=middle)
    assert written(source.log) == ["file"]
    assert [step.outcome for step in result.steps] == [Outcome.UNTOUCHED, Outcome.UNTOUCHED]
    assert source.log.count("read one") == 1, "what was never begun need not be read again"


def test_a_secret_that_was_there_is_unknown_when_its_call_failed() -> None:
    def fail(place: MemoryPlace, prepared: Prepared) -> Written:
        write_all(place, prepared)
        return Written(FAILURE)

    middle, one = places(("file", {"A": "1"}), ("one", {"A": "0"}))
    one.secrets, one.writing = {"A"}, fail
    result = Run(policy=Policy(rotate=("A",))).move(middle, one)
    assert result.exit_code is ExitCode.UNPLANNED
    assert results(result.steps[0]) == {"A": Result.UNKNOWN}


# --- interrupted ---


@pytest.mark.parametrize(
    ("writing", "code", "said", "after"),
    [
        (write_and_be_interrupted, ExitCode.INTERRUPTED, "Interrupted; written as planned: file, one.", {"A": "1"}),
        (be_interrupted, ExitCode.TERMINATED, "Interrupted; written as planned: file.", {}),
    ],
)
def test_a_signal_while_writing_is_followed_by_a_look_at_what_was_done(
    writing: Writing, code: ExitCode, said: str, after: Mapping[str, str]
) -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    one.writing = writing
    run = Run()
    result = run.move(source, one, middle=middle)
    assert one.texts == after
    assert result.exit_code is code
    assert str(result.error) == said
    assert run.resumed == 1
    assert len(run.pauses) == (0 if after else 1), "what may still arrive is looked for once more, and no longer"
    assert source.log.count("read one") == 2 + len(run.pauses)


def test_a_signal_before_anything_was_written_says_so() -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = be_interrupted
    result = Run().move(source, one, middle=middle)
    assert str(result.error) == "Interrupted; nothing was written."
    assert written(source.log) == ["file"]
    assert one.texts == {}


def test_a_signal_just_after_a_file_was_written_finds_it_as_planned() -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = write_and_be_interrupted
    result = Run().move(source, one, middle=middle)
    assert str(result.error) == "Interrupted; written as planned: file."
    assert [step.outcome for step in result.steps] == [Outcome.AS_PLANNED, Outcome.UNTOUCHED]


def test_a_signal_after_half_was_written_says_so() -> None:
    def half(place: MemoryPlace, prepared: Prepared) -> Written:
        write_one(place, prepared.writes[0])
        raise Interruption(ExitCode.HUNG_UP)

    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.writing = half
    result = Run().move(source, destination)
    assert result.exit_code is ExitCode.HUNG_UP
    assert "nothing was written" not in str(result.error)
    assert results(result.steps[0]) == {"A": Result.DONE, "B": Result.UNKNOWN}, "what was under way may still arrive"


def test_a_signal_while_reading_ends_the_run_at_once_and_all_is_closed() -> None:
    class Interrupted(MemoryPlace):
        def read(self, wanted: Wanted) -> Snapshot:
            del wanted
            raise Interruption(ExitCode.INTERRUPTED)

    source, destination = Interrupted("from"), MemoryPlace("to")
    source.log = destination.log
    with pytest.raises(Interruption):
        Run().move(source, destination)
    assert destination.log[-2:] == ["close from", "close to"]
    assert written(destination.log) == []


def test_a_signal_while_reading_back_leaves_what_was_written_named_as_unknown() -> None:
    class Disturbed(MemoryPlace):
        def read(self, wanted: Wanted) -> Snapshot:
            if self.texts:
                raise Interruption(ExitCode.TERMINATED)
            return super().read(wanted)

    source, destination = MemoryPlace("from", {"A": "1"}), Disturbed("to")
    result = Run().move(source, destination)
    assert destination.texts == {"A": "1"}
    assert result.exit_code is ExitCode.TERMINATED
    assert "nothing was written" not in str(result.error)
    assert results(result.steps[0]) == {"A": Result.UNKNOWN}


# --- what is reported ---


def test_a_step_tells_what_its_place_and_the_read_back_noticed() -> None:
    def write_and_meet_others(place: MemoryPlace, prepared: Prepared) -> Written:
        place.texts["THEIRS"] = "x"
        return write_all(place, prepared)

    source, destination = places(("from", {"A": "1", "B": "****"}), ("to", {}))
    destination.writing = write_and_meet_others
    destination.noticed = (Notice(WarningCode.LINE_STAYED, "A", "line 1 stayed"),)
    result = Run().move(source, destination)
    assert [(warning.code, warning.key) for warning in result.steps[0].warnings] == [
        (WarningCode.LINE_STAYED, "A"),
        (WarningCode.NOT_AS_PLANNED, "THEIRS"),
    ]
    assert reasons(result.steps[0]) == {"B": Reason.PLACEHOLDER}
    assert result.exit_code is ExitCode.DONE


def test_a_glob_that_matches_nothing_is_named_once_for_all_places() -> None:
    source, one, two = places(("from", {"A": "1"}), ("one", {}), ("two", {}))
    run = Run(policy=Policy(filters=Filters(include=("A", "NOTHING*"))))
    result = run.move(source, one, two)
    assert [(warning.code, warning.about) for warning in result.warnings] == [
        (WarningCode.UNMATCHED, "--include NOTHING*")
    ]


def test_no_text_form_of_a_result_shows_a_value() -> None:
    source, destination = places(("from", {"A": "pl4nted", "B": "pl4nted"}), ("to", {"A": "pl4nted too"}))
    destination.writing = write_half
    result = Run(policy=OVERWRITE).move(source, destination)
    step = result.steps[0]
    forms = [
        form(thing)
        for thing in (step.plan, step.prepared, step.before, step.verification, result.error)
        for form in (str, repr)
    ]
    assert [form for form in forms if "pl4nted" in form] == []
    assert len(step.plan.writes) == 2


# --- a write that may still arrive ---


def test_a_write_that_timed_out_and_arrives_is_done_at_a_later_look() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    destination.writing = time_out
    run = Run()

    def arrive() -> None:
        if len(run.pauses) == 2:
            destination.texts["A"] = "1"

    run.pausing = arrive
    result = run.move(source, destination)
    assert (result.exit_code, result.error) == (ExitCode.DONE, None)
    assert results(result.steps[0]) == {"A": Result.DONE}
    assert len(run.pauses) == 2, "no pause after it was seen"


@pytest.mark.parametrize(("timeout", "looks"), [(120, 5), (3, 3), (0.5, 1)])
def test_a_write_that_timed_out_and_never_arrives_stays_unknown_and_is_looked_for_within_the_time_limit(
    timeout: float, looks: int
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {"B": "old"}))
    destination.writing = time_out
    run = Run(policy=OVERWRITE, timeout=timeout)
    result = run.move(source, destination)
    assert (result.exit_code, result.error) == (ExitCode.UNPLANNED, FAILURE)
    assert results(result.steps[0]) == {"A": Result.UNKNOWN, "B": Result.UNKNOWN}
    assert source.log.count("read to") == 1 + looks
    assert sum(run.pauses) <= timeout


def test_a_write_that_failed_is_looked_at_once() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    destination.writing = write_nothing_and_fail
    run = Run()
    run.move(source, destination)
    assert run.pauses == []


# --- other runs, and the same place twice ---


def test_a_place_that_had_to_be_waited_for_is_read_again_before_the_plan_is_made() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))

    class Waiting(Run):
        @contextmanager
        def _hold(self, addresses: Sequence[str]) -> Iterator[frozenset[str]]:
            destination.texts["A"] = "1"
            yield frozenset(addresses)

    run = Waiting()
    result = run.move(source, destination)
    assert actions(result.steps[0]) == {"A": Action.UNCHANGED}
    assert written(source.log) == []


def test_only_shared_places_are_held() -> None:
    source, middle, one, two = places(("from", {"A": "1"}), ("file", {}), ("one", {}), ("two", {}))
    run = Run()
    run.move(source, one, two, middle=middle)
    assert run.held == ["one", "two"]


def test_one_place_named_twice_with_different_settings_is_a_usage_error() -> None:
    source, one, two = places(("from", {"A": "1"}), ("one", {}), ("two", {}))
    one.shown = two.shown = "Deployment prod (dep-1)"
    with pytest.raises(UsageError, match="named twice"):
        Run(policies={"two": KEEP}).move(source, one, two)
    assert written(source.log) == []


# --- secrets that cannot be read ---


@pytest.mark.parametrize(
    ("state", "policy", "code", "action", "reason"),
    [
        (SecretState.SAME, Policy(), ExitCode.DONE, Action.UNCHANGED, None),
        (SecretState.UNKNOWN, OVERWRITE, ExitCode.DONE, Action.SECRET_KEPT, Reason.SECRET_NOT_COMPARED),
        (SecretState.CHANGED_THERE, OVERWRITE, ExitCode.DONE, Action.SECRET_KEPT, Reason.SECRET_CHANGED_THERE),
        (SecretState.CHANGED_HERE, Policy(), ExitCode.REFUSED, Action.REFUSED, Reason.SECRET_CHANGED_HERE),
        (SecretState.CHANGED_HERE, KEEP, ExitCode.DONE, Action.KEEP, Reason.SECRET_CHANGED_HERE),
        (SecretState.CHANGED_HERE, OVERWRITE, ExitCode.DONE, Action.UPDATE, Reason.SECRET_CHANGED_HERE),
    ],
)
def test_what_a_receipt_tells_decides_about_a_secret(
    state: SecretState, policy: Policy, code: ExitCode, action: Action, reason: Reason | None
) -> None:
    source, destination = places(("from", {"S": "new"}), ("to", {"S": "old"}))
    destination.secrets = {"S"}
    result = Run(policy=policy, receipts={"to": state}).move(source, destination)
    assert result.exit_code is code
    assert actions(result.steps[0]) == {"S": action}
    assert reasons(result.steps[0]).get("S") is reason
    assert destination.texts["S"] == ("new" if action is Action.UPDATE else "old")


# --- several moves at once, as undo makes them ---


def test_moves_that_have_nothing_to_do_with_each_other_are_confirmed_together() -> None:
    here, one, there, two = places(("here", {"A": "1"}), ("one", {"A": "0"}), ("there", {"B": "1"}), ("two", {}))
    run = Run(policy=OVERWRITE)
    left = Change(name_of("A"), Action.SKIP, why=Refusal(Reason.NOT_UNDONE_NEW))
    moves = [Move(here, run.destination(one), (left,)), Move(there, run.destination(two))]
    result = sync_each(moves, run.options())
    assert result.exit_code is ExitCode.DONE
    assert run.confirmed == [("two",)]
    assert (one.texts, two.texts) == ({"A": "0"}, {"B": "1"}), "what was decided before is not decided again"
    assert reasons(result.steps[0]) == {"A": Reason.NOT_UNDONE_NEW}


@pytest.mark.parametrize("number", [0, 1])
def test_a_signal_between_two_files_is_followed_by_a_look_at_each_whose_writing_began(number: int) -> None:
    here, one, there, two = found = places(("here", {"A": "1"}), ("a.env", {}), ("there", {"B": "1"}), ("b.env", {}))
    found[2 * number + 1].writing = write_and_be_interrupted
    run = Run()
    result = sync_each([Move(here, run.destination(one)), Move(there, run.destination(two))], run.options())
    assert result.exit_code is ExitCode.INTERRUPTED
    names = ", ".join(("a.env", "b.env")[: number + 1])
    assert str(result.error) == f"Interrupted; written as planned: {names}."
    assert [step.outcome for step in result.steps][: number + 1] == [Outcome.AS_PLANNED] * (number + 1)
    assert written(here.log) == ["a.env", "b.env"][: number + 1]


# --- whatever there is ---

_texts = st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["", "1", "2", "****"]))
_policies = st.sampled_from([Policy(), KEEP, OVERWRITE])


def _chain(
    texts: Sequence[Mapping[str, str]], policy: Policy, *, dry_run: bool = False
) -> tuple[RunResult, tuple[MemoryPlace, ...]]:
    found = places(*zip(("from", "file", "one", "two"), texts, strict=True))
    source, middle, *ends = found
    return Run(policy=policy, dry_run=dry_run).move(source, *ends, middle=middle), found


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.tuples(_texts, _texts, _texts, _texts), _policies)
def test_nothing_of_a_destination_is_ever_lost_and_a_second_run_has_nothing_to_do(
    texts: tuple[dict[str, str], ...], policy: Policy
) -> None:
    result, found = _chain(texts, policy)
    for place, before in zip(found[1:], texts[1:], strict=True):
        assert place.texts.keys() >= before.keys()
        changed = {key for key in before if place.texts[key] != before[key]}
        assert not changed or policy is OVERWRITE or all(before[key] == "****" for key in changed)
    if result.exit_code is ExitCode.DONE:
        again, after = _chain([place.texts for place in found], policy)
        assert written(after[0].log) == []
        assert again.exit_code is ExitCode.DONE
    else:
        assert [place.texts for place in found] == list(texts), "refused: nothing is touched"


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.tuples(_texts, _texts, _texts, _texts), _policies)
def test_a_dry_run_decides_what_a_run_does(texts: tuple[dict[str, str], ...], policy: Policy) -> None:
    dry, untouched = _chain(texts, policy, dry_run=True)
    real, _ = _chain(texts, policy)
    assert [(step.plan, step.prepared) for step in dry.steps] == [(step.plan, step.prepared) for step in real.steps]
    assert dry.exit_code is real.exit_code
    assert [place.texts for place in untouched] == list(texts)
