from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.load_cannot_carry import load_cannot_carry

Examine = Callable[..., list[Problem]]
LONG = "x" * 65_535


@pytest.mark.parametrize(
    ("runtime", "text", "expected"),
    [
        ("docker", 'A="1\n2"\n', [(1, "A", "--load cannot carry the value: it holds a line break")]),
        ("docker", 'B=1\nA="1\\n2"\n', [(2, "A", "--load cannot carry the value: it holds a line break")]),
        ("standalone", 'A="1\\n2"\n', []),
        ("docker", "A=' 1'\n", [(1, "A", "--load cannot carry the value: it begins or ends with white space")]),
        ("standalone", "A= 1\n", [(1, "A", "--load cannot carry the value: it begins or ends with white space")]),
        ("docker", "A=\udcff\n", [(1, "A", "--load cannot carry the value: it holds bytes that are not UTF-8")]),
        ("docker", "A=\0\n", [(1, "A", "--load cannot carry the value: it holds a NUL byte")]),
        ("docker", "A=' 1'\nA=1\n", []),
        ("docker", "A='{\n \"a\": [1]\n}'\n", []),
        ("docker", "A='{\n \"a\": [1]\n'\n", [(1, "A", "--load cannot carry the value: it holds a line break")]),
        (
            "standalone",
            "u:S3cret@h?x= 1\n",
            [(1, "*** (line 1)", "--load cannot carry the value: it begins or ends with white space")],
        ),
        ("docker", "A='1 # \"2'\nB=\n", []),
    ],
)
def test_a_value_that_load_cannot_carry_in_any_spelling_is_found(
    examine: Examine, runtime: str, text: str, expected: list[tuple[int, str, str]]
) -> None:
    found = examine(load_cannot_carry, text, runtime)
    assert [(problem.line, problem.key, problem.message) for problem in found] == expected


@pytest.mark.parametrize("text", [f"A=1\nB={LONG}\nC=1\n", f"A=1\n# {LONG}\nC=1\nD={LONG}\n"])
def test_the_line_at_which_load_stops_reading_is_found_once(examine: Examine, text: str) -> None:
    found = examine(load_cannot_carry, text)
    assert (found[0].line, found[0].key) == (2, None)
    assert found[0].message == "the line is longer than 65,535 bytes: --load reads neither it nor a later one"
    assert [problem.line for problem in found[1:]] == ([4] if "D=" in text else [])
