"""`list --effective`: which store of a Deployment holds each key, in the order in which Airflow looks."""

from collections.abc import Mapping
from typing import Final

from astro_sync.airflow.names import BACKEND
from astro_sync.concurrency import each
from astro_sync.core.effective import Store
from astro_sync.core.filters import Wanted
from astro_sync.core.model import Kind, Name
from astro_sync.errors import AstroSyncError, UsageError
from astro_sync.places.base import AnyPlace

# The stores as a person knows them, by the schemes of their addresses, in Airflow's order of look-up
# (fixtures/places-contract.md, 0): a secrets backend, the environment, the metadata database. In the environment the
# Environment Manager comes before a Deployment's own variables.
STORES: Final[Mapping[str, str]] = {
    "backend": "secrets backend",
    "env-manager": "Environment Manager",
    "deployment": "environment variables",
    "airflow": "metadata database",
}

_BACKEND: Final = Name(Kind.ENVIRONMENT, BACKEND)
_ENVIRONMENTS: Final = frozenset({"env-manager", "deployment"})


def addresses(named: str) -> Mapping[str, str]:
    """Return the address of each store of the Deployment that `@TARGET` or `deployment:…` names."""
    rest = named.removeprefix("deployment:")
    if ":" in rest or not rest or (rest == named and not named.startswith("@")):
        hint = "Write astro-sync list --effective @TARGET, or deployment:ID."
        raise UsageError("--effective is for a Deployment.", hint=hint)
    if rest.startswith("@"):
        return {scheme: f"{scheme}:{rest}" for scheme in STORES}
    # a Deployment that no target names has no backend that a file configures
    return {
        "env-manager": f"env-manager:deployment/{rest}",
        "deployment": f"deployment:{rest}",
        "airflow": f"airflow:deployment/{rest}",
    }


def read_stores(places: Mapping[str, AnyPlace | AstroSyncError], wanted: Wanted, jobs: int) -> list[Store]:
    """Read all stores side by side; one that cannot be read is told, and keeps no other from being read.

    Raises the error of the Deployment's own variables if none can be read.
    """

    def read(scheme: str) -> Store | AstroSyncError:
        place = places[scheme]
        if isinstance(place, AstroSyncError):
            return place
        try:
            with place:
                held = place.read(wanted)
        except AstroSyncError as error:
            return error
        if scheme == "env-manager":
            # It is taken for an environment; what Astro does with two ids of one name is not known.
            held = held._replace(entries={Name(n.kind, n.id.upper()): entry for n, entry in held.entries.items()})
        return Store(STORES[scheme], held, is_environment=scheme in _ENVIRONMENTS)

    found = dict(zip(places, each(read, list(places), at_once=jobs), strict=True))
    own = found["deployment"]
    if isinstance(own, AstroSyncError) and not any(isinstance(store, Store) for store in found.values()):
        raise own
    return _with_backend([_unread(s, a) if isinstance(a, AstroSyncError) else a for s, a in found.items()])


def _unread(scheme: str, error: AstroSyncError) -> Store:
    return Store(STORES[scheme], None, f"{error} {error.hint}".strip(), scheme in _ENVIRONMENTS)


def _with_backend(stores: list[Store]) -> list[Store]:
    """Leave out a backend that the Deployment does not have, and name one that it has and nobody can read here."""
    backend, own = STORES["backend"], next(store for store in stores if store.name == STORES["deployment"])
    known = next((store for store in stores if store.name == backend), None)
    if own.held is None or (known is not None and known.held is not None):
        return stores
    others = [store for store in stores if store is not known]
    if _BACKEND not in own.held.entries:
        return others
    problem = 'Name the file that configures it: [targets.NAME] backend = ".env.prod"'
    return [known or Store(backend, None, problem), *others]
