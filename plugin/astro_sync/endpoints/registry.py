"""The kinds of places that `merge` knows, and how a name tells which one is meant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from astro_sync.endpoints.airflow_file import Format
from astro_sync.errors import UsageError
from astro_sync.secrecy import CONNECTION, VARIABLE


@dataclass(frozen=True, slots=True)
class Kind:
    """Describe one kind of file: the names that it can hold, and its format by the ending of its name."""

    prefixes: tuple[str, ...]
    formats: Mapping[str, Callable[[], Format]]


def _variables_json() -> Format:
    from astro_sync.formats import variables_json

    return variables_json


def _connections_json() -> Format:
    from astro_sync.formats import connections_json

    return connections_json


def _connections_yaml() -> Format:
    from astro_sync.formats import connections_yaml

    return connections_yaml


def _connections_env() -> Format:
    from astro_sync.formats import connections_env

    return connections_env


def _airflow_settings() -> Format:
    from astro_sync.formats import airflow_settings

    return airflow_settings


KINDS: Final[Mapping[str, Kind]] = {
    "variables": Kind((VARIABLE,), {".json": _variables_json}),
    "connections": Kind(
        (CONNECTION,),
        {".json": _connections_json, ".yaml": _connections_yaml, ".yml": _connections_yaml, ".env": _connections_env},
    ),
    "settings": Kind((CONNECTION, VARIABLE), {".yaml": _airflow_settings, ".yml": _airflow_settings}),
}
# The names that Airflow and the Astro CLI themselves give to these files.
_NAMES: Final = {"variables": "variables", "connections": "connections", "airflow_settings": "settings"}


def find_kind(name: str) -> tuple[Kind | None, str]:
    """Return what kind of file a name means, None for a `.env`, and the name without its prefix.

    Raises UsageError for a JSON or YAML file whose name does not tell its kind.
    """
    prefix, colon, rest = name.partition(":")
    if colon and prefix in KINDS:
        return KINDS[prefix], rest
    path = PurePath(name)
    known = _NAMES.get(path.stem)
    if known and path.suffix in KINDS[known].formats:
        return KINDS[known], name
    if path.suffix in {".json", ".yaml", ".yml"}:
        prefixes = ", ".join(f"{kind}:{name}" for kind, what in KINDS.items() if path.suffix in what.formats)
        raise UsageError(f"The name {name} does not tell what the file holds.", hint=f"Write {prefixes}.")
    return None, name


def find_format(kind: Kind, name: str) -> Format:
    """Return the format of a file; raises UsageError for an ending that its kind does not have."""
    suffix = PurePath(name).suffix
    if suffix not in kind.formats:
        hint = f"Its name should end in {', '.join(kind.formats)}."
        raise UsageError(f"The ending of {name} does not tell its format.", hint=hint)
    return kind.formats[suffix]()
