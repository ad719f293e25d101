"""`list --effective` as it is typed: which store on a Deployment answers for each key."""

import pytest

from e2e.runs import document
from hardening.planting import Search, assert_nothing_shown
from sandbox import Json, Sandbox

PLANTED = ("pl4nted-manager", "pl4nted-variable", "pl4nted-database", "pl4nted-secret", "pl4nted-password")
SEARCH = Search(PLANTED)
TARGETS = '[targets.prod]\ndeployment_name = "prod"\n[targets.other]\ndeployment_id = "nowhere"\n'


@pytest.fixture
def stores(sandbox: Sandbox) -> Sandbox:
    """Return a Deployment of which three stores hold keys of the same name."""
    (sandbox.project / ".astro-sync.toml").write_text(TARGETS)
    sandbox.add_object("airflow-variable", "x", {"value": "pl4nted-manager", "isSecret": False}, deployment_id="dep-1")
    sandbox.set_variable("AIRFLOW_VAR_X", "pl4nted-variable")
    sandbox.set_variable("AIRFLOW_VAR_Y", "pl4nted-secret", secret=True)
    sandbox.set_variable("OWN", "pl4nted-variable")
    connection = {"conn_type": "http", "host": "h", "password": "pl4nted-password"}
    sandbox.set_metadata("dep-1", {"x": "pl4nted-database", "y": "pl4nted-database"}, {"pg": connection})
    return sandbox


def rows(found: Json) -> dict[str, tuple[list[str], str | None]]:
    return {each["key"]: (each["held_by"], each["wins"]) for each in found["objects"]}


@pytest.mark.parametrize("named", ["@prod", "deployment:@prod", "deployment:dep-1", "dep-1"])
def test_each_key_has_its_stores_in_the_order_of_look_up_and_the_winner(stores: Sandbox, named: str) -> None:
    result = stores.run("list", "--effective", named, "--json")
    found = document(result)
    assert (result.code, found["not_read"]) == (0, [])
    assert rows(found) == {
        "AIRFLOW_CONN_PG": (["airflow"], "airflow"),
        "AIRFLOW_VAR_X": (["env-manager", "deployment", "airflow"], "env-manager"),
        "AIRFLOW_VAR_Y": (["deployment", "airflow"], "deployment"),
        "OWN": (["deployment"], "deployment"),
    }
    assert [place["kind"] for place in found["places"]] == ["env-manager", "deployment", "airflow"]
    assert stores.writing_calls() == []
    assert_nothing_shown(stores, result, search=SEARCH)


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_X", "[xX]"])
def test_one_key_alone(stores: Sandbox, key: str) -> None:
    found = document(stores.run("list", "--effective", "@prod", key, "--json"))
    assert rows(found) == {"AIRFLOW_VAR_X": (["env-manager", "deployment", "airflow"], "env-manager")}


@pytest.mark.parametrize("words", [(), ("--format", "markdown")])
def test_the_table_marks_the_winner(stores: Sandbox, words: tuple[str, ...]) -> None:
    result = stores.run("list", "--effective", "@prod", "AIRFLOW_VAR_X", *words)
    row = next(line for line in result.stdout.splitlines() if " variable " in line)
    assert (result.code, row.replace("\\", "").removeprefix("- ").split()) == (
        0,
        ["x", "variable", "*", "wins", "held", "held"],
    )
    assert_nothing_shown(stores, result, search=SEARCH)


@pytest.mark.parametrize(
    ("command", "missing"), [("api airflow", "airflow"), ("api cloud", "env-manager"), ("deployment", "deployment")]
)
def test_a_store_that_cannot_be_read_is_said_and_the_others_are_shown(
    stores: Sandbox, command: str, missing: str
) -> None:
    if missing == "deployment":
        stores.fault("offline", command=command)
    else:
        stores.fault("http-status", command=command, status=403)
    result = stores.run("list", "--effective", "deployment:dep-1", "--json")
    found = document(result)
    assert (result.code, [each["store"] for each in found["not_read"]]) == (0, [missing])
    assert found["objects"]
    assert all(missing not in each["held_by"] for each in found["objects"])
    shown = stores.run("list", "--effective", "deployment:dep-1")
    assert " not read: " in shown.stdout
    assert_nothing_shown(stores, shown, search=SEARCH)


def test_where_no_store_can_be_read_the_run_has_failed(stores: Sandbox) -> None:
    stores.log_out(context=False)
    assert stores.run("list", "--effective", "@prod").code == 4


def test_a_backend_that_the_deployment_has_and_nothing_here_tells_of_is_said(stores: Sandbox) -> None:
    stores.set_variable("AIRFLOW__SECRETS__BACKEND", "airflow.providers.hashicorp.secrets.vault.VaultBackend")
    result = stores.run("list", "--effective", "@prod", "--json")
    found = document(result)
    assert [each["store"] for each in found["not_read"]] == ["backend"]
    assert "[targets.prod]" in found["not_read"][0]["hint"]


def test_a_configured_backend_that_cannot_be_reached_is_said(stores: Sandbox) -> None:
    stores.write_env("A=1\n", ".env.prod")
    (stores.project / ".astro-sync.toml").write_text(
        TARGETS.replace("[targets.other]", 'backend = ".env.prod"\n[targets.other]')
    )
    result = stores.run("list", "--effective", "@prod", "--json")
    assert (result.code, [each["store"] for each in document(result)["not_read"]]) == (0, ["backend"])


@pytest.mark.parametrize("named", ["airflow:", "backend:@prod", "@nobody", "env-manager:@prod"])
def test_what_names_no_deployment_is_a_usage_error(stores: Sandbox, named: str) -> None:
    assert stores.run("list", "--effective", named).code == 2


def test_a_key_narrows_any_list(stores: Sandbox) -> None:
    found = document(stores.run("list", "deployment:dep-1", "OWN", "--json"))
    assert [each["key"] for each in found["objects"]] == ["OWN"]
