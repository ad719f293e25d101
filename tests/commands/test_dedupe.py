"""`dedupe`: the last value of each key stays, at its own place; nothing that the local runtime reads changes."""

import json
import re
import stat
from pathlib import Path

import pytest

from runs import document
from sandbox import Sandbox

TWICE = "# of a\nA=first\nB=1\n# of a\nA=last\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A=1\nB=2\nA=3\n", "B=2\nA=3\n"),
        ("A=1\nA=2\nA=3\n", "A=3\n"),
        ("A=1\nB=2\nA=1\n", "B=2\nA=1\n"),
        ("A=1\r\nB=2\r\nA=3\r\n", "B=2\r\nA=3\r\n"),
        ("A=1\nB=2\nA=3", "B=2\nA=3"),
        ("export A=1\nA = 2 # why\n", "A = 2 # why\n"),
        ("A='one\ntwo'\nB=1\nA=3\n", "B=1\nA=3\n"),
        (TWICE, "B=1\n# of a\nA=last\n"),
        ("# old note\nA=1\nB=1\n# new note\nA=2\n", "# old note\nB=1\n# new note\nA=2\n"),
        ("A=1\nB=$A\nA=2\n", "A=1\nB=$A\nA=2\n"),
        ("A=0\nA=1\nB=${A}\nA=2\n", "A=1\nB=${A}\nA=2\n"),
    ],
    ids=[
        "at its own place",
        "three times",
        "equal values",
        "line ends",
        "no final newline",
        "export and blanks",
        "several lines",
        "identical comments go too",
        "other comments stay",
        "a needed line stays",
        "only the needed one stays",
    ],
)
def test_the_last_value_stays(sandbox: Sandbox, text: str, left: str) -> None:
    path = sandbox.write_env(text)
    assert sandbox.run("dedupe").code == 0
    assert path.read_bytes().decode() == left
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_and_line_numbers_are_printed_and_no_values(sandbox: Sandbox) -> None:
    sandbox.write_env("KEY=planted-one\nOTHER=planted-two\nKEY='planted\nthree'\nKEY=planted-four\n")
    result = sandbox.run("dedupe")
    rows = [line for line in result.stdout.splitlines() if "KEY" in line]
    assert "line 1" in rows[0]
    assert "lines 3-4" in rows[1]
    assert "planted" not in result.stdout + result.stderr


def test_a_line_that_stays_since_another_needs_it_is_named(sandbox: Sandbox) -> None:
    sandbox.write_env("A=0\nA=1\nB=$A\nA=2\n")
    result = sandbox.run("dedupe", "--json")
    found = document(result)
    assert found["dropped"] == [{"key": "A", "first": 1, "last": 1}]
    assert found["kept"] == [{"key": "A", "line": 2}]
    sandbox.write_env("A=0\nA=1\nB=$A\nA=2\n")
    assert re.search(r"line 2\b.*\bA\b", sandbox.run("dedupe").stdout)


def test_a_line_that_stays_is_named_even_if_nothing_can_be_dropped(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\nB=$A\nA=2\n")
    result = sandbox.run("dedupe")
    assert result.code == 0
    assert "line 1" in result.stdout
    assert sandbox.run("dedupe", "--check").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--dry-run",), 0), (("--check",), 5), (("--dry-run", "--exit-code"), 5), (("--check", "-q"), 5)],
)
def test_looking_changes_nothing(sandbox: Sandbox, words: tuple[str, ...], code: int) -> None:
    path = sandbox.write_env(TWICE)
    before = path.stat()
    result = sandbox.run("dedupe", *words)
    assert result.code == code
    assert sandbox.read_env() == TWICE
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not list(sandbox.state_home.rglob("*"))


@pytest.mark.parametrize("words", [(), ("--check",), ("--dry-run", "--exit-code")])
def test_a_file_without_duplicates_is_left_and_said_to_be_well(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    path = sandbox.write_env("A=1\nB=2\n")
    before = path.stat()
    result = sandbox.run("dedupe", *words)
    assert (result.code, result.stdout) == (0, "Nothing to do.\n")
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_the_json_has_the_lines_that_went_and_the_backup(sandbox: Sandbox) -> None:
    sandbox.write_env(TWICE)
    result = sandbox.run("dedupe", "--json")
    found = document(result)
    assert (found["command"], found["exit_code"], found["error"]) == ("dedupe", 0, None)
    assert found["dropped"] == [{"key": "A", "first": 2, "last": 2}]
    assert found["kept"] == []
    assert Path(found["backup"]).read_text() == TWICE
    assert sandbox.state_home.as_posix() in found["backup"]
    assert result.stdout == json.dumps(found, sort_keys=True, indent=2) + "\n"


def test_check_says_5_in_the_json_too(sandbox: Sandbox) -> None:
    sandbox.write_env(TWICE)
    found = document(sandbox.run("dedupe", "--check", "--json"))
    assert (found["exit_code"], found["dry_run"], found["backup"]) == (5, True, None)


def test_a_backup_is_kept_outside_of_the_project_unless_none_is_wanted(sandbox: Sandbox) -> None:
    sandbox.write_env(TWICE)
    result = sandbox.run("dedupe", "--no-backup")
    assert not [path for path in sandbox.state_home.rglob("*") if path.is_file()]
    assert str(sandbox.state_home) not in result.stdout + result.stderr
    sandbox.write_env(TWICE)
    result = sandbox.run("dedupe")
    (backup,) = [path for path in sandbox.state_home.rglob("*") if path.is_file()]
    assert backup.read_text() == TWICE
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert str(backup) in result.stdout


def test_another_file_can_be_named(sandbox: Sandbox) -> None:
    sandbox.write_env(TWICE)
    sandbox.write_env(TWICE, ".env.dev")
    assert sandbox.run("dedupe", ".env.dev").code == 0
    assert sandbox.read_env() == TWICE
    assert sandbox.read_env(".env.dev") == "B=1\n# of a\nA=last\n"


def test_a_file_that_is_not_there_is_a_usage_error(sandbox: Sandbox) -> None:
    result = sandbox.run("dedupe", "absent.env")
    assert (result.code, result.stdout) == (2, "")
    assert "absent.env" in result.stderr
    assert not (sandbox.project / "absent.env").exists()


def test_a_file_that_the_local_runtime_rejects_is_refused_by_its_line_and_without_its_text(sandbox: Sandbox) -> None:
    text = "A=1\nA=2\nplanted line\n"
    sandbox.write_env(text)
    result = sandbox.run("dedupe")
    assert result.code == 3
    assert "3" in result.stderr
    assert "planted" not in result.stdout + result.stderr
    assert sandbox.read_env() == text


def test_the_mode_of_the_project_decides_what_is_a_duplicate(sandbox: Sandbox) -> None:
    # the CLI's own loader, unlike compose, takes $A as text: nothing needs the first line
    text = "A=1\nB=$A\nA=2\n"
    sandbox.write_env(text)
    sandbox.use_mode("standalone")
    assert sandbox.run("dedupe").code == 0
    assert sandbox.read_env() == "B=$A\nA=2\n"
    sandbox.write_env(text)
    sandbox.use_mode("docker")
    assert sandbox.run("dedupe").code == 0
    assert sandbox.read_env() == text


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, TWICE), ("y\n", 0, "B=1\n# of a\nA=last\n")])
def test_on_a_terminal_it_shows_and_asks(sandbox: Sandbox, answer: str, code: int, left: str) -> None:
    sandbox.write_env(TWICE)
    result = sandbox.run("dedupe", tty=True, input=answer)
    assert result.code == code
    assert result.stdout.count("[y/N]") == 1
    assert "line 2" in result.stdout.partition("[y/N]")[0]
    assert sandbox.read_env() == left


def test_on_a_terminal_yes_answers(sandbox: Sandbox) -> None:
    sandbox.write_env(TWICE)
    assert "[y/N]" not in sandbox.run("dedupe", "--yes", tty=True).stdout
    assert sandbox.read_env() == "B=1\n# of a\nA=last\n"


def test_a_link_stays_and_what_it_points_at_changes(sandbox: Sandbox) -> None:
    real = sandbox.write_env("A=1\nA=2\n", "real.env")
    link = sandbox.project / ".env"
    link.symlink_to("real.env")
    assert sandbox.run("dedupe").code == 0
    assert link.is_symlink()
    assert real.read_text() == "A=2\n"
