import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.core.compare import SecretState
from astro_sync.core.model import Entry, Kind, Name, Value
from astro_sync.core.receipts import ReceiptKey

KEY, SALT = b"k" * 32, b"s" * 16
TEXTS = st.text(st.characters(codec="utf-8")) | st.text()
NAMES = st.builds(Name, st.sampled_from(Kind), TEXTS)


@given(NAMES, TEXTS, TEXTS)
def test_a_receipt_knows_its_own_value_and_no_other(name: Name, text: str, other: str) -> None:
    key = ReceiptKey(KEY, "deployment:clx1")
    receipt = key.make(name, Value(text), "1", SALT)
    assert key.compare(name, Value(text), "1", receipt) is SecretState.SAME
    expected = SecretState.SAME if other == text else SecretState.CHANGED_HERE
    assert key.compare(name, Value(other), "1", receipt) is expected
    assert key.compare(name, Value(text), "2", receipt) is SecretState.CHANGED_THERE


@given(NAMES, NAMES, TEXTS, TEXTS)
def test_no_two_places_names_salts_or_machines_share_a_digest(one: Name, two: Name, place: str, text: str) -> None:
    first = ReceiptKey(KEY, place)
    made = {
        first.make(one, Value(text), "", SALT).digest,
        first.make(one, Value(text), "", b"t" * 16).digest,
        ReceiptKey(KEY, f"{place}x").make(one, Value(text), "", SALT).digest,
        ReceiptKey(b"l" * 32, place).make(one, Value(text), "", SALT).digest,
        *([first.make(two, Value(text), "", SALT).digest] if two != one else []),
    }
    assert len(made) == (5 if two != one else 4)
    assert len({len(digest) for digest in made}) == 1


@given(TEXTS, TEXTS)
def test_a_name_and_a_value_cannot_be_shifted_into_each_other(left: str, right: str) -> None:
    key = ReceiptKey(KEY, "p")
    one = key.make(Name(Kind.VARIABLE, f"{left}a"), Value(right), "", SALT)
    two = key.make(Name(Kind.VARIABLE, left), Value(f"a{right}"), "", SALT)
    assert one.digest != two.digest


def test_without_a_receipt_or_a_time_nothing_is_known() -> None:
    key, name, value = ReceiptKey(KEY, "p"), Name(Kind.VARIABLE, "X"), Value("v")
    assert key.compare(name, value, "1", None) is SecretState.UNKNOWN
    assert key.compare(name, value, "", key.make(name, value, "1", SALT)) is SecretState.UNKNOWN
    assert key.compare(name, value, "1", key.make(name, value, "", SALT)) is SecretState.UNKNOWN


def test_no_text_form_shows_the_key_of_the_machine() -> None:
    assert "kkkk" not in repr(ReceiptKey(KEY, "p"))


# --- what a run left, for its undo ---


@pytest.mark.parametrize(
    ("value", "updated_at", "state"),
    [
        (Value("left"), "later", SecretState.SAME),
        (Value("edited"), "t", SecretState.CHANGED_THERE),
        (None, "t", SecretState.SAME),
        (None, "later", SecretState.CHANGED_THERE),
        (None, "", SecretState.UNKNOWN),
    ],
)
def test_a_value_tells_whether_it_is_still_what_a_run_left_and_a_hidden_one_when_it_changed(
    value: Value | None, updated_at: str, state: SecretState
) -> None:
    key, name = ReceiptKey(b"k" * 32, "deployment:x"), Name(Kind.VARIABLE, "x")
    receipt = key.make_of_left(name, Value("left"), "t", b"salt")
    assert key.compare_left(Entry(name, value, updated_at=updated_at), receipt) is state
