"""What Airflow printed, read among log lines: exactly, or not at all, and never in more than linear time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.places.airflow_answers import (
    parse_connections,
    parse_exported,
    parse_listed,
    parse_page,
    parse_text,
)
from astro_sync.places.astro_cli import Answer
from astro_sync.places.json_documents import documents

LOG = "[2026-08-01 10:00:00] {settings.py:63} INFO - ready\n"


def printed(stdout: str, status: int = 0) -> Answer:
    return Answer(stdout, "", status)


WRAPPED = {"value": "v", "description": "d"}


@pytest.mark.parametrize(
    ("stdout", "exported", "text"),
    [
        ("a\n", "a", "a"),
        ('"a"\n', "a", '"a"'),
        ("Running: airflow variables get x\n3.140\n", 3.14, "3.140"),
        (LOG + "3.140\n" + LOG, 3.14, "3.140"),
        (LOG + '{"b":1}\n', {"b": 1}, '{"b":1}'),
        (LOG + '  {\n"b":1\n}  \n' + LOG, {"b": 1}, '  {\n"b":1\n}  '),
        (LOG + "one\ntwo\n\n" + LOG, "one\ntwo\n", "one\ntwo\n"),
        # described, by Airflow 3
        (LOG + "v\n", WRAPPED, "v"),
        # the stored text itself, by Airflow 2
        (json.dumps(WRAPPED) + "\n", WRAPPED, json.dumps(WRAPPED)),
        (LOG + json.dumps(WRAPPED) + "\n" + LOG, WRAPPED, json.dumps(WRAPPED)),
        # said twice alike
        ("42\n42\n", 42, "42"),
        # something else
        ("43\n", 42, None),
        ("v\n", "w", None),
        ("true\n", 1, None),
        # said twice, in other letters
        ('{"b":1}\n{"b": 1}\n', {"b": 1}, None),
        ('"a"\na\n', "a", None),
        # an empty line may be a part of it
        (LOG + "42\n\n" + LOG, 42, None),
        ("\n42\n" + LOG, 42, None),
        (LOG + '{"b":1}\n\n', {"b": 1}, None),
        # not a line of its own
        ("INFO - 42\n", 42, None),
        ('{"b":1} of it\n', {"b": 1}, None),
    ],
)
def test_a_stored_text_is_what_was_printed_if_it_says_what_was_exported(
    stdout: str, exported: object, text: str | None
) -> None:
    assert parse_text(printed(stdout), exported) == text
    assert parse_text(printed(stdout, status=1), exported) is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab {[\n", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)
_noise = st.lists(st.sampled_from([LOG, "{\n", "[\n", "[]\n", "{}\n", "1\n", "a\n", '"a"\n']), max_size=3)


@given(_json, st.sampled_from([None, 1]), _noise, _noise)
@settings(max_examples=500)
def test_whatever_stands_around_it_a_stored_text_is_told_exactly_or_not_at_all(
    value: object, indent: int | None, before: list[str], behind: list[str]
) -> None:
    stored = json.dumps(value, indent=indent)
    told = parse_text(printed("".join(before) + stored + "\n" + "".join(behind)), value)
    # An answer of the same letters, or one that a noise line gives as well, cannot be told apart by anybody.
    assert told in (None, stored) or f"{told}\n" in {*before, *behind}


@pytest.mark.long
@pytest.mark.parametrize("value", ["x\n" * 50_000, {f"k{number}": number for number in range(50_000)}, [1] * 50_000, 1])
@pytest.mark.parametrize("line", ["x\n", "1,\n", '{"a":[1,2,\n', "[[[[\n", LOG], ids=repr)
def test_very_many_lines_take_a_moment(value: object, line: str) -> None:
    # In more than linear time these would take hours.
    text = value if isinstance(value, str) else json.dumps(value, indent=1)
    told = parse_text(printed(LOG + text + "\n" + line * 50_000), value)
    assert told in (None, text)


def test_documents_that_never_end_are_given_up_before_all_is_looked_at_for_each() -> None:
    assert list(documents('{"a":[1,2,\n' * 100_000, "{")) == []
    assert list(documents("[" * 100_000 + "\n[1]\n", "[")) != []


def test_a_document_inside_another_is_none() -> None:
    outer = '{"a": [\n{"b": 1}\n]}'
    assert [found.value for found in documents(f"{outer}\n[2]\n{{}} glued", "{[")] == [json.loads(outer), [2], {}]


EXPORT = '{\n    "a": 1,\n    "b": "x"\n}2 Variables successfully exported to /dev/stdout\n'


@pytest.mark.parametrize(
    ("stdout", "names", "found"),
    [
        (EXPORT, {"a", "b"}, True),
        ('{"c": 1, "d": 2}\n' + EXPORT, {"a", "b"}, True),
        (EXPORT, {"a"}, False),
        (EXPORT, {"a", "b", "c"}, False),
        ('{"a": 2, "b": "y"}\n' + EXPORT, {"a", "b"}, False),
        (EXPORT, None, True),
        ("{}\n" + EXPORT, None, True),
        ('{"c": 1, "d": 2}\n' + EXPORT, None, False),
        (EXPORT.replace("}2", "}3"), None, False),
        # Airflow 2 through a pipe
        ('1 Variables successfully exported to /dev/stdout.\n{\n    "a": 1\n}', None, True),
        ("{}", set(), True),
        ("", set(), False),
    ],
)
def test_an_export_is_the_document_of_the_names_that_are_known_or_of_their_number(
    stdout: str, names: set[str] | None, *, found: bool
) -> None:
    assert (parse_exported(printed(stdout), names) is not None) is found
    assert parse_exported(printed(stdout, status=1), names) is None


PG = '{"pg": {"conn_type": "http", "host": "h"}}\n'


@pytest.mark.parametrize(
    ("stdout", "names", "found"),
    [
        (PG, {"pg"}, ["pg"]),
        ("{}\n" + PG, {"pg"}, ["pg"]),
        (PG.replace("pg", "other") + PG, {"pg"}, ["pg"]),
        (PG.replace('"h"', '"forged"') + PG, {"pg"}, None),
        (PG, {"pg", "more"}, None),
        (PG, None, ["pg"]),
        ("{}\n" + PG, None, ["pg"]),
        (PG.replace("pg", "other") + PG, None, None),
        ("{}\n", None, None),
        ("{}\n", set(), []),
        ('{"event": {"level": "info"}}\n', None, None),
    ],
)
@pytest.mark.parametrize("status", [0, 1])
def test_connections_are_the_document_of_at_least_the_names_that_are_known(
    stdout: str, names: set[str] | None, found: list[str] | None, status: int
) -> None:
    parsed = parse_connections(printed(stdout, status), names)
    assert (None if parsed is None else [stored.conn_id for stored in parsed]) == found


@pytest.mark.parametrize("rows", ['[{"key": 1, "val": "x"}]', '[{"key": "a"}]', "[1]", '["a"]', "[[]]"])
def test_a_list_of_anything_else_lists_no_variables(rows: str) -> None:
    assert parse_listed(printed(rows)) == []


@pytest.mark.parametrize(
    "page",
    [
        '{"total_entries": "1", "variables": []}',
        '{"variables": []}',
        '{"total_entries": 1}',
        '{"total_entries": 1, "variables": [{"key": "a", "value": 1}]}',
        '{"total_entries": 1, "variables": ["a"]}',
        '{"detail": "Unauthorized", "status": 401}',
        "Error: connection refused",
    ],
)
def test_any_other_answer_is_no_page_of_variables(page: str) -> None:
    assert parse_page(printed(page)) is None
