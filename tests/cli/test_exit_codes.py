"""The exit codes of the design, which of two counts, and which Deployment is meant."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runs import deployment_ids, document, kept_files, pull, push, results, state_of, targets, values
from sandbox import Sandbox

MULTI = 'MULTI="one\\ntwo"\n'


# --- 2: usage ---


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("local-to-deploy", "--no-export"), "--deployment-id"),
        (("deploy-to-local",), "--deployment-id"),
        (("local-to-deploy", "-d", "dep-1", "-e", "-"), "--no-export"),
        (("deploy-to-local", "-d", "dep-1", "-e", "-"), "--env"),
        (("local-to-deploy", "-d", "dep-1", "--no-export", "-e", "missing.env"), "missing.env"),
        (("deploy-to-local", "-d", "dep-1", "-d", "dep-2"), "--deployment-id"),
        (("local-to-deploy", "-d", "dep-1", "--on-conflict", "guess"), "--on-conflict"),
        (("local-to-deploy", "-d", "dep-1", "--timeout", "0"), "--timeout"),
        (("deploy-to-local", "-d", "dep-1", "--no-export"), "--no-export"),
        (("local-to-deploy", "-d", ""), "--deployment-id"),
        (("deploy-to-local", "-n", ""), "--deployment-name"),
        (("nothing",), "nothing"),
    ],
)
def test_what_was_typed_wrong_is_exit_2_without_json(sandbox: Sandbox, words: tuple[str, ...], said: str) -> None:
    result = sandbox.run(*words, *(["--json", "--yes"] if len(words) > 1 else []))
    assert result.code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert sandbox.writing_calls() == []


def test_the_default_env_must_be_there_when_it_is_the_source(sandbox: Sandbox) -> None:
    result = push(sandbox, "--no-export")
    assert result.code == 2
    assert ".env" in result.stderr


def test_without_a_terminal_yes_is_needed_and_named_where_a_deployment_would_change(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    before = state_of(sandbox)
    result = push(sandbox, "--json", "--no-export", yes=False)
    assert (result.code, result.stdout) == (2, "")
    assert "--yes" in result.stderr
    assert state_of(sandbox) == before


def test_without_a_terminal_a_file_is_written_without_a_question(sandbox: Sandbox) -> None:
    sandbox.set_variable("B", "2")
    assert pull(sandbox, yes=False).code == 0
    assert sandbox.read_env() == "B=2\n"


# --- 5: --exit-code, and which of two counts ---


@pytest.mark.parametrize(
    ("words", "text", "code"),
    [
        ((), "A=1\n", 0),
        (("--exit-code",), "A=1\n", 5),
        (("--exit-code",), "SAME=1\n", 0),
        (("--exit-code",), "A=1\n" + MULTI, 3),
        (("--exit-code", "--partial"), "A=1\n" + MULTI, 7),
        (("--exit-code",), "DIFFERS=1\n", 3),
        (("--exit-code", "--on-conflict", "keep"), "DIFFERS=1\n", 0),
        (("--exit-code", "--on-conflict", "overwrite"), "DIFFERS=1\n", 5),
        (("--partial",), MULTI, 7),
    ],
)
def test_a_dry_run_changes_nothing_and_says_what_a_run_would(
    sandbox: Sandbox, words: tuple[str, ...], text: str, code: int
) -> None:
    sandbox.set_variable("SAME", "1")
    sandbox.set_variable("DIFFERS", "2")
    sandbox.write_env(text)
    before = state_of(sandbox)
    result = push(sandbox, "--no-export", "--dry-run", "--json", *words, yes=False)
    assert result.code == code
    assert document(result)["exit_code"] == code
    assert document(result)["dry_run"] is True
    assert state_of(sandbox) == before
    assert kept_files(sandbox) == []


def test_a_dry_run_of_both_steps_changes_nothing_anywhere(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "1"})
    before = state_of(sandbox)
    assert push(sandbox, "--dry-run", "--exit-code", yes=False).code == 5
    assert pull(sandbox, "--dry-run", "--exit-code", yes=False).code == 0
    sandbox.set_variable("B", "2")
    assert pull(sandbox, "--dry-run", "--exit-code", yes=False).code == 5
    sandbox.set_variable("B", "gone")
    assert state_of(sandbox)[1:] == before[1:]


def test_exit_code_alone_means_nothing_to_a_real_run(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    assert push(sandbox, "--no-export", "--exit-code").code == 0


def test_6_counts_before_7(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n" + MULTI)
    sandbox.fault("lost-write")
    assert push(sandbox, "--no-export", "--partial").code == 6


def test_partial_says_7_again_when_there_is_nothing_left_to_do(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n" + MULTI)
    assert push(sandbox, "--no-export", "--partial").code == 7
    sandbox.forget_calls()
    assert push(sandbox, "--no-export", "--partial").code == 7
    assert sandbox.writing_calls() == []


def test_one_of_two_deployments_failing_is_6_and_says_which(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "stage")
    sandbox.write_env("A=1\n")
    sandbox.fault("crash", command="deployment variable create", at="before-write", nth=1)
    result = push(sandbox, "-d", "dep-1", "-d", "dep-2", "--no-export", "--json")
    assert result.code == 6
    found = document(result)
    applied = dict(zip(deployment_ids(found), (place["applied"] for place in targets(found)), strict=True))
    assert applied == {name: values(sandbox, name) == {"A": "1"} for name in ("dep-1", "dep-2")}
    assert sorted(applied.values()) == [False, True]


# --- 129, 130, 143 ---


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["hup", "int", "term"]
)
def test_a_signal_ends_the_run_its_calls_and_its_folder(sandbox: Sandbox, number: int, code: int) -> None:
    sandbox.write_env("A=1\n")
    sandbox.fault("hang", command="deployment inspect")
    result = interrupted(sandbox, "deployment inspect", number)
    assert result[0] == code
    assert json.loads(result[1])["exit_code"] == code
    assert values(sandbox) == {}
    assert not list(sandbox.temporary.iterdir())
    assert not Path(f"/proc/{sandbox.calls('deployment inspect')[0]['pid']}").exists()


@pytest.mark.long
def test_a_signal_while_writing_reports_what_was_done(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\nMY_TOKEN=t\n")
    sandbox.fault("hang", command="deployment variable create", nth=2, at="before-write")
    code, stdout = interrupted(sandbox, "deployment variable create", signal.SIGTERM, count=2)
    assert code == 143
    found = json.loads(stdout)
    assert found["error"]["code"] == "interrupted"
    assert targets(found)[0]["applied"] is False
    # A write that was interrupted may still arrive.
    assert results(targets(found)[0]["changes"])["A"] == "done"
    assert results(targets(found)[0]["changes"])["MY_TOKEN"] in {"not-written", "unknown"}
    assert values(sandbox) == {"A": "1"}
    assert not list(sandbox.temporary.iterdir())


def interrupted(sandbox: Sandbox, command: str, number: int, count: int = 1) -> tuple[int, str]:
    """Push, and send a signal as soon as the stand-in is at its n-th such call; return the exit code and stdout."""
    words = [sys.executable, "-m", "astro_sync", "local-to-deploy", "-d", "dep-1", "--no-export", "--yes", "--json"]
    with subprocess.Popen(
        words, cwd=sandbox.project, env=sandbox.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            if sum("env_before" in call for call in sandbox.calls(command)) >= count:
                os.kill(process.pid, number)
                break
        stdout, _ = process.communicate(timeout=20)
        return process.returncode, stdout.decode()


# --- which Deployment ---


@pytest.fixture
def two(sandbox: Sandbox) -> Sandbox:
    sandbox.add_deployment("dep-2", "stage")
    sandbox.write_env("A=1\n")
    return sandbox


def written(sandbox: Sandbox) -> set[str]:
    return {row["id"] for row in sandbox.state["deployments"] if row.get("writes")}


@pytest.mark.parametrize(
    ("words", "variable", "expected"),
    [
        ((), "dep-1", {"dep-1"}),
        (("-d", "dep-2"), "dep-1", {"dep-2"}),
        (("-n", "stage"), "dep-1", {"dep-2"}),
        (("--deployment-name", "stage", "--deployment-id", "dep-1"), "", {"dep-1", "dep-2"}),
    ],
)
def test_a_named_deployment_silences_the_variable(
    two: Sandbox, words: tuple[str, ...], variable: str, expected: set[str]
) -> None:
    two.environment["ASTRO_SYNC_DEPLOYMENT_ID"] = variable
    assert two.run("local-to-deploy", "--no-export", "--yes", *words).code == 0
    assert written(two) == expected


def test_a_deployment_that_is_named_twice_is_one(two: Sandbox) -> None:
    result = push(two, "-d", "dep-2", "-n", "stage", "-d", "dep-2", "--no-export", "--json")
    assert result.code == 0
    assert deployment_ids(document(result)) == ["dep-2"]
    assert two.writes("dep-2") == 1


def test_a_deployment_of_another_workspace(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-9", "far", "ws-9")
    sandbox.write_env("A=1\n")
    assert push(sandbox, "-d", "dep-9", "--no-export").code == 4
    assert push(sandbox, "-d", "dep-9", "-w", "ws-9", "--no-export").code == 0
    assert values(sandbox, "dep-9") == {"A": "1"}
    sandbox.set_variable("B", "2", deployment_id="dep-9")
    assert pull(sandbox, "-n", "far", "--workspace-id", "ws-9").code == 0
    assert sandbox.read_env() == "A=1\nB=2\n"


# --- the file ---


def test_stdin_can_be_sent(sandbox: Sandbox) -> None:
    assert push(sandbox, "--no-export", "-e", "-", input="A='x y'\n").code == 0
    assert values(sandbox) == {"A": "x y"}
    assert not list(sandbox.project.glob("[!.]*"))


def test_another_file_can_be_named(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n", "other.env")
    result = push(sandbox, "--no-export", "--env", "other.env", "--json")
    assert [place["name"] for place in document(result)["places"]] == ["other.env", "prod"]
    assert values(sandbox) == {"A": "1"}
    sandbox.set_variable("B", "2")
    assert pull(sandbox, "-e", "third.env").code == 0
    assert sandbox.read_env("third.env") == "A=1\nB=2\n"
    assert not (sandbox.project / ".env").exists()


def test_a_missing_destination_file_is_made(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "1"})
    assert push(sandbox, "-e", "new.env").code == 0
    assert sandbox.read_env("new.env") == "AIRFLOW_VAR_A=1\n"


def test_help_names_the_exit_codes(sandbox: Sandbox) -> None:
    text = sandbox.run("--help").stdout
    for code in ("0", "1", "2", "3", "4", "5", "6", "7", "70", "129, 130, 143"):
        assert re.search(rf"^ +{code} +\w", text, re.MULTILINE)
