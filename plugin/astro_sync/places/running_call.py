"""One running program: give it its input, collect what it prints up to a limit, and end it with its whole group."""

import os
import select
import selectors
import signal
import time
from contextlib import suppress
from subprocess import Popen, TimeoutExpired
from typing import IO, Final

OUTPUT_LIMIT: Final = 64 * 1024 * 1024
# A program can leave another one behind that holds its output and says nothing more.
QUIET_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 2.0
_READ_AT_ONCE: Final = 65_536
_LOOK_SECONDS: Final = 0.1


class RunningCall:
    """A process that leads its own group, with pipes for its three streams.

    `overflowed` tells that it printed more than `OUTPUT_LIMIT`; what came then is not kept.
    """

    def __init__(self, process: "Popen[bytes]", stdin: bytes) -> None:
        self._process = process
        self._pending = memoryview(stdin)
        self._printed = {process.stdout: bytearray(), process.stderr: bytearray()}
        self._open = selectors.DefaultSelector()
        for stream in self._printed:
            self._open.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type] # each has a pipe
        self._open.register(process.stdin, selectors.EVENT_WRITE)  # type: ignore[arg-type]
        self.overflowed = False

    @property
    def output(self) -> tuple[bytes, bytes]:
        """Return what was printed on stdout and on stderr so far."""
        out, err = self._printed.values()
        return bytes(out), bytes(err)

    @property
    def has_ended(self) -> bool:
        """Tell whether the process has ended; others of its group may go on."""
        return self._process.poll() is not None

    def converse(self, seconds: float) -> bool:
        """Exchange input and output until the call is over; return False if the time or the room was up before.

        It is over when the process has ended and its output with it, or was quiet for a while although others hold it.
        """
        deadline = time.monotonic() + seconds
        heard = None
        while self._open.get_map():
            now = time.monotonic()
            if self.has_ended:
                heard = heard or now
                if now - heard >= QUIET_SECONDS:
                    self.end()
                    return True
            if now >= deadline or self.overflowed:
                return False
            for key, _ in self._open.select(min(_LOOK_SECONDS, deadline - now)):
                self._exchange(key.fileobj)  # type: ignore[arg-type] # only pipes were registered
                heard = None
        with suppress(TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        return self.has_ended

    def end(self) -> None:
        """End the process and its group, first politely, and let go of its streams."""
        self.signal(signal.SIGTERM)
        if not self.overflowed and not self.has_ended:
            self.converse(GRACE_SECONDS)
        # The group may outlive its leader.
        self.signal(signal.SIGKILL)
        self._process.wait()
        # What was printed last still stands in the pipes; who still holds them is no concern.
        for key, _ in self._open.select(0):
            self._exchange(key.fileobj)  # type: ignore[arg-type]
        self._close_all()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, if there still is one."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _exchange(self, stream: IO[bytes]) -> None:
        if stream is self._process.stdin:
            self._write(stream)
        elif data := os.read(stream.fileno(), _READ_AT_ONCE):
            self._printed[stream] += data
            self.overflowed = sum(map(len, self._printed.values())) > OUTPUT_LIMIT
        else:
            self._close(stream)

    def _write(self, stream: IO[bytes]) -> None:
        # As much as never blocks.
        try:
            written = os.write(stream.fileno(), self._pending[: select.PIPE_BUF]) if self._pending else 0
        except BrokenPipeError:
            written = len(self._pending)
        self._pending = self._pending[written:]
        if not self._pending:
            self._close(stream)

    def _close_all(self) -> None:
        for key in list(self._open.get_map().values()):
            self._close(key.fileobj)  # type: ignore[arg-type]

    def _close(self, stream: IO[bytes]) -> None:
        self._open.unregister(stream)
        with suppress(BrokenPipeError):
            stream.close()
