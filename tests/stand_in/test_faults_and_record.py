"""The stand-in's own promises: faults strike when and where they are told, and every call is recorded."""

import fcntl
import json
import os
import signal
import subprocess
import time
from typing import IO

import pytest

from astro_stand_in.faults import NOISE
from sandbox import Sandbox, wait_until

CREATE = ("deployment", "variable", "create", "-d", "dep-1")
LIST = ("deployment", "variable", "list", "-d", "dep-1")


# --- faults ---


def test_a_fault_can_be_limited_to_the_first_words_of_a_command(sandbox: Sandbox) -> None:
    sandbox.fault("crash", command="deployment variable")
    assert sandbox.astro("deployment", "list").code == 0
    assert sandbox.astro("version").code == 0
    assert sandbox.astro(*LIST).code == 1


def test_a_fault_can_be_limited_to_the_words_behind_dev_run(sandbox: Sandbox) -> None:
    sandbox.fault("noise", command="dev run variables get", before="noise\n", after="")
    assert "noise" not in sandbox.astro("dev", "run", "variables", "list", "-o", "json").stdout
    assert "noise" in sandbox.astro("dev", "run", "variables", "get", "k").stdout


def test_a_fault_can_be_limited_to_the_nth_call(sandbox: Sandbox) -> None:
    sandbox.fault("crash", command="version", nth=2)
    codes = [sandbox.astro(*words).code for words in (("version",), ("deployment", "list"), ("version",), ("version",))]
    assert codes == [0, 0, 1, 0]


def test_faults_can_be_cleared(sandbox: Sandbox) -> None:
    sandbox.fault("crash")
    sandbox.clear_faults()
    assert sandbox.astro("version").code == 0


def test_an_unknown_fault_ends_loudly(sandbox: Sandbox) -> None:
    sandbox.fault("earthquake")
    result = sandbox.astro("version")
    assert (result.code, result.stderr) == (64, "stand-in: not told: the fault earthquake\n")


@pytest.mark.parametrize(
    ("at", "options", "code", "written"),
    [
        ("start", {}, 1, False),
        ("before-write", {"exit": 2}, 2, False),
        ("after-write", {}, 1, True),
        ("after-write", {"signal": signal.SIGKILL}, -signal.SIGKILL, True),
        ("before-write", {"signal": signal.SIGTERM}, -signal.SIGTERM, False),
    ],
)
def test_a_crash_comes_before_or_after_the_write(
    sandbox: Sandbox, at: str, options: dict[str, int], code: int, *, written: bool
) -> None:
    sandbox.fault("crash", command="deployment variable create", at=at, **options)
    result = sandbox.astro(*CREATE, "A=1")
    assert result.code == code
    assert "Updated list" not in result.stdout
    assert (sandbox.deployment() == {"A": ("1", False)}) is written


def test_slow_takes_its_seconds(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.5)
    before = time.monotonic()
    assert sandbox.astro("version").code == 0
    assert time.monotonic() - before >= 0.5


@pytest.mark.parametrize("at", ["start", "before-write", "after-write"])
def test_a_hang_can_be_ended_and_keeps_what_was_written(sandbox: Sandbox, at: str) -> None:
    sandbox.fault("hang", at=at)
    program = sandbox.start(*CREATE, "A=1")
    sandbox.wait_for("hanging")
    with pytest.raises(subprocess.TimeoutExpired):
        program.communicate(timeout=0.1)
    program.terminate()
    program.communicate()
    assert program.returncode == -signal.SIGTERM
    assert (sandbox.deployment() == {"A": ("1", False)}) is (at == "after-write")


def test_a_hang_can_have_a_child_that_keeps_stdout_open(sandbox: Sandbox) -> None:
    sandbox.fault("hang", child=True)
    program = sandbox.start("version")
    child = sandbox.wait_for("child_pid")
    assert isinstance(child, int)
    program.kill()
    with pytest.raises(subprocess.TimeoutExpired):
        program.communicate(timeout=0.3)
    os.kill(child, signal.SIGKILL)
    program.communicate()
    assert program.returncode == -signal.SIGKILL


def test_noise_stands_around_the_output(sandbox: Sandbox) -> None:
    sandbox.fault("noise")
    lines = sandbox.astro("version").stdout.splitlines()
    assert len(lines) == 4
    assert lines[2] == "Astro CLI Version: 1.45.0"


@pytest.mark.parametrize("kind", sorted(NOISE))
@pytest.mark.parametrize("words", [("version",), ("dev", "run", "version"), (*LIST,)])
def test_noise_of_every_kind_stands_around_the_output(sandbox: Sandbox, kind: str, words: tuple[str, ...]) -> None:
    quiet = sandbox.astro(*words).stdout
    sandbox.fault("noise", kind=kind)
    before, after = NOISE[kind]
    head = "Running: airflow version\n" if words[0] == "dev" else ""
    assert sandbox.astro(*words).stdout == head + before + quiet.removeprefix(head) + after


def test_the_upgrade_notice_stands_on_stderr(sandbox: Sandbox) -> None:
    sandbox.fault("upgrade-notice")
    result = sandbox.astro("version")
    assert result.stdout == "Astro CLI Version: 1.45.0\n"
    assert result.stderr.startswith("\nA newer version of Astro CLI is available: 9.9.9\n")


def test_output_can_be_cut(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.fault("truncate", bytes=100)
    result = sandbox.astro("deployment", "inspect", "dep-1", "-o", "json")
    assert (result.code, len(result.stdout.encode())) == (0, 100)


def test_a_lost_write_reports_success_and_leaves_the_old_list(sandbox: Sandbox) -> None:
    sandbox.set_variable("OLD", "1")
    sandbox.fault("lost-write")
    result = sandbox.astro(*CREATE, "A=1")
    assert result.code == 0
    assert " 2     A       1         false      \n" in result.stdout
    assert (sandbox.deployment(), sandbox.writes()) == ({"OLD": ("1", False)}, 1)


def test_a_late_write_arrives_even_if_the_call_was_killed(sandbox: Sandbox) -> None:
    sandbox.fault("late-write", seconds=0.7)
    program = sandbox.start(*CREATE, "A=1")
    sandbox.wait_for("late_pid")
    program.kill()
    program.communicate()
    assert sandbox.deployment() == {}
    assert wait_until(lambda: sandbox.deployment() == {"A": ("1", False)})


def test_a_late_write_is_answered_once_it_was_made(sandbox: Sandbox) -> None:
    sandbox.fault("late-write", seconds=0.2)
    result = sandbox.astro(*CREATE, "A=1")
    assert result.code == 0
    assert " 1     A       1         false      \n" in result.stdout
    assert (sandbox.deployment(), sandbox.writes()) == ({"A": ("1", False)}, 1)


@pytest.mark.parametrize(("which", "moved"), [("changed", {"NEW"}), ("all", {"NEW", "OLD"})])
def test_a_write_moves_the_time_of_what_it_changed_or_of_all(sandbox: Sandbox, which: str, moved: set[str]) -> None:
    sandbox.set_variable("OLD", "1")
    with sandbox.change() as state:
        state["updated_at"] = which
    sandbox.astro(*CREATE, "NEW=2")
    (deployment,) = sandbox.state["deployments"]
    times = {variable["key"]: variable["updated_at"] for variable in deployment["variables"]}
    assert {key for key, time in times.items() if time != "2026-08-01T00:00:00Z"} == moved


def test_a_refused_write_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.fault("write-refused", message="not today")
    result = sandbox.astro(*CREATE, "A=1")
    assert (result.code, result.stderr) == (1, "Error: not today\n")
    assert (sandbox.deployment(), sandbox.writes()) == ({}, 0)


@pytest.mark.parametrize("words", [LIST, (*CREATE, "A=1")])
def test_another_client_may_add_a_key_behind_any_call(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    sandbox.fault("concurrent-key", key="THEIRS", value="x", is_secret=True)
    result = sandbox.astro(*words)
    assert "THEIRS" not in result.stdout
    assert sandbox.deployment()["THEIRS"] == ("x", True)


def test_two_writes_at_once_lose_one(sandbox: Sandbox) -> None:
    sandbox.fault("slow", command="deployment variable create", nth=1, at="before-write", seconds=2)
    slow = sandbox.start(*CREATE, "A=1")
    sandbox.wait_for("struck")
    assert sandbox.astro(*CREATE, "B=2").code == 0
    slow.communicate()
    assert (sandbox.deployment(), sandbox.writes()) == ({"A": ("1", False)}, 2)


def test_many_calls_at_once_leave_state_and_record_whole(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    programs = [sandbox.start(*LIST) for _ in range(6)]
    outputs = {program.communicate()[0] for program in programs}
    assert [program.returncode for program in programs] == [0] * 6
    assert len(outputs) == 1
    assert [call["exit"] for call in sandbox.calls()] == [0] * 6


# --- the record ---


def test_a_call_is_recorded_with_all_that_surrounds_it(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n", "f.env")
    environment = {"ASTRO_HOME": str(sandbox.home), "AIRFLOW_CONN_C": "planted", "AIRFLOW_VAR_V": "planted"}
    sandbox.astro(*CREATE, "-l", "-e", "f.env", env=environment)
    (call,) = sandbox.calls("deployment variable create")
    assert call["argv"] == [*CREATE, "-l", "-e", "f.env"]
    assert call["cwd"] == str(sandbox.project)
    assert call["stdin_is_tty"] is False
    assert call["astro_home"] == str(sandbox.home)
    assert call["airflow_names"] == ["AIRFLOW_CONN_C", "AIRFLOW_VAR_V"]
    assert call["exit"] == 0
    assert call["start"] < call["end"]
    folder_mode = sandbox.project.stat().st_mode & 0o7777
    seen = {"path": "f.env", "content": "A=1\n", "mode": 0o600, "folder_mode": folder_mode}
    assert (call["env_before"], call["env_after"]) == (seen, seen)
    assert call["pid"] > 0
    assert call["pgid"] == os.getpgrp()
    assert "planted" not in sandbox.record_file.read_text()


def test_the_file_is_recorded_before_and_after(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.astro(*LIST, "--save")
    (call,) = sandbox.calls()
    assert call["env_before"]["content"] is None
    assert (call["env_after"]["content"], call["env_after"]["mode"]) == ("\nA=1", 0o644)


def test_a_file_that_is_not_used_is_not_recorded(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.astro(*LIST)
    assert sandbox.calls()[0]["env_before"] is None


def test_a_killed_call_has_no_end(sandbox: Sandbox) -> None:
    sandbox.fault("crash", signal=signal.SIGKILL)
    sandbox.astro("version")
    (call,) = sandbox.calls()
    assert call["argv"] == ["version"]
    assert "exit" not in call


def test_calls_can_be_picked_and_forgotten(sandbox: Sandbox) -> None:
    sandbox.astro("version")
    sandbox.astro(*CREATE, "A=1")
    assert len(sandbox.calls()) == 2
    assert sandbox.writing_calls() == sandbox.calls("deployment variable create")
    assert sandbox.calls("deployment inspect") == []
    sandbox.forget_calls()
    assert sandbox.calls() == []


def test_a_writer_of_the_state_waits_for_its_lock(sandbox: Sandbox) -> None:
    lock: IO[str]
    with open(f"{sandbox.state_file}.lock", "w") as lock:  # noqa: PTH123 - the lock must be held open
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = sandbox.start(*CREATE, "A=1")
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.3)
    program.communicate()
    assert program.returncode == 0
    assert json.loads(sandbox.state_file.read_bytes())["deployments"][0]["variables"][0]["key"] == "A"


# --- the sandbox ---


def test_the_clean_environment_holds_nothing_of_the_callers(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTRO_API_TOKEN", "planted")
    assert "Token" not in sandbox.astro("deployment", "list").stdout
    assert sandbox.environment["HOME"] == str(sandbox.home)


def test_a_sandbox_runs_astro_sync(sandbox: Sandbox) -> None:
    result = sandbox.run("--version")
    assert result.code == 0
    assert "astro-sync" in result.stdout


def test_a_sandbox_can_offer_a_terminal(sandbox: Sandbox) -> None:
    result = sandbox.run("--version", tty=True)
    assert result.code == 0
    assert "astro-sync" in result.stdout
