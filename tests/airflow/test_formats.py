"""A real Airflow imports every file that we write and exports it back equal; we read its exports as it holds them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from astro_sync.airflow.connection import Connection, means_the_same, to_text
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.formats import connections_env, connections_json, connections_yaml, variables_json
from file_formats import Plain
from odd_entries import CONNECTIONS, VARIABLES
from real_airflow import RealAirflow

Json = dict[str, Any]
FIELDS: Final = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
FORMATS: Final = {"json": Plain(connections_json), "yaml": Plain(connections_yaml), "env": Plain(connections_env)}
OF_VARIABLES: Final = Plain(variables_json)

# by their own ids
TEXTS: Final[dict[str, str]] = {VARIABLE + str(row["key"]): str(row["val"]) for row in VARIABLES}
ROWS: Final = {CONNECTION + row["conn_id"]: row for row in CONNECTIONS if row["conn_type"]}


@pytest.fixture
def new_airflow(empty_airflow: RealAirflow, tmp_path: Path) -> RealAirflow:
    """Return an empty Airflow of the test's own."""
    return empty_airflow.another(tmp_path / "home")


def test_airflow_stores_every_variable_of_our_file_as_it_is_and_exports_it_equal(new_airflow: RealAirflow) -> None:
    texts = {name: text for name, text in TEXTS.items() if OF_VARIABLES.refusal(name, text) is None}
    # a second writing, since a changed entry is written in another way than a new one
    first = OF_VARIABLES.write(b"", {name: text[::-1] for name, text in texts.items()})
    written = OF_VARIABLES.write(first, texts)
    assert len(texts) >= len(TEXTS) - 1
    assert _import(new_airflow, "variables", "variables.json", written).stdout.count("failed") == 0
    keys = {name.removeprefix(VARIABLE): text for name, text in texts.items()}
    assert new_airflow.look_up(list(keys), [])["core"]["variables"] == keys
    exported = OF_VARIABLES.read(_export(new_airflow, "variables", "export.json"))
    # the export writes what is JSON as JSON, in its own spelling
    assert _decoded(exported.values) == _decoded(texts)


def test_a_file_with_values_as_airflow_spells_them_is_exported_equal(new_airflow: RealAirflow) -> None:
    texts = {
        "AIRFLOW_VAR_n": "42",
        "AIRFLOW_VAR_o": '{\n  "value": 1\n}',
        "AIRFLOW_VAR_t": "007",
        "AIRFLOW_VAR_z": "null",
    }
    written = OF_VARIABLES.write(b'{"d": {"value": "x", "description": "about"}}', {**texts, "AIRFLOW_VAR_d": "y"})
    _import(new_airflow, "variables", "variables.json", written)
    assert json.loads(_export(new_airflow, "variables", "export.json")) == json.loads(written)


def test_we_read_the_variables_of_airflows_export_as_airflow_holds_them(full_airflow: RealAirflow) -> None:
    exported = _export(full_airflow, "variables", "export.json")
    content = OF_VARIABLES.read(exported)
    assert set(content.values) == set(TEXTS)
    assert _decoded(content.values) == _decoded({name: TEXTS[name] for name in content.values})
    assert OF_VARIABLES.write(exported, content.values) == exported


@pytest.mark.parametrize("form", FORMATS)
def test_airflow_holds_every_connection_of_our_file_and_exports_it_equal(form: str, new_airflow: RealAirflow) -> None:
    module = FORMATS[form]
    texts = {name: to_text(_connection(row)) for name, row in ROWS.items()}
    texts = {name: text for name, text in texts.items() if module.refusal(name, text) is None}
    assert len(texts) > len(ROWS) / 2
    first = module.write(b"", dict.fromkeys(texts, "other://u:p@h:1/s?k=v"))
    written = module.write(first, texts)
    output = _import(new_airflow, "connections", f"connections.{form}", written).stdout
    assert output.count("Imported connection") == len(texts)
    names = {name.removeprefix(CONNECTION): name for name in texts}
    found = new_airflow.look_up([], list(names))
    for conn_id, name in names.items():
        expected = {field: getattr(_connection(ROWS[name]), field) or None for field in FIELDS}
        assert {field: value or None for field, value in found["core"]["connections"][conn_id].items()} == expected
    exported = module.read(_export(new_airflow, "connections", f"export.{form}"))
    if form == "env":  # the export's own URIs do not hold every connection
        assert exported.values.keys() >= texts.keys() - {"AIRFLOW_CONN_extra_own_key"}
    else:
        assert exported.values == module.read(written).values
        assert all(means_the_same(exported.values[name], text) for name, text in texts.items())


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_we_read_the_connections_of_airflows_export_as_airflow_holds_them(form: str, full_airflow: RealAirflow) -> None:
    exported = _export(full_airflow, "connections", f"export.{form}")
    content = FORMATS[form].read(exported)
    assert set(content.unreadable) == {"AIRFLOW_CONN_type_missing"}
    assert content.values == {name: to_text(_connection(row)) for name, row in ROWS.items() if name in content.values}
    assert len(content.values) == len(ROWS)
    assert FORMATS[form].write(exported, content.values) == exported


def _connection(row: Mapping[str, Any]) -> Connection:
    fields = {field: row.get(field) or None for field in FIELDS}
    return Connection(**{**fields, "conn_type": row["conn_type"].replace("-", "_")})


def _import(airflow: RealAirflow, what: str, name: str, data: bytes) -> Any:  # noqa: ANN401 - the finished process
    file = airflow.home / name
    file.write_bytes(data)
    return airflow.run(what, "import", str(file))


def _export(airflow: RealAirflow, what: str, name: str) -> bytes:
    file = airflow.home / name
    airflow.run(what, "export", str(file))
    return file.read_bytes()


def _decoded(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: _spell_as_airflow(text) for name, text in texts.items()}


def _spell_as_airflow(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, str) else json.dumps(value, sort_keys=True)
