"""The one JSON document that every exit but 2 prints."""

import json
from collections.abc import Callable

import pytest

from runs import actions, document, env_changes, pull, push, reason, results, targets
from sandbox import Json, Result, Sandbox

TOP = {"version", "command", "dry_run", "exit_code", "error", "places", "warnings"}
PLACE = {"address", "kind", "name", "role", "applied", "backup", "changes", "warnings"}
CHANGE = {"kind", "id", "key", "remote_name", "action", "secret", "reason", "result"}
RESULTS = {"planned", "done", "not-written", "other-value", "unknown"}
ACTIONS = {
    "create",
    "update",
    "unchanged",
    "keep",
    "secret-kept",
    "destination-only",
    "skip",
    "refused",
}


def all_well(sandbox: Sandbox) -> Result:
    sandbox.set_airflow({"a": "1"}, {"pg": "postgres://u:p@db.example.com"})
    sandbox.write_env("B=2\nC=3\nD=****\nE=5\n")
    sandbox.set_variable("C", "3")
    sandbox.set_variable("F", "6")
    sandbox.set_variable("E", "secret", secret=True)
    return push(sandbox, "--json")


def nothing_to_do(sandbox: Sandbox) -> Result:
    return pull(sandbox, "--json")


def failed(sandbox: Sandbox) -> Result:
    sandbox.write_env("A=1\n")
    sandbox.fault("write-refused")
    return push(sandbox, "--no-export", "--json")


def refused(sandbox: Sandbox) -> Result:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "2")
    return push(sandbox, "--no-export", "--json")


def unusable(sandbox: Sandbox) -> Result:
    sandbox.log_out()
    return pull(sandbox, "--json")


def found(sandbox: Sandbox) -> Result:
    sandbox.set_variable("A", "2")
    return pull(sandbox, "--json", "--dry-run", "--exit-code")


def unplanned(sandbox: Sandbox) -> Result:
    sandbox.write_env("A=1\n")
    sandbox.fault("lost-write")
    return push(sandbox, "--no-export", "--json")


def partial(sandbox: Sandbox) -> Result:
    sandbox.write_env('A="1\\n2"\nB=1\n')
    return push(sandbox, "--no-export", "--json", "--partial")


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (all_well, 0),
        (nothing_to_do, 0),
        (failed, 1),
        (refused, 3),
        (unusable, 4),
        (found, 5),
        (unplanned, 6),
        (partial, 7),
    ],
)
def test_every_exit_prints_one_document_of_one_shape(
    sandbox: Sandbox, run: Callable[[Sandbox], Result], code: int
) -> None:
    result = run(sandbox)
    assert result.code == code
    found = document(result)
    assert result.stdout == json.dumps(found, sort_keys=True, indent=2) + "\n"
    assert set(found) == TOP
    assert (found["version"], found["exit_code"]) == (1, code)
    assert found["command"] in {"local-to-deploy", "deploy-to-local"}
    for place in found["places"]:
        assert set(place) == PLACE
        check_changes(place)
    for warning in [*found["warnings"], *(warning for place in found["places"] for warning in place["warnings"])]:
        assert set(warning) == {"code", "key", "message"}
    check_error(found)


def check_changes(place: Json) -> None:
    for change in place["changes"]:
        assert set(change) == CHANGE
        assert change["action"] in ACTIONS
        assert change["result"] in RESULTS
        assert change["reason"] is None or set(change["reason"]) == {"code", "text", "ways_out"}


def check_error(found: Json) -> None:
    if found["exit_code"] in {0, 5, 7}:
        assert found["error"] is None
    else:
        assert set(found["error"]) == {"code", "message", "hint"}
        assert found["error"]["code"]
        assert found["error"]["message"]


def test_a_push_tells_what_becomes_of_env_and_of_each_deployment(sandbox: Sandbox) -> None:
    airflow, env, deployment = document(all_well(sandbox))["places"]
    assert [(place["kind"], place["role"]) for place in (airflow, env, deployment)] == [
        ("airflow", "source"),
        ("env", "destination"),
        ("deployment", "destination"),
    ]
    assert (airflow["changes"], env["name"], env["applied"]) == ([], ".env", True)
    assert actions(env["changes"]) == {
        "AIRFLOW_VAR_A": "create",
        "AIRFLOW_CONN_PG": "create",
        **dict.fromkeys("BCDE", "destination-only"),
    }
    assert (deployment["address"], deployment["name"], deployment["applied"]) == ("deployment:dep-1", "prod", True)
    assert {change["key"]: (change["action"], change["secret"]) for change in deployment["changes"]} == {
        "AIRFLOW_VAR_A": ("create", False),
        "AIRFLOW_CONN_PG": ("create", True),
        "B": ("create", False),
        "C": ("unchanged", False),
        "D": ("skip", False),
        "E": ("secret-kept", True),
        "F": ("destination-only", False),
    }
    assert results(deployment["changes"]) == dict.fromkeys(("AIRFLOW_VAR_A", "AIRFLOW_CONN_PG", "B"), "done")
    assert reason(deployment["changes"], "E") == "secret-not-compared"
    assert reason(deployment["changes"], "D") == "placeholder"


def test_a_change_has_the_kind_and_the_id_beside_its_key(sandbox: Sandbox) -> None:
    changes = {change["key"]: (change["kind"], change["id"]) for change in env_changes(document(all_well(sandbox)))}
    assert changes["AIRFLOW_VAR_A"] == ("variable", "A")
    assert changes["AIRFLOW_CONN_PG"] == ("connection", "PG")
    assert changes["B"] == ("environment", "B")


def test_a_pull_tells_the_changes_of_env_at_the_file(sandbox: Sandbox) -> None:
    sandbox.write_env("OWN=1\nK=mine\n")
    sandbox.set_variable("A", "2")
    sandbox.set_variable("K", "theirs")
    sandbox.set_variable("S", "3", secret=True)
    deployment, env = document(pull(sandbox, "--json", "--on-conflict", "keep"))["places"]
    assert (deployment["address"], deployment["role"], deployment["changes"]) == ("deployment:dep-1", "source", [])
    assert (env["role"], env["applied"]) == ("destination", True)
    assert {change["key"]: (change["action"], change["secret"]) for change in env["changes"]} == {
        "A": ("create", False),
        "K": ("keep", False),
        "S": ("secret-kept", True),
        "OWN": ("destination-only", False),
    }


def test_a_dry_run_applies_nothing(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "2")
    found = document(pull(sandbox, "--json", "--dry-run"))
    assert found["dry_run"] is True
    assert targets(found)[0]["applied"] is False


def test_verbose_puts_nothing_beside_the_document(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "2")
    assert document(pull(sandbox, "--json", "-v"))["exit_code"] == 0


def test_quiet_prints_nothing_when_all_is_well(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "2")
    result = pull(sandbox, "-q", "--no-backup")
    assert (result.code, result.stdout) == (0, "")


def test_without_verbose_the_table_shows_what_happens_alone(sandbox: Sandbox) -> None:
    sandbox.write_env("SAME=1\nNEW=2\n")
    sandbox.set_variable("SAME", "1")
    short = push(sandbox, "--no-export", "--dry-run").stdout
    assert "SAME" not in short
    assert "SAME" in push(sandbox, "--no-export", "--dry-run", "--verbose").stdout
