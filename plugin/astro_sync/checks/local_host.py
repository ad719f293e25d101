"""AS304: a connection to a host that no Deployment can reach (design, rule 10)."""

from collections.abc import Iterable

from astro_sync.airflow.connection import local_host, parse_connection
from astro_sync.airflow.names import CONNECTION
from astro_sync.checks.subject import Check, Finding, Subject


def _find(subject: Subject) -> Iterable[Finding]:
    for key, (made, value) in subject.effective.items():
        if key.startswith(CONNECTION) and (connection := parse_connection(value)) and local_host(connection):
            yield Finding(made.line, key, "points to a host that only exists on this machine")


CHECK = Check(
    code="AS304",
    name="local-host",
    title="A connection whose host only exists on this machine, such as localhost or the Postgres of local Airflow.",
    find=_find,
)
