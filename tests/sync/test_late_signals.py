"""Signals at the edges of a run: what was done must still be told, and nothing be left."""

import signal

import pytest

from processes import assert_nothing_left, pause_at, start, wait_until
from sandbox import Sandbox
from sync.test_interruption import ALL, PUSH, written
from sync.test_interruption import ready as ready  # noqa: PLC0414 - a fixture

pytestmark = pytest.mark.long

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize(
    "call", ["shutil.rmtree", "astro_sync.console.report.show_end"], ids=["cleaning up", "reporting"]
)
@pytest.mark.parametrize("number", CODES)
def test_a_signal_after_the_writing_does_not_hide_what_was_written(
    ready: Sandbox, number: signal.Signals, call: str
) -> None:
    marker = ready.folder / "marker"
    running = start(ready, *PUSH, env=pause_at(ready, call, marker))
    wait_until(marker.exists)
    running.signal(number)
    result = running.end()
    assert_nothing_left(ready)
    assert written(ready) == ALL
    assert "nothing was changed" not in result.stderr
    assert "prod  2 new" in result.stdout, result
    assert result.code == CODES[number]


def test_a_signal_while_the_private_folder_is_made_leaves_none(ready: Sandbox) -> None:
    marker = ready.folder / "marker"
    running = start(ready, *PUSH, env=pause_at(ready, "fcntl.flock", marker))
    wait_until(marker.exists)
    running.signal(signal.SIGINT)
    assert running.end().code == 130
    assert list(ready.temporary.iterdir()) == []
