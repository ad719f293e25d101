"""AS303: a connection that Airflow cannot use, or reads otherwise than it is meant."""

from collections.abc import Iterable

from astro_sync.airflow.connection import defect
from astro_sync.airflow.names import CONNECTION
from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.core.model import Value
from astro_sync.core.secrecy import is_placeholder


def _find(subject: Subject) -> Iterable[Finding]:
    for key, (made, value) in subject.effective.items():
        # what is empty or a placeholder has checks of its own
        if not key.startswith(CONNECTION) or not value or is_placeholder(Value(value)):
            continue
        if reason := defect(value):
            yield Finding(made.line, key, f"is no sound connection: {reason}")


CHECK = Check(
    code="AS303",
    name="unsound-connection",
    title="A connection that is neither a URI nor a JSON object with conn_type, or in which a part is not escaped.",
    find=_find,
)
