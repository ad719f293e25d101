from collections.abc import Callable

import pytest

from astro_sync.checks import Problem, Surroundings
from astro_sync.checks.surroundings import GitState
from astro_sync.checks.tracked_by_git import tracked_by_git


@pytest.mark.parametrize("text", ["A=1\n", "", "A='rejected\n"])
@pytest.mark.parametrize("state", GitState)
def test_only_a_file_that_is_in_git_is_found_whatever_it_holds(
    examine: Callable[..., list[Problem]], text: str, state: GitState
) -> None:
    found = examine(tracked_by_git, text, "docker", {}, Surroundings(git=state))
    assert [(problem.line, problem.key) for problem in found] == ([(1, None)] if state is GitState.TRACKED else [])
