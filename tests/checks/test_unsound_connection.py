from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.unsound_connection import unsound_connection

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("hunter2hunter2", "it has no `type://` in front"),
        ("{}", "it is a JSON object without conn_type"),
        ('{"conn_type": "http", "passwort": "hunter2"}', "it has another field than"),
        ('{"conn_type": ', "it is not valid JSON"),
        ("postgres://u:hunter2/x@db/x", "unescaped `/`"),
        ("postgres://u:hunter2@x@db/x", "unescaped `@`"),
        ("postgres://u:hunter2#x@db/x", "unescaped `#`"),
        ("postgres://u:hunter2@db:port/x", "port"),
    ],
)
def test_a_connection_that_airflow_cannot_use_as_it_is_meant_is_found(
    examine: Examine, value: str, reason: str
) -> None:
    (problem,) = examine(unsound_connection, f"A=1\nAIRFLOW_CONN_A='{value}'\n")
    assert (problem.line, problem.key, problem.fixable) == (2, "AIRFLOW_CONN_A", False)
    assert problem.message.startswith("is no sound connection: ")
    assert reason in problem.message
    assert "hunter2" not in problem.message


@pytest.mark.parametrize(
    "line",
    [
        "AIRFLOW_CONN_A=postgres://u:p%2Fq@db:5432/x?a=b",
        """AIRFLOW_CONN_A='{"conn_type": "http", "password": "p/q@"}'""",
        "AIRFLOW_CONN_A=",
        "AIRFLOW_CONN_A='****'",
        "AIRFLOW_VAR_A=no connection",
        "AIRFLOW_CONN_A=nothing\nAIRFLOW_CONN_A=http://",
    ],
)
def test_a_sound_one_is_not_found_nor_what_other_checks_name(examine: Examine, line: str) -> None:
    assert examine(unsound_connection, f"{line}\n") == []
