import pytest

from astro_sync.envfile.dialects import COMPOSE
from astro_sync.envfile.needs import split_by_need


@pytest.mark.parametrize(
    ("text", "unwanted", "going", "staying"),
    [
        ("A=1\nA=2\n", {0}, [0], []),
        ("A=1\nB=$A\nA=2\n", {0}, [], [0]),
        ("A=1\nA=2\nB=$A\nA=3\n", {0, 1}, [0], [1]),
        ("A=1\nB=$A\nB=2\nA=3\n", {0, 1}, [0, 1], []),
        ("A=1\nB=$A\nC=$B\nB=2\nA=3\n", {0, 1}, [], [0, 1]),
        ("A=1\nA=$A:2\nA=3\n", {0, 1}, [0, 1], []),
        ("A=1\nA=$A:2\n", {0}, [], [0]),
        ("A=1\nB='$A'\n", {0}, [0], []),
        ("A=1\nB=$A\n", set[int](), [], []),
        ("A=1\nA\nB=$A\nA=2\n", {0}, [], [0]),
    ],
)
def test_what_a_line_that_stays_refers_to_stays(
    text: str, unwanted: set[int], going: list[int], staying: list[int]
) -> None:
    assignments = COMPOSE.read(text, {}).assignments

    assert split_by_need(assignments, unwanted) == (going, staying)


def test_a_name_of_the_environment_needs_no_line() -> None:
    assignments = COMPOSE.read("A=1\nB=$A\nA=2\n", {"A": "outside"}).assignments

    assert split_by_need(assignments, {0}) == ([0], [])
