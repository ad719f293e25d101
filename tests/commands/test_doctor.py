"""`doctor` as it is typed: a line each, what to type next, the exit codes and the JSON."""

import re
from importlib.util import find_spec

import pytest

from runs import document, state_of
from sandbox import Result, Sandbox

LINE = re.compile(r"^(ok|warning|problem) +([a-z][a-z -]*[a-z]): (.+)$")
CONFIG = '[targets.prod]\ndeployment_id = "dep-1"\n[targets.gone]\ndeployment_id = "dep-9"\n'


@pytest.fixture
def well(sandbox: Sandbox) -> Sandbox:
    """Return a project in which nothing is missing."""
    sandbox.write_env("A=1\n")
    (sandbox.project / ".dockerignore").write_text(".env\n.env.*\n")
    return sandbox


def states(result: Result) -> dict[str, str]:
    found = [LINE.match(line) for line in result.stdout.splitlines()[:-1]]
    assert all(found), result.stdout
    return {match[2]: match[1] for match in found if match}


def test_a_project_that_is_well_has_an_ok_line_for_each_thing_and_exit_0(well: Sandbox) -> None:
    (well.project / ".astro-sync.toml").write_text('[targets.prod]\ndeployment_id = "dep-1"\n')
    before = state_of(well)
    result = well.run("doctor")
    assert result.code == 0, result.stdout
    assert set(states(result).values()) == {"ok"}
    for name in ("astro", "version", "login", "project", "local-mode", "airflow", "config", "target prod"):
        assert name in states(result)
    for name in ("env-ignored-by-git", "env-ignored-by-docker", "env-permissions"):
        assert name in states(result)
    assert result.stderr == ""
    assert state_of(well) == before
    assert well.writing_calls() == []


@pytest.mark.parametrize(
    ("fault", "name", "say"),
    [
        ("no-context", "login", "astro login"),
        ("not-running", "airflow", "astro dev start"),
        ("offline", "login", "connection"),
    ],
)
def test_a_cli_that_cannot_be_used_is_4_with_what_to_type(well: Sandbox, fault: str, name: str, say: str) -> None:
    well.fault(fault)
    result = well.run("doctor")
    assert result.code == 4
    line = next(line for line in result.stdout.splitlines() if f" {name}: " in line)
    assert line.startswith("problem")
    assert say in line.partition("->")[2]


def test_without_an_astro_it_is_4_and_the_rest_is_told_all_the_same(well: Sandbox) -> None:
    result = well.run("doctor", env={"PATH": str(well.temporary)})
    assert result.code == 4
    assert states(result)["astro"] == "problem"
    assert {"env-permissions", "config"} <= set(states(result))


def test_a_version_that_is_too_old_says_from_which_on_it_would_do(well: Sandbox) -> None:
    with well.change() as state:
        state["cli_version"] = "1.11.0"
    result = well.run("doctor")
    assert result.code == 4
    line = next(line for line in result.stdout.splitlines() if " version: " in line)
    assert re.search(r"needs \d+\.\d+ or later", line)


def test_outside_a_project_it_is_4(well: Sandbox) -> None:
    (well.project / ".astro" / "config.yaml").unlink()
    result = well.run("doctor")
    assert result.code == 4
    assert states(result)["project"] == "problem"
    assert "astro dev init" in result.stdout


def test_any_other_problem_is_5(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    result = sandbox.run("doctor")
    assert result.code == 5
    assert {name for name, state in states(result).items() if state != "ok"} == {"env-ignored-by-docker"}
    assert "astro-sync init" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 problem, 0 warnings."


def test_a_warning_alone_is_no_problem(well: Sandbox) -> None:
    (well.project / ".env").chmod(0o644)
    result = well.run("doctor")
    assert result.code == 0
    assert states(result)["env-permissions"] == "warning"
    assert "chmod 600 .env" in result.stdout


def test_a_config_that_is_not_valid_is_one_of_its_lines(well: Sandbox) -> None:
    (well.project / ".astro-sync.toml").write_text("[targets.prod]\ndeploymentid = 'x'\n")
    result = well.run("doctor")
    assert result.code == 5
    line = next(line for line in result.stdout.splitlines() if " config: " in line)
    assert line.startswith("problem")
    assert "Did you mean deployment_id?" in line


def test_each_target_is_looked_at(well: Sandbox) -> None:
    (well.project / ".astro-sync.toml").write_text(CONFIG)
    result = well.run("doctor")
    assert result.code == 4
    assert states(result)["target prod"] == "ok"
    assert states(result)["target gone"] == "problem"


@pytest.mark.parametrize(
    ("text", "count"), [("", "0 variables"), ("A=1\n", "1 variable"), ("A=1\nB=2\n", "2 variables")]
)
def test_variables_are_counted(well: Sandbox, text: str, count: str) -> None:
    well.write_env(text)
    (well.project / ".astro-sync.toml").write_text('[targets.prod]\ndeployment_id = "dep-1"\n')
    for line in text.splitlines():
        well.set_variable(*line.split("="))
    lines = [line for line in well.run("doctor").stdout.splitlines() if "can be read" in line]
    assert [line.partition("; ")[2] for line in lines] == [f"{count}."] * 2


def test_the_json_has_the_checks_beside_the_rest(well: Sandbox) -> None:
    (well.project / ".astro-sync.toml").write_text(CONFIG)
    result = well.run("doctor", "--json")
    found = document(result)
    assert (found["command"], found["exit_code"], result.code, found["error"]) == ("doctor", 4, 4, None)
    assert found["places"] == []
    by_name = {check["name"]: check for check in found["checks"]}
    assert {check["state"] for check in by_name.values()} <= {"ok", "warning", "problem"}
    assert by_name["target gone"]["state"] == "problem"
    assert all(check["next"] for check in by_name.values() if check["state"] != "ok")
    assert result.stderr == ""


def test_every_line_that_is_not_ok_says_what_to_type_next(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n").chmod(0o644)
    sandbox.fault("not-running")
    sandbox.fault("no-context")
    (sandbox.project / ".astro-sync.toml").write_text("[defualts]\n")
    result = sandbox.run("doctor")
    bad = [line for line in result.stdout.splitlines()[:-1] if not line.startswith("ok")]
    assert len(bad) >= 5
    assert all("  -> " in line for line in bad)


def test_no_value_is_shown(well: Sandbox) -> None:
    well.write_env("A=planted-1\nA=planted-2\n")
    well.set_variable("B", "planted-3")
    (well.project / ".astro-sync.toml").write_text(CONFIG)
    for words in ((), ("--json",), ("-v",)):
        result = well.run("doctor", *words)
        assert "planted" not in result.stdout + result.stderr


def test_nothing_is_asked_on_a_terminal(well: Sandbox) -> None:
    result = well.run("doctor", tty=True)
    assert result.code == 0
    assert "[y/N]" not in result.stdout


def test_a_file_that_local_airflow_would_reject_is_a_problem(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\nB='planted\n")
    result = sandbox.run("doctor", "--json")
    (found,) = (check for check in document(result)["checks"] if check["name"] == "env")
    assert (found["state"], result.code) == ("problem", 5)
    assert ".env:2" in found["message"]
    assert "planted" not in result.stdout


BACKEND = "airflow.providers.hashicorp.secrets.vault.VaultBackend"


NO_VAULT = "No Vault server is named" if find_spec("hvac") else "astro-sync[vault]"


@pytest.mark.parametrize(
    ("text", "state", "said"),
    [
        (f"AIRFLOW__SECRETS__BACKEND={BACKEND}\n", "warning", NO_VAULT),
        ("AIRFLOW__SECRETS__BACKEND=my.own.Backend\n", "warning", "my.own.Backend"),
        ("A=1\n", None, ""),
    ],
)
def test_a_secrets_backend_that_hides_what_is_synced_is_told(
    sandbox: Sandbox, text: str, state: str | None, said: str
) -> None:
    sandbox.write_env(text)
    found = [check for check in document(sandbox.run("doctor", "--json"))["checks"] if "backend" in check["name"]]
    assert [check["state"] for check in found] == ([state] if state else [])
    assert all(said in str(check) for check in found)


def test_it_tells_how_many_secrets_are_remembered_as_sent(sandbox: Sandbox) -> None:
    assert "receipts: Receipts of sent secrets: 0." in sandbox.run("doctor").stdout
    sandbox.write_env("MY_TOKEN=planted\n")
    sandbox.run("local-to-deploy", "--no-export", "-d", "dep-1", "--yes")
    assert "receipts: Receipts of sent secrets: 1." in sandbox.run("doctor").stdout
