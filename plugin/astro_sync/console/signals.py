"""Hear the signals that end a run, and let them in only where nothing is left behind."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Signals:
    """Turn ^C, SIGTERM and SIGHUP into an `Interruption` inside `heard`, and remember them outside of it.

    `stops` are called first: they end what runs. `pending` is the exit code of a signal that came outside.
    """

    stops: list[Callable[[], None]] = field(default_factory=list)
    pending: ExitCode | None = None
    _armed: bool = False

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

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Receive a signal."""
        for stop in self.stops:
            stop()
        self.pending = _CODES[signal.Signals(number)]
        if self._armed:
            raise Interruption(self.pending)


@contextmanager
def listen() -> Iterator[Signals]:
    """Install the handlers for as long as the block runs; a signal that is ignored (nohup) stays so."""
    signals = Signals()
    heard = [number for number in _CODES if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, signals.handle) for number in heard}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
