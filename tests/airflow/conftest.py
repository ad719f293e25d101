"""What all tests with a real Airflow share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from odd_entries import CONNECTIONS, TEXTS, VARIABLES
from real_airflow import PROGRAM, PROGRAM_2, RealAirflow, Served
from sandbox import Json


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, and skip them where there is no Airflow."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.airflow)
            if PROGRAM not in os.environ:
                item.add_marker(pytest.mark.skip(reason="needs a real Airflow: scripts/test --airflow"))


@pytest.fixture(scope="session")
def empty_airflow(tmp_path_factory: pytest.TempPathFactory) -> RealAirflow:
    """Return a real Airflow whose database is empty and stays so."""
    return RealAirflow(Path(os.environ[PROGRAM]), tmp_path_factory.mktemp("airflow") / "empty")


@pytest.fixture(scope="session")
def full_airflow(empty_airflow: RealAirflow, tmp_path_factory: pytest.TempPathFactory) -> RealAirflow:
    """Return a real Airflow that holds all odd entries."""
    full = empty_airflow.another(tmp_path_factory.mktemp("full") / "home")
    full.store(VARIABLES, CONNECTIONS)
    return full


@pytest.fixture(scope="session")
def original(full_airflow: RealAirflow) -> Json:
    """Return what Airflow itself sees of all odd entries."""
    found: Json = full_airflow.look_up(list(TEXTS), [row["conn_id"] for row in CONNECTIONS])["core"]
    return found


@pytest.fixture(scope="session")
def airflow_3(empty_airflow: RealAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a real Airflow 3 behind its `api-server`; whoever uses it clears it first."""
    airflow = empty_airflow.another(tmp_path_factory.mktemp("served") / "home")
    with airflow.serve() as served:
        yield served


@pytest.fixture(scope="session")
def airflow_2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a real Airflow 2 behind its `webserver`; whoever uses it clears it first."""
    if PROGRAM_2 not in os.environ:
        pytest.skip(f"{PROGRAM_2} names no Airflow")
    airflow = RealAirflow(Path(os.environ[PROGRAM_2]), tmp_path_factory.mktemp("served2") / "home")
    with airflow.serve() as served:
        yield served
