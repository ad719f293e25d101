"""`connections.yaml`; tests/airflow holds the same to a real Airflow."""

import json
import sys

import pytest
from hypothesis import given, settings

from astro_sync.airflow.connection import Connection, means_the_same, parse_connection, to_text
from astro_sync.errors import RefusedError, UsageError
from astro_sync.formats import connections_yaml
from connection_samples import CONNECTIONS
from file_formats import Plain

_FORMAT = Plain(connections_yaml)
read, write, refusal = _FORMAT.read, _FORMAT.write, _FORMAT.refusal

FILE = b"""\
# ours
pg:   # the database
  conn_type: postgres
  description: about
  host: "db"    # its host
  password: >-
    two
    words
  extra: {a: b, n: 1}

Api: http://u:p@h   # a URI
'other':
  conn_type: x
# the end
"""

READ = [
    ("{conn_type: x, port: 5432}", "x://@:5432"),
    ("{conn_type: x, login: 'yes'}", "x://yes@"),
    (
        "{conn_type: x, extra: {a: yes, b: 010, c: ~}}",
        "x:///?__extra__=%7B%22a%22%3A+true%2C+%22b%22%3A+8%2C+%22c%22%3A+null%7D",
    ),
    ("x://h", "x://h"),
    ("[x://h]", "x://h"),
    ("|\n  x://h\n", "x://h"),
]

MALFORMED = [
    ("{conn_type: x, login: yes}", "login is not a text"),
    ("{conn_type: x, password: 12345}", "password is not a text"),
    ("{conn_type: x, password: 2020-01-01}", "a field that Airflow does not take"),
    ("{conn_type: x, extra__a: s3cret}", "a field that Airflow does not take"),
    ("", "neither a URI nor an object"),
    ("12", "neither a URI nor an object"),
]

TYPED: list[tuple[str, object]] = [
    ("yes", True),
    ("OFF", False),
    ("y", "y"),
    ("~", None),
    ("", None),
    ("12", 12),
    ("-1_000", -1000),
    ("0x_1F", 31),
    ("010", 8),
    ("0_", 0),
    ("08", "08"),
    ("0o7", "0o7"),
    ("0b11", 3),
    ("1:30", 90),
    ("-1:30.5", -90.5),
    ("0:30", "0:30"),
    ("1.5", 1.5),
    ("1.e+3", 1000.0),
    ("1e3", "1e3"),
    (".5", 0.5),
    ("-.5", "-.5"),
    (".inf", float("inf")),
    ("'yes'", "yes"),
    ("!!str 12", "12"),
    ("[1, {yes: no, 2: ~}]", [1, {"true": False, "2": None}]),
    ("2020-1-1", "2020-1-1"),
]

NEW = """conn_type: my_type
  description: null
  login: 'yes'
  password: '1'
  host: h
  port: null
  schema: null
  extra: null
"""
WRITTEN = [
    (
        "changed fields keep their lines, and new ones follow",
        {"AIRFLOW_CONN_pg": "postgres://u:two%20words@h2/?__extra__=%7B%22a%22%3A+%22b%22%2C+%22n%22%3A+1%7D"},
        [
            ('"db"    #', "h2      #"),
            (">-\n    two\n    words\n", "'two words'\n"),
            ("{a: b, n: 1}\n", "{a: b, n: 1}\n  login: u\n"),
        ],
    ),
    (
        "a block and a mapping become one line",
        {"AIRFLOW_CONN_pg": "postgres://:p@db/?c=d"},
        [(">-\n    two\n    words\n", "p\n"), ("{a: b, n: 1}\n", '\'{"c": "d"}\'\n')],
    ),
    ("a URI stays one", {"AIRFLOW_CONN_Api": "http://v@h"}, [("http://u:p@h", "'http://v@h'")]),
    (
        "what no URI can hold becomes fields",
        {"AIRFLOW_CONN_Api": '{"conn_type": "Up", "host": "\\u017e"}'},
        [
            (
                "Api: http://u:p@h   # a URI\n",
                (
                    "Api:                # a URI\n  conn_type: Up\n  description: null\n  login: null\n"
                    '  password: null\n  host: "\\u017E"\n  port: null\n  schema: null\n  extra: null\n'
                ),
            )
        ],
    ),
    (
        "a new one stands at the end, the last comment after it",
        {"AIRFLOW_CONN_new": "my-type://yes:1@h"},
        [("# the end\n", f"new:\n  {NEW}# the end\n")],
    ),
]


@pytest.mark.parametrize(("entry", "text"), READ)
def test_an_entry_reads_as_the_connection_that_airflow_imports(entry: str, text: str) -> None:
    assert read(f"c: {entry}\n".encode()).values == {"AIRFLOW_CONN_c": text}


@pytest.mark.parametrize(("entry", "reason"), MALFORMED)
def test_an_entry_that_airflow_does_not_import_is_named_without_a_value(entry: str, reason: str) -> None:
    content = read(f"c: {entry}\nd: x://h\n".encode())
    assert content.values == {"AIRFLOW_CONN_d": "x://h"}
    assert reason in content.unreadable["AIRFLOW_CONN_c"]
    assert "s3cret" not in content.unreadable["AIRFLOW_CONN_c"]


def test_an_id_that_is_no_text_is_none_to_airflow_either() -> None:
    assert read(b"5: x://h\n").unreadable == {"AIRFLOW_CONN_5": "it is neither a URI nor an object of fields"}


@pytest.mark.parametrize(("value", "typed"), TYPED)
def test_an_extra_holds_what_pyyaml_makes_of_its_values(value: str, typed: object) -> None:
    content = read(f"c:\n  conn_type: x\n  extra:\n    k: {value}\n".encode())
    connection = parse_connection(content.values["AIRFLOW_CONN_c"])
    assert connection is not None
    assert json.loads(connection.extra or "") == json.loads(json.dumps({"k": typed}))


@pytest.mark.parametrize("value", ["2020-01-01", "2020-1-1 10:00:00", "=", "!!binary YQ==", "0b_"])
def test_what_json_cannot_hold_is_no_extra(value: str) -> None:
    content = read(f"c:\n  conn_type: x\n  extra:\n    k: {value}\n".encode())
    assert "a field that Airflow does not take" in content.unreadable["AIRFLOW_CONN_c"]


@pytest.mark.parametrize(("changes", "edits"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_only_what_is_asked_for_changes(changes: dict[str, str], edits: list[tuple[str, str]]) -> None:
    expected = FILE
    for before, after in edits:
        assert before.encode() in expected
        expected = expected.replace(before.encode(), after.encode())
    assert write(FILE, changes) == expected


def test_nothing_changes_when_every_connection_is_there() -> None:
    assert write(FILE, read(FILE).values) == FILE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", f"c:\n  {NEW}"),
        ("# only\n", f"# only\nc:\n  {NEW}"),
        ("a: x://\r\n", f"a: x://\nc:\n  {NEW}".replace("\n", "\r\n")),
        ("a: x://", f"a: x://\nc:\n  {NEW}"),
        (
            "a:\n    conn_type: x\n",
            f"a:\n    conn_type: x\nc:\n  {NEW}".replace("\n  ", "\n    ").replace("\n      ", "\n    "),
        ),
        ("{a: x://}", "{a: x://, c: {" + ", ".join(NEW.split("\n  ")).strip() + "}}\n"),
        ("{}\n", "{c: {" + ", ".join(NEW.split("\n  ")).strip() + "}}\n"),
        ("---\na: x://\n...\n", f"---\na: x://\nc:\n  {NEW}...\n"),
    ],
)
def test_a_new_entry_follows_the_files_own_layout(old: str, new: str) -> None:
    assert write(old.encode(), {"AIRFLOW_CONN_c": "my-type://yes:1@h"}) == new.encode()


def test_an_entry_that_others_share_is_not_changed() -> None:
    shared = b"a: &base {conn_type: x, host: h}\nb: *base\n"
    assert read(shared).values == {"AIRFLOW_CONN_a": "x://h", "AIRFLOW_CONN_b": "x://h"}
    with pytest.raises(RefusedError, match="anchors"):
        write(shared, {"AIRFLOW_CONN_a": "x://other"})


def test_a_merged_field_is_overridden_where_it_is_merged() -> None:
    merged = b"a: &base\n  conn_type: x\n  host: h\nb:\n  <<: *base\n  login: u\n"
    assert read(merged).values["AIRFLOW_CONN_b"] == "x://u@h"
    written = read(write(merged, {"AIRFLOW_CONN_b": "x://u@other"})).values
    assert written == {"AIRFLOW_CONN_a": "x://h", "AIRFLOW_CONN_b": "x://u@other"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: x://\nb: [s3cret\n", "not valid YAML: line 3"),
        (b"a: x://\na: s3cret\n", "line 2"),
        (b"a: 1\n---\nb: s3cret\n", "not valid YAML: line 2"),
        (b"a: *s3cret\n", "not valid YAML: line 1"),
        (b"- s3cret\n", "not a mapping"),
        (b"s3cret", "not a mapping"),
        (b"a: \x07s3cret", "not valid YAML"),
        (b"a: \xffs3cret", "not in UTF-8"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_with_the_line_and_no_value(data: bytes, message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read(data)
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(UsageError, match=r"ruamel\.yaml") as caught:
        read(b"a: x://")
    assert caught.value.hint == "Type `pipx inject astro-sync ruamel.yaml`, or `pip install 'astro-sync[yaml]'`."


def test_what_the_file_cannot_hold_is_named() -> None:
    assert refusal("AIRFLOW_CONN_x", "x://h") is None
    assert "unsound-connection" in (refusal("AIRFLOW_CONN_x", "s3cret") or "")
    assert "other-kind" in (refusal("AIRFLOW_VAR_x", "v") or "")


@given(CONNECTIONS, CONNECTIONS)
@settings(max_examples=60, deadline=None)
def test_every_connection_is_read_back_and_the_rest_stays(one: Connection, two: Connection) -> None:
    first, second = to_text(one), to_text(two)
    written = write(FILE, {"AIRFLOW_CONN_pg": first, "AIRFLOW_CONN_new": second})
    values = read(written).values
    assert means_the_same(values["AIRFLOW_CONN_pg"], first)
    assert means_the_same(values["AIRFLOW_CONN_new"], second)
    assert b"# ours\npg:   # the database\n" in written
    assert b"# its host" in written


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3_000)),
        "c: {conn_type: x, extra: {k: " + "[" * 450 + "]" * 450 + "}}\n",
        "c: " + "[" * 5_000 + "]" * 5_000 + "\n",
    ],
)
def test_a_file_that_nests_or_grows_without_end_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="nests too deeply"):
        read(text.encode())


def test_an_alias_keeps_its_name_and_what_it_stands_for() -> None:
    old = b"base: &Base\n  conn_type: x\n  host: h\nother:\n  <<: *Base\n  login: u\nc: x://\n"
    assert write(old, {"AIRFLOW_CONN_c": "y://"}) == old.replace(b"c: x://", b"c: 'y://'")
