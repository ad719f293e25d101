import pytest

from astro_sync.airflow.connection import Connection
from astro_sync.core.model import Kind, Name
from astro_sync.places.airflow_api.entities import Write, WriteConnection, WriteVariable
from astro_sync.places.airflow_api.report import WriteResult
from astro_sync.places.airflow_api.transport import ApiError, Fault
from astro_sync.places.airflow_api.writing import write
from places.airflow_api.conftest import client_of
from services import airflow as stand_in
from services.airflow import AirflowService

ODD = ["", " 5 ", "a\r\nb\n", '{"a":1.50, "a": 2}', "ü\u2028\u0085", "%s {{ var.value.x }}", "x" * 100_000]


def results(service: AirflowService, *writes: Write) -> dict[str, WriteResult]:
    return {entry: result for (_, entry), result in write(client_of(service), writes).results.items()}


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text)[:20])
def test_every_text_arrives_to_the_letter(airflow: AirflowService, text: str) -> None:
    airflow.variables["old"] = {"value": "before", "description": "kept"}
    found = results(airflow, WriteVariable("new", text, "what for", create=True), WriteVariable("old", text))
    assert found == {"new": WriteResult.DONE, "old": WriteResult.DONE}
    assert airflow.variables == {
        "new": {"value": text, "description": "what for"},
        "old": {"value": text, "description": "kept"},
    }


def test_a_connection_arrives_with_every_field(airflow: AirflowService) -> None:
    connection = Connection("aws", "why", "l", "pw-long", "h", 1, "s", '{"é":1.50}')
    assert results(airflow, WriteConnection("aws.main-1", connection, create=True)) == {"aws.main-1": WriteResult.DONE}
    assert airflow.connections["aws.main-1"] == {name: getattr(connection, name) for name in Connection._fields}


def test_fields_that_are_gone_are_emptied_but_password_and_description(airflow: AirflowService) -> None:
    full = Connection("aws", "why", "l", "pw-long", "h", 1, "s", '{"a": 1}')
    results(airflow, WriteConnection("c", full, create=True))
    assert results(airflow, WriteConnection("c", Connection("http"))) == {"c": WriteResult.DONE}
    stored = airflow.connections["c"]
    assert {name: text for name, text in stored.items() if text is not None} == {
        "conn_type": "http", "password": "pw-long", "description": "why",
    }  # fmt: skip


def test_what_is_there_is_not_created_again_and_what_is_gone_not_changed(airflow: AirflowService) -> None:
    airflow.variables["there"] = {"value": "theirs", "description": "d"}
    airflow.connections["there"] = {"conn_type": "x", "host": "theirs"}
    found = write(
        client_of(airflow),
        [
            WriteVariable("there", "ours", create=True),
            WriteVariable("gone", "ours"),
            WriteVariable("new", "ours", create=True),
            WriteConnection("there", Connection("http"), create=True),
            WriteConnection("gone", Connection("http")),
        ],
    )
    assert found.failure is None
    assert found.results == {
        Name(Kind.VARIABLE, "there"): WriteResult.EXISTS,
        Name(Kind.VARIABLE, "gone"): WriteResult.MISSING,
        Name(Kind.VARIABLE, "new"): WriteResult.DONE,
        Name(Kind.CONNECTION, "there"): WriteResult.EXISTS,
        Name(Kind.CONNECTION, "gone"): WriteResult.MISSING,
    }
    assert airflow.variables["there"] == {"value": "theirs", "description": "d"}
    assert airflow.connections["there"]["host"] == "theirs"


@pytest.mark.parametrize(
    "entry",
    [
        WriteVariable("v", "***", create=True),
        WriteVariable("v", " *** ", create=True),
        WriteVariable("v" * 251, "x", create=True),
        WriteVariable("v", "half a pair \ud800", create=True),
        WriteConnection("c", Connection("http", password="***"), create=True),
        WriteConnection("c", Connection("http", extra='{"a": [{"token": "***"}]}'), create=True),
        WriteConnection("c", Connection("http", extra="[1]"), create=True),
        WriteConnection("c d", Connection("http"), create=True),
        WriteConnection("c" * 201, Connection("http"), create=True),
        WriteConnection("c", Connection(""), create=True),
    ],
    ids=lambda entry: repr(entry)[:40],
)
def test_what_airflow_would_refuse_or_spoil_is_never_sent(airflow: AirflowService, entry: Write) -> None:
    assert results(airflow, entry, WriteVariable("good", "x", create=True)) == {
        entry.id: WriteResult.REJECTED, "good": WriteResult.DONE,
    }  # fmt: skip
    assert airflow.connections == {}
    assert airflow.variables.keys() == {"good"}


def test_one_entry_that_is_refused_stops_no_other(airflow3: AirflowService) -> None:
    problem = airflow3.problem
    airflow3.problem = lambda kind, given: (  # type: ignore[method-assign]
        "no" if isinstance(given, dict) and given.get("key") == "v37" else problem(kind, given)
    )
    found = results(airflow3, *(WriteVariable(f"v{number}", "x", create=True) for number in range(100)))
    assert found.pop("v37") is WriteResult.REJECTED
    assert set(found.values()) == {WriteResult.DONE}
    assert len(airflow3.variables) == 99


def test_two_thousand_variables_take_at_most_25_calls(airflow3: AirflowService) -> None:
    report = write(client_of(airflow3), [WriteVariable(f"v{n}", "x", create=True) for n in range(2000)])
    assert set(report.results.values()) == {WriteResult.DONE}
    assert airflow3.count() <= 25


def test_large_values_go_in_several_calls(airflow3: AirflowService) -> None:
    found = results(airflow3, *(WriteVariable(f"v{n}", "x" * 200_000, create=True) for n in range(10)))
    assert set(found.values()) == {WriteResult.DONE}
    assert airflow3.count("PATCH") == 5


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refused_login_writes_nothing_and_ends_it(airflow: AirflowService, status: int) -> None:
    for method in ("PATCH", "POST"):
        airflow.faults.append(stand_in.Fault("status", method, status=status, path="/variables"))
    report = write(client_of(airflow), [WriteVariable(f"v{n}", "x", create=True) for n in range(150)])
    assert set(report.results.values()) == {WriteResult.NOT_WRITTEN}
    assert isinstance(report.failure, ApiError)
    assert airflow.variables == {}


@pytest.mark.parametrize("late", [True, False], ids=["carried-out", "lost"])
@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        pytest.param("hang", 0, Fault.TIMED_OUT, marks=pytest.mark.long),
        ("cut", 0, Fault.CUT_OFF),
        ("html", 200, Fault.NOT_THE_API),
        ("status", 502, Fault.SERVER_ERROR),
    ],
)
def test_after_an_answer_that_never_came_it_is_unknown(
    airflow: AirflowService, kind: str, status: int, expected: Fault, *, late: bool
) -> None:
    for method in ("PATCH", "POST"):
        airflow.faults.append(stand_in.Fault(kind, method, "/variables", status, late=late))
    writes = [WriteVariable(f"v{n}", "planted-value", create=True) for n in range(150)]
    report = write(client_of(airflow, timeout=2 if expected is Fault.TIMED_OUT else 30), writes)
    sent = 100 if airflow.version == 2 else 1
    assert list(report.results.values()) == [WriteResult.UNKNOWN] * sent + [WriteResult.NOT_WRITTEN] * (150 - sent)
    assert report.failure is not None
    assert report.failure.fault is expected
    assert "planted" not in str(report.failure)


def test_a_broken_server_is_not_asked_for_every_entry(airflow: AirflowService) -> None:
    for method in ("PATCH", "POST"):
        airflow.faults.append(stand_in.Fault("status", method, "/variables", status=500))
    report = write(client_of(airflow), [WriteVariable(f"v{n}", "x", create=True) for n in range(500)])
    assert WriteResult.DONE not in report.results.values()
    assert report.failure is not None
    assert airflow.count() < 40


def test_an_unreachable_airflow_is_an_error_before_any_write(airflow: AirflowService) -> None:
    client = client_of(airflow)
    airflow.__exit__()
    with pytest.raises(ApiError) as caught:
        write(client, [WriteVariable("v", "x", create=True)])
    assert caught.value.fault is Fault.UNREACHABLE
    assert caught.value.exit_code == 4


def test_no_entry_shows_its_values() -> None:
    secret = "planted-value"
    shown = repr([WriteVariable("v", secret, secret), WriteConnection("c", Connection("http", password=secret))])
    assert secret not in shown
