"""No value shows where a Deployment's stores are written side by side, or listed in the order of look-up."""

import pytest

from planting import Search, assert_nothing_shown
from sandbox import Sandbox

KEY = "-----BEGIN PRIVATE KEY-----\npl4nted-key\n-----END PRIVATE KEY-----\n"
TEXT = "pl4nted-first\npl4nted-second"
THERE = ("pl4nted-manager", "pl4nted-variable", "pl4nted-secret", "pl4nted-database", "pl4nted-password")
SEARCH = Search((KEY, TEXT, "pl4nted-key", "pl4nted-first", "pl4nted-second", *THERE))
FORMATS = [(), ("--json",), ("--format", "markdown"), ("--verbose",)]


@pytest.fixture
def planted(sandbox: Sandbox) -> Sandbox:
    """Return a project and a Deployment with values in each of its stores."""
    sandbox.write_env(f'PLAIN=1\nCERTIFICATE="{KEY}"\nAIRFLOW_VAR_QUERY="{TEXT}"\n')
    manager, variable, secret, database, password = THERE
    sandbox.add_object("airflow-variable", "x", {"value": manager, "isSecret": False}, deployment_id="dep-1")
    sandbox.set_variable("AIRFLOW_VAR_X", variable)
    sandbox.set_variable("AIRFLOW_VAR_Y", secret, secret=True)
    connection = {"conn_type": "http", "host": "h", "password": password}
    sandbox.set_metadata("dep-1", {"x": database, "y": database}, {"pg": connection})
    return sandbox


@pytest.mark.long
@pytest.mark.parametrize("words", FORMATS)
@pytest.mark.parametrize("ends", [("--yes",), ("--dry-run",), ("--yes", "--line-breaks", "refuse")])
def test_nothing_shows_of_what_goes_into_the_environment_manager(
    planted: Sandbox, words: tuple[str, ...], ends: tuple[str, ...]
) -> None:
    sent = ("local-to-deploy", "--no-export", "-d", "dep-1", "--line-breaks", "env-manager")
    result = planted.run(*sent, *ends, *words)
    assert result.code == (3 if "refuse" in ends else 0)
    assert "prod" in result.stdout
    assert_nothing_shown(planted, result, search=SEARCH)


def test_nothing_shows_where_the_environment_manager_refuses_a_write(planted: Sandbox) -> None:
    # the answer repeats what was sent
    planted.fault("http-status", command="api cloud", nth=2, status=422, echo=True)
    sent = ("local-to-deploy", "--no-export", "-d", "dep-1", "--line-breaks", "env-manager", "--yes")
    result = planted.run(*sent)
    assert result.code != 0
    assert_nothing_shown(planted, result, search=SEARCH)


@pytest.mark.long
@pytest.mark.parametrize("words", FORMATS)
def test_nothing_shows_of_what_wins(planted: Sandbox, words: tuple[str, ...]) -> None:
    result = planted.run("list", "--effective", "deployment:dep-1", *words)
    assert result.code == 0
    assert "Environment Manager" in result.stdout
    assert_nothing_shown(planted, result, search=SEARCH)


def test_nothing_shows_of_a_store_that_answers_with_values_in_its_error(planted: Sandbox) -> None:
    planted.fault("http-status", command="api airflow", status=500, body="pl4nted-database pl4nted-password")
    result = planted.run("list", "--effective", "deployment:dep-1")
    assert result.code == 0
    assert_nothing_shown(planted, result, search=SEARCH)
