from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.unset_reference import unset_reference

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize("runtime", ["docker", "standalone"])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A=p$Ab9\n", "$Ab9"),
        ("A=${X:-d}$Y\n", "$X, $Y"),
        ("A=$HOME$X\n", "$X"),
        ("A=$A\n", "$A"),
    ],
)
def test_a_name_that_nothing_sets_is_found(examine: Examine, runtime: str, text: str, names: str) -> None:
    (problem,) = examine(unset_reference, text, runtime, {"HOME": "/"})
    assert (problem.line, problem.key) == (1, "A")
    assert f"refers to {names}, " in problem.message


@pytest.mark.parametrize(
    "text", ["B=1\nA=$B\n", "A='$X'\n", "A=a$$X\n", "A=$HOME\n", "A=$1\n", "A=$X\nA=1\n", "A=$X\nB='\n"]
)
def test_a_name_that_is_set_or_no_reference_is_not(examine: Examine, text: str) -> None:
    assert examine(unset_reference, text, "docker", {"HOME": "/"}) == []
