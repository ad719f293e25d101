"""A report that cannot be written: whoever reads the exit code must not take it for a good end."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import Sandbox


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_report_without_room_is_told_and_no_success(sandbox: Sandbox, options: tuple[str, ...]) -> None:
    sandbox.write_env("A=1\n")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "astro_sync", "diff", "-d", "dep-1", *options],
            cwd=sandbox.project,
            env=sandbox.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "exit 0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-d", "dep-1", "--yes"), 6),
        (("-d", "dep-1", "--yes", "--json"), 6),
        (("-d", "dep-1", "--dry-run"), 1),
        (("-d", "nowhere", "--yes"), 4),
    ],
)
def test_a_report_without_room_is_6_where_a_deployment_was_changed(
    sandbox: Sandbox, words: tuple[str, ...], code: int
) -> None:
    sandbox.write_env("A=1\n")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "astro_sync", "local-to-deploy", "--no-export", *words],
            cwd=sandbox.project,
            env=sandbox.environment,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == code
    assert sandbox.deployment() == ({"A": ("1", False)} if code == 6 else {})


def test_a_link_that_leads_nowhere_is_refused(sandbox: Sandbox) -> None:
    link = sandbox.project / "link.env"
    link.symlink_to("/nonexistent/folder/.env")
    result = sandbox.run("deploy-to-local", "-d", "dep-1", "--yes", "--env", link.name)
    assert result.code == 3
    assert "/nonexistent/folder/.env" in result.stderr
