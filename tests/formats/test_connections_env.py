"""`connections.env`; tests/airflow holds the same to a real Airflow."""

import pytest
from hypothesis import given, settings

from astro_sync.airflow.connection import Connection, means_the_same, to_text
from astro_sync.errors import RefusedError
from astro_sync.formats import connections_env
from connection_samples import CONNECTIONS
from file_formats import Plain

_FORMAT = Plain(connections_env)
read, write, refusal = _FORMAT.read, _FORMAT.write, _FORMAT.refusal

FILE = b"# a comment\npg_main=postgres://u:p@h:5432/s?sslmode=require\n\nApi=http://https://a/\n  # x=y\nlast=x://"


def test_each_line_reads_as_one_connection() -> None:
    assert read(FILE).values == {
        "AIRFLOW_CONN_pg_main": "postgres://u:p@h:5432/s?sslmode=require",
        "AIRFLOW_CONN_Api": "http://https://a/",
        "AIRFLOW_CONN_last": "x://",
    }


def test_a_line_of_json_is_read_although_only_the_export_knows_it() -> None:
    assert read(b'c={"conn_type": "x"}').values == {"AIRFLOW_CONN_c": '{"conn_type": "x"}'}


def test_a_line_that_airflow_cannot_read_is_named_without_its_value() -> None:
    reason = read(b"c=s3cret").unreadable["AIRFLOW_CONN_c"]
    assert reason.startswith("Airflow cannot read this connection: it has no `type://` in front")


def test_a_changed_line_leaves_the_others_and_a_new_one_follows() -> None:
    changes = {"AIRFLOW_CONN_Api": "x://h?n=1", "AIRFLOW_CONN_new": "y://ž"}
    assert write(FILE, changes) == FILE.replace(b"http://https://a/", b"x://h?n=1") + b"\nnew=y://%C5%BE\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"", b"c=x://h\n"), (b"a=x://\r\n", b"a=x://\r\nc=x://h\r\n"), (b"# c", b"# c\nc=x://h\n")],
)
def test_a_new_line_follows_the_files_line_ends(old: bytes, new: bytes) -> None:
    assert write(old, {"AIRFLOW_CONN_c": "x://h"}) == new


def test_a_connection_that_is_there_in_other_words_stays_as_it_is() -> None:
    assert write(FILE, {"AIRFLOW_CONN_Api": '{"conn_type": "http", "host": "https://a"}'}) == FILE


def test_a_line_of_json_stays_json() -> None:
    written = write(b'c={"conn_type": "x"}\n', {"AIRFLOW_CONN_c": "y://h"})
    assert written == b'c={"conn_type": "y", "host": "h", "schema": ""}\n'


def test_json_becomes_a_uri_where_one_can_hold_it() -> None:
    assert write(b"", {"AIRFLOW_CONN_c": '{"conn_type": "x", "password": "a\\nb"}'}) == b"c=x://:a%0Ab@\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a=x://\ns3cret\n", "line 2 is not of the form"),
        (b"=s3cret", "line 1 is not of the form"),
        (b"a=", "line 1 is not of the form"),
        (b" ", "line 1 is not of the form"),
        (b"a=x://s3cret\n\na=y://\n", "line 3 has 'a' a second time"),
        (b"a=x://s3cret\xff", "not in UTF-8"),
    ],
)
def test_a_file_that_airflow_refuses_is_refused_with_the_line_and_no_value(data: bytes, message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read(data)
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("AIRFLOW_CONN_x", "x://h", None),
        ("AIRFLOW_CONN_x", '{"conn_type": "x", "host": "h"}', None),
        ("AIRFLOW_CONN_x", '{"conn_type": "x", "host": "Upper"}', "no URI can hold"),
        ("AIRFLOW_CONN_x", '{"conn_type": "x", "description": "d"}', "description-lost"),
        ("AIRFLOW_CONN_x", "s3cret", "unsound-connection"),
        ("AIRFLOW_CONN_a b", "x://h", "letters"),
        ("AIRFLOW_VAR_x", "v", "other-kind"),
    ],
)
def test_what_the_file_cannot_hold_is_named(key: str, value: str, reason: str | None) -> None:
    assert (refusal(key, value) is None) if reason is None else (reason in (refusal(key, value) or ""))


@given(CONNECTIONS)
@settings(max_examples=150)
def test_every_connection_is_read_back_or_refused_and_the_rest_stays(connection: Connection) -> None:
    text = to_text(connection)
    if refusal("AIRFLOW_CONN_Api", text) is None:
        values = read(write(FILE, {"AIRFLOW_CONN_Api": text})).values
        assert means_the_same(values["AIRFLOW_CONN_Api"], text)
        assert {**values, "AIRFLOW_CONN_Api": ""} == {**read(FILE).values, "AIRFLOW_CONN_Api": ""}
    else:
        assert text.startswith("{")
