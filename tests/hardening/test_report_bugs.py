"""A bug in the report itself."""

import pytest

from hardening.planting import assert_nothing_shown, plant
from hardening.test_internal_errors import IN_THE_REPORT, MESSAGE
from hardening.warm import Warm
from sandbox import Sandbox


@pytest.mark.parametrize(("where", "words"), IN_THE_REPORT, ids=lambda case: case if isinstance(case, str) else "")
def test_a_bug_in_the_report_itself_is_told_without_any_value(
    quick: Sandbox, warm: Warm, where: str, words: tuple[str, ...]
) -> None:
    plant(quick)
    result = warm.run(quick, *words, broken=(where, MESSAGE))
    assert_nothing_shown(quick, result)
    assert result.code == 70, result
