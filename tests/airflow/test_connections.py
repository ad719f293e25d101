"""We read a connection's text as a real Airflow does, and what we write means the same to its core and its tasks."""

import json
import random
from typing import Any, Final

from astro_sync.airflow.connection import Connection, parse_connection, to_text
from connection_samples import READ
from odd_entries import CONNECTIONS, ODD
from real_airflow import RealAirflow

Json = dict[str, Any]
FIELDS: Final = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
NOT_FOUND: Final = "<AirflowNotFoundException>"

BEGINNINGS = ("postgres", "postgresql", "my-type", "my_type", "X", "x", "")
ENDS = ("", "?a=1&b=x+y", "?a=&b=%22s%22&a=2", "?__extra__=%7B%7D", "?__extra__=", "?&&", "?__extra__=%5B%5D", "#f")
PIECES = (*"aA0~-._:/@%?#[]!$&'()*+,;= {}\\\"^|", "%41", "%2F", "://", "ž", "ß", "\uff05", "h", "https://", "\t")
JSON_FIELDS: Final[dict[str, tuple[object, ...]]] = {
    "conn_type": ("x", "my-type", "", None),
    "port": (5432, "5432", " 5 ", "x", True, 1.5, "", 0, 70000),
    "extra": ({"a": 1}, '{"a":1}', "", {}, None, [1], "text", 5, {"k": "\ud800"}),
    "login": ("", "u", ODD, "\ud800"),
    "password": ("", "p", ODD),
    "host": ("", "https://h", "H", ODD),
    "schema": ("", ODD, None),
    "conn_id": ("c",),
    "uri": ("x://h", ""),
    "description": ("d", ""),
}


def test_every_text_of_the_table_reads_as_in_airflow(empty_airflow: RealAirflow) -> None:
    _assert_read_alike(empty_airflow, [text for text, _ in READ])


def test_random_uris_read_as_in_airflow(empty_airflow: RealAirflow) -> None:
    chance = random.Random(6)  # noqa: S311 - the same texts in every run
    texts = [
        "".join(
            (
                f"{chance.choice(BEGINNINGS)}://{chance.choice(('', 'https://', 'x://'))}",
                *chance.choices(PIECES, k=chance.randint(0, 4)),
                chance.choice(("", ":", ":p")),
                chance.choice(("", "@", "@h", "@H:5", "@h:x", "@[::1]:5")),
                chance.choice(("", "/", "/s%2F")),
                *chance.choices(PIECES, k=chance.randint(0, 4)),
                chance.choice(ENDS),
            )
        )
        for _ in range(600)
    ]
    _assert_read_alike(empty_airflow, texts)


def test_random_json_reads_as_in_airflow(empty_airflow: RealAirflow) -> None:
    chance = random.Random(7)  # noqa: S311 - the same texts in every run
    texts = []
    for _ in range(600):
        names = ["conn_type", *chance.sample(list(JSON_FIELDS), k=chance.randint(0, 4))]
        texts.append(json.dumps({name: chance.choice(JSON_FIELDS[name]) for name in names}))
    _assert_read_alike(empty_airflow, texts)


def test_every_connection_is_written_so_that_core_and_tasks_read_all_its_fields(empty_airflow: RealAirflow) -> None:
    rows = [row for row in CONNECTIONS if row["conn_type"]]
    connections = [Connection(**_fields(row)) for row in rows]
    found = _look_up(empty_airflow, [to_text(connection) for connection in connections])
    for reader in ("core", "tasks"):
        for connection, fields in zip(connections, found[reader], strict=True):
            expected = {name: getattr(connection, name) or None for name in FIELDS}
            # a `-` in a type cannot come back in either form
            expected["conn_type"] = connection.conn_type.replace("-", "_")
            assert {name: value or None for name, value in fields.items()} == expected


def _fields(row: Json) -> Json:
    return {name: row[name] for name in FIELDS if name in row}


def _assert_read_alike(airflow: RealAirflow, texts: list[str]) -> None:
    found = _look_up(airflow, texts)
    different = [
        text
        for text, core, tasks in zip(texts, found["core"], found["tasks"], strict=True)
        if not _is_alike(text, parse_connection(text), core, tasks)
    ]
    assert different == []


def _is_alike(text: str, ours: Connection | None, core: Json | str, tasks: Json | str) -> bool:
    if isinstance(core, str):
        return ours is None
    if ours is None:
        # not all that Airflow makes something of is a connection: without a type, without `://`, not for its tasks
        return isinstance(tasks, str) or not core["conn_type"] or (text[:1] != "{" and "://" not in text)
    blank = {"password": core["password"] or None, "extra": core["extra"] or None}
    return {name: getattr(ours, name) for name in FIELDS} == {**core, **blank}


def _look_up(airflow: RealAirflow, texts: list[str]) -> dict[str, list[Any]]:
    names = [f"c{number}" for number in range(len(texts))]
    environment = {f"AIRFLOW_CONN_{name.upper()}": text for name, text in zip(names, texts, strict=True)}
    found = airflow.look_up([], names, environment)
    return {reader: [found[reader]["connections"][name] for name in names] for reader in ("core", "tasks")}
