"""What is asked on a terminal: about each conflict, and once for everything that would change."""

import re

import pytest

from runs import pull, push, state_of, values
from sandbox import Sandbox


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_one_confirmation_covers_both_steps(sandbox: Sandbox, answer: str, code: int) -> None:
    sandbox.set_airflow({"a": "1"}, {"pg": "postgres://u:p@db.example.com"})
    before = state_of(sandbox)
    result = push(sandbox, yes=False, tty=True, input=answer)
    assert result.code == code
    assert result.stdout.count("[y/N]") == 1
    if code == 0:
        assert set(values(sandbox)) == {"AIRFLOW_VAR_A", "AIRFLOW_CONN_PG"}
        assert (sandbox.project / ".env").exists()
    else:
        assert state_of(sandbox) == before
        assert "othing was changed" in result.stdout


def test_the_question_has_a_line_for_each_deployment_with_its_calls(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-3", "test")
    sandbox.write_env("A=1\nMY_TOKEN=t\n")
    sandbox.set_variable("MY_TOKEN", "x", secret=True, deployment_id="dep-3")
    result = push(sandbox, "-d", "dep-1", "-d", "dep-3", "--no-export", yes=False, tty=True, input="n\n")
    lines = [line for line in result.stdout.splitlines() if "writing call" in line]
    assert len(lines) == 2
    assert re.search(r"Deployment prod \(dep-1\).*\b2 writing calls\b", lines[0])
    assert re.search(r"Deployment test \(dep-3\).*\b1 writing call\b", lines[1])


def test_nothing_is_asked_when_nothing_would_change(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "1")
    result = push(sandbox, "--no-export", yes=False, tty=True)
    assert result.code == 0
    assert "[y/N]" not in result.stdout


def test_a_dry_run_asks_for_no_confirmation(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    result = push(sandbox, "--no-export", "--dry-run", yes=False, tty=True)
    assert result.code == 0
    assert "[y/N]" not in result.stdout
    assert values(sandbox) == {}


CONFLICTS = {"A": "1", "B": "2", "C": "3"}


@pytest.mark.parametrize(
    ("answers", "expected", "code"),
    [
        ("ynyy\n", {"A": "1", "B": "there", "C": "3"}, 0),
        ("nay\n", {"A": "there", "B": "2", "C": "3"}, 0),
        ("yq", dict.fromkeys(CONFLICTS, "there"), 1),
        ("yyyn\n", dict.fromkeys(CONFLICTS, "there"), 1),
    ],
    ids=["each", "all", "quit", "declined"],
)
def test_each_conflict_is_asked_about(sandbox: Sandbox, answers: str, expected: dict[str, str], code: int) -> None:
    sandbox.write_env("".join(f"{key}={text}\n" for key, text in CONFLICTS.items()))
    for key in CONFLICTS:
        sandbox.set_variable(key, "there")
    result = push(sandbox, "--no-export", yes=False, tty=True, input=answers)
    assert result.code == code
    assert values(sandbox) == expected


def test_yes_does_not_answer_the_question_about_a_conflict(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "there")
    result = push(sandbox, "--no-export", tty=True, input="n\n")
    assert result.code == 0
    assert "Overwrite" in result.stdout
    assert values(sandbox) == {"A": "there"}


def test_a_conflict_of_the_first_step_is_asked_about_and_carried_on(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow"})
    sandbox.write_env("AIRFLOW_VAR_X=file\n")
    result = push(sandbox, yes=False, tty=True, input="yy\n")
    assert result.code == 0
    assert sandbox.read_env() == "AIRFLOW_VAR_X=airflow\n"
    assert values(sandbox) == {"AIRFLOW_VAR_X": "airflow"}


@pytest.mark.parametrize(("answers", "text"), [("yy\n", "A=there\n"), ("n", "A=here\n")])
def test_pulling_asks_too(sandbox: Sandbox, answers: str, text: str) -> None:
    sandbox.write_env("A=here\n")
    sandbox.set_variable("A", "there")
    result = pull(sandbox, yes=False, tty=True, input=answers)
    assert result.code == 0
    assert sandbox.read_env() == text


def test_control_characters_of_a_name_do_not_reach_the_terminal(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.write_env("A\x1b[2JB=1\n")
    assert "\x1b[2J" not in push(sandbox, "--no-export", "--dry-run", "-v", tty=True).stdout
    sandbox.add_deployment("dep-2", "odd\x1b[2Jname")
    sandbox.write_env("A=1\n")
    result = push(sandbox, "-d", "dep-2", "--no-export", "--dry-run", tty=True)
    assert "\x1b[2J" not in result.stdout
    assert "\\x1b[2J" in result.stdout
