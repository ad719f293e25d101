"""What Airflow's reader of YAML, PyYAML's `safe_load`, makes of nodes: the types of YAML 1.1."""

import re
from typing import Final

from astro_sync.formats.yaml_file import STRING_TAGS, Node, Scalar, YamlList, YamlMap, with_merged

_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER: Final = re.compile(r"([-+]?)(?:0b([01_]+)|0([0-7_]+)|(0|[1-9][0-9_]*)|0x([0-9a-fA-F_]+))")
_SEXAGESIMAL: Final = re.compile(r"([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+)(\.[0-9_]*)?")
_FLOAT: Final = re.compile(r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")
_OCTAL: Final = 8
_CLOCK: Final = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
_DATE: Final = re.compile(rf"[0-9]{{4}}-(?:[0-9]{{2}}-[0-9]{{2}}|[0-9]{{1,2}}-[0-9]{{1,2}}(?:[Tt]|[ \t]+){_CLOCK})")

# a date, bytes, or what PyYAML fails on: nothing that JSON can hold
NO_JSON: Final = object()


def construct(node: Node) -> object:
    """Return the value of a node, with `NO_JSON` in the places of what JSON cannot hold."""
    if isinstance(node, YamlMap):
        return construct_map(node)
    if isinstance(node, YamlList):
        return [construct(item) for item in node.items]
    return _construct_scalar(node)


def construct_map(node: YamlMap) -> dict[object, object]:
    """Return the values by key; a key is of any type, as in Airflow."""
    return {_construct_scalar(key): construct(value) for key, value in with_merged(node)}


def _construct_scalar(scalar: Scalar) -> object:
    text = scalar.text
    if scalar.tag:
        return text if scalar.tag in STRING_TAGS else NO_JSON
    if not scalar.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text == "=" or _DATE.fullmatch(text):
        return NO_JSON
    try:
        return _construct_number(text)
    except ValueError:
        return NO_JSON


def _construct_number(text: str) -> str | float:
    bare = text.replace("_", "")
    if match := _INTEGER.fullmatch(text):
        sign, *digits = match.groups()
        base, number = next((base, each) for base, each in zip((2, 8, 10, 16), digits, strict=True) if each is not None)
        # `0_` is the number 0 to PyYAML, and so are the likes of it
        return int(f"{sign}{number.replace('_', '') or ('0' if base == _OCTAL else '')}", base)
    if (match := _SEXAGESIMAL.fullmatch(text)) and (match[3] is not None or match[2][0] != "0"):
        parts = (match[2] + (match[3] or "")).replace("_", "").split(":")
        total: float = 0
        for part in parts:
            total = total * 60 + (float(part) if match[3] is not None else int(part))
        return -total if match[1] == "-" else total
    return float(bare) if _FLOAT.fullmatch(text) else text
