from collections.abc import Callable, Mapping

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.ignored_line import ignored_line

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("runtime", "text", "environ", "expected"),
    [
        ("standalone", "A=1\nword\n", {}, [(2, "the line has no `=`: standalone ignores it")]),
        ("standalone", "A: 1\n", {}, [(1, "the line has no `=`: standalone ignores it")]),
        (
            "standalone",
            "\ufeff# x\n",
            {},
            [(1, "a byte order mark stands in front of the line: standalone ignores it")],
        ),
        ("standalone", "\n # comment\n\t\n", {}, []),
        ("docker", "A=1\nB\n", {}, [(2, "the line has no `=`, and no such name is set outside: compose ignores it")]),
        ("docker", "A=1\nB\n", {"B": "outside"}, []),
        ("docker", "A=1\nB", {}, [(2, "the line has no `=` and no end: compose makes no variable of it")]),
        ("docker", "\ufeff# x\nA: 1\n", {}, []),
    ],
)
def test_a_line_from_which_the_runtime_reads_nothing_is_found(
    examine: Examine, runtime: str, text: str, environ: Mapping[str, str], expected: list[tuple[int, str]]
) -> None:
    found = examine(ignored_line, text, runtime, environ)
    assert [(problem.line, problem.message) for problem in found] == expected


def test_a_word_on_its_own_is_never_shown_since_it_may_be_a_piece_of_a_value(examine: Examine) -> None:
    text = 'KEY="-----BEGIN\nc2VjcmV0\n-----END"\n'
    assert [problem.key for problem in examine(ignored_line, text, "standalone")] == [None, None]
