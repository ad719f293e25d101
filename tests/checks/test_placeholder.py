from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.placeholder import placeholder

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A= # secret\n", [1]),
        ("A=1\nB='****'\n", [2]),
        ("A=# secret on the Deployment, set it here\n", [1]),
        ("A=****\nA=real\n", []),
        ("A=*****\nB='a # secret'\nC=\n", []),
        ("# A=  # secret on the Deployment, set it here\n", []),
    ],
)
@pytest.mark.parametrize("runtime", ["docker", "standalone"])
def test_a_text_that_only_stands_for_a_secret_is_found(
    examine: Examine, runtime: str, text: str, lines: list[int]
) -> None:
    found = examine(placeholder, text, runtime)
    assert [(problem.line, problem.fixable) for problem in found] == [(line, False) for line in lines]
    assert {problem.message for problem in found} <= {
        "holds only a placeholder: set its real value, or remove the line"
    }
