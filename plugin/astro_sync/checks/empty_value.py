"""AS302: an Airflow variable or connection without a value, as raw exports leave it (contract, "object export" 1)."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.core.model import Value
from astro_sync.core.secrecy import may_be_lost


def _find(subject: Subject) -> Iterable[Finding]:
    for key, (made, value) in subject.effective.items():
        if may_be_lost(key, Value(value)):
            yield Finding(made.line, key, "is empty, as a failed export leaves it: set its value, or remove the line")


CHECK = Check(
    code="AS302",
    name="empty-value",
    title="An empty AIRFLOW_VAR_ or AIRFLOW_CONN_, such as `astro dev object export` leaves of a JSON or a number.",
    find=_find,
)
