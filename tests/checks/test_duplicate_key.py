from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.duplicate_key import duplicate_key

Examine = Callable[..., list[Problem]]
Repair = Callable[..., str]


@pytest.mark.parametrize(
    ("runtime", "text", "lines"),
    [
        ("docker", "A=1\nB=2\nA=3\n", [1]),
        ("docker", "A=1\nexport A=1\nA: 1\n", [1, 2]),
        ("standalone", "A=1\nexport A=2\n", []),
        ("standalone", "A=1\n A=2\n", [1]),
        ("docker", "A=1\na=1\n", []),
        ("docker", "A=1\nA\n", []),
    ],
)
def test_every_line_that_a_later_one_overrules_is_found_and_can_go(
    examine: Examine, repair: Repair, runtime: str, text: str, lines: list[int]
) -> None:
    found = examine(duplicate_key, text, runtime)
    assert [(problem.line, problem.key, problem.fixable) for problem in found] == [(line, "A", True) for line in lines]
    rest = [line for number, line in enumerate(text.splitlines(keepends=True), start=1) if number not in lines]
    assert repair(duplicate_key, text, runtime) == "".join(rest)


def test_it_is_said_which_line_counts_and_that_load_differs(examine: Examine) -> None:
    (problem,) = examine(duplicate_key, "A=1\n\nA=2\n")
    assert problem.message == "is set again on line 3, which counts; --load sends the first"


def test_a_duplicate_that_a_later_line_refers_to_is_found_and_stays(examine: Examine, repair: Repair) -> None:
    text = "A=1\nB=$A\nA=2\n"
    (problem,) = examine(duplicate_key, text)
    assert (problem.line, problem.fixable) == (1, False)
    assert problem.message == "is set again on line 3, but a line between them refers to this value"
    assert repair(duplicate_key, text) == text
