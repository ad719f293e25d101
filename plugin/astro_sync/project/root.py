"""Where an Astro project is."""

import os
import shlex
from pathlib import Path

from astro_sync.errors import UnusableError


def is_project(folder: Path, home: Path) -> bool:
    """Tell whether the Astro CLI would take a folder for a project; the home folder's `.astro` is its own."""
    # os.path: a folder that cannot be searched holds no project that we could use.
    return folder != home and os.path.isfile(folder / ".astro" / "config.yaml")  # noqa: PTH113


def find_project(folder: Path, home: Path) -> Path | None:
    """Return the project that a folder is or lies in."""
    return next((above for above in (folder, *folder.parents) if is_project(above, home)), None)


def require_project(folder: Path, home: Path) -> None:
    """Raise UnusableError unless a folder is a project (fixtures/astro-cli-contract.md)."""
    if is_project(folder, home):
        return
    above = find_project(folder, home)
    hint = "Change to your Astro project, or make one with `astro dev init`."
    if above:
        hint = f"Run `cd {shlex.quote(str(above))}` first."
    raise UnusableError("This folder is not an Astro project.", hint=hint)
