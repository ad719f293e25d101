"""How the tests of the checks look at a text: both fixtures are pure functions, so they serve property tests, too."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from astro_sync.checks import Check, Problem, Subject, Surroundings, check_file, fix_file
from astro_sync.envfile.dialects import RUNTIMES
from astro_sync.envfile.document import Document


def _subject(text: str, runtime: str, environ: Mapping[str, str] | None, surroundings: Surroundings) -> Subject:
    data = text.encode("utf-8", "surrogateescape")
    return Subject(Path("my.env"), Document(data, RUNTIMES[runtime], environ or {}), surroundings)


@pytest.fixture(scope="session")
def examine() -> Callable[..., list[Problem]]:
    """Give `examine(check, text, runtime, environ, surroundings)`: what one check finds."""

    def examine(
        check: Check,
        text: str,
        runtime: str = "docker",
        environ: Mapping[str, str] | None = None,
        surroundings: Surroundings = Surroundings(),  # noqa: B008 - it is frozen
    ) -> list[Problem]:
        problems = check_file(_subject(text, runtime, environ, surroundings), [check])
        assert {(problem.code, problem.file) for problem in problems} <= {(check.code, "my.env")}
        return problems

    return examine


@pytest.fixture(scope="session")
def repair() -> Callable[..., str]:
    """Give `repair(check, text, runtime, environ)`: the text after the fix of one check."""

    def repair(check: Check, text: str, runtime: str = "docker", environ: Mapping[str, str] | None = None) -> str:
        data = fix_file(_subject(text, runtime, environ, Surroundings()), [check]).data
        return text if data is None else data.decode("utf-8", "surrogateescape")

    return repair
