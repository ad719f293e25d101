"""Which keys and values are secret, and which texts only stand for a secret."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from astro_sync.airflow.connection import defect, extras, parse_connection
from astro_sync.airflow.json_text import too_deep
from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.core.model import Value

# Ends up as the value when a user only removes the `#` in front of the recorded key.
_MARKER: Final = "# secret on the Deployment, set it here"
_PLACEHOLDERS: Final = frozenset({"# secret", "***", "****", _MARKER})

_PASSWORD_IN_URL: Final = re.compile(r"://[^\s/?#@:\"']*:[^\s/?@\"']+@")
_PARAMETER: Final = re.compile(r"[?&;]([A-Za-z0-9_.-]{1,100})=[^&;\s]")
_BLANK: Final = re.compile(r"\s")
_WEB_TOKEN: Final = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_BACKEND_OPTION: Final = "AIRFLOW__SECRETS__BACKEND_KWARG__"
# `sk-` also begins a locale, `SG.` a country
_SHORTEST_TOKEN: Final = 6  # characters after the prefix


def is_placeholder(value: Value) -> bool:
    """Tell whether a text only stands for a secret: `# secret`, `***`, `****` or our own marker, outer blanks aside."""
    return value.reveal().strip() in _PLACEHOLDERS


def is_masked_connection(value: Value) -> bool:
    """Tell whether the password of a connection, or a text in its extra, is a placeholder."""
    text = value.reveal()
    if "***" not in text and "%2a%2a%2a" not in text.lower():
        return False
    connection = parse_connection(text)
    if connection is None:
        return False
    return any(part.strip() in _PLACEHOLDERS for part in (connection.password or "", *_texts(extras(connection))))


def _texts(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, Mapping | list):
        for each in found.values() if isinstance(found, Mapping) else found:
            yield from _texts(each)


def may_be_lost(key: str, value: Value) -> bool:
    """Tell whether an empty value may be what a raw export left of a real one.

    Source: fixtures/astro-cli-contract.md, "object export".
    """
    return not value and key.startswith((CONNECTION, VARIABLE))


def secret_comment(key: str) -> str:
    """Return the comment line by which a `.env` records that the Deployment holds a secret of this name."""
    return f"# {key}=  {_MARKER}"


def is_sensitive(key: str, value: Value) -> bool:
    """Tell whether a new key should be secret on a Deployment (CONTRIBUTING, rule 11)."""
    text = value.reveal()
    if key.startswith(CONNECTION):
        return _is_sensitive_connection(text)
    if _is_secret(text) or _holds_secret_member(text):
        return True
    if key.startswith("AIRFLOW__"):
        return key in _names()["config"] or key.startswith(_BACKEND_OPTION)
    name = key.removeprefix(VARIABLE)
    return name not in _names()["never"] and _is_sensitive_name(name)


def _is_sensitive_connection(text: str) -> bool:
    connection = parse_connection(text)
    # A URI that Airflow cuts at an unescaped character may have its password after the cut.
    if connection is None or connection.password or defect(text) or _is_secret(text):
        return True
    parts = (connection.login, connection.host, connection.schema, connection.description)
    return any(part and _is_secret(part) for part in parts) or _is_secret_below(extras(connection))


def _holds_secret_member(text: str) -> bool:
    """Tell whether a text is JSON with a sensitive member, or a secret as a value, at any depth."""
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    if too_deep(text):
        return True
    try:
        # numbers as texts: Python refuses very long ones
        tree = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return False
    return _is_secret_below({"": tree})


def _is_secret_below(tree: Mapping[str, object]) -> bool:
    return any(
        (_is_sensitive_name(name) and leaf not in (None, "", False))
        or (isinstance(leaf, str) and (_is_secret(leaf) or _holds_secret_member(leaf)))
        for name, leaf in _leaves(tree)
    )


def _leaves(tree: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield every name in nested members with what stands under it; an object or list only by whether it is empty."""
    for name, below in tree.items():
        if isinstance(below, dict):
            yield name, bool(below)
            yield from _leaves(below)
        elif isinstance(below, list):
            yield name, bool(below)
            for item in below:
                yield from _leaves(item if isinstance(item, dict) else {"": item})
        else:
            yield name, below


def _is_secret(text: str) -> bool:
    """Tell whether a text is a secret by itself: a key, a token, or a URL with a password in it."""
    names, bare = _names(), text.strip()
    if any(pattern in text for pattern in names["value_patterns"]) or bare.startswith(tuple(names["urls"])):
        return True
    if "://" in text and (_PASSWORD_IN_URL.search(text) or any(map(_is_sensitive_name, _PARAMETER.findall(text)))):
        return True
    prefix = next((each for each in names["prefixes"] if bare.startswith(each)), None)
    if prefix and len(bare) >= len(prefix) + _SHORTEST_TOKEN and not _BLANK.search(bare):
        return True
    return _is_web_token(bare)


def _is_web_token(text: str) -> bool:
    match = _WEB_TOKEN.fullmatch(text)
    if match is None:
        return False
    try:
        header = json.loads(urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def _is_sensitive_name(name: str) -> bool:
    folded, names = name.lower().replace("-", "_"), _names()
    if any(part in folded for part in (*names["fields"], *names["words"])):
        return True
    return folded.endswith(tuple(names["suffixes"])) and not folded.endswith(_harmless_endings())


@cache
def _harmless_endings() -> tuple[str, ...]:
    return tuple(name.lower() for name in _names()["never"])


@cache
def _names() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in _load("sensitive-names.json").items() if name != "about"}


@cache
def platform_names() -> Mapping[str, frozenset[str]]:
    """Return the names that Astro sets itself: `reserved`, `reserved_patterns` and `shared` (CONTRIBUTING, rule 10)."""
    return {name: frozenset(words) for name, words in _load("platform-variables.json").items() if name != "about"}


def _load(name: str) -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / name).read_text(encoding="utf-8"))
    return loaded
