from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.not_upper_case import not_upper_case

Examine = Callable[..., list[Problem]]
Repair = Callable[..., str]


@pytest.mark.parametrize(
    ("runtime", "text", "fixed"),
    [
        ("docker", "AIRFLOW_VAR_x=x\n", "AIRFLOW_VAR_X=x\n"),
        ("docker", "airflow_conn_a=b://\n", "AIRFLOW_CONN_A=b://\n"),
        (
            "docker",
            "A=1\nexport  Airflow_Var_X : 'airflow_var_x' # x\n",
            "A=1\nexport  AIRFLOW_VAR_X : 'airflow_var_x' # x\n",
        ),
        ("docker", "AIRFLOW_VAR_x=1\nAIRFLOW_VAR_x=2\n", "AIRFLOW_VAR_X=1\nAIRFLOW_VAR_X=2\n"),
        ("standalone", " AIRFLOW_VAR_x='$Y'\n", " AIRFLOW_VAR_X='$Y'\n"),
    ],
)
def test_a_name_that_airflow_never_looks_up_is_found_and_put_in_upper_case(
    examine: Examine, repair: Repair, runtime: str, text: str, fixed: str
) -> None:
    (problem,) = examine(not_upper_case, text, runtime)
    assert problem.fixable
    assert problem.message == "Airflow looks it up in upper case only, so it never finds this one"
    assert repair(not_upper_case, text, runtime) == fixed
    assert examine(not_upper_case, fixed, runtime) == []


@pytest.mark.parametrize(
    ("runtime", "text"),
    [
        ("docker", "AIRFLOW_VAR_X=1\nAIRFLOW_VAR_x=2\n"),
        ("docker", "AIRFLOW_VAR_X\nAIRFLOW_VAR_x=2\n"),
        ("docker", "AIRFLOW_VAR_x=2\nB=$AIRFLOW_VAR_x\n"),
        ("docker", "AIRFLOW_VAR_x=2\nB=${C:-${AIRFLOW_VAR_x}}\n"),
        ("docker", "AIRFLOW_VAR_x=\n"),
        ("docker", "AIRFLOW_VAR_x='# secret'\n"),
        ("docker", "AIRFLOW_VAR_x.y=1\n"),
    ],
)
def test_a_name_stays_where_another_would_be_meant_or_nothing_real_be_found(
    examine: Examine, repair: Repair, runtime: str, text: str
) -> None:
    found = examine(not_upper_case, text, runtime)
    assert [problem.fixable for problem in found] == [False]
    assert repair(not_upper_case, text, runtime) == text


def test_a_name_that_comes_from_outside_stays(examine: Examine, repair: Repair) -> None:
    text = "AIRFLOW_VAR_x\n"
    (problem,) = examine(not_upper_case, text, "docker", {"AIRFLOW_VAR_x": "1"})
    assert not problem.fixable
    assert repair(not_upper_case, text, "docker", {"AIRFLOW_VAR_x": "1"}) == text


@pytest.mark.parametrize("text", ["AIRFLOW_VAR_X=x\n", "airflow_home=x\n", "my_airflow_var_x=1\n", "AIRFLOW_VAR=x\n"])
def test_other_names_may_be_in_any_case(examine: Examine, text: str) -> None:
    assert examine(not_upper_case, text) == []
