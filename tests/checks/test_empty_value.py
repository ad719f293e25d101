from collections.abc import Callable, Mapping

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.empty_value import empty_value

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("text", "environ", "lines"),
    [
        ("AIRFLOW_VAR_A=\n", {}, [1]),
        ("A=\nAIRFLOW_CONN_A=''\n", {}, [2]),
        ("AIRFLOW_VAR_A=$NOWHERE\n", {}, [1]),
        ("AIRFLOW_VAR_A=$NOWHERE\n", {"NOWHERE": "x"}, []),
        ("AIRFLOW_VAR_A=\nAIRFLOW_VAR_A=x\n", {}, []),
        ("AIRFLOW_VAR_A\nAIRFLOW__A__B=\n", {}, []),
        ("AIRFLOW_VAR_A=' '\n", {}, []),
    ],
)
def test_an_airflow_variable_or_connection_without_a_value_is_found(
    examine: Examine, text: str, environ: Mapping[str, str], lines: list[int]
) -> None:
    found = examine(empty_value, text, "docker", environ)
    assert [problem.line for problem in found] == lines
    assert all(problem.message.startswith("is empty") for problem in found)
