"""AS303: a connection that Airflow cannot use, or reads otherwise than it is meant."""

from collections.abc import Iterator

from astro_sync.airflow.connection import defect
from astro_sync.airflow.names import CONNECTION
from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.core.secrecy import is_placeholder


@check(
    "AS303",
    "unsound-connection",
    "A connection that is neither a URI nor a JSON object with conn_type, or in which a part is not escaped.",
)
def unsound_connection(subject: Subject) -> Iterator[Problem]:
    """Find each such connection; what is empty or a placeholder has checks of its own."""
    for key, (line, value) in subject.effective.items():
        if key.startswith(CONNECTION) and value and not is_placeholder(value) and (reason := defect(value.reveal())):
            yield Problem(line, key, f"is no sound connection: {reason}")
