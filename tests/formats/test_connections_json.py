"""`connections.json`; tests/airflow holds the same to a real Airflow."""

import json

import pytest
from hypothesis import given, settings

from astro_sync.airflow.connection import Connection, UnreadableConnectionError, means_the_same, to_text
from astro_sync.errors import RefusedError
from astro_sync.formats import connections_json
from connection_samples import CONNECTIONS
from file_formats import Plain

_FORMAT = Plain(connections_json)
read, write, refusal = _FORMAT.read, _FORMAT.write, _FORMAT.refusal

READ = [
    ('{"conn_type": "postgres", "host": "h", "port": 5432, "extra": null}', "postgres://h:5432"),
    ('{"conn_type": "x", "port": "5432"}', "x://@:5432"),
    ('{"conn_type": "my-type", "extra": {"a": "b"}}', "my-type:///?a=b"),
    ('{"conn_type": "x", "extra_dejson": {"a": "b"}}', "x:///?a=b"),
    ('{"conn_id": "c", "conn_type": "x", "team_name": null}', "x://"),
    ('{"uri": "x://h?a=1"}', "x://h/?__extra__=%7B%22a%22%3A+1%7D"),
    ('{"conn_type": "x", "description": "d"}', '{"conn_type": "x", "description": "d"}'),
    ('"postgres://u:p@h/s?n=1"', "postgres://u:p@h/s?n=1"),
    ('["x://h"]', "x://h"),
]

MALFORMED = [
    ('{"conn_type": "x", "extra__a": "s3cret"}', "a field that Airflow does not take"),
    ('{"conn_type": "x", "extra": {}, "extra_dejson": {}}', "a field that Airflow does not take"),
    ('{"conn_id": "other", "conn_type": "x"}', "a field that Airflow does not take"),
    ('{"uri": "x://s3cret", "host": "h"}', "a field that Airflow does not take"),
    ('{"host": "s3cret"}', "without conn_type"),
    ('{"conn_type": "x", "password": 5}', "password is not a text"),
    ('{"conn_type": "x", "extra": "s3cret"}', "extra is not a JSON object"),
    ('"s3cret"', "type://"),
    ('""', "empty"),
    ('"{\\"conn_type\\": \\"x\\"}"', "neither a URI nor an object"),
    ("5", "neither a URI nor an object"),
    ("[]", "neither a URI nor an object"),
]

FILE = b"""{
  "pg": {"schema": "s", "conn_type": "postgres", "description": "about", "host": "h", "extra": {"a": 1}},
  "Api": "http://u:p@h",
  "other": {"conn_type": "x"}
}
"""


@pytest.mark.parametrize(("entry", "text"), READ)
def test_an_entry_reads_as_the_connection_that_airflow_imports(entry: str, text: str) -> None:
    assert read(f'{{"c": {entry}}}'.encode()).values == {"AIRFLOW_CONN_c": text}


@pytest.mark.parametrize(("entry", "reason"), MALFORMED)
def test_an_entry_that_airflow_does_not_import_is_named_without_a_value(entry: str, reason: str) -> None:
    content = read(f'{{"c": {entry}, "d": "x://h"}}'.encode())
    assert content.values == {"AIRFLOW_CONN_d": "x://h"}
    assert reason in content.unreadable["AIRFLOW_CONN_c"]
    assert "s3cret" not in content.unreadable["AIRFLOW_CONN_c"]


def test_a_new_connection_is_written_as_airflows_export_writes_it() -> None:
    assert write(b"", {"AIRFLOW_CONN_pg": "postgres://u:p%40@h:1/s?a=1"}).decode() == (
        '{\n  "pg": {\n    "conn_type": "postgres",\n    "description": null,\n    "login": "u",\n'
        '    "password": "p@",\n    "host": "h",\n    "port": 1,\n    "schema": "s",\n'
        '    "extra": "{\\"a\\": 1}"\n  }\n}\n'
    )


def test_a_changed_connection_keeps_its_order_its_description_and_the_form_of_its_extra() -> None:
    written = write(FILE, {"AIRFLOW_CONN_pg": "postgres://u@h/t?b=2"})
    assert json.dumps(json.loads(written)["pg"]) == (
        '{"schema": "t", "conn_type": "postgres", "description": "about", "host": "h", "extra": {"b": 2}, "login": "u"}'
    )


def test_a_uri_stays_a_uri_where_one_can_hold_the_connection() -> None:
    assert json.loads(write(FILE, {"AIRFLOW_CONN_Api": "http://v:q@h?n=1"}))["Api"] == "http://v:q@h?n=1"
    assert json.loads(write(FILE, {"AIRFLOW_CONN_Api": '{"conn_type": "Upper"}'}))["Api"]["conn_type"] == "Upper"


@pytest.mark.parametrize(
    "text", ["postgres://h/s?a=1", '{"conn_type": "postgres", "host": "h", "schema": "s", "extra": {"a": 1}}']
)
def test_a_connection_that_is_there_in_other_words_stays_as_it_is(text: str) -> None:
    assert write(FILE, {"AIRFLOW_CONN_pg": text}) == FILE


def test_ids_that_differ_in_case_are_two_connections() -> None:
    content = read(b'{"A": "x://h", "a": "y://h"}')
    assert content.values == {"AIRFLOW_CONN_A": "x://h", "AIRFLOW_CONN_a": "y://h"}
    assert json.loads(write(b'{"A": "x://h", "a": "y://h"}', {"AIRFLOW_CONN_a": "z://h"})) == {
        "A": "x://h",
        "a": "z://h",
    }


def test_what_should_have_been_refused_is_never_written() -> None:
    with pytest.raises(UnreadableConnectionError):
        write(b"", {"AIRFLOW_CONN_c": "s3cret"})


def test_a_description_from_elsewhere_is_written_with_the_connection() -> None:
    written = json.loads(_FORMAT.write(FILE, {"AIRFLOW_CONN_pg": "postgres://h2", "AIRFLOW_CONN_new": "x://"}, "d"))
    assert (written["pg"]["description"], written["new"]["description"]) == ("d", "d")


def test_an_unreadable_connection_is_never_replaced() -> None:
    with pytest.raises(RefusedError, match="c cannot be replaced in the file: it is neither"):
        write(b'{"c": 5}', {"AIRFLOW_CONN_c": "x://"})


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("AIRFLOW_CONN_x.y-z", "x://h", None),
        ("AIRFLOW_CONN_a b", "x://h", "letters"),
        ("AIRFLOW_CONN_a..b", "x://h", "letters"),
        ("AIRFLOW_CONN_MyConn", "x://h", None),
        ("AIRFLOW_CONN_" + "X" * 201, "x://h", "200"),
        ("AIRFLOW_CONN_x", "no uri", "unsound-connection: it has no `type://`"),
        ("AIRFLOW_VAR_x", "v", "other-kind"),
    ],
)
def test_what_the_file_cannot_hold_is_named(key: str, value: str, reason: str | None) -> None:
    assert (refusal(key, value) is None) if reason is None else (reason in (refusal(key, value) or ""))


@given(CONNECTIONS, CONNECTIONS)
@settings(max_examples=150)
def test_every_connection_is_read_back_from_the_file_and_the_rest_stays(one: Connection, two: Connection) -> None:
    first, second = to_text(one), to_text(two)
    written = write(write(FILE, {"AIRFLOW_CONN_pg": first, "AIRFLOW_CONN_new": second}), {"AIRFLOW_CONN_pg": second})
    values = read(written).values
    assert all(means_the_same(values[f"AIRFLOW_CONN_{name}"], second) for name in ("pg", "new"))
    assert values["AIRFLOW_CONN_other"] == "x://"
