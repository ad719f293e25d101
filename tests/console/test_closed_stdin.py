"""No prompt without a terminal, ever; a closed stdin is no terminal, and no bug either."""

import subprocess
import sys

import pytest

from runs import state_of
from sandbox import Sandbox


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("local-to-deploy", "-d", "dep-1", "--no-export"), 2),
        (("local-to-deploy", "-d", "dep-1", "--no-export", "--yes"), 0),
        (("merge", ".env", "other.env"), 0),
        (("dedupe",), 0),
        (("init",), 0),
        (("doctor",), 5),
        (("check",), 0),
    ],
)
def test_a_closed_stdin_is_no_terminal(sandbox: Sandbox, words: tuple[str, ...], code: int) -> None:
    sandbox.write_env("A=1\n")
    before = state_of(sandbox)
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "astro_sync", *words],
        cwd=sandbox.project,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code
    assert code != 2 or state_of(sandbox) == before
