"""`variables.json`; tests/airflow holds the same to a real Airflow."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.errors import RefusedError
from astro_sync.formats import variables_json
from file_formats import Plain

_FORMAT = Plain(variables_json)
read, write, refusal = _FORMAT.read, _FORMAT.write, _FORMAT.refusal

FILE = b"""{
    "plain": "text",
    "num": 42,
    "numstr": "42",
    "obj": {
        "b": [
            1,
            25.0
        ],
        "a": null
    },
    "described": {
        "value": "v1",
        "description": "about",
        "more": 1
    },
    "described_object": {
        "value": {
            "value": 1
        },
        "description": null
    },
    "Mixed.Case-x": "m"
}"""

STORED = [
    ('"text"', "text"),
    ('""', ""),
    ("42", "42"),
    ("1.50", "1.5"),
    ("true", "true"),
    ("null", "null"),
    ("NaN", "NaN"),
    ('"42"', "42"),
    ('{"a":[1,{}]}', '{\n  "a": [\n    1,\n    {}\n  ]\n}'),
    ('{"a": "ž"}', '{\n  "a": "\\u017e"\n}'),
    ('{"value": "v", "description": "d"}', "v"),
    ('{"value": 7}', "7"),
    ('{"value": {"value": 1}, "description": null}', '{\n  "value": 1\n}'),
    ('{"a": 1, "a": 2}', '{\n  "a": 2\n}'),
]

WRITTEN_NEW = [
    ("text", '"text"'),
    ("", '""'),
    ("42", "42"),
    ("042", '"042"'),
    ("1e3", '"1e3"'),
    ("true", "true"),
    ("null", "null"),
    ("NaN", '"NaN"'),
    ('"quoted"', '"\\"quoted\\""'),
    ('{"a":1}', '"{\\"a\\":1}"'),
    ('{\n  "a": 1\n}', '{\n        "a": 1\n    }'),
    (
        '{\n  "value": 1\n}',
        '{\n        "value": {\n            "value": 1\n        },\n        "description": null\n    }',
    ),
    ("9" * 5000, '"' + "9" * 5000 + '"'),
    ("ž", '"\\u017e"'),
]

REPLACED = [
    ("AIRFLOW_VAR_plain", "7", b'"plain": "text"', b'"plain": "7"'),
    ("AIRFLOW_VAR_num", "43", b'"num": 42', b'"num": 43'),
    ("AIRFLOW_VAR_num", "043", b'"num": 42', b'"num": "043"'),
    ("AIRFLOW_VAR_Mixed.Case-x", "n", b'"Mixed.Case-x": "m"', b'"Mixed.Case-x": "n"'),
]


@pytest.mark.parametrize(("entry", "text"), STORED)
def test_an_entry_reads_as_the_text_that_airflow_stores(entry: str, text: str) -> None:
    assert read(f'{{"x": {entry}}}'.encode()).values == {"AIRFLOW_VAR_x": text}


@pytest.mark.parametrize(("text", "entry"), WRITTEN_NEW)
def test_a_new_text_is_written_as_airflows_export_would_where_that_is_exact(text: str, entry: str) -> None:
    assert write(b"", {"AIRFLOW_VAR_x": text}).decode() == f'{{\n    "x": {entry}\n}}\n'


@pytest.mark.parametrize(("name", "text", "before", "after"), REPLACED)
def test_a_changed_entry_keeps_its_kind_and_every_other_byte(name: str, text: str, before: bytes, after: bytes) -> None:
    assert write(FILE, {name: text}) == FILE.replace(before, after)


def test_a_description_stays_with_its_variable() -> None:
    written = json.loads(write(FILE, {"AIRFLOW_VAR_described": "2", "AIRFLOW_VAR_described_object": "3"}))
    assert written["described"] == {"value": "2", "description": "about", "more": 1}
    assert written["described_object"] == {"value": 3, "description": None}


def test_nothing_changes_when_every_value_is_there() -> None:
    assert write(FILE, read(FILE).values) == FILE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"a": 1}', b'{"a": 1, "x": "v"}'),
        (b'{\n "a": 1\n}', b'{\n "a": 1,\n "x": "v"\n}'),
        (b'{"a": "\xc5\xbe"}\n', b'{"a": "\xc5\xbe", "x": "v"}\n'),
        (b'{"a": "\\ud800\xc5\xbe"}', b'{"a": "\\ud800\\u017e", "x": "v"}'),
        (b'{\r\n\t"a": 1\r\n}\r\n', b'{\r\n\t"a": 1,\r\n\t"x": "v"\r\n}\r\n'),
        (b"{}", b'{\n    "x": "v"\n}'),
        (b" \n", b'{\n    "x": "v"\n}\n'),
        (b"{ \n}\n", b'{\n    "x": "v"\n}\n'),
    ],
)
def test_a_new_entry_follows_the_files_own_layout(old: bytes, new: bytes) -> None:
    assert write(old, {"AIRFLOW_VAR_x": "v"}) == new


def test_ids_that_differ_in_case_are_two_variables() -> None:
    assert read(b'{"Case": "a", "case": "b"}').values == {"AIRFLOW_VAR_Case": "a", "AIRFLOW_VAR_case": "b"}
    assert write(b'{"Case": "a", "case": "b"}', {"AIRFLOW_VAR_case": "c"}) == b'{"Case": "a", "case": "c"}'


@pytest.mark.parametrize(
    ("old", "description", "new"),
    [
        (b'{"x": "v"}', "d", {"value": "v", "description": "d"}),
        (b'{"x": {"value": "v", "description": "d"}}', "e", {"value": "v", "description": "e"}),
        (b'{"x": {"value": "v", "description": "d"}}', None, {"value": "v", "description": "d"}),
        (b"", "d", {"value": "v", "description": "d"}),
        (b"", None, "v"),
    ],
)
def test_a_description_is_written_and_read_back(old: bytes, description: str | None, new: object) -> None:
    written = _FORMAT.write(old, {"AIRFLOW_VAR_x": "v"}, description)
    assert json.loads(written) == {"x": new}
    (entry,) = variables_json.read(written)
    assert (entry.text, entry.description) == ("v", new["description"] if isinstance(new, dict) else None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1,\n"a": "s3cret"}', "'a' twice"),
        (b'{"a": "s3cret"', "line 1, column 15"),
        (b'{"a": 1}\n{}', "line 2, column 1"),
        (b'["s3cret"]', "no JSON object"),
        (b'{1: "s3cret"}', "line 1, column 2"),
        (b'{"a" "s3cret"}', "line 1, column 6"),
        (b'{"a": 1\xff}', "not in UTF-8: line 1"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a": ' + b"9" * 5000 + b"}", "cannot read"),
        (b'{"a": ' + b"[" * 100_000, "nests too deeply"),
    ],
)
def test_a_file_that_is_no_json_object_is_refused_with_the_place_and_no_value(data: bytes, message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read(data)
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("AIRFLOW_VAR_x", None),
        ("AIRFLOW_VAR_my-var.x y", None),
        ("AIRFLOW_VAR_Mixed", None),
        ("AIRFLOW_VAR_" + "X" * 251, "250"),
        ("AIRFLOW_CONN_x", "other-kind"),
        ("OTHER", "other-kind"),
    ],
)
def test_what_the_file_cannot_hold_is_named(key: str, reason: str | None) -> None:
    assert (refusal(key, "v") is None) if reason is None else (reason in (refusal(key, "v") or ""))


KEYS = st.text("AB_.-9", min_size=1, max_size=3).map("AIRFLOW_VAR_".__add__)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=10) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "a"]), inner, max_size=2),
    max_leaves=5,
).map(lambda value: json.dumps(value, indent=2))


@given(st.dictionaries(KEYS, TEXTS), st.dictionaries(KEYS, TEXTS))
@settings(max_examples=150)
def test_what_is_written_reads_back_and_the_rest_stays(old: dict[str, str], changes: dict[str, str]) -> None:
    assert read(write(write(b"", old), changes)).values == {**old, **changes}
