from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.case_twins import case_twins

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\na=2\n", [(2, "a", "differs only in case from A on line 1")]),
        (
            "ab=1\nC=1\nAb=2\nAB=3\nAb=4\n",
            [(3, "Ab", "differs only in case from ab on line 1"), (4, "AB", "differs only in case from ab on line 1")],
        ),
        ("é=1\nÉ=2\n", [(2, "É", "differs only in case from é on line 1")]),
        ("A=1\nA=2\nB=a\n", []),
    ],
)
def test_names_that_differ_only_in_case_are_found(
    examine: Examine, text: str, expected: list[tuple[int, str, str]]
) -> None:
    found = examine(case_twins, text)
    assert [(problem.line, problem.key, problem.message) for problem in found] == expected
