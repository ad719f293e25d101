"""Prove or reject the raw `.env` files that the Astro CLI writes. Pure (CONTRIBUTING, rule 5)."""

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest


def prove(text: str, keys: Sequence[str]) -> list[str] | None:
    """Return the value of each key, or None unless the file has one line for each key, in order, and no other.

    The CLI writes a line end in front of each `KEY=value` and none behind the last
    (fixtures/astro-cli-contract.md, "object export" 1).
    """
    if not keys:
        return [] if not text else None
    lines = text.split("\n")
    if lines[0] or len(lines) != len(keys) + 1:
        return None
    prefixes = [f"{key}=" for key in keys]
    if not all(line.startswith(prefix) for line, prefix in zip(lines[1:], prefixes, strict=True)):
        return None
    return [line[len(prefix) :] for line, prefix in zip(lines[1:], prefixes, strict=True)]


def salvage(text: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the values whose lines prove themselves in a complete file that as a whole does not.

    A line does when no other line claims its key, and the line behind it is that of the next key, which no other line
    claims either: only then does the value end where its line ends.
    """
    lines = text.split("\n")
    claims = [line.partition("=")[0] if "=" in line else None for line in lines]
    claimed, listed = Counter(claims), Counter(keys)
    place = {key: number for number, key in enumerate(claims)}
    found = {}
    for key, following in zip_longest(keys, keys[1:]):
        if claimed[key] != 1 or listed[key] != 1:
            continue
        at = place[key]
        ends = place.get(following) == at + 1 and claimed[following] == 1 if following else at == len(lines) - 1
        if ends:
            found[key] = lines[at][len(key) + 1 :]
    return found
