"""AS106: a `$NAME` for which Docker Compose finds no value (CONTRIBUTING, rule 2)."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check


@check(
    "AS106",
    "unset-reference",
    "A `$NAME` that neither the file nor the environment sets: compose expands it to nothing.",
)
def unset_reference(subject: Subject) -> Iterator[Problem]:
    """Find each value that refers to such names."""
    for key, (line, names) in subject.references.items():
        unset = [f"${name}" for name in names if name not in subject.document.environment]
        if unset:
            message = f"refers to {', '.join(unset)}, not set above or outside: write '…' if the $ belongs to the value"
            yield Problem(line, key, message)
