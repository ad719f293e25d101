import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync import __version__
from astro_sync.cli.crash import BugError, describe, is_debugging, report
from astro_sync.core.plan import matches
from astro_sync.errors import AstroSyncError, ExitCode

NOW = datetime(2026, 8, 1, 12, 30, 15, 42, tzinfo=UTC)
PLANTED = "pl4nted-v4lue"


class OddError(Exception):
    """Stand for an error of somebody else's."""


def catch(call: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any error will do
        call()
    return caught.value


def fail_with_a_value() -> None:
    secret = PLANTED
    raise OddError(f"cannot read {secret!r}", secret)


def fail_because_of_another() -> None:
    try:
        fail_with_a_value()
    except OddError as error:
        raise KeyError(PLANTED) from error


def fail_while_handling_another() -> None:
    try:
        fail_with_a_value()
    except OddError:
        raise ValueError(PLANTED)  # noqa: B904 - just this is looked at


def fail_in_a_circle() -> None:
    one, two = OddError(PLANTED), KeyError(PLANTED)
    one.__cause__, two.__cause__ = two, one
    raise one


def fail_in_the_package() -> None:
    matches("A", (None,))  # type: ignore[arg-type]


def fail_in_written_code() -> None:
    exec(compile(f"name_{PLANTED.replace('-', '_')} = 1 / 0", f"/home/{PLANTED}/x.py", "exec"), {})  # noqa: S102 - a file of no path of Python's


FAILING = [
    fail_with_a_value,
    fail_because_of_another,
    fail_while_handling_another,
    fail_in_a_circle,
    fail_in_the_package,
    fail_in_written_code,
]


@pytest.mark.parametrize("call", FAILING)
def test_a_description_holds_no_message_no_variable_and_no_line_of_source(call: Callable[[], None]) -> None:
    text = describe(catch(call), "merge")
    assert PLANTED not in text
    assert "cannot read" not in text
    assert "raise" not in text
    assert text.endswith("\n")


def test_a_description_begins_with_the_versions_and_the_command() -> None:
    first, second, *_ = describe(catch(fail_with_a_value), "local-to-deploy").splitlines()
    assert first.startswith(f"astro-sync {__version__}, Python {sys.version_info.major}.{sys.version_info.minor}.")
    assert second == "command: local-to-deploy"


def test_each_frame_is_told_by_file_line_and_function() -> None:
    lines = describe(catch(fail_in_the_package), "diff").splitlines()[2:]
    assert lines[0] in {"builtins.TypeError", "builtins.AttributeError"}
    assert any(
        line.startswith("  astro_sync/plan.py:") and line.endswith(" in matches.<locals>.<genexpr>") for line in lines
    )
    assert any(line.startswith("  test_crash.py:") and line.endswith(" in fail_in_the_package") for line in lines)


@pytest.mark.parametrize(
    ("call", "types"),
    [
        (fail_with_a_value, ["OddError"]),
        (fail_because_of_another, ["KeyError", "OddError"]),
        (fail_while_handling_another, ["ValueError", "OddError"]),
        (fail_in_a_circle, ["OddError", "KeyError"]),
    ],
)
def test_what_led_to_the_error_is_told_too_and_each_only_once(call: Callable[[], None], types: list[str]) -> None:
    lines = describe(catch(call), "check").splitlines()[2:]
    assert [line.rpartition(".")[2] for line in lines if not line.startswith(" ")] == types


def test_no_path_of_a_description_names_a_home() -> None:
    text = describe(catch(fail_in_written_code), "init")
    files = [line.split(":")[0].strip() for line in text.splitlines()[2:] if line.startswith(" ")]
    assert "x.py" in files
    assert not [file for file in files if file.startswith("/")]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(st.characters(categories=["L", "N", "P", "Z", "C", "S"]), min_size=4))
def test_whatever_the_message_it_is_not_described(message: str) -> None:
    one, other = (describe(catch(partial(_fail, text)), "diff") for text in (message, ""))
    assert one == other


def _fail(message: str) -> None:
    raise OddError(message)


def test_a_report_is_a_private_file_that_the_hint_names(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "astro-sync"
    error = catch(fail_with_a_value)
    bug = report(error, "merge", folder, NOW)
    [path] = folder.iterdir()
    assert path.name == "bug-20260801T123015.000042.txt"
    assert path.read_text() == describe(error, "merge")
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert str(path) in bug.hint


def test_a_report_is_an_error_like_others_with_exit_code_70(tmp_path: Path) -> None:
    bug = report(catch(fail_with_a_value), "merge", tmp_path, NOW)
    assert isinstance(bug, BugError)
    assert isinstance(bug, AstroSyncError)
    assert (bug.exit_code, bug.code) == (ExitCode.BUG, "bug")
    assert "astro-sync diff" in str(bug)
    assert PLANTED not in f"{bug!r}{bug}{bug.hint}"


def test_reports_stand_side_by_side(tmp_path: Path) -> None:
    error = catch(fail_with_a_value)
    hints = [report(error, "merge", tmp_path, NOW + timedelta(microseconds=step)).hint for step in range(3)]
    assert len(set(hints)) == 3
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("obstacle", ["a file", "the same moment", "a link"])
def test_where_no_report_can_be_written_the_hint_tells_another_way(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "state"
    error = catch(fail_with_a_value)
    if obstacle == "a file":
        folder.write_text("kept")
    elif obstacle == "the same moment":
        report(error, "merge", folder, NOW)
    else:
        folder.mkdir()
        (tmp_path / "theirs").write_text("kept")
        (folder / "bug-20260801T123015.000042.txt").symlink_to(tmp_path / "theirs")
    bug = report(error, "diff", folder, NOW)
    assert "ASTRO_SYNC_DEBUG=1" in bug.hint
    assert bug.exit_code is ExitCode.BUG
    assert PLANTED not in bug.hint
    kept = [path.read_text() for path in (folder, tmp_path / "theirs") if path.is_file()]
    assert kept == ["kept"] * (obstacle != "the same moment")


@pytest.mark.parametrize(
    ("environ", "debugging"),
    [
        ({}, False),
        ({"ASTRO_SYNC_DEBUG": "1"}, True),
        ({"ASTRO_SYNC_DEBUG": "0"}, False),
        ({"ASTRO_SYNC_DEBUG": ""}, False),
    ],
)
def test_debugging_is_asked_for_with_a_1(environ: dict[str, str], *, debugging: bool) -> None:
    assert is_debugging(environ) is debugging
