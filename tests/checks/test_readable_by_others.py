from collections.abc import Callable
from pathlib import Path

import pytest

from astro_sync.checks import Fix, Problem, Subject, Surroundings, fix_file
from astro_sync.checks.readable_by_others import readable_by_others
from astro_sync.envfile.dialects import COMPOSE
from astro_sync.envfile.document import Document

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("mode", "fixed"), [(0o644, 0o600), (0o640, 0o600), (0o602, 0o600), (0o777, 0o700), (0o444, 0o400)]
)
@pytest.mark.parametrize("text", ["A=1\n", "A='rejected\n"])
def test_a_file_that_others_may_use_is_found_and_closed(examine: Examine, text: str, mode: int, fixed: int) -> None:
    surroundings = Surroundings(mode)
    (problem,) = examine(readable_by_others, text, "docker", {}, surroundings)
    assert (problem.line, problem.key, problem.fixable) == (1, None, True)
    assert f"{mode:04o}" in problem.message
    subject = Subject(Path("my.env"), Document(text.encode(), COMPOSE, {}), surroundings)
    assert fix_file(subject, [readable_by_others]) == Fix(None, fixed)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, None])
def test_a_file_of_its_owner_alone_is_not_found(examine: Examine, mode: int | None) -> None:
    assert examine(readable_by_others, "A=1\n", "docker", {}, Surroundings(mode)) == []
    subject = Subject(Path("my.env"), Document(b"A=1\n", COMPOSE, {}), Surroundings(mode))
    assert fix_file(subject, [readable_by_others]) == Fix()
