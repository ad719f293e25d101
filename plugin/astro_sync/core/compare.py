"""Tell whether two entries say the same, and where they differ, without showing either. Pure."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from astro_sync.airflow.connection import differing_fields, means_the_same, parse_connection
from astro_sync.airflow.json_text import differing_members, one_line, same_tokens
from astro_sync.core.filters import Filters, is_reserved, matches
from astro_sync.core.model import Entry, Kind, Name, Names, Value
from astro_sync.core.pairing import IdCase, Pair, Side, pair


class Match(StrEnum):
    """How the two sides of a pair stand to each other."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_SOURCE = "only-source"
    ONLY_DESTINATION = "only-destination"
    NOT_KNOWN = "not-known"


class Compared(NamedTuple):
    """One name of a comparison."""

    name: Name
    match: Match
    source: Entry | None = None
    destination: Entry | None = None


class SecretState(StrEnum):
    """What a receipt tells of a secret that cannot be read (CONTRIBUTING, rule 13)."""

    SAME = "same"
    CHANGED_HERE = "changed-here"
    CHANGED_THERE = "changed-there"
    UNKNOWN = "unknown"


CompareSecret = Callable[[Entry, Value], SecretState]


def know_nothing(_entry: Entry, _value: Value) -> SecretState:
    """Tell nothing of a secret, for lack of receipts."""
    return SecretState.UNKNOWN


class Spelling(NamedTuple):
    """How strictly texts are compared: `as_fields` for connections, `exact_json` for JSON (CONTRIBUTING, rule 12)."""

    as_fields: bool = False
    exact_json: bool = False

    def same(self, kind: Kind, one: Entry, two: Entry) -> bool:
        """Tell whether two known entries say the same, descriptions aside."""
        if one.value is None or two.value is None:
            raise ValueError("only known values are compared")
        if one.value == two.value:
            return True
        first, second = one.value.reveal(), two.value.reveal()
        if kind is Kind.CONNECTION and self.as_fields and means_the_same(first, second):
            return True
        if not (one.exact and two.exact):
            return _redumped(first) == _redumped(second)
        return not self.exact_json and same_tokens(first, second)


class Scope(NamedTuple):
    """Which names a comparison is about, and how strict it is."""

    filters: Filters
    exact_json: bool = False
    id_case: IdCase = "lower"


def compare(
    source: Side, destination: Side, scope: Scope, compare_secret: CompareSecret = know_nothing
) -> list[Compared]:
    """Compare two places name by name; what no sync would carry (filtered, reserved, another kind) is left out."""
    spelling = Spelling(source.traits.as_fields or destination.traits.as_fields, scope.exact_json)
    joins = destination.traits.names is Names.ENVIRONMENT and not scope.exact_json
    kinds = source.traits.kinds & destination.traits.kinds
    found = []
    for each in pair(source, destination, scope.id_case):
        if each.name.kind in kinds and wants_pair(scope.filters, each) and not is_reserved(each.name.key):
            match = _told(each, match_of(each, spelling), compare_secret, joins=joins)
            found.append(Compared(each.name, match, each.source, each.destination))
    return found


def _told(each: Pair, match: Match, compare_secret: CompareSecret, *, joins: bool) -> Match:
    """Return how a pair matches by what a receipt tells of a hidden value."""
    source, held = each.source, each.destination
    if match is not Match.NOT_KNOWN or source is None or source.value is None or held is None or held.problem:
        return match
    joined = one_line(source.value.reveal()) if joins else None
    state = compare_secret(held, source.value if joined is None else Value(joined))
    return {SecretState.SAME: Match.SAME, SecretState.CHANGED_HERE: Match.DIFFERENT}.get(state, match)


def wants_pair(filters: Filters, each: Pair) -> bool:
    """Tell whether the filters let a pair through by the name that either side has for it."""
    names = [entry.name for entry in (each.source, each.destination) if entry] or [each.name]
    return any(map(filters.wants, names)) and not any(matches(name, filters.exclude) for name in names)


def match_of(each: Pair, spelling: Spelling) -> Match:
    """Return how the sides of a pair stand to each other."""
    source, destination = each.source, each.destination
    if source is None:
        return Match.ONLY_DESTINATION
    if destination is None:
        return Match.ONLY_SOURCE
    if source.value is None or destination.value is None:
        return Match.DIFFERENT if visibly_differ(source, destination) else Match.NOT_KNOWN
    return Match.SAME if spelling.same(each.name.kind, source, destination) else Match.DIFFERENT


def visibly_differ(one: Entry, two: Entry) -> bool:
    """Tell whether what can be read of two connections differs although some fields are hidden."""
    hidden = next((entry for entry in (one, two) if entry.visible is not None and entry.value is None), None)
    if hidden is None or hidden.visible is None or one.name.kind is not Kind.CONNECTION:
        return False
    other = two if hidden is one else one
    shown = other.value or other.visible
    if shown is None:
        return False
    fields = differing_fields(hidden.visible.reveal(), shown.reveal())
    return any(field in ("conn_type", "host", "login", "port", "schema") for field in fields)


def description_of(entry: Entry) -> str:
    """Return the description of a variable, or the one in a connection's text; empty if there is none."""
    if entry.name.kind is not Kind.CONNECTION:
        return entry.description or ""
    connection = parse_connection(entry.value.reveal()) if entry.value is not None else None
    return (connection.description if connection else None) or ""


class Difference(NamedTuple):
    """Where two values differ, in words that hold no value.

    `parts` are fields of a connection or members of a JSON object, out of `total` (0: not counted). Without parts,
    `shapes` are the kind (`text`, `number`, `JSON`) and the length in characters of the source's and the destination's.
    """

    parts: tuple[str, ...] = ()
    total: int = 0
    shapes: tuple[tuple[str, int], ...] = ()


def difference(kind: Kind, source: Value, destination: Value) -> Difference:
    """Return where two values differ."""
    first, second = source.reveal(), destination.reveal()
    if kind is Kind.CONNECTION and (fields := differing_fields(first, second)):
        return Difference(parts=fields)
    if members := differing_members(first, second):
        return Difference(parts=members[0], total=members[1])
    return Difference(shapes=tuple((_shape(text), len(text)) for text in (first, second)))


def _shape(text: str) -> str:
    if one_line(text) is not None:
        return "JSON"
    try:
        return "number" if isinstance(json.loads(text), int | float) else "text"
    except (ValueError, RecursionError):
        return "text"


def _redumped(text: str) -> str | None:
    """Return a JSON text as Airflow's REST API would show it again (fixtures/places-contract.md, 5.1)."""
    try:
        return json.dumps(json.loads(text))
    except (ValueError, RecursionError):
        return text
