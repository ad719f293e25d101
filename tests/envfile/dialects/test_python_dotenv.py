from io import StringIO

import pytest
from dotenv import dotenv_values  # noqa: TID251 - the library itself is what it is held to
from hypothesis import example, given
from hypothesis import strategies as st

from astro_sync.envfile.dialects import PYTHON_DOTENV, CannotWriteError
from env_texts import SEARCH, texts, values


@SEARCH
@given(texts | st.text() | values)
@example("A='\\\r\n'\r\n")
@example("'a\r\nb'=1\r\n")
@example("K=1\nK\n")
@example("K= # c\nJ=#c\nI=a\t#c\n")
@example("export # c\nexport A\n=x\nB='x' y\n")
@example("K=\x1ca\x85 #\n")
def test_the_dialect_reads_what_the_library_reads(text: str) -> None:
    found = dotenv_values(stream=StringIO(text, newline=None), interpolate=False)
    assert PYTHON_DOTENV.read(text, {}).pairs() == found


@SEARCH
@given(texts | st.text() | values)
@example("\ufeffA=1\r\n\r\nB='x\r\ny'\rC=2\r\n")
def test_every_assignment_lies_where_it_says(text: str) -> None:
    position = 0
    for assignment in PYTHON_DOTENV.read(text, {}).assignments:
        assert position <= assignment.start < assignment.end <= len(text)
        assert assignment.line == text.count("\n", 0, assignment.start) + 1
        assert assignment.last_line == text.count("\n", 0, assignment.end) + 1
        assert not text[assignment.start].isspace()
        position = assignment.end


def test_an_assignment_knows_its_lines() -> None:
    text = "A=plain  # c\nB='q'\nC=\n export D = \"x\ny\" # c\nE=a#b\nF\n'G'='h'"
    found = PYTHON_DOTENV.read(text, {}).assignments
    assert [(each.line, each.last_line) for each in found] == [(1, 1), (2, 2), (3, 3), (4, 5), (6, 6), (7, 7), (8, 8)]
    assert [each.has_separator for each in found] == [True] * 5 + [False, True]


def test_a_line_that_cannot_be_parsed_is_named() -> None:
    assert PYTHON_DOTENV.read("A=1\nK: v w\n\n# c\nB='x' y\n", {}).ignored == (2, 5)
    assert PYTHON_DOTENV.read("A=1\nK='never closed\nB=2\n", {}).ignored == (2,)


def test_a_later_key_without_a_value_takes_the_earlier_one_away() -> None:
    reading = PYTHON_DOTENV.read("K=1\nK\n", {})

    assert reading.pairs() == {"K": None}
    assert reading.values() == {}


@SEARCH
@given(values.filter(lambda value: "\0" not in value))
def test_what_is_written_is_what_the_library_reads(value: str) -> None:
    text = f"A=1\nK={PYTHON_DOTENV.write(value)}\n"

    assert PYTHON_DOTENV.read(text, {}).pairs() == {"A": "1", "K": value}


@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        (r'"\\ \" \' \a\b\f\n\r\t\v \c \$"', "\\ \" ' \a\b\f\n\r\t\v \\c \\$"),
        (r"'\\ \' \n'", "\\ ' \\n"),
        ('"a\r\nb\rc"', "a\nb\nc"),
        ("a \\n'# b", "a \\n'# b"),
        ("a\t# b", "a"),
        ("# b", "# b"),
        (" # b", ""),
    ],
)
def test_values_are_read_as_the_library_reads_them(spelled: str, value: str) -> None:
    assert PYTHON_DOTENV.read(f"K={spelled}\n", {}).pairs() == {"K": value}


def test_what_is_written_stays_on_its_line() -> None:
    assert PYTHON_DOTENV.write('a\n"b"\r\\') == r'"a\n\"b\"\r\\"'


@pytest.mark.parametrize("value", ["\0", "a\udcff"])
def test_only_nul_and_bytes_that_are_no_text_are_refused(value: str) -> None:
    with pytest.raises(CannotWriteError):
        PYTHON_DOTENV.write(value)


@pytest.mark.parametrize(
    ("key", "refused"),
    [
        ("A", False),
        ("A/B", False),
        ("é", False),
        ("", True),
        ("A B", True),
        ("A#", True),
        ("'A", True),
        ("export A", True),
        ("\udcff", True),
    ],
)
def test_keys_that_the_library_could_not_have_are_refused(key: str, *, refused: bool) -> None:
    assert (PYTHON_DOTENV.refuses_key(key) is not None) == refused
