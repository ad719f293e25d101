"""Read what `airflow` prints of its metadata database, behind `astro dev run` and `astro api airflow`. Pure.

Facts: fixtures/astro-cli-contract.md, "Exact variables" and "Found by running the real CLI".
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from astro_sync.places.astro_cli import Answer
from astro_sync.places.json_documents import documents, says_the_same

_T = TypeVar("_T")
_COUNT: Final = re.compile(r"(\d{1,9}) variables successfully exported", re.IGNORECASE)
_LINE: Final = re.compile(r"[^\n]+")
_RUNNING: Final = re.compile(r"\ARunning: [^\n]*\n")
_VERSION: Final = re.compile(r"^(\d{1,4})\.\d+\.\d+\S*\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoredVariable:
    """One variable as the metadata database holds it; `text` is None where Airflow itself cannot read it."""

    key: str
    text: str | None = field(repr=False)
    description: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """One connection: its fields as Airflow's JSON export has them, its URI as the Astro CLI's export has it."""

    conn_id: str
    fields: Mapping[str, object] | None = field(default=None, repr=False)
    uri: str | None = field(default=None, repr=False)


class Page(NamedTuple):
    """One page of the variables of a REST API, and how many there are in all."""

    variables: tuple[StoredVariable, ...]
    total: int


def parse_listed(answer: Answer) -> list[tuple[StoredVariable, ...]]:
    """Return what may be the answer of `variables list --show-values -o json`, mostly one; see `choose_listed`."""
    # Airflow before 3.3 rejects the call; what it prints then is no answer.
    lists = [found.value for found in documents(answer.stdout, "[")] if answer.status == 0 else []
    return [
        tuple(StoredVariable(row["key"], row["val"] if isinstance(row["val"], str) else None) for row in rows)
        for rows in lists
        if isinstance(rows, list) and all(_is_row(row) for row in rows)
    ]


def is_evident(answer: Answer, listed: Sequence[tuple[StoredVariable, ...]]) -> bool:
    """Tell whether the list can be believed without knowing the names: it is the only one, and not just empty.

    An empty one can be a log line, unless it is all that was printed.
    """
    if len(listed) != 1:
        return False
    return bool(listed[0]) or _without_command(answer.stdout).strip() == "[]"


def choose_listed(
    listed: Sequence[tuple[StoredVariable, ...]], names: Collection[str]
) -> tuple[StoredVariable, ...] | None:
    """Return the list of exactly these names; else the one that has more; None where several or none do."""
    wanted = set(names)
    having = [(found, {row.key for row in found}) for found in listed]
    exactly = [found for found, keys in having if keys == wanted]
    return _only(exactly or [found for found, keys in having if wanted and keys > wanted])


def parse_exported(answer: Answer, names: Collection[str] | None) -> Mapping[str, object] | None:
    """Return the document of `variables export /dev/stdout` that has exactly these names.

    Where they are not known (None) it is the only one that has as many names as Airflow says that it exported.
    """
    if answer.status != 0:
        return None
    objects = [found.value for found in documents(answer.stdout, "{") if isinstance(found.value, dict)]
    if names is None:
        counts = {int(number) for number in _COUNT.findall(answer.stdout)}
        fitting = [found for found in objects if len(found) in counts]
    else:
        fitting = [found for found in objects if found.keys() == set(names)]
    return _only(fitting)


def parse_connections(answer: Answer, names: Collection[str] | None) -> tuple[StoredConnection, ...] | None:
    """Return the document of `connections export - --file-format json` that has at least these names.

    Where they are not known (None) it is the only one. Airflow 2 ends with an error behind a complete document.
    """
    objects = (found.value for found in documents(answer.stdout, "{"))
    fitting = [
        found
        for found in objects
        if isinstance(found, dict)
        and all(isinstance(fields, dict) and "conn_type" in fields for fields in found.values())
        and (found if names is None else found.keys() >= set(names))
    ]
    if names is not None:
        fitting = [found for found in fitting if found.keys() == set(names)] or fitting
    found = _only(fitting)
    return None if found is None else tuple(StoredConnection(*each) for each in found.items())


def parse_page(answer: Answer) -> Page | None:
    """Return one page of `astro api airflow /variables`, or None for any other answer."""
    for found in documents(answer.stdout, "{"):
        page = found.value
        if isinstance(page, dict) and isinstance(page.get("total_entries"), int):
            rows = page.get("variables")
            if isinstance(rows, list) and all(_is_entry(row) for row in rows):
                kept = (StoredVariable(row["key"], row["value"], row.get("description") or None) for row in rows)
                return Page(tuple(kept), page["total_entries"])
    return None


def parse_api_version(answer: Answer) -> str | None:
    """Return the version in the answer of `astro api airflow /version`."""
    for found in documents(answer.stdout, "{"):
        if isinstance(found.value, dict) and isinstance(version := found.value.get("version"), str):
            return version if answer.status == 0 else None
    return None


def parse_major(answer: Answer) -> int | None:
    """Return the first number of the version that `airflow version` printed."""
    found = _VERSION.search(answer.stdout)
    return int(found[1]) if found and answer.status == 0 else None


def unwrap(value: object) -> object:
    """Return what an exported value is if it was exported with its description, unwrapped exactly once."""
    return value["value"] if is_wrapped(value) and isinstance(value, dict) else value


def is_wrapped(value: object) -> bool:
    """Tell whether an exported value looks like one with its description; Airflow 2 has none, and exports it bare."""
    return isinstance(value, dict) and set(value) == {"value", "description"}


def parse_description(text: str, exported: object) -> str | None:
    """Return the description that Airflow 3 exported a variable with, empty for none.

    None where the export says another text: then it is of another moment, or not of this variable.
    """
    if isinstance(exported, dict) and is_wrapped(exported) and says_the_same(text, exported["value"]):
        return str(exported["description"] or "")
    return "" if says_the_same(text, exported) else None


def parse_text(answer: Answer, exported: object) -> str | None:
    """Return the stored text that `variables get` printed: what says the exported value, unwrapped or not.

    Among log lines it is the only run of lines that does. What says something else is not the stored text.
    """
    if answer.status != 0:
        return None
    output = _without_command(answer.stdout).removesuffix("\n")
    meanings = (exported, unwrap(exported)) if is_wrapped(exported) else (exported,)
    if any(says_the_same(output, meaning) for meaning in meanings):
        return output
    found = {text for meaning in meanings for text in _runs(output, meaning)}
    return found.pop() if len(found) == 1 and None not in found else None


def _runs(output: str, meaning: object) -> Iterator[str | None]:
    """Yield each run of lines that says a value, and None where one may be longer; in linear time."""
    if isinstance(meaning, str) and f"\n{meaning}\n" in f"\n{output}\n":
        yield meaning
    spans: Iterator[tuple[int, int]]
    if isinstance(meaning, dict | list):
        spans = ((found.start, _end_of_line(output, found.end)) for found in documents(output, "{["))
    else:
        spans = (match.span() for match in _LINE.finditer(output))
    for start, end in spans:
        if says_the_same(output[start:end], meaning):
            yield output[start:end]
            # A stored text may begin or end with an empty line.
            blank = {"\n\n", "\n"} & {output[max(start - 2, 0) : start], output[end : end + 2]}
            if blank and not isinstance(meaning, str):
                yield None


def _end_of_line(output: str, at: int) -> int:
    end = output.find("\n", at)
    return len(output) if end < 0 else end


def _only(found: Sequence[_T]) -> _T | None:
    """Return what was found if it is one, however often."""
    return found[0] if found and all(each == found[0] for each in found) else None


def _without_command(stdout: str) -> str:
    """Drop the line that the Astro CLI prints first in Docker mode."""
    return _RUNNING.sub("", stdout)


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and {"key", "val"} <= row.keys() and isinstance(row["key"], str)


def _is_entry(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("key"), str) and isinstance(row.get("value"), str)
