import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_names import dumped_again
from astro_sync.airflow.connection import Connection, means_the_same, to_json, to_text
from astro_sync.core.filters import EVERYTHING, Filters, Wanted
from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Secrets,
    Snapshot,
    Traits,
    Value,
)
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.core.verify import Outcome, Verification, verify
from astro_sync.errors import UsageError
from astro_sync.places.base import AnyPlace, PlaceOptions, Role, Surroundings
from astro_sync.places.registry import open_place
from odd_entries import CONNECTIONS, VARIABLES
from places.subjects import surroundings
from sandbox import Sandbox
from services.airflow import PASSWORD, USER, AirflowService

OVERWRITE = Policy(on_conflict=OnConflict.OVERWRITE)
KNOWN = Traits(Names.AIRFLOW, secrets=Secrets.NONE, as_fields=True, descriptions=True)


@pytest.fixture
def around(sandbox: Sandbox) -> Surroundings:
    """Return what surrounds a run that may log in to the stand-in of Airflow."""
    environ = {**sandbox.environment, "ASTRO_SYNC_AIRFLOW_USER": USER, "ASTRO_SYNC_AIRFLOW_PASSWORD": PASSWORD}
    return surroundings(sandbox)._replace(environ=environ)


def opened(service: AirflowService, role: Role, around: Surroundings) -> AnyPlace:
    return open_place(f"airflow:{service.url}", role, around)


def fill(service: AirflowService) -> None:
    for row in VARIABLES:
        service.variables[str(row["key"])] = {"value": row["val"], "description": row.get("description")}
    for row in CONNECTIONS:
        service.connections[str(row["conn_id"])] = {
            **{name: row.get(name) for name in Connection._fields},
            "password": row.get("password") or None,
        }


def merge(
    source: Side, service: AirflowService, around: Surroundings, policy: Policy = OVERWRITE
) -> tuple[Plan, Verification]:
    with opened(service, Role.DESTINATION, around) as place:
        before = place.read(Wanted(policy.filters))
        plan = make_plan(source, Side(place.traits, before), policy, place.refusal)
        written = place.apply(place.prepare(plan))
        after = place.read(Wanted(only=frozenset(write.name for write in plan.writes)))
        return plan, verify(plan, before, after, written, place.traits)


def side_of(texts: Mapping[Name, str]) -> Side:
    return Side(KNOWN, Snapshot({name: Entry(name, Value(text)) for name, text in texts.items()}))


def change_of(plan: Plan, name: Name) -> Change:
    """Return the decision about one entry of the source; a name that is not sound is masked in it."""
    return next(each for each in plan.changes if each.source and each.source.name == name)


def everything() -> dict[Name, str]:
    """Return what `fill` puts in, as the local Airflow's exact reading tells it."""
    found = {Name(Kind.VARIABLE, str(row["key"])): str(row["val"]) for row in VARIABLES}
    for row in CONNECTIONS:
        fields: dict[str, Any] = {name: row.get(name) for name in Connection._fields}
        connection = Connection(**fields)
        if connection.conn_type:
            found[Name(Kind.CONNECTION, row["conn_id"])] = to_text(connection)
    return found


def test_all_that_is_known_arrives_or_is_named(airflow: AirflowService, around: Surroundings) -> None:
    source = everything()
    plan, verification = merge(side_of(source), airflow, around)
    assert verification.outcome is Outcome.AS_PLANNED
    named = {change.source.name for change in plan.changes if change.source and change.action is not Action.CREATE}
    for name, text in source.items():
        if name in named:
            assert change_of(plan, name).why
        elif name.kind is Kind.VARIABLE:
            assert airflow.variables[name.id]["value"] == text
        else:
            fields = {field: airflow.connections[name.id][field] for field in Connection._fields}
            assert means_the_same(to_json(Connection(**fields)), text)
    assert len(named) < len(source) / 4


def test_a_second_merge_writes_nothing(airflow: AirflowService, around: Surroundings) -> None:
    source = side_of(everything())
    merge(source, airflow, around)
    before = airflow.count("PATCH") + airflow.count("POST")
    plan, _ = merge(source, airflow, around)
    assert not plan.writes
    assert airflow.count("PATCH") + airflow.count("POST") == before


@pytest.mark.parametrize("other", [2, 1], ids=["to-v2", "to-v1"])
def test_from_one_airflow_to_another_a_mask_is_never_written(
    airflow: AirflowService, around: Surroundings, other: int
) -> None:
    fill(airflow)
    with AirflowService(other) as goal:
        with opened(airflow, Role.SOURCE, around) as place:
            source = Side(place.traits, place.read(EVERYTHING))
        plan, verification = merge(source, goal, around)
        assert verification.outcome is Outcome.AS_PLANNED
        assert "***" not in json.dumps([goal.variables, goal.connections])
        for name in source.snapshot.entries:
            change = change_of(plan, name)
            assert change.action is Action.CREATE or change.why is not None
        for key, row in goal.variables.items():
            assert dumped_again(row["value"]) == dumped_again(airflow.variables[key]["value"])


def test_a_hidden_password_is_kept_and_a_visible_field_that_differs_told(
    airflow: AirflowService, around: Surroundings
) -> None:
    airflow.connections["pg"] = {
        **dict.fromkeys(Connection._fields),
        "conn_type": "postgres",
        "host": "old",
        "password": "theirs",
    }
    name = Name(Kind.CONNECTION, "pg")
    same, other = "postgres://:mine@old", "postgres://:mine@new"
    kept, _ = merge(side_of({name: same}), airflow, around, Policy())
    assert [change.action for change in kept.changes] == [Action.SECRET_KEPT]
    with opened(airflow, Role.DESTINATION, around) as place:
        held = Side(place.traits, place.read(EVERYTHING))
        told = make_plan(side_of({name: other}), held, Policy(), place.refusal)
    assert [change.why and change.why.reason for change in told.conflicts] == [Reason.DIFFERS]
    merge(side_of({name: same}), airflow, around, Policy(rotate=("*",)))
    assert airflow.connections["pg"]["password"] == "mine"


def test_port_0_is_named_since_no_text_of_a_connection_holds_it(airflow: AirflowService, around: Surroundings) -> None:
    for port in (0, 1):
        fields = dict.fromkeys(Connection._fields) | {"conn_type": "postgres", "host": "h", "port": port}
        airflow.connections[f"port_{port}"] = fields
    with opened(airflow, Role.SOURCE, around) as place:
        entries = place.read(EVERYTHING).entries
    problems = {name.id: entry.problem and entry.problem.reason for name, entry in entries.items()}
    assert problems == {"port_0": Reason.CANNOT_HOLD, "port_1": None}


def test_a_password_that_the_source_has_no_longer_is_named(airflow: AirflowService, around: Surroundings) -> None:
    airflow.connections["pg"] = {
        **dict.fromkeys(Connection._fields),
        "conn_type": "postgres",
        "host": "h",
        "password": "theirs",
    }
    plan, _ = merge(
        side_of({Name(Kind.CONNECTION, "pg"): "postgres://h"}), airflow, around, OVERWRITE._replace(rotate=("*",))
    )
    assert [change.why and change.why.reason for change in plan.refusals] == [Reason.CANNOT_HOLD]
    assert airflow.connections["pg"]["password"] == "theirs"


def test_what_somebody_changed_since_it_was_read_is_not_overwritten(
    airflow: AirflowService, around: Surroundings
) -> None:
    for key in ("theirs", "ours"):
        airflow.variables[key] = {"value": "old", "description": None}
    source = side_of({Name(Kind.VARIABLE, "theirs"): "new", Name(Kind.VARIABLE, "ours"): "new"})
    with opened(airflow, Role.DESTINATION, around) as place:
        before = place.read(EVERYTHING)
        plan = make_plan(source, Side(place.traits, before), OVERWRITE, place.refusal)
        prepared = place.prepare(plan)
        airflow.variables["theirs"]["value"] = "meanwhile"
        written = place.apply(prepared)
    assert {key: row["value"] for key, row in airflow.variables.items()} == {"theirs": "meanwhile", "ours": "new"}
    assert {name.id: why.reason for name, why in written.failed.items()} == {"theirs": Reason.CHANGED_MEANWHILE}


def test_a_description_goes_along_and_none_keeps_theirs(airflow: AirflowService, around: Surroundings) -> None:
    name = Name(Kind.VARIABLE, "v")
    described = Side(KNOWN, Snapshot({name: Entry(name, Value("1"), description="why")}))
    merge(described, airflow, around)
    assert airflow.variables["v"] == {"value": "1", "description": "why"}
    merge(side_of({name: "2"}), airflow, around)
    assert airflow.variables["v"] == {"value": "2", "description": "why"}


def test_ids_keep_their_case(airflow: AirflowService, around: Surroundings) -> None:
    names = [Name(Kind.VARIABLE, each) for each in ("Mixed", "mixed", "MIXED")]
    merge(side_of({name: name.id for name in names}), airflow, around)
    assert {key: row["value"] for key, row in airflow.variables.items()} == {name.id: name.id for name in names}


def test_what_a_filter_leaves_out_is_not_read(airflow2: AirflowService, around: Surroundings) -> None:
    fill(airflow2)
    with opened(airflow2, Role.SOURCE, around) as place:
        place.read(Wanted(Filters(include=("AIRFLOW_VAR_INTEGER",))))
    assert not [request for request in airflow2.requests if "/connections" in request.path]


@pytest.mark.parametrize(
    "rest", ["nonsense", "deployment/", "deployment", "@", "https://", "http://example.com", "https://u:p@h"]
)
def test_an_address_that_names_no_airflow_is_a_usage_error(around: Surroundings, rest: str) -> None:
    with pytest.raises(UsageError):
        open_place(f"airflow:{rest}", Role.SOURCE, around)


def test_plain_http_can_be_allowed_by_its_option(around: Surroundings) -> None:
    allowed = around._replace(options=PlaceOptions(allow_http=True))
    place = open_place("airflow:http://airflow.example.com/af/", Role.SOURCE, allowed)
    assert (place.address, place.label) == ("airflow:http://airflow.example.com/af", "airflow.example.com/af")


def test_a_target_names_its_deployment(around: Surroundings) -> None:
    targets = around._replace(target=lambda _name: {"deployment_name": "prod", "workspace_id": "ws-1"})
    for scheme in ("airflow", "env-manager"):
        place = open_place(f"{scheme}:@live", Role.SOURCE, targets)
        assert (place.address, place.label) == (f"{scheme}:deployment/dep-1", "prod")


def test_a_backup_gives_back_what_was_read(airflow: AirflowService, around: Surroundings, tmp_path: Path) -> None:
    fill(airflow)
    with opened(airflow, Role.DESTINATION, around) as place:
        before = place.read(EVERYTHING)
        backup = place.keep_backup(tmp_path / "backups", datetime(2026, 1, 1, tzinfo=UTC))
        assert backup is not None
        kept = place.read_backup(backup)
    known = {name: entry.value for name, entry in before.entries.items() if entry.value is not None}
    assert {name: entry.value for name, entry in kept.entries.items() if entry.value is not None} == known
