"""Which files with values an ignore file leaves out, and which lines it lacks. Pure.

What git ignores is asked of git; the rules here are those of Docker's builder, whose `*` takes a leading dot too.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

ENV: Final = ".env"
ENVS: Final = ".env.*"
EXAMPLES: Final = (".env.example", ".env.sample", ".env.template", ".env.dist")
ANY_ENV: Final = ".env.any-other"  # stands for all files of that name that nobody has thought of yet
_NAMED_EXCEPTION: Final = re.compile(r"!/?\.env\.[\w.-]+")


class Rule(NamedTuple):
    """One pattern of a `.dockerignore`; a `loose` one matches more than the pattern itself."""

    pattern: re.Pattern[str]
    ignores: bool = True
    loose: bool = False


def docker_leaves_out(path: str, rules: Sequence[Rule]) -> bool | None:
    """Tell whether a build leaves a file out, by the last rule that matches it or its folders; None if not certain."""
    parts = PurePosixPath(path).parts
    names = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    last = next((rule for rule in reversed(rules) if any(map(rule.pattern.fullmatch, names))), None)
    if last is None:
        return False
    return None if last.loose else last.ignores


def read_docker_rules(data: bytes) -> list[Rule]:
    """Return the rules of a `.dockerignore`; its patterns are paths from the build's folder on."""
    rules = []
    for line in _lines(data):
        text = line.strip()
        exception = text.startswith("!")
        text = text.removeprefix("!").strip()
        if line.startswith("#") or not text:
            continue
        path = posixpath.normpath(text).lstrip("/")
        # A class becomes any one character: enough to see that a rule is about something else.
        simple = re.sub(r"\[[!^]?\]?[^\]]*\]", "?", path)
        pattern = re.compile("".join(_translate(simple)), re.DOTALL)
        rules.append(Rule(pattern, ignores=not exception, loose="[" in path))
    return rules


def names_plainly(data: bytes, path: str) -> bool:
    """Tell whether an ignore file names a file in one of the usual ways; for where git cannot be asked."""
    usual = {ENV, ".env*"} if path == ENV else {ENVS, ".env*"}
    return any(line.strip().removeprefix("/") in usual for line in _lines(data))


def missing_lines(data: bytes, leaves_out: Callable[[str], bool | None], *, examples: bool) -> list[str]:
    """Return the lines that an ignore file needs so that it leaves out `.env` and all its like.

    Files that it excepts by name stay excepted. `examples`: `.env.example`, which holds no values, does too.
    """
    lines = [] if leaves_out(ENV) else [ENV]
    if not leaves_out(ANY_ENV):
        excepted = [line.strip() for line in _lines(data) if _NAMED_EXCEPTION.fullmatch(line.strip())]
        lines += [ENVS, *dict.fromkeys([*excepted, *(["!" + EXAMPLES[0]] if examples else [])])]
    return lines


def _lines(data: bytes) -> Iterator[str]:
    yield from data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _translate(path: str) -> Iterator[str]:
    """Yield a pattern's parts as a regular expression; `**` crosses `/` beside letters too."""
    for found in re.finditer(r"\*\*+(?P<slash>/?)|\\.|.", path, re.DOTALL):
        part = found[0]
        if part.startswith("**"):
            yield ".*" if found.end() == len(path) and not found["slash"] else "(?:.*/)?"
        elif part == "*":
            yield "[^/]*"
        elif part == "?":
            yield "[^/]"
        else:
            yield re.escape(part[-1])
