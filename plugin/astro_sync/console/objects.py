"""What `list` shows: names, kinds, what is secret and when it was changed; no values. Pure."""

from collections.abc import Mapping, Sequence

from astro_sync.console.layout import printable


def effective_lines(
    rows: Sequence[Mapping[str, object]], stores: Mapping[str, str], not_read: Sequence[tuple[str, str, str]]
) -> list[str]:
    """Return a table of the stores, in the order in which Airflow asks them, and what could not be read."""
    lines = ["Nothing is there."]
    if rows:
        cells = [
            [printable(str(row["id"])), str(row["kind"]), *(_held_cell(row, store) for store in stores)] for row in rows
        ]
        lines = _table(["ID", "KIND", *(name.upper() for name in stores.values())], cells)
        lines.append("Airflow asks the stores from left to right, and takes what is marked *.")
    for name, message, hint in not_read:
        lines.append(printable(f"{name} not read: {message} {hint}".rstrip()))
    return lines


def _held_cell(row: Mapping[str, object], store: str) -> str:
    held = row["held_by"]
    if not isinstance(held, list) or store not in held:
        return ""
    return "* wins" if row["wins"] == store else "held"


def object_lines(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return a table of what a place holds, and a line that counts it."""
    if not rows:
        return ["Nothing is there."]
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
    lines = _table([headers[number] for number in used], [[row[number] for number in used] for row in cells])
    return [*lines, f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}."]


def _table(headers: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    from tabulate import tabulate  # 40 ms that only a table need wait for

    table = tabulate(cells, headers, tablefmt="plain", disable_numparse=True)
    return [line.rstrip() for line in table.split("\n")]
