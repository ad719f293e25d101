"""Backups: kept before the first change, private, the last ten; and the command that the report prints works."""

import json
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from e2e.runs import backups as named_backups
from hardening.processes import PATIENCE
from hardening.warm import Warm
from sandbox import Sandbox

PUSH = ("local-to-deploy", "-d", "dep-1", "--yes", "--on-conflict", "overwrite")
SEND = (*PUSH, "--no-export")
PULL = ("deploy-to-local", "-d", "dep-1", "--yes", "--on-conflict", "overwrite")
OLD = "# mine\r\nOWN=old\r\n\r\nOWN=older # twice"


def backups(sandbox: Sandbox) -> list[Path]:
    """Return the backups, oldest first."""
    folder = sandbox.state_home / "astro-sync" / "backups"
    return sorted(folder.iterdir(), key=lambda path: path.name.partition(".")[2]) if folder.exists() else []


def listed(stdout: str) -> list[Path]:
    """Return the backups that the JSON names."""
    return [Path(path) for path in named_backups(json.loads(stdout))]


@pytest.mark.parametrize(
    "words",
    [PULL, ("merge", "other.env", ".env", "--on-conflict", "overwrite"), ("dedupe",), PUSH],
    ids=lambda words: words[0],
)
def test_the_old_file_is_kept_byte_for_byte(quick: Sandbox, warm: Warm, words: tuple[str, ...]) -> None:
    quick.write_env(OLD)
    quick.write_env("OWN=other\n", name="other.env")
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    result = warm.run(quick, *words, "--json")
    assert result.code == 0, result
    assert quick.read_env() != OLD
    kept = [path for path in listed(result.stdout) if path.read_bytes() == OLD.encode()]
    assert len(kept) == 1
    assert set(backups(quick)) == set(listed(result.stdout))
    for path in (*backups(quick), kept[0].parent):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert not kept[0].is_relative_to(quick.project)


def test_the_report_names_each_backup(quick: Sandbox, warm: Warm) -> None:
    quick.write_env(OLD)
    quick.set_variable("OWN", "theirs")
    result = warm.run(quick, *PULL)
    (path,) = backups(quick)
    assert str(path) in result.stderr


def test_nothing_is_kept_where_nothing_changes_or_is_asked_not_to_be(quick: Sandbox, warm: Warm) -> None:
    quick.write_env(OLD)
    quick.set_variable("OWN", "theirs")
    for words in ((*PULL, "--dry-run"), ("diff", "-d", "dep-1"), ("check",), (*PULL[:-1], "fail"), PULL[:3]):
        assert warm.run(quick, *words).code in {0, 2, 3, 5}
        assert backups(quick) == []
    result = warm.run(quick, *PULL, "--no-backup", "--json")
    assert result.code == 0
    assert listed(result.stdout) == backups(quick) == []
    assert warm.run(quick, *PULL).code == 0  # nothing left to do
    assert backups(quick) == []


def test_a_file_that_was_not_there_has_none(quick: Sandbox, warm: Warm) -> None:
    quick.set_variable("A", "1")
    result = warm.run(quick, *PULL, "--json")
    assert (result.code, listed(result.stdout), backups(quick)) == (0, [], [])


def test_the_last_ten_of_each_stay(quick: Sandbox, warm: Warm) -> None:
    quick.write_env("A=0\n")
    quick.write_env("B=0\n", name="other.env")
    quick.set_variable("B", "1")
    assert warm.run(quick, *PULL, "-e", "other.env").code == 0
    (others,) = backups(quick)
    for number in range(1, 14):
        quick.set_variable("A", str(number))
        assert warm.run(quick, *PULL, "--include", "A").code == 0
    kept = [path.read_text() for path in backups(quick) if path != others]
    assert kept == [f"A={number}\n" for number in range(3, 13)]
    assert others.exists()


def test_a_deployments_plain_variables_are_kept_and_no_secret(quick: Sandbox, warm: Warm) -> None:
    quick.write_env("A=new\n")
    quick.set_variable("A", "old")
    quick.set_variable("ODD", "two\nlines and 'quotes' # $X")
    quick.set_variable("TOKEN", "hidden", secret=True)
    result = warm.run(quick, *SEND, "--json")
    assert result.code == 0, result
    (path,) = listed(result.stdout)
    text = path.read_text()
    assert "A=old\n" in text
    assert "ODD=" in text
    assert "TOKEN" not in text
    assert "hidden" not in text


# --- putting back ---


def commands(printed: str) -> list[list[str]]:
    """Return the commands that a report prints to put things back."""
    return [shlex.split(line) for line in re.findall(r"put it back with: (.*)$", printed, re.MULTILINE)]


def run_as_printed(sandbox: Sandbox, words: list[str]) -> str:
    """Run one command in the project on a terminal, with yes as the answer to every question."""
    if words[0] != "astro-sync":
        done = subprocess.run(
            words, cwd=sandbox.project, env=sandbox.environment, capture_output=True, text=True, check=False, timeout=20
        )
        assert done.returncode == 0, done
        return done.stdout
    child = pexpect.spawn(
        sys.executable,
        ["-m", "astro_sync", *words[1:]],
        cwd=str(sandbox.project),
        env=sandbox.environment,
        timeout=PATIENCE,
        dimensions=(60, 300),
    )
    printed = b""
    while child.expect([r"\[y/N\]", r"\(y, n, a, q\)", pexpect.EOF]) != 2:
        printed += child.before
        child.sendline("y")
    printed += child.before
    child.close()
    assert child.exitstatus == 0, printed.decode()
    return str(printed.decode())


@pytest.mark.parametrize("verbosity", [(), ("-v",)], ids=["", "-v"])
def test_the_report_of_a_failed_write_prints_a_command_for_each_backup(
    quick: Sandbox, warm: Warm, verbosity: tuple[str, ...]
) -> None:
    quick.write_env(OLD)
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("lost-write", command="deployment variable update")
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH, *verbosity)
    assert result.code == 6, result
    found = commands(result.stderr)
    assert [words[0] for words in found] == ["cp", "astro-sync"], result.stderr


def test_the_commands_put_the_file_and_the_deployment_back(quick: Sandbox, warm: Warm) -> None:
    quick.write_env(OLD)
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH)
    assert result.code == 6, result
    quick.clear_faults()
    for words in commands(result.stderr):
        run_as_printed(quick, words)
    assert quick.read_env() == OLD
    assert quick.deployment()["OWN"] == ("theirs", False)


@pytest.mark.parametrize(
    ("key", "old"),
    [
        pytest.param("KEY", "a $X ${Y} 'b' \"c\" # d \\n", id="quotes"),
        pytest.param("MY_TOKEN", "plain-token", id="a name that looks secret"),
        pytest.param("AIRFLOW__CORE__DAGS_FOLDER", "/dags", id="reserved"),
        pytest.param("my.key-x", "v", id="an odd name"),
        pytest.param("KEY", "two\nlines", id="several lines"),
        pytest.param("KEY", " padded ", id="padded"),
        pytest.param("AIRFLOW_VAR_KEY", "", id="empty"),
        pytest.param("KEY", "# secret", id="placeholder"),
    ],
)
@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_every_kind_of_value_is_put_back(quick: Sandbox, warm: Warm, mode: str, key: str, old: str) -> None:
    quick.use_mode(mode)
    quick.write_env(f"{key}=new\nBYSTANDER=1\n")
    quick.set_variable(key, old)
    quick.fault("lost-write", command="deployment variable update", nth=2)
    quick.fault("concurrent-key", command="deployment variable update", key="BYSTANDER", value="theirs")
    result = warm.run(quick, *SEND, "--allow-reserved", key)
    if result.code == 3:
        pytest.skip("this key is refused, so nothing needs to be put back")
    assert result.code == 6, result
    assert quick.deployment()[key] == ("new", False)
    quick.clear_faults()
    (words,) = commands(result.stderr)
    run_as_printed(quick, words)
    assert quick.deployment()[key] == (old, False)


def test_a_file_in_another_folder_is_put_back_from_where_the_user_stands(quick: Sandbox, warm: Warm) -> None:
    folder = quick.project / "a folder"
    folder.mkdir()
    path = folder / "-x.env"
    path.write_text(OLD)
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH, "-e", "a folder/-x.env")
    assert result.code == 6, result
    run_as_printed(quick, next(words for words in commands(result.stderr) if words[0] == "cp"))
    assert path.read_bytes() == OLD.encode()


def test_a_file_whose_name_begins_with_a_dash_is_put_back(quick: Sandbox, warm: Warm) -> None:
    quick.write_env(OLD, name="-x.env")
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH, "--env=-x.env")
    assert result.code == 6, result
    run_as_printed(quick, next(words for words in commands(result.stderr) if words[0] == "cp"))
    assert quick.read_env("-x.env") == OLD


def test_a_quiet_report_of_a_failed_write_still_prints_a_command_for_each_backup(quick: Sandbox, warm: Warm) -> None:
    quick.write_env(OLD)
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("lost-write", command="deployment variable update")
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH, "-q")
    assert result.code == 6, result
    found = commands(result.stderr)
    assert [words[0] for words in found] == ["cp", "astro-sync"], result.stderr
