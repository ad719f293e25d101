from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.rejected_file import rejected_file

Examine = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("A=1\nB='x\n", 2, "the quote that line 2 opens is never closed"),
        ("A=1\n\nB C=x\n", 3, "a name holds a blank"),
        ("X='it''s'\n", 1, "something stands behind the closing quote"),
        ("A=1\nX='a\nb' c d\n", 3, "something stands behind the closing quote"),
        ("X='a' # c\nB C=1\n", 2, "a name holds a blank"),
        ("A!=1\n", 1, "a name holds a character that compose does not take"),
        ("A=${B\n", 1, "a ${ is malformed"),
    ],
)
def test_a_file_that_compose_rejects_is_found_with_its_line(
    examine: Examine, text: str, line: int, reason: str
) -> None:
    (problem,) = examine(rejected_file, text)
    assert (problem.line, problem.key) == (line, None)
    assert problem.message == f"compose rejects the whole file here: {reason}"
    assert not problem.fixable


@pytest.mark.parametrize(("runtime", "text"), [("docker", "A=1\n# '\n"), ("standalone", "A='x\n"), ("docker", "")])
def test_a_file_that_the_runtime_takes_is_not_found(examine: Examine, runtime: str, text: str) -> None:
    assert examine(rejected_file, text, runtime) == []
