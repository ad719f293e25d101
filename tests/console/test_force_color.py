"""FORCE_COLOR is obeyed where there is no terminal, too (CI logs)."""

from sandbox import Sandbox


def test_force_color_colours_without_a_terminal(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    environment = {"FORCE_COLOR": "1", "TERM": "xterm"}
    assert "\x1b[" in sandbox.run("diff", "-d", "dep-1", env=environment).stdout
    assert "\x1b[" in sandbox.run("diff", "-d", "dep-9", env=environment).stderr
