"""AS102: a line that says nothing to the local runtime although it is no comment."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject


def _find(subject: Subject) -> Iterable[Finding]:
    # no key is named: a word without `=` may be a piece of a value that was broken over lines
    name = subject.document.runtime.name
    for line in subject.document.reading.ignored:
        if line == 1 and subject.document.text.startswith("\ufeff"):
            yield Finding(line, None, f"a byte order mark stands in front of the line: {name} ignores it")
        else:
            yield Finding(line, None, f"the line has no `=`: {name} ignores it")
    for made in subject.document.reading.assignments:
        if made.is_bare_word:
            yield Finding(made.line, None, f"the line has no `=` and no end: {name} makes no variable of it")
        elif made.value is None:
            yield Finding(made.line, None, f"the line has no `=`, and no such name is set outside: {name} ignores it")


CHECK = Check(
    code="AS102",
    name="ignored-line",
    title="A line that is no comment and from which the local runtime reads nothing.",
    find=_find,
)
