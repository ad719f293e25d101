"""What `airflow:REST` means: the local Airflow, a Deployment's, or any by its address."""

from typing import Final

from astro_sync.errors import UsageError
from astro_sync.places.airflow_api.astro_transport import AstroTransport
from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.http_transport import Credentials, HttpTransport
from astro_sync.places.airflow_api.place import AirflowPlace
from astro_sync.places.base import AnyPlace, Role, Surroundings
from astro_sync.places.deployment import identify, select

_HINT: Final = "Write airflow:, airflow:deployment/ID, airflow:@TARGET or airflow:https://HOST/PATH."


def open_airflow_place(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    """Return the Airflow of an address; raises UsageError for one that names none."""
    if not rest:
        return _local(role, around)
    if rest.startswith(("https://", "http://")):
        return _by_address(rest, role, around)
    kind, slash, entity = rest.partition("/")
    if rest.startswith("@") or (kind == "deployment" and slash and entity):
        return _of_deployment(rest if rest.startswith("@") else entity, role, around)
    raise UsageError(f"The address airflow:{rest} names no Airflow.", hint=_HINT)


def _local(role: Role, around: Surroundings) -> AnyPlace:
    """Return the local Airflow: the Astro CLI reads it exactly, the API writes it."""
    from astro_sync.places.local_airflow import open_airflow

    reader = open_airflow("", Role.SOURCE, around)
    if role is Role.SOURCE:
        return reader
    client = AirflowClient(AstroTransport(around.astro(), "airflow", (), str(reader)), str(reader))
    return AirflowPlace(
        client=client, address=reader.address, label=reader.label, role=role, around=around, reader=reader
    )


def _by_address(address: str, role: Role, around: Surroundings) -> AnyPlace:
    token, user, password = (around.environ.get(f"ASTRO_SYNC_AIRFLOW_{each}") for each in ("TOKEN", "USER", "PASSWORD"))
    credentials = Credentials(token or None, user or None, password)
    transport = HttpTransport(address, credentials, around.environ, around.timeout, plain=around.options.allow_http)
    client = AirflowClient(transport, transport.name)
    label = transport.name.removeprefix("Airflow at ")
    return AirflowPlace(client=client, address=f"airflow:{transport.address}", label=label, role=role, around=around)


def _of_deployment(named: str, role: Role, around: Surroundings) -> AnyPlace:
    selector = select(named, around)
    if selector is None:
        raise UsageError(f"The address airflow:{named} names no Deployment.", hint=_HINT)
    found = identify(selector, around)
    label = found.name or named.removeprefix("@")
    name = f"Airflow of Deployment {label}"
    client = AirflowClient(AstroTransport(around.astro(), "airflow", ("-d", found.deployment_id), name), name)
    address = f"airflow:deployment/{found.deployment_id}"
    return AirflowPlace(client=client, address=address, label=label, role=role, around=around)
