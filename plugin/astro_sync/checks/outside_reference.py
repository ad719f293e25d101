"""AS107: a `$NAME` that Docker Compose takes from the environment of whoever starts it (CONTRIBUTING, rule 2)."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check


@check(
    "AS107",
    "outside-reference",
    "A value that takes something from the environment: on another machine it is another one.",
)
def outside_reference(subject: Subject) -> Iterator[Problem]:
    """Find each value that takes something from the environment."""
    for key, (line, names) in subject.references.items():
        taken = [f"${name}" for name in names if name in subject.document.environment]
        if taken:
            message = f"takes {', '.join(taken)} from the environment: it is not sent without --allow-expansion"
            yield Problem(line, key, message)
