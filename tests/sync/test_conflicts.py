"""Keys that stand on both sides with different values, in both steps of `local-to-deploy` and on the way back."""

import pytest

from runs import actions, document, env_changes, pull, push, state_of, target, values
from sandbox import Sandbox


@pytest.fixture
def three_ways(sandbox: Sandbox) -> Sandbox:
    """Give one key three values: in Airflow, in .env and on the Deployment."""
    sandbox.set_airflow({"x": "airflow", "new": "n"})
    sandbox.write_env("AIRFLOW_VAR_X=file\n")
    sandbox.set_variable("AIRFLOW_VAR_X", "deployment")
    return sandbox


@pytest.mark.parametrize("words", [(), ("--on-conflict", "fail")])
def test_without_a_terminal_a_conflict_stops_the_run_before_any_change(
    three_ways: Sandbox, words: tuple[str, ...]
) -> None:
    before = state_of(three_ways)
    result = push(three_ways, "--json", *words)
    assert result.code == 3
    assert state_of(three_ways) == before
    assert three_ways.writing_calls() == []
    found = document(result)
    assert actions(env_changes(found))["AIRFLOW_VAR_X"] == "refused"
    assert target(found)["AIRFLOW_VAR_X"] == "refused"


def test_keep_leaves_the_value_of_env_and_of_the_deployment(three_ways: Sandbox) -> None:
    result = push(three_ways, "--on-conflict", "keep", "--json")
    assert result.code == 0
    assert three_ways.read_env() == "AIRFLOW_VAR_X=file\nAIRFLOW_VAR_NEW=n\n"
    assert values(three_ways) == {"AIRFLOW_VAR_X": "deployment", "AIRFLOW_VAR_NEW": "n"}
    assert target(document(result)) == {"AIRFLOW_VAR_X": "keep", "AIRFLOW_VAR_NEW": "create"}


def test_overwrite_carries_the_value_of_airflow_all_the_way(three_ways: Sandbox) -> None:
    result = push(three_ways, "--on-conflict", "overwrite", "--json")
    assert result.code == 0
    assert three_ways.read_env() == "AIRFLOW_VAR_X=airflow\nAIRFLOW_VAR_NEW=n\n"
    assert values(three_ways) == {"AIRFLOW_VAR_X": "airflow", "AIRFLOW_VAR_NEW": "n"}
    assert target(document(result))["AIRFLOW_VAR_X"] == "update"


def test_a_conflict_in_the_first_step_alone_stops_both(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow"})
    sandbox.write_env("AIRFLOW_VAR_X=file\nB=two\n")
    before = state_of(sandbox)
    assert push(sandbox).code == 3
    assert state_of(sandbox) == before


def test_a_conflict_in_the_second_step_alone_stops_both(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow", "new": "n"})
    sandbox.set_variable("AIRFLOW_VAR_X", "deployment")
    before = state_of(sandbox)
    assert push(sandbox).code == 3
    assert state_of(sandbox) == before


def test_what_keep_leaves_in_env_is_what_the_deployment_gets(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow"})
    sandbox.write_env("AIRFLOW_VAR_X=file\n")
    assert push(sandbox, "--on-conflict", "keep").code == 0
    assert values(sandbox) == {"AIRFLOW_VAR_X": "file"}


def test_equal_values_are_no_conflict_however_they_are_spelled(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "a value"})
    sandbox.write_env('export AIRFLOW_VAR_X = "a value" # note\n')
    sandbox.set_variable("AIRFLOW_VAR_X", "a value")
    result = push(sandbox, "--json")
    assert result.code == 0
    assert target(document(result)) == {"AIRFLOW_VAR_X": "unchanged"}


def test_a_conflict_on_one_of_two_deployments_touches_neither(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "stage")
    sandbox.set_variable("A", "other", deployment_id="dep-2")
    sandbox.write_env("A=one\n")
    before = state_of(sandbox)
    result = push(sandbox, "-d", "dep-1", "-d", "dep-2", "--no-export", "--json")
    assert result.code == 3
    assert state_of(sandbox) == before
    found = document(result)
    assert [target(found, number) for number in (0, 1)] == [{"A": "create"}, {"A": "refused"}]


@pytest.mark.parametrize(("policy", "code", "text"), [("keep", 0, "A=file\n"), ("overwrite", 0, "A=deployment\n")])
def test_pulling_a_key_that_differs(sandbox: Sandbox, policy: str, code: int, text: str) -> None:
    sandbox.set_variable("A", "deployment")
    sandbox.write_env("A=file\n")
    assert pull(sandbox, "--on-conflict", policy).code == code
    assert sandbox.read_env() == text


def test_pulling_without_a_terminal_refuses_a_key_that_differs(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "deployment")
    sandbox.set_variable("B", "two")
    sandbox.write_env("A=file\n")
    before = state_of(sandbox)
    result = pull(sandbox, "--json")
    assert result.code == 3
    assert state_of(sandbox) == before
    assert target(document(result)) == {"A": "refused", "B": "create"}


@pytest.mark.parametrize("words", [(), ("-y",)])
def test_asking_without_a_terminal_is_a_usage_error_conflict_or_not(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    sandbox.write_env("A=one\n")
    result = push(sandbox, "--no-export", "--on-conflict", "ask", *words, yes=False)
    assert result.code == 2
    assert "--on-conflict" in result.stderr
    assert values(sandbox) == {}


def test_yes_never_answers_a_conflict(three_ways: Sandbox) -> None:
    assert push(three_ways, "--yes", yes=False).code == 3


def test_a_conflict_tells_where_two_values_differ_and_shows_neither(sandbox: Sandbox) -> None:
    sandbox.set_variable("AIRFLOW_CONN_PG", "postgres://u:planted-1@planted-2.example.com/x")
    sandbox.set_variable("AIRFLOW_VAR_J", '{"planted": 3, "same": 1, "retries": "planted-4"}')
    sandbox.write_env(
        "AIRFLOW_CONN_PG=postgres://u:planted-5@planted-6.example.com/x\n"
        """AIRFLOW_VAR_J='{"planted": 3, "same": 1, "retries": "planted-7"}'\n"""
    )
    result = push(sandbox, "--no-export")
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    assert "host" in rows["AIRFLOW_CONN_PG"]
    assert "password" in rows["AIRFLOW_CONN_PG"]
    assert "retries" in rows["AIRFLOW_VAR_J"]
    assert "planted" not in result.stdout + result.stderr


def test_a_conflict_in_the_first_step_is_told_as_one(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow"})
    sandbox.write_env("AIRFLOW_VAR_X=file\n")
    result = push(sandbox, "--json")
    assert result.code == 3
    assert "--on-conflict" in document(result)["error"]["hint"]


def test_partial_never_decides_a_conflict(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow", "new": "n"})
    sandbox.write_env("AIRFLOW_VAR_X=file\n")
    before = state_of(sandbox)
    assert push(sandbox, "--partial").code == 3
    assert state_of(sandbox) == before
    assert values(sandbox) == {}
