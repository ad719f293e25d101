"""What a later read shows decides, however the writing ended."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Name,
    Names,
    Plan,
    Reason,
    Refusal,
    Result,
    Secrets,
    Snapshot,
    Traits,
    Value,
    Write,
    Written,
    name_of,
)
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.core.verify import Outcome, Verification, verify
from astro_sync.errors import UnusableError

DEPLOYMENT = Traits(Names.ENVIRONMENT, secrets=Secrets.HIDDEN, shared=True)
MASKING = Traits(Names.ENVIRONMENT, secrets=Secrets.MARKS, shared=True)
FAILED = Written(UnusableError("It did not go well."))
LATE = Written(UnusableError("It took too long."), may_arrive=True)
K = name_of("K")
SECRET, OLD_SECRET = "?", Entry(K, None, secret=True)


def holding(**texts: str) -> Snapshot:
    """Return what a read shows; `SECRET` is a secret, whose value is hidden."""
    entries = {}
    for key, text in texts.items():
        name, hidden = name_of(key), text == SECRET
        entries[name] = Entry(name, None if hidden else Value(text), hidden)
    return Snapshot(entries)


def writing(old: Entry | None = None, *, secret: bool = False, name: Name = K) -> Change:
    write = Write(name, Value("new"), secret, old=old)
    return Change(name, write.action, secret, write=write, old=old)


CREATE, UPDATE = writing(), writing(Entry(K, Value("old")))
CREATE_SECRET, ROTATE = writing(secret=True), writing(OLD_SECRET, secret=True)
KEPT = Change(K, Action.KEEP, why=Refusal(Reason.DIFFERS), old=Entry(K, Value("old")))
REFUSED = Change(K, Action.REFUSED, why=Refusal(Reason.LINE_BREAK))


def test_a_place_that_masks_by_the_name_chooses_nothing_that_counts() -> None:
    masked = Entry(K, None, secret=True)
    change = writing(masked, secret=True)
    found = verify(Plan((change,)), Snapshot({K: masked}), holding(K="new"), Written(), MASKING)
    assert found.outcome is Outcome.AS_PLANNED


def look(
    change: Change, before: Snapshot, after: Snapshot | None, written: Written, traits: Traits = DEPLOYMENT
) -> Verification:
    return verify(Plan((change,)), before, after, written, traits)


def found(verification: Verification) -> list[tuple[Result, Reason | None]]:
    return [(change.result, change.why.reason if change.why else None) for change in verification.changes]


@pytest.mark.parametrize("written", [Written(), FAILED])
@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (CREATE, holding(), holding(K="new")),
        (CREATE, holding(OTHER="x", S=SECRET), holding(OTHER="x", S=SECRET, K="new")),
        (UPDATE, holding(K="old"), holding(K="new")),
        (CREATE_SECRET, holding(), holding(K=SECRET)),
    ],
)
def test_what_stands_there_as_planned_is_done_whatever_the_call_said(
    change: Change, before: Snapshot, after: Snapshot, written: Written
) -> None:
    verification = look(change, before, after, written)
    assert verification == Verification(Outcome.AS_PLANNED, (change._replace(result=Result.DONE),))


@pytest.mark.parametrize(("change", "before"), [(KEPT, holding(K="old")), (REFUSED, holding())])
def test_what_was_not_to_be_written_is_as_planned_when_it_did_not_change(change: Change, before: Snapshot) -> None:
    assert look(change, before, before, Written()) == Verification(Outcome.AS_PLANNED, (change,))


def test_a_late_write_that_is_seen_is_done() -> None:
    assert look(UPDATE, holding(K="old"), holding(K="new"), LATE).outcome is Outcome.AS_PLANNED


@pytest.mark.parametrize(
    ("change", "before"),
    [
        (CREATE, holding()),
        (CREATE, holding(OTHER="x", S=SECRET)),
        (UPDATE, holding(K="old")),
        (CREATE_SECRET, holding(OTHER="x")),
    ],
)
@pytest.mark.parametrize(
    ("written", "outcome", "result"),
    [
        (FAILED, Outcome.UNTOUCHED, (Result.NOT_WRITTEN, Reason.NOT_WRITTEN)),
        (Written(), Outcome.NOT_AS_PLANNED, (Result.NOT_WRITTEN, Reason.NOT_WRITTEN)),
        (LATE, Outcome.NOT_AS_PLANNED, (Result.UNKNOWN, Reason.NOT_KNOWN)),
    ],
)
def test_a_call_that_changed_nothing_left_the_place_untouched_only_if_it_said_so_and_cannot_arrive(
    change: Change, before: Snapshot, written: Written, outcome: Outcome, result: tuple[Result, Reason]
) -> None:
    verification = look(change, before, before, written)
    assert verification.outcome is outcome
    assert found(verification) == [result]


@pytest.mark.parametrize("written", [Written(), FAILED])
@pytest.mark.parametrize(
    ("change", "before", "after", "expected"),
    [
        (CREATE, holding(), holding(K="else"), (Result.OTHER_VALUE, Reason.OTHER_VALUE)),
        (CREATE, holding(), holding(K=""), (Result.OTHER_VALUE, Reason.OTHER_VALUE)),
        (CREATE, holding(), holding(K="new "), (Result.OTHER_VALUE, Reason.OTHER_VALUE)),
        (UPDATE, holding(K="old"), holding(K="else"), (Result.OTHER_VALUE, Reason.OTHER_VALUE)),
        (UPDATE, holding(K="old"), holding(), (Result.NOT_WRITTEN, Reason.GONE)),
        (ROTATE, holding(K=SECRET), holding(), (Result.NOT_WRITTEN, Reason.GONE)),
        (CREATE_SECRET, holding(), holding(K="new"), (Result.OTHER_VALUE, Reason.OTHER_VALUE)),
        (CREATE, holding(), holding(K=SECRET), (Result.UNKNOWN, Reason.NOT_KNOWN)),
    ],
)
def test_each_way_of_not_being_as_planned_has_its_result_and_reason(
    change: Change, before: Snapshot, after: Snapshot, expected: tuple[Result, Reason], written: Written
) -> None:
    verification = look(change, before, after, written)
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert found(verification) == [expected]
    assert verification.warnings == (), "its reason stands at the key already"


def test_a_place_that_masks_what_it_likes_shows_a_plain_write_as_masked_and_that_is_done() -> None:
    assert look(CREATE, holding(), holding(K=SECRET), Written(), MASKING).outcome is Outcome.AS_PLANNED


def test_what_the_place_said_of_a_single_key_is_its_reason() -> None:
    said = Refusal(Reason.REFUSED_BY_PLACE, "quota")
    verification = look(CREATE, holding(), holding(), Written(failed={K: said}))
    assert verification.outcome is Outcome.UNTOUCHED
    assert verification.changes[0].why == said


@pytest.mark.parametrize(
    ("written", "result"),
    [
        (Written(trusted=frozenset({K})), Result.DONE),
        (Written(FAILED.failure, trusted=frozenset({K})), Result.DONE),
        (FAILED, Result.UNKNOWN),
        (LATE, Result.UNKNOWN),
        (Written(FAILED.failure, failed={K: Refusal(Reason.REFUSED_BY_PLACE)}), Result.NOT_WRITTEN),
    ],
)
def test_a_secret_that_was_there_before_is_known_only_by_how_its_own_call_ended(
    written: Written, result: Result
) -> None:
    verification = look(ROTATE, holding(K=SECRET), holding(K=SECRET), written)
    assert verification.changes[0].result is result
    assert (verification.outcome is Outcome.AS_PLANNED) is (result is Result.DONE)


def test_a_new_secret_that_somebody_else_created_is_not_called_ours() -> None:
    said = Refusal(Reason.CHANGED_MEANWHILE, "somebody else created it")
    verification = look(CREATE_SECRET, holding(), holding(K=SECRET), Written(failed={K: said}))
    assert (verification.changes[0].result, verification.changes[0].why) == (Result.NOT_WRITTEN, said)


def test_one_secret_that_may_have_changed_is_enough_for_not_calling_the_place_untouched() -> None:
    plan = Plan((writing(name=name_of("N")), ROTATE))
    before = holding(K=SECRET)
    verification = verify(plan, before, before, FAILED, DEPLOYMENT)
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert [change.result for change in verification.changes] == [Result.NOT_WRITTEN, Result.UNKNOWN]


URI, JSON = "postgres://u@h:5432/x", '{"conn_type": "postgres", "login": "u", "host": "h", "port": 5432, "schema": "x"}'


@pytest.mark.parametrize(
    ("key", "text", "as_fields", "outcome"),
    [
        ("AIRFLOW_CONN_X", JSON, True, Outcome.AS_PLANNED),
        ("AIRFLOW_CONN_X", JSON, False, Outcome.NOT_AS_PLANNED),
        ("AIRFLOW_CONN_X", JSON.replace("5432", "5433"), True, Outcome.NOT_AS_PLANNED),
        ("AIRFLOW_VAR_X", JSON, True, Outcome.NOT_AS_PLANNED),
    ],
)
def test_another_spelling_of_a_connection_is_as_planned_only_where_the_place_keeps_it_as_fields(
    key: str, text: str, *, as_fields: bool, outcome: Outcome
) -> None:
    name = name_of(key)
    change = Change(name, Action.CREATE, write=Write(name, Value(URI)))
    traits = DEPLOYMENT._replace(as_fields=as_fields)
    assert look(change, holding(), holding(**{key: text}), Written(), traits).outcome is outcome


def test_a_name_that_is_folded_by_the_place_is_found_again() -> None:
    folding = DEPLOYMENT._replace(fold=lambda name: name.id.lower().replace("_", "-"))
    change = Change(name_of("A_B"), Action.CREATE, write=Write(name_of("A_B"), Value("new")))
    assert look(change, holding(), holding(**{"a-b": "new"}), Written(), folding).outcome is Outcome.AS_PLANNED


def test_half_of_a_plan_is_neither_untouched_nor_planned() -> None:
    plan = Plan((writing(name=name_of("A")), writing(name=name_of("B"))))
    verification = verify(plan, holding(), holding(A="new"), FAILED, DEPLOYMENT)
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert found(verification) == [(Result.DONE, None), (Result.NOT_WRITTEN, Reason.NOT_WRITTEN)]


def test_a_place_that_cannot_be_read_again_leaves_every_written_key_unknown() -> None:
    unchanged = Change(name_of("O"), Action.UNCHANGED)
    verification = verify(Plan((CREATE, unchanged)), holding(O="x"), None, Written(), DEPLOYMENT)
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert found(verification) == [(Result.UNKNOWN, Reason.NOT_KNOWN), (Result.PLANNED, None)]


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (
            Change(K, Action.SECRET_KEPT, secret=True, marks=(Reason.RECORDED,)),
            holding(),
            Snapshot(recorded=frozenset({K})),
        ),
        (Change(K, Action.UPDATE, marks=(Reason.REMOVED,)), holding(K="x"), holding()),
    ],
)
def test_a_comment_and_a_removal_are_read_back_as_well(change: Change, before: Snapshot, after: Snapshot) -> None:
    assert look(change, before, after, Written()).outcome is Outcome.AS_PLANNED
    lost = look(change, before, before, Written())
    assert lost.outcome is Outcome.NOT_AS_PLANNED
    assert found(lost) == [(Result.NOT_WRITTEN, Reason.NOT_WRITTEN)]


# --- what others did meanwhile ---


def test_a_key_that_someone_else_added_is_named_and_is_no_fault_of_the_run() -> None:
    verification = look(CREATE, holding(), holding(K="new", THEIRS="x"), Written())
    assert verification.outcome is Outcome.AS_PLANNED
    assert [(notice.key, notice.about) for notice in verification.warnings] == [("THEIRS", "")]


@pytest.mark.parametrize(
    ("after", "about"),
    [
        (holding(K="new"), Reason.GONE),
        (holding(K="new", O="else"), Reason.CHANGED_MEANWHILE),
        (holding(K="new", O=SECRET), Reason.CHANGED_MEANWHILE),
    ],
)
def test_a_key_that_was_not_to_be_touched_and_changed_all_the_same_is_named(after: Snapshot, about: Reason) -> None:
    verification = look(CREATE, holding(O="x"), after, Written())
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert found(verification) == [(Result.DONE, None)]
    assert [(notice.key, notice.about) for notice in verification.warnings] == [("O", about)]


@pytest.mark.parametrize("after", [holding(K="else"), holding()])
def test_a_kept_key_that_changed_meanwhile_is_named(after: Snapshot) -> None:
    verification = look(KEPT, holding(K="old"), after, Written())
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert [notice.key for notice in verification.warnings] == ["K"]


def test_a_failed_write_beside_a_key_that_appeared_meanwhile_is_not_called_untouched() -> None:
    verification = look(CREATE, holding(), holding(THEIRS="x"), FAILED)
    assert verification.outcome is Outcome.NOT_AS_PLANNED
    assert [notice.key for notice in verification.warnings] == ["THEIRS"]


def test_a_read_back_of_some_names_says_nothing_of_the_others() -> None:
    after = holding(K="new")._replace(complete=False)
    assert look(CREATE, holding(O="x"), after, Written()).outcome is Outcome.AS_PLANNED


# --- whatever there is ---

texts = st.sampled_from(["", "x", "y"])
places = st.dictionaries(st.sampled_from("ABC"), st.one_of(texts, st.just(SECRET)), max_size=3).map(
    lambda entries: holding(**entries)
)
sources = st.dictionaries(st.sampled_from("ABC"), texts, max_size=3).map(lambda entries: holding(**entries))
endings = st.tuples(st.sampled_from([None, FAILED.failure]), st.booleans()).map(lambda ending: Written(*ending))


def plan_of(source: Snapshot, before: Snapshot) -> Plan:
    policy = Policy(on_conflict=OnConflict.OVERWRITE, rotate=("*",))
    return make_plan(Side(Traits(Names.ENVIRONMENT), source), Side(DEPLOYMENT, before), policy, lambda _: None)


def unseen(place: Snapshot) -> Snapshot:
    """Return what a read shows of a place: no value of a secret."""
    entries = {name: Entry(name, None if e.secret else e.value, e.secret) for name, e in place.entries.items()}
    return Snapshot(MappingProxyType(entries))


@given(sources, places)
def test_a_plan_that_was_carried_out_is_always_as_planned(source: Snapshot, before: Snapshot) -> None:
    plan = plan_of(source, before)
    written = Written(trusted=frozenset(write.name for write in plan.writes))
    verification = verify(plan, before, unseen(plan.applied_to(before)), written, DEPLOYMENT)
    assert verification.outcome is Outcome.AS_PLANNED
    assert {c.result for c in verification.changes if c.write} <= {Result.DONE}


@given(sources, places, places, endings)
def test_whatever_is_found_all_that_is_not_as_planned_is_named(
    source: Snapshot, before: Snapshot, after: Snapshot, written: Written
) -> None:
    plan = plan_of(source, before)
    verification = verify(plan, before, after, written, DEPLOYMENT)
    named = {change.name.key for change in verification.changes if change.result not in (Result.DONE, Result.PLANNED)}
    named |= {str(notice.key) for notice in verification.warnings}
    planned = unseen(plan.applied_to(before)).entries
    wrong = {name.key for name in {*planned, *after.entries} if planned.get(name) != after.entries.get(name)}
    assert wrong <= named
    if verification.outcome is Outcome.AS_PLANNED:
        assert all(after.entries[name] == planned[name] for name in planned)
    if verification.outcome is Outcome.UNTOUCHED:
        assert written.failure
        assert not written.may_arrive
        assert after.entries == before.entries
