"""Rewrite one line in the spelling that all four readers read alike (dialects.md), keeping what the runtime reads."""

from astro_sync.core.model import Value
from astro_sync.core.secrecy import is_placeholder, may_be_lost
from astro_sync.envfile.dialects import Assignment
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE, CannotWriteError
from astro_sync.envfile.document import Change, Document
from astro_sync.envfile.writing import quote


def requote(document: Document, assignment: Assignment) -> Change | None:
    """Return the change that puts the one assignment of a line in the common spelling, its comment on a line above.

    None where there is no such spelling, where `$NAME` makes the value depend on the environment, where more follows on
    the line, or where the real value is missing: `--load` may skip such a line, and must not learn to send it.
    """
    value = assignment.value
    if value is None or not assignment.has_separator:
        return None
    start, end, line_end = _find_line(document.text, assignment.start)
    after = document.text[assignment.value_end : end].strip(GO_WHITE_SPACE)
    # python-dotenv ends a line at a lone CR
    if (after and after[0] != "#") or "\r" in after:
        return None
    if _is_missing(assignment.key, Value(value)) or _refers(document, assignment.start, end):
        return None
    try:
        spelling = quote(assignment.key, value, document.runtime)
    except CannotWriteError:
        return None
    if not spelling.common:
        return None
    comment = after + (line_end or "\n") if after else ""
    return Change(start, end, f"{comment}{assignment.key}={spelling.text}")


def outdent_comment(document: Document, position: int) -> Change | None:
    """Return the change that moves the comment at `position` to column 0, where alone `--load` knows it for one."""
    start, end, _ = _find_line(document.text, position)
    line = document.text[start:end]
    comment = line.lstrip(f"\ufeff{GO_WHITE_SPACE}")
    if not comment.startswith("#") or "\r" in comment:
        return None
    return Change(start, start + len(line) - len(comment), "")


def _find_line(text: str, position: int) -> tuple[int, int, str]:
    """Return where the line at `position` starts, a BOM included, where it ends, and its line end."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    if end < 0:
        return start, len(text), ""
    return (start, end - 1, "\r\n") if text[end - 1] == "\r" else (start, end, "\n")


def _is_missing(key: str, value: Value) -> bool:
    return is_placeholder(value) or may_be_lost(key, value)


def _refers(document: Document, start: int, end: int) -> bool:
    """Tell whether a value is assignment of others: every name that it looks up is missing in an empty environment."""
    reading = document.runtime.read(document.text[start:end], {})
    return reading.rejected is not None or any(assignment.needs for assignment in reading.assignments)
