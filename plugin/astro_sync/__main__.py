"""The `astro-sync` command, also as `python -m astro_sync`: hear signals from the first line on, then import."""

import gc
import os
import signal
from types import FrameType
from typing import Final, NoReturn

# New objects between two searches for garbage. Imports and `.env` files make many objects and hardly any garbage:
# with Python's 700 the search takes a tenth of the start, and more for each line the longer a file is.
GARBAGE_THRESHOLD: Final = 100_000


def main() -> NoReturn:
    """Import the command line and run it; a signal that comes meanwhile ends the run before its first call."""
    early: list[int] = []
    gc.set_threshold(GARBAGE_THRESHOLD)

    def remember(number: int, _frame: FrameType | None) -> None:
        if early:
            os._exit(128 + number)  # who signals twice wants an end, not a report
        early.append(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, remember)
    from astro_sync.cli.app import main as run

    try:
        run(early)
    finally:
        # Else the interpreter looks through all objects several times before it ends, which takes 40 ms.
        gc.freeze()


if __name__ == "__main__":
    main()
