from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.checks import Problem
from astro_sync.checks.readers_differ import readers_differ
from astro_sync.envfile.dialects import COMPOSE, READERS, RUNTIMES

Examine = Callable[..., list[Problem]]
Repair = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "fixed", "message"),
    [
        ("export A=v\n", "A=v\n", "standalone and --load read another name than compose"),
        ("A = v\n", "A=v\n", "standalone and --load read another name than compose"),
        ("A: v\n", "A=v\n", "standalone, --load and python-dotenv skip what compose reads"),
        ("A=\n", 'A=""\n', "--load skips what compose reads"),
        ("A=v # note\n", "# note\nA=v\n", "standalone and --load read another value than compose"),
        ("A='v w'\t# note\r\n", "# note\r\nA='v w'\r\n", "standalone and --load read another value than compose"),
        ("A=v # note", "# note\nA=v", "standalone and --load read another value than compose"),
        ('A="x$$y"\n', "A='x$y'\n", "standalone, --load and python-dotenv read another value than compose"),
        ('A="\\$x"\n', "A='$x'\n", "standalone, --load and python-dotenv read another value than compose"),
        ('A="a\\"b"\n', "A='a\"b'\n", "standalone and --load read another value than compose"),
        ("A='v' \n", "A=v\n", "--load reads another value than compose"),
        (
            "\ufeffA=v\n",
            "A=v\n",
            "standalone and --load take the byte order mark (BOM) at the start of the file for a part of the name",
        ),
        ("  # A=v\n", "# A=v\n", "--load reads a variable where compose sees none"),
        (
            "\ufeff # A=v\nB=1\n",
            "# A=v\nB=1\n",
            "standalone and --load read a variable where compose sees none",
        ),
        (
            "A=v\t# note\n",
            "A='v\t# note'\n",
            "python-dotenv reads another value than compose",
        ),
    ],
)
def test_in_docker_mode_a_line_is_respelled_for_all_readers(
    examine: Examine, repair: Repair, text: str, fixed: str, message: str
) -> None:
    (problem,) = examine(readers_differ, text)
    assert (problem.line, problem.key, problem.fixable, problem.message) == (
        1,
        "*** (line 1)" if "# A" in text else "A",
        True,
        message,
    )
    assert repair(readers_differ, text) == fixed
    assert examine(readers_differ, fixed) == []


@pytest.mark.parametrize(
    ("text", "fixed", "message"),
    [
        ("A=$x\n", "A='$x'\n", "compose reads another value than standalone"),
        ("A=v # note\n", "A='v # note'\n", "compose and python-dotenv read another value than standalone"),
        ('A="a\\nb"\n', "A='a\\nb'\n", "compose and python-dotenv read another value than standalone"),
        ("  A=v\n", "A=v\n", "--load reads another name than standalone"),
    ],
)
def test_in_standalone_mode_it_keeps_what_that_reads(
    examine: Examine, repair: Repair, text: str, fixed: str, message: str
) -> None:
    (problem,) = examine(readers_differ, text, "standalone")
    assert (problem.line, problem.key, problem.fixable, problem.message) == (1, "A", True, message)
    assert repair(readers_differ, text, "standalone") == fixed
    assert examine(readers_differ, fixed, "standalone") == []


def test_in_standalone_mode_a_byte_order_mark_is_told_of_those_that_skip_it(examine: Examine) -> None:
    (problem,) = examine(readers_differ, "\ufeffA=v\n", "standalone")
    told = "the byte order mark (BOM) that standalone takes for a part of the name"
    assert problem.message == f"compose and python-dotenv skip {told}"


@pytest.mark.parametrize(
    ("runtime", "text", "lines"),
    [
        ("docker", "A=1\nB=$A\n", [2]),
        ("docker", 'A="${HOME}"\n', [1]),
        ("docker", "A=${NOWHERE:-x}\n", [1]),
        ("docker", "A=${HOME:?x}\n", [1]),
        ("docker", "HOME\n", [1]),
        ("docker", 'A="1\n2"\nB=1\n', [1]),
        ("docker", 'A="1\\n2"\n', [1]),
        ("docker", "A='1' B='2'\n", [1]),
        ("docker", "A=' 1'\n", [1]),
        ("docker", "A= # secret\n", [1]),
        ("docker", "A=v # B\rC=1\n", [1]),
        ("docker", "AIRFLOW_VAR_A=\n", [1]),
        ("docker", " # A=v\rB=1\n", [1]),
        ("standalone", "export A=1\n", [1]),
        ("standalone", "A =1\n", [1]),
        ("standalone", 'A="1\n2"\nB=1\n', [1]),
        ("standalone", "A: 1\n", [1]),
    ],
)
def test_a_line_stays_where_no_spelling_can_say_what_the_runtime_reads(
    examine: Examine, repair: Repair, runtime: str, text: str, lines: list[int]
) -> None:
    found = examine(readers_differ, text, runtime, {"HOME": "/home/me"})
    assert [(problem.line, problem.fixable) for problem in found] == [(line, False) for line in lines]
    assert repair(readers_differ, text, runtime, {"HOME": "/home/me"}) == text


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_lines_that_all_read_alike_are_not_found(examine: Examine, runtime: str) -> None:
    assert examine(readers_differ, "# x\n\nA=1\nB='2 # $3'\r\nC=\"it's\"\nA=4\nword\n", runtime) == []


def test_a_line_too_long_for_load_does_not_blame_every_later_line(examine: Examine) -> None:
    assert [problem.line for problem in examine(readers_differ, f"A=1\n# {'x' * 65_535}\nC=3\nD =4\n")] == [4]


def test_a_file_that_only_another_reader_rejects_is_found_where_it_does(examine: Examine, repair: Repair) -> None:
    text = "A=1\nB='x\nC=v\n"
    found = [
        (problem.line, problem.message, problem.fixable) for problem in examine(readers_differ, text, "standalone")
    ]
    skips = "--load reads another value than standalone; python-dotenv skips what standalone reads"
    assert found == [
        (2, skips, False),
        (4, "compose rejects the whole file here: the quote that line 2 opens is never closed", False),
    ]
    assert repair(readers_differ, text, "standalone") == text


def test_a_quote_of_ours_never_closes_one_that_another_reader_finds_open(examine: Examine, repair: Repair) -> None:
    text = "A: 'v w'\n:='x\nB: v w\nC: v\n"
    assert [problem.fixable for problem in examine(readers_differ, text)] == [True, False, False, True]
    assert repair(readers_differ, text) == "A='v w'\n:='x\nB: v w\nC=v\n"


def test_the_readers_that_do_otherwise_are_told_apart(examine: Examine) -> None:
    (problem,) = examine(readers_differ, "A = v # note\n", "standalone")
    assert problem.message == (
        "compose and python-dotenv read another name than standalone; --load reads another value than standalone"
    )


LINES = st.lists(
    st.text(st.sampled_from("AB=:$#'\"\\ \t\r{}nx\ufeffé"))
    | st.builds("A{}={}".format, *[st.text("bx $#'\"\\\r", max_size=6)] * 2),
    max_size=6,
)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.sampled_from(list(RUNTIMES)))
@settings(max_examples=400, deadline=None)
def test_a_fix_keeps_what_the_runtime_reads_and_settles_what_it_promised(
    examine: Examine, repair: Repair, lines: list[str], line_end: str, runtime: str
) -> None:
    text, environ = line_end.join(lines), {"A": "1", "nx": "2"}
    found = examine(readers_differ, text, runtime, environ)
    fixed = repair(readers_differ, text, runtime, environ)
    after = examine(readers_differ, fixed, runtime, environ)
    reader = RUNTIMES[runtime]
    assert reader.read(fixed, environ).values() == reader.read(text, environ).values()
    # while compose rejects a file of the standalone mode, its disagreements do not show
    if COMPOSE.read(text, environ).rejected is None:
        assert [problem.fixable for problem in after] == [False] * sum(not problem.fixable for problem in found)


@given(st.from_regex(r"[A-Z]{1,3}", fullmatch=True), st.text("ab1 $#'\"\\\t", max_size=8))
@settings(max_examples=300, deadline=None)
def test_a_line_is_found_exactly_when_the_readers_differ(examine: Examine, key: str, value: str) -> None:
    text = f"{key}={value}\n"
    readings = [reader.read(text, {}) for reader in READERS]
    if readings[0].rejected is None:
        agree = all(reading.values() == readings[0].values() for reading in readings)
        assert bool(examine(readers_differ, text)) is not agree
