"""What all tests with a real Airflow share."""

import os
from pathlib import Path

import pytest

from odd_entries import CONNECTIONS, VARIABLES
from real_airflow import PROGRAM, RealAirflow


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
