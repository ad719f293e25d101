"""Which store Airflow takes an id from: a table of what the stores hold."""

import pytest

from airflow_names import airflow_name
from astro_sync.core.effective import Store, effective
from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import Entry, Kind, Name, Snapshot, Value


def store(name: str, *entries: tuple[str, str], is_environment: bool = False) -> Store:
    held = {airflow_name(key): Entry(airflow_name(key), Value(text)) for key, text in entries}
    return Store(name, Snapshot(held), is_environment=is_environment)


def environment(*entries: tuple[str, str]) -> Store:
    return store("environment", *entries, is_environment=True)


UNREAD = Store("backend", None, "forbidden")


@pytest.mark.parametrize(
    ("stores", "expected"),
    [
        # in the order of look-up
        (
            [store("backend", ("AIRFLOW_VAR_x", "1")), environment(("AIRFLOW_VAR_X", "2"))],
            [("x", "backend", ("environment",), ())],
        ),
        (
            [environment(("AIRFLOW_VAR_X", "1")), store("database", ("AIRFLOW_VAR_x", "2"))],
            [("x", "environment", ("database",), ())],
        ),
        # an id is asked for as it is, but in an environment
        (
            [store("backend", ("AIRFLOW_VAR_X", "1")), store("database", ("AIRFLOW_VAR_x", "2"))],
            [("X", "backend", (), ()), ("x", "database", (), ())],
        ),
        # an environment variable in lower case is never looked up
        ([environment(("AIRFLOW_VAR_x", "1")), store("database", ("AIRFLOW_VAR_x", "2"))], [("x", "database", (), ())]),
        # an empty connection counts as not found, an empty variable does not
        (
            [environment(("AIRFLOW_CONN_C", ""), ("AIRFLOW_VAR_V", "")), store("database", ("AIRFLOW_CONN_c", "http://h"))],
            [("c", "database", (), ()), ("v", "environment", (), ())],
        ),
        # what could not be read may answer before
        ([UNREAD, environment(("AIRFLOW_VAR_X", "1"))], [("x", "environment", (), ("backend",))]),
        ([environment(("AIRFLOW_VAR_X", "1")), UNREAD], [("x", "environment", (), ())]),
        ([environment(("PLAIN", "1"))], [("PLAIN", "environment", (), ())]),
    ],
)  # fmt: skip
def test_airflow_takes_the_first_answer(
    stores: list[Store], expected: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]
) -> None:
    found = effective(stores, EVERYTHING)
    assert [(each.id, each.wins, each.hidden, each.unsure) for each in found] == expected


def test_the_key_is_the_name_in_an_environment() -> None:
    (found,) = effective([store("database", ("AIRFLOW_VAR_MyVar", "1"))], EVERYTHING)
    assert (found.kind, found.key) == (Kind.VARIABLE, Name(Kind.VARIABLE, "MyVar").key)
