"""AS103: a key that stands in the file more than once."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Fix, Subject
from astro_sync.envfile.dedupe import dedupe


def _find(subject: Subject) -> Iterable[Finding]:
    last = {made.key: made.line for made in subject.document.reading.assignments if made.has_separator}
    deduped = dedupe(subject.document)
    for key, line, _ in deduped.dropped:
        message = f"is set again on line {last[key]}, which counts; --load sends the first"
        yield Finding(line, key, message, fixable=True)
    for key, line in deduped.stayed:
        message = f"is set again on line {last[key]}, but a line between them refers to this value"
        yield Finding(line, key, message)


def _fix(subject: Subject) -> Fix:
    return Fix(dedupe(subject.document).data)


CHECK = Check(
    code="AS103",
    name="duplicate-key",
    title="A key that is set again further down: the last one counts, but for --load, which sends the first.",
    find=_find,
    fix=_fix,
)
