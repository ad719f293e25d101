"""AS102: a line that says nothing to the local runtime although it is no comment."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check


@check("AS102", "ignored-line", "A line that is no comment and from which the local runtime reads nothing.")
def ignored_line(subject: Subject) -> Iterator[Problem]:
    """Find each such line; no key is named, since a word without `=` may be a piece of a broken value."""
    name = subject.document.runtime.name
    for line in subject.document.reading.ignored:
        if line == 1 and subject.document.text.startswith("\ufeff"):
            yield Problem(line, None, f"a byte order mark stands in front of the line: {name} ignores it")
        else:
            yield Problem(line, None, f"the line has no `=`: {name} ignores it")
    for assignment in subject.document.reading.assignments:
        if assignment.is_bare_word:
            yield Problem(assignment.line, None, f"the line has no `=` and no end: {name} makes no variable of it")
        elif assignment.value is None:
            message = f"the line has no `=`, and no such name is set outside: {name} ignores it"
            yield Problem(assignment.line, None, message)
