import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.airflow.connection import (
    Connection,
    UnreadableConnectionError,
    defect,
    differing_fields,
    extras,
    local_host,
    means_the_same,
    parse_connection,
    read_connection,
    to_json,
    to_text,
    to_uri,
)
from connection_samples import CONNECTIONS, READ

WRONG = [
    ("", "empty"),
    ("hello", "type://"),
    ("my_type://h", "`_`"),
    ("user:password", "type://"),
    ("x://u:pa/ss@h", "`/`"),
    ("x://u:12/34@h", "`/`"),
    ("x://u:p@ss@h", "`@`"),
    ("x://u:p#ss@h", "`#`"),
    ("x://u:12#34@h", "`#`"),
    ("x://u:12?34@h", "`?`"),
    ("x://u:p://ss@h", "`://`"),
    ("http://http://h", "`://`"),
    ("x://h?callback=https://y", "`://`"),
    ("x://h:port", "port"),
    ("x://u:p[ss@h", "not escaped"),
    ("x://h?__extra__=text", "extra"),
    ("{conn_type: x}", "line 1, column 2"),
    ('{"conn_type": "x", "n": 1' + "0" * 5000 + "}", "cannot read"),
    ('{"host": "h"}', "without conn_type"),
    ('{"conn_type": "x", "pasword": "p"}', "another field"),
    ('{"conn_type": "x", "password": 1}', "password is not a text"),
    ('{"conn_type": 1}', "conn_type is not a text"),
    ('{"conn_type": "x", "port": "p"}', "port is not a number"),
    ('{"conn_type": "x", "extra": "p"}', "extra is not a JSON object"),
    ('{"conn_type": "x", "host": "\\ud800"}', "surrogate"),
]

SOUND = [
    "postgres://user:p%40ss%2Fw%23rd@db.example.com:5432/sales?sslmode=require",
    "http://https://u:p@h:8080/s",
    "x://u:p:q@h?email=a@b.c",
    "x://",
    '{"conn_type": "http", "password": "a/b@c#d", "host": "https://h#/"}',
]

WRITTEN = [
    (Connection("x"), "x://"),
    (Connection("google_cloud_platform", extra='{"a": 1}'), "google-cloud-platform:///?__extra__=%7B%22a%22%3A+1%7D"),
    (Connection("x", None, "u/@", ":p#", "h", 1, "s/", '{"k": "v w"}'), "x://u%2F%40:%3Ap%23@h:1/s%2F?k=v+w"),
    (Connection("x", port=1), "x://@:1"),
    (Connection("x", host="https://h/p"), "x://https://h%2Fp"),
    (Connection("http", host="http://H"), "http://http%3A%2F%2FH"),
    (Connection("x", extra='{"k": "3"}'), "x:///?__extra__=%7B%22k%22%3A+%223%22%7D"),
    (Connection("x", extra='{"k":"v"}'), "x:///?__extra__=%7B%22k%22%3A%22v%22%7D"),
    (Connection("x", extra='{"__extra__": "v"}'), "x:///?__extra__=%7B%22__extra__%22%3A+%22v%22%7D"),
    (Connection("x", extra="{}"), "x:///?__extra__=%7B%7D"),
]

NO_URI_CAN_HOLD = [
    Connection("x", "a description"),
    Connection("Upper"),
    Connection("x", host="Upper"),
    Connection("x", host="https://Upper"),
    Connection("x", host="h/p://x"),
    Connection("x", port=65536),
    Connection("a b"),
    Connection("x", host="jdbc:x://y://z"),
]


@pytest.mark.parametrize(("text", "connection"), READ)
def test_a_connection_reads_as_airflow_reads_it(text: str, connection: Connection | None) -> None:
    assert parse_connection(text) == connection


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_what_is_wrong_is_said_in_words(text: str, reason: str) -> None:
    assert reason in (defect(text) or "")


@pytest.mark.parametrize("text", SOUND)
def test_nothing_is_said_of_a_sound_connection(text: str) -> None:
    assert defect(text) is None


@pytest.mark.parametrize(("connection", "uri"), WRITTEN)
def test_a_uri_is_written_as_airflow_writes_it_and_reads_back(connection: Connection, uri: str) -> None:
    assert to_uri(connection) == to_text(connection) == uri


@pytest.mark.parametrize("connection", NO_URI_CAN_HOLD)
def test_what_no_uri_can_hold_is_written_as_json(connection: Connection) -> None:
    text = to_text(connection)
    assert text.startswith("{")
    assert parse_connection(text) == connection


def test_half_of_a_surrogate_pair_is_left_to_json() -> None:
    assert to_text(Connection("x", login="\ud800")) == '{"conn_type": "x", "login": "\\ud800"}'


def test_json_is_written_in_airflows_order_with_its_extra_nested() -> None:
    connection = Connection("x", "d", "u", "p", "h", 1, "s", '{"a": {"b": [1]}}')
    assert to_json(connection) == (
        '{"conn_type": "x", "description": "d", "host": "h", "login": "u", "password": "p", "schema": "s", "port": 1, '
        '"extra": {"a": {"b": [1]}}}'
    )


def test_an_extra_keeps_its_own_spelling_in_json() -> None:
    assert json.loads(to_json(Connection("x", extra='{"a":1}')))["extra"] == '{"a":1}'


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("x://u:p@h/?a=b", '{"conn_type": "x", "login": "u", "password": "p", "host": "h", "extra": {"a": "b"}}', True),
        ("postgres://h", "postgresql://h/", True),
        ("x://h/?a=1&b=2", "x://h/?b=2&a=1", True),
        ("x://u:p@h", "x://u:q@h", False),
        ('{"conn_type": "x", "extra": {"a": 1}}', '{"conn_type": "x", "extra": {"a": true}}', False),
        ('{"conn_type": "x", "description": "d"}', "x://", True),
        ('{"conn_type": "x", "description": "d"}', '{"conn_type": "x", "description": "e"}', False),
        ("not a uri", "not a uri", True),
        ("not a uri", "not a URI", False),
        ("x://h", "not a uri", False),
    ],
)
def test_two_spellings_of_one_connection_mean_the_same(text: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column
    assert means_the_same(text, other) is same
    assert means_the_same(other, text) is same


@pytest.mark.parametrize(
    ("extra", "decoded"),
    [
        (None, {}),
        ("", {}),
        ("[1]", {}),
        ("text", {}),
        ('{"a": 1, "b": {"c": "d"}}', {"a": 1, "b": {"c": "d"}}),
        (
            '{"keyfile_dict": "{\\"private_key\\": \\"k\\"}", "t": "text"}',
            {"keyfile_dict": {"private_key": "k"}, "t": "text"},
        ),
    ],
)
def test_extras_are_decoded_with_the_json_in_them(extra: str | None, decoded: dict[str, object]) -> None:
    assert extras(Connection("x", extra=extra)) == decoded


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]:80", True),
        ("postgres", True),
        ("http://host.docker.internal:8080/x", True),
        ("localhost:5432", True),
        ("localhost.example.com", False),
        ("postgres.example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_a_host_of_the_users_own_machine_is_known(host: str | None, local: bool) -> None:  # noqa: FBT001 - a column
    assert local_host(Connection("x", host=host)) is local


def test_no_text_form_of_a_connection_shows_a_field() -> None:
    connection = Connection("type", "d3scr", "l0gin", "p4ss", "h0st", 12345, "sch3ma", '{"a": "extr4"}')
    assert repr(connection) == str(connection) == f"{connection}" == "Connection(***)"


@pytest.mark.long
@given(CONNECTIONS)
@settings(max_examples=300)
def test_every_connection_survives_being_written_and_read(connection: Connection) -> None:
    read = parse_connection(to_text(connection))
    assert read is not None
    for name in Connection._fields:
        assert (getattr(read, name) or None) == (getattr(connection, name) or None)
    assert parse_connection(to_json(connection)) == connection


@given(
    st.text(max_size=20)
    | st.text(max_size=15).map("x://".__add__)
    | st.text(max_size=15).map('{"conn_type": "x", '.__add__)
)
@settings(max_examples=300)
def test_any_text_is_read_or_has_a_problem(text: str) -> None:
    assert parse_connection(text) is not None or defect(text) is not None


@pytest.mark.parametrize(
    ("text", "other", "fields"),
    [
        ("x://u:p@h", "x://u:p@h/", ()),
        ("x://u:p@h", "y://v:q@i:1/s", ("conn_type", "host", "login", "password", "schema", "port")),
        ("x://h/?a=1&b=2", "x://h/?b=3&c=4&a=1", ("extra.b", "extra.c")),
        (
            '{"conn_type": "x", "extra": {"a": {"b": 1}}}',
            '{"conn_type": "x", "extra": {"a": {"b": 1.0}}}',
            ("extra.a",),
        ),
        ('{"conn_type": "x", "extra": {"\\u001b": 1}}', "x://", ("extra.\\u001b",)),
        ('{"conn_type": "x", "description": "d"}', '{"conn_type": "x", "description": "e"}', ("description",)),
        ('{"conn_type": "x", "description": "d"}', "x://", ()),
        ("x://h/?pass=a&PLANTED", "x://h/?pass=b", ("extra.pass", "extra")),
        ("x://h/?pass=a&PLANTED==", "x://h/?pass=a", ("extra",)),
        ("x://h/?PLANTED&PLANTED+TOO", "x://h", ("extra",)),
        ('{"uri": "x://h/?pass=a&PLANTED"}', "x://h/?pass=a", ("extra",)),
        ("not a uri", "x://", ()),
    ],
)
def test_the_fields_that_differ_are_named(text: str, other: str, fields: tuple[str, ...]) -> None:
    assert differing_fields(text, other) == fields
    assert sorted(differing_fields(other, text)) == sorted(fields)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [450, 3_000, 100_000])
def test_a_connection_that_nests_without_end_is_unreadable(opening: str, depth: int) -> None:
    nested = opening * depth + "1" + ("]" if opening == "[" else "}") * depth
    for text in (
        f'{{"conn_type": "x", "extra": {{"k": {nested}}}}}',
        json.dumps({"conn_type": "x", "extra": f'{{"k": {nested}}}'}),
    ):
        with pytest.raises(UnreadableConnectionError, match="nested too deeply"):
            read_connection(text)
        assert not means_the_same(text, "x://")
        assert differing_fields(text, "x://") == ()
    uri = f"x://h/?k={quote(nested)}"
    connection = read_connection(uri)
    assert extras(connection) == {"k": nested}
    assert parse_connection(to_text(connection)) == connection
