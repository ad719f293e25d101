"""What the tests of Airflow's REST API share."""

from collections.abc import Iterator

import pytest

from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.http_transport import Credentials, HttpTransport
from services.airflow import PASSWORD, USER, AirflowService

LOGIN = Credentials(user=USER, password=PASSWORD)


@pytest.fixture(params=[2, 1], ids=["v2", "v1"])
def airflow(request: pytest.FixtureRequest) -> Iterator[AirflowService]:
    """Return an empty Airflow of each version of the API."""
    with AirflowService(request.param) as service:
        yield service


@pytest.fixture
def airflow3() -> Iterator[AirflowService]:
    """Return an empty Airflow 3."""
    with AirflowService(2) as service:
        yield service


@pytest.fixture
def airflow2() -> Iterator[AirflowService]:
    """Return an empty Airflow 2."""
    with AirflowService(1) as service:
        yield service


def client_of(service: AirflowService, *, timeout: float = 10, credentials: Credentials = LOGIN) -> AirflowClient:
    """Return a client that waits for nothing."""
    transport = HttpTransport(service.url, credentials, {}, timeout)
    return AirflowClient(transport, transport.name, pause=lambda _: None)
