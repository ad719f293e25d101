from collections.abc import Callable

import pytest

from astro_sync.checks import Problem, Surroundings
from astro_sync.checks.not_ignored import not_ignored
from astro_sync.checks.surroundings import GitState


@pytest.mark.parametrize("text", ["A=1\n", "", "A='rejected\n"])
@pytest.mark.parametrize("state", GitState)
def test_only_a_file_that_git_would_take_is_found_whatever_it_holds(
    examine: Callable[..., list[Problem]], text: str, state: GitState
) -> None:
    found = examine(not_ignored, text, "docker", {}, Surroundings(git=state))
    assert [(problem.line, problem.key) for problem in found] == ([(1, None)] if state is GitState.UNTRACKED else [])
