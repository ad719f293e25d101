"""The kinds of places that `merge` knows, and how a name tells which one is meant."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import Final, cast

from astro_sync.core.secrecy import CONNECTION, VARIABLE
from astro_sync.errors import UsageError
from astro_sync.places.airflow_file import Format


@dataclass(frozen=True, slots=True)
class Kind:
    """Describe one kind of file: what its names begin with, and the module of its format by its ending."""

    prefixes: tuple[str, ...]
    formats: Mapping[str, str]


KINDS: Final[Mapping[str, Kind]] = {
    "variables": Kind((VARIABLE,), {".json": "variables_json"}),
    "connections": Kind(
        (CONNECTION,),
        {
            ".json": "connections_json",
            ".yaml": "connections_yaml",
            ".yml": "connections_yaml",
            ".env": "connections_env",
        },
    ),
    "settings": Kind((CONNECTION, VARIABLE), {".yaml": "airflow_settings", ".yml": "airflow_settings"}),
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
        kinds = [kind for kind, what in KINDS.items() if path.suffix in what.formats]
        prefixes = " or ".join(shlex.quote(f"{kind}:{name}") for kind in kinds)
        raise UsageError(f"The name {name} does not tell what the file holds.", hint=f"Write {prefixes}.")
    return None, name


def find_format(kind: Kind, name: str) -> Format:
    """Return the format of a file; raises UsageError for an ending that its kind does not have."""
    suffix = PurePath(name).suffix
    if suffix not in kind.formats:
        hint = f"Its name should end in {', '.join(kind.formats)}."
        raise UsageError(f"The ending of {name} does not tell its format.", hint=hint)
    return cast("Format", import_module(f"astro_sync.formats.{kind.formats[suffix]}"))
