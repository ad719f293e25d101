"""Put one include into a Makefile. Pure."""

import re
from collections.abc import Collection
from typing import Final

from astro_sync.project.assets import MAKE_FILE

# In make's own order.
_NAMES: Final = ("GNUmakefile", "makefile", "Makefile")
_INCLUDE: Final = re.compile(rb"^ *[-s]?include[ \t](?:[^#\n]*[ \t/)])?astro-sync\.mk(?=[\s)]|$)", re.MULTILINE)
NEW: Final = f".DEFAULT_GOAL := help\ninclude {MAKE_FILE}\n".encode()


def choose_makefile(names: Collection[str]) -> str:
    """Return the one of a folder's files that make would read, or the name for a new one."""
    return next((name for name in _NAMES if name in names), "Makefile")


def has_include(data: bytes) -> bool:
    """Tell whether a Makefile includes ours, from whatever folder."""
    return bool(_INCLUDE.search(data))


def add_lines(data: bytes, lines: Collection[str]) -> bytes:
    r"""Return a text file with lines at its end, in its own line ends, behind an empty line if there is other text."""
    end = b"\r\n" if b"\r\n" in data else b"\n"
    text = data
    if text and not text.endswith(b"\n"):
        text += end
    if text.strip():
        # Behind a line that ends in a backslash, make takes the first of them for that line's rest: the empty one.
        text += end
    return text + b"".join(line.encode() + end for line in lines)
