"""`airflow_settings.yaml`, read as the Astro CLI's own libraries read it (viper 1.19, yaml.v3, mapstructure)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.airflow.connection import Connection, means_the_same, to_text
from astro_sync.errors import RefusedError
from astro_sync.formats import airflow_settings
from connection_samples import CONNECTIONS
from file_formats import Plain

_FORMAT = Plain(airflow_settings)
read, write, refusal = _FORMAT.read, _FORMAT.write, _FORMAT.refusal

TEMPLATE = b"""\
# what `astro dev init` writes
airflow:
  connections: ## conn_extra is a mapping
    - conn_id:
      conn_type:
      conn_extra:
        example_extra_field: example-value
  pools: ## pools
    - pool_name:
      pool_slot:
  variables:   # nothing yet
    - variable_name:
      variable_value:
"""

FILE = b"""\
airflow:
  connections:
    - conn_id: 'local_postgres'
      conn_type: 'postgres'
      conn_host: 'db'   # its host
      conn_port: 5432
      conn_extra:
        sslMode: require
        n: 1.0
    - {conn_id: Api, conn_uri: 'http://u:p@h'}
  pools:
    - pool_name: 'pool'
      pool_slot: 3
  variables:
    - variable_name: Email_List
      variable_value: 'a@b.c'
"""

# behind `variable_value: `
TEXTS = [
    ("text", "text"),
    ("007", "7"),
    ("08", "8"),
    ("0x1F", "31"),
    ("0o17", "15"),
    ("0b11", "3"),
    ("1_000", "1000"),
    ("+5", "5"),
    ("-012", "-10"),
    ("1e3", "1000"),
    ("1.50", "1.5"),
    (".5", "0.5"),
    ("1e400", "1e400"),
    ("1e22", "10000000000000000000000"),
    ("12345678901234567890", "12345678901234567890"),
    ("99999999999999999999", "100000000000000000000"),
    ("-0.0", "-0"),
    (".nan", "NaN"),
    (".inf", "+Inf"),
    ("-.Inf", "-Inf"),
    ("yes", "yes"),
    ("True", "1"),
    ("false", "0"),
    ("2020-13-01", "2020-13-01"),
    ("1:30", "1:30"),
    ("0x", "0x"),
    ("=", "="),
    ("'007'", "007"),
    ("!!str 42", "42"),
    ('"a\\n\\u017e"', "a\nž"),
    ("'it''s' # c", "it's"),
    ("|\n        a\n        b\n", "a\nb\n"),
]

NO_TEXTS = [
    "2020-01-01",
    "2020-1-2",
    "2020-01-01T00:00:00Z",
    "2020-01-01 10:00:00",
    "[1, 2]",
    "{a: s3cret}",
    "!!binary YQ==",
]

# behind `conn_id: c`, one field a line
CONNECTION_ITEMS = [
    (["conn_type: x", "conn_login: 007", "conn_port: '0x10'"], "x://7@:16"),
    (["conn_type: my-type", "conn_extra: '{\"A\": 1}'"], "my-type:///?__extra__=%7B%22A%22%3A+1%7D"),
    (["conn_type: x", "conn_extra: {Key: Val, l: [{Bb: b}]}"], '{"key": "Val", "l": [{"bb": "b"}]}'),
    (["conn_type: x", "conn_extra: 7"], "x://"),
    (["conn_uri: x://u:p@h", "conn_host: ''"], "x://u:p@h"),
    (["conn_uri: x://u:p@h", "conn_type: y"], "y://"),
]


def _variable(value: str) -> bytes:
    return f"airflow:\n  variables:\n    - variable_name: x\n      variable_value: {value}\n".encode()


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_a_variable_reads_as_the_text_that_the_astro_cli_makes_of_it(value: str, text: str) -> None:
    assert read(_variable(value)).values == {"AIRFLOW_VAR_x": text}


@pytest.mark.parametrize("value", NO_TEXTS)
def test_a_value_that_is_no_text_to_the_astro_cli_is_named(value: str) -> None:
    reason = "it has a field that is no text to the Astro CLI, put it in quotes"
    assert read(_variable(value)).unreadable == {"AIRFLOW_VAR_x": reason}


@pytest.mark.parametrize("value", ["", "~", "null", "''"])
def test_what_the_astro_cli_skips_is_not_there(value: str) -> None:
    assert read(_variable(value)).values == {}


@pytest.mark.parametrize(("fields", "text"), CONNECTION_ITEMS)
def test_a_connection_reads_as_the_fields_that_the_astro_cli_sends(fields: list[str], text: str) -> None:
    lines = "".join(f"      {line}\n" for line in fields)
    values = read(f"airflow:\n  connections:\n    - conn_id: c\n{lines}".encode()).values
    expected = f'{{"conn_type": "x", "extra": {text}}}' if text.startswith("{") else text
    assert means_the_same(values["AIRFLOW_CONN_c"], expected)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("conn_port: text", "no text"),
        ("conn_port: [1]", "no text"),
        ("conn_login: 2020-01-01", "no text"),
        ("conn_extra: s3cret", "extra is not a JSON"),
    ],
)
def test_a_connection_that_cannot_be_read_is_named_without_a_value(field: str, reason: str) -> None:
    data = f"airflow: {{connections: [{{conn_id: c, conn_type: x, {field}}}]}}".encode()
    found = read(data).unreadable["AIRFLOW_CONN_c"]
    assert reason in found
    assert "s3cret" not in found


def test_the_last_of_two_that_has_a_value_wins() -> None:
    items = "".join(f"    - {{variable_name: x, variable_value: {value}}}\n" for value in ("a", "b", "''"))
    data = f"airflow:\n  variables:\n{items}".encode()
    assert read(data).values == {"AIRFLOW_VAR_x": "b"}
    assert read(write(data, {"AIRFLOW_VAR_x": "c"})).values == {"AIRFLOW_VAR_x": "c"}


def test_keys_are_found_whatever_their_case_and_merged_ones_too() -> None:
    data = (
        b"x: &x {variable_value: v}\nAirflow: {VARIABLES: [{Variable_Name: a, <<: *x}, {variable_name: b, <<: [*x]}]}\n"
    )
    assert read(data).values == {"AIRFLOW_VAR_a": "v", "AIRFLOW_VAR_b": "v"}


def test_what_is_no_entry_is_passed_over() -> None:
    data = b"airflow: {variables: [text, {variable_name: 2020-01-01, variable_value: v}, {variable_name: [a]}]}\n"
    assert read(data).values == {}
    assert read(data).unreadable == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"a: &a [*a]\n", "an anchor inside of itself"), (b"? [a]\n: b\n", "a key that is no text: line 1")],
)
def test_a_file_that_no_reader_needs_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        read(data)


def test_a_changed_item_keeps_its_lines() -> None:
    changes = {"AIRFLOW_VAR_Email_List": "007", "AIRFLOW_CONN_local_postgres": "postgres://u@h2:5432/?sslmode=require"}
    assert write(FILE, changes) == (
        FILE.replace(b"'a@b.c'", b"'007'")
        .replace(b"'db'   #", b"h2     #")
        .replace(
            b"\n        sslMode: require\n        n: 1.0\n",
            b' \'{"sslmode": "require"}\'\n      conn_login: u\n',
        )
    )


def test_a_conn_uri_becomes_fields() -> None:
    assert b"{conn_id: Api, conn_uri: null, conn_type: http, conn_host: h2}" in write(
        FILE, {"AIRFLOW_CONN_Api": "http://h2"}
    )


def test_new_items_follow_in_the_files_own_layout() -> None:
    changes = {"AIRFLOW_CONN_new": "my-type://yes:p%0A@h:1", "AIRFLOW_VAR_a": "\nž"}
    assert write(TEMPLATE, changes).decode() == TEMPLATE.decode().replace(
        "example-value\n",
        "example-value\n    - conn_id: new\n      conn_type: my_type\n      conn_host: h\n      conn_login: 'yes'\n"
        '      conn_password: "p\\n"\n      conn_port: 1\n',
    ).replace("variable_value:\n", 'variable_value:\n    - variable_name: a\n      variable_value: "\\n\\u017E"\n')


@pytest.mark.parametrize(
    "old",
    [
        b"",
        b"# only\n",
        b"other: 1",
        b"airflow:\n",
        b"airflow: # c\n",
        b"airflow: ~",
        b"airflow: {}\n",
        b"airflow: {connections: [], variables: }\n",
        b"airflow:\n  pools: []\n",
        b"airflow:\r\n  connections:\r\n  variables: []\r\n  pools:\r\n",
        b"airflow:\n  variables:\n  - variable_name: z\n    variable_value: z",
    ],
)
def test_missing_lists_are_made(old: bytes) -> None:
    changes = {"AIRFLOW_CONN_c": "x://h", "AIRFLOW_VAR_a": "v"}
    written = write(old, changes)
    assert read(written).values == {**read(old).values, **changes}
    assert written.count(b"\n") == written.count(b"\r\n") or b"\r\n" not in old


def test_nothing_changes_when_every_value_is_there() -> None:
    assert write(FILE, read(FILE).values) == FILE
    assert write(TEMPLATE, {}) == TEMPLATE


def test_a_value_that_others_share_is_changed_for_one_only() -> None:
    written = write(
        b"airflow:\n  variables:\n  - {variable_name: a, variable_value: &v 1}\n"
        b"  - {variable_name: b, variable_value: *v }\n",
        {"AIRFLOW_VAR_a": "2"},
    )
    assert read(written).values == {"AIRFLOW_VAR_a": "2", "AIRFLOW_VAR_b": "1"}


@pytest.mark.parametrize("data", [b"airflow: text\n", b"airflow:\n  variables: text\n"])
def test_a_file_of_another_shape_is_not_changed(data: bytes) -> None:
    assert read(data).values == {}
    with pytest.raises(RefusedError, match="cannot be changed"):
        write(data, {"AIRFLOW_VAR_a": "2"})


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("AIRFLOW_VAR_x", "v", None),
        ("AIRFLOW_VAR_x", "", "empty: the Astro CLI skips a variable without a value"),
        ("AIRFLOW_CONN_x", "x://h", None),
        ("AIRFLOW_CONN_x", '{"conn_type": "x", "description": "d"}', "description-lost"),
        ("AIRFLOW_CONN_x", "s3cret", "unsound-connection: it has no `type://`"),
        ("OTHER", "v", "other-kind"),
    ],
)
def test_what_the_file_cannot_hold_is_named(key: str, value: str, reason: str | None) -> None:
    assert (refusal(key, value) is None) if reason is None else (reason in (refusal(key, value) or ""))


@given(CONNECTIONS, CONNECTIONS, st.text(st.characters(codec="utf-8"), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_everything_is_read_back_and_the_rest_stays(one: Connection, two: Connection, text: str) -> None:
    changes = {"AIRFLOW_CONN_local_postgres": to_text(one), "AIRFLOW_CONN_new": to_text(two), "AIRFLOW_VAR_new": text}
    written = write(FILE, changes)
    values = read(written).values
    assert values["AIRFLOW_VAR_new"] == text
    assert all(means_the_same(values[name], changes[name]) for name in changes if "CONN" in name)
    assert values["AIRFLOW_VAR_Email_List"] == "a@b.c"
    assert b"    - pool_name: 'pool'\n      pool_slot: 3\n" in written


@pytest.mark.parametrize("value", ["9" * 5_000, "-" + "9" * 5_000, "0x" + "f" * 5_000, "0b" + "1" * 5_000])
def test_a_number_of_thousands_of_digits_is_a_text_or_a_number_as_the_cli_has_it(value: str) -> None:
    (text,) = read(_variable(value)).values.values()
    assert text in {value, "+Inf", "-Inf"}
