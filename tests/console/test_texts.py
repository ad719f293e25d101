from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from astro_sync.console.texts import (
    ACTION_MARKS,
    ACTIONS,
    MATCH_MARKS,
    MATCHES,
    REASONS,
    RESULT_MARKS,
    RESULTS,
    WARNINGS,
)
from astro_sync.core.compare import Match
from astro_sync.core.model import Action, Reason, Result, WarningCode

TOTAL: list[tuple[type[StrEnum], Mapping[Any, str]]] = [
    (Reason, REASONS),
    (WarningCode, WARNINGS),
    (Result, RESULTS),
    (Action, ACTIONS),
    (Match, MATCHES),
]
LONGEST_NOTE = 50


@pytest.mark.parametrize(("codes", "texts"), TOTAL, ids=lambda each: getattr(each, "__name__", ""))
def test_every_code_has_a_text_of_its_own(codes: type[StrEnum], texts: Mapping[Any, str]) -> None:
    assert set(texts) == set(codes)
    assert all(texts.values())
    assert len(set(texts.values())) == len(texts)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_fits_into_a_note(reason: Reason) -> None:
    assert len(REASONS[reason]) <= LONGEST_NOTE
    assert not REASONS[reason].endswith(".")


@pytest.mark.parametrize("marks", [ACTION_MARKS, MATCH_MARKS], ids=["actions", "matches"])
def test_every_mark_is_one_character_that_no_other_has(marks: Mapping[Any, str]) -> None:
    assert all(len(mark) == 1 for mark in marks.values())
    assert len(set(marks.values())) == len(marks)


def test_what_went_wrong_has_a_mark_unlike_those_of_actions() -> None:
    assert {RESULT_MARKS[result] for result in Result} == {"", "x", "?"}
    assert not {"x", "?"} & set(ACTION_MARKS.values())
