"""The promise over secrets backends: what was written is what Airflow's own classes find, or it is named."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from astro_sync.airflow.connection import Connection, means_the_same, parse_connection, to_json, to_text
from astro_sync.core.filters import EVERYTHING, Wanted
from astro_sync.core.model import Action, Entry, Kind, Name, Names, Plan, Reason, Refusal, Snapshot, Traits, Value
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.core.verify import Outcome, verify
from astro_sync.places.backends.place import make_place
from astro_sync.places.backends.settings import CLASSES, read_environment
from astro_sync.places.base import AnyPlace, Role
from odd_entries import CONNECTIONS, TEXTS
from places.backends.counterparts import COUNTERPARTS, Counterpart, make_counterpart
from places.backends.settings_of import settings_of
from places.subjects import surroundings
from sandbox import Sandbox

pytestmark = pytest.mark.stores

PROVIDERS: Final = "ASTRO_SYNC_TEST_PROVIDERS"
PLAIN = Traits(Names.AIRFLOW, as_fields=True, descriptions=True)
OVERWRITE = Policy(on_conflict=OnConflict.OVERWRITE, exact_json=True)
FIELDS: Final = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
Json = dict[str, Any]


def original() -> Snapshot:
    """Return the 75 variables and 44 connections of the promise test, as the metadata database gives them."""
    entries = [Entry(Name(Kind.VARIABLE, key), Value(text)) for key, text in TEXTS.items()]
    for row in CONNECTIONS:
        name = Name(Kind.CONNECTION, row["conn_id"])
        fields: Json = {field: row.get(field) for field in FIELDS}
        connection = Connection(**fields)
        text = to_json(connection) if connection.description else to_text(connection)
        read = parse_connection(text)
        # Airflow reads some from every text otherwise than they stand in its database
        unsound = read is None or read.conn_type != connection.conn_type
        problem = Refusal(Reason.UNSOUND_CONNECTION) if unsound else None
        entries.append(Entry(name, None if problem else Value(text), problem=problem))
    return Snapshot({entry.name: entry for entry in entries})


@dataclass
class Oracle:
    """Airflow's own provider classes in a process of their own."""

    process: "subprocess.Popen[str]"

    def ask(self, counterpart: Counterpart, names: list[Name]) -> Json:
        """Look names up through the class that reads a counterpart."""
        path = next(path for path, vendor in CLASSES.items() if vendor == counterpart.vendor)
        question = {
            "class": path,
            "kwargs": counterpart.kwargs,
            "environ": counterpart.environ,
            "variables": [name.id for name in names if name.kind is Kind.VARIABLE],
            "connections": [name.id for name in names if name.kind is Kind.CONNECTION],
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        found: Json = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """Run the provider classes."""
    if PROVIDERS not in os.environ:
        pytest.skip("needs Airflow's provider classes: scripts/test --stores")
    home = tmp_path_factory.mktemp("providers")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "AIRFLOW_HOME": str(home), "LANG": "C.UTF-8"}
    environ |= {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AWS_EC2_METADATA_DISABLED": "true"}
    program = Path(__file__).with_name("provider_classes.py")
    with (home / "log").open("w") as log, subprocess.Popen(
        [os.environ[PROVIDERS], "-P", str(program)],
        cwd=home, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
    ) as process:  # fmt: skip
        yield Oracle(process)
        assert process.stdin is not None
        process.stdin.close()


def open_place(counterpart: Counterpart, sandbox: Sandbox, role: Role) -> AnyPlace:
    around = surroundings(sandbox)._replace(environ=counterpart.environ)
    return make_place(f"{counterpart.vendor}:", read_environment(settings_of(counterpart), ".env"), role, around)


def move(source: Side, place: AnyPlace) -> Plan:
    """Move everything that can be carried, and hold the place to its plan."""
    before = place.read(EVERYTHING)
    plan = make_plan(source, Side(place.traits, before), OVERWRITE, place.refusal)
    written = place.apply(place.prepare(plan))
    wanted = Wanted(only=frozenset(write.name for write in plan.writes))
    verification = verify(plan, before, place.read(wanted), written, place.traits)
    assert (written.failure, verification.outcome) == (None, Outcome.AS_PLANNED)
    return plan


def told(fields: Mapping[str, object]) -> Json:
    """Return what a connection says: an empty field is no field, the extra counts as its JSON is read."""
    extra = json.dumps(json.loads(str(fields.get("extra") or "null")), sort_keys=True)
    return {name: fields.get(name) or None for name in FIELDS} | {"extra": extra}


def test_airflow_finds_all_that_was_written_or_it_is_named(
    counterpart: Counterpart, oracle: Oracle, sandbox: Sandbox
) -> None:
    place = open_place(counterpart, sandbox, Role.DESTINATION)
    plan = move(Side(PLAIN, original()), place)
    written = [write.name for write in plan.writes]
    found = oracle.ask(counterpart, written)
    rows = {row["conn_id"]: row for row in CONNECTIONS}
    lost = {}
    for name in written:
        answer: object
        wanted: Any
        if name.kind is Kind.VARIABLE:
            answer, wanted = found["variables"][name.id], TEXTS[name.id]
        else:
            arrived = found["connections"][name.id]
            answer, wanted = told(arrived) if isinstance(arrived, dict) else arrived, told(rows[name.id])
            if counterpart.vendor == "awssecrets":
                wanted["description"] = None  # named before the writing
        if answer != wanted:
            lost[name] = (answer, wanted)
    assert lost == {}
    left = [change for change in plan.changes if change.action in {Action.REFUSED, Action.SKIP}]
    assert all(change.why for change in left)
    fold = place.traits.fold
    assert len(plan.changes) == len({fold(name) for name in original().entries})


LEAST: Final = {"awssecrets": 93, "awsssm": 90, "gcpsecrets": 85, "azurekeyvault": 82, "vault": 113}


def test_it_comes_back_as_it_was(counterpart: Counterpart, sandbox: Sandbox) -> None:
    source = original()
    plan = move(Side(PLAIN, source), open_place(counterpart, sandbox, Role.DESTINATION))
    held = open_place(counterpart, sandbox, Role.SOURCE).read(EVERYTHING)
    place = open_place(counterpart, sandbox, Role.SOURCE)
    found = {place.traits.fold(name): entry for name, entry in held.entries.items()}
    assert len(found) == len(plan.writes) >= LEAST[counterpart.vendor]
    for write in plan.writes:
        entry = found[place.traits.fold(write.name)]
        assert entry.value is not None
        same = means_the_same if write.name.kind is Kind.CONNECTION else str.__eq__
        assert same(entry.value.reveal(), write.value.reveal()), write.name


def test_a_second_run_makes_no_writing_call(counterpart: Counterpart, sandbox: Sandbox) -> None:
    move(Side(PLAIN, original()), open_place(counterpart, sandbox, Role.DESTINATION))
    counterpart.service.calls.clear()
    again = open_place(counterpart, sandbox, Role.DESTINATION)
    plan = make_plan(Side(PLAIN, original()), Side(again.traits, again.read(EVERYTHING)), OVERWRITE, again.refusal)
    assert plan.writes == ()
    assert counterpart.service.writes() == []


@pytest.mark.parametrize("other", COUNTERPARTS)
def test_a_move_into_another_backend_loses_nothing_unnamed(
    counterpart: Counterpart,
    other: str,
    sandbox: Sandbox,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if counterpart.vendor == other:
        pytest.skip("one and the same")
    with make_counterpart(other, request) as target:
        for name, text in target.environ.items():
            monkeypatch.setenv(name, text)
        some = {name: entry for number, (name, entry) in enumerate(original().entries.items()) if number % 4 == 0}
        first = move(Side(PLAIN, Snapshot(some)), open_place(counterpart, sandbox, Role.DESTINATION))
        source = open_place(counterpart, sandbox, Role.SOURCE)
        side = Side(source.traits, source.read(EVERYTHING))
        plan = move(side, open_place(target, sandbox, Role.DESTINATION))
        assert len(plan.writes) + len(plan.refusals) == len(first.writes)
        assert {change.why.reason for change in plan.refusals if change.why} <= {
            Reason.NAME_NOT_ALLOWED, Reason.TOO_LONG, Reason.EMPTY, Reason.TEMPLATE, Reason.CANNOT_HOLD
        }  # fmt: skip
        reader = open_place(target, sandbox, Role.SOURCE)
        there = {reader.traits.fold(name): entry for name, entry in reader.read(EVERYTHING).entries.items()}
        for write in plan.writes:
            entry = there[reader.traits.fold(write.name)]
            assert entry.value is not None
            same = means_the_same if write.name.kind is Kind.CONNECTION else str.__eq__
            assert same(entry.value.reveal(), write.value.reveal()), write.name
