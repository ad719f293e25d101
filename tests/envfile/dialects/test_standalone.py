import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.envfile.dialects import STANDALONE, CannotWriteError
from env_texts import SEARCH, texts, values


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("K=v\n", {"K": "v"}),
        (" \xa0K=v \r\n", {"K": "v"}),
        ("export K=v\n", {"export K": "v"}),
        ("K = 'v'\n", {"K ": " 'v'"}),
        ("K='v'\n", {"K": "v"}),
        ("K='v\"\n", {"K": "'v\""}),
        ('K=""v""\n', {"K": '"v"'}),
        ("K='\n", {"K": "'"}),
        ('K="a\\n$A" # c\n', {"K": '"a\\n$A" # c'}),
        ("  # K=v\nwords\n\n", {}),
        ("=v\n", {"": "v"}),
        ("K=1\nK=2\n", {"K": "2"}),
        ("K=a\x1c\n", {"K": "a\x1c"}),
        ("\ufeffK=v\n", {"\ufeffK": "v"}),
        ("K=" + "x" * 100_000 + "\n", {"K": "x" * 100_000}),
    ],
)
def test_lines_are_read_as_the_astro_cli_reads_them(text: str, read: dict[str, str]) -> None:
    assert STANDALONE.read(text, {"K": "other"}).values() == read


def test_a_line_without_an_equals_sign_is_ignored() -> None:
    assert STANDALONE.read("A=1\nwords\n\n# c\nB: 2\n", {}).ignored == (2, 5)


@SEARCH
@given(texts | st.text())
def test_every_assignment_lies_where_it_says(text: str) -> None:
    for made in STANDALONE.read(text, {}).assignments:
        assert text[made.start : made.value_start] == f"{made.key}="
        assert text[made.value_start : made.end].strip("'\"") == (made.value or "").strip("'\"")
        assert made.line == made.last_line == text.count("\n", 0, made.start) + 1


@SEARCH
@given(values)
def test_what_is_written_is_what_is_read(value: str) -> None:
    if "\n" in value or "\0" in value:
        with pytest.raises(CannotWriteError):
            STANDALONE.write(value)
    else:
        assert STANDALONE.read(f"A=1\nK={STANDALONE.write(value)}\n", {}).values() == {"A": "1", "K": value}


@pytest.mark.parametrize("key", ["", " A", "#A", "A=B", "A\nB", "\x85A", "\udcff", "A\0"])
def test_a_key_that_no_line_could_begin_with_is_refused(key: str) -> None:
    assert STANDALONE.refuses_key(key)


@pytest.mark.parametrize("key", ["A", "export A", "A ", "A#", "\ufeffA", "A/B"])
def test_a_key_that_a_line_can_begin_with_is_not_refused(key: str) -> None:
    assert STANDALONE.refuses_key(key) is None
    assert STANDALONE.read(f"{key}=1\n", {}).values() == {key: "1"}
