"""Replace `$NAME` and `${NAME…}` in a value as compose-go's template package does (fixtures/dialects.md, "compose")."""

import re
from collections.abc import Mapping
from typing import Final

# Go folds letters in its pattern `(?i:[_a-z])`, so that the long s and the Kelvin sign are letters of a name, too.
_NAME: Final = "[_A-Za-z\u017f\u212a][_A-Za-z0-9\u017f\u212a]*"
_REFERENCE: Final = re.compile(rf"\$(?:(\$)|({_NAME})|\{{(?:({_NAME})(\}}|:?[-+?])|()))")
_BRACE: Final = re.compile(r"\{.?|\}", re.DOTALL)
_LOOSE_BYTE: Final = re.compile("[\udc80-\udcff]")
_ESCAPED, _BARE, _BRACED, _OPERATOR, _MALFORMED = range(1, 6)
# A chain such as `A1=$A0$A0` doubles with each line.
_LONGEST: Final = 16_777_216  # characters that the references of one file may bring

ACTIVE_DOLLAR: Final = re.compile("\\$[$_{A-Za-z\u017f\u212a]")


class InterpolationError(ValueError):
    """Why compose-go rejects a value, without the value."""


class Names:
    """What names stand for: looked up in the environment, then among earlier keys of the file.

    `missed` are the names that the environment lacked since the last `begin`, `outside` those that take something from
    outside the file, be it by way of an earlier key.
    """

    __slots__ = ("_bare", "_earlier", "_environment", "_left", "_tainted", "missed", "outside")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._earlier: dict[str, str] = {}
        self._tainted: dict[str, frozenset[str]] = {}
        self._left = _LONGEST
        self.begin()

    def begin(self) -> None:
        """Forget what earlier values looked up."""
        self.missed: set[str] = set()
        self.outside: set[str] = set()

    def set(self, key: str, value: str, outside: frozenset[str]) -> None:
        """Let later values refer to a key of the file; `outside` is what that key itself takes from outside."""
        self._earlier[key] = value
        if outside or key in self._tainted:
            self._tainted[key] = outside

    def find(self, name: str, *, is_used: bool) -> str | None:
        """Return what `name` stands for, or None where nothing knows it; what is not used is looked up all the same."""
        given = self._environment.get(name)
        earlier = self._earlier.get(name)
        if given is None:
            self.missed.add(name)
        found = earlier if given is None else given
        if is_used:
            if found is None or found != earlier:
                self.outside.add(name)
            elif name in self._tainted:
                self.outside |= self._tainted[name]
        return found

    def spend(self, text: str) -> str:
        """Return a text that takes the place of a reference; raise InterpolationError where they are endless."""
        self._left -= len(text)
        if self._left < 0:
            raise InterpolationError("its values refer to each other until they are too long")
        return text


def interpolate(template: str, names: Names) -> str:
    """Return `template` with every reference replaced; raise InterpolationError where compose-go rejects it.

    The word after an operator (`${A:-word}`) is a template of its own, in which compose-go 2.9 finds faults even
    where it then has no use for it. It is put on a stack, not called, since files may nest deeper than Python does.
    """
    result: list[str] = []
    words = _Words(template)
    unfinished: list[tuple[int, int, list[str] | None]] = [(0, len(template), result)]
    while unfinished:
        position, end, done = unfinished.pop()
        while (match := _REFERENCE.search(template, position, end)) is not None:
            literal = template[position : match.start()]
            position = match.end()
            kind = match.lastindex
            if kind == _MALFORMED:
                raise InterpolationError("a ${ is malformed")
            text: str | None = "$"
            if kind != _ESCAPED:
                text = names.find(match[_BARE] or match[_BRACED], is_used=done is not None)
            takes_word = kind == _OPERATOR and match[_OPERATOR] != "}" and _takes_word(match[_OPERATOR], text)
            if done is not None:
                done += (literal, "" if takes_word else names.spend(text or ""))
            if kind == _OPERATOR and match[_OPERATOR] != "}":
                word_end, after = words.find(match.start() + 1, position, end)
                unfinished.append((after, end, done))
                end, done = word_end, (done if takes_word else None)
        if done is not None:
            done.append(template[position:end])
    return _joined("".join(result))


class _Words:
    """The words after operators in one template; the braces of a line are paired when they are first asked for."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._line_end = -1
        self._closing: dict[int, int] = {}

    def find(self, brace: int, start: int, end: int) -> tuple[int, int]:
        """Return where the word that starts at `start` ends, and where the text goes on; it opens with `brace`."""
        if start > self._line_end:
            self._pair_braces(start)
        closing = self._closing.get(brace)
        if closing is not None and closing < end:
            return closing, closing + 1
        # compose-go overlooks what directly follows a {, and then takes all up to the last } for the word
        last_brace = self._template.rfind("}", start, min(end, self._line_end))
        if last_brace < 0:
            raise InterpolationError("a ${ is malformed")
        return last_brace, last_brace + 1

    def _pair_braces(self, position: int) -> None:
        template = self._template
        line_start = template.rfind("\n", 0, position) + 1
        line_end = template.find("\n", position)
        self._line_end = line_end if line_end >= 0 else len(template)
        open_braces: list[int] = []
        for brace in _BRACE.finditer(template, line_start, self._line_end):
            if brace[0][0] == "{":
                open_braces.append(brace.start())
            elif open_braces:
                self._closing[open_braces.pop()] = brace.start()


def _takes_word(operator: str, value: str | None) -> bool:
    """Tell whether the word takes the place of `value`; raise InterpolationError where there must be a value."""
    known = bool(value) if operator[0] == ":" else value is not None
    kind = operator[-1]
    if kind == "?" and not known:
        raise InterpolationError("a required variable is not set")
    return (kind == "-" and not known) or (kind == "+" and known)


def _joined(text: str) -> str:
    """Return `text` with the loose bytes that make a character now that nothing stands between them as that one."""
    if _LOOSE_BYTE.search(text) is None:
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
