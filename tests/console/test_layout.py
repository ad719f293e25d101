import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.console.layout import Cell, Line, Row, Tone, markdown_table, printable, table, wrap

KEYS = st.text("ABCDEFGH_", min_size=1, max_size=60)


def plain(_tone: Tone, text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("A\x1b[2J", r"A\x1b[2J"),
        ("a\r\nb", r"a\r\nb"),
        ("B\u202eC", r"B\u202eC"),
        ("D\x85E\x00", r"D\x85E\x00"),
        ("é\u2028\U0001f600", "é\\u2028\U0001f600"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_could_disturb_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_a_printable_text_is_one_line_without_control(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(char)[0] == "C" for char in shown)
    assert printable(shown) == shown


@given(st.lists(KEYS, min_size=1), st.integers(20, 120))
def test_wrapping_keeps_every_word_whole_and_lines_within_the_width(words: list[str], width: int) -> None:
    lines = wrap(" ".join(words), width, "  ")
    assert [word for line in lines for word in line.split()] == words
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


def test_without_a_width_nothing_is_wrapped() -> None:
    assert wrap("word " * 100, None) == ["word " * 100]


@given(
    st.lists(st.tuples(KEYS, st.sampled_from(["+ new", "! refused", "- skipped"]), st.text("ab ", max_size=80))),
    st.sampled_from([None, 60, 80, 120]),
)
def test_a_table_holds_each_key_whole_once_and_each_word_of_its_note(
    found: list[tuple[str, str, str]], width: int | None
) -> None:
    rows = [Row(key, (Cell(cell),), note.strip()) for key, cell, note in found]
    lines = table(["prod"], rows, width, plain)
    first_words = [line.split()[0] for line in lines[1:] if line and not line.startswith(" ")]
    assert first_words[: len(rows)] == [row.key for row in rows]
    shown = " ".join(lines).split()
    assert all(word in shown for row in rows for word in row.note.split())


def test_columns_line_up_whatever_is_painted() -> None:
    def paint(tone: Tone, text: str) -> str:
        return f"<{text}>" if tone is Tone.GOOD else text

    rows = [
        Row("A", (Cell("+ new", Tone.GOOD), Cell("")), "one"),
        Row("LONG_KEY", (Cell("= same"), Cell("+ new")), "two"),
    ]
    assert table([".env", "prod"], rows, None, paint) == [
        "KEY       .env    prod   NOTE",
        "A         <+ new>          one",
        "LONG_KEY  = same  + new  two",
    ]


def test_marks_lose_their_words_to_a_legend_where_notes_have_no_room() -> None:
    rows = [Row("K" * 30, (Cell("! refused"), Cell("- skipped")), "a note that needs its room")]
    lines = table(["a", "b"], rows, 66, plain)
    assert lines == [
        f"{'KEY'.ljust(30)}  a  b  NOTE",
        f"{'K' * 30}  !  -  a note that needs its room",
        "! refused, - skipped",
    ]


def test_a_note_goes_below_a_row_that_leaves_no_room() -> None:
    rows = [Row("K" * 50, (Cell("! refused"),), "a note that needs its room")]
    assert table(["prod"], rows, 60, plain)[1:] == [f"{'K' * 50}  ! refused", "    a note that needs its room"]


def test_a_cell_in_markdown_ends_no_column_and_begins_no_markup() -> None:
    assert markdown_table(["KEY"], [["a|b*c`<d\n"]]) == ["| KEY |", "| --- |", r"| a\|b\*c\`\<d\\n |"]


def test_a_line_is_a_text_with_a_head_and_a_tone() -> None:
    line = Line("problem  env: no file", head="problem", tone=Tone.PROBLEM)
    assert line == "problem  env: no file"
    assert (line.head, line.tone) == ("problem", Tone.PROBLEM)
