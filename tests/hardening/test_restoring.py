"""The command that the report of an exit 6 prints, run as printed, puts things back."""

import pytest

from hardening.test_backups import OLD, PUSH, SEND, commands, run_as_printed
from hardening.warm import Warm
from sandbox import Sandbox


@pytest.mark.parametrize("verbosity", [("-q",)], ids=["-q"])
def test_the_report_of_a_failed_write_prints_a_command_for_each_backup(
    quick: Sandbox, warm: Warm, verbosity: tuple[str, ...]
) -> None:
    quick.write_env(OLD)
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("lost-write", command="deployment variable update")
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH, *verbosity)
    assert result.code == 6, result
    found = commands(result.stderr)
    assert [words[0] for words in found] == ["cp", "astro-sync"], result.stderr


@pytest.mark.parametrize(
    ("key", "old"),
    [
        pytest.param("KEY", "two\nlines", id="several lines"),
        pytest.param("KEY", " padded ", id="padded"),
        pytest.param("AIRFLOW_VAR_KEY", "", id="empty"),
        pytest.param("KEY", "# secret", id="placeholder"),
    ],
)
@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_every_kind_of_value_is_put_back(quick: Sandbox, warm: Warm, mode: str, key: str, old: str) -> None:
    quick.use_mode(mode)
    quick.write_env(f"{key}=new\nBYSTANDER=1\n")
    quick.set_variable(key, old)
    quick.fault("lost-write", command="deployment variable update", nth=2)
    quick.fault("concurrent-key", command="deployment variable update", key="BYSTANDER", value="theirs")
    result = warm.run(quick, *SEND, "--allow-reserved", key)
    if result.code == 3:
        pytest.skip("this key is refused, so nothing needs to be put back")
    assert result.code == 6, result
    assert quick.deployment()[key] == ("new", False)
    quick.clear_faults()
    (words,) = commands(result.stderr)
    run_as_printed(quick, words)
    assert quick.deployment()[key] == (old, False)


def test_a_file_whose_name_begins_with_a_dash_is_put_back(quick: Sandbox, warm: Warm) -> None:
    quick.write_env(OLD, name="-x.env")
    quick.set_variable("OWN", "theirs")
    quick.set_airflow({"new": "x"})
    quick.fault("concurrent-key", command="deployment variable update", key="OWN", value="somebody's")
    result = warm.run(quick, *PUSH, "--env=-x.env")
    assert result.code == 6, result
    run_as_printed(quick, next(words for words in commands(result.stderr) if words[0] == "cp"))
    assert quick.read_env("-x.env") == OLD
