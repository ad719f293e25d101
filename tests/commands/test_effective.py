"""`list --effective`: which store of a Deployment Airflow takes a key from."""

import json

import pytest

from sandbox import Json, Result, Sandbox

PLANTED = "pl4nted"


@pytest.fixture
def stores(sandbox: Sandbox) -> Sandbox:
    """Return a Deployment with one key in every store but a backend, and one in each alone."""
    sandbox.set_variable("AIRFLOW_VAR_BOTH", PLANTED)
    sandbox.set_variable("AIRFLOW_VAR_ENV", PLANTED)
    with sandbox.change() as state:
        rows = [{"key": "Both", "val": PLANTED}, {"key": "database", "val": PLANTED}]
        state["deployments"][0]["airflow"] = {"variables": rows, "connections": []}
        state["environment_objects"] = [
            {
                "id": f"o-{key}",
                "objectKey": key,
                "objectType": "AIRFLOW_VARIABLE",
                "scope": "DEPLOYMENT",
                "scopeEntityId": "dep-1",
                "airflowVariable": {"value": PLANTED, "isSecret": False},
            }
            for key in ("both", "manager")
        ]
    return sandbox


def ask(sandbox: Sandbox, *words: str) -> Result:
    return sandbox.run("list", "--effective", *words)


def rows(result: Result) -> dict[str, Json]:
    return {row["key"]: row for row in json.loads(result.stdout)["effective"]}


def test_each_key_comes_from_the_first_store_that_airflow_asks(stores: Sandbox) -> None:
    result = ask(stores, "deployment:dep-1", "--json")
    found = rows(result)
    assert {key: (row["wins"], tuple(row["hidden"])) for key, row in found.items()} == {
        "AIRFLOW_VAR_BOTH": ("Environment Manager", ("environment variables", "metadata database")),
        "AIRFLOW_VAR_MANAGER": ("Environment Manager", ()),
        "AIRFLOW_VAR_ENV": ("environment variables", ()),
        "AIRFLOW_VAR_DATABASE": ("metadata database", ()),
    }
    assert result.code == 0


def test_one_key_can_be_asked_for_by_its_id(stores: Sandbox) -> None:
    result = ask(stores, "deployment:dep-1", "database")
    assert "metadata database" in result.stdout
    assert "MANAGER" not in result.stdout


def test_a_store_that_cannot_be_read_is_said_and_what_it_may_hide(stores: Sandbox) -> None:
    stores.fault("http-status", command="api cloud", status=403)
    result = ask(stores, "deployment:dep-1", "--json")
    assert rows(result)["AIRFLOW_VAR_ENV"]["unsure"] == ["Environment Manager"]
    assert "403" in json.loads(result.stdout)["unread"]["Environment Manager"]
    assert "Environment Manager not read" in ask(stores, "deployment:dep-1").stdout


def test_a_backend_that_nobody_can_read_here_is_said(stores: Sandbox) -> None:
    stores.set_variable("AIRFLOW__SECRETS__BACKEND", "airflow.providers.hashicorp.secrets.vault.VaultBackend")
    result = ask(stores, "deployment:dep-1", "--json")
    assert rows(result)["AIRFLOW_VAR_ENV"]["unsure"] == ["secrets backend"]
    assert set(json.loads(result.stdout)["unread"]) == {"secrets backend"}


def test_a_target_without_a_backend_is_read_without_one(stores: Sandbox) -> None:
    (stores.project / ".astro-sync.toml").write_text('[targets.prod]\ndeployment_id = "dep-1"\n')
    result = ask(stores, "@prod", "--json")
    assert json.loads(result.stdout)["unread"] == {}
    assert rows(result)["AIRFLOW_VAR_DATABASE"]["wins"] == "metadata database"


def test_no_value_is_shown(stores: Sandbox) -> None:
    for words in (("deployment:dep-1",), ("deployment:dep-1", "--json")):
        result = ask(stores, *words)
        assert PLANTED not in result.stdout + result.stderr


@pytest.mark.parametrize("place", ["airflow:", ".env:x", "env-manager:workspace/ws-1"])
def test_it_is_for_deployments(sandbox: Sandbox, place: str) -> None:
    assert ask(sandbox, place).code == 2


@pytest.mark.parametrize(("place", "code"), [("deployment:nope", 4), ("@prod", 2), (".env", 2), ("dep-1", 2)])
def test_what_names_no_deployment_is_an_error_and_no_empty_list(stores: Sandbox, place: str, code: int) -> None:
    result = ask(stores, place)
    assert (result.code, result.stdout) == (code, "")


def test_a_plain_variable_is_never_in_a_backend_that_could_not_be_read(stores: Sandbox) -> None:
    stores.set_variable("AIRFLOW__SECRETS__BACKEND", "some.Backend")
    stores.set_variable("OTHER", PLANTED)
    found = rows(ask(stores, "deployment:dep-1", "--json"))
    assert {key: bool(row["unsure"]) for key, row in found.items() if key in {"OTHER", "AIRFLOW_VAR_ENV"}} == {
        "OTHER": False,
        "AIRFLOW_VAR_ENV": True,
    }
