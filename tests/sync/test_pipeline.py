"""The story of a move, told with places that live in memory and insist on being used in the right order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from astro_sync.sync.step import Leg, Result, Terms
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.core.model import Action, Change, Note, OnConflict, Plan, Snapshot, Value, Variable, Warn, Written
from astro_sync.core.plan import Policy
from astro_sync.core.verify import Verdict
from astro_sync.errors import AstroSyncError, ExitCode, Interruption, RefusedError, UnusableError
from astro_sync.places.base import Endpoint, Source
from astro_sync.sync.pipeline import chain, copy

FOLDER = Path("/backups")
NOW = datetime(2026, 8, 1, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Place:
    """Hold texts by key, some of them secret; `log` is shared by all places of a test and tells what happened when.

    `cannot` holds keys that it refuses. `writing` acts a fault out: it gets the place and the plan in place of the
    usual writing. `reads` is how many readings succeed, None all.
    """

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    is_deployment: bool = False
    cannot: frozenset[str] = frozenset()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    writing: "Callable[[Place, Plan], Written] | None" = None
    reads: int | None = None
    no_backup: bool = False
    shown: str = ""
    noticed: tuple[Warn, ...] = ()
    warnings: list[Warn] = field(default_factory=list)
    _open: bool = False
    _was_read: bool = False

    def __str__(self) -> str:
        return self.shown or self.name

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

    def read(self) -> Snapshot:
        assert self._open, "read between entering and leaving"
        self.log.append(f"read {self.name}")
        if self.reads is not None and self.log.count(f"read {self.name}") > self.reads:
            raise UnusableError(f"{self.name} cannot be read.")
        self._was_read = True
        variables = {
            key: Variable(key, None if key in self.secrets else Value(text), key in self.secrets)
            for key, text in self.texts.items()
        }
        return Snapshot(variables, dict(self.unreadable), keeps_secrets=self.is_deployment, warnings=self.noticed)

    def refusal(self, variable: Variable) -> str | None:
        assert variable.value is not None
        return "it cannot hold that" if variable.key in self.cannot else None

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        assert self._open
        assert self._was_read, "what was read is what is kept"
        assert now is NOW
        self.log.append(f"keep {self.name}")
        if self.no_backup:
            raise AstroSyncError("No room.")
        return folder / self.name

    def apply(self, plan: Plan) -> Written:
        assert self._open
        assert self._was_read
        assert plan.changes_something, "nothing is written for nothing"
        self.log.append(f"write {self.name}")
        return self.writing(self, plan) if self.writing else write_all(self, plan)


def write_all(place: Place, plan: Plan) -> Written:
    for change in plan.writes:
        write_one(place, change)
    return Written()


def write_one(place: Place, change: Change) -> None:
    assert change.value is not None
    place.texts[change.key] = change.value.reveal()
    if change.secret:
        place.secrets.add(change.key)


# Faults of writing.

FAILURE = UnusableError("It did not go well.")


def write_and_fail(place: Place, plan: Plan) -> Written:
    write_all(place, plan)
    return Written(FAILURE)


def write_nothing_and_fail(_place: Place, _plan: Plan) -> Written:
    return Written(FAILURE)


def write_nothing(_place: Place, _plan: Plan) -> Written:
    return Written()


def write_half(place: Place, plan: Plan) -> Written:
    write_one(place, plan.writes[0])
    return Written()


def write_half_and_fail(place: Place, plan: Plan) -> Written:
    write_one(place, plan.writes[0])
    return Written(FAILURE)


def refuse_to_write(_place: Place, _plan: Plan) -> Written:
    raise FAILURE


def write_half_and_raise(place: Place, plan: Plan) -> Written:
    write_one(place, plan.writes[0])
    raise FAILURE


def write_and_be_interrupted(place: Place, plan: Plan) -> Written:
    write_all(place, plan)
    raise Interruption(ExitCode.INTERRUPTED)


def be_interrupted(_place: Place, _plan: Plan) -> Written:
    raise Interruption(ExitCode.TERMINATED)


@dataclass
class Run:
    """Hold what one test decides, and what it was asked and told."""

    policy: Policy = field(default_factory=Policy)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    answers: Mapping[str, OnConflict] = field(default_factory=dict)
    agrees: bool = True
    dry_run: bool = False
    partial: bool = False
    exit_code: bool = False
    compares_only: bool = False
    backups: Path | None = FOLDER
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    confirmed: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interruptions: int = 0

    def terms(self) -> Terms:
        return Terms(
            policy=lambda destination: self.policies.get(str(destination), self.policy),
            ask=self._ask,
            confirm=self._confirm,
            interrupted=self._interrupted,
            note=self.notes.append,
            backups=self.backups,
            now=NOW,
            dry_run=self.dry_run,
            partial=self.partial,
            exit_code=self.exit_code,
            compares_only=self.compares_only,
        )

    def _ask(self, conflicts: Sequence[Change], destination: Endpoint) -> Mapping[str, OnConflict]:
        self.asked.append((str(destination), tuple(change.key for change in conflicts)))
        return {change.key: self.answers[change.key] for change in conflicts}

    def _confirm(self, legs: Sequence[Leg]) -> bool:
        self.confirmed.append(tuple(str(leg.destination) for leg in legs))
        return self.agrees

    def _interrupted(self) -> None:
        self.interruptions += 1


OVERWRITE, KEEP, ASK = Policy(OnConflict.OVERWRITE), Policy(OnConflict.KEEP), Policy(OnConflict.ASK)


def places(
    *found: tuple[str, Mapping[str, str]], deployments: Sequence[str] = ("one", "two", "to")
) -> tuple[Place, ...]:
    log: list[str] = []
    return tuple(Place(name, dict(texts), log=log, is_deployment=name in deployments) for name, texts in found)


def written(log: Sequence[str]) -> list[str]:
    return [word.removeprefix("write ") for word in log if word.startswith("write ")]


def actions(leg: Leg) -> dict[str, Action]:
    return {change.key: change.action for change in leg.changes}


# --- one move ---


def test_a_move_opens_reads_keeps_writes_reads_back_and_closes() -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {"B": "2", "C": "3"}))
    run = Run()
    result = copy(source, destination, run.terms())
    log = source.log
    assert destination.texts == {"A": "1", "B": "2", "C": "3"}
    assert source.texts == {"A": "1", "B": "2"}
    assert (result.exit_code, result.error) == (ExitCode.DONE, None)
    assert actions(result.legs[0]) == {
        "A": Action.CREATE,
        "B": Action.UNCHANGED,
        "C": Action.DESTINATION_ONLY,
    }
    assert result.legs[0].verdict is Verdict.PLANNED
    assert result.legs[0].backup == FOLDER / "to"
    assert log[:2] == ["open to", "open from"], "the destination first: a lock counts from before any reading"
    assert sorted(log[2:4]) == ["read from", "read to"]
    assert log[4:] == ["keep to", "write to", "read to", "close from", "close to"]
    assert run.confirmed == [("to",)]
    assert run.notes == ["to: as planned."]


def test_with_nothing_to_do_nobody_is_asked_and_nothing_is_kept_or_written() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {"A": "1", "B": "2"}))
    run = Run()
    result = copy(source, destination, run.terms())
    assert result.exit_code is ExitCode.DONE
    assert run.confirmed == []
    assert not {"keep to", "write to"} & set(source.log)
    assert source.log.count("read to") == 1


@pytest.mark.parametrize(
    ("writing", "code", "verdict", "error"),
    [
        (write_all, ExitCode.DONE, Verdict.PLANNED, None),
        (write_and_fail, ExitCode.DONE, Verdict.PLANNED, None),
        (write_nothing_and_fail, ExitCode.FAILED, Verdict.UNTOUCHED, "It did not go well."),
        (write_nothing, ExitCode.UNPLANNED, Verdict.OTHER, "Not everything is as planned"),
        (write_half, ExitCode.UNPLANNED, Verdict.OTHER, "Not everything is as planned"),
        (write_half_and_fail, ExitCode.UNPLANNED, Verdict.OTHER, "It did not go well."),
    ],
)
@pytest.mark.parametrize("name", ["to", "file"])
def test_what_a_later_read_shows_decides_and_not_how_the_writing_ended(
    name: str,
    writing: Callable[[Place, Plan], Written],
    code: ExitCode,
    verdict: Verdict,
    error: str | None,
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), (name, {"C": "3"}))
    destination.writing = writing
    result = copy(source, destination, Run().terms())
    assert result.legs[0].verdict is verdict
    assert result.exit_code is code
    assert result.error is None if error is None else error in str(result.error)
    reasons = {change.key for change in result.legs[0].changes if change.reason}
    wrong = {key for key in ("A", "B") if key not in destination.texts}
    assert reasons == wrong, "every key that is not as planned is named, and no other"


@pytest.mark.parametrize(
    ("writing", "code", "verdict"),
    [
        (refuse_to_write, ExitCode.FAILED, Verdict.UNTOUCHED),
        (write_half_and_raise, ExitCode.UNPLANNED, Verdict.OTHER),
    ],
)
def test_a_deployment_that_raises_is_read_again_all_the_same(
    writing: Callable[[Place, Plan], Written], code: ExitCode, verdict: Verdict
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.writing = writing
    result = copy(source, destination, Run().terms())
    assert result.legs[0].verdict is verdict
    assert (result.exit_code, result.error) == (code, FAILURE)
    assert source.log.count("read to") == 2


@pytest.mark.parametrize(
    ("error", "code"), [(FAILURE, ExitCode.FAILED), (RefusedError("The file says no."), ExitCode.REFUSED)]
)
def test_a_file_that_raises_is_as_it_was(error: AstroSyncError, code: ExitCode) -> None:
    def fail(_place: Place, _plan: Plan) -> Written:
        raise error

    source, destination = places(("from", {"A": "1"}), ("file", {"C": "3"}))
    destination.writing = fail
    result = copy(source, destination, Run().terms())
    assert result.legs[0].verdict is Verdict.UNTOUCHED
    assert (result.exit_code, result.error) == (code, error)


def test_a_place_that_cannot_be_read_again_is_not_as_planned() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    destination.reads = 1
    result = copy(source, destination, Run().terms())
    assert destination.texts == {"A": "1"}
    assert result.exit_code is ExitCode.UNPLANNED
    assert result.legs[0].changes[0].reason == "not as planned: unknown: it could not be read again"


@pytest.mark.parametrize("broken", ["from", "to"])
def test_a_place_that_cannot_be_read_at_all_ends_the_run_and_all_is_closed(broken: str) -> None:
    found = places(("from", {"A": "1"}), ("to", {}))
    next(place for place in found if place.name == broken).reads = 0
    with pytest.raises(UnusableError):
        copy(found[0], found[1], Run().terms())
    assert found[0].log[-2:] == ["close from", "close to"]
    assert written(found[0].log) == []


def test_who_says_no_changes_nothing() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    result = copy(source, destination, Run(agrees=False).terms())
    assert result.exit_code is ExitCode.FAILED
    assert str(result.error) == "Nothing was changed."
    assert not {"keep to", "write to"} & set(source.log)


def test_without_a_folder_for_backups_none_is_kept() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    result = copy(source, destination, Run(backups=None).terms())
    assert destination.texts == {"A": "1"}
    assert "keep to" not in source.log
    assert result.legs[0].backup is None


def test_a_backup_that_cannot_be_kept_stops_the_run_before_any_change() -> None:
    source, middle, end = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    end.no_backup = True
    result = chain(source, middle, [end], Run().terms())
    assert (middle.texts, end.texts) == ({}, {})
    assert written(source.log) == []
    assert result.exit_code is ExitCode.FAILED
    assert str(result.error) == "No room."


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
    result = copy(source, destination, run.terms())
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
    result = copy(source, destination, Run(partial=partial).terms())
    assert result.exit_code is code
    assert destination.texts == after
    assert actions(result.legs[0])["A"] is Action.REFUSED
    assert (result.error is None) is partial


def test_a_source_that_could_not_be_read_whole_is_refused_by_key() -> None:
    source, destination = places(("from", {"B": "2"}), ("to", {}))
    source.unreadable = {"A": "it was lost"}
    result = copy(source, destination, Run().terms())
    assert result.exit_code is ExitCode.REFUSED
    assert destination.texts == {}
    assert [change.key for change in result.legs[0].plan.refusals] == ["A"]


def test_with_partial_it_says_so_even_when_there_is_nothing_left_to_do() -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {"B": "2"}))
    destination.cannot = frozenset({"A"})
    assert copy(source, destination, Run(partial=True).terms()).exit_code is ExitCode.PARTIAL


def test_not_as_planned_counts_before_partly_done() -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.cannot, destination.writing = frozenset({"A"}), write_nothing
    assert copy(source, destination, Run(partial=True).terms()).exit_code is ExitCode.UNPLANNED


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
        (Run(exit_code=True, compares_only=True, partial=True), "A", {}, ExitCode.FOUND),
    ],
)
def test_a_dry_run_says_what_a_run_would_and_touches_nothing(
    run: Run, cannot: str, there: Mapping[str, str], code: ExitCode
) -> None:
    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", there))
    destination.cannot = frozenset(cannot)
    run.dry_run = True
    result = copy(source, destination, run.terms())
    assert result.exit_code is code
    assert destination.texts == there
    assert run.confirmed == []
    assert set(source.log) == {"open to", "open from", "read to", "read from", "close to", "close from"}
    assert len(result.legs[0].changes) >= 2


def test_a_comparison_asks_no_destination_what_it_could_hold() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    destination.cannot = frozenset({"A"})
    result = copy(source, destination, Run(compares_only=True, dry_run=True).terms())
    assert actions(result.legs[0]) == {"A": Action.CREATE}


def test_a_comparison_is_not_partly_done_for_what_could_not_be_read() -> None:
    source, destination = places(("from", {"A": "1"}), ("to", {}))
    source.unreadable = {"B": "it was lost"}
    run = Run(compares_only=True, dry_run=True, partial=True, exit_code=True)
    assert copy(source, destination, run.terms()).exit_code is ExitCode.FOUND


# --- two moves in a row ---


def test_the_second_move_carries_what_the_first_leaves() -> None:
    source, middle, end = places(("from", {"A": "1"}), ("file", {"B": "2"}), ("one", {"C": "3"}))
    run = Run()
    result = chain(source, middle, [end], run.terms())
    assert middle.texts == {"A": "1", "B": "2"}
    assert end.texts == {"A": "1", "B": "2", "C": "3"}
    assert result.exit_code is ExitCode.DONE
    assert run.confirmed == [("file", "one")], "one confirmation covers both"
    assert written(source.log) == ["file", "one"]
    kept = [place for place in source.log if place.startswith("keep")]
    assert source.log.index(kept[-1]) < source.log.index("write file"), "all is kept before anything changes"


def test_from_nowhere_only_the_middle_is_carried_and_it_is_not_changed() -> None:
    middle, end = places(("file", {"B": "2"}), ("one", {}))
    middle.noticed = (Warn(Note.READERS_DIFFER, "B", "odd"),)
    result = chain(None, middle, [end], Run().terms())
    assert end.texts == {"B": "2"}
    assert written(middle.log) == ["one"]
    assert [str(leg.destination) for leg in result.legs] == ["one"]
    assert result.warnings == middle.noticed


def test_keep_in_the_middle_is_what_the_ends_get() -> None:
    source, middle, end = places(("from", {"A": "theirs"}), ("file", {"A": "mine"}), ("one", {}))
    chain(source, middle, [end], Run(policy=KEEP).terms())
    assert (middle.texts, end.texts) == ({"A": "mine"}, {"A": "mine"})


@pytest.mark.parametrize("refuser", ["file", "one", "two"])
def test_one_refusal_touches_nothing_anywhere(refuser: str) -> None:
    found = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    source, middle, *ends = found
    next(place for place in found if place.name == refuser).cannot = frozenset({"A"})
    run = Run()
    result = chain(source, middle, ends, run.terms())
    assert result.exit_code is ExitCode.REFUSED
    assert [place.texts for place in found[1:]] == [{}, {}, {}]
    assert not [word for word in source.log if word.startswith(("write", "keep"))]
    assert run.confirmed == []


@pytest.mark.parametrize("there", ["file", "one", "two"])
def test_one_conflict_touches_nothing_anywhere(there: str) -> None:
    found = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    next(place for place in found if place.name == there).texts["A"] = "other"
    source, middle, *ends = found
    result = chain(source, middle, ends, Run().terms())
    assert result.exit_code is ExitCode.REFUSED
    assert written(source.log) == []
    assert all("B" not in place.texts for place in (middle, *ends))


def test_what_an_end_cannot_hold_does_not_enter_the_middle_nor_another_end() -> None:
    source, middle, one, two = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    two.cannot = frozenset({"A"})
    result = chain(source, middle, [one, two], Run(partial=True).terms())
    assert [place.texts for place in (middle, one, two)] == [{"B": "2"}] * 3
    assert result.exit_code is ExitCode.PARTIAL
    assert [actions(leg)["A"] for leg in result.legs] == [Action.REFUSED] * 3


def test_what_only_the_middle_has_and_an_end_cannot_hold_reaches_the_other_end() -> None:
    source, middle, one, two = places(("from", {"B": "2"}), ("file", {"A": "1"}), ("one", {}), ("two", {}))
    two.cannot = frozenset({"A"})
    result = chain(source, middle, [one, two], Run(partial=True).terms())
    assert (one.texts, two.texts) == ({"A": "1", "B": "2"}, {"B": "2"})
    assert result.exit_code is ExitCode.PARTIAL


def test_a_question_is_asked_once_although_the_plan_is_made_twice() -> None:
    source, middle, one = places(("from", {"A": "1", "B": "2"}), ("file", {"B": "mine"}), ("one", {"B": "up"}))
    one.cannot = frozenset({"A"})
    run = Run(policy=ASK, partial=True, answers={"B": OnConflict.OVERWRITE})
    result = chain(source, middle, [one], run.terms())
    assert run.asked == [("file", ("B",)), ("one", ("B",))]
    assert (middle.texts, one.texts) == ({"B": "2"}, {"B": "2"})
    assert result.exit_code is ExitCode.PARTIAL


def test_each_place_is_asked_for_on_its_own_and_keeps_its_answer() -> None:
    source, middle, one, two = places(("from", {"A": "1"}), ("file", {}), ("one", {"A": "o"}), ("two", {"A": "t"}))
    run = Run(policies={"one": ASK, "two": KEEP}, answers={"A": OnConflict.OVERWRITE})
    chain(source, middle, [one, two], run.terms())
    assert run.asked == [("one", ("A",))]
    assert (one.texts, two.texts) == ({"A": "1"}, {"A": "t"})


def test_two_ends_that_are_the_same_deployment_are_one() -> None:
    middle, one, two = places(("file", {"A": "1"}), ("one", {}), ("two", {}))
    one.shown = two.shown = "Deployment prod (dep-1)"
    run = Run()
    result = chain(None, middle, [one, two], run.terms())
    assert len(result.legs) == 1
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
def test_failed_means_that_no_deployment_changed(
    writing: Mapping[str, Callable[[Place, Plan], Written]], code: ExitCode
) -> None:
    found = places(("from", {"A": "1", "B": "2"}), ("file", {}), ("one", {}), ("two", {}))
    for place in found:
        place.writing = writing.get(place.name)
    source, middle, *ends = found
    result = chain(source, middle, ends, Run().terms())
    assert result.exit_code is code
    assert (result.error is None) is (code is ExitCode.DONE)
    assert {str(leg.destination): leg.verdict is Verdict.PLANNED for leg in result.legs} == {
        place.name: place.texts == {"A": "1", "B": "2"} for place in found[1:]
    }


def test_a_file_that_cannot_be_written_keeps_the_deployments_untouched() -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = refuse_to_write
    result = chain(source, middle, [one], Run().terms())
    assert written(source.log) == ["file"]
    assert [leg.verdict for leg in result.legs] == [Verdict.UNTOUCHED, Verdict.UNTOUCHED]
    assert source.log.count("read one") == 1, "what was never begun need not be read again"


def test_a_secret_that_was_there_is_unknown_when_its_call_failed() -> None:
    def fail(place: Place, plan: Plan) -> Written:
        write_all(place, plan)
        return Written(FAILURE, trusted_secrets=False)

    middle, one = places(("file", {"A": "1"}), ("one", {"A": "0"}))
    one.secrets, one.writing = {"A"}, fail
    result = chain(None, middle, [one], Run(policy=Policy(rotate=("A",))).terms())
    assert result.exit_code is ExitCode.UNPLANNED
    assert "unknown" in (result.legs[0].changes[0].reason or "")


# --- interrupted ---


@pytest.mark.parametrize(
    ("writing", "code", "said", "after"),
    [
        (write_and_be_interrupted, ExitCode.INTERRUPTED, "Interrupted; written as planned: file, one.", {"A": "1"}),
        (be_interrupted, ExitCode.TERMINATED, "Interrupted; written as planned: file.", {}),
    ],
)
def test_a_signal_while_writing_is_followed_by_a_look_at_what_was_done(
    writing: Callable[[Place, Plan], Written], code: ExitCode, said: str, after: Mapping[str, str]
) -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    one.writing = writing
    run = Run()
    result = chain(source, middle, [one], run.terms())
    assert one.texts == after
    assert result.exit_code is code
    assert str(result.error) == said
    assert run.interruptions == 1
    assert source.log.count("read one") == 2


def test_a_signal_before_anything_was_written_says_so() -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = be_interrupted
    result = chain(source, middle, [one], Run().terms())
    assert str(result.error) == "Interrupted; nothing was written."
    assert written(source.log) == ["file"]
    assert one.texts == {}


def test_a_signal_just_after_a_file_was_written_finds_it_as_planned() -> None:
    source, middle, one = places(("from", {"A": "1"}), ("file", {}), ("one", {}))
    middle.writing = write_and_be_interrupted
    result = chain(source, middle, [one], Run().terms())
    assert str(result.error) == "Interrupted; written as planned: file."
    assert [leg.verdict for leg in result.legs] == [Verdict.PLANNED, Verdict.UNTOUCHED]


def test_a_signal_after_half_was_written_says_so() -> None:
    def half(place: Place, plan: Plan) -> Written:
        write_one(place, plan.writes[0])
        raise Interruption(ExitCode.HUNG_UP)

    source, destination = places(("from", {"A": "1", "B": "2"}), ("to", {}))
    destination.writing = half
    result = copy(source, destination, Run().terms())
    assert result.exit_code is ExitCode.HUNG_UP
    assert "not as planned" in str(result.error)
    assert {change.key for change in result.legs[0].changes if change.reason} == {"B"}


def test_a_signal_while_reading_ends_the_run_at_once_and_all_is_closed() -> None:
    class Interrupted(Place):
        def read(self) -> Snapshot:
            raise Interruption(ExitCode.INTERRUPTED)

    source, destination = Interrupted("from"), Place("to")
    source.log = destination.log
    with pytest.raises(Interruption):
        copy(source, destination, Run().terms())
    assert destination.log[-2:] == ["close from", "close to"]
    assert written(destination.log) == []


def test_a_signal_while_reading_back_leaves_what_was_written_named_as_unknown() -> None:
    class Disturbed(Place):
        def read(self) -> Snapshot:
            if self.texts:
                raise Interruption(ExitCode.TERMINATED)
            return super().read()

    source, destination = Place("from", {"A": "1"}), Disturbed("to")
    result = copy(source, destination, Run().terms())
    assert destination.texts == {"A": "1"}
    assert result.exit_code is ExitCode.TERMINATED
    assert "nothing was written" not in str(result.error)
    (change,) = result.legs[0].changes
    assert "unknown" in (change.reason or "")


# --- what is reported ---


def test_a_leg_tells_what_its_place_and_the_read_back_noticed() -> None:
    def write_and_meet_others(place: Place, plan: Plan) -> Written:
        place.texts["THEIRS"] = "x"
        place.warnings.append(Warn(Note.STAYED, "A", "line 1 stayed"))
        return write_all(place, plan)

    source, destination = places(("from", {"A": "1", "B": "****"}), ("to", {}))
    destination.writing = write_and_meet_others
    result = copy(source, destination, Run().terms())
    assert [(warn.code, warn.key) for warn in result.legs[0].warnings] == [
        (Note.PLACEHOLDER, "B"),
        (Note.STAYED, "A"),
        (Note.UNPLANNED, "THEIRS"),
    ]
    assert result.exit_code is ExitCode.DONE


def test_no_text_form_of_a_result_shows_a_value() -> None:
    source, destination = places(("from", {"A": "pl4nted", "B": "pl4nted"}), ("to", {"A": "pl4nted too"}))
    destination.writing = write_half
    result = copy(source, destination, Run(policy=OVERWRITE).terms())
    forms = [
        form(thing) for thing in (result.legs[0].plan, result.legs[0].judgement, result.error) for form in (str, repr)
    ]
    assert [form for form in forms if "pl4nted" in form] == []
    assert len(result.legs[0].plan.writes) == 2


# --- whatever there is ---

_texts = st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["", "1", "2", "****"]))
_policies = st.sampled_from([Policy(), KEEP, OVERWRITE])


def _chain(
    texts: Sequence[Mapping[str, str]], policy: Policy, *, dry_run: bool = False
) -> tuple[Result, tuple[Place, ...]]:
    found = places(*zip(("from", "file", "one", "two"), texts, strict=True))
    source, middle, *ends = found
    sources: Source = source
    return chain(sources, middle, ends, Run(policy=policy, dry_run=dry_run).terms()), found


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
    assert [leg.plan for leg in dry.legs] == [leg.plan for leg in real.legs]
    assert dry.exit_code is real.exit_code
    assert [place.texts for place in untouched] == list(texts)
