"""The promise between real Airflows: what one holds reaches the other in each field, or is named."""

import json
from collections.abc import Callable
from typing import Final, NamedTuple

import pytest

from astro_sync.airflow.names import is_sound
from odd_entries import CONNECTIONS, TEXTS, VARIABLES
from real_airflow import RealAirflow, Served
from sandbox import Json, Result, Sandbox

NAMES: Final = list(TEXTS)
CONN_IDS: Final = [str(row["conn_id"]) for row in CONNECTIONS]
LEFT_OUT: Final = {"refused", "skip", "keep", "secret-kept"}
ENV_MANAGER: Final = "env-manager:deployment/dep-1"
DEPLOYMENT: Final = "airflow:deployment/dep-1"


class Journey(NamedTuple):
    """What the first database held, what arrived in the last, and the reports on the way."""

    original: Json
    arrived: Json
    reports: list[Result]

    @property
    def changes(self) -> list[Json]:
        """Return all that the reports say of a key."""
        return [
            change
            for report in self.reports
            for place in json.loads(report.stdout)["places"]
            for change in place["changes"]
        ]

    @property
    def named(self) -> set[tuple[str, str]]:
        """Return (kind, id) of all that a report says was left out, or did not arrive."""
        return {(change["kind"], change["id"]) for change in self.changes if names(change)}

    @property
    def respelled(self) -> set[str]:
        """Return the keys of variables whose JSON a report says is spelled in another way."""
        return {each["id"] for each in self.changes if (each["reason"] or {}).get("code") == "respelled"}

    @property
    def carried(self) -> float:
        """Return which part of all there was arrived as it was."""
        pairs = [
            (told(entry), told(self.arrived[kind][name]))
            for kind in ("variables", "connections")
            for name, entry in self.original[kind].items()
            if not str(entry).startswith("<")
        ]
        return sum(one == two for one, two in pairs) / len(pairs)

    def lost(self, kind: str) -> Json:
        """Return {id: (arrived, original)} of all that differs and is named nowhere; unsound names are masked."""
        arrived, original, named = self.arrived[f"{kind}s"], self.original[f"{kind}s"], self.named
        return {
            name: (arrived[name], entry)
            for name, entry in original.items()
            if told(arrived[name]) != told(entry)
            and (kind, name) not in named
            and is_sound(f"AIRFLOW_VAR_{name}")
            and not (name in self.respelled and json.loads(arrived[name]) == json.loads(entry))
        }


def told(entry: object) -> object:
    """Return what an entry says: a text, or the fields of a connection, where an empty one is none."""
    if not isinstance(entry, dict):
        return entry
    blanks = {name: None for name, field in entry.items() if field == ""}
    return entry | blanks | {"extra": json.dumps(json.loads(entry["extra"] or "null"), sort_keys=True)}


def names(change: Json) -> bool:
    """Tell whether a report says that this did not arrive; a kind that a place does not hold goes by another."""
    if change["action"] in {"create", "update"}:
        return bool(change["result"] != "done")
    return change["action"] in LEFT_OUT and (change["reason"] or {}).get("code") != "other-kind"


class Traveller:
    """Move what a real Airflow holds, step by step, into one that is served and was empty.

    Both are the local Airflow of the project in turn, so `airflow:` is called `here` or `there`.
    """

    def __init__(self, sandbox: Sandbox, here: RealAirflow, there: Served) -> None:
        self.sandbox = sandbox
        self.original: Json = {}
        self.here = here
        self.there = there
        self.reports: list[Result] = []
        self._locals = {"here": here, "there": there.airflow}
        there.airflow.clear()
        sandbox.serve_airflow(there.url, "dep-1", there.airflow.version)
        with sandbox.change() as state:
            state["secrets_fetching"] = True

    def merge(self, source: str, end: str) -> None:
        """Carry one place into another."""
        for word in (source, end):
            if word in self._locals:
                airflow = self._locals[word]
                self.sandbox.use_airflow(airflow.program, airflow.home, airflow.version)
                self.sandbox.serve_airflow(self.there.url if word == "there" else "http://127.0.0.1:9")
        words = ["airflow:" if word in self._locals else word for word in (source, end)]
        login = {"ASTRO_SYNC_AIRFLOW_USER": self.there.user, "ASTRO_SYNC_AIRFLOW_PASSWORD": self.there.password}
        options = ("--yes", "--partial", "--with-secrets", "--json")
        self.reports.append(self.sandbox.run("merge", *words, *options, env=login, timeout=500))

    def by_files(self, source: str, end: str, *files: str) -> None:
        """Carry one place into files, and these into another place that is empty again."""
        for file in files:
            self.merge(source, file)
        self.there.airflow.clear()
        for file in files:
            self.merge(file, end)


def to_its_address(traveller: Traveller) -> None:
    """Go straight to the address of its REST API."""
    traveller.merge("here", f"airflow:{traveller.there.url}")


def by_the_environment_manager(traveller: Traveller) -> None:
    """Go by the Environment Manager into the local Airflow."""
    traveller.merge("here", ENV_MANAGER)
    traveller.merge(ENV_MANAGER, "there")


def by_files(traveller: Traveller) -> None:
    """Go by files into the local Airflow."""
    traveller.by_files("here", "there", "variables.json", "connections.json")


def by_files_to_a_deployment(traveller: Traveller) -> None:
    """Go by files, one of them YAML, into the Airflow of a Deployment."""
    traveller.by_files("here", DEPLOYMENT, "variables.json", "connections.yaml")


def by_files_of_its_api(traveller: Traveller) -> None:
    """Begin where secrets are masked: what the API tells goes by files into the Airflow of a Deployment."""
    traveller.there.airflow.take_over(traveller.here)
    traveller.by_files(f"airflow:{traveller.there.url}", DEPLOYMENT, "variables.json", "connections.json")


def from_airflow_2_by_files(traveller: Traveller) -> None:
    """Go from a local Airflow 2 by files, one kind into its like, the other into that of a Deployment.

    Its API takes one entry a request, so it holds fewer.
    """
    traveller.there.airflow.store(VARIABLES[::4], CONNECTIONS[::6])
    traveller.original = look_up(traveller.there.airflow)
    for file in ("variables.json", "connections.json"):
        traveller.merge("there", file)
    traveller.there.airflow.clear()
    traveller.merge("variables.json", DEPLOYMENT)
    traveller.merge("connections.json", "there")


Route = Callable[[Traveller], None]
ROUTES: Final[tuple[tuple[str, Route], ...]] = (
    ("airflow_3", to_its_address),
    ("airflow_3", by_the_environment_manager),
    ("airflow_3", by_files),
    ("airflow_3", by_files_to_a_deployment),
    ("airflow_3", by_files_of_its_api),
    ("airflow_2", from_airflow_2_by_files),
)


def look_up(airflow: RealAirflow) -> Json:
    """Return what Airflow sees of all odd entries, and the descriptions of its variables."""
    found: Json = airflow.look_up(NAMES, CONN_IDS)["core"]
    return found | {"descriptions": airflow.descriptions()}


@pytest.fixture(scope="module", params=ROUTES, ids=lambda route: f"{route[0]}-{route[1].__name__}")
def journey(
    request: pytest.FixtureRequest, original: Json, full_airflow: RealAirflow, tmp_path_factory: pytest.TempPathFactory
) -> Journey:
    """Move everything from one real Airflow into an empty one."""
    version, route = request.param
    there: Served = request.getfixturevalue(version)
    traveller = Traveller(Sandbox(tmp_path_factory.mktemp("rest") / "sandbox"), full_airflow, there)
    traveller.original = original | {"descriptions": full_airflow.descriptions()}
    route(traveller)
    return Journey(traveller.original, look_up(there.airflow), traveller.reports)


def test_every_move_ends_well(journey: Journey) -> None:
    assert {report.code for report in journey.reports} <= {0, 7}


@pytest.mark.parametrize("kind", ["variable", "connection"])
def test_every_entry_is_what_it_was_or_is_named(journey: Journey, kind: str) -> None:
    assert journey.lost(kind) == {}


def test_every_variable_that_arrives_has_its_description(journey: Journey) -> None:
    original = journey.original["descriptions"]
    assert journey.arrived["descriptions"].items() <= original.items()
    assert any(original.values())


def test_most_of_it_is_carried(journey: Journey) -> None:
    assert journey.carried > 3 / 5


def test_no_text_of_any_entry_is_printed(journey: Journey) -> None:
    printed = "".join(result.stdout + result.stderr for result in journey.reports)
    assert [text for text in TEXTS.values() if len(text) > 12 and text in printed] == []
