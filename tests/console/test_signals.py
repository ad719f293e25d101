import os
import signal
import threading
from collections.abc import Iterator

import pytest

from astro_sync.console.signals import Signals, listen
from astro_sync.errors import ExitCode, Interruption

LONG = 600.0  # seconds; a pause that is not ended by the signal runs into the time limit of the test's thread


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    yield
    signal.signal(signal.SIGINT, before)


def test_a_signal_that_came_before_ends_the_run_where_it_is_first_heard() -> None:
    with listen([signal.SIGTERM, signal.SIGINT]) as signals:
        assert signals.pending is ExitCode.TERMINATED
        with pytest.raises(Interruption) as caught, signals.heard():
            pytest.fail("the run began")
    assert caught.value.exit_code is ExitCode.TERMINATED


def test_a_signal_ends_a_pause_in_another_thread() -> None:
    signals = Signals()
    waiting = threading.Thread(target=signals.pause, args=(LONG,), daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    signals.handle(signal.SIGINT, None)
    waiting.join(60)
    assert not waiting.is_alive()


def test_a_signal_ends_a_pause_of_the_main_thread() -> None:
    with listen() as signals:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        signals.pause(LONG)
        assert signals.pending is ExitCode.INTERRUPTED


def test_after_a_signal_a_pause_is_a_pause_again() -> None:
    signals = Signals()
    signals.handle(signal.SIGINT, None)
    waiting = threading.Thread(target=signals.pause, args=(LONG,), daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    signals.handle(signal.SIGINT, None)
    waiting.join(60)
    assert not waiting.is_alive()
