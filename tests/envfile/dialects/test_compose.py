import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from astro_sync.envfile.dialects import COMPOSE, CannotWriteError
from env_texts import ENVIRONMENT, SEARCH, texts, values

BACKSLASH = "\\"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("K=v", {"K": "v"}),
        ("export K=v\n", {"K": "v"}),
        ("export\tK=v\n", {"K": "v"}),
        ("export\nK=v\n", {"K": "v"}),
        ("export=v\n", {"export": "v"}),
        ("K: v\n", {"K": "v"}),
        ("K =\t v \t\n", {"K": "v"}),
        ("K=\xa0v\x85\n", {"K": "v"}),
        ("K=\u2003v\u2003\n", {"K": "\u2003v"}),
        ("K=\nJ=1\n", {"K": "", "J": "1"}),
        ("HOSTVAR\n", {"HOSTVAR": "hostval"}),
        ("NOPE\n", {}),
        ("K=1\nK\n", {"K": "1"}),
        ("K", {"": "K"}),
        ('K="1" J=2\n', {"K": "1", "J": "2"}),
        ("K='1'#c\n", {"K": "1"}),
        ("K=1#c\n", {"K": "1#c"}),
        ("K=1\t#c\n", {"K": "1\t#c"}),
        ("K=1 #c\n", {"K": "1"}),
        ('K="a\nb"\n', {"K": "a\nb"}),
        ("K='a\nb\\'c\\\\'\n", {"K": "a\nb'c\\\\"}),
        ("\ufeffK=1\n", {"K": "1"}),
        ("a-b.c[0]é=1\n", {"a-b.c[0]é": "1"}),
        ("A\tB=1\n", {"A\tB": "1"}),
    ],
)
def test_statements_are_read_as_compose_reads_them(text: str, read: dict[str, str]) -> None:
    assert COMPOSE.read(text, ENVIRONMENT).values() == read


@pytest.mark.parametrize(
    ("escaped", "value"),
    [
        (r"\a\b\f\n\r\t\v", "\a\b\f\n\r\t\v"),
        (r"\"\\", '"\\'),
        (r"\c\x\'", r"\c\x\'"),
        (r"\$A$$A", "$A$A"),
        (r"\0012\0101\0377", "\nA\xff"),
        (r"\0", BACKSLASH),
        (r"\01\012", r"\1\12"),
        (r"\0400\0999", r"\400\999"),
        (r"\08", r"\8"),
        (r"\\n", r"\n"),
    ],
)
def test_double_quotes_know_these_escapes_and_no_others(escaped: str, value: str) -> None:
    assert COMPOSE.read(f'K="{escaped}"\n', {}).values() == {"K": value}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nK L=2\n", 2),
        ("A=1\n\n# c\nK/L=2\n", 4),
        ('A="x\ny"\nK@=1\n', 3),
        ("A=1\nK='never\nclosed\n", 4),
        ("A=1\nB\nK@=1\n", 3),
        ("A=1\nB \nK@=1\n", 2),
        ("A=1\nB \nK L=1\n", 2),
        ("A=1\nB \nK='x\n", 3),
        ("A=1\nK=${\n", 2),
        ("A=1\nK=${NOPE:?why}\n", 2),
        ("A=1\nexport ", 2),
    ],
)
def test_a_rejection_names_the_line_that_compose_names(text: str, line: int) -> None:
    rejected = COMPOSE.read(text, {}).rejected

    assert rejected is not None
    assert rejected.line == line


def test_a_rejection_never_holds_the_text() -> None:
    for text in ("hunter2 x=1\n", "K='hunter2\n", "K=${hunter2\n", "K=${hunter2:?hunter2}\n", "hunter2@=1\n"):
        reading = COMPOSE.read(text, {})

        assert reading.rejected is not None
        assert "hunter2" not in f"{reading!r} {reading.rejected!r}"


def test_an_open_quote_is_named_by_the_line_that_opens_it() -> None:
    rejected = COMPOSE.read("A=1\nK='never\nclosed\n", {}).rejected

    assert rejected is not None
    assert "line 2" in rejected.reason


def test_an_assignment_knows_where_it_stands() -> None:
    text = '# c\nexport K = "a\nb" # n\nJ= 1 # n\r\nL\n'
    first, second, third = COMPOSE.read(text, {"L": "x"}).assignments

    assert (first.line, first.last_line, text[first.start : first.end]) == (2, 3, 'export K = "a\nb"')
    assert text[first.value_start : first.value_end] == '"a\nb"'
    assert (second.line, text[second.start : second.end]) == (4, "J= 1 # n")
    assert text[second.value_start : second.value_end] == "1"
    assert (third.value, third.has_separator, text[third.start : third.end]) == ("x", False, "L")


def test_an_assignment_tells_which_names_the_file_had_to_know() -> None:
    text = "A=$B\nC=$HOSTVAR\nD='$E'\nF=${G:-${H}}\n"

    needs = [set(made.needs) for made in COMPOSE.read(text, ENVIRONMENT).assignments]

    assert needs == [{"B"}, set(), set(), {"G", "H"}]


@SEARCH
@given(values.filter(lambda value: "\0" not in value))
@example("$")
@example("a\r\n\\'\"${A}")
def test_what_is_written_is_what_is_read(value: str) -> None:
    text = f"A=other\nK={COMPOSE.write(value)}\nB=after\n"

    assert COMPOSE.read(text, ENVIRONMENT).values() == {"A": "other", "K": value, "B": "after"}


@pytest.mark.parametrize(
    ("value", "reason"), [("a\0", "it holds a NUL byte"), ("\udcff", "it holds bytes that are not UTF-8")]
)
def test_only_nul_and_bytes_that_are_no_text_are_refused(value: str, reason: str) -> None:
    with pytest.raises(CannotWriteError, match=reason):
        COMPOSE.write(value)


@SEARCH
@given(texts | st.text())
def test_every_assignment_lies_where_it_says(text: str) -> None:
    reading = COMPOSE.read(text, ENVIRONMENT)

    position = 0
    for made in reading.assignments:
        assert (
            position <= made.start <= made.value_start <= made.value_end <= max(made.end, made.value_end) <= len(text)
        )
        assert made.line == text.count("\n", 0, made.start) + 1
        assert made.last_line == text.count("\n", 0, made.end) + 1
        position = made.end


@pytest.mark.parametrize("key", ["A", "a.b-c[0]", "1A", "é", "A\tB", "export"])
def test_a_key_that_compose_takes_is_not_refused(key: str) -> None:
    assert COMPOSE.refuses_key(key) is None
    assert COMPOSE.read(f"{key}=1\n", {}).values() == {key: "1"}


@pytest.mark.parametrize(
    "key", ["", "A B", "A=", "A:", "A\n", "A\0", " A", "A ", "export A", "#A", "A/B", "'A'", "\udcff", "\ufeffA"]
)
def test_a_key_that_compose_would_not_take_is_refused(key: str) -> None:
    assert COMPOSE.refuses_key(key)


def test_a_deeply_nested_or_a_very_long_value_is_read_without_recursion() -> None:
    deep = "${A:-" * 1200 + "x" + "}" * 1200
    wide = "${A:-x}" * 1200

    assert COMPOSE.read(f"K={deep}\nJ={wide}\n", {}).values() == {"K": "x", "J": "x" * 1200}


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("A=1\nB=$A\n", {}),
        ("B=$A\nA=1\n", {"B": ("A",)}),
        ("A=$HOSTVAR\nB=x${A}\nC=$B$NOPE\n", {"A": ("HOSTVAR",), "B": ("HOSTVAR",), "C": ("HOSTVAR", "NOPE")}),
        ("A=$HOSTVAR\nA=1\nB=$A\n", {}),
        ("HOSTVAR\nNOPE\nB=$HOSTVAR\n", {"HOSTVAR": ("HOSTVAR",), "B": ("HOSTVAR",)}),
        ("HOSTVAR=mine\nB=$HOSTVAR\n", {"B": ("HOSTVAR",)}),
        ("B='$NOPE'\nC=a$$NOPE\nD=\"\\$NOPE\"\nE=a$1\n", {}),
        ('B="a\n$NOPE"\n', {"B": ("NOPE",)}),
    ],
)
def test_what_a_value_takes_from_outside_the_file_is_named(text: str, references: dict[str, tuple[str, ...]]) -> None:
    assert COMPOSE.read(text, ENVIRONMENT).references() == references


def test_values_that_refer_to_each_other_without_end_reject_the_file() -> None:
    lines = ["A0=xxxxxxxxxxxxxxxx", *(f"A{number}=$A{number - 1}$A{number - 1}" for number in range(1, 60))]
    rejected = COMPOSE.read("\n".join(lines), {}).rejected

    assert rejected is not None
    assert rejected.line < 40
