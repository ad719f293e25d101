"""What holds for every edit of every file."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from astro_sync.envfile.dedupe import dedupe
from astro_sync.envfile.dialects import COMPOSE, STANDALONE, CannotWriteError, Dialect
from astro_sync.envfile.document import Document, require_second_reading
from env_texts import ENVIRONMENT, KEYS, SEARCH, texts, values

both = pytest.mark.parametrize("runtime", [COMPOSE, STANDALONE], ids=lambda runtime: runtime.name)
assignments = st.dictionaries(st.sampled_from([*KEYS, "NEW"]), values, max_size=3)
removals = st.sets(st.sampled_from([*KEYS, ""]), max_size=2)


def parsed(text: str, runtime: Dialect) -> Document:
    document = Document(text.encode("utf-8", "surrogateescape"), runtime, ENVIRONMENT)
    assume(document.rejection is None)
    return document


@pytest.mark.long
@both
@SEARCH
@given(text=texts, assign=assignments, remove=removals)
def test_every_other_key_reads_as_before(runtime: Dialect, text: str, assign: dict[str, str], remove: set[str]) -> None:
    document = parsed(text, runtime)
    try:
        edit = document.edit(assign, remove=remove)
    except CannotWriteError:
        return
    before = document.values()
    after = Document(edit.data, runtime, ENVIRONMENT).values()
    gone = remove - assign.keys() - edit.kept

    assert after == {key: value for key, value in before.items() if key not in gone} | assign
    require_second_reading(edit)


@pytest.mark.long
@both
@SEARCH
@given(text=texts, assign=assignments)
def test_a_second_edit_finds_nothing_to_do(runtime: Dialect, text: str, assign: dict[str, str]) -> None:
    document = parsed(text, runtime)
    try:
        edit = document.edit(assign)
    except CannotWriteError:
        return
    again = Document(edit.data, runtime, ENVIRONMENT).edit(assign)

    assert (again.data, again.written) == (edit.data, ())


@pytest.mark.long
@both
@SEARCH
@given(text=texts, key=st.sampled_from(KEYS), value=values)
def test_no_byte_of_another_line_changes(runtime: Dialect, text: str, key: str, value: str) -> None:
    document = parsed(text, runtime)
    try:
        edit = document.edit({key: value})
    except CannotWriteError:
        return
    touched = {
        line
        for made in document.reading.assignments
        if made.key == key
        for line in range(made.line, made.last_line + 1)
    }
    new = iter(edit.data.split(b"\n"))
    old = document.data.split(b"\n")
    for number, line in enumerate(old[:-1], start=1):
        assert number in touched or line in new  # in order, since `in` uses the iterator up


@pytest.mark.long
@both
@SEARCH
@given(text=texts)
def test_dedupe_leaves_what_is_read_and_has_nothing_to_do_afterwards(runtime: Dialect, text: str) -> None:
    document = parsed(text, runtime)
    deduped = dedupe(document)
    after = Document(deduped.data, runtime, ENVIRONMENT)

    assert after.values() == document.values()
    assert dedupe(after).dropped == ()
    assert (deduped.data == document.data) == (not deduped.dropped)
