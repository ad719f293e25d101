"""The commands over secrets backends, as they are typed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from places.backends.counterparts import Counterpart, GoogleCounterpart, VaultCounterpart
from places.backends.settings_of import settings_of
from sandbox import Json, Sandbox
from services.server import Request

pytestmark = pytest.mark.stores
SECRET = "pl4nted-p4ss"
VALUES = f"AIRFLOW_VAR_OLD=new\nAIRFLOW_VAR_X=plain\nAIRFLOW_CONN_PG=postgres://u:{SECRET}@h/db\nOTHER=1\n"


@pytest.fixture
def backend(counterpart: Counterpart, sandbox: Sandbox) -> Counterpart:
    """Let the project's `.env` configure a store, and hold values beside."""
    return configure(counterpart, sandbox)


@pytest.fixture
def vault(no_own_login: None, sandbox: Sandbox) -> Iterator[VaultCounterpart]:
    del no_own_login
    with VaultCounterpart() as made:
        configure(made, sandbox)
        yield made


def configure(counterpart: Counterpart, sandbox: Sandbox) -> Counterpart:
    lines = "".join(f"{name}='{text}'\n" for name, text in settings_of(counterpart).items())
    sandbox.write_env(lines + VALUES)
    sandbox.environment.update(counterpart.environ)
    return counterpart


def changes(document: Json) -> dict[str, Json]:
    place = next(place for place in document["places"] if place["role"] == "destination")
    return {change["key"]: change for change in place["changes"] if change["kind"] != "environment"}


def test_an_env_file_goes_into_the_backend_and_a_second_run_writes_nothing(
    backend: Counterpart, sandbox: Sandbox
) -> None:
    first = sandbox.run("merge", ".env", "backend:", "--yes", "--json")
    assert first.code == 0, first.stderr
    found = changes(json.loads(first.stdout))
    assert {key: change["result"] for key, change in found.items()} == dict.fromkeys(found, "done")
    assert found["AIRFLOW_VAR_X"]["remote_name"] == backend.name("x")
    assert all(change["secret"] for change in found.values())
    backend.service.calls.clear()
    second = sandbox.run("merge", ".env", "backend:", "--yes", "--json")
    assert second.code == 0
    assert {change["action"] for change in changes(json.loads(second.stdout)).values()} == {"unchanged"}
    assert backend.service.writes() == []
    diff = sandbox.run("diff", ".env", "backend:", "--exit-code")
    assert diff.code == 0
    listed = sandbox.run("list", "backend:", "--json")
    assert [row["id"] for row in json.loads(listed.stdout)["objects"]] == ["pg", "old", "x"]
    shown = "".join(result.stdout + result.stderr for result in (first, second, diff, listed))
    assert SECRET not in shown


def test_the_plan_shows_the_exact_names_and_asks_nothing_of_the_store_but_to_read(
    backend: Counterpart, sandbox: Sandbox
) -> None:
    result = sandbox.run("merge", ".env", "backend:", "--dry-run")
    assert result.code == 0
    assert backend.name("x") in result.stdout
    assert backend.service.writes() == []


def test_without_a_confirmation_nothing_is_written(backend: Counterpart, sandbox: Sandbox) -> None:
    result = sandbox.run("merge", ".env", "backend:")
    assert result.code == 2
    assert backend.service.writes() == []


def test_what_differs_is_a_conflict_and_no_value_is_shown(backend: Counterpart, sandbox: Sandbox) -> None:
    backend.put("old", SECRET)
    result = sandbox.run("merge", ".env", "backend:", "--yes")
    assert result.code == 3
    assert "AIRFLOW_VAR_OLD" in result.stdout
    assert SECRET not in result.stdout + result.stderr
    assert backend.get("old") == SECRET


def test_a_backend_comes_into_files_by_its_ids(backend: Counterpart, sandbox: Sandbox) -> None:
    backend.put("Mixed_Case" if backend.vendor != "azurekeyvault" else "mixed-case", "kept")
    result = sandbox.run("merge", "backend:", "variables.json")
    assert result.code == 0, result.stderr
    held = json.loads((sandbox.project / "variables.json").read_text())
    assert held == {("Mixed_Case" if backend.vendor != "azurekeyvault" else "mixed_case"): "kept"}


def test_a_change_meanwhile_is_never_done(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.put("old", "o")

    def interfere(_request: Request) -> None:
        vault.put("old", "theirs")

    vault.service.fail("POST /v1/secret/data/variables/old", interfere, times=1)
    result = sandbox.run("merge", ".env", "backend:", "--yes", "--on-conflict", "overwrite", "--json")
    found = changes(json.loads(result.stdout))
    assert result.code == 6
    assert found["AIRFLOW_VAR_OLD"]["result"] == "other-value"
    assert found["AIRFLOW_VAR_X"]["result"] == "done"
    assert vault.get("old") == "theirs"


def test_a_key_that_cannot_be_there_is_left_out_by_partial(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    lines = "".join(f"{name}='{text}'\n" for name, text in settings_of(vault, {"connections_path": None}).items())
    sandbox.write_env(lines + VALUES)
    assert sandbox.run("merge", ".env", "backend:", "--yes").code == 3
    assert vault.service.writes() == []
    result = sandbox.run("merge", ".env", "backend:", "--yes", "--partial", "--json")
    assert result.code == 7
    assert changes(json.loads(result.stdout))["AIRFLOW_CONN_PG"]["reason"]["code"] == "kind-off"
    assert (vault.get("x"), vault.vault.fields("connections/pg")) == ("plain", None)


@pytest.mark.parametrize("token", ["", "expired"])
def test_without_a_login_it_ends_as_unusable(vault: VaultCounterpart, sandbox: Sandbox, token: str) -> None:
    sandbox.environment["VAULT_TOKEN"] = token
    result = sandbox.run("merge", ".env", "backend:", "--yes", "--json")
    document = json.loads(result.stdout)
    assert result.code == 4
    assert "VAULT_TOKEN" in document["error"]["hint"]
    assert vault.service.writes() == []


def test_a_secret_in_an_address_is_a_usage_error_that_does_not_show_it(sandbox: Sandbox) -> None:
    result = sandbox.run("list", f"vault:secret?token={SECRET}")
    assert result.code == 2
    assert SECRET not in result.stdout + result.stderr


def test_one_backend_goes_into_another(vault: VaultCounterpart, google_key: Path, sandbox: Sandbox) -> None:
    with GoogleCounterpart(google_key) as google:
        sandbox.environment.update(google.environ)
        vault.put("Mixed_Case", "kept")
        vault.vault.put("connections/pg", conn_type="postgres", host="h", password=SECRET)
        address = f"vault:secret?url={vault.kwargs['url']}"
        result = sandbox.run("merge", address, "gcpsecrets:demo", "--yes", "--json")
        assert result.code == 0, result.stderr
        assert google.get("Mixed_Case") == "kept"
        stored = json.loads(google.google.text("airflow-connections-pg") or "")
        assert stored == {"conn_type": "postgres", "host": "h", "password": SECRET}
        assert SECRET not in result.stdout + result.stderr


def test_one_prefix_goes_into_another_of_the_same_store(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.put("x", "of dev")
    source = f"vault:secret?url={vault.kwargs['url']}"
    destination = f"{source}&variables_path=prod/variables&connections_path=prod/connections"
    assert sandbox.run("merge", source, destination, "--yes").code == 0
    assert vault.vault.fields("prod/variables/x") == {"value": "of dev"}


def test_undo_puts_the_old_value_back(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.put("old", "before")
    assert sandbox.run("merge", ".env", "backend:", "--yes", "--on-conflict", "overwrite").code == 0
    assert vault.get("old") == "new"
    assert sandbox.run("undo", "--yes").code == 0
    assert vault.get("old") == "before"


def test_doctor_says_by_which_login_the_backend_is_read(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    checks = {row["name"]: row for row in json.loads(sandbox.run("doctor", "--json").stdout)["checks"]}
    assert checks["backend"]["state"] == "ok"
    assert "VAULT_TOKEN" in checks["backend"]["message"]
    vault.vault.policies["root"] = []
    checks = {row["name"]: row for row in json.loads(sandbox.run("doctor", "--json").stdout)["checks"]}
    assert checks["backend"]["state"] == "warning"


@pytest.mark.parametrize(
    "spelling", ["@prod", "@other", ".env.prod", "../project/.env.prod", "link.env", "{project}/.env.prod"]
)
def test_the_backend_of_a_protected_target_is_protected_by_any_path_to_its_file(
    vault: VaultCounterpart, sandbox: Sandbox, spelling: str
) -> None:
    (sandbox.project / ".env.prod").write_text(sandbox.read_env())
    (sandbox.project / "link.env").symlink_to(".env.prod")
    (sandbox.project / ".astro-sync.toml").write_text(
        "[targets.prod]\ndeployment_id = 'dep-1'\nprotected = true\nbackend = '.env.prod'\n"
        "[targets.other]\ndeployment_id = 'dep-2'\nbackend = './.env.prod'\n"
    )
    result = sandbox.run("merge", ".env", f"backend:{spelling.format(project=sandbox.project)}", "--yes")
    assert result.code == 2, result
    assert "--yes-protected prod" in result.stderr
    assert vault.service.writes() == []


def test_a_login_in_the_address_of_a_server_is_not_shown(sandbox: Sandbox, no_own_login: None) -> None:
    del no_own_login
    sandbox.environment["VAULT_ADDR"] = f"http://me:{SECRET}@127.0.0.1:1"
    sandbox.environment["VAULT_TOKEN"] = "t"
    result = sandbox.run("list", "vault:secret", "--json", "--timeout", "5")
    assert result.code == 4
    assert "http://127.0.0.1:1" in result.stdout
    assert SECRET not in result.stdout + result.stderr
