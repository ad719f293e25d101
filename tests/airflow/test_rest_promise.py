"""The promise between real Airflows: what one holds reaches the other in each field, or is named."""

import json
from dataclasses import dataclass
from itertools import pairwise

import pytest

from astro_sync.airflow.names import is_sound
from odd_entries import CONNECTIONS, TEXTS
from real_airflow import RealAirflow
from sandbox import Json, Result, Sandbox

NAMES = list(TEXTS)
CONN_IDS = [str(row["conn_id"]) for row in CONNECTIONS]


@dataclass(frozen=True)
class Journey:
    """What the first database held, what arrived in the last, and the reports on the way."""

    original: Json
    arrived: Json
    reports: tuple[Result, ...]

    @property
    def named(self) -> set[tuple[str, str]]:
        """Return (kind, id) of all that a report says was not written."""
        return {
            (change["kind"], change["id"])
            for report in self.reports
            for place in json.loads(report.stdout)["places"]
            for change in place["changes"]
            if change["action"] not in {"create", "update"}
        }

    def lost(self, kind: str) -> Json:
        """Return {id: (arrived, original)} of all that differs and is named nowhere; unsound names are masked."""
        arrived, original, named = self.arrived[f"{kind}s"], self.original[f"{kind}s"], self.named
        return {
            name: (arrived[name], text)
            for name, text in original.items()
            if told(arrived[name]) != told(text) and (kind, name) not in named and is_sound(f"AIRFLOW_VAR_{name}")
        }


def told(entry: object) -> object:
    """Return what an entry says: a text, or the fields of a connection, where an empty one is none."""
    if not isinstance(entry, dict):
        return entry
    blanks = {name: None for name, field in entry.items() if field == ""}
    return entry | blanks | {"extra": json.dumps(json.loads(entry["extra"] or "null"), sort_keys=True)}


@pytest.fixture(scope="module", params=["directly", "through-the-environment-manager"])
def journey(
    request: pytest.FixtureRequest,
    full_airflow: RealAirflow,
    empty_airflow: RealAirflow,
    tmp_path_factory: pytest.TempPathFactory,
) -> Journey:
    """Move everything from one real Airflow into an empty one by its REST API."""
    folder = tmp_path_factory.mktemp("rest")
    sandbox = Sandbox(folder / "sandbox")
    sandbox.use_airflow(full_airflow.program, full_airflow.home)
    with sandbox.change() as state:
        state["secrets_fetching"] = True
    goal = empty_airflow.another(folder / "goal")
    with goal.serve() as served:
        login = {"ASTRO_SYNC_AIRFLOW_USER": served.user, "ASTRO_SYNC_AIRFLOW_PASSWORD": served.password}
        ways = ["airflow:", f"airflow:{served.url}"]
        if request.param != "directly":
            ways.insert(1, "env-manager:deployment/dep-1")
        reports = tuple(
            sandbox.run("merge", source, end, "--yes", "--partial", "--with-secrets", "--json", env=login, timeout=300)
            for source, end in pairwise(ways)
        )
    original = full_airflow.look_up(NAMES, CONN_IDS)["core"]
    return Journey(original, goal.look_up(NAMES, CONN_IDS)["core"], reports)


def test_every_move_ends_well(journey: Journey) -> None:
    assert {report.code for report in journey.reports} <= {0, 7}


@pytest.mark.parametrize("kind", ["variable", "connection"])
def test_every_entry_is_what_it_was_or_is_named(journey: Journey, kind: str) -> None:
    assert journey.lost(kind) == {}


def test_most_of_it_is_carried(journey: Journey) -> None:
    assert len(journey.named) < (len(NAMES) + len(CONN_IDS)) / 3


def test_no_text_of_any_entry_is_printed(journey: Journey) -> None:
    printed = "".join(result.stdout + result.stderr for result in journey.reports)
    assert [text for text in TEXTS.values() if len(text) > 12 and text in printed] == []
