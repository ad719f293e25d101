"""Write to streams that may be gone, full or closed: what cannot be told must not change what is done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


@contextmanager
def unbroken(stream: TextIO | None) -> Iterator[None]:
    """Let writing to a stream fail; one that did is silent from then on."""
    try:
        yield
    except (OSError, ValueError):  # ValueError: somebody closed it
        silence(stream)


def silence(stream: TextIO | None) -> None:
    """Send what a stream still holds, and what comes, to nowhere: at its end Python would fail on it (exit 120)."""
    if stream is None:
        return
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def finish(stream: TextIO | None) -> None:
    """Write what a stream still holds, or give it up."""
    if stream is not None:
        with unbroken(stream):
            stream.flush()
