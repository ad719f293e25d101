"""AS101: the local runtime rejects the whole file."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject


def _find(subject: Subject) -> Iterable[Finding]:
    if (rejected := subject.document.rejection) is not None:
        message = f"{subject.document.runtime.name} rejects the whole file here: {rejected.reason}"
        yield Finding(rejected.place, None, message)


CHECK = Check(
    code="AS101",
    name="rejected-file",
    title="A statement for which the local runtime rejects the whole file, so that Airflow gets nothing from it.",
    find=_find,
    needs_reading=False,
)
