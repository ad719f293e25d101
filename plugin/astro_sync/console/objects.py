"""What `list` shows: names, kinds, what is secret and when it was changed; no values. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from astro_sync.console.layout import printable
from astro_sync.core.effective import Effective
from astro_sync.core.filters import Filters
from astro_sync.core.outcome import Table

_HEADERS: Final = ("ID", "KIND", "AS", "CHANGED", "NAME THERE")
_ALWAYS: Final = 3


def object_table(rows: Sequence[Mapping[str, object]]) -> Table:
    """Return what a place holds; the last change and the name there only where the place tells them."""
    cells = [
        (
            str(row["id"]),
            str(row["kind"]),
            "secret" if row["secret"] else "plain",
            str(row["updated_at"] or ""),
            str(row["remote_name"] or ""),
        )
        for row in rows
    ]
    used = [number for number in range(len(_HEADERS)) if number < _ALWAYS or any(row[number] for row in cells)]
    return Table(tuple(_HEADERS[number] for number in used), tuple(tuple(row[n] for n in used) for row in cells))


def object_count(rows: Sequence[Mapping[str, object]], filters: Filters) -> str:
    """Return how much a place holds of what was asked for."""
    if rows:
        return f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}."
    if filters.include:
        return f"Nothing there matches {printable(' or '.join(filters.include))}."
    return "Nothing is there." if filters == Filters() else "Nothing there passes the filters."


def effective_table(found: Sequence[Effective]) -> Table:
    """Return where each key comes from."""
    twins = Counter(each.key for each in found)
    rows = [
        (
            each.key if twins[each.key] == 1 else f"{each.key} ({each.id})",
            f"{each.wins}{'?' if each.unsure else ''}",
            ", ".join(each.hidden),
        )
        for each in found
    ]
    return Table(("KEY", "AIRFLOW TAKES IT FROM", "NOT FROM"), tuple(rows))


def effective_notes(found: Sequence[Effective], unread: Mapping[str, str]) -> list[str]:
    """Return what a mark means, and what could not be read."""
    lines = [] if found else ["No store that can be read holds it."]
    if any(each.unsure for each in found):
        lines.append("?  a store that Airflow asks first could not be read")
    return [*lines, *(f"{name} not read: {problem}" for name, problem in unread.items())]
