from collections.abc import Callable, Iterator

import pytest

from astro_sync.console.questions import ask_each, questions_of
from astro_sync.console.wording import age_of
from astro_sync.core.model import Change, Kind, Name, Reason
from astro_sync.core.plan import OnConflict
from astro_sync.errors import DeclinedError
from console.outcomes import HERE, NOW, THERE, conflict

PG_HERE, PG_THERE = "postgres://u:p1@one/db", "postgres://u:p2@two/db"
THREE = [conflict("A"), conflict("B"), conflict("C")]
OVERWRITE, KEEP = OnConflict.OVERWRITE, OnConflict.KEEP


def pressing(*keys: str) -> tuple[Callable[[str], str], list[str]]:
    """Return what presses these keys one after another, and the list of what was asked."""
    left: Iterator[str] = iter(keys)
    asked: list[str] = []

    def press(question: str) -> str:
        asked.append(question)
        return next(left)

    return press, asked


@pytest.mark.parametrize(
    ("change", "question"),
    [
        (
            conflict("AIRFLOW_CONN_PG", PG_HERE, PG_THERE),
            "AIRFLOW_CONN_PG: prod and .env differ in host, password (prod's changed 2 days ago). Overwrite prod's?",
        ),
        (
            conflict("AIRFLOW_VAR_V1", "1", "hello"),
            (
                "AIRFLOW_VAR_V1: prod holds a text of 5 characters, changed 2 days ago; .env a number of 1 character. "
                "Overwrite prod's?"
            ),
        ),
        (
            conflict("AIRFLOW_VAR_J", '{"a": 1, "b": 2}', '{"a": 1, "b": 3}'),
            "AIRFLOW_VAR_J: prod and .env differ in 1 of 2: b (prod's changed 2 days ago). Overwrite prod's?",
        ),
        (
            conflict("S", reason=Reason.SECRET_CHANGED_HERE),
            "S: changed in .env since it was sent to prod. Overwrite prod's?",
        ),
    ],
)
def test_a_question_tells_where_two_values_differ(change: Change, question: str) -> None:
    assert questions_of([change], "prod", ".env", NOW) == [question]


def test_questions_tell_ids_apart_that_differ_in_case_alone() -> None:
    twins = [conflict("X")._replace(name=Name(Kind.CONNECTION, each)) for each in ("PG", "pg")]
    asked = questions_of(twins, "prod", ".env", NOW)
    assert [question.partition(":")[0] for question in asked] == ["AIRFLOW_CONN_PG (PG)", "AIRFLOW_CONN_PG (pg)"]


def test_no_question_shows_a_value_or_an_odd_key_as_it_is() -> None:
    (text,) = questions_of([conflict("K\x1b[2J")], "prod", ".env", NOW)
    assert HERE not in text
    assert THERE not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("keys", "decisions"),
    [
        (["y", "n", "y"], [OVERWRITE, KEEP, OVERWRITE]),
        (["Y", "N", "\r"], [OVERWRITE, KEEP, KEEP]),
        (["n", "a"], [KEEP, OVERWRITE, OVERWRITE]),
        (["y", "k"], [OVERWRITE, KEEP, KEEP]),
        (["a"], [OVERWRITE, OVERWRITE, OVERWRITE]),
        (["k"], [KEEP, KEEP, KEEP]),
        (["x", "?", "y", "n", "n"], [OVERWRITE, KEEP, KEEP]),
    ],
)
def test_one_key_press_decides_about_a_key_or_about_all_that_follow(
    keys: list[str], decisions: list[OnConflict]
) -> None:
    press, _ = pressing(*keys)
    decided = ask_each(THREE, ["a?", "b?", "c?"], press)
    assert [decided[change.name] for change in THREE] == decisions


def test_each_question_has_its_number_and_all_choices() -> None:
    press, asked = pressing("y", "n", "n")
    ask_each(THREE, ["a?", "b?", "c?"], press)
    assert asked == [
        f"{number}/3 {text} [y]es [N]o [a]ll [k]eep all [q]uit" for number, text in enumerate(("a?", "b?", "c?"), 1)
    ]


def test_quitting_decides_nothing() -> None:
    press, _ = pressing("y", "q")
    with pytest.raises(DeclinedError, match=r"^Nothing was changed\.$"):
        ask_each(THREE, ["a?", "b?", "c?"], press)


@pytest.mark.parametrize(
    ("updated_at", "age"),
    [
        ("2026-11-26T11:00:00Z", "2 days ago"),
        ("2026-11-27T11:00:00.123Z", "1 day ago"),
        ("2026-11-28T09:00:00+00:00", "3 hours ago"),
        ("2026-11-28T11:58:00", "2 minutes ago"),
        ("2026-11-28T11:59:30Z", "just now"),
        ("2027-01-01T00:00:00Z", "just now"),
        ("", ""),
        ("yesterday", ""),
    ],
)
def test_the_age_of_a_change_is_told_in_one_unit(updated_at: str, age: str) -> None:
    assert age_of(updated_at, NOW) == age
