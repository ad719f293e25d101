"""Which entry of one place is which of another (README, "Names"). Pure."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from astro_sync.core.model import Entry, Kind, Name, Names, Snapshot, Traits

IdCase = Literal["lower", "upper"]


class Side(NamedTuple):
    """One place as it takes part in a comparison: what it is and what it holds."""

    traits: Traits
    snapshot: Snapshot


class Pair(NamedTuple):
    """A name of the destination with what both sides hold under it.

    `others` are further entries of the source that become the same name there.
    """

    name: Name
    source: Entry | None
    destination: Entry | None
    others: tuple[Entry, ...] = ()


def pair(source: Side, destination: Side, id_case: IdCase = "lower") -> list[Pair]:
    """Return a pair for each name that the source has there, then those that only the destination has."""
    fold = destination.traits.fold
    held = {fold(name): entry for name, entry in destination.snapshot.entries.items()}
    by_key: dict[str, list[Name]] = {}
    if source.traits.names is not destination.traits.names:
        for name in destination.snapshot.entries:
            by_key.setdefault(name.key, []).append(name)
    found: dict[object, list[Entry]] = {}
    targets: dict[object, Name] = {}
    for entry in source.snapshot.entries.values():
        for name in _targets(entry.name, source.traits, destination.traits, by_key, id_case):
            folded = fold(name)
            existing = held.get(folded)
            targets.setdefault(folded, existing.name if existing else name)
            found.setdefault(folded, []).append(entry)
    pairs = [
        Pair(targets[folded], entries[0], held.get(folded), tuple(entries[1:])) for folded, entries in found.items()
    ]
    pairs += [Pair(entry.name, None, entry) for folded, entry in held.items() if folded not in found]
    return pairs


def _targets(
    name: Name, source: Traits, destination: Traits, by_key: Mapping[str, list[Name]], id_case: IdCase
) -> Iterator[Name]:
    """Yield the names of the destination that one of the source stands for."""
    if source.names is destination.names or name.kind is Kind.ENVIRONMENT:
        yield name
    elif destination.names is Names.ENVIRONMENT:
        yield Name(name.kind, name.id.upper())
    elif existing := by_key.get(name.key):
        yield from existing
    else:
        yield Name(name.kind, name.id.lower() if id_case == "lower" else name.id.upper())
