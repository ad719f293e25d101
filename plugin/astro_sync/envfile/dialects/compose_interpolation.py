"""Replace `$NAME` and `${NAME…}` in a value as compose-go's template package does (dialects.md, "compose")."""

import re
from collections.abc import Mapping
from typing import Final

# Go folds letters in its pattern `(?i:[_a-z])`, so that the long s and the Kelvin sign are letters of a name, too.
_NAME: Final = "[_A-Za-z\u017f\u212a][_A-Za-z0-9\u017f\u212a]*"
_REFERENCE: Final = re.compile(rf"\$(?:(\$)|({_NAME})|\{{(?:({_NAME})(\}}|:?[-+?])|()))")
_BRACE: Final = re.compile(r"\{.?|\}", re.DOTALL)
_LOOSE_BYTE: Final = re.compile("[\udc80-\udcff]")
_ESCAPED, _BARE, _BRACED, _OPERATOR, _MALFORMED = range(1, 6)

ACTIVE_DOLLAR: Final = re.compile("\\$[$_{A-Za-z\u017f\u212a]")


class InterpolationError(ValueError):
    """Say why compose-go rejects a value, without the value."""


class Names:
    """Look names up in the environment, then among earlier keys; `missed` are those that the environment lacks."""

    __slots__ = ("_earlier", "_environment", "missed")

    def __init__(self, environment: Mapping[str, str], earlier: Mapping[str, str]) -> None:
        self._environment = environment
        self._earlier = earlier
        self.missed: set[str] = set()

    def find(self, name: str) -> str | None:
        """Return what `name` stands for, or None where nothing knows it."""
        found = self._environment.get(name)
        if found is not None:
            return found
        self.missed.add(name)
        return self._earlier.get(name)


def interpolate(template: str, names: Names) -> str:
    """Return `template` with every reference replaced; raise InterpolationError where compose-go rejects it.

    The word behind an operator (`${A:-word}`) is a template of its own, in which compose-go 2.9 finds faults even
    where it then has no use for it. It is put on a stack, not called, since files may nest deeper than Python does.
    """
    result: list[str] = []
    unfinished = [(template, 0, result)]
    while unfinished:
        text, position, done = unfinished.pop()
        while (match := _REFERENCE.search(text, position)) is not None:
            done.append(text[position : match.start()])
            position = match.end()
            kind = match.lastindex
            if kind == _ESCAPED:
                done.append("$")
            elif kind == _BARE:
                done.append(names.find(match[_BARE]) or "")
            elif kind == _MALFORMED:
                raise InterpolationError("a ${ is malformed")
            elif match[_OPERATOR] == "}":
                done.append(names.find(match[_BRACED]) or "")
            else:
                word, position = _word(text, match)
                unfinished.append((text, position, done))
                text, position = word, 0
                if not _takes_word(match[_OPERATOR], names.find(match[_BRACED]), done):
                    done = []
        done.append(text[position:])
    return _joined("".join(result))


def _joined(text: str) -> str:
    """Return `text` with the loose bytes that make a character now that nothing stands between them as that one."""
    if _LOOSE_BYTE.search(text) is None:
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _word(text: str, match: re.Match[str]) -> tuple[str, int]:
    """Return the word behind the operator of `match`, and where the text goes on."""
    line_end = text.find("\n", match.end())
    last_brace = text.rfind("}", match.end(), line_end if line_end >= 0 else len(text))
    if last_brace < 0:
        raise InterpolationError("a ${ is malformed")
    depth = 0
    for brace in _BRACE.finditer(text, match.start(), last_brace + 1):
        depth += 1 if brace[0][0] == "{" else -1
        if depth == 0:
            return text[match.end() : brace.start()], brace.end()
    # compose-go overlooks what directly follows a {, and then takes all up to the last } for the word
    return text[match.end() : last_brace], last_brace + 1


def _takes_word(operator: str, value: str | None, done: list[str]) -> bool:
    """Tell whether the word takes the place of `value`, which else is added to `done`."""
    known = bool(value) if operator[0] == ":" else value is not None
    kind = operator[-1]
    if kind == "?" and not known:
        raise InterpolationError("a required variable is not set")
    if (kind == "-" and not known) or (kind == "+" and known):
        return True
    done.append(value or "")
    return False
