"""AS302: an Airflow variable or connection without a value, as raw exports leave it (CONTRIBUTING, rule 1)."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.core.secrecy import may_be_lost


@check(
    "AS302",
    "empty-value",
    "An empty AIRFLOW_VAR_ or AIRFLOW_CONN_, such as `astro dev object export` leaves of a JSON or a number.",
)
def empty_value(subject: Subject) -> Iterator[Problem]:
    """Find each variable and connection without a value."""
    for key, (line, value) in subject.effective.items():
        if may_be_lost(key, value):
            yield Problem(line, key, "is empty, as a failed export leaves it: set its value, or remove the line")
