"""Which of several stores Airflow finds a name in. Pure.

A secrets backend, then what the Environment Manager and the Deployment set as environment variables, then the metadata
database (fixtures/places-contract.md, 0 and 6).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from astro_sync.core.model import Entry, Kind, Name, Names, Snapshot, Traits


@dataclass(frozen=True)
class Store:
    """One store that Airflow asks, by the word for it; `in_environment`: what it holds is looked up in upper case."""

    word: str
    traits: Traits
    snapshot: Snapshot
    in_environment: bool = False

    def find(self, name: Name) -> Entry | None:
        """Return what it holds under a name, spelled as Airflow looks it up."""
        found = self._entries.get(self.traits.fold(name))
        return found or (self._entries.get(Name(name.kind, name.id.upper())) if self.in_environment else None)

    def answers(self, entry: Entry) -> bool:
        """Tell whether Airflow takes an entry for an answer: an empty connection counts as none."""
        upper = self.traits.names is Names.AIRFLOW or entry.name.variable == entry.name.key
        return upper and (entry.value is None or bool(entry.value) or entry.name.kind is not Kind.CONNECTION)

    @cached_property
    def _entries(self) -> Mapping[object, Entry]:
        return {self.traits.fold(name): entry for name, entry in self.snapshot.entries.items()}


@dataclass(frozen=True, slots=True)
class Effective:
    """One name: what each store holds, in the order in which they are asked, and which one answers, if any does."""

    name: Name
    entries: Mapping[str, Entry]
    wins: str | None


def effective(stores: Sequence[Store]) -> list[Effective]:
    """Return each name that one of the stores holds; they stand in the order in which Airflow asks them."""
    found = []
    for name in sorted(_names(stores)):
        held = [(store, entry) for store in stores if (entry := store.find(name)) is not None]
        wins = next((store.word for store, entry in held if store.answers(entry)), None)
        found.append(Effective(name, {store.word: entry for store, entry in held}, wins))
    return found


def _names(stores: Sequence[Store]) -> Iterator[Name]:
    """Yield each id as Airflow has it; an environment name alone tells no case, so it stands for itself."""
    ids = {name: None for store in stores if store.traits.names is Names.AIRFLOW for name in store.snapshot.entries}
    yield from ids
    known = {name.key for name in ids}
    for store in stores:
        if store.traits.names is Names.ENVIRONMENT:
            yield from (name for name in store.snapshot.entries if name.variable != name.key or name.key not in known)
