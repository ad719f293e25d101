"""What a report says of a run that was refused."""

from runs import document, push, targets
from sandbox import Sandbox


def test_a_refused_run_applied_nothing(sandbox: Sandbox) -> None:
    sandbox.write_env('A="1\\n2"\n')
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 3
    assert targets(document(result))[0]["applied"] is False
