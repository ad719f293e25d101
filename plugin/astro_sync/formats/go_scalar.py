"""What the Astro CLI makes of a scalar in YAML: yaml.v3 gives it a type, and mapstructure makes a text of that."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from astro_sync.formats.yaml_file import STRING_TAGS, Scalar

_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
# `017` is octal, as in YAML 1.1; `08` is none, and becomes a float
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CLOCK: Final = "[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}"
_DATE: Final = re.compile(
    rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})"
    rf"([Tt]{_CLOCK}(\.[0-9]+)?(Z|[-+][0-9]{{2}}:[0-9]{{2}})| {_CLOCK}(\.[0-9]+)?)?"
)
_SMALLEST, _LARGEST = -(2**63), 2**64
_MOST_DIGITS: Final = 1_000


class NoTextError(ValueError):
    """Say that the Astro CLI takes a scalar for something that is no text, and gives up on it."""


def resolve(scalar: Scalar) -> str | float | bool | None:
    """Return the value as yaml.v3 types it. Raises `NoTextError` for a date, and for the tags of other types."""
    text = scalar.text
    if scalar.tag and scalar.tag not in STRING_TAGS:
        raise NoTextError
    if scalar.tag or not scalar.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-0123456789":
        return _resolve_number(text)
    return float(text) if text[0] == "." and _FLOAT.fullmatch(text) else text


def to_text(value: str | float | bool | None) -> str:  # noqa: FBT001 - one of the types that YAML has
    """Return the text that mapstructure puts into a field: `1` for true, and a number without its spelling."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return _format_float(value)
    return "" if value is None else str(value)


def _resolve_number(text: str) -> str | float:
    if (match := _DATE.fullmatch(text)) and _is_date(*match.group(1, 2, 3)):
        raise NoTextError
    bare = text.replace("_", "")
    if match := _INTEGER.fullmatch(bare):
        sign, *digits = match.groups()
        base, number = next((base, each) for base, each in zip((16, 2, 8, 10), digits, strict=True) if each is not None)
        # longer ones are no integer to yaml.v3 either, and Python refuses to convert them
        integer = int(f"{sign}{number}", base) if len(number) <= _MOST_DIGITS else _LARGEST
        if _SMALLEST <= integer < (_LARGEST if not sign else -_SMALLEST):
            return integer
    if _FLOAT.fullmatch(bare):
        number = float(bare)
        return text if number in {float("inf"), float("-inf")} else number
    return text


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year) or 4, int(month), int(day))
    except ValueError:
        return False
    return True


def _format_float(value: float) -> str:
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
