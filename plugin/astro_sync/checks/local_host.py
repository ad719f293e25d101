"""AS304: a connection to a host that no Deployment can reach (CONTRIBUTING, rule 10)."""

from collections.abc import Iterator

from astro_sync.airflow.connection import local_host as is_local
from astro_sync.airflow.connection import parse_connection
from astro_sync.airflow.names import CONNECTION
from astro_sync.checks.subject import Problem, Subject, check


@check(
    "AS304",
    "local-host",
    "A connection whose host only exists on this machine, such as localhost or the Postgres of local Airflow.",
)
def local_host(subject: Subject) -> Iterator[Problem]:
    """Find each such connection."""
    for key, (line, value) in subject.effective.items():
        if key.startswith(CONNECTION) and (connection := parse_connection(value.reveal())) and is_local(connection):
            yield Problem(line, key, "points to a host that only exists on this machine")
