import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from astro_sync.console.layout import Line, Tone
from astro_sync.console.terminal import Terminal, find_width, wants_colour
from astro_sync.core.model import Notice, Reason, Result, WarningCode
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, DeclinedError, ExitCode, RefusedError
from console.outcomes import HERE, NOW, amiss, created, place, refused

PLAIN = Terminal(interactive=False, now=NOW)


@pytest.mark.parametrize(
    ("environ", "is_terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": ""}, True, True),
    ],
)
def test_colour_follows_the_environment(environ: Mapping[str, str], is_terminal: bool, coloured: bool) -> None:  # noqa: FBT001
    assert wants_colour(environ, is_terminal=is_terminal) is coloured


@pytest.mark.parametrize(
    ("environ", "is_terminal", "width"),
    [
        ({"COLUMNS": "60"}, False, 60),
        ({"COLUMNS": "0"}, False, None),
        ({"COLUMNS": "x"}, False, None),
        ({}, False, None),
        ({"COLUMNS": "5"}, True, 40),
    ],
)
def test_text_is_wrapped_where_a_width_is_known(
    environ: Mapping[str, str],
    is_terminal: bool,  # noqa: FBT001
    width: int | None,
) -> None:
    assert find_width(environ, is_terminal=is_terminal) == width


def test_lines_of_a_result_are_coloured_by_their_heads(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line("problem  env: bad\x1b", head="problem", tone=Tone.PROBLEM)
    outcome = RunOutcome(command="doctor", lines=(line, "plain"))
    replace(PLAIN, colour=True).report(outcome)
    assert capsys.readouterr().out == "\x1b[31m\x1b[1mproblem\x1b[0m  env: bad\\x1b\nplain\n"
    PLAIN.report(outcome)
    assert capsys.readouterr().out == "problem  env: bad\\x1b\nplain\n"


def test_a_refused_run_tells_the_ways_out_once_in_the_place_of_the_hint(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [created("A"), refused("PEM", Reason.LINE_BREAK, "--allow-argv PEM")]
    error = RefusedError("There is 1 key that can't be carried.", hint="never shown")
    PLAIN.report(RunOutcome(command="merge", places=(place("prod", rows),), error=error, exit_code=ExitCode.REFUSED))
    shown = capsys.readouterr()
    assert "PEM  ! refused  holds line breaks" in shown.out
    assert shown.err.splitlines() == [
        "Error: There is 1 key that can't be carried.",
        "Next, one of:",
        "  --allow-argv PEM  send it as it is; visible in ps for a moment",
        "  --partial         send the other one, leave this one",
        "  --exclude PEM     leave a key out",
    ]


def test_a_declined_question_is_one_line_without_a_second_report(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = RunOutcome(command="merge", places=(place("prod", [created("A"), refused("B")]),), error=DeclinedError())
    PLAIN.report(outcome)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Nothing was changed.\n")
    replace(PLAIN, output="json").report(outcome)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["code"] == "declined"
    assert shown.err == "Nothing was changed.\n"


def test_after_a_plan_was_shown_only_what_differs_from_it_and_no_warning_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = replace(PLAIN)
    notices = (Notice(WarningCode.LOCAL_HOST, "A"),)
    terminal.show_plan([place("prod", [created("A"), created("B")], notices)])
    planned = capsys.readouterr()
    assert planned.out == ""
    assert "A    + new" in planned.err
    assert "Warning: prod: A: its host" in planned.err
    done = place("prod", [created("A"), amiss(created("B"), Result.NOT_WRITTEN)], notices)
    terminal.report(RunOutcome(command="merge", places=(done,), confirmed=True, error=AstroSyncError("No.")))
    shown = capsys.readouterr()
    assert shown.out.splitlines()[:2] == ["KEY  prod", "B    x NOT WRITTEN"]
    assert shown.err == "Error: No.\n"


def test_a_run_that_nobody_was_asked_about_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    replace(PLAIN).report(
        RunOutcome(command="merge", places=(place("prod", [created("A")], applied=True),), confirmed=True)
    )
    assert capsys.readouterr().out.splitlines() == ["KEY  prod", "A    + new", "prod  1 new"]


@pytest.mark.parametrize(("quiet", "lines"), [(False, ["Undo: astro-sync undo"]), (True, [])])
def test_a_backup_is_told_by_the_command_that_uses_it(
    quiet: bool,  # noqa: FBT001
    lines: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = place("prod", [created("A")], applied=True)._replace(backup=Path("/b/prod"))
    replace(PLAIN, quiet=quiet).report(RunOutcome(command="merge", places=(where,)))
    assert capsys.readouterr().err.splitlines() == lines


def test_a_run_that_ended_not_as_planned_names_its_backups(capsys: pytest.CaptureFixture[str]) -> None:
    where = place("prod", [amiss(created("A"), Result.UNKNOWN)])._replace(backup=Path("/b/prod"))
    error = AstroSyncError("Not every key was written as planned.")
    PLAIN.report(RunOutcome(command="merge", places=(where,), exit_code=ExitCode.UNPLANNED, error=error))
    assert "Backup of Deployment prod (dep-prod): /b/prod" in capsys.readouterr().err.splitlines()


def test_a_quiet_run_without_problems_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    replace(PLAIN, quiet=True).report(
        RunOutcome(command="merge", places=(place("prod", [created("A")], applied=True),))
    )
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


@pytest.mark.parametrize("output", ["table", "json", "markdown"])
def test_no_form_of_a_report_shows_a_value(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    replace(PLAIN, output=output, verbose=True).report(
        RunOutcome(command="merge", places=(place("prod", [created("A"), refused("B")], applied=True),))
    )
    shown = capsys.readouterr()
    assert "B" in shown.out
    assert HERE not in shown.out + shown.err


_ASKING = """
import sys
from types import SimpleNamespace
from astro_sync.console.terminal import Terminal
from console.outcomes import conflict
place, source = SimpleNamespace(label="prod"), SimpleNamespace(label=".env")
decided = Terminal(interactive=True).ask([conflict("A"), conflict("B"), conflict("C")], place, source)
print(*decided.values(), file=sys.stdout)
"""


def test_a_key_press_on_a_terminal_needs_no_enter() -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _ASKING], stdin=side, stderr=side, stdout=subprocess.PIPE, env=environ, text=True
    ) as asking:
        os.close(side)
        shown = b""
        for number, key in ((1, b"y"), (2, b"k")):
            while f"{number}/3 ".encode() not in shown or not shown.endswith(b"[q]uit "):
                shown += os.read(main, 4096)
            os.write(main, key)
            shown = shown[: -len(b" ")]
        out, _ = asking.communicate(timeout=30)
    os.close(main)
    assert out.split() == ["overwrite", "keep", "keep"]


def test_answers_come_from_lines_where_stdin_is_no_terminal() -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", _ASKING], input="yes\n\na\n", capture_output=True, text=True, env=environ, check=True
    )
    assert run.stdout.split() == ["overwrite", "keep", "overwrite"]
