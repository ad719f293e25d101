"""Store entries in a real Airflow, or look them up as its core and its tasks do. Airflow's own Python runs this.

`inside.py store|look-up FILE`: FILE holds the question as JSON and gets the answer, since Airflow logs to stdout.
"""

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


def store(entries: Json) -> Json:
    """Put variables and connections into the metadata database, each text as it is."""
    models = importlib.import_module("airflow.models")
    with importlib.import_module("airflow.utils.session").create_session() as session:
        session.add_all(models.Variable(**row) for row in entries["variables"])
        session.add_all(models.Connection(**row) for row in entries["connections"])
    return {}


def look_up(names: Json) -> Json:
    """Ask for each name once in the core and once in the Task SDK; what cannot be had is the name of the error."""
    core = importlib.import_module("airflow.models")
    if not importlib.util.find_spec("airflow.sdk"):  # Airflow 2 has one reader
        connection = _fields_by(core.Connection.get_connection_from_secrets)
        variables = _ask(core.Variable.get, names["variables"])
        return {"core": {"variables": variables, "connections": _ask(connection, names["connections"])}}
    tasks = importlib.import_module("airflow.sdk")
    return {
        "core": {
            "variables": _ask(core.Variable.get, names["variables"]),
            "connections": _ask(_fields_by(core.Connection.get_connection_from_secrets), names["connections"]),
        },
        "tasks": {
            "variables": _ask(tasks.Variable.get, names["variables"]),
            "connections": _ask(_fields_by(tasks.BaseHook.get_connection), names["connections"]),
        },
    }


def _ask(read: Callable[[str], object], names: list[str]) -> Json:
    return {name: _try(read, name) for name in names}


def _try(read: Callable[[str], object], name: str) -> object:
    try:
        return read(name)
    except Exception as error:  # noqa: BLE001 - whatever Airflow raises is the answer
        return f"<{type(error).__name__}>"


def _fields_by(read: Callable[[str], object]) -> Callable[[str], Json]:
    def fields(name: str) -> Json:
        connection = read(name)
        return {field: getattr(connection, field) for field in FIELDS}

    return fields


def main() -> None:
    """Answer one question."""
    act = {"store": store, "look-up": look_up}[sys.argv[1]]
    file = Path(sys.argv[2])
    file.write_text(json.dumps(act(json.loads(file.read_text()))))


if __name__ == "__main__":
    main()
