from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.reserved_key import reserved_key

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("AIRFLOW__CORE__FERNET_KEY=x\n", ["AIRFLOW__CORE__FERNET_KEY"]),
        ("DOCKER_HOST=x\nASTRO_X=y\n", ["DOCKER_HOST", "ASTRO_X"]),
        ("ASTRO_X=1\nASTRO_X=2\n", ["ASTRO_X"]),
        ("AIRFLOW__CORE__PARALLELISM=1\nMY_ASTRO_X=1\nAWS_DEFAULT_REGION=x\n", []),
    ],
)
def test_a_name_that_never_goes_to_a_deployment_is_found(examine: Examine, text: str, keys: list[str]) -> None:
    found = examine(reserved_key, text)
    assert [problem.key for problem in found] == keys
    assert all("--allow-reserved" in problem.message for problem in found)
