"""Values with line breaks that are no JSON, on their way to a Deployment and to its Environment Manager."""

import pytest

from e2e.runs import document, push, reason
from hardening.planting import Search, assert_nothing_shown
from sandbox import Json, Sandbox

KEY = "-----BEGIN PRIVATE KEY-----\npl4nted-key\n-----END PRIVATE KEY-----\n"
TEXT = "pl4nted-first\npl4nted-second"
SENT = ("--no-export", "--line-breaks", "env-manager")
SEARCH = Search((KEY, TEXT, "pl4nted-key", "pl4nted-first", "pl4nted-second"))


@pytest.fixture
def broken(sandbox: Sandbox) -> Sandbox:
    """Return a project with two values of several lines and a plain one."""
    sandbox.write_env(f'PLAIN=1\nCERTIFICATE="{KEY}"\nAIRFLOW_VAR_QUERY="{TEXT}"\n')
    return sandbox


def place(found: Json, kind: str) -> Json:
    return next(each for each in found["places"] if each["kind"] == kind)


def held(sandbox: Sandbox) -> dict[str, tuple[str, bool]]:
    """Return what the Environment Manager holds, real secrets included."""
    bodies = {o["objectKey"]: o.get("airflowVariable") or o["environmentVariable"] for o in sandbox.objects()}
    return {key: (body["value"], body["isSecret"]) for key, body in bodies.items()}


def test_without_the_option_they_are_refused_and_the_way_out_is_named(broken: Sandbox) -> None:
    result = push(broken, "--no-export")
    assert result.code == 3
    assert "--line-breaks env-manager" in result.stdout + result.stderr
    found = document(push(broken, "--no-export", "--json"))
    refused = {c["key"]: c["reason"] for c in found["places"][-1]["changes"] if c["action"] == "refused"}
    assert set(refused) == {"CERTIFICATE", "AIRFLOW_VAR_QUERY"}
    assert all("--line-breaks env-manager" in each["ways_out"] for each in refused.values())
    assert broken.objects() == []
    assert_nothing_shown(broken, result, search=SEARCH)


def test_they_go_to_the_environment_manager_in_the_same_run(broken: Sandbox) -> None:
    result = push(broken, *SENT, "--json")
    found = document(result)
    assert (result.code, broken.deployment()) == (0, {"PLAIN": ("1", False)})
    assert held(broken) == {"CERTIFICATE": (KEY, True), "query": (TEXT, False)}
    assert {(each["scope"], each["scopeEntityId"]) for each in broken.objects()} == {("DEPLOYMENT", "dep-1")}
    there = place(found, "env-manager")
    assert (there["address"], there["applied"]) == ("env-manager:deployment/dep-1", True)
    assert {c["key"]: (c["action"], c["reason"]["code"], c["result"]) for c in there["changes"]} == {
        "CERTIFICATE": ("create", "in-env-manager", "done"),
        "AIRFLOW_VAR_QUERY": ("create", "in-env-manager", "done"),
    }
    assert reason(place(found, "deployment")["changes"], "CERTIFICATE") == "in-env-manager"
    assert_nothing_shown(broken, result, search=SEARCH)


def test_the_second_run_has_nothing_to_do(broken: Sandbox) -> None:
    push(broken, *SENT)
    broken.forget_calls()
    result = push(broken, *SENT)
    assert (result.code, broken.writing_calls()) == (0, [])
    assert "Nothing to do." in result.stdout


def test_a_value_that_differs_there_is_a_conflict_and_a_changed_secret_is_noticed(broken: Sandbox) -> None:
    push(broken, *SENT)
    broken.write_env(f'CERTIFICATE="{KEY}more"\nAIRFLOW_VAR_QUERY="{TEXT}more"\n')
    result = push(broken, *SENT, "--json")
    assert result.code == 3
    changes = place(document(result), "env-manager")["changes"]
    assert {c["key"]: c["reason"]["code"] for c in changes} == {
        "CERTIFICATE": "secret-changed-here",
        "AIRFLOW_VAR_QUERY": "differs",
    }
    assert push(broken, *SENT, "--on-conflict", "overwrite").code == 0
    assert held(broken)["query"] == (f"{TEXT}more", False)


def test_a_dry_run_says_it_and_writes_nothing(broken: Sandbox) -> None:
    result = push(broken, *SENT, "--dry-run", yes=False)
    assert (result.code, broken.writing_calls(), broken.objects()) == (0, [], [])
    assert "into the Environment Manager" in result.stdout
    assert_nothing_shown(broken, result, search=SEARCH)


@pytest.mark.parametrize("words", [(), ("--format", "markdown")])
def test_one_report_names_both_places(broken: Sandbox, words: tuple[str, ...]) -> None:
    result = push(broken, *SENT, *words)
    assert "prod env-manager" in result.stdout
    assert_nothing_shown(broken, result, search=SEARCH)


def test_what_stands_on_the_deployment_is_not_hidden_unless_it_may_be_overwritten(broken: Sandbox) -> None:
    broken.set_variable("AIRFLOW_VAR_QUERY", "theirs")
    assert push(broken, *SENT).code == 3
    assert broken.objects() == []
    assert push(broken, *SENT, "--on-conflict", "overwrite").code == 0
    assert held(broken)["query"] == (TEXT, False)


def test_what_neither_can_hold_is_refused_and_goes_nowhere(broken: Sandbox) -> None:
    broken.write_env(f'PLAIN=1\nAIRFLOW_CONN_X="{TEXT}"\n')
    result = push(broken, *SENT, "--json")
    assert (result.code, broken.objects(), broken.deployment()) == (3, [], {})
    assert reason(place(document(result), "env-manager")["changes"], "AIRFLOW_CONN_X") == "unsound-connection"


def test_the_local_airflow_goes_through_env_to_both(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"query": TEXT, "plain": "1"})
    assert push(sandbox, "--line-breaks", "env-manager").code == 0
    assert sandbox.deployment() == {"AIRFLOW_VAR_PLAIN": ("1", False)}
    assert held(sandbox) == {"query": (TEXT, False)}
    assert "pl4nted-second" in sandbox.read_env()


def test_merge_takes_it_too_and_a_target_may_say_so(broken: Sandbox) -> None:
    (broken.project / ".astro-sync.toml").write_text(
        '[targets.prod]\ndeployment_name = "prod"\nline_breaks = "env-manager"\n'
    )
    assert broken.run("merge", ".env", "deployment:dep-1", "--yes", "--line-breaks", "env-manager").code == 0
    assert set(held(broken)) == {"CERTIFICATE", "query"}
    broken.forget_calls()
    result = broken.run("local-to-deploy", "--no-export", "--yes", "-t", "prod")
    assert (result.code, broken.writing_calls()) == (0, [])


def test_nothing_of_the_environment_manager_is_read_where_nothing_needs_it(sandbox: Sandbox) -> None:
    sandbox.write_env("PLAIN=1\n")
    assert push(sandbox, *SENT).code == 0
    assert sandbox.calls("api") == []


def test_an_environment_manager_that_cannot_be_read_ends_the_run_before_any_change(broken: Sandbox) -> None:
    broken.fault("http-status", command="api cloud", status=403)
    result = push(broken, *SENT)
    assert (result.code, broken.writing_calls(), broken.deployment()) == (4, [], {})


def test_undo_tells_what_stays_there(broken: Sandbox) -> None:
    push(broken, *SENT)
    result = broken.run("undo", "--yes", "--json")
    found = document(result)
    assert reason(place(found, "env-manager")["changes"], "AIRFLOW_VAR_QUERY") == "not-undone-new"
    assert_nothing_shown(broken, result, search=SEARCH)
