"""The nouns: what is read from a system, what is to change in it, and what came of that. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self, final


@final
class Value:
    """Hold the text of one variable and show it in no text form; only `reveal()` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the place that writes it to a file or compares it."""
        return self._text

    def __repr__(self) -> str:
        return "Value(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Value) else NotImplemented

    def __hash__(self) -> int:
        return hash((Value, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> str:
        raise TypeError("a Value is not pickled")


NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Variable:
    """Name one environment variable of a system; `value` is None where the system keeps it secret."""

    key: str
    value: Value | None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the report's own word; the built-in is never meant here
    """Tell something that the user should know; `code` is stable, `message` says what to do."""

    code: str
    key: str
    message: str


class Action(StrEnum):
    """Say what becomes of one key."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    KEEP = "keep"
    SECRET_KEPT = "secret-kept"  # noqa: S105 - the name of an action
    DESTINATION_ONLY = "destination-only"
    SKIP = "skip"
    REFUSED = "refused"
