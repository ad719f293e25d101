from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.outside_reference import outside_reference

Examine = Callable[..., list[Problem]]
ENVIRONMENT = {"HOME": "/hunter2"}


@pytest.mark.parametrize("text", ["A=x${HOME}\n", "A=${HOME:-d}$X\n", "HOME=/mine\nA=$HOME\n", "B=$HOME\nA=$B\n"])
@pytest.mark.parametrize("runtime", ["docker", "standalone"])
def test_a_value_from_the_environment_is_found(examine: Examine, runtime: str, text: str) -> None:
    problem = next(each for each in examine(outside_reference, text, runtime, ENVIRONMENT) if each.key == "A")
    assert problem.line == text.count("\n")
    assert problem.message.startswith("takes $HOME from the environment")
    assert "hunter2" not in problem.message


def test_a_key_alone_on_its_line_takes_its_value_from_the_environment(examine: Examine) -> None:
    (problem,) = examine(outside_reference, "HOME\n", "docker", ENVIRONMENT)
    assert problem.key == "HOME"


@pytest.mark.parametrize("text", ["B=1\nA=$B\n", "A='$HOME'\n", "A=$X\n", "HOME=/hunter2\nA=$HOME\n", "A=$HOME\nA=1\n"])
def test_a_value_of_the_file_alone_is_not(examine: Examine, text: str) -> None:
    assert examine(outside_reference, text, "docker", ENVIRONMENT) == []
