"""Values with line breaks, which a Deployment's variables cannot hold, go into its Environment Manager where asked."""

import json

import pytest

from sandbox import Json, Result, Sandbox

PEM = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
BESIDE = ("--line-breaks", "env-manager")


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project with one value of two lines and one of a single line."""
    sandbox.write_env(f"AIRFLOW_VAR_PEM='{PEM}'\nPLAIN=x\n")
    return sandbox


def push(sandbox: Sandbox, *options: str) -> Result:
    return sandbox.run("local-to-deploy", "--no-export", "-d", "dep-1", "--yes", "--json", *options)


def objects(sandbox: Sandbox) -> dict[str, Json]:
    return {each["objectKey"]: each for each in sandbox.state.get("environment_objects", [])}


def changes(result: Result) -> dict[str, tuple[str, str]]:
    places = json.loads(result.stdout)["places"]
    return {c["key"]: (c["action"], c["result"]) for p in places if p["kind"] == "deployment" for c in p["changes"]}


def test_without_the_option_they_are_refused_and_the_way_out_named(project: Sandbox) -> None:
    result = push(project)
    assert result.code == 3
    assert "--line-breaks env-manager" in result.stdout
    assert objects(project) == {}


def test_with_it_they_go_there_in_the_same_run(project: Sandbox) -> None:
    result = push(project, *BESIDE)
    assert (result.code, changes(result)) == (
        0,
        {"AIRFLOW_VAR_PEM": ("create", "done"), "PLAIN": ("create", "done")},
    )
    (found,) = objects(project).values()
    assert (found["objectKey"], found["objectType"], found["scopeEntityId"]) == (
        "AIRFLOW_VAR_PEM",
        "ENVIRONMENT_VARIABLE",
        "dep-1",
    )
    assert found["environmentVariable"] == {"value": PEM, "isSecret": True}
    assert project.deployment().keys() == {"PLAIN"}


def test_the_second_run_knows_what_is_there(project: Sandbox) -> None:
    options = (*BESIDE, "--plain", "*")
    push(project, *options)
    before = (objects(project), project.writes())
    again = push(project, *options)
    assert (again.code, set(changes(again).values())) == (0, {("unchanged", "planned")})
    assert (objects(project), project.writes()) == before


def test_a_change_is_a_conflict_like_any_other(project: Sandbox) -> None:
    push(project, *BESIDE, "--plain", "*")
    project.write_env(f"AIRFLOW_VAR_PEM='{PEM}more'\n")
    assert push(project, *BESIDE).code == 3
    assert push(project, *BESIDE, "--on-conflict", "overwrite").code == 0
    assert objects(project)["AIRFLOW_VAR_PEM"]["environmentVariable"]["value"] == f"{PEM}more"


def test_what_the_deployment_has_itself_is_not_doubled(project: Sandbox) -> None:
    project.set_variable("AIRFLOW_VAR_PEM", "one line")
    assert push(project, *BESIDE, "--on-conflict", "overwrite").code == 3
    assert objects(project) == {}


def test_merge_into_a_deployment_takes_it_too(project: Sandbox) -> None:
    assert project.run("merge", ".env", "deployment:dep-1", "--yes", *BESIDE).code == 0
    assert objects(project).keys() == {"AIRFLOW_VAR_PEM"}


def test_a_dry_run_says_where_it_goes(project: Sandbox) -> None:
    result = project.run("local-to-deploy", "--no-export", "-d", "dep-1", "--dry-run", *BESIDE)
    assert "into the Environment Manager" in result.stdout
    assert objects(project) == {}
