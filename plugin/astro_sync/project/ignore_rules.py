"""Tell what `.gitignore` and `.dockerignore` leave out, and which lines they lack. Pure.

Git's rules are those of gitignore(5), Docker's those of its builder, whose `*` takes a leading dot too.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

ENV: Final = ".env"
ENVS: Final = ".env.*"
EXAMPLES: Final = (".env.example", ".env.sample", ".env.template", ".env.dist")
ANY_ENV: Final = ".env.any-other"  # stands for all files of that name that nobody has thought of yet
_NAMED_EXCEPTION: Final = re.compile(r"!/?\.env\.[\w.-]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold one pattern; `loose` matches more than the pattern itself, `folder` matches no plain file.

    `below` is the way from the folder that the pattern is about to the one that paths are given from.
    """

    pattern: re.Pattern[str]
    ignores: bool = True
    folder: bool = False
    loose: bool = False
    below: str = ""

    def matches(self, path: str, up: int) -> bool:
        """Tell whether the rule is about a file itself (0 folders up), or about one of the folders that it lies in."""
        parts = PurePosixPath(self.below, path).parts
        name = "/".join(parts[: len(parts) - up])
        return bool(name) and not (self.folder and up == 0) and self.pattern.fullmatch(name) is not None


def git_leaves_out(path: str, rules: Sequence[Rule]) -> bool | None:
    """Tell whether git ignores a file: from the topmost folder on, each by the last rule that matches it.

    Nothing brings back what lies in an ignored folder. None where it is not certain.
    """
    for up in range(max((_depth(rule, path) for rule in rules), default=0), -1, -1):
        verdict = _last([rule for rule in rules if rule.matches(path, up)])
        if verdict is not False:
            return verdict
    return False


def docker_leaves_out(path: str, rules: Sequence[Rule]) -> bool | None:
    """Tell whether a build leaves a file out, by the last rule that matches it or its folders; None if not certain."""
    return _last([rule for rule in rules if any(rule.matches(path, up) for up in range(_depth(rule, path)))])


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
        rules.append(_rule(path, ignores=not exception, stars_cross=True))
    return rules


def read_git_rules(data: bytes, below: str = "") -> list[Rule]:
    """Return the rules of a `.gitignore` for the folder that it stands in, or for `below` in that one."""
    rules = []
    for line in _lines(data):
        text = re.sub(r"(?<!\\) +$", "", line)
        exception = text.startswith("!")
        text = text.removeprefix("!")
        if line.startswith("#") or not text.strip("/"):
            continue
        path = text.rstrip("/")
        anywhere = "" if "/" in path else "**/"
        folder = text.endswith("/")
        rules.append(_rule(anywhere + path.lstrip("/"), ignores=not exception, folder=folder, below=below))
    return rules


def missing_lines(data: bytes, leaves_out: Callable[[str], bool | None], *, examples: bool) -> list[str]:
    """Return the lines that an ignore file needs so that it leaves out `.env` and all its like.

    Files that it excepts by name stay excepted. `examples`: `.env.example`, which holds no values, does too.
    """
    lines = [] if leaves_out(ENV) else [ENV]
    if not leaves_out(ANY_ENV):
        excepted = [line.strip() for line in _lines(data) if _NAMED_EXCEPTION.fullmatch(line.strip())]
        lines += [ENVS, *dict.fromkeys([*excepted, *(["!" + EXAMPLES[0]] if examples else [])])]
    return lines


def _depth(rule: Rule, path: str) -> int:
    return len(PurePosixPath(rule.below, path).parts)


def _last(found: Sequence[Rule]) -> bool | None:
    if not found:
        return False
    return None if found[-1].loose else found[-1].ignores


def _lines(data: bytes) -> Iterator[str]:
    yield from data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _rule(path: str, *, ignores: bool, folder: bool = False, stars_cross: bool = False, below: str = "") -> Rule:
    # A class becomes any one character: enough to see that a rule is about something else.
    simple = re.sub(r"\[[!^]?\]?[^\]]*\]", "?", path)
    pattern = re.compile("".join(_translate(simple, stars_cross=stars_cross)), re.DOTALL)
    return Rule(pattern, ignores, folder, loose="[" in path, below=below)


def _translate(path: str, *, stars_cross: bool) -> Iterator[str]:
    """Yield a pattern's parts as a regular expression; with `stars_cross`, `**` crosses `/` beside letters too."""
    for found in re.finditer(r"\*\*+(?P<slash>/?)|\\.|.", path, re.DOTALL):
        part = found[0]
        if part.startswith("**"):
            whole = found.start() == 0 or path[found.start() - 1] == "/"
            ends = found.end() == len(path)
            if not (stars_cross or (whole and (found["slash"] or ends))):
                yield "[^/]*" + found["slash"]
            else:
                yield ".*" if ends and not found["slash"] else "(?:.*/)?"
        elif part == "*":
            yield "[^/]*"
        elif part == "?":
            yield "[^/]"
        else:
            yield re.escape(part[-1])
