from collections.abc import Callable

import pytest

from astro_sync.checks import Problem
from astro_sync.checks.not_posix_name import not_posix_name

Examine = Callable[..., list[Problem]]
MADE_OF = "names may contain only ASCII letters, digits and `_`, and must not start with a digit"


@pytest.mark.parametrize(
    ("runtime", "text", "key", "message"),
    [
        ("docker", "my-key=1\n", "*** (line 1)", MADE_OF),
        ("docker", "A.B: 1\n", "*** (line 1)", MADE_OF),
        ("docker", "1A=1\n", "*** (line 1)", MADE_OF),
        ("docker", "É=1\n", "É", MADE_OF),
        ("docker", "AIRFLOW_VAR_my-key=1\n", "AIRFLOW_VAR_my-key", MADE_OF),
        ("docker", "=1\n", "*** (line 1)", "there is no name in front of the value"),
        ("standalone", "export A=1\n", "export A", "the local runtime takes `export ` for a part of the name"),
        (
            "standalone",
            "A =1\n",
            "*** (line 1)",
            "the local runtime takes the blank in front of `=` for a part of the name",
        ),
        (
            "standalone",
            "\ufeffA=1\n",
            "*** (line 1)",
            "the local runtime takes the byte order mark in front for a part of the name",
        ),
    ],
)
def test_a_name_that_is_no_posix_name_is_found(
    examine: Examine, runtime: str, text: str, key: str, message: str
) -> None:
    (problem,) = examine(not_posix_name, text, runtime)
    assert (problem.line, problem.key, problem.message, problem.fixable) == (1, key, message, False)


@pytest.mark.parametrize("text", ["A=1\n_a9=1\n", "export A=1\n", "\ufeffA =1\n", "my-key\n", "my-key"])
def test_a_posix_name_is_not_found_nor_a_word_that_names_nothing(examine: Examine, text: str) -> None:
    assert examine(not_posix_name, text) == []


def test_a_piece_of_a_broken_value_is_never_shown_as_a_name(examine: Examine) -> None:
    (problem,) = examine(not_posix_name, "c2VjcmV0/c2VjcmV0==\n", "standalone")
    assert problem.key == "*** (line 1)"
    assert "c2VjcmV0" not in repr(problem)
