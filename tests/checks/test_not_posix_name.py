from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.not_posix_name import CHECK

Examine = Callable[..., list[Problem]]
MADE_OF = "a name is made of ASCII letters, digits and `_`, and begins with no digit"


@pytest.mark.parametrize(
    ("runtime", "text", "key", "message"),
    [
        ("docker", "my-key=1\n", "my-key", MADE_OF),
        ("docker", "A.B: 1\n", "A.B", MADE_OF),
        ("docker", "1A=1\n", None, MADE_OF),
        ("docker", "É=1\n", None, MADE_OF),
        ("docker", "=1\n", None, "there is no name in front of the value"),
        ("standalone", "export A=1\n", "export A", "the local runtime takes `export ` for a part of the name"),
        ("standalone", "A =1\n", None, "the local runtime takes the blank in front of `=` for a part of the name"),
        (
            "standalone",
            "\ufeffA=1\n",
            None,
            "the local runtime takes the byte order mark in front for a part of the name",
        ),
    ],
)
def test_a_name_that_is_no_posix_name_is_found(
    examine: Examine, runtime: str, text: str, key: str | None, message: str
) -> None:
    (problem,) = examine(CHECK, text, runtime)
    assert (problem.line, problem.key, problem.message, problem.fixable) == (1, key, message, False)


@pytest.mark.parametrize("text", ["A=1\n_a9=1\n", "export A=1\n", "\ufeffA =1\n", "my-key\n", "my-key"])
def test_a_posix_name_is_not_found_nor_a_word_that_names_nothing(examine: Examine, text: str) -> None:
    assert examine(CHECK, text) == []


def test_a_piece_of_a_broken_value_is_never_shown_as_a_name(examine: Examine) -> None:
    (problem,) = examine(CHECK, "c2VjcmV0/c2VjcmV0==\n", "standalone")
    assert problem.key is None
    assert "c2VjcmV0" not in repr(problem)
