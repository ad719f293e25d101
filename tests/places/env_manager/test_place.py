"""What somebody else does to the Environment Manager's objects between reading and writing."""

import pytest

from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import Entry, Kind, Name, Names, Reason, Snapshot, Traits, Value
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.places.base import Role
from astro_sync.places.registry import open_place
from places.subjects import surroundings
from sandbox import Sandbox

OVERWRITE = Policy(on_conflict=OnConflict.OVERWRITE, rotate=("*",))


@pytest.mark.parametrize("secret", [False, True])
def test_what_somebody_changed_since_it_was_read_is_not_overwritten(sandbox: Sandbox, *, secret: bool) -> None:
    for key in ("theirs", "ours"):
        sandbox.add_object("airflow-variable", key, {"value": "old", "isSecret": secret})
    names = [Name(Kind.VARIABLE, key) for key in ("theirs", "ours")]
    source = Side(Traits(Names.AIRFLOW), Snapshot({name: Entry(name, Value("new")) for name in names}))
    with open_place("env-manager:workspace/ws-1", Role.DESTINATION, surroundings(sandbox)) as place:
        before = place.read(EVERYTHING)
        prepared = place.prepare(make_plan(source, Side(place.traits, before), OVERWRITE, place.refusal))
        with sandbox.change() as state:
            state["environment_objects"][0]["airflowVariable"]["value"] = "meanwhile"
            state["environment_objects"][0]["updatedAt"] = "2026-09-09T09:09:09Z"
        written = place.apply(prepared)
    assert [each["airflowVariable"]["value"] for each in sandbox.objects()] == ["meanwhile", "new"]
    assert {name.id: why.reason for name, why in written.failed.items()} == {"theirs": Reason.CHANGED_MEANWHILE}
