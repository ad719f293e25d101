"""What `list` shows: names, kinds, what is secret and when it was changed; no values. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from astro_sync.console.layout import printable
from astro_sync.core.effective import Effective


def object_lines(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return a table of what a place holds, and a line that counts it."""
    if not rows:
        return ["Nothing is there."]
    from tabulate import tabulate  # 40 ms that only a table need wait for

    cells = [
        [
            printable(str(row["id"])),
            str(row["kind"]),
            "secret" if row["secret"] else "plain",
            str(row["updated_at"] or ""),
            printable(str(row["remote_name"] or "")),
        ]
        for row in rows
    ]
    headers = ["ID", "KIND", "AS", "CHANGED", "NAME THERE"]
    used = [number for number in range(len(headers)) if number < 3 or any(row[number] for row in cells)]  # noqa: PLR2004
    table = tabulate(
        [[row[number] for number in used] for row in cells],
        [headers[number] for number in used],
        tablefmt="plain",
        disable_numparse=True,
    )
    return [*(line.rstrip() for line in table.split("\n")), f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}."]


def effective_lines(found: Sequence[Effective], unread: Mapping[str, str]) -> list[str]:
    """Return a table of where each key comes from, and what could not be read."""
    from tabulate import tabulate  # 40 ms that only a table need wait for

    twins = Counter(each.key for each in found)
    cells = [
        [
            printable(each.key if twins[each.key] == 1 else f"{each.key} ({each.id})"),
            f"{each.wins}{'?' if each.unsure else ''}",
            ", ".join(each.hidden),
        ]
        for each in found
    ]
    table = tabulate(cells, ["KEY", "AIRFLOW TAKES IT FROM", "NOT FROM"], tablefmt="plain", disable_numparse=True)
    lines = [line.rstrip() for line in table.split("\n")] if cells else ["No store that can be read holds it."]
    if any(each.unsure for each in found):
        lines.append("?  a store that Airflow asks first could not be read")
    return [*lines, *(f"{name} not read: {problem}" for name, problem in unread.items())]
