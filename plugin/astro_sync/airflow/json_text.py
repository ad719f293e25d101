"""JSON as a text: its tokens to the letter, whatever white space stands between them (CONTRIBUTING, rule 12). Pure.

JSON is what RFC 8259 calls so, and only an object or an array: Python's `NaN` and `Infinity` are none, since other
readers fail on them, and neither is white space beyond JSON's own four characters. Nothing is decoded, so that numbers
of any length, escapes and repeated names stay as they are written; nothing recurses, so that a text may nest as deeply
as it likes.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

_WHITE_SPACE: Final = " \t\n\r"
_TOKEN: Final = re.compile(
    r'[{}\[\],:]|"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
    r"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?|true|false|null"
)
_BLANKS: Final = re.compile(rf"[{_WHITE_SPACE}]*+")
_LINE_BREAK: Final = re.compile(r"[\n\r]")
_CLOSING: Final = {"{": "}", "[": "]"}
_CLOSED: Final = frozenset(_CLOSING.values())
_BRACKET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL)
_DEEPEST: Final = 200
_PUNCTUATION: Final = frozenset("{}[],:")

# what may come next
_VALUE, _FIRST_VALUE, _NAME, _FIRST_NAME, _COLON, _SEPARATOR, _END = range(7)


def tokens(text: str) -> tuple[str, ...] | None:
    """Return the tokens of a JSON object or array as they are written; None for any other text."""
    if text.lstrip(_WHITE_SPACE)[:1] not in _CLOSING:
        return None
    found: list[str] = []
    awaited: list[str] = []  # the closing brackets
    state = _VALUE
    position = _skip(text, 0)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        lexeme = match[0]
        following = _follow(state, lexeme, awaited)
        if following is None:
            return None
        state = following
        found.append(lexeme)
        position = _skip(text, match.end())
    return tuple(found) if state == _END else None


def one_line(text: str) -> str | None:
    """Return a JSON object or array on one line, as it is if it has no line break; None for any other text."""
    found = tokens(text)
    if found is None:
        return None
    return "".join(found) if _LINE_BREAK.search(text) else text


def same_tokens(text: str, other: str) -> bool:
    """Tell whether two texts are equal, or the same JSON object or array but for the white space."""
    return text == other or ((found := tokens(text)) is not None and found == tokens(other))


def differing_members(text: str, other: str) -> tuple[tuple[str, ...], int] | None:
    """Return the names of the members in which two JSON objects differ, and how many members the two have.

    None where a text is no object, or where they differ in the order only. A name is shown escaped where it is not
    printable.
    """
    one, two = _members(text), _members(other)
    if one is None or two is None:
        return None
    names = dict.fromkeys((*one, *two))
    differing = tuple(printable(name) for name in names if one.get(name) != two.get(name))
    return (differing, len(names)) if differing else None


def too_deep(text: str) -> bool:
    """Tell whether a text nests its brackets so deeply that Python's own functions for JSON may not get to the end."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in _CLOSING else -(match[0] in _CLOSED)
        if depth > _DEEPEST:
            return True
    return False


def printable(name: str) -> str:
    """Return a name, with JSON's escapes where it cannot be printed."""
    return name if name.isprintable() else json.dumps(name)[1:-1]


def _skip(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _follow(state: int, lexeme: str, awaited: list[str]) -> int | None:
    """Return what may come after `lexeme`, None where it may not stand; `awaited` is kept up to date."""
    if state == _SEPARATOR:
        if lexeme == ",":
            return _NAME if awaited[-1] == "}" else _VALUE
        return _close(awaited) if lexeme == awaited[-1] else None
    if state in {_NAME, _FIRST_NAME} and lexeme[0] == '"':
        return _COLON
    if state == _COLON:
        return _VALUE if lexeme == ":" else None
    if state in {_FIRST_NAME, _FIRST_VALUE} and lexeme == awaited[-1]:
        return _close(awaited)
    if state not in {_VALUE, _FIRST_VALUE}:
        return None
    if lexeme in _CLOSING:
        awaited.append(_CLOSING[lexeme])
        return _FIRST_NAME if lexeme == "{" else _FIRST_VALUE
    return None if lexeme in _PUNCTUATION else _SEPARATOR


def _close(awaited: list[str]) -> int:
    awaited.pop()
    return _SEPARATOR if awaited else _END


def _members(text: str) -> dict[str, list[Sequence[str]]] | None:
    """Return the tokens of each member's value by its decoded name; a name may stand there several times."""
    found = tokens(text)
    if found is None or found[0] != "{":
        return None
    members: dict[str, list[Sequence[str]]] = {}
    depth, start = 0, 1
    for index, lexeme in enumerate(found):
        if lexeme in _CLOSING:
            depth += 1
        elif lexeme in _CLOSED:
            depth -= 1
        if index > start and (depth == 0 or (depth == 1 and lexeme == ",")):
            members.setdefault(json.loads(found[start]), []).append(found[start + 2 : index])
            start = index + 1
    return members
