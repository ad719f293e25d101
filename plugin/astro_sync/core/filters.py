"""Which names a run is about. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.core.model import Kind, Name
from astro_sync.core.secrecy import platform_names


def matches(name: Name, globs: Iterable[str]) -> bool:
    """Tell whether a glob matches the whole of an environment name or an id, case and all."""
    return any(fnmatchcase(text, glob) for glob in globs for text in {name.key, name.variable, name.id})


def is_reserved(key: str) -> bool:
    """Tell whether Astro sets this name itself or it steers a tool of the user's machine (CONTRIBUTING, rule 10)."""
    names = platform_names()
    return key in names["reserved"] or any(fnmatchcase(key, glob) for glob in names["reserved_patterns"])


class Filters(NamedTuple):
    """The globs of `--include` and `--exclude`, and `--airflow-only`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    airflow_only: bool = False

    def wants(self, name: Name) -> bool:
        """Tell whether the filters let a name through."""
        if self.airflow_only and name.kind is Kind.ENVIRONMENT:
            return False
        return (not self.include or matches(name, self.include)) and not matches(name, self.exclude)

    def wants_kind(self, kind: Kind) -> bool:
        """Tell whether they could let any name of a kind through, so that reading it is worth a call."""
        if self.airflow_only and kind is Kind.ENVIRONMENT:
            return False
        others = {Kind.CONNECTION: (VARIABLE,), Kind.VARIABLE: (CONNECTION,), Kind.ENVIRONMENT: (CONNECTION, VARIABLE)}
        return not self.include or any(not glob.startswith(others[kind]) for glob in self.include)


class Wanted(NamedTuple):
    """What a place is asked to read.

    `shadowed` are the environment names that the project's `.env` sets, which local Airflow puts before its database.
    `only` narrows a read-back to names just written, where a place can read single ones. `descriptions`: those of
    variables are wanted too, although they may cost a call.
    """

    filters: Filters = Filters()
    shadowed: frozenset[str] = frozenset()
    only: frozenset[Name] | None = None
    descriptions: bool = False

    def wants(self, name: Name) -> bool:
        """Tell whether a name is to be read."""
        return self.filters.wants(name) if self.only is None else name in self.only

    def wants_kind(self, kind: Kind) -> bool:
        """Tell whether a name of this kind may be wanted."""
        return self.filters.wants_kind(kind) if self.only is None else any(name.kind is kind for name in self.only)


EVERYTHING = Wanted()
