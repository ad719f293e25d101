"""The promise on a real Airflow: what its metadata database holds reaches a Deployment, and comes back, or is named."""

import json
import re
from dataclasses import dataclass

import pytest

from astro_sync.envfile.dialects import RUNTIMES
from odd_entries import CONNECTIONS, TEXTS
from real_airflow import RealAirflow
from runs import document, env_changes, pull, push, state_of, target, targets, values
from sandbox import Json, Result, Sandbox

NAMES = list(TEXTS)
CONN_IDS = [str(row["conn_id"]) for row in CONNECTIONS]
SIDES = ["core", "tasks"]
NAME = re.compile(r"[A-Za-z0-9_.-]+")
SOUND = re.compile(r"[A-Z_][A-Z0-9_. -]*", re.IGNORECASE)


@dataclass(frozen=True)
class Journey:
    """Hold what the metadata database held, what arrived behind the `.env` that came back, and what was reported."""

    mode: str
    sandbox: Sandbox
    pushed: Result
    pulled: Result
    original: Json
    arrived: Json

    @property
    def changes(self) -> list[Json]:
        """Return all that the two reports say of a key."""
        reports = [document(result) for result in (self.pushed, self.pulled)]
        return [
            change
            for report in reports
            for changes in (env_changes(report), *(one["changes"] for one in targets(report)))
            for change in changes
        ]

    @property
    def named(self) -> dict[str, Json]:
        """Return {key: reason} of all that a report says was left out."""
        return {each["key"]: each["reason"] for each in self.changes if each["action"] in {"refused", "skip"}}

    @property
    def rewritten(self) -> set[str]:
        """Return the keys whose JSON a report says stands on one line now."""
        return {each["key"] for each in self.changes if (each["reason"] or {}).get("code") == "on-one-line"}

    def names(self, key: str) -> bool:
        """Tell whether a report names a key, or says of its kind that a key that is no name was left out."""
        prefix = "_".join(key.split("_", 2)[:2])
        return (key if SOUND.fullmatch(key) else f"{prefix}_***") in self.named


@pytest.fixture(scope="module", params=["docker", "standalone"])
def journey(
    request: pytest.FixtureRequest,
    full_airflow: RealAirflow,
    empty_airflow: RealAirflow,
    original: Json,
    tmp_path_factory: pytest.TempPathFactory,
) -> Journey:
    """Go up to a Deployment and down again into an empty project."""
    sandbox = Sandbox(tmp_path_factory.mktemp(request.param) / "sandbox")
    sandbox.use_mode(request.param)
    sandbox.use_airflow(full_airflow.program, full_airflow.home)
    pushed = push(sandbox, "--partial", "--allow-argv", "*", "--plain", "*", "--json")
    (sandbox.project / ".env").unlink()
    pulled = pull(sandbox, "--partial", "--json")
    environment = RUNTIMES[request.param].read(sandbox.read_env(), {}).values()
    arrived = empty_airflow.look_up(NAMES, CONN_IDS, environment)
    return Journey(request.param, sandbox, pushed, pulled, original, arrived)


@pytest.mark.parametrize("side", SIDES)
def test_every_variable_is_what_it_was_or_is_named(journey: Journey, side: str) -> None:
    assert lost(journey, side, "variables", "AIRFLOW_VAR_") == {}


@pytest.mark.parametrize("side", SIDES)
def test_every_connection_is_what_it_was_in_each_field_or_is_named(journey: Journey, side: str) -> None:
    assert lost(journey, side, "connections", "AIRFLOW_CONN_") == {}


def test_each_reason_says_something(journey: Journey) -> None:
    assert all(journey.named.values())


def test_nothing_is_left_out_that_the_file_can_hold(journey: Journey) -> None:
    held = {f"AIRFLOW_VAR_{name.upper()}" for name, text in TEXTS.items() if NAME.fullmatch(name) and "\n" not in text}
    held |= {f"AIRFLOW_CONN_{conn_id.upper()}" for conn_id in CONN_IDS if NAME.fullmatch(conn_id)}
    placeholders = {f"AIRFLOW_VAR_{name.upper()}" for name, text in TEXTS.items() if is_placeholder(text)}
    collisions = {"AIRFLOW_VAR_COLLIDES", "AIRFLOW_CONN_COLLIDES"}
    # Airflow itself reads these otherwise than it stores them, from every spelling that an environment can have.
    unholdable = {"AIRFLOW_VAR_NUL", "AIRFLOW_CONN_TYPE_MISSING", "AIRFLOW_CONN_TYPE_UNKNOWN", "AIRFLOW_CONN_PORT_ZERO"}
    assert set(journey.named) & held <= placeholders | collisions | unholdable


def test_no_text_of_any_entry_is_printed(journey: Journey) -> None:
    printed = "".join(result.stdout + result.stderr for result in (journey.pushed, journey.pulled))
    assert [text for text in TEXTS.values() if len(text) > 12 and text in printed] == []
    assert "Pl4nted-p@ss" not in printed


def test_no_file_of_the_export_stays_behind(journey: Journey) -> None:
    assert sorted(path.name for path in journey.sandbox.project.iterdir()) == [".astro", ".env"]


def test_the_way_back_changes_nothing_a_second_time(journey: Journey) -> None:
    before = state_of(journey.sandbox)
    again = pull(journey.sandbox, "--json")
    assert set(target(document(again)).values()) <= {"unchanged", "skip"}
    assert state_of(journey.sandbox) == before


def test_after_a_restart_there_is_nothing_left_to_do(journey: Journey) -> None:
    sandbox = journey.sandbox
    if journey.mode == "docker":
        sandbox.restart_airflow()
    writes = sandbox.writes()
    again = push(sandbox, "--partial", "--allow-argv", "*", "--json")
    assert again.code == 7
    assert set(target(document(again)).values()) <= {"unchanged", "refused", "skip", "destination-only"}
    assert sandbox.writes() == writes


def test_secrets_arrive_with_the_same_values(journey: Journey) -> None:
    sandbox = journey.sandbox
    sandbox.add_deployment("dep-2", "secret")
    assert push(sandbox, "-d", "dep-2", "--no-export", "--partial", "--allow-argv", "*").code in {0, 7}
    assert values(sandbox, "dep-2") == values(sandbox)
    secret = {key for key, (_, is_secret) in sandbox.deployment("dep-2").items() if is_secret}
    assert {"AIRFLOW_CONN_FULL", "AIRFLOW_CONN_TYPE_WITH_UNDERSCORES", "AIRFLOW_CONN_NO_HOST"} <= secret


def lost(journey: Journey, side: str, kind: str, prefix: str) -> Json:
    """Return {name: (arrived, original)} of all that differs and is named nowhere."""
    arrived, original = journey.arrived[side][kind], journey.original[kind]
    keys = {name: f"{prefix}{name.upper()}" for name in original}
    return {
        name: (arrived[name], original[name])
        for name, key in keys.items()
        if told(arrived[name]) != told(original[name])
        and not journey.names(key)
        and not (key in journey.rewritten and json.loads(arrived[name]) == json.loads(original[name]))
    }


def told(entry: object) -> object:
    """Return what an entry says: a text, or the fields of a connection with the extra as its JSON is read.

    An empty field is no field: Airflow's own URIs, the documented form of a connection, know no difference.
    """
    if not isinstance(entry, dict):
        return entry
    blanks = {name: None for name, field in entry.items() if field == ""}
    return entry | blanks | {"extra": json.dumps(json.loads(entry["extra"] or "null"), sort_keys=True)}


def is_placeholder(text: str) -> bool:
    """Tell whether the design takes a text for a placeholder (rule 1)."""
    return text.strip() in {"****", "# secret"}
