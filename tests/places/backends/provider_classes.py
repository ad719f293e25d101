"""Answer as Airflow's own provider classes do. The Python of an Airflow with the providers runs this.

Each line of stdin is a question in JSON, each line of stdout its answer: {"class", "kwargs", "environ", "variables",
"connections"} → {"variables": {name: text}, "connections": {name: fields}}; what fails is `<the error's class>`.
"""

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"


def answer(question: Json) -> Json:
    """Look everything up through one backend."""
    os.environ.update(question["environ"])
    module, _, name = question["class"].rpartition(".")
    backend = getattr(importlib.import_module(module), name)(**question["kwargs"])
    backend._set_connection_class(importlib.import_module("airflow.models").Connection)  # noqa: SLF001 - as Airflow does
    if "google" in module:
        _redirect_google()

    def fields(conn_id: str) -> Json | None:
        connection = backend.get_connection(conn_id)
        return connection and {field: getattr(connection, field) for field in FIELDS}

    return {
        "variables": {key: _try(backend.get_variable, key) for key in question["variables"]},
        "connections": {conn_id: _try(fields, conn_id) for conn_id in question["connections"]},
    }


def _redirect_google() -> None:
    """Give Google's class a client of the stand-in: nothing that one can set would."""
    client_module = importlib.import_module("airflow.providers.google.cloud._internal_client.secret_manager_client")
    service = importlib.import_module("google.cloud.secretmanager").SecretManagerServiceClient

    def client(self: Any) -> Any:  # noqa: ANN401 - an untyped SDK
        options = {"api_endpoint": os.environ[ENDPOINT]}
        return service(credentials=self.credentials, transport="rest", client_options=options)

    client_module._SecretManagerClient.client = property(client)  # noqa: SLF001


def _try(read: Callable[[str], object], name: str) -> object:
    try:
        return read(name)
    except Exception as error:  # noqa: BLE001 - whatever Airflow raises is the answer
        return f"<{type(error).__name__}>"


def main() -> None:
    """Answer questions until there are no more."""
    for line in sys.stdin:
        with contextlib.redirect_stdout(sys.stderr):  # Airflow logs to stdout
            found = answer(json.loads(line))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
