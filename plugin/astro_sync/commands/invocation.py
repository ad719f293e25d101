"""What surrounds a run; nothing below looks around for itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from astro_sync.console.signals import Signals
from astro_sync.console.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Invocation:
    """The environment, the folders, the time and the streams of one run; `project` is the Astro project at or above."""

    environ: Mapping[str, str]
    cwd: Path
    project: Path
    home: Path
    now: datetime
    stdin: Callable[[], bytes]
    terminal: Terminal
    signals: Signals
