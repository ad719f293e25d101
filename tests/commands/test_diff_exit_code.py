"""`diff --exit-code` gives 5 on a difference; a key that is only there is one."""

from sandbox import Sandbox


def test_a_key_that_is_only_there_is_a_difference(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "1")
    sandbox.set_variable("B", "2")
    assert sandbox.run("diff", "-d", "dep-1", "--exit-code").code == 5
