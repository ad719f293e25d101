"""Find the files of the kit, and tell which of an installed one are ours to replace."""

import hashlib
import re
from pathlib import Path
from typing import Final

MAKE_FILE: Final = "astro-sync.mk"
_FIRST_LINE: Final = b"# astro-sync in a Makefile:"
_SEAL: Final = re.compile(
    rb"\n# Installed by `astro-sync init`, which replaces it as long as nobody edits it \(([0-9a-f]{16})\)\.\n\Z"
)


def kit_path(name: str) -> Path:
    """Return where a file of the kit is: in the installed package or in the repository that it runs in."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "kit" / name
    return installed if installed.is_file() else package.parents[1] / "scripts" / name


def kit_file(name: str) -> bytes:
    """Return the content of a file of the kit."""
    return kit_path(name).read_bytes()


def seal(data: bytes) -> bytes:
    """Return a kit file with a last line by which a later run knows that nobody has edited it."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    text = f"# Installed by `astro-sync init`, which replaces it as long as nobody edits it ({digest}).\n"
    return data + b"\n" + text.encode()


def is_untouched(data: bytes) -> bool:
    """Tell whether this is a Makefile include as some version of astro-sync installed it."""
    found = _SEAL.search(data)
    if not found or not data.startswith(_FIRST_LINE):
        return False
    return hashlib.sha256(data[: found.start()]).hexdigest()[:16].encode() == found[1]
