"""Contract, "astro deployment variable list"."""

import stat

import pytest

from sandbox import Sandbox

LIST = ("deployment", "variable", "list", "-d", "dep-1")
SAVED = (
    "\nThe following environment variables were saved to the file {},\n"
    "secret environment variables were saved only with a key:\n\n"
)


def test_the_table_is_padded_to_bytes_plus_five_and_shows_plain_values_in_full(sandbox: Sandbox) -> None:
    sandbox.set_variable("KEY", "value")
    sandbox.set_variable("SECRET", "hush", secret=True)
    sandbox.set_variable("KŮŇ", "žluť")
    # each cell is filled up in characters to a width counted in bytes
    assert sandbox.astro(*LIST).stdout == (
        " #     KEY        VALUE      SECRET     \n"
        " 1     KEY        value      false      \n"
        " 2     SECRET     ****       true       \n"
        " 3     KŮŇ        žluť       false      \n"
    )


def test_a_value_with_newlines_breaks_the_table(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "one\nB=two\n")
    assert sandbox.astro(*LIST).stdout == (
        " #     KEY     VALUE          SECRET     \n 1     A       one\nB=two\n     false      \n"
    )


def test_no_variables_are_said_to_be_none(sandbox: Sandbox) -> None:
    result = sandbox.astro(*LIST)
    assert (result.code, result.stdout) == (0, "\nNo variables found\n")


def test_key_shows_one_variable_only(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.set_variable("B", "2")
    assert sandbox.astro(*LIST, "--key", "B").stdout == (
        " #     KEY     VALUE     SECRET     \n 1     B       2         false      \n"
    )
    assert sandbox.astro(*LIST, "-k", "C").stdout == "\nNo variables found\n"


@pytest.mark.parametrize("flags", [("--save", "--env", "f.env"), ("-s", "-ef.env"), ("-s=true", "--env=f.env")])
def test_save_appends_raw_lines_in_table_order(sandbox: Sandbox, flags: tuple[str, ...]) -> None:
    sandbox.set_variable("B", ' two "quoted" # x')
    sandbox.set_variable("S", "hush", secret=True)
    sandbox.set_variable("A", "l1\nl2=x")
    sandbox.write_env("OLD=1", "f.env")
    result = sandbox.astro(*LIST, *flags)
    assert result.code == 0
    assert result.stdout.startswith(SAVED.format("f.env") + " #     KEY")
    assert sandbox.read_env("f.env") == 'OLD=1\nB= two "quoted" # x\nS= # secret\nA=l1\nl2=x'


def test_save_makes_a_file_that_everyone_can_read(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.astro(*LIST, "--save")
    assert stat.S_IMODE((sandbox.project / ".env").stat().st_mode) == 0o644
    assert sandbox.read_env() == "\nA=1"


def test_save_of_nothing_makes_an_empty_file(sandbox: Sandbox) -> None:
    assert sandbox.astro(*LIST, "--save").stdout == SAVED.format(".env") + "\nNo variables found\n"
    assert sandbox.read_env() == ""


@pytest.mark.parametrize(
    ("path", "reason"),
    [("no/such.env", "no such file or directory"), (".", "is a directory"), ("/proc/x", "no such file or directory")],
)
def test_a_file_that_cannot_be_written_ends_with_0(sandbox: Sandbox, path: str, reason: str) -> None:
    sandbox.set_variable("A", "1")
    result = sandbox.astro(*LIST, "--save", "--env", path)
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == (
        f"unable to write environment variables to file: open {path}: {reason}\n"
        " #     KEY     VALUE     SECRET     \n 1     A       1         false      \n"
    )


def test_the_fault_of_an_unwritable_file_leaves_none(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.fault("save-unwritable")
    result = sandbox.astro(*LIST, "--save")
    assert result.code == 0
    assert result.stdout.startswith("unable to write environment variables to file: open .env: permission denied\n #")
    assert not (sandbox.project / ".env").exists()
