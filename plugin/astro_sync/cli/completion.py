"""Complete what is typed in a shell: click's script, names of targets, checks and keys of the `.env`, never values.

Nothing here raises or prints: in the middle of a command line there is no place for a message. And nothing is given out
that a shell would act on: what is completed is inserted into a command line.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from astro_sync.errors import AstroSyncError

_PROGRAM: Final = "astro-sync"
_VARIABLE: Final = "_ASTRO_SYNC_COMPLETE"  # click's own name for it
_LARGEST: Final = 1 << 20  # bytes; a person waits for the answer
_HARMLESS: Final = re.compile(r"[\w.@+/][\w.@%+/-]*")


def completion_script(command: click.Command, shell: str) -> str:
    """Return what a shell sources so that it completes `astro-sync`."""
    from click.shell_completion import get_completion_class  # click itself imports it only where it is used

    found = get_completion_class(shell)
    return "" if found is None else found(command, {}, _PROGRAM, _VARIABLE).source()


def complete_target(_ctx: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the targets and groups of the config file that begin so."""
    from astro_sync.config.file import load

    try:
        config = load(Path.cwd())
    except (AstroSyncError, OSError):
        return []
    return _offer((*config.targets, *config.groups) if config else (), incomplete)


def complete_check(_ctx: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the codes and names of the checks that begin so."""
    from astro_sync.checks import CHECKS

    return _offer([word for check in CHECKS for word in (check.code, check.name)], incomplete)


def complete_key(ctx: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the keys of the `.env` that begin so; the one that was typed before, or the project's."""
    from astro_sync.envfile.dialects import COMPOSE

    path = Path(ctx.params.get("env") or ".env")
    try:
        # A pipe would wait for its writer.
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return []
    return sorted(_offer(COMPOSE.read(text, {}).values(), incomplete))


def _offer(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete) and _HARMLESS.fullmatch(word)]
