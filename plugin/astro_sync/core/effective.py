"""Which store of a Deployment Airflow takes each key from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Kind, Name, Snapshot


@dataclass(frozen=True, slots=True)
class Store:
    """One store as it was read; `problem` says why it could not be, None if there is none of that kind."""

    name: str
    held: Snapshot | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Effective:
    """One key: the store whose value Airflow takes, those that hold it too, and those before it that may."""

    kind: Kind
    key: str
    wins: str
    hidden: tuple[str, ...]
    unsure: tuple[str, ...]


def effective(stores: Sequence[Store], wanted: Wanted) -> list[Effective]:
    """Return for each key where Airflow finds it first; a store that could not be read may hold it before."""
    holders: dict[tuple[Kind, str], list[int]] = {}
    for number, store in enumerate(stores):
        names = store.held.entries if store.held is not None else ()
        for found in {_key(name) for name in names if wanted.wants(name)}:
            holders.setdefault(found, []).append(number)
    unread = [number for number, store in enumerate(stores) if store.held is None]
    return [
        Effective(
            kind=kind,
            key=key,
            wins=stores[first].name,
            hidden=tuple(stores[number].name for number in others),
            unsure=tuple(stores[number].name for number in unread if number < first),
        )
        for (kind, key), (first, *others) in sorted(holders.items())
    ]


def _key(name: Name) -> tuple[Kind, str]:
    """Return what an environment, which has one name for all spellings of an id, calls it."""
    return name.kind, name.key
