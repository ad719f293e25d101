"""Hear the signals that end a run, and let them in only where nothing is left behind."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from astro_sync.errors import ExitCode, Interruption

_NAMES: Final = {
    "SIGINT": ExitCode.INTERRUPTED,
    "SIGTERM": ExitCode.TERMINATED,
    "SIGHUP": ExitCode.HUNG_UP,
}
# Windows has no SIGHUP; what cannot work there is to end with a sentence, not here.
_CODES: Final = {signal.Signals[name]: code for name, code in _NAMES.items() if name in signal.Signals.__members__}

_LOOK_SECONDS: Final = 0.05


class Signals:
    """Turn ^C, SIGTERM and SIGHUP into an `Interruption` inside `heard`, and remember them outside of it.

    `stops` are called first: they end what runs. `pending` is the exit code of the last signal that came.
    """

    def __init__(self, pending: ExitCode | None = None) -> None:
        self.pending = pending
        self.stops: list[Callable[[], None]] = []
        self._count = 0
        self._armed = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise in this block, at once if a signal is waiting; files are made before it and removed behind it."""
        self._armed = True
        try:
            if self.pending:
                raise Interruption(self.pending)
            yield
        finally:
            self._armed = False

    def defer(self) -> None:
        """Raise no more: what was done is known and must be reported, a signal is only the exit code."""
        self._armed = False

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Receive a signal."""
        self._count += 1
        for stop in self.stops:
            stop()
        self.pending = _CODES[signal.Signals(number)]
        if self._armed:
            raise Interruption(self.pending)

    def pause(self, seconds: float) -> None:
        """Wait, in any thread, until the time is over or the next signal comes."""
        count, end = self._count, time.monotonic() + seconds
        while self._count == count and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))


@contextmanager
def listen(early: Sequence[int] = ()) -> Iterator[Signals]:
    """Install the handlers for as long as the block runs; a signal that is ignored (nohup) stays so.

    `early` are the numbers of the signals that came before.
    """
    signals = Signals(pending=_CODES[signal.Signals(early[0])] if early else None)
    heard = [number for number in _CODES if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, signals.handle) for number in heard}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
