import json

import pytest

from astro_sync.places.airflow_api.reading import Wanted, read_connections, read_variables
from astro_sync.places.airflow_api.transport import ApiError, Fault
from places.airflow_api.conftest import client_of
from services import airflow as stand_in
from services.airflow import AirflowService

ALL = Wanted()


def put(service: AirflowService, key: str, value: str, description: str | None = None) -> None:
    service.variables[key] = {"value": value, "description": description}


def put_connection(service: AirflowService, entry: str, **fields: object) -> None:
    empty = dict.fromkeys(("description", "host", "login", "schema", "port", "password", "extra"))
    service.connections[entry] = {"conn_type": "http", **empty, **fields}


@pytest.mark.parametrize(
    ("key", "value", "text", "exact"),
    [
        ("plain", "a\r\nb \n", "a\r\nb \n", True),
        ("empty", "", "", True),
        ("object", '{"a":1.50}', '{"a": 1.5}', False),
        ("number", " 5 ", "5", False),
        ("api_key", "abc", None, True),
        ("db_password", "", None, True),
        ("inner", '{"a": {"token": "t"}}', None, True),
        ("my_token", "7", "7", False),
        ("holds_a_seen_secret", "x seen-secret y", None, True),
        ("my_secret", '"quoted"', None, True),
    ],
)
def test_version_2_hides_what_is_masked_and_marks_json_as_inexact(
    airflow3: AirflowService, key: str, value: str, text: str | None, *, exact: bool
) -> None:
    airflow3.seen_secrets.add("seen-secret")
    put(airflow3, key, value, "why")
    found = read_variables(client_of(airflow3), ALL)[key]
    assert (found.text, found.exact, found.description) == (text, exact, "why")


@pytest.mark.parametrize("value", ["a\r\nb \n", "", '{"a":1.50}', " 5 ", "un***masked"])
def test_version_1_gives_every_variable_exactly(airflow2: AirflowService, value: str) -> None:
    put(airflow2, "password", value)
    found = read_variables(client_of(airflow2), ALL)["password"]
    assert (found.text, found.exact) == (value, True)


def test_connections_name_the_fields_that_are_hidden(airflow: AirflowService) -> None:
    put_connection(airflow, "pg", host="h", port=5432, password="pw", extra='{"a": 1, "token": "t"}')
    put_connection(airflow, "bare", description="d", extra='{"a": 1}')
    found = read_connections(client_of(airflow), ALL)
    pg, bare = found["pg"], found["bare"]
    assert (pg.connection.host, pg.connection.port, pg.connection.password, pg.connection.extra) == (
        "h", 5432, None, None,
    )  # fmt: skip
    assert pg.hidden == {"password", "extra"}
    assert (bare.connection.description, bare.connection.extra) == ("d", '{"a": 1}')
    # version 1 does not even say whether there is a password
    assert bare.hidden == (set() if airflow.version == 2 else {"password"})


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_all_pages_are_read(airflow: AirflowService, count: int) -> None:
    for number in range(count):
        put(airflow, f"v{number}", str(number))
    assert read_variables(client_of(airflow), ALL).keys() == airflow.variables.keys()


def test_two_thousand_variables_take_at_most_25_calls(airflow: AirflowService) -> None:
    for number in range(2000):
        put(airflow, f"v{number:04}", "x")
    assert len(read_variables(client_of(airflow), ALL)) == 2000
    assert airflow.count() <= 25


def test_a_server_with_smaller_pages_is_read_to_the_end(airflow: AirflowService) -> None:
    airflow.page_limit = 7
    for number in range(50):
        put(airflow, f"v{number}", "x")
    assert len(read_variables(client_of(airflow), ALL)) == 50


@pytest.mark.parametrize("change", ["added", "deleted", "replaced"])
def test_a_listing_that_changes_meanwhile_is_read_again(airflow: AirflowService, change: str) -> None:
    for number in range(150):
        put(airflow, f"v{number:03}", "x")
    pages = []

    def interfere(_method: str, path: str) -> None:
        if "limit=" not in path:
            return
        pages.append(path)
        if len(pages) == 2:
            if change != "added":
                del airflow.variables["v000"]
            if change != "deleted":
                put(airflow, "zzz", "new")

    airflow.before = interfere
    assert read_variables(client_of(airflow), ALL).keys() == airflow.variables.keys()


def test_a_listing_that_never_rests_is_an_error(airflow: AirflowService) -> None:
    def interfere(_method: str, _path: str) -> None:
        put(airflow, f"v{len(airflow.variables):04}", "x")

    for number in range(150):
        put(airflow, f"v{number:04}", "x")
    airflow.before = interfere
    with pytest.raises(ApiError) as caught:
        read_variables(client_of(airflow), ALL)
    assert caught.value.fault is Fault.CHANGING


def test_a_few_are_asked_for_one_by_one_and_the_missing_left_out(airflow: AirflowService) -> None:
    put(airflow, "a/b ü?#{x}", "1")
    put(airflow, "other", "2")
    put_connection(airflow, "pg", extra='{"n": 1}')
    client = client_of(airflow)
    found = read_variables(client, Wanted(frozenset({"a/b ü?#{x}", "none"})))
    assert {key: each.text for key, each in found.items()} == {"a/b ü?#{x}": "1"}
    assert read_connections(client, Wanted(frozenset({"pg"})))["pg"].connection.extra == '{"n": 1}'
    assert airflow.count() == 3


@pytest.mark.parametrize("key", ["a\nb", "a\rb", ".", "..", "", "\x1f"])
def test_keys_that_no_path_can_hold_are_found_all_the_same(airflow: AirflowService, key: str) -> None:
    put(airflow, key, "x")
    assert read_variables(client_of(airflow), Wanted(frozenset({key}))).keys() == {key}


def test_what_a_filter_leaves_out_is_not_asked_for_one_by_one(airflow2: AirflowService) -> None:
    for number in range(20):
        put_connection(airflow2, f"c{number}")
    found = read_connections(client_of(airflow2), Wanted(matches=lambda entry: entry.endswith("1")))
    assert found.keys() == {"c1", "c11"}
    assert airflow2.count() == 1 + 2


def test_a_common_part_is_left_to_the_server(airflow3: AirflowService) -> None:
    for number in range(300):
        put(airflow3, f"{'etl' if number < 5 else 'x'}_{number}", "x")
    found = read_variables(client_of(airflow3), Wanted(matches=lambda key: key.startswith("etl_"), containing="etl_"))
    assert len(found) == 5
    assert airflow3.count() == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (stand_in.Fault("status", status=401), Fault.UNAUTHORIZED),
        (stand_in.Fault("status", status=403), Fault.FORBIDDEN),
        (stand_in.Fault("status", status=404), Fault.NOT_FOUND),
        (stand_in.Fault("status", status=409), Fault.CONFLICT),
        (stand_in.Fault("status", status=422), Fault.REJECTED),
        (stand_in.Fault("status", status=429), Fault.THROTTLED),
        (stand_in.Fault("status", status=500), Fault.SERVER_ERROR),
        (stand_in.Fault("status", status=503), Fault.SERVER_ERROR),
        (stand_in.Fault("html", status=200), Fault.NOT_THE_API),
        (stand_in.Fault("html", status=502), Fault.SERVER_ERROR),
        (stand_in.Fault("cut"), Fault.CUT_OFF),
        pytest.param(stand_in.Fault("hang"), Fault.TIMED_OUT, marks=pytest.mark.long),
        pytest.param(stand_in.Fault("drip"), Fault.TIMED_OUT, marks=pytest.mark.long),
    ],
    ids=lambda each: f"{each.kind}-{each.status}" if isinstance(each, stand_in.Fault) else "",
)
def test_every_failure_of_a_read_is_named(airflow: AirflowService, fault: stand_in.Fault, expected: Fault) -> None:
    put(airflow, "planted", "planted-value")
    fault.path = "/variables"
    airflow.faults.append(fault)
    with pytest.raises(ApiError) as caught:
        read_variables(client_of(airflow, timeout=2 if expected is Fault.TIMED_OUT else 30), ALL)
    assert caught.value.fault is expected
    assert "planted" not in str(caught.value) + caught.value.hint


def test_too_many_requests_are_sent_again(airflow: AirflowService) -> None:
    put(airflow, "a", "1")
    waits: list[float] = []
    airflow.faults.append(
        stand_in.Fault("status", path="/variables", status=429, headers={"Retry-After": "7"}, times=2)
    )
    client = client_of(airflow)
    client.pause = waits.append
    assert read_variables(client, ALL).keys() == {"a"}
    assert waits == [7, 7]


@pytest.mark.parametrize(
    "page",
    [
        [],
        {},
        {"variables": [{}], "total_entries": 1},
        {"variables": [{"key": "a"}], "total_entries": 1},
        {"variables": [{"key": "a", "value": 7}], "total_entries": 1},
        {"variables": ["a"], "total_entries": 1},
        {"variables": [], "total_entries": "0"},
    ],
    ids=json.dumps,
)
def test_an_answer_of_another_form_is_an_error(
    airflow3: AirflowService, monkeypatch: pytest.MonkeyPatch, page: object
) -> None:
    monkeypatch.setattr(airflow3, "_list", lambda *_: (200, page))
    with pytest.raises(ApiError) as caught:
        read_variables(client_of(airflow3), ALL)
    assert caught.value.fault is Fault.NOT_THE_API
