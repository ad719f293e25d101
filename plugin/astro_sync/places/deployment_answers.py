"""Read what `astro deployment …` prints and saves. Pure (contract, "variable list" and "inspect")."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import NamedTuple

from astro_sync.core.model import Value
from astro_sync.places.raw_file import prove


class Row(NamedTuple):
    """One variable of a Deployment; a secret has no value."""

    key: str
    value: Value | None
    secret: bool
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """What identifies a Deployment; all empty as long as nothing was read."""

    deployment_id: str = ""
    name: str = ""
    workspace: str = ""


def parse_inspect(output: str) -> tuple[Details, list[Row]] | None:
    """Return a Deployment and its variables from `inspect -o json`, lines before and behind the JSON aside."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"^\{", output, re.MULTILINE):
        try:
            found = decoder.raw_decode(output, match.start())[0]["deployment"]
            metadata, configuration = found["metadata"], found["configuration"]
            workspace = configuration.get("workspace_name") or metadata.get("workspace_id") or ""
            details = Details(metadata["deployment_id"], configuration["name"], workspace)
            listed = found.get("environment_variables") or []
            return details, [_row(row["key"], row["value"], row["is_secret"], row.get("updated_at")) for row in listed]
        except (ValueError, KeyError, TypeError):
            continue
    return None


def parse_names(output: str, deployment_id: str | None, name: str | None) -> tuple[str, str] | None:
    """Return id and name of the one row of `deployment list` that the user named, or None."""
    rows = _rows(output, ("NAME", "NAMESPACE", "DEPLOYMENT ID"))
    found = [
        (row["DEPLOYMENT ID"], row["NAME"])
        for row in rows or ()
        if row["DEPLOYMENT ID"] == deployment_id or (deployment_id is None and row["NAME"] == name)
    ]
    return found[0] if len(found) == 1 else None


def parse_saved(output: str, text: str) -> list[Row] | None:
    """Return the variables of a file that `list --save` wrote, or None unless table and file prove each other."""
    if "No variables found" in output and not text:
        return []
    rows = _rows(output, ("#", "KEY", "VALUE", "SECRET"))
    if rows is None or [row["#"] for row in rows] != [str(number) for number in range(1, len(rows) + 1)]:
        return None
    keys = [row["KEY"] for row in rows]
    values = prove(text, keys)
    if values is None or len(set(keys)) != len(keys):
        return None
    found = []
    for row, key, value in zip(rows, keys, values, strict=True):
        told = row["SECRET"]
        secret = told == str(True).lower()
        shown = ("****", " # secret") if secret else (value.rstrip(" "), value)
        if told not in {"true", "false"} or (row["VALUE"], value) != shown:
            return None
        found.append(_row(key, value, secret))
    return found


def _row(key: str, text: str | None, secret: bool, updated_at: object = None) -> Row:  # noqa: FBT001 - private
    shown = updated_at if isinstance(updated_at, str) else ""
    return Row(key, None if secret else Value(text or ""), secret, shown)


def _rows(output: str, wanted: Sequence[str]) -> list[Mapping[str, str]] | None:
    """Return a table's rows up to the first blank line.

    Its columns begin where the header's words do: the widths are counted in bytes, but the cells padded in characters.
    """
    lines = output.split("\n")
    heading = re.compile(r" " + r" +.*".join(re.escape(word) for word in wanted))
    start = next((number for number, line in enumerate(lines) if heading.match(line)), None)
    if start is None:
        return None
    # Two blanks at least part two columns: each is padded by five.
    names = list(re.finditer(r"\S+(?: \S+)*", lines[start]))
    starts = [match.start() for match in names]
    rows: list[Mapping[str, str]] = []
    for line in takewhile(bool, lines[start + 1 :]):
        cells = [line[begin:end].rstrip(" ") for begin, end in pairwise((*starts, None))]
        rows.append({name[0]: cell for name, cell in zip(names, cells, strict=True)})
    return rows
