"""AS203: names that differ only in case."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject, shown


def _find(subject: Subject) -> Iterable[Finding]:
    first: dict[str, tuple[str, int]] = {}
    named = set()
    for made in subject.assignments:
        other, line = first.setdefault(made.key.upper(), (made.key, made.line))
        if other != made.key and made.key not in named:
            named.add(made.key)
            name = shown(other)
            where = f"{name} on line {line}" if name else f"the name on line {line}"
            yield Finding(made.line, made.key, f"differs only in case from {where}")


CHECK = Check(
    code="AS203",
    name="case-twins",
    title="Names that differ only in case: Airflow looks for one name, in upper case.",
    find=_find,
)
