"""What each store promises, through its vendor's own SDK."""

import pytest

from astro_sync.places.backends.base import Fault, Held, StoreError, Trouble
from places.backends.counterparts import Counterpart, text_of
from services.server import drop, proxy_page

pytestmark = pytest.mark.stores
SECRET = "pl4nted-value"


def everything(_name: str) -> bool:
    return True


def test_a_scan_finds_what_begins_with_the_prefix_over_several_pages(counterpart: Counterpart) -> None:
    for number in range(25):
        counterpart.put(f"n{number}", f"value {number}")
    counterpart.put("other", "not wanted")
    found = counterpart.open().scan(counterpart.head, lambda name: not name.endswith("other"))
    assert {name: text_of(held) for name, held in found.items()} == {
        counterpart.name(f"n{number}"): f"value {number}" for number in range(25)
    }


def test_a_scan_does_not_read_what_is_not_wanted(counterpart: Counterpart) -> None:
    counterpart.put("one", "1")
    counterpart.put("two", "2")
    counterpart.service.calls.clear()
    assert counterpart.open().scan(counterpart.head, lambda _name: False) == {}
    assert [call for call in counterpart.service.calls if counterpart.reading.strip("$") in call.split("?")[0]] == (
        [] if counterpart.reading != "GetParameters$" else ["GET GetParametersByPath"]
    )


def test_an_empty_store_is_no_error(counterpart: Counterpart) -> None:
    assert counterpart.open().scan(counterpart.head, everything) == {}


def test_reading_by_name_leaves_out_what_is_not_there(counterpart: Counterpart) -> None:
    counterpart.put("here", "x")
    found = counterpart.open().read([counterpart.name("here"), counterpart.name("gone")])
    assert {name: text_of(held) for name, held in found.items()} == {counterpart.name("here"): "x"}


def test_reading_by_name_sees_what_a_listing_does_not_show_yet(counterpart: Counterpart) -> None:
    if not hasattr(counterpart, "aws") and not hasattr(counterpart.service, "unlisted"):
        pytest.skip("its listings do not lag")
    counterpart.put("late", "x")
    counterpart.hide("late")
    assert text_of(counterpart.open().read([counterpart.name("late")])[counterpart.name("late")]) == "x"


@pytest.mark.parametrize("text", ["plain", "with 'quotes' \"\\ $HOME é 北京 🎉", "two\nlines\r\n", '{"a": 1}', " "])
def test_what_was_created_is_read_to_the_letter(counterpart: Counterpart, text: str) -> None:
    store = counterpart.open()
    assert store.create(counterpart.name("new"), counterpart.content(text)) is None
    assert counterpart.get("new") == text
    assert text_of(store.read([counterpart.name("new")])[counterpart.name("new")]) == text


def test_creating_over_something_changes_nothing(counterpart: Counterpart) -> None:
    counterpart.put("there", "theirs")
    fault = counterpart.open().create(counterpart.name("there"), counterpart.content("ours"))
    assert fault == Fault(Trouble.CHANGED)
    assert counterpart.get("there") == "theirs"


def test_an_update_writes_over_what_was_read(counterpart: Counterpart) -> None:
    counterpart.put("key", "old")
    store = counterpart.open()
    held = store.scan(counterpart.head, everything)[counterpart.name("key")]
    assert isinstance(held, Held)
    assert store.update(counterpart.name("key"), counterpart.content("new"), held) is None
    assert counterpart.get("key") == "new"


def test_two_updates_in_a_row_need_a_reading_in_between(counterpart: Counterpart) -> None:
    counterpart.put("key", "old")
    store = counterpart.open()
    held = store.read([counterpart.name("key")])[counterpart.name("key")]
    assert isinstance(held, Held)
    assert store.update(counterpart.name("key"), counterpart.content("new"), held) is None
    assert store.update(counterpart.name("key"), counterpart.content("newer"), held) == Fault(Trouble.CHANGED)
    assert counterpart.get("key") == "new"


def test_what_somebody_else_changed_in_between_is_not_overwritten(counterpart: Counterpart) -> None:
    counterpart.put("key", "old")
    store = counterpart.open()
    held = store.read([counterpart.name("key")])[counterpart.name("key")]
    counterpart.put("key", "theirs")
    assert isinstance(held, Held)
    assert store.update(counterpart.name("key"), counterpart.content("ours"), held) == Fault(Trouble.CHANGED)
    assert counterpart.get("key") == "theirs"


def test_a_deleted_secret_is_told_and_recovered_with_its_new_value(counterpart: Counterpart) -> None:
    if not counterpart.can_delete:
        pytest.skip("a deletion is final there")
    counterpart.put("gone", "old")
    counterpart.delete("gone")
    store, name = counterpart.open(), counterpart.name("gone")
    found = store.scan(counterpart.head, everything)[name]
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.DELETED
    refused = store.create(name, counterpart.content("new"))
    assert isinstance(refused, Fault)
    assert refused.trouble in {Trouble.DELETED, Trouble.CHANGED}
    assert store.create(name, counterpart.content("new"), recover=True) is None
    assert counterpart.get("gone") == "new"


def test_a_throttled_call_is_tried_again(counterpart: Counterpart) -> None:
    counterpart.put("key", "x")
    for pattern in (counterpart.listing, counterpart.reading):
        counterpart.service.fail(pattern, counterpart.throttled, times=1)
    assert text_of(counterpart.open(60).scan(counterpart.head, everything)[counterpart.name("key")]) == "x"


def test_throttling_without_end_is_given_up_on(counterpart: Counterpart) -> None:
    counterpart.service.fail(counterpart.listing, counterpart.throttled)
    with pytest.raises(StoreError, match=r"throttling|in time"):
        counterpart.open(2).scan(counterpart.head, everything)


def test_a_listing_that_is_not_permitted_says_so(counterpart: Counterpart) -> None:
    counterpart.put("key", SECRET)
    counterpart.forbid(counterpart.list_right)
    with pytest.raises(StoreError) as caught:
        counterpart.open().scan(counterpart.head, everything)
    assert "permit" in f"{caught.value}{caught.value.hint}" or "may not be listed" in str(caught.value)


def test_reading_by_name_works_where_a_listing_is_not_permitted(counterpart: Counterpart) -> None:
    counterpart.put("key", "x")
    counterpart.forbid(counterpart.list_right)
    assert text_of(counterpart.open().read([counterpart.name("key")])[counterpart.name("key")]) == "x"


def test_a_value_that_may_not_be_read_is_named(counterpart: Counterpart) -> None:
    counterpart.put("key", SECRET)
    counterpart.forbid(counterpart.read_right)
    found = counterpart.open().read([counterpart.name("key")])[counterpart.name("key")]
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.FORBIDDEN


@pytest.mark.parametrize("answer", [proxy_page, drop])
def test_what_answers_in_the_place_of_the_service_ends_it(counterpart: Counterpart, answer: object) -> None:
    counterpart.service.fail(".", answer)  # type: ignore[arg-type]
    with pytest.raises(StoreError) as caught:
        counterpart.open(2).scan(counterpart.head, everything)
    assert caught.value.exit_code == 4
    assert "html" not in str(caught.value)


def test_a_write_that_a_proxy_answers_is_no_success(counterpart: Counterpart) -> None:
    counterpart.service.fail(counterpart.creating, proxy_page)
    with pytest.raises(StoreError):
        counterpart.open(2).create(counterpart.name("new"), counterpart.content(SECRET))


def test_a_write_without_an_answer_may_have_arrived(counterpart: Counterpart) -> None:
    from services.server import hang

    counterpart.service.fail(counterpart.creating, hang(3), times=1)
    fault = counterpart.open(1).create(counterpart.name("new"), counterpart.content(SECRET))
    assert isinstance(fault, Fault)
    assert fault.trouble is Trouble.UNSURE


def test_a_value_that_is_too_long_for_the_service_is_rejected_not_shown(counterpart: Counterpart) -> None:
    text = SECRET + "x" * counterpart.most_bytes
    fault = counterpart.open().create(counterpart.name("long"), counterpart.content(text))
    assert isinstance(fault, Fault)
    assert fault.trouble is Trouble.REJECTED
    assert SECRET not in repr(fault)


def test_the_longest_value_is_taken(counterpart: Counterpart) -> None:
    text = "x" * counterpart.most_bytes
    assert counterpart.open(60).create(counterpart.name("long"), counterpart.content(text)) is None
    assert counterpart.get("long") == text


def test_a_server_that_is_not_there_is_named(counterpart: Counterpart) -> None:
    counterpart.service.__exit__()
    counterpart.__exit__ = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(StoreError, match=r"reached|login|answer"):
        counterpart.open(2).scan(counterpart.head, everything)


def test_nothing_that_is_held_shows_its_value(counterpart: Counterpart) -> None:
    counterpart.put("key", SECRET)
    found = counterpart.open().read([counterpart.name("key")])
    assert SECRET not in repr(found)


def test_it_says_where_it_is_and_whose_login_it_uses(counterpart: Counterpart) -> None:
    counterpart.put("key", "x")
    store = counterpart.open()
    store.scan(counterpart.head, everything)
    assert any(word in store.where for word in ("123456789012", "project demo", "https://localhost", "mount secret"))
    assert store.identity
    assert "planted-aws-key" not in store.identity
