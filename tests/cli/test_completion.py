"""What a shell gets to complete: names, never values, and never an error."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from astro_sync.cli.app import cli
from astro_sync.cli.completion import complete_check, complete_key, complete_target, completion_script

CONFIG = "[targets.dev]\nenv = '.env.dev'\n[targets.prod]\nprotected = true\n"


@click.command()
@click.option("-t", "--target", multiple=True, shell_complete=complete_target)
@click.option("-e", "--env", default=".env")
@click.option("--select", multiple=True, shell_complete=complete_check)
@click.option("--include", multiple=True, shell_complete=complete_key)
def command(**_given: object) -> None:
    """Stand for any command with these options."""


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".astro-sync.toml").write_text(CONFIG)
    (tmp_path / ".env").write_text("AIRFLOW_VAR_A=planted\nAIRFLOW_VAR_B='two\nAIRFLOW_VAR_NOT=planted'\nOTHER=1\n")
    (tmp_path / ".env.dev").write_text("DEV_KEY=planted\n")
    monkeypatch.chdir(tmp_path)


def complete(*words: str) -> list[str]:
    *before, incomplete = words
    found = ShellComplete(command, {}, "astro-sync", "_ASTRO_SYNC_COMPLETE").get_completions(before, incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["-t", ""], ["dev", "prod"]),
        (["--target", "p"], ["prod"]),
        (["--target", "x"], []),
        (["--select", "AS101"], ["AS101"]),
        (["--select", "dup"], ["duplicate-key"]),
        (["--include", ""], ["AIRFLOW_VAR_A", "AIRFLOW_VAR_B", "OTHER"]),
        (["--include", "O"], ["OTHER"]),
        (["--env", ".env.dev", "--include", ""], ["DEV_KEY"]),
        (["--env", "not-there", "--include", ""], []),
        (["--env", "-", "--include", ""], []),
    ],
)
def test_names_are_completed(words: list[str], found: list[str]) -> None:
    assert complete(*words) == found


HOSTILE = [
    "a\nb",
    "$(touch pwned)",
    "`touch pwned`",
    "a;b",
    "a b",
    "a'b",
    'a"b',
    "\x1b[2J",
    "-x",
    "a&b",
    "a|b",
    "~r",
    "!!",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("table", ["targets.{}", "groups"])
def test_nothing_is_given_out_that_a_shell_would_act_on(name: str, table: str) -> None:
    quoted = json.dumps(name)
    text = f"[targets.ok]\n[{table.format(quoted)}]\n" + (f"{quoted} = ['ok']\n" if table == "groups" else "")
    Path(".astro-sync.toml").write_text(text)
    Path(".env").write_text(f"{name}=1\nOK=1\n")

    assert complete("-t", "") == ["ok"]
    assert set(complete("--include", "")) <= {"OK", "a", "b"}


def test_groups_are_completed_too() -> None:
    Path(".astro-sync.toml").write_text("[targets.eu]\n[groups]\nall = ['eu']\n")

    assert complete("-t", "") == ["eu", "all"]


@pytest.mark.parametrize(
    "words",
    [["check", ""], ["check", ".e"], ["dedupe", ""], ["merge", ""], ["merge", ".env", ""], ["diff", ""]]
    + [[command, "-e", ""] for command in ("local-to-deploy", "deploy-to-local", "diff", "doctor")],
)
def test_names_of_files_are_left_to_the_shell(words: list[str]) -> None:
    *before, incomplete = words
    (item,) = ShellComplete(cli, {}, "astro-sync", "_ASTRO_SYNC_COMPLETE").get_completions(before, incomplete)

    assert (item.type, item.value) == ("file", incomplete)


@pytest.mark.parametrize(
    "text",
    [
        b"[targets",
        b"a = " + b"[" * 3000,
        b"[defaults]\njobs = " + b"9" * 5000,
        b"\xff",
        b"[targets.dev]\nunknown = 1\n",
    ],
)
def test_a_config_that_cannot_be_read_completes_nothing(text: bytes) -> None:
    Path(".astro-sync.toml").write_bytes(text)

    assert complete("-t", "") == []


@pytest.mark.parametrize("data", [b"\xff\xfe\0", b"A='", b"A" * (2 << 20), b"a b=1\n"])
def test_a_file_that_cannot_be_read_completes_nothing(data: bytes) -> None:
    Path(".env").write_bytes(data)

    assert complete("--include", "") == []


def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("pipe")

    assert complete("--env", "pipe", "--include", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_for_the_program(shell: str) -> None:
    script = completion_script(command, shell)

    assert f"_ASTRO_SYNC_COMPLETE={shell}_complete" in script
    if program := shutil.which(shell):
        assert subprocess.run([program, "-n"], input=script, text=True, check=False).returncode == 0
