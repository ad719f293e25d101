"""What surrounds a run; nothing below looks around for itself."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from astro_sync.console.signals import Signals
from astro_sync.console.terminal import Terminal


class Invocation(NamedTuple):
    """The environment, the folders, the time and the streams of one run; `project` is the Astro project at or above.

    `left_behind` gets the temporary folder of the run where it cannot be removed.
    """

    environ: Mapping[str, str]
    cwd: Path
    project: Path
    home: Path
    now: datetime
    stdin: Callable[[], bytes]
    terminal: Terminal
    signals: Signals
    left_behind: list[Path]
