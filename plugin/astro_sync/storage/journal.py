"""What the last runs changed, so that `undo` can put it back: places, backups and names, no values.

Of what it wrote, a run keeps keyed digests, so that `undo` can tell what was changed since.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from astro_sync.core.model import Kind, Name
from astro_sync.core.receipts import Receipt
from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load
from astro_sync.storage.private import write_private
from astro_sync.storage.syscalls import make_private

KEPT: Final = 10


class Changed(NamedTuple):
    """What a run did to one place.

    `hidden` are the names whose old value nobody knows. `left` are the receipts of what the run left, by hidden name.
    """

    address: str
    workspace: str
    backup: str
    created: tuple[Name, ...]
    updated: tuple[Name, ...]
    hidden: tuple[Name, ...]
    left: Mapping[str, Receipt] = MappingProxyType({})


class Run(NamedTuple):
    """One run that changed something."""

    command: str
    time: str
    places: tuple[Changed, ...]


def keep_run(folder: Path, command: str, places: Sequence[Changed], now: datetime) -> None:
    """Keep what a run did; the last ten stay."""
    make_private(folder)
    document = {"command": command, "time": now.isoformat(), "places": [_row(place) for place in places]}
    path = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    path.unlink(missing_ok=True)
    write_private(path, json.dumps(document, indent=1).encode())
    for old in sorted(each for each in folder.glob("*.json") if each != path)[: -(KEPT - 1)]:
        with suppress(OSError):
            old.unlink()


def latest_run(folder: Path) -> tuple[Path, Run] | None:
    """Return the last run that changed something and was not undone, with its file.

    Raises AstroSyncError for a file that cannot be read.
    """
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            found = json.loads(load(path).data)
            places = tuple(_changed(row) for row in found["places"])
            return path, Run(found["command"], found["time"], places)
        except (ValueError, KeyError, TypeError):
            hint = "Put the backups back by hand, or remove the file."
            raise AstroSyncError(f"{path} cannot be read.", hint=hint) from None
    return None


def _row(place: Changed) -> dict[str, object]:
    left = {name: (each.salt.hex(), each.digest.hex(), each.updated_at) for name, each in place.left.items()}
    return {**place._asdict(), "left": left}


def _changed(row: dict[str, object]) -> Changed:
    names = {each: tuple(_name(pair) for pair in _list(row[each])) for each in ("created", "updated", "hidden")}
    texts = {each: str(row[each]) for each in ("address", "workspace", "backup")}
    return Changed(**texts, **names, left=_left(row.get("left", {})))  # type: ignore[arg-type]


def _left(found: object) -> dict[str, Receipt]:
    """Return the receipts of a run; one of an older version has none."""
    if not isinstance(found, dict):
        raise TypeError
    return {
        name: Receipt(bytes.fromhex(salt), bytes.fromhex(digest), updated_at)
        for name, (salt, digest, updated_at) in found.items()
    }


def _list(found: object) -> list[object]:
    if not isinstance(found, list):
        raise TypeError
    return found


def _name(pair: object) -> Name:
    kind, name_id = _list(pair)
    return Name(Kind(str(kind)), str(name_id))
