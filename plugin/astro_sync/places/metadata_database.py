"""Ask Airflow itself for what the Astro CLI's export lost (contract, "Exact variables")."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.formats.connection_entry import read_entries
from astro_sync.formats.content import FileContent
from astro_sync.places.astro_cli import Answer, Astro

# Each call starts a Python in the container: more at once only slow one another down.
_CALLS_AT_ONCE: Final = 4
_CONNECTION_LINE: Final = re.compile(r"^([^\s=]+)=((?:[^\s:/?#]+:)?//.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entries:
    """Hold names, as Airflow has them, with their exact texts, and the names that cannot be had, with reasons."""

    found: tuple[tuple[str, str], ...] = field(repr=False)
    unreadable: Mapping[str, str] = field(default_factory=dict)


def read_variables(astro: Astro, shadows: Callable[[str], bool]) -> Entries | None:
    """Return every variable's stored text, or None if Airflow could not be asked."""
    answer = astro.ask("dev", "run", "variables", "list", "--show-values", "-o", "json")
    # A whole document counts, whatever the exit status says.
    if (listed := _find_listed(answer.stdout)) is not None:
        found = tuple((str(row["key"]), row["val"]) for row in listed if isinstance(row["val"], str))
        reason = "Airflow cannot decrypt it"
        return Entries(found, {str(row["key"]): reason for row in listed if not isinstance(row["val"], str)})
    # Airflow before 3.3 knows no --show-values.
    answer = astro.ask("dev", "run", "variables", "export", "/dev/stdout")
    exported = _find_exported(answer.stdout)
    return None if exported is None else _settle(astro, exported, shadows)


def read_connections(astro: Astro) -> FileContent | None:
    """Return every connection by its fields, or None if Airflow could not be asked.

    Airflow's own URIs lose some: a description, texts that look like numbers in the extra, upper case in the host.
    """
    answer = astro.ask("dev", "run", "connections", "export", "-", "--file-format", "json")
    for found in _documents(answer.stdout, "{"):
        if isinstance(found, dict) and all(
            isinstance(fields, dict) and "conn_type" in fields for fields in found.values()
        ):
            content = read_entries(found)
            lost = {CONNECTION + name.upper(): reason for name, row in found.items() if (reason := _loss(row))}
            kept = {key: text for key, text in content.values.items() if key not in lost}
            return FileContent(kept, {**lost, **content.unreadable})
    return None


def _loss(fields: Mapping[str, object]) -> str | None:
    """Return what no environment variable can hold of a connection: Airflow reads these differently than it stores."""
    if fields["conn_type"] and "-" in str(fields["conn_type"]):
        return "Airflow reads the `-` in its type as `_` from an environment variable"
    if fields.get("port") == 0:
        return "Airflow reads port 0 as none from an environment variable"
    return None


def read_connection_lines(astro: Astro) -> Entries | None:
    """Return every connection's URI, or None if Airflow could not be asked, or not to the end."""
    answer = astro.ask("dev", "run", "connections", "export", "-", "--file-format", "env")
    return Entries(tuple(_CONNECTION_LINE.findall(answer.stdout))) if answer.status == 0 else None


def _settle(astro: Astro, exported: Mapping[str, object], shadows: Callable[[str], bool]) -> Entries:
    """Ask for each stored text: the exported JSON says the same, but not in the same letters.

    A text cannot be told either: this Airflow exports `"a"`, quotes and all, and `a` alike.
    """
    plain = {name: _unwrap(value) for name, value in exported.items()}
    asked = [name for name in plain if not shadows(VARIABLE + name.upper())]
    with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
        answers = pool.map(lambda name: astro.ask("dev", "run", "variables", "get", name), asked)
        got = {name: _find_text(answer, plain[name]) for name, answer in zip(asked, answers, strict=True)}
    found, unreadable = [], {}
    for name, value in plain.items():
        text = got.get(name)
        if text is None and isinstance(value, str | dict | list):
            text = value if isinstance(value, str) else json.dumps(value)
        if text is None:
            unreadable[name] = "its stored text cannot be told from the export; set it in .env"
        else:
            found.append((name, text))
    return Entries(tuple(found), unreadable)


def _unwrap(value: object) -> object:
    """Return the value of a variable that was exported with its description, unwrapped exactly once (contract)."""
    if isinstance(value, dict) and set(value) == {"value", "description"}:
        return value["value"]
    return value


def _find_text(answer: Answer, wanted: object) -> str | None:
    """Return the stored text among log lines: the one run of lines that says, as JSON, what the export says."""
    if answer.status != 0:
        return None
    lines = answer.stdout.removesuffix("\n").split("\n")
    if lines[0].startswith("Running: "):
        lines = lines[1:]
    whole = "\n".join(lines)
    if _says(whole, wanted):
        return whole
    runs = (lines[start:end] for start in range(len(lines)) for end in range(start + 1, len(lines) + 1))
    found = [text for run in runs if (text := "\n".join(run)) and _says(text, wanted)]
    return found[0] if len(found) == 1 else None


def _says(text: str, wanted: object) -> bool:
    if text == wanted:
        return True
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return type(said) is type(wanted) and json.dumps(said, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _find_listed(output: str) -> list[dict[str, object]] | None:
    for found in _documents(output, "["):
        if isinstance(found, list) and all(isinstance(row, dict) and {"key", "val"} <= set(row) for row in found):
            return found
    return None


def _find_exported(output: str) -> Mapping[str, object] | None:
    return next((found for found in _documents(output, "{") if isinstance(found, dict)), None)


def _documents(output: str, opening: str) -> Iterator[object]:
    """Yield the JSON documents that begin a line, among log lines and with a message glued to their end."""
    decoder = json.JSONDecoder()
    for match in re.finditer(rf"^{re.escape(opening)}", output, re.MULTILINE):
        try:
            yield decoder.raw_decode(output, match.start())[0]
        except ValueError:
            continue
