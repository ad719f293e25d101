"""Read what `astro deployment …` prints and saves. Pure.

Facts: fixtures/astro-cli-contract.md, "variable list" and "inspect".
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

from astro_sync.core.model import Value
from astro_sync.places.json_documents import documents
from astro_sync.places.raw_file import prove


class Details(NamedTuple):
    """What identifies a Deployment; all empty as long as nothing was read."""

    deployment_id: str = ""
    name: str = ""
    workspace: str = ""


class Row(NamedTuple):
    """One variable of a Deployment, and when it was last changed, where that is told; a secret has no value."""

    key: str
    value: Value | None
    secret: bool
    updated_at: str = ""


def parse_inspect(output: str) -> tuple[Details, list[Row]] | None:
    """Return a Deployment and its variables from `inspect -o json`, lines before and behind the JSON aside."""
    for found in documents(output, "{"):
        try:
            described = _read_description(found.value)
        except (KeyError, TypeError, AttributeError):
            continue
        if described is not None:
            return described
    return None


class Listed(NamedTuple):
    """One Deployment as `deployment list` shows it; its workspace is empty where the table has no such column."""

    deployment_id: str
    name: str
    workspace: str = ""


def parse_listed(output: str) -> list[Listed]:
    """Return the Deployments of `deployment list`."""
    rows = _rows(output, ("NAME", "NAMESPACE", "DEPLOYMENT ID")) or ()
    return [Listed(row["DEPLOYMENT ID"], row["NAME"], row.get("WORKSPACE", "")) for row in rows]


def parse_names(output: str, deployment_id: str | None, name: str | None) -> tuple[str, str] | None:
    """Return id and name of the one row of `deployment list` that the user named, or None."""
    found = [
        (row.deployment_id, row.name)
        for row in parse_listed(output)
        if row.deployment_id == deployment_id or (deployment_id is None and row.name == name)
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
        found.append(Row(key, None if secret else Value(value), secret))
    return found


def _read_description(found: Any) -> tuple[Details, list[Row]] | None:  # noqa: ANN401 - any JSON
    """Return what a document describes, None if a part is of another type; a missing one raises."""
    deployment = found["deployment"]
    metadata, configuration = deployment["metadata"], deployment["configuration"]
    workspace = configuration.get("workspace_name") or metadata.get("workspace_id") or ""
    details = Details(metadata["deployment_id"], configuration["name"], workspace)
    listed = deployment.get("environment_variables") or []
    rows = [
        Row(row["key"], None if row["is_secret"] else Value(row["value"] or ""), row["is_secret"], _when(row))
        for row in listed
    ]
    texts = [details.deployment_id, details.name, details.workspace, *(row.key for row in rows)]
    texts += [row.value.reveal() for row in rows if row.value is not None]
    sound = all(isinstance(text, str) for text in texts) and all(isinstance(row.secret, bool) for row in rows)
    return (details, rows) if sound else None


def _when(row: Mapping[str, object]) -> str:
    updated = row.get("updated_at")
    return updated if isinstance(updated, str) else ""


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
