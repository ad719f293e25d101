import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.envfile.dialects import LOAD, CannotWriteError
from env_texts import SEARCH, texts, values


@pytest.mark.parametrize(
    ("text", "sent", "flagged"),
    [
        ("K=v\n", {"K": "v"}, False),
        ("K=v\r\n", {"K": "v"}, False),
        ("export K = v # note\n", {"export K ": "v # note"}, False),
        ("K=\"\"'' v ''\"\"\n", {"K": "v"}, False),
        ("K=''\"v\"''\n", {"K": '"v"'}, False),
        ("K=\x85\xa0v\u3000\n", {"K": "v"}, False),
        ("K=\x1cv\x1f\n", {"K": "\x1cv\x1f"}, False),
        ('K=""\n', {"K": ""}, False),
        ("#K=v\n\n", {}, False),
        (" #K=v\n", {" #K": "v"}, False),
        ("K=\n", {}, True),
        ("=v\n", {}, True),
        ("words\n", {}, True),
        ("K=1\nK=2\n", {"K": "1"}, True),
        ("K=\nK=2\n", {"K": "2"}, True),
        ("\r\r\n", {}, True),
        ("\ufeffK=v\n", {"\ufeffK": "v"}, False),
    ],
)
def test_lines_are_read_as_load_reads_them(text: str, sent: dict[str, str], *, flagged: bool) -> None:
    reading = LOAD.read(text, {})

    assert reading.values() == sent
    assert reading.flagged == flagged


@pytest.mark.parametrize(
    ("line", "dropped"),
    [
        ("K=" + "x" * 65_533, None),
        ("K=" + "x" * 65_533 + "\r", 2),
        ("K=" + "x" * 65_534, 2),
        ("K=" + "é" * 32_766 + "x", None),
        ("K=" + "é" * 32_767, 2),
        ("K=" + "\udcff" * 65_533, None),
        ("# " + "x" * 65_534, 2),
    ],
)
def test_a_line_over_65535_bytes_ends_the_reading(line: str, dropped: int | None) -> None:
    reading = LOAD.read(f"A=1\n{line}\nB=2\n", {})

    assert reading.dropped_from == dropped
    assert ("B" in reading.values()) == (dropped is None)
    assert not reading.flagged


def test_the_lines_that_load_complains_of_are_named() -> None:
    assert LOAD.read("A=1\nwords\n\n=x\nB=\n# c\n", {}).ignored == (2, 4, 5)


@SEARCH
@given(texts | st.text())
def test_every_assignment_lies_where_it_says(text: str) -> None:
    for made in LOAD.read(text, {}).assignments:
        assert text[made.start : made.value_start] == f"{made.key}="
        assert made.value is not None
        assert made.value in text[made.value_start : made.value_end]
        assert text[made.end : made.end + 2] in ("", "\r\n") or text[made.end] in "\r\n"
        assert made.line == made.last_line == text.count("\n", 0, made.start) + 1


@SEARCH
@given(values)
def test_what_is_written_is_what_is_read(value: str) -> None:
    try:
        line = f"K={LOAD.write(value)}\n"
    except CannotWriteError:
        # nothing else could have been written: a line break, a NUL, or white space that is always trimmed
        assert (
            "\n" in value
            or "\0" in value
            or LOAD.read(f"K=x{value}x\n", {}).values()["K"] != f"x{value}x"
            or (LOAD.read(f"K={value}\n", {}).values().get("K", "") != value)
        )
    else:
        assert LOAD.read(line, {}).values() == {"K": value}


@pytest.mark.parametrize("value", [" a", "a\t", "\xa0", "a\nb", "\0", "a\r", "\udc80"])
def test_what_load_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(CannotWriteError):
        LOAD.write(value)


@pytest.mark.parametrize("value", ["\x1ca", "'a'", '"a"', "\"'", "a # b", "$A", "\\n", "a\rb"])
def test_what_load_can_hold_is_written(value: str) -> None:
    assert LOAD.read(f"K={LOAD.write(value)}\n", {}).values() == {"K": value}


@pytest.mark.parametrize(
    ("key", "refused"),
    [("A B", False), ("export A", False), ("", True), ("#A", True), ("A=", True), ("A\n", True), ("\udcff", True)],
)
def test_keys_are_what_stands_before_the_first_equals_sign(key: str, *, refused: bool) -> None:
    assert (LOAD.refuses_key(key) is not None) == refused
