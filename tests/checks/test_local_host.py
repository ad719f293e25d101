from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.local_host import local_host

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    "value",
    [
        "postgres://u:p@localhost:5432/x",
        "mysql://127.0.0.1",
        "postgres://postgres/x",
        "http://host.docker.internal",
        '{"conn_type": "http", "host": "localhost"}',
    ],
)
def test_a_connection_that_no_deployment_can_reach_is_found(examine: Examine, value: str) -> None:
    (problem,) = examine(local_host, f"AIRFLOW_CONN_A='{value}'\n")
    assert (problem.line, problem.key) == (1, "AIRFLOW_CONN_A")
    assert problem.message == "points to a host that only exists on this machine"


@pytest.mark.parametrize(
    "line", ["AIRFLOW_CONN_A=http://example.com/localhost", "AIRFLOW_CONN_A=localhost", "A=http://localhost"]
)
def test_other_hosts_and_other_keys_are_not_found(examine: Examine, line: str) -> None:
    assert examine(local_host, f"{line}\n") == []
