"""AS103: a key that stands in the file more than once."""

from collections.abc import Iterator

from astro_sync.checks.subject import Fix, Problem, Subject, check
from astro_sync.envfile.dedupe import dedupe


def _fix(subject: Subject) -> Fix:
    return Fix(dedupe(subject.document).data)


@check(
    "AS103",
    "duplicate-key",
    "A key that is set again further down: the last one counts, but for --load, which sends the first.",
    fix=_fix,
)
def duplicate_key(subject: Subject) -> Iterator[Problem]:
    """Find each assignment that a later one of its key overrules."""
    last = {each.key: each.line for each in subject.document.reading.assignments if each.has_separator}
    deduped = dedupe(subject.document)
    for key, line, _ in deduped.dropped:
        message = f"is set again on line {last[key]}, which counts; --load sends the first"
        yield Problem(line, key, message, fixable=True)
    for key, line in deduped.stayed:
        yield Problem(line, key, f"is set again on line {last[key]}, but a line between them refers to this value")
