"""`diff`: `.env` against Deployments, key by key; nothing is changed, nothing is asked, no value is shown."""

import re

import pytest

from e2e.runs import backups, document, env_changes, target, targets, world
from sandbox import Result, Sandbox


@pytest.fixture
def both(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with a key for each word that a comparison has."""
    sandbox.write_env("HERE=planted-1\nDIFFERS=planted-2\nSAME='planted 3'\nMY_SECRET=planted-4\nUNSET=****\n")
    sandbox.set_variable("THERE", "planted-5")
    sandbox.set_variable("DIFFERS", "planted-6")
    sandbox.set_variable("SAME", "planted 3")
    sandbox.set_variable("MY_SECRET", "planted-4", secret=True)
    sandbox.set_variable("THEIR_SECRET", "planted-7", secret=True)
    return sandbox


def diff(sandbox: Sandbox, *words: str, tty: bool = False) -> Result:
    named = () if {"-d", "-n", "-t"} & set(words) else ("-d", "dep-1")
    return sandbox.run("diff", *named, *words, tty=tty)


def rows(result: Result) -> dict[str, str]:
    """Return {key: the words behind it} of the printed table, without signs and columns of one word."""
    found = {}
    for line in result.stdout.splitlines():
        for key in ("HERE", "THERE", "DIFFERS", "SAME", "MY_SECRET", "THEIR_SECRET"):
            if f" {key} " in line:
                found[key] = line.partition(f" {key} ")[2].strip()
    return found


def test_each_key_is_called_by_its_word(both: Sandbox) -> None:
    shown = rows(diff(both, "--verbose"))
    assert {key: re.split(r"\s{2,}", text)[0] for key, text in shown.items()} == {
        "HERE": "only here",
        "THERE": "only there",
        "DIFFERS": "different",
        "SAME": "same",
        "MY_SECRET": "unknown (secret)",
        "THEIR_SECRET": "only there",
    }


def test_what_is_the_same_is_only_counted_without_verbose(both: Sandbox) -> None:
    result = diff(both)
    assert "SAME" not in rows(result)
    assert "1 same" in result.stdout
    assert {"HERE", "THERE", "DIFFERS", "MY_SECRET"} <= set(rows(result))


def test_the_last_line_counts(both: Sandbox) -> None:
    last = diff(both).stdout.splitlines()[-1]
    for words in ("1 only here", "1 different", "1 same"):
        assert words in last


def test_no_value_is_shown_but_what_differs_has_two_fingerprints(both: Sandbox) -> None:
    result = diff(both, "-v")
    assert "planted" not in result.stdout + result.stderr
    assert " there, " in rows(result)["DIFFERS"]


@pytest.mark.parametrize("words", [(), ("--exit-code",), ("--json",), ("--export",), ("-v",), ("-q",)])
def test_nothing_is_changed(both: Sandbox, words: tuple[str, ...]) -> None:
    both.set_airflow({"new": "1"})
    before = world(both)
    assert diff(both, *words).code in {0, 5}
    assert world(both) == before
    assert both.writing_calls() == []
    assert not list(both.state_home.rglob("*"))
    assert not list(both.temporary.iterdir())


@pytest.mark.parametrize(
    ("text", "there", "words", "code"),
    [
        ("A=1\n", {"A": "1"}, ("--exit-code",), 0),
        ("A=1\n", {"A": "2"}, ("--exit-code",), 5),
        ("A=1\n", {"A": "2"}, (), 0),
        ("A=1\nB=2\n", {"A": "1"}, ("--exit-code",), 5),
        ("A=1\n", {"A": "1", "B": "2"}, ("--exit-code", "--exclude", "B"), 0),
        ("A=1\nB=2\n", {"A": "1"}, ("--exit-code", "--include", "A"), 0),
    ],
    ids=["same", "different", "different, not asked", "only here", "left out", "only the same"],
)
def test_exit_code_gives_5_on_a_difference(
    sandbox: Sandbox, text: str, there: dict[str, str], words: tuple[str, ...], code: int
) -> None:
    sandbox.write_env(text)
    for key, value in there.items():
        sandbox.set_variable(key, value)
    assert diff(sandbox, *words).code == code


def test_the_json_has_the_actions_of_a_sync(both: Sandbox) -> None:
    result = diff(both, "--json", "--exit-code")
    found = document(result)
    assert (result.code, found["exit_code"], found["command"], found["dry_run"]) == (5, 5, "diff", True)
    assert (env_changes(found), found["error"], backups(found)) == ([], None, [])
    assert targets(found)[0]["applied"] is False
    assert target(found)["HERE"] == "create"
    assert target(found)["THERE"] == "destination-only"
    assert target(found)["DIFFERS"] == "update"
    assert target(found)["SAME"] == "unchanged"
    assert target(found)["MY_SECRET"] == "secret-kept"
    assert target(found)["THEIR_SECRET"] == "destination-only"
    assert result.stderr == ""


def test_without_export_local_airflow_is_not_asked(both: Sandbox) -> None:
    both.set_airflow({"new": "1"})
    diff(both)
    assert both.calls("dev object export") == []
    assert both.calls("dev run") == []


def test_with_export_the_metadata_database_is_compared_too(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"in_db": "planted-1", "both": "planted-2"}, {"pg": "postgres://u:planted@db.example.com"})
    sandbox.write_env("AIRFLOW_VAR_BOTH=planted-3\nIN_FILE=planted-4\n")
    sandbox.set_variable("AIRFLOW_VAR_IN_DB", "planted-1")
    result = diff(sandbox, "--export", "--json", "--exit-code")
    found = document(result)
    assert result.code == 5
    assert {change["key"]: change["action"] for change in env_changes(found)} == {
        "AIRFLOW_VAR_IN_DB": "create",
        "AIRFLOW_VAR_BOTH": "update",
        "AIRFLOW_CONN_PG": "create",
        "IN_FILE": "destination-only",
    }
    assert target(found)["AIRFLOW_VAR_IN_DB"] == "unchanged"
    assert target(found)["AIRFLOW_CONN_PG"] == "create"
    assert "planted" not in result.stdout + result.stderr


def test_a_missing_file_is_an_error_but_not_with_export(sandbox: Sandbox) -> None:
    result = diff(sandbox)
    assert result.code == 2
    assert ".env" in result.stderr
    sandbox.set_airflow({"a": "1"})
    assert diff(sandbox, "--export").code == 0
    assert not (sandbox.project / ".env").exists()


def test_a_value_that_could_not_be_sent_can_still_be_compared(sandbox: Sandbox) -> None:
    sandbox.write_env('A="one\\ntwo"\nB="one\\ntwo"\n')
    sandbox.set_variable("A", "one\ntwo")
    result = diff(sandbox, "--json")
    assert target(document(result)) == {"A": "unchanged", "B": "create"}
    assert result.code == 0


def test_two_deployments_are_one_report(both: Sandbox) -> None:
    both.add_deployment("dep-2", "stage")
    result = diff(both, "-d", "dep-1", "-n", "stage", "--exit-code")
    assert result.code == 5
    assert "Deployment prod (dep-1):" in result.stdout
    assert "Deployment stage (dep-2):" in result.stdout


def test_quiet_prints_nothing_where_nothing_is_wrong(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("B", "2")
    result = diff(sandbox, "-q", "--exit-code")
    assert (result.code, result.stdout, result.stderr) == (5, "", "")


def test_equal_sides_say_so(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "1")
    result = diff(sandbox)
    assert (result.code, result.stdout.splitlines()[-1]) == (0, "1 same.")


def test_nothing_is_asked_on_a_terminal(both: Sandbox) -> None:
    result = diff(both, tty=True)
    assert result.code == 0
    assert "?" not in result.stdout
    assert "[y/N]" not in result.stdout


@pytest.mark.parametrize("option", ["--yes", "--dry-run", "--on-conflict", "--partial", "--no-backup"])
def test_what_only_makes_sense_where_something_is_changed_is_no_option(sandbox: Sandbox, option: str) -> None:
    result = diff(sandbox, option)
    assert result.code == 2
    assert option in result.stderr
