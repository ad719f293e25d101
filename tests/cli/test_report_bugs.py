"""A bug in the report itself."""

import pytest

from cli.test_internal_errors import IN_THE_REPORT, MESSAGE
from planting import assert_nothing_shown, plant
from sandbox import Sandbox
from warm import Warm

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("where", "words"), IN_THE_REPORT, ids=lambda case: case if isinstance(case, str) else "")
def test_a_bug_in_the_report_itself_is_told_without_any_value(
    sandbox: Sandbox, warm: Warm, where: str, words: tuple[str, ...]
) -> None:
    plant(sandbox)
    result = warm.run(sandbox, *words, broken=(where, MESSAGE))
    assert_nothing_shown(sandbox, result)
    assert result.code == 70, result
