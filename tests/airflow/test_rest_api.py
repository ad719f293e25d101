"""The clients of Airflow's REST API on a real Airflow 3 and a real Airflow 2."""

from typing import Any

import pytest

from airflow_names import dumped_again
from astro_sync.airflow.connection import Connection, means_the_same, to_json
from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.entities import Write, WriteConnection, WriteVariable, unfit
from astro_sync.places.airflow_api.http_transport import Credentials, HttpTransport
from astro_sync.places.airflow_api.reading import Wanted, read_connections, read_variables
from astro_sync.places.airflow_api.report import WriteResult
from astro_sync.places.airflow_api.transport import ApiError, Fault
from astro_sync.places.airflow_api.writing import write
from odd_entries import CONNECTIONS, VARIABLES
from real_airflow import RealAirflow, Served
from services.airflow import PASSWORD, USER, AirflowService

FIELDS = Connection._fields


@pytest.fixture(scope="module", params=["airflow_3", "airflow_2"])
def served(request: pytest.FixtureRequest) -> Served:
    """Return a real Airflow with an empty database, and where its REST API is."""
    found: Served = request.getfixturevalue(request.param)
    found.airflow.clear()
    return found


@pytest.fixture(scope="module")
def real(served: Served) -> RealAirflow:
    """Return the Airflow itself."""
    return served.airflow


@pytest.fixture(scope="module")
def client(served: Served) -> AirflowClient:
    """Return the way to its REST API."""
    transport = HttpTransport(served.url, Credentials(user=served.user, password=served.password), {}, 60)
    return AirflowClient(transport, transport.name)


def variable_of(row: dict[str, Any]) -> WriteVariable:
    return WriteVariable(row["key"], row["val"], row.get("description"), create=True)


def connection_of(row: dict[str, Any]) -> WriteConnection:
    fields: dict[str, Any] = {name: row.get(name) for name in FIELDS}
    return WriteConnection(row["conn_id"], Connection(**fields), create=True)


WRITES: list[Write] = [*map(variable_of, VARIABLES), *map(connection_of, CONNECTIONS)]
FIT = [each for each in WRITES if unfit(each) is None]


@pytest.fixture(scope="module")
def written(client: AirflowClient) -> dict[str, WriteResult]:
    """Write all odd entries at once."""
    report = write(client, WRITES)
    assert report.failure is None
    return {f"{kind}/{entry}": result for (kind, entry), result in report.results.items()}


def test_all_that_fit_are_written(written: dict[str, WriteResult]) -> None:
    refused = {name for name, result in written.items() if result is not WriteResult.DONE}
    assert refused == {f"{each.name.kind}/{each.id}" for each in WRITES if unfit(each)}


def test_every_text_arrives_to_the_letter(real: RealAirflow, written: dict[str, WriteResult]) -> None:
    texts = {each.id: each.text for each in FIT if isinstance(each, WriteVariable)}
    assert written
    assert real.look_up(list(texts), [])["core"]["variables"] == texts


def test_every_connection_arrives_in_each_field(real: RealAirflow, written: dict[str, WriteResult]) -> None:
    wanted = {
        each.id: {name: getattr(each.connection, name) or None for name in FIELDS}
        for each in FIT
        if isinstance(each, WriteConnection)
    }
    assert written
    found = real.look_up([], list(wanted))["core"]["connections"]
    assert {entry: {name: text or None for name, text in row.items()} for entry, row in found.items()} == wanted


def test_what_is_read_is_what_was_written_or_hidden(client: AirflowClient, written: dict[str, WriteResult]) -> None:
    assert written
    variables, connections = read_variables(client, Wanted()), read_connections(client, Wanted())
    for each in FIT:
        if isinstance(each, WriteVariable):
            shown = variables[each.id]
            assert shown.text in {None, each.text if shown.exact else dumped_again(each.text)}
            assert shown.description == each.description
        else:
            remote = connections[each.id]
            known = [name for name in FIELDS if name not in {"extra", *remote.hidden}]
            assert all(
                (getattr(remote.connection, name) or None) == (getattr(each.connection, name) or None) for name in known
            )
            if "extra" not in remote.hidden:
                own, other = (
                    Connection("x", extra=each.connection.extra),
                    Connection("x", extra=remote.connection.extra),
                )
                assert means_the_same(to_json(own), to_json(other))


def test_the_stand_in_shows_the_same(client: AirflowClient, written: dict[str, WriteResult]) -> None:
    assert written
    with AirflowService(client.version) as service:
        transport = HttpTransport(service.url, Credentials(user=USER, password=PASSWORD), {}, 10)
        stand_in = AirflowClient(transport, transport.name)
        write(stand_in, FIT)
        assert read_variables(stand_in, Wanted()) == read_variables(client, Wanted())
        assert read_connections(stand_in, Wanted()) == read_connections(client, Wanted())


def test_what_is_there_is_not_created_again_and_a_change_keeps_the_description(
    client: AirflowClient, real: RealAirflow
) -> None:
    full = Connection("aws", "why", "l", "pw-long", "h", 1, "s", '{"a": 1}')
    first: list[Write] = [WriteVariable("again", "1", "why", create=True), WriteConnection("again", full, create=True)]
    assert set(write(client, first).results.values()) == {WriteResult.DONE}
    assert set(write(client, first).results.values()) == {WriteResult.EXISTS}
    second: list[Write] = [WriteVariable("again", "2"), WriteConnection("again", Connection("http"))]
    assert set(write(client, second).results.values()) == {WriteResult.DONE}
    found = real.look_up(["again"], ["again"])["core"]
    assert found["variables"] == {"again": "2"}
    assert {name: text for name, text in found["connections"]["again"].items() if text} == {
        "conn_type": "http",
        "password": "pw-long",  # the API empties none
        "description": "why",
    }
    assert read_variables(client, Wanted(frozenset({"again"})))["again"].description == "why"
    gone: list[Write] = [WriteVariable("none", "2"), WriteConnection("none", Connection("http"))]
    assert set(write(client, gone).results.values()) == {WriteResult.MISSING}


def test_keys_with_any_character_are_asked_for_one_by_one(client: AirflowClient) -> None:
    odd = ["a/b", "a b", "ü", "a%2Fb", "a?b#c", "{dag_id}", "a\nb"]
    write(client, [WriteVariable(key, key, create=True) for key in odd])
    for key in odd:
        assert read_variables(client, Wanted(frozenset({key}))).keys() == {key}


def test_wrong_credentials_are_told(served: Served) -> None:
    for credentials in (Credentials(), Credentials(token="none"), Credentials(user="admin", password="none")):
        transport = HttpTransport(served.url, credentials, {}, 60)
        with pytest.raises(ApiError) as caught:
            read_variables(AirflowClient(transport, transport.name), Wanted())
        assert caught.value.fault in {Fault.UNAUTHORIZED, Fault.FORBIDDEN}
