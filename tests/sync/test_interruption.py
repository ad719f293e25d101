"""^C, SIGTERM and SIGHUP at any point: nothing is left, `.env` is whole, and the report says what was written."""

import json
import signal
import sys
import time
from collections.abc import Iterator

import pexpect
import pytest

from processes import (
    PATIENCE,
    Running,
    assert_nothing_left,
    children,
    end_orphans,
    is_alive,
    lock_of,
    pause_at,
    start,
    wait_until,
)
from runs import targets
from sandbox import Json, Sandbox

PUSH = ("local-to-deploy", "-d", "dep-1", "--yes")
OLD = "# mine\nOWN=old\n"
SIGNALS = [
    pytest.param(signal.SIGINT, True, 130, id="^C"),
    pytest.param(signal.SIGINT, False, 130, id="SIGINT", marks=pytest.mark.long),
    pytest.param(signal.SIGTERM, False, 143, id="SIGTERM", marks=pytest.mark.long),
    pytest.param(signal.SIGHUP, True, 129, id="SIGHUP", marks=pytest.mark.long),
]
# What a run is at when the signal comes: the call of `astro` that hangs then, and what was written by then.
NOTHING, FILE, ALL = "nothing", "file", "all"
WRITING: Json = {"command": "deployment variable", "at": "before-write"}
MOMENTS: dict[str, tuple[Json, str]] = {
    "exporting": ({"command": "dev object"}, NOTHING),
    "reading the Deployment": ({"command": "deployment inspect"}, NOTHING),
    "asking for the local mode": ({"command": "config get"}, NOTHING),
    "about to write the Deployment": (WRITING, FILE),
    "after writing the Deployment": ({"command": "deployment variable", "at": "after-write"}, ALL),
    "reading back": ({"command": "deployment inspect", "nth": 2}, ALL),
}


@pytest.fixture(autouse=True)
def _signals_reach_children() -> Iterator[None]:
    """Undo what nohup or a shell's `&` would make children ignore."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def ready(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox in which a push has something to write on both sides."""
    sandbox.write_env(OLD)
    sandbox.set_airflow({"new": "from-airflow"})
    sandbox.set_variable("THEIRS", "stays")
    return sandbox


def start_and_hang(sandbox: Sandbox, words: tuple[str, ...], options: Json) -> Running:
    """Start a run and return once the call of `astro` that is to hang does."""
    sandbox.fault("hang", child=True, **options)
    running = start(sandbox, *words)
    wait_until(lambda: any("child_pid" in call for call in sandbox.calls(options["command"])))
    return running


def written(sandbox: Sandbox) -> str:
    """Return what was written, and check that each side is as it was or as it should become, whole."""
    env, there = sandbox.read_env(), set(sandbox.deployment())
    assert env in {OLD, f"{OLD}AIRFLOW_VAR_NEW=from-airflow\n"}
    assert there in ({"THEIRS"}, {"THEIRS", "OWN", "AIRFLOW_VAR_NEW"})
    assert len(there) == 1 or env != OLD
    return ALL if len(there) > 1 else NOTHING if env == OLD else FILE


def said(document: Json) -> str:
    """Return what the report says was written."""
    message = document["error"]["message"]
    if "written as planned" not in message:
        assert "nothing was" in message
        assert not any(target["applied"] for target in targets(document))
        return NOTHING
    assert ".env" in message
    (target,) = targets(document)
    assert target["applied"] is ("Deployment prod" in message)
    return ALL if target["applied"] else FILE


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("number", "group", "code"), SIGNALS)
def test_a_signal_ends_everything_and_the_report_is_true(
    ready: Sandbox, moment: str, number: signal.Signals, code: int, *, group: bool
) -> None:
    options, expected = MOMENTS[moment]
    running = start_and_hang(ready, (*PUSH, "--json"), options)
    running.signal(number, group=group)
    result = running.end()
    assert result.code == code, result
    assert "Traceback" not in result.stderr
    assert_nothing_left(ready)
    document = json.loads(result.stdout)
    assert document["exit_code"] == code
    assert document["error"]["code"] == "interrupted"
    assert written(ready) == expected
    if moment != "reading back":  # then only what was told before is known
        assert said(document) == expected


def test_a_read_back_that_was_interrupted_leaves_its_keys_unknown(ready: Sandbox) -> None:
    running = start_and_hang(ready, (*PUSH, "--json"), {"command": "deployment inspect", "nth": 2})
    running.signal(signal.SIGINT)
    document = json.loads(running.end().stdout)
    (target,) = targets(document)
    results = {change["key"]: change["result"] for change in target["changes"]}
    assert target["applied"] is False
    assert (results["AIRFLOW_VAR_NEW"], results["OWN"]) == ("unknown", "unknown")


def test_a_signal_after_the_read_back_changes_the_exit_code_alone(ready: Sandbox) -> None:
    marker = ready.folder / "marker"
    running = start(ready, *PUSH, "--json", env=pause_at(ready, "astro_sync.storage.journal.keep_run", marker))
    wait_until(marker.exists)
    running.signal(signal.SIGINT)
    result = running.end()
    found = json.loads(result.stdout)
    assert result.code == found["exit_code"] == 130
    assert [place["applied"] for place in found["places"] if place["role"] == "destination"] == [True, True]
    assert written(ready) == ALL
    assert_nothing_left(ready)
    assert start(ready, "undo", "--yes").end().code == 0
    assert ready.read_env() == OLD


@pytest.mark.long
@pytest.mark.parametrize(("number", "group", "code"), SIGNALS)
def test_a_signal_while_the_file_is_written_leaves_the_old_one(
    ready: Sandbox, number: signal.Signals, code: int, *, group: bool
) -> None:
    marker = ready.folder / "marker"
    running = start(ready, *PUSH, "--json", "--no-backup", env=pause_at(ready, "os.fsync", marker))
    wait_until(marker.exists)
    running.signal(number, group=group)
    result = running.end()
    assert result.code == code, result
    assert_nothing_left(ready)
    assert written(ready) == NOTHING
    assert said(json.loads(result.stdout)) == NOTHING


@pytest.mark.long
@pytest.mark.parametrize("call", ["os.mkdir", "shutil.which", "os.replace", "os.unlink", "os.listdir"])
def test_a_signal_at_a_call_of_the_system_changes_nothing(ready: Sandbox, call: str) -> None:
    marker = ready.folder / "marker"
    running = start(ready, *PUSH, "--json", "--no-backup", env=pause_at(ready, call, marker))
    wait_until(lambda: marker.exists() or running.process.poll() is not None)
    running.signal(signal.SIGTERM)
    result = running.end()
    assert result.code == 143, result
    assert_nothing_left(ready)
    assert said(json.loads(result.stdout)) == written(ready)


@pytest.mark.parametrize(("number", "group", "code"), SIGNALS)
def test_a_signal_ends_waiting_for_another_run(
    ready: Sandbox, number: signal.Signals, code: int, *, group: bool
) -> None:
    with lock_of(ready.project):
        running = start(ready, *PUSH)
        wait_until(lambda: "waiting" in running.told)
        running.signal(number, group=group)
        result = running.end()
    assert result.code == code, result
    assert_nothing_left(ready)
    assert written(ready) == NOTHING
    assert "nothing was" in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_at_the_question_changes_nothing(ready: Sandbox, number: int, code: int) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "astro_sync", *PUSH[:-1]],
        cwd=str(ready.project),
        env=ready.environment,
        timeout=PATIENCE,
        dimensions=(50, 200),
    )
    child.expect(r"\[y/N\]")
    if number == signal.SIGINT:
        child.sendintr()  # as the terminal does it
    else:
        child.kill(number)
    child.expect(pexpect.EOF)
    printed = child.before.decode()
    child.close()
    assert child.exitstatus == code, printed
    assert "Traceback" not in printed
    assert_nothing_left(ready)
    assert written(ready) == NOTHING


@pytest.mark.long
def test_an_astro_that_ignores_sigterm_is_ended_with_its_children(ready: Sandbox) -> None:
    running = start_and_hang(
        ready, (*PUSH, "--json"), MOMENTS["about to write the Deployment"][0] | {"ignore_term": True}
    )
    begun = time.monotonic()
    running.signal(signal.SIGINT, group=True)
    result = running.end()
    assert time.monotonic() - begun < 10
    assert result.code == 130
    assert_nothing_left(ready)
    assert said(json.loads(result.stdout)) == written(ready) == FILE


def test_a_grandchild_that_outlives_its_parent_is_ended_too(ready: Sandbox) -> None:
    # The parent ends at SIGTERM, its child does not.
    program = ready.folder / "bin" / "astro"
    program.parent.mkdir()
    pids = ready.folder / "pids"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, sys, time\n"
        "if sys.argv[1:3] != ['deployment', 'inspect']:\n"
        f"    os.execv({str(ready.astro_program)!r}, ['astro', *sys.argv[1:]])\n"
        "if not os.fork():\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"    open({str(pids)!r}, 'w').write(f'{{os.getpid()}} ')\n"
        "time.sleep(60)\n"
    )
    program.chmod(0o755)
    running = start(ready, *PUSH, "--astro-bin", str(program))
    wait_until(lambda: pids.exists() and pids.read_text())
    running.signal(signal.SIGTERM)
    assert running.end().code == 143
    (pid,) = map(int, pids.read_text().split())
    wait_until(lambda: not is_alive(pid))
    assert_nothing_left(ready)


@pytest.mark.long
def test_a_time_limit_ends_the_whole_group_too(ready: Sandbox) -> None:
    ready.fault("hang", child=True, command="deployment inspect", ignore_term=True)
    result = start(ready, *PUSH, "--timeout", "2").end()
    assert result.code == 4, result
    assert len(children(ready)) > 2
    assert_nothing_left(ready)
    assert written(ready) == NOTHING


@pytest.mark.long
@pytest.mark.parametrize("second", [0.2, 1.0])
def test_a_second_signal_leaves_nothing_either(ready: Sandbox, second: float) -> None:
    running = start_and_hang(
        ready, (*PUSH, "--json"), MOMENTS["about to write the Deployment"][0] | {"ignore_term": True}
    )
    running.signal(signal.SIGINT, group=True)
    time.sleep(second)
    running.signal(signal.SIGINT, group=True)
    result = running.end()
    assert result.code == 130, result
    assert "Traceback" not in result.stderr
    assert_nothing_left(ready)
    assert written(ready) == FILE


@pytest.mark.long
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_leaves_nothing_that_the_next_one_does_not_remove(ready: Sandbox, moment: str) -> None:
    options, expected = MOMENTS[moment]
    running = start_and_hang(ready, PUSH, options)
    running.signal(signal.SIGKILL)
    running.end()
    assert written(ready) == expected
    end_orphans(ready)
    ready.clear_faults()
    result = start(ready, *PUSH, "--json").end()
    assert result.code == 0, result
    assert_nothing_left(ready)
    assert written(ready) == ALL


def test_a_file_that_a_killed_run_was_writing_goes_with_the_next(ready: Sandbox) -> None:
    marker = ready.folder / "marker"
    running = start(ready, *PUSH, "--no-backup", env=pause_at(ready, "os.fsync", marker))
    wait_until(marker.exists)
    running.signal(signal.SIGKILL)
    running.end()
    assert len([path for path in ready.project.iterdir() if path.suffix == ".tmp"]) == 1
    assert ready.read_env() == OLD
    assert start(ready, *PUSH).end().code == 0
    assert_nothing_left(ready)
    assert sorted(path.name for path in ready.project.iterdir()) == [".astro", ".env"]
    assert written(ready) == ALL


def test_a_leftover_folder_of_a_killed_run_is_private(ready: Sandbox) -> None:
    running = start_and_hang(ready, PUSH, WRITING)
    running.signal(signal.SIGKILL)
    running.end()
    found = list(ready.temporary.rglob("*"))
    assert found
    for path in found:
        assert path.stat().st_mode & 0o077 == 0, path
    end_orphans(ready)
