from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.core.model import Action, Change, Note, OnConflict, Plan, Snapshot, Value, Variable
from astro_sync.core.plan import Policy, make_plan
from astro_sync.core.verify import Judgement, Verdict, judge

SECRET = Variable("?", None, secret=True)
CREATE = Change("K", Action.CREATE, value=Value("new"))
UPDATE = Change("K", Action.UPDATE, value=Value("new"), old=Value("old"))
CREATE_SECRET = Change("K", Action.CREATE, secret=True, value=Value("new"))
ROTATE = Change("K", Action.UPDATE, secret=True, value=Value("new"))
KEEP = Change("K", Action.KEEP, value=Value("new"), old=Value("old"))
REFUSED = Change("K", Action.REFUSED, reason="no", value=Value("new"))


def holding(**texts: str | Variable) -> Snapshot:
    found = {
        key: Variable(key, Value(text)) if isinstance(text, str) else replace(text, key=key)
        for key, text in texts.items()
    }
    return Snapshot(found, keeps_secrets=True)


def look(change: Change, before: Snapshot, after: Snapshot | None, *, failed: bool, trusted: bool = True) -> Judgement:
    return judge(Plan((change,)), before, after, failed=failed, trusted_secrets=trusted)


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (CREATE, holding(), holding(K="new")),
        (CREATE, holding(OTHER="x", S=SECRET), holding(OTHER="x", S=SECRET, K="new")),
        (UPDATE, holding(K="old"), holding(K="new")),
        (CREATE_SECRET, holding(), holding(K=SECRET)),
        (ROTATE, holding(K=SECRET), holding(K=SECRET)),
        (KEEP, holding(K="old"), holding(K="old")),
        (REFUSED, holding(), holding()),
    ],
)
def test_what_stands_there_as_planned_is_well_whatever_the_call_said(
    change: Change, before: Snapshot, after: Snapshot, *, failed: bool
) -> None:
    judgement = look(change, before, after, failed=failed)
    assert judgement == Judgement(Verdict.PLANNED, (change,))


@pytest.mark.parametrize(
    ("change", "before"),
    [
        (CREATE, holding()),
        (CREATE, holding(OTHER="x", S=SECRET)),
        (UPDATE, holding(K="old")),
        (CREATE_SECRET, holding(OTHER="x")),
    ],
)
def test_a_failed_call_that_changed_nothing_left_the_place_untouched_and_each_key_is_named(
    change: Change, before: Snapshot
) -> None:
    judgement = look(change, before, before, failed=True)
    assert judgement.verdict is Verdict.UNTOUCHED
    assert [(found.key, found.reason) for found in judgement.changes] == [("K", "not as planned: not written")]


@pytest.mark.parametrize(("change", "before"), [(CREATE, holding()), (UPDATE, holding(K="old"))])
def test_a_call_that_ended_well_and_wrote_nothing_is_not_as_planned(change: Change, before: Snapshot) -> None:
    judgement = look(change, before, before, failed=False)
    assert judgement.verdict is Verdict.OTHER
    assert judgement.changes[0].reason == "not as planned: not written"


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize(
    ("change", "before", "after", "reason"),
    [
        (CREATE, holding(), holding(K="else"), "another value stands there"),
        (CREATE, holding(), holding(K=""), "another value stands there"),
        (CREATE, holding(), holding(K="new "), "another value stands there"),
        (UPDATE, holding(K="old"), holding(K="else"), "another value stands there"),
        (UPDATE, holding(K="old"), holding(), "gone from the destination"),
        (ROTATE, holding(K=SECRET), holding(), "gone from the destination"),
        (CREATE_SECRET, holding(), holding(K="new"), "written, but not as a secret"),
        (CREATE, holding(), holding(K=SECRET), "became a secret meanwhile"),
        (KEEP, holding(K="old"), holding(K="new"), "changed meanwhile by someone else"),
        (KEEP, holding(K="old"), holding(), "gone from the destination"),
    ],
)
def test_each_way_of_not_being_as_planned_has_its_reason(
    change: Change, before: Snapshot, after: Snapshot, reason: str, *, failed: bool
) -> None:
    judgement = look(change, before, after, failed=failed)
    assert judgement.verdict is Verdict.OTHER
    assert [found.reason for found in judgement.changes] == [f"not as planned: {reason}"]
    assert judgement.warnings == (), "its reason stands at the key already"


def test_a_secret_that_was_there_before_is_unknown_when_its_call_did_not_end_well() -> None:
    judgement = look(ROTATE, holding(K=SECRET), holding(K=SECRET), failed=True, trusted=False)
    assert judgement.verdict is Verdict.OTHER, "whether it changed cannot be seen, so nothing is claimed"
    assert "unknown" in str(judgement.changes[0].reason)


def test_a_secret_that_is_gone_is_called_gone_even_when_its_call_did_not_end_well() -> None:
    judgement = look(ROTATE, holding(K=SECRET), holding(), failed=True, trusted=False)
    assert judgement.changes[0].reason == "not as planned: gone from the destination"


def test_a_plain_value_is_believed_when_it_is_seen_even_if_the_call_that_wrote_secrets_failed() -> None:
    judgement = look(UPDATE, holding(K="old"), holding(K="new"), failed=True, trusted=False)
    assert judgement == Judgement(Verdict.PLANNED, (UPDATE,))


def test_one_secret_that_may_have_changed_is_enough_for_not_calling_the_place_untouched() -> None:
    plan = Plan((replace(CREATE, key="N"), replace(ROTATE, key="S")))
    before = holding(S=SECRET)
    judgement = judge(plan, before, before, failed=True, trusted_secrets=False)
    assert judgement.verdict is Verdict.OTHER
    assert [str(change.reason).split(":")[1].strip() for change in judgement.changes] == ["not written", "unknown"]


def test_a_secret_that_is_new_counts_as_written_when_it_is_there_even_if_its_call_failed() -> None:
    judgement = look(CREATE_SECRET, holding(), holding(K=SECRET), failed=True, trusted=False)
    assert judgement.verdict is Verdict.PLANNED


URI, JSON = "postgres://u@h:5432/x", '{"conn_type": "postgres", "login": "u", "host": "h", "port": 5432, "schema": "x"}'


@pytest.mark.parametrize(
    ("key", "found", "by_meaning", "verdict"),
    [
        ("AIRFLOW_CONN_X", JSON, True, Verdict.PLANNED),
        ("AIRFLOW_CONN_X", JSON, False, Verdict.OTHER),
        ("AIRFLOW_CONN_X", JSON.replace("5432", "5433"), True, Verdict.OTHER),
        ("AIRFLOW_VAR_X", JSON, True, Verdict.OTHER),
    ],
)
def test_another_spelling_of_a_connection_is_as_planned_only_where_the_place_keeps_it_as_fields(
    key: str, found: str, *, by_meaning: bool, verdict: Verdict
) -> None:
    change = Change(key, Action.CREATE, value=Value(URI))
    after = replace(holding(**{key: found}), by_meaning=by_meaning)
    assert look(change, holding(), after, failed=False).verdict is verdict


def test_half_of_a_plan_is_neither_untouched_nor_planned() -> None:
    plan = Plan((Change("A", Action.CREATE, value=Value("1")), Change("B", Action.CREATE, value=Value("2"))))
    judgement = judge(plan, holding(), holding(A="1"), failed=True)
    assert judgement.verdict is Verdict.OTHER
    assert [change.reason for change in judgement.changes] == [None, "not as planned: not written"]


def test_a_place_that_cannot_be_read_again_leaves_every_written_key_unknown() -> None:
    plan = Plan((CREATE, Change("O", Action.UNCHANGED)))
    judgement = judge(plan, holding(O="x"), None, failed=False)
    assert judgement.verdict is Verdict.OTHER
    assert "unknown" in str(judgement.changes[0].reason)
    assert judgement.changes[1].reason is None


def test_a_key_that_someone_else_added_is_named_and_is_no_fault_of_the_run() -> None:
    judgement = look(CREATE, holding(), holding(K="new", THEIRS="x"), failed=False)
    assert judgement.verdict is Verdict.PLANNED
    assert [(warn.code, warn.key) for warn in judgement.warnings] == [(Note.UNPLANNED, "THEIRS")]


@pytest.mark.parametrize("after", [holding(K="new"), holding(K="new", O="else"), holding(K="new", O=SECRET)])
def test_a_key_that_no_filter_wanted_and_that_changed_all_the_same_is_named(after: Snapshot) -> None:
    judgement = look(CREATE, holding(O="x"), after, failed=False)
    assert judgement.verdict is Verdict.OTHER
    assert judgement.changes == (CREATE,)
    assert [(warn.code, warn.key) for warn in judgement.warnings] == [(Note.UNPLANNED, "O")]


def test_a_reason_that_stood_at_a_key_gives_way_to_what_was_found() -> None:
    change = Change("K", Action.SKIP, reason="left out by a filter")
    judgement = look(change, holding(K="old"), holding(K="else"), failed=False)
    assert judgement.changes[0].reason == "not as planned: changed meanwhile by someone else"


texts = st.sampled_from(["", "x", "y"])
places = st.dictionaries(st.sampled_from("ABC"), st.one_of(texts, st.just(SECRET)), max_size=3).map(
    lambda found: holding(**found)
)
sources = st.dictionaries(st.sampled_from("ABC"), texts, max_size=3).map(lambda found: holding(**found))


def plan_of(source: Snapshot, before: Snapshot) -> Plan:
    return make_plan(source, before, Policy(OnConflict.OVERWRITE, rotate=("*",)), lambda _: None)


def unseen(place: Snapshot) -> Snapshot:
    """Return what a read shows of a place: no value of a secret."""
    return Snapshot(
        {key: Variable(key, None if held.secret else held.value, held.secret) for key, held in place.variables.items()},
        keeps_secrets=True,
    )


@given(sources, places, st.booleans())
def test_a_plan_that_was_carried_out_is_always_judged_as_planned(
    source: Snapshot,
    before: Snapshot,
    failed: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    plan = plan_of(source, before)
    after = unseen(plan.applied_to(before))
    assert judge(plan, before, after, failed=failed) == Judgement(Verdict.PLANNED, plan.changes)


@given(sources, places, places, st.booleans(), st.booleans())
def test_whatever_is_found_all_that_is_not_as_planned_is_named(
    source: Snapshot,
    before: Snapshot,
    after: Snapshot,
    failed: bool,  # noqa: FBT001 - drawn by hypothesis
    trusted: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    plan = plan_of(source, before)
    judgement = judge(plan, before, after, failed=failed, trusted_secrets=trusted)
    named = {change.key for change in judgement.changes if str(change.reason).startswith("not as planned")}
    named |= {str(warn.key) for warn in judgement.warnings}
    planned = unseen(plan.applied_to(before)).variables
    wrong = {key for key in {*planned, *after.variables} if planned.get(key) != after.variables.get(key)}
    assert wrong <= named
    if judgement.verdict is Verdict.PLANNED:
        assert all(after.variables[key] == planned[key] for key in planned)
    if judgement.verdict is Verdict.UNTOUCHED:
        assert failed
        assert after.variables == before.variables
