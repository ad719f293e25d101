"""AS101: the local runtime rejects the whole file."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check


@check(
    "AS101",
    "rejected-file",
    "A statement for which the local runtime rejects the whole file, so that Airflow gets nothing from it.",
    needs_reading=False,
)
def rejected_file(subject: Subject) -> Iterator[Problem]:
    """Find the statement for which the file is rejected."""
    if (rejected := subject.document.rejection) is not None:
        message = f"{subject.document.runtime.name} rejects the whole file here: {rejected.reason}"
        yield Problem(rejected.place, None, message)
