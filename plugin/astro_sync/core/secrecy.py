"""Which keys and values are secret, which texts only stand for a secret, and how to tell values apart unseen."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from astro_sync.airflow.connection import defect, extras, parse_connection
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.core.model import Value

# Ends up as the value when a user only removes the `#` in front of the recorded key.
_MARKER: Final = "# secret on the Deployment, set it here"
_PLACEHOLDERS: Final = frozenset({"# secret", "****", _MARKER})


def is_placeholder(value: Value) -> bool:
    """Tell whether a text only stands for a secret: `# secret`, `****` or our own marker, outer blanks aside."""
    return value.reveal().strip() in _PLACEHOLDERS


def may_be_lost(key: str, value: Value) -> bool:
    """Tell whether an empty value may be what a raw export left of a real one (contract, "object export" 1)."""
    return not value and key.startswith((CONNECTION, VARIABLE))


def secret_comment(key: str) -> str:
    """Return the comment line by which a `.env` records that the Deployment holds a secret of this name."""
    return f"# {key}=  {_MARKER}"


def is_sensitive(key: str, value: Value) -> bool:
    """Tell whether a new key should be secret on a Deployment (design, rule 11)."""
    text = value.reveal()
    names = _names()
    if any(pattern in text for pattern in names["value_patterns"]):
        return True
    if key.startswith(CONNECTION):
        return _is_sensitive_connection(text)
    if key in names["never"]:
        return False
    if key.startswith("AIRFLOW__"):
        return key in names["config"]
    return _is_sensitive_name(key)


def fingerprint(value: Value, salt: bytes) -> str:
    """Return eight characters that tell equal from different under one salt, and nothing else."""
    from hashlib import blake2b  # only a shown conflict needs it

    return blake2b(value.reveal().encode("utf-8", "surrogatepass"), key=salt, digest_size=4).hexdigest()


def _is_sensitive_connection(text: str) -> bool:
    connection = parse_connection(text)
    # A URI that Airflow cuts at an unescaped character may have its password behind the cut.
    if connection is None or connection.password or defect(text):
        return True
    found = list(_leaves(extras(connection)))
    return any(
        (_is_sensitive_name(name) and leaf not in (None, "", False))
        or (isinstance(leaf, str) and any(pattern in leaf for pattern in _names()["value_patterns"]))
        for name, leaf in found
    )


def _leaves(tree: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """Yield every name in nested extras with what stands under it; an object or list is told by its text."""
    for name, below in tree.items():
        if isinstance(below, dict):
            yield name, json.dumps(below) if below else None
            yield from _leaves(below)
        elif isinstance(below, list):
            yield name, json.dumps(below) if below else None
            for item in below:
                yield from _leaves(item if isinstance(item, dict) else {"": item})
        else:
            yield name, below


def _is_sensitive_name(name: str) -> bool:
    folded = name.lower().replace("-", "_")
    return any(part in folded for part in _names()["fields"])


@cache
def _names() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in _load("sensitive-names.json").items() if name != "about"}


@cache
def platform_names() -> Mapping[str, frozenset[str]]:
    """Return the names that Astro sets itself: `reserved`, `reserved_patterns` and `shared` (design, rule 10)."""
    return {name: frozenset(words) for name, words in _load("platform-variables.json").items() if name != "about"}


def _load(name: str) -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / name).read_text(encoding="utf-8"))
    return loaded
