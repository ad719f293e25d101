"""Which store answers for a name, in Airflow's look-up order."""

import pytest

from astro_sync.core.effective import Store, effective
from astro_sync.core.model import Entry, Kind, Name, Names, Snapshot, Traits, Value, name_of

AIRFLOW = Traits(Names.AIRFLOW)
ENVIRONMENT = Traits(Names.ENVIRONMENT)


def store(word: str, held: dict[Name, str | None]) -> Store:
    entries = {name: Entry(name, None if text is None else Value(text)) for name, text in held.items()}
    in_environment = word in {"env-manager", "deployment"}
    return Store(word, ENVIRONMENT if word == "deployment" else AIRFLOW, Snapshot(entries), in_environment)


def var(name: str) -> Name:
    return Name(Kind.VARIABLE, name)


def conn(name: str) -> Name:
    return Name(Kind.CONNECTION, name)


@pytest.mark.parametrize(
    ("stores", "expected"),
    [
        (
            [("backend", {var("x"): "1"}), ("airflow", {var("x"): "2"})],
            [(var("x"), ["backend", "airflow"], "backend")],
        ),
        (
            [("env-manager", {var("x"): None}), ("deployment", {name_of("AIRFLOW_VAR_X"): "2"})],
            [(var("x"), ["env-manager", "deployment"], "env-manager")],
        ),
        (
            [("deployment", {name_of("AIRFLOW_VAR_X"): "2"}), ("airflow", {var("x"): "2"})],
            [(var("x"), ["deployment", "airflow"], "deployment")],
        ),
        # the backend and the database are asked for the id as it is; the environment in upper case
        (
            [("backend", {var("X"): "1"}), ("airflow", {var("x"): "2"})],
            [(var("X"), ["backend"], "backend"), (var("x"), ["airflow"], "airflow")],
        ),
        (
            [("deployment", {name_of("AIRFLOW_VAR_X"): "1"}), ("airflow", {var("x"): "", var("X"): ""})],
            [(var("X"), ["deployment", "airflow"], "deployment"), (var("x"), ["deployment", "airflow"], "deployment")],
        ),
        # an empty variable is an answer, an empty connection is none
        ([("backend", {var("x"): ""}), ("airflow", {var("x"): "2"})], [(var("x"), ["backend", "airflow"], "backend")]),
        (
            [("deployment", {conn("X"): ""}), ("airflow", {conn("x"): "http://h"})],
            [(conn("x"), ["deployment", "airflow"], "airflow")],
        ),
        # Airflow looks for no environment variable that is not in upper case
        ([("deployment", {name_of("AIRFLOW_VAR_x"): "1"})], [(var("x"), ["deployment"], None)]),
        ([("deployment", {name_of("path"): "1"})], [(Name(Kind.ENVIRONMENT, "path"), ["deployment"], "deployment")]),
        ([("airflow", {})], []),
    ],
)
def test_the_first_store_that_answers_wins(
    stores: list[tuple[str, dict[Name, str | None]]], expected: list[tuple[Name, list[str], str | None]]
) -> None:
    found = effective([store(word, held) for word, held in stores])
    assert [(each.name, list(each.entries), each.wins) for each in found] == expected
