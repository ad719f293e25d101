import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.core.model import Action, Change, Note, Plan, Snapshot, Value, Variable, Warn

SECRET = "hunter2-Zq9"
VALUE = Value(SECRET)
CHANGE = Change("K", Action.UPDATE, value=VALUE, old=Value(SECRET + "-old"))
SNAPSHOT = Snapshot({"K": Variable("K", VALUE)})
HOLDERS: dict[str, object] = {
    "a value": VALUE,
    "a variable": Variable("K", VALUE),
    "a change": CHANGE,
    "a plan": Plan((CHANGE,)),
    "a snapshot": SNAPSHOT,
    "a list": [VALUE],
    "the keys of a dict": {VALUE: 1},
    "the fields of a variable": asdict(Variable("K", VALUE)),
    "the fields of a change": asdict(CHANGE),
    "a copied variable": copy.deepcopy(Variable("K", VALUE)),
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
    assert caplog.text.count("Value(***)") == 5


def test_an_error_about_a_value_shows_only_the_mask() -> None:
    def fail(held: Value) -> int:
        return len(held)  # type: ignore[arg-type]

    with pytest.raises(TypeError) as caught:
        fail(VALUE)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in str(KeyError(VALUE))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("holder", ["a value", "a variable", "a change", "a plan", "a list"])
def test_what_holds_a_value_is_never_pickled(holder: str, protocol: int) -> None:
    with pytest.raises(TypeError, match="never serialised") as caught:
        pickle.dumps(HOLDERS[holder], protocol)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("held", [VALUE, [VALUE], {"k": VALUE}, asdict(CHANGE)])
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
    assert copy.deepcopy([Variable("K", VALUE)]) == [Variable("K", VALUE)]


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


def test_a_plan_sorts_its_changes_by_what_is_to_be_done() -> None:
    changes = {action: Change(action.value, action) for action in Action}
    conflict = Change("conflict", Action.REFUSED, conflict=True)
    noted = Change("noted", Action.SECRET_KEPT, secret=True, noted=True)
    plan = Plan((*changes.values(), conflict, noted))
    assert plan.writes == (changes[Action.CREATE], changes[Action.UPDATE])
    assert plan.notes == ("noted",)
    assert plan.conflicts == (conflict,)
    assert plan.refusals == (changes[Action.REFUSED],)


@pytest.mark.parametrize(
    ("change", "something"),
    [
        (Change("K", Action.CREATE, value=VALUE), True),
        (Change("K", Action.UPDATE, value=VALUE), True),
        (Change("K", Action.SECRET_KEPT, secret=True, noted=True), True),
        (Change("K", Action.SECRET_KEPT, secret=True), False),
        (Change("K", Action.UNCHANGED), False),
        (Change("K", Action.KEEP, value=VALUE), False),
        (Change("K", Action.DESTINATION_ONLY), False),
        (Change("K", Action.SKIP), False),
        (Change("K", Action.REFUSED), False),
        (Change("K", Action.REFUSED, conflict=True), False),
    ],
)
def test_a_plan_changes_something_if_it_writes_a_value_or_a_comment(change: Change, *, something: bool) -> None:
    assert Plan((change,)).changes_something is something


def test_an_empty_plan_changes_nothing_and_leaves_all_as_it_is() -> None:
    assert not Plan().changes_something
    assert Plan().applied_to(SNAPSHOT) == SNAPSHOT


def test_what_is_written_stands_there_afterwards_and_the_rest_stays() -> None:
    before = Snapshot(
        {"A": Variable("A", Value("1")), "S": Variable("S", None, secret=True)},
        unreadable={"X": "why"},
        blank_means_lost=True,
        keeps_secrets=True,
        warnings=(Warn(Note.READERS_DIFFER, "A", "twice"),),
    )
    plan = Plan(
        (
            Change("B", Action.CREATE, secret=True, value=Value("2")),
            Change("A", Action.UPDATE, value=Value("3"), old=Value("1")),
            Change("R", Action.REFUSED, reason="too long", value=Value("4")),
            Change("C", Action.REFUSED, reason="differs", value=Value("5"), conflict=True),
            Change("P", Action.SKIP, value=Value("6")),
        )
    )
    after = plan.applied_to(before)
    assert after == replace(
        before,
        variables={
            "A": Variable("A", Value("3")),
            "S": Variable("S", None, secret=True),
            "B": Variable("B", Value("2"), secret=True),
        },
        withheld={"R": "too long", "C": "differs"},
        warnings=(),
    )
    assert before.variables["A"].value == Value("1"), "the snapshot itself stays as it was"
