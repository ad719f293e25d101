import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Kind,
    Name,
    Notice,
    Plan,
    Reason,
    Refusal,
    Snapshot,
    Value,
    WarningCode,
    Write,
    name_of,
)

SECRET = "hunter2-Zq9"
VALUE = Value(SECRET)
K = name_of("K")
ENTRY = Entry(K, VALUE, visible=VALUE)
OLD = Entry(K, Value(SECRET + "-old"))
WRITE = Write(K, VALUE, old=OLD)
CHANGE = Change(K, Action.UPDATE, write=WRITE, source=ENTRY, old=OLD)
SNAPSHOT = Snapshot({K: ENTRY})
HOLDERS: dict[str, object] = {
    "a value": VALUE,
    "an entry": ENTRY,
    "a write": WRITE,
    "a change": CHANGE,
    "a plan": Plan((CHANGE,)),
    "a snapshot": SNAPSHOT,
    "a list": [VALUE],
    "the keys of a dict": {VALUE: 1},
    "the fields of an entry": ENTRY._asdict(),
    "the fields of a change": CHANGE._asdict(),
    "a copied entry": copy.deepcopy(ENTRY),
}
FORMS: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "str": str,
    "f-string": lambda held: f"{held}",
    "f-string with repr": lambda held: f"{held!r}",
    "f-string with ascii": lambda held: f"{held!a}",
    "str.format": "{}".format,
    "percent s": lambda held: "%s" % (held,),  # noqa: UP031 - the form under test
    "percent r": lambda held: "%r" % (held,),  # noqa: UP031 - the form under test
    "pretty print": pprint.pformat,
    "json with a default": lambda held: json.dumps({"held": str(held)}, default=str),
}
texts = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_no_text_form_of_what_holds_a_value_shows_it(holder: str, form: str) -> None:
    shown = FORMS[form](HOLDERS[holder])
    assert "***" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("spec", ["s", ">40", "<3", "^20s", ".2", ".200", "10.1s", "r", "d", "x", "\x00"])
def test_no_format_spec_reaches_the_text(spec: str) -> None:
    assert format(VALUE, spec) == "Value(***)"
    assert ("{:" + spec + "}").format(VALUE) == "Value(***)"


@given(texts)
def test_the_mask_is_the_same_whatever_the_text(text: str) -> None:
    value = Value(text)
    assert {repr(value), str(value), f"{value}", f"{value!s:>5}", f"{value:5}"} == {"Value(***)"}
    assert value.reveal() == text


def test_logging_shows_only_the_mask(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test")
    with caplog.at_level(logging.DEBUG):
        logger.debug("%s %r %s", VALUE, VALUE, CHANGE)
        logger.error({"held": VALUE})
    assert SECRET not in caplog.text
    assert caplog.text.count("Value(***)") >= 5


def test_an_error_about_a_value_shows_only_the_mask() -> None:
    def fail(held: Value) -> int:
        return len(held)  # type: ignore[arg-type]

    with pytest.raises(TypeError) as caught:
        fail(VALUE)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in str(KeyError(VALUE))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("holder", ["a value", "an entry", "a write", "a change", "a plan", "a list"])
def test_what_holds_a_value_is_never_pickled(holder: str, protocol: int) -> None:
    with pytest.raises(TypeError, match="never serialised") as caught:
        pickle.dumps(HOLDERS[holder], protocol)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("held", [VALUE, [VALUE], {"k": VALUE}, CHANGE._asdict()])
def test_json_refuses_a_value(held: object) -> None:
    with pytest.raises(TypeError) as caught:
        json.dumps(held)
    assert SECRET not in str(caught.value)


def test_a_value_has_no_attribute_dictionary_that_a_debugger_would_print() -> None:
    assert not hasattr(VALUE, "__dict__")
    with pytest.raises(TypeError):
        vars(VALUE)
    with pytest.raises(AttributeError):
        VALUE.note = SECRET  # type: ignore[attr-defined]


def test_a_deep_copy_of_a_value_is_the_same_object() -> None:
    assert copy.deepcopy(VALUE) is VALUE
    assert copy.deepcopy([ENTRY]) == [ENTRY]


@given(texts, texts)
def test_values_are_equal_as_their_texts_are(one: str, other: str) -> None:
    assert (Value(one) == Value(other)) is (one == other)
    assert Value(one) == Value(one)
    assert hash(Value(one)) == hash(Value(one))
    assert len({Value(one), Value(other)}) == len({one, other})


@pytest.mark.parametrize("other", [SECRET, None, 1, b"hunter2-Zq9"])
def test_a_value_never_equals_what_is_none(other: object) -> None:
    assert other != VALUE
    assert hash(VALUE) != hash(SECRET)


@pytest.mark.parametrize(("text", "truth"), [("", False), (" ", True), ("0", True), ("\0", True)])
def test_only_an_empty_value_is_false(text: str, *, truth: bool) -> None:
    assert bool(Value(text)) is truth


@pytest.mark.parametrize(
    ("variable", "name", "key"),
    [
        ("AIRFLOW_CONN_PG", Name(Kind.CONNECTION, "PG"), "AIRFLOW_CONN_PG"),
        ("AIRFLOW_VAR_X.Y", Name(Kind.VARIABLE, "X.Y"), "AIRFLOW_VAR_X.Y"),
        # Airflow asks for the id in upper case only
        ("AIRFLOW_CONN_pg_main", Name(Kind.ENVIRONMENT, "AIRFLOW_CONN_pg_main"), "AIRFLOW_CONN_pg_main"),
        ("AIRFLOW_VAR_MiXed", Name(Kind.ENVIRONMENT, "AIRFLOW_VAR_MiXed"), "AIRFLOW_VAR_MiXed"),
        ("AIRFLOW_VAR_", Name(Kind.ENVIRONMENT, "AIRFLOW_VAR_"), "AIRFLOW_VAR_"),
        ("airflow_conn_x", Name(Kind.ENVIRONMENT, "airflow_conn_x"), "airflow_conn_x"),
        ("AIRFLOW__CORE__X", Name(Kind.ENVIRONMENT, "AIRFLOW__CORE__X"), "AIRFLOW__CORE__X"),
    ],
)
def test_the_name_of_an_environment_variable_keeps_its_spelling_and_tells_its_key(
    variable: str, name: Name, key: str
) -> None:
    assert name_of(variable) == name
    assert (name.variable, name.key) == (variable, key)


A, B, C = map(name_of, "ABC")
WHY = Refusal(Reason.LINE_BREAK)
CREATE = Change(A, Action.CREATE, write=Write(A, VALUE))
UPDATE = Change(B, Action.UPDATE, write=Write(B, VALUE, old=Entry(B, Value("1"))))
CONFLICT = Change(C, Action.REFUSED, why=Refusal(Reason.DIFFERS), write=Write(C, VALUE))
RECORDED = Change(K, Action.SECRET_KEPT, secret=True, marks=(Reason.RECORDED,))
REMOVED = Change(K, Action.UPDATE, marks=(Reason.REMOVED,))


def test_a_plan_sorts_its_changes_by_what_is_to_be_done() -> None:
    refused = Change(K, Action.REFUSED, why=WHY)
    others = [Change(K, action) for action in (Action.UNCHANGED, Action.KEEP, Action.DESTINATION_ONLY, Action.SKIP)]
    plan = Plan((*others, CREATE, UPDATE, CONFLICT, refused, RECORDED, REMOVED))
    assert plan.writes == (CREATE.write, UPDATE.write)
    assert plan.recorded == (K,)
    assert plan.conflicts == (CONFLICT,)
    assert plan.refusals == (refused,)
    assert plan.removed == {K}


@pytest.mark.parametrize(
    ("change", "something"),
    [
        (CREATE, True),
        (UPDATE, True),
        (RECORDED, True),
        (REMOVED, True),
        (CONFLICT, False),
        (Change(K, Action.SECRET_KEPT, secret=True), False),
        (Change(K, Action.UNCHANGED), False),
        (Change(K, Action.KEEP, why=Refusal(Reason.DIFFERS)), False),
        (Change(K, Action.DESTINATION_ONLY), False),
        (Change(K, Action.SKIP), False),
        (Change(K, Action.REFUSED, why=WHY), False),
    ],
)
def test_a_plan_changes_something_if_it_writes_records_or_removes(change: Change, *, something: bool) -> None:
    assert Plan((change,)).changes_something is something


@pytest.mark.parametrize(("old", "action"), [(None, Action.CREATE), (OLD, Action.UPDATE)])
def test_a_write_creates_what_was_not_there(old: Entry | None, action: Action) -> None:
    assert Write(K, VALUE, old=old).action is action


def test_an_empty_plan_changes_nothing_and_leaves_all_as_it_is() -> None:
    assert not Plan().changes_something
    assert Plan().applied_to(SNAPSHOT) == SNAPSHOT


def test_what_is_written_stands_there_afterwards_and_the_rest_stays() -> None:
    held, secret = Entry(B, Value("1")), Entry(name_of("S"), None, secret=True)
    conflict = Entry(C, Value("theirs"))
    before = Snapshot(
        {B: held, secret.name: secret, C: conflict},
        recorded=frozenset({A}),
        warnings=(Notice(WarningCode.READERS_DIFFER, "A", "twice"),),
        complete=False,
    )
    refused = name_of("R")
    plan = Plan(
        (
            Change(A, Action.CREATE, write=Write(A, Value("2"), secret=True, description="why")),
            UPDATE,
            Change(refused, Action.REFUSED, why=WHY),
            CONFLICT,
            Change(name_of("P"), Action.SKIP, source=Entry(name_of("P"), Value("6"))),
            RECORDED,
        )
    )
    after = plan.applied_to(before)
    assert after == Snapshot(
        {
            B: Entry(B, VALUE),
            secret.name: secret,
            C: conflict._replace(value=None, problem=CONFLICT.why),
            A: Entry(A, Value("2"), secret=True, description="why"),
            refused: Entry(refused, None, problem=WHY),
        },
        recorded=frozenset({A, K}),
        complete=False,
    )
    assert before.entries[B] is held, "the snapshot itself stays as it was"
