"""`diff`: `.env` against Deployments, key by key; nothing is changed, nothing is asked, no value is shown."""

import re

import pytest

from runs import backups, document, state_of, target, targets
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
    """Return {key: the mark and the word behind it} of the printed table."""
    found = [re.match(r"([A-Z_]+) +(\S \w+(?: \w+)?)", line) for line in result.stdout.splitlines()]
    return {match[1]: match[2] for match in found if match}


def test_each_key_is_called_by_its_mark_and_word(both: Sandbox) -> None:
    assert rows(diff(both, "--verbose")) == {
        "HERE": "\u2013 missing",
        "THERE": "+ only there",
        "DIFFERS": "≠ different",
        "SAME": "= the same",
        "MY_SECRET": "* not known",
        "THEIR_SECRET": "+ only there",
        "UNSET": "\u2013 missing",
    }


def test_what_is_the_same_is_only_counted_without_verbose(both: Sandbox) -> None:
    result = diff(both)
    assert "SAME" not in rows(result)
    assert "1 the same" in result.stdout.splitlines()[-1]
    assert {"HERE", "THERE", "DIFFERS", "MY_SECRET"} <= set(rows(result))


def test_no_value_is_shown_but_where_two_differ(both: Sandbox) -> None:
    both.write_env("AIRFLOW_CONN_PG=postgres://u:planted-8@db.example.com/x\nDIFFERS=planted-2\n")
    both.set_variable("AIRFLOW_CONN_PG", "postgres://u:planted-9@db.example.com/x")
    result = diff(both, "-v")
    assert "planted" not in result.stdout + result.stderr
    assert re.search(r"AIRFLOW_CONN_PG .*\bpassword\b", result.stdout)
    assert not re.search(r"AIRFLOW_CONN_PG .*\bhost\b", result.stdout)


@pytest.mark.parametrize("words", [(), ("--exit-code",), ("--json",), ("--export",), ("-v",), ("-q",)])
def test_nothing_is_changed(both: Sandbox, words: tuple[str, ...]) -> None:
    both.set_airflow({"new": "1"})
    before = state_of(both)
    assert diff(both, *words).code in {0, 5}
    assert state_of(both) == before
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
    assert (found["error"], backups(found)) == (None, [])
    assert [place["kind"] for place in found["places"]] == ["env", "deployment"]
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


def test_with_export_the_metadata_database_is_compared(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"in_db": "planted-1", "both": "planted-2"}, {"pg": "postgres://u:planted@db.example.com"})
    sandbox.write_env("AIRFLOW_VAR_BOTH=planted-3\nIN_FILE=planted-4\n")
    sandbox.set_variable("AIRFLOW_VAR_IN_DB", "planted-1")
    result = diff(sandbox, "--export", "--json", "--exit-code")
    found = document(result)
    assert result.code == 5
    assert [place["kind"] for place in found["places"]] == ["airflow", "deployment"]
    assert target(found) == {
        "AIRFLOW_VAR_IN_DB": "unchanged",
        "AIRFLOW_VAR_BOTH": "create",
        "AIRFLOW_CONN_PG": "create",
    }
    assert "planted" not in result.stdout + result.stderr


def test_a_file_that_was_named_must_be_there_but_not_with_export(sandbox: Sandbox) -> None:
    result = diff(sandbox, "-e", "absent.env")
    assert result.code == 2
    assert "absent.env" in result.stderr
    sandbox.set_airflow({"a": "1"})
    assert diff(sandbox, "--export").code == 0
    assert not (sandbox.project / ".env").exists()


def test_a_value_that_could_not_be_sent_can_still_be_compared(sandbox: Sandbox) -> None:
    sandbox.write_env('A="one\\ntwo"\nB="one\\ntwo"\n')
    sandbox.set_variable("A", "one\ntwo")
    result = diff(sandbox, "--json")
    assert target(document(result)) == {"A": "unchanged", "B": "create"}
    assert result.code == 0


def test_two_deployments_are_columns_of_one_table(both: Sandbox) -> None:
    both.add_deployment("dep-2", "stage")
    result = diff(both, "-d", "dep-1", "-n", "stage", "--exit-code")
    assert result.code == 5
    assert result.stdout.splitlines()[0].split()[:3] == ["KEY", "prod", "stage"]
    cells = {line.split()[0]: line.split()[1:3] for line in result.stdout.splitlines() if line}
    assert cells["SAME"] == ["=", "\u2013"]
    assert cells["DIFFERS"] == ["≠", "\u2013"]


def test_twelve_deployments_are_a_matrix(both: Sandbox) -> None:
    names = [f"dep-{number}" for number in range(1, 13)]
    for name in names[1:]:
        both.add_deployment(name, f"name-{name}", variables=[{"key": "SAME", "value": "planted 3", "is_secret": False}])
    result = both.run("diff", *(word for name in names for word in ("-d", name)))
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("DIFFERS ")]
    assert row.split()[1:] == ["≠", *["\u2013"] * 11]
    assert not any(line.startswith("SAME ") for line in result.stdout.splitlines())
    assert "planted" not in result.stdout


def test_any_two_places_can_be_compared(sandbox: Sandbox) -> None:
    sandbox.write_env('{"MyVar": "1", "only": "planted"}', "variables.json")
    sandbox.write_env('{"MyVar": "1", "other": "planted"}', "variables-2.json")
    found = document(sandbox.run("diff", "variables:variables.json", "variables:variables-2.json", "--json"))
    changes = {change["id"]: change["action"] for change in found["places"][1]["changes"]}
    assert changes == {"MyVar": "unchanged", "only": "create", "other": "destination-only"}


@pytest.mark.parametrize("words", [("one.env",), ("one.env", "absent.env")])
def test_one_place_alone_or_one_that_is_not_there_is_a_usage_error(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    sandbox.write_env("A=1\n", "one.env")
    result = sandbox.run("diff", *words)
    assert (result.code, result.stdout) == (2, "")


def test_quiet_prints_nothing_where_nothing_is_wrong(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("B", "2")
    result = diff(sandbox, "-q", "--exit-code")
    assert (result.code, result.stdout, result.stderr) == (5, "", "")


def test_equal_sides_say_so(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "1")
    result = diff(sandbox)
    assert (result.code, result.stdout) == (0, "prod: 1 the same.\n")


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


def test_a_receipt_tells_whether_a_secret_differs(sandbox: Sandbox) -> None:
    for value, code in (("sent", 0), ("changed", 5)):
        sandbox.write_env(f"AIRFLOW_VAR_API_TOKEN={value}\n")
        if code == 0:
            assert sandbox.run("local-to-deploy", "--no-export", "-d", "dep-1", "--yes").code == 0
        assert sandbox.run("diff", "-d", "dep-1", "--exit-code").code == code


def test_a_deployment_named_twice_is_compared_once(both: Sandbox) -> None:
    found = document(diff(both, "-d", "dep-1", "-n", "prod", "--json"))
    assert [place["address"] for place in found["places"] if place["role"] == "destination"] == ["deployment:dep-1"]
