"""`--quiet` shows only problems: neither what is well, nor what was done."""

from sandbox import Sandbox


def test_a_quiet_doctor_tells_only_what_is_not_well(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    result = sandbox.run("doctor", "-q")
    assert "problem" in result.stdout
    assert [line for line in result.stdout.splitlines() if line.startswith("ok")] == []


def test_a_quiet_init_says_nothing_where_all_goes_well(sandbox: Sandbox) -> None:
    result = sandbox.run("init", "-q")
    assert (result.code, result.stdout) == (0, "")
