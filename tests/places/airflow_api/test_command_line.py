"""Airflow's REST API and the Environment Manager as places of `merge`, `diff` and `list`, from end to end."""

import json

import pytest

from astro_sync.console import texts
from astro_sync.core.model import Reason
from sandbox import Json, Result, Sandbox

PLANTED = "pl4nted"
VARIABLES = {
    "Mixed": {"value": f"{PLANTED}\n{PLANTED}\r\n", "description": "why"},
    "api_key": f"{PLANTED}-key",
    "document": f'{{"b":1,  "token": "{PLANTED}"}}',
}
# Airflow masks in variables what it has seen as a password
CONNECTIONS = {
    "pg": {"conn_type": "postgres", "host": "h", "password": f"{PLANTED}-pw", "extra": f'{{"secret": "{PLANTED}"}}'}
}
PLACES = [
    "airflow:",
    "airflow:deployment/dep-1",
    "env-manager:deployment/dep-1",
    "env-manager:workspace/ws-1",
]


@pytest.fixture
def files(sandbox: Sandbox) -> Sandbox:
    """Return a project with Airflow's own files in it."""
    (sandbox.project / "variables.json").write_text(json.dumps(VARIABLES))
    (sandbox.project / "connections.json").write_text(json.dumps(CONNECTIONS))
    return sandbox


def merge(sandbox: Sandbox, source: str, goal: str, *options: str) -> Result:
    return sandbox.run("merge", source, goal, "--yes", *options)


def stored(sandbox: Sandbox, place: str) -> dict[str, str]:
    """Return the texts of the variables that a place holds, secrets included."""
    state = sandbox.state
    if place.startswith("env-manager:"):
        return {each["objectKey"]: each["airflowVariable"]["value"] for each in state["environment_objects"]}
    database = state["airflow"] if place == "airflow:" else state["deployments"][0]["airflow"]
    return {row["key"]: row["val"] for row in database["variables"]}


def writing_requests(sandbox: Sandbox) -> list[Json]:
    return [call for call in sandbox.calls("api") if {"POST", "PATCH"} & set(call["argv"])]


@pytest.mark.parametrize("place", PLACES)
def test_variables_json_arrives_to_the_letter_and_the_second_time_nothing_is_written(
    files: Sandbox, place: str
) -> None:
    first = merge(files, "variables.json", place)
    assert (first.code, stored(files, place)) == (
        0,
        {key: entry["value"] if isinstance(entry, dict) else entry for key, entry in VARIABLES.items()},
    )
    written = len(writing_requests(files))
    second = merge(files, "variables.json", place)
    assert second.code == 0
    assert len(writing_requests(files)) == written > 0


@pytest.mark.parametrize("place", PLACES)
def test_connections_json_arrives_with_its_password(files: Sandbox, place: str) -> None:
    assert merge(files, "connections.json", place).code == 0
    assert json.dumps(files.state).count(PLANTED) == 2
    assert merge(files, place, "copy.json" if place == "airflow:" else "connections.json").code in {0, 2}


@pytest.mark.long
@pytest.mark.parametrize("place", ["airflow:deployment/dep-1", "env-manager:deployment/dep-1"])
@pytest.mark.parametrize(
    ("fault", "options", "code"),
    [
        ("http-status", {"status": 422, "echo": True}, 1),
        ("http-status", {"status": 500, "echo": True, "after": True}, 0),
        ("http-status", {"status": 502, "html": True}, 6),
        ("http-cut", {}, 0),
    ],
    ids=["refused-with-an-echo", "failed-behind-the-write", "html-of-a-proxy", "cut-off"],
)
def test_no_failure_of_a_write_shows_a_value(files: Sandbox, place: str, fault: str, options: Json, code: int) -> None:
    area = " ".join(["api", "cloud" if place.startswith("env") else "airflow"])
    (files.project / "one.json").write_text(json.dumps({"Mixed": VARIABLES["Mixed"]}))
    files.run("merge", "variables:one.json", place, "--dry-run")
    # an object of the Environment Manager is looked up again before it is written
    reads = len(files.calls(area)) * (2 if place.startswith("env") else 1) - (2 if place.startswith("env") else 0)
    files.fault(fault, command=area, nth=reads + 1, **options)
    result = merge(files, "variables:one.json", place, "--verbose", "--timeout", "5")
    assert PLANTED not in result.stdout + result.stderr
    assert PLANTED not in files.record_file.read_text()
    assert result.code == code


def test_a_login_that_is_refused_ends_it_before_any_write(files: Sandbox) -> None:
    files.fault("http-status", command="api airflow", status=401)
    result = merge(files, "variables.json", "airflow:deployment/dep-1")
    assert result.code == 4
    assert writing_requests(files) == []


@pytest.mark.long
def test_an_answer_that_never_came_is_told_as_unknown_unless_it_shows_that_it_was_done(files: Sandbox) -> None:
    # version, two listings: the fourth request is the first that writes
    files.fault("http-status", command="api airflow", nth=4, status=502, after=True)
    result = merge(files, "variables.json", "airflow:deployment/dep-1", "--json")
    document = json.loads(result.stdout)
    results = {change["id"]: change["result"] for place in document["places"] for change in place["changes"]}
    assert set(results.values()) <= {"done", "unknown"}
    assert result.code == (6 if "unknown" in results.values() else 0)


def test_from_deployment_to_deployment_only_what_can_be_read_is_carried_and_no_mask(files: Sandbox) -> None:
    with files.change() as state:
        state["deployments"].append({"id": "dep-2", "name": "dev", "workspace_id": "ws-1", "variables": []})
    merge(files, "variables.json", "airflow:deployment/dep-1")
    merge(files, "connections.json", "airflow:deployment/dep-1")
    result = merge(files, "airflow:deployment/dep-1", "airflow:deployment/dep-2", "--json")
    assert result.code == 0
    (changes,) = [place["changes"] for place in json.loads(result.stdout)["places"] if place["role"] == "destination"]
    assert {change["id"]: change["action"] for change in changes} == {
        "Mixed": "create",
        "api_key": "skip",
        "document": "skip",
        "pg": "skip",
    }
    assert "***" not in json.dumps(files.state["deployments"][1])


@pytest.mark.parametrize("glob", ["AIRFLOW_*", "AIRFLOW_VAR_*", "*_KEY", "AIRFLOW_VAR_API*", "api*"])
def test_a_glob_finds_by_the_environment_name_as_well_as_by_the_id(files: Sandbox, glob: str) -> None:
    merge(files, "variables.json", "airflow:deployment/dep-1")
    found = json.loads(files.run("list", "airflow:deployment/dep-1", "--include", glob, "--json").stdout)["objects"]
    assert "api_key" in [each["id"] for each in found]


def test_what_is_masked_and_missing_there_is_named(files: Sandbox) -> None:
    merge(files, "variables.json", "airflow:deployment/dep-1")
    result = merge(files, "airflow:deployment/dep-1", "variables:other.json")
    assert result.code == 0
    (row,) = [line for line in result.stdout.splitlines() if "AIRFLOW_VAR_API_KEY" in line]
    assert "- skipped" in row
    assert "its value is not given out" in row


def test_a_whole_environment_manager_moves_where_its_organization_allows_it(files: Sandbox) -> None:
    with files.change() as state:
        state["secrets_fetching"] = True
        state["deployments"].append({"id": "dep-2", "name": "dev", "workspace_id": "ws-1", "variables": []})
    for source in ("variables.json", "connections.json"):
        merge(files, source, "env-manager:deployment/dep-1")
    result = merge(files, "env-manager:deployment/dep-1", "env-manager:deployment/dep-2", "--with-secrets")
    assert result.code == 0
    moved = [each for each in files.state["environment_objects"] if each["scopeEntityId"] == "dep-2"]
    assert json.dumps(moved).count(PLANTED) == json.dumps(files.state["environment_objects"]).count(PLANTED) / 2


def test_secrets_that_are_not_allowed_end_it_with_the_way_out(files: Sandbox) -> None:
    result = files.run("list", "env-manager:deployment/dep-1", "--with-secrets")
    assert result.code == 4
    assert "Environment Secrets Fetching" in result.stderr


# --- descriptions of the local Airflow's variables ---

DESCRIBED = ["variables.json", "airflow:deployment/dep-1", "env-manager:deployment/dep-1"]


@pytest.fixture
def described(sandbox: Sandbox) -> Sandbox:
    """Return a project whose local Airflow describes one of its variables."""
    sandbox.set_airflow({"Mixed": "x", "plain": "y"}, descriptions={"Mixed": "why"})
    return sandbox


def descriptions(sandbox: Sandbox, place: str) -> dict[str, str | None]:
    """Return the description of each variable that a place holds."""
    if place.startswith("env-manager:"):
        return {each["objectKey"]: each.get("description") or None for each in sandbox.objects()}
    if place == "variables.json":
        entries = json.loads((sandbox.project / place).read_text())
        return {key: entry["description"] if isinstance(entry, dict) else None for key, entry in entries.items()}
    return {key: description for key, (_, description) in sandbox.metadata("dep-1")["variables"].items()}


def exports(sandbox: Sandbox) -> int:
    return len(sandbox.calls("dev run variables export"))


@pytest.mark.parametrize("place", DESCRIBED)
def test_a_description_of_local_airflow_goes_where_there_are_descriptions(described: Sandbox, place: str) -> None:
    assert merge(described, "airflow:", place).code == 0
    assert descriptions(described, place) == {"Mixed": "why", "plain": None}
    assert exports(described) == 1


def test_a_description_is_added_where_only_it_is_missing(described: Sandbox) -> None:
    (described.project / "variables.json").write_text('{"Mixed": "x", "plain": "y"}')
    result = merge(described, "airflow:", "variables.json", "--json")
    changes = json.loads(result.stdout)["places"][1]["changes"]
    assert {change["id"]: change["action"] for change in changes} == {"Mixed": "update", "plain": "unchanged"}
    assert descriptions(described, "variables.json") == {"Mixed": "why", "plain": None}


def test_a_description_is_named_where_variables_have_none(described: Sandbox) -> None:
    result = merge(described, "airflow:", "airflow_settings.yaml", "--json")
    (_, written) = json.loads(result.stdout)["places"]
    assert [(warning["code"], warning["key"]) for warning in written["warnings"]] == [
        ("description-lost", "AIRFLOW_VAR_MIXED")
    ]
    assert exports(described) == 1


def test_no_description_is_asked_for_where_there_is_no_place_for_it(described: Sandbox) -> None:
    assert merge(described, "airflow:", ".env").code == 0
    assert merge(described, "airflow:", "connections.json").code == 0
    assert described.run("local-to-deploy", "-d", "dep-1", "--yes").code == 0
    assert exports(described) == 0


@pytest.mark.parametrize("place", DESCRIBED)
def test_a_description_that_cannot_be_known_is_named_and_the_value_carried(described: Sandbox, place: str) -> None:
    described.fault("crash", command="dev run variables export", exit=1)
    result = merge(described, "airflow:", place, "--json")
    assert result.code == 0
    warnings = json.loads(result.stdout)["warnings"]
    assert {(warning["code"], warning["key"]) for warning in warnings} == {
        ("description-unknown", "AIRFLOW_VAR_MIXED"),
        ("description-unknown", "AIRFLOW_VAR_PLAIN"),
    }
    assert descriptions(described, place) == {"Mixed": None, "plain": None}


def test_undo_marks_json_that_the_api_has_dumped_anew(sandbox: Sandbox) -> None:
    there = "airflow:deployment/dep-1"
    sandbox.set_metadata("dep-1", {"n": "42", "j": '{"a":  1}', "t": "text"})
    sandbox.write_env("AIRFLOW_VAR_N=7\nAIRFLOW_VAR_J=8\nAIRFLOW_VAR_T=9\n")
    assert merge(sandbox, ".env", there, "--on-conflict", "overwrite").code == 0
    undone = sandbox.run("undo", "--yes")
    assert undone.code == 0, undone
    assert stored(sandbox, there) == {"n": "42", "j": '{"a": 1}', "t": "text"}
    marked = {line.split()[0] for line in undone.stdout.splitlines() if texts.REASONS[Reason.RESPELLED] in line}
    assert marked == {"AIRFLOW_VAR_N", "AIRFLOW_VAR_J"}
