"""Which store of a Deployment Airflow takes each key from. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Kind, Name, Snapshot, Value, name_of


class Store(NamedTuple):
    """One store as it was read; `problem` says why it could not be, None if there is none of that kind.

    `is_environment`: an id is looked up in it in upper case; in the others it is looked up as it is.
    """

    name: str
    held: Snapshot | None
    problem: str | None = None
    is_environment: bool = False

    def answers(self, name: Name) -> bool:
        """Tell whether Airflow takes an id from here, if nothing before it does."""
        if self.held is None:
            return False
        if not self.is_environment or name.kind is Kind.ENVIRONMENT:
            return name in self.held.entries
        entry = self.held.entries.get(name_of(name.key))
        # An empty connection counts as not found (fixtures/places-contract.md, 0).
        return entry is not None and (name.kind is Kind.VARIABLE or entry.value != Value(""))

    def may_answer(self, name: Name) -> bool:
        """Tell whether a store that could not be read may hold an id; only an environment holds other variables."""
        return self.held is None and (self.is_environment or name.kind is not Kind.ENVIRONMENT)


class Effective(NamedTuple):
    """One key: the store whose value Airflow takes, those that hold it too, and those before it that may."""

    kind: Kind
    id: str
    key: str
    wins: str
    hidden: tuple[str, ...]
    unsure: tuple[str, ...]


def effective(stores: Sequence[Store], wanted: Wanted) -> list[Effective]:
    """Return for each key where Airflow finds it first; a store that could not be read may hold it before."""
    answers = {
        name: [number for number, store in enumerate(stores) if store.answers(name)]
        for name in sorted(_ids(stores, wanted))
    }
    return [
        Effective(
            kind=name.kind,
            id=name.id,
            key=name.key,
            wins=stores[numbers[0]].name,
            hidden=tuple(stores[number].name for number in numbers[1:]),
            unsure=tuple(store.name for store in stores[: numbers[0]] if store.may_answer(name)),
        )
        for name, numbers in answers.items()
        if numbers
    ]


def _ids(stores: Sequence[Store], wanted: Wanted) -> set[Name]:
    """Return the ids that a DAG may ask for; of one that only an environment has, the case is not known."""
    read = [(store.held.entries, store.is_environment) for store in stores if store.held is not None]
    exact = {name for entries, is_environment in read if not is_environment for name in entries}
    keys = {name.key for name in exact}
    environment = {name for entries, is_environment in read if is_environment for name in entries}
    lower = {
        name if name.kind is Kind.ENVIRONMENT else Name(name.kind, name.id.lower())
        for name in environment
        if name.key not in keys and name.variable == name.key
    }
    return {name for name in exact | lower if wanted.wants(name)}
