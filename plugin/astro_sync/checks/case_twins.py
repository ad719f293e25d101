"""AS203: names that differ only in case."""

from collections.abc import Iterator

from astro_sync.airflow.names import is_sound
from astro_sync.checks.subject import Problem, Subject, check


@check("AS203", "case-twins", "Names that differ only in case: Airflow looks for one name, in upper case.")
def case_twins(subject: Subject) -> Iterator[Problem]:
    """Find each name that another one has in other letters."""
    first: dict[str, tuple[str, int]] = {}
    named = set()
    for assignment in subject.assignments:
        other, line = first.setdefault(assignment.key.upper(), (assignment.key, assignment.line))
        if other != assignment.key and assignment.key not in named:
            named.add(assignment.key)
            name = f"{other} on line {line}" if is_sound(other) else f"the name on line {line}"
            yield Problem(assignment.line, assignment.key, f"differs only in case from {name}")
