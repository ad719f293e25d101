"""A JSON object as text: its members in their places, so that replacing some leaves every other byte alone."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from astro_sync.errors import RefusedError
from astro_sync.formats.text import decode

_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Member:
    """The value of one member, and where it stands in the text."""

    value: object = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The text of a JSON object and its members by name; `opening` is the place behind its brace."""

    text: str = field(repr=False)
    members: Mapping[str, Member] = field(repr=False)
    opening: int

    def replace(self, values: Mapping[str, object], indent: int) -> bytes:
        """Return the text with these members replaced in place or added at the end.

        Written in ASCII, since Airflow opens files in the encoding of its locale. `indent` serves where there are none.
        """
        newline = "\r\n" if "\r\n" in self.text else "\n"
        lead = _lead(self.text, self.opening) if self.members else newline + " " * indent
        step = lead.rpartition("\n")[2] if "\n" in lead else None

        def dump(value: object) -> str:
            return json.dumps(value, indent=step).replace("\n", newline + (step or ""))

        pieces: list[str] = []
        place = self.opening
        for name, member in self.members.items():
            if name in values:
                pieces += self.text[place : member.start], dump(values[name])
                place = member.end
        new = [f"{json.dumps(name)}: {dump(value)}" for name, value in values.items() if name not in self.members]
        if new:
            last = max((member.end for member in self.members.values()), default=self.opening)
            separator = "," + (lead or " ")
            pieces += self.text[place:last], separator if self.members else lead, separator.join(new)
            pieces += () if self.members else (newline,)
            place = last if self.members else self.text.index("}", last)
        return "".join((self.text[: self.opening], *pieces, self.text[place:])).encode()


def parse_object(data: bytes) -> JsonObject:
    """Read a file that holds one JSON object; an empty file is an empty one.

    Raises:
        RefusedError: it is no JSON object in UTF-8, or has a name twice.

    """
    text = decode(data)
    if not text.strip():
        return JsonObject("{}\n", {}, 1)
    if text.startswith("\ufeff"):
        raise RefusedError("The file begins with a byte order mark, which Airflow does not read.")
    if not text.lstrip(" \t\r\n").startswith("{"):
        raise RefusedError("The file is no JSON object of names and values.")
    try:
        return _scan(text)
    except json.JSONDecodeError as error:
        raise RefusedError(f"The file is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError):
        raise RefusedError("The file is JSON that Python cannot read.") from None


def _scan(text: str) -> JsonObject:
    members: dict[str, Member] = {}
    opening = place = _expect(text, 0, "{")
    closing = _skip(text, place)
    while text[closing : closing + 1] != "}":
        if members:
            place = _expect(text, place, ",")
        start = _skip(text, place)
        name, place = _DECODER.raw_decode(text, start)
        if not isinstance(name, str):
            raise json.JSONDecodeError("a name was expected", text, start)
        if name in members:
            raise RefusedError(
                f"The file has {name!r} twice, the second time in line {text.count(chr(10), 0, start) + 1}."
            )
        start = _skip(text, _expect(text, place, ":"))
        value, place = _DECODER.raw_decode(text, start)
        members[name] = Member(value, start, place)
        closing = _skip(text, place)
    end = _skip(text, closing + 1)
    if end != len(text):
        raise json.JSONDecodeError("more than one value", text, end)
    return JsonObject(text, members, opening)


def _lead(text: str, place: int) -> str:
    return text[place : _skip(text, place)]


def _skip(text: str, place: int) -> int:
    match = _BLANKS.match(text, place)
    return match.end() if match else place


def _expect(text: str, place: int, character: str) -> int:
    place = _skip(text, place)
    if text[place : place + 1] != character:
        raise json.JSONDecodeError(f"{character} was expected", text, place)
    return place + 1
