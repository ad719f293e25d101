"""What a report says of a run that was refused."""

from e2e.runs import document, push, reason, targets
from sandbox import Sandbox


def test_a_refused_run_applied_nothing(sandbox: Sandbox) -> None:
    sandbox.write_env('A="1\\n2"\n')
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 3
    assert targets(document(result))[0]["applied"] is False


def test_the_command_for_a_multi_line_value_names_the_deployment(sandbox: Sandbox) -> None:
    sandbox.write_env('A="1\\n2"\n')
    found = reason(targets(document(push(sandbox, "--no-export", "--json")))[0]["changes"], "A")
    assert "astro env variable create --deployment-id dep-1 --key A --secret < FILE" in found
