"""Show on a terminal what `astro` is busy with, once it takes longer than half a second."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TextIO

from astro_sync.console.streams import unbroken

_PATIENCE_SECONDS: Final = 0.5
_TICK_SECONDS: Final = 0.1
_SIGNS: Final = "|/-\\"
_WIDEST: Final = 78


@dataclass(slots=True, eq=False, repr=False)
class Progress:
    """Keep one line of a terminal up to date while calls run; their names hold no values."""

    stream: TextIO
    _running: dict[int, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ticker: threading.Thread | None = None
    _shown: bool = False

    @contextmanager
    def watch(self, name: str) -> Iterator[None]:
        """Show the name for as long as the block runs."""
        with self._lock:
            mine = max(self._running, default=0) + 1
            self._running[mine] = (name, time.monotonic())
            if self._ticker is None:
                self._ticker = threading.Thread(target=self._tick, daemon=True)
                self._ticker.start()
        try:
            yield
        finally:
            with self._lock:
                del self._running[mine]
                if not self._running:
                    self._clear()

    def _tick(self) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            with self._lock:
                if not self._running:
                    self._ticker = None
                    return
                name, begun = min(self._running.values(), key=lambda running: running[1])
                seconds = time.monotonic() - begun
                if seconds > _PATIENCE_SECONDS:
                    more = f" and {len(self._running) - 1} more" if len(self._running) > 1 else ""
                    sign = _SIGNS[int(seconds / _TICK_SECONDS) % len(_SIGNS)]
                    self._write(f"{sign} {name}{more}, {seconds:.0f} s"[:_WIDEST])

    def _write(self, text: str) -> None:
        self._put(f"\r\x1b[K{text}")
        self._shown = True

    def _put(self, text: str) -> None:
        # A terminal that went away must not end the run.
        with unbroken(self.stream):
            self.stream.write(text)
            self.stream.flush()

    def _clear(self) -> None:
        if self._shown:
            self._write("")
            self._shown = False
