"""An editor changes `.env` between reading and writing."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from processes import assert_nothing_left, start, wait_until
from sandbox import Sandbox

pytestmark = pytest.mark.long

PUSH = ("local-to-deploy", "-d", "dep-1", "--yes", "--json")
PULL = ("deploy-to-local", "-d", "dep-1", "--yes", "--json")
OLD = "# mine\nOWN=1\n"
THEIRS = "# an editor was here\nOWN=2\n"


def write(path: Path) -> None:
    path.write_text(THEIRS)


def swap(path: Path) -> None:
    """Write as editors do: a new file in the old one's place."""
    path.with_name("editor~").write_text(THEIRS)
    path.with_name("editor~").replace(path)


def touch_same_length(path: Path) -> None:
    """Change the content and keep length and times."""
    facts = path.stat()
    path.write_text(THEIRS)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def remove(path: Path) -> None:
    path.unlink()


def put_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


EDITS: dict[str, Callable[[Path], None]] = {
    "written": write,
    "replaced": swap,
    "times kept": touch_same_length,
    "removed": remove,
    "a folder now": put_a_folder,
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize(
    ("words", "slow"),
    [(PUSH, "dev object"), (PULL, "deployment variable list")],
    ids=["push", "pull"],
)
def test_what_an_editor_wrote_stays_and_nothing_is_sent(
    sandbox: Sandbox, words: tuple[str, ...], slow: str, edit: str
) -> None:
    sandbox.set_airflow({"new": "3"})
    sandbox.set_variable("THEIRS", "x")
    path = sandbox.write_env(OLD)
    sandbox.fault("slow", command=slow, seconds=1.5)
    running = start(sandbox, *words)
    wait_until(lambda: sandbox.calls(slow))
    # `.env` is read at the same time as everything else, and takes no time.
    wait_until(lambda: sandbox.calls("config get"))
    wait_until(lambda: all("end" in call for call in sandbox.calls("config get")))
    time.sleep(0.3)
    assert running.process.poll() is None
    EDITS[edit](path)
    before = sandbox.deployment()
    result = running.end()
    assert result.code in ({3} if path.is_dir() else {1}), result
    if path.is_file():
        assert path.read_text() == THEIRS
    else:
        assert path.exists() is (edit == "a folder now")
    assert sandbox.deployment() == before
    assert not sandbox.writing_calls()
    error = json.loads(result.stdout)["error"]
    assert error["hint"]
    assert ".env" in error["message"]
    assert_nothing_left(sandbox)
