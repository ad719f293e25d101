"""Streams and terminals that are gone, full or closed: the run ends as it would have, and says so in its exit code."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processes import PATIENCE, assert_nothing_left, pause_at, start, wait_until
from sandbox import Json, Sandbox
from sync.test_interruption import ALL, FILE, PUSH, written
from sync.test_interruption import ready as ready  # noqa: PLC0414 - a fixture

ASTRO_SYNC = (sys.executable, "-m", "astro_sync")
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


def run_with_stderr(sandbox: Sandbox, stderr: str, *words: str) -> int:
    """Run with a stderr that cannot be written to, and return the exit code."""
    if stderr == "full":
        target = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, target = os.pipe()
        os.close(reading)
    try:
        done = subprocess.run(
            [*ASTRO_SYNC, *words],
            cwd=sandbox.project,
            env=sandbox.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=target,
            timeout=120,
            check=False,
        )
    finally:
        os.close(target)
    return done.returncode


@pytest.mark.long
@FULL
@pytest.mark.parametrize("stderr", ["full", "closed pipe"])
@pytest.mark.parametrize("option", ["--json", "-v", "--no-backup"])
def test_nobody_hears_what_is_told_and_all_is_written(ready: Sandbox, stderr: str, option: str) -> None:
    assert run_with_stderr(ready, stderr, *PUSH, option) == 0
    assert written(ready) == ALL


@FULL
@pytest.mark.parametrize("stderr", ["full", "closed pipe"])
@pytest.mark.parametrize(
    ("words", "code"),
    [(("diff", "-d", "nowhere"), 4), (("local-to-deploy", "--on-conflict", "perhaps"), 2), (("merge", "x"), 2)],
)
def test_an_error_that_nobody_hears_has_its_exit_code(
    ready: Sandbox, stderr: str, words: tuple[str, ...], code: int
) -> None:
    assert run_with_stderr(ready, stderr, *words) == code


@FULL
@pytest.mark.parametrize("words", [("--help",), ("completion", "bash"), ("--version",)])
def test_help_without_room_is_a_failure_without_a_traceback(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*ASTRO_SYNC, *words],
            env=sandbox.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("hears", [True, False], ids=["with SIGHUP", "without SIGHUP"])
def test_a_terminal_that_goes_away_ends_in_a_read_back_and_a_whole_document(ready: Sandbox, *, hears: bool) -> None:
    ready.fault("slow", command="deployment variable", at="after-write", seconds=3)
    master, terminal = pty.openpty()
    document = ready.folder / "document"
    ignored = [] if hears else ["nohup"]
    with document.open("wb") as out:
        running = subprocess.Popen(
            [*ignored, *ASTRO_SYNC, *PUSH, "--json"],
            cwd=ready.project,
            env=ready.environment | {"TERM": "xterm"},
            stdin=terminal,
            stdout=out,
            stderr=terminal,
            start_new_session=True,
        )
    os.close(terminal)
    wait_until(lambda: ready.calls("deployment variable"))
    os.close(master)
    if hears:
        # As the kernel does for a session that has this terminal.
        running.send_signal(signal.SIGHUP)
    code = running.wait(PATIENCE)
    told: Json = json.loads(document.read_text())
    assert code == told["exit_code"] == (129 if hears else 0)
    assert written(ready) in ({ALL, FILE} if hears else {ALL})
    results = {change["result"] for place in told["places"] for change in place["changes"]}
    assert "done" in results
    assert_nothing_left(ready)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_report_leaves_document_and_exit_code_as_one(
    ready: Sandbox, number: signal.Signals
) -> None:
    marker = ready.folder / "marker"
    pause = pause_at(ready, "astro_sync.console.document.to_json", marker)
    running = start(ready, *PUSH, "--json", env=pause)
    wait_until(marker.exists)
    running.signal(number)
    result = running.end()
    assert result.code == json.loads(result.stdout)["exit_code"]
    assert written(ready) == ALL


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_while_python_imports_ends_the_run_before_its_first_call(
    ready: Sandbox, number: signal.Signals, code: int
) -> None:
    marker = ready.folder / "marker"
    # Stops where the command line is imported, after our own first line.
    folder = ready.folder / "slow"
    (folder / "click").mkdir(parents=True)
    (folder / "click" / "__init__.py").write_text(
        "import sys, time, pathlib\n"
        f"pathlib.Path({str(marker)!r}).touch()\n"
        "time.sleep(2)\n"
        f"sys.path.remove({str(folder)!r})\n"
        "del sys.modules['click']\n"
        "import click\n"
        "globals().update(vars(click))\n"
    )
    running = start(ready, *PUSH, "--json", env={"PYTHONPATH": str(folder)})
    wait_until(marker.exists)
    running.signal(number)
    result = running.end()
    assert result.code == code
    assert "Traceback" not in result.stderr
    assert json.loads(result.stdout)["exit_code"] == code
    assert ready.calls() == []
