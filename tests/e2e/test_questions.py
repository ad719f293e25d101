"""A question has a line for each place that would change."""

from e2e.runs import push
from sandbox import Sandbox


def test_the_question_has_a_line_for_each_place(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-3", "test")
    sandbox.write_env("A=1\n")
    result = push(sandbox, "-d", "dep-1", "-d", "dep-3", "--no-export", yes=False, tty=True, input="n\n")
    assert "\\n" not in result.stdout
    assert len([line for line in result.stdout.splitlines() if "in workspace" in line]) == 2
