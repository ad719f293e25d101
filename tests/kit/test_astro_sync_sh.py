"""scripts/astro-sync.sh in real shells, with programs that record how they were called."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

SOURCED = Path(__file__).parents[2] / "scripts" / "astro-sync.sh"
RECORDER = f"""\
#!{sys.executable}
import json, os, sys
if "_ASTRO_SYNC_COMPLETE" in os.environ:
    from astro_sync.cli.app import main
    sys.exit(main())
print(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]))
sys.exit(int(os.environ.get("EXIT", "0")))
"""
SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed"))
    for shell in ("bash", "zsh")
]
# Without the machine's own start-up files.
QUIET = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("astro", "astro-sync"):
        program = folder / name
        program.write_text(RECORDER)
        program.chmod(0o755)
    return folder


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(shell: str, programs: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script that may begin with `. "$SOURCED"`."""
    return subprocess.run(
        [shell, *QUIET[shell], "-c", script],
        env={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "SOURCED": str(SOURCED), "LC_ALL": "C.UTF-8"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def called(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("astro sync local-to-deploy -d abc", ["astro-sync", "local-to-deploy", "-d", "abc"]),
        ("astro sync", ["astro-sync"]),
        ("astro", ["astro"]),
        ("astro deploy --force", ["astro", "deploy", "--force"]),
        ("astro deploy sync", ["astro", "deploy", "sync"]),
        ("astro '' sync", ["astro", "", "sync"]),
        ("astro syncs", ["astro", "syncs"]),
        (
            """astro run 'a  b' "c'd" '*' '$x' -- '' '\\n'""",
            ["astro", "run", "a  b", "c'd", "*", "$x", "--", "", "\\n"],
        ),
        ("""astro sync 'a  b' '*' '' -- "$(printf 'x\\ny')\"""", ["astro-sync", "a  b", "*", "", "--", "x\ny"]),
    ],
)
def test_only_sync_is_taken_and_every_word_arrives(shell: str, programs: Path, typed: str, expected: list[str]) -> None:
    assert called(run(shell, programs, f'. "$SOURCED"\n{typed}')) == [expected]


@pytest.mark.parametrize("typed", ["astro deploy", "astro sync diff"])
def test_the_exit_status_is_the_programs(shell: str, programs: Path, typed: str) -> None:
    assert run(shell, programs, f'. "$SOURCED"\n{typed}', EXIT="7").returncode == 7


@pytest.mark.parametrize("typed", ["astro deploy", "astro sync diff"])
def test_strict_scripts_end_where_the_program_fails(shell: str, programs: Path, typed: str) -> None:
    script = f'set -eu -o pipefail\n. "$SOURCED"\n. "$SOURCED"\nEXIT=0 astro version\n{typed} | cat\necho unreached'
    done = run(shell, programs, script, EXIT="3")
    assert done.returncode == 3
    assert len(called(done)) == 2


def test_stdin_reaches_the_program(shell: str, programs: Path) -> None:
    (programs / "astro").write_text("#!/bin/sh\ncat\n")
    assert run(shell, programs, '. "$SOURCED"\necho piped | astro env').stdout == "piped\n"


def test_a_missing_astro_is_the_shells_own_error(shell: str, programs: Path) -> None:
    (programs / "astro").unlink()
    assert run(shell, programs, '. "$SOURCED"\nastro deploy').returncode == 127


def test_aliases_of_the_user_stand_above_and_below(shell: str, programs: Path) -> None:
    enable = {"bash": "shopt -s expand_aliases", "zsh": "setopt aliases"}[shell]
    script = f"""{enable}
alias astro='astro --verbosity=debug'
. "$SOURCED"
alias ad='astro deploy'
eval 'ad --force'
unalias astro
eval 'astro sync diff'
"""
    assert called(run(shell, programs, script)) == [
        ["astro", "--verbosity=debug", "deploy", "--force"],
        ["astro-sync", "diff"],
    ]


@pytest.mark.parametrize("interactive", ["", "-i"])
def test_no_variable_is_left_behind(shell: str, programs: Path, interactive: str) -> None:
    names = {"bash": "compgen -v", "zsh": "print -l ${(k)parameters}"}[shell]
    script = f'{names} | sort >before; . "$SOURCED"; . "$SOURCED"; {names} | sort >after; comm -13 before after'
    done = run(shell, programs, f"cd {programs}; {shell} {' '.join(QUIET[shell])} {interactive} -c '{script}' 2>&1")
    new = {line for line in done.stdout.splitlines() if "job control" not in line and "terminal process" not in line}
    assert new <= {"_", "PIPESTATUS", "pipestatus"}


SET_UP_COMPLETION = {"bash": ":", "zsh": "autoload -Uz compinit; compinit -u -D"}
CLI_COMPLETION = {
    "bash": "_cli() { COMPREPLY=($(compgen -W 'deploy dev support' -- \"$2\")); }; complete -o default -F _cli astro",
    "zsh": "_cli() { compadd deploy dev support }; compdef _cli astro",
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("astro sup\t", ["astro", "support"]),
        ("astro sy\t", ["astro-sync"]),
        ("astro dep\t", ["astro", "deploy"]),
        ("astro sync deploy-to\t", ["astro-sync", "deploy-to-local"]),
        ("astro sync deploy-to-local --dry\t", ["astro-sync", "deploy-to-local", "--dry-run"]),
        ("astro sync deploy-to-local --env unus\t", ["astro-sync", "deploy-to-local", "--env", "unusual.txt"]),
    ],
)
def test_completion_knows_both_programs(shell: str, programs: Path, typed: str, completed: list[str]) -> None:
    assert complete(shell, programs, typed, CLI_COMPLETION[shell]) == completed


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("astro sy\t", ["astro-sync"]),
        ("astro sync deploy-to\t", ["astro-sync", "deploy-to-local"]),
        ("astro deploy unus\t", ["astro", "deploy", "unusual.txt"]),
    ],
)
def test_completion_needs_none_of_the_astro_cli(shell: str, programs: Path, typed: str, completed: list[str]) -> None:
    assert complete(shell, programs, typed, ":") == completed


def complete(shell: str, programs: Path, typed: str, cli_completion: str) -> object:
    """Type something into an interactive shell that sourced the file twice; return the call that came of it."""
    (programs / "unusual.txt").touch()
    child = pexpect.spawn(
        shell,
        [*QUIET[shell], "-i"],
        cwd=str(programs),
        env={
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PS1": "ready> ",
            "TERM": "dumb",
            "HOME": str(programs),
            "LC_ALL": "C.UTF-8",
        },
        encoding="utf-8",
        timeout=20,
    )
    child.expect_exact("ready> ")
    child.sendline(f"{SET_UP_COMPLETION[shell]}; {cli_completion}; . {SOURCED}; . {SOURCED}; echo sour''ced")
    child.expect_exact("sourced")
    child.expect_exact("ready> ")
    child.send(typed)
    child.sendline()
    child.expect(r"\[\"astro.*\]")
    call: object = json.loads(str(child.match.group()))
    child.sendline("exit")
    child.wait()
    return call
