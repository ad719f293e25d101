"""Find the JSON documents of a program among its log lines. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# Lines that begin like a document and never end as one cost a look at the whole rest each: so often, and no more.
_FAILED_LOOKS: Final = 20


class Document(NamedTuple):
    """One JSON document, and where it stands in the output."""

    value: object
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Document(start={self.start}, end={self.end})"


def documents(output: str, opening: str) -> Iterator[Document]:
    """Yield the documents that begin a line with one of the characters, outer ones only.

    Something else may be glued to their end (fixtures/astro-cli-contract.md, "Exact variables").
    """
    decoder = json.JSONDecoder()
    left = _FAILED_LOOKS * max(len(output), 1)
    end = 0
    for match in re.finditer(rf"^[ \t]*([{re.escape(opening)}].*\n?)", output, re.MULTILINE):
        start = match.start(1)
        if start < end or not _may_begin(decoder, match[1]):
            continue
        try:
            value, end = decoder.raw_decode(output, start)
        except (ValueError, RecursionError) as error:
            # An error costs what it has to count: the lines up to its position.
            left -= getattr(error, "pos", len(output))
            if left < 0:
                return
        else:
            yield Document(value, match.start(), end)


def _may_begin(decoder: json.JSONDecoder, line: str) -> bool:
    """Tell whether a line is a document or the beginning of one: if it is wrong, then only in that it ends."""
    try:
        decoder.raw_decode(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line.rstrip()) - 1
    except (ValueError, RecursionError):
        return False
    return True


def says_the_same(text: str, value: object) -> bool:
    """Tell whether a text says, letter by letter or as JSON, what a value of a document is."""
    if text == value:
        return True
    try:
        said = json.loads(text)
        return type(said) is type(value) and json.dumps(said, sort_keys=True) == json.dumps(value, sort_keys=True)
    except (ValueError, RecursionError):
        return False
