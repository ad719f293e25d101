"""The contract of every place, held by the place of secrets backends over each store."""

from dataclasses import dataclass

import pytest

from astro_sync.core.model import Kind, Name
from astro_sync.places.backends.place import make_place
from astro_sync.places.backends.settings import read_environment
from astro_sync.places.base import AnyPlace, Role
from places.backends.counterparts import Counterpart
from places.backends.settings_of import settings_of
from places.subjects import BOTH, Subject, surroundings
from places.test_contract import *  # noqa: F403 - the same tests, over the subjects below
from sandbox import Sandbox

pytestmark = pytest.mark.stores


@dataclass(frozen=True, kw_only=True)
class BackendSubject(Subject):
    """One store, opened as its configuration in a `.env` says."""

    counterpart: Counterpart

    def open(self, sandbox: Sandbox, role: Role = Role.DESTINATION) -> AnyPlace:
        """Return the place."""
        config = read_environment(settings_of(self.counterpart), ".env")
        around = surroundings(sandbox)._replace(environ=self.counterpart.environ)
        return make_place("backend:", config, role, around)


@pytest.fixture  # type: ignore[no-redef]
def subject(counterpart: Counterpart) -> Subject:
    """Return the place over each store in turn."""

    def begin(_sandbox: Sandbox) -> None:
        counterpart.reset()
        counterpart.put("own", "kept")
        counterpart.put("own_too", "kept too")

    return BackendSubject(
        name=counterpart.vendor,
        address="backend:",
        kinds=BOTH,
        own={Name(Kind.VARIABLE, "own"): "kept", Name(Kind.VARIABLE, "own_too"): "kept too"},
        begin=begin,
        untouched=lambda _sandbox: [counterpart.get("own"), counterpart.get("own_too")],
        examples=8,
        counterpart=counterpart,
    )
