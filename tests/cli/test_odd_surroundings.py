"""Where a run finds itself: in a sub-folder, in a folder that is gone, without a home, with the config of another."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from runs import document
from sandbox import Result, Sandbox


def run_in(sandbox: Sandbox, folder: Path, *words: str) -> Result:
    sub = f"cd {shlex.quote(str(folder))} && exec astro-sync {shlex.join(words)}"
    return shell(sandbox, sub)


def shell(sandbox: Sandbox, command: str, **environ: str) -> Result:
    done = subprocess.run(
        ["sh", "-c", command],
        env=sandbox.environment | environ,
        cwd=sandbox.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.stdout, done.stderr, done.returncode)


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.write_env("A=1\n")
    (sandbox.project / "dags" / "deep").mkdir(parents=True)
    return sandbox


# --- a sub-folder ---


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("dedupe",),
        ("doctor",),
        ("diff", "-d", "dep-1"),
        ("local-to-deploy", "--no-export", "-d", "dep-1", "--yes"),
        ("init", "--dry-run"),
    ],
)
def test_a_sub_folder_works_on_the_project_above_and_says_so_once(project: Sandbox, words: tuple[str, ...]) -> None:
    (project.project / ".astro-sync.toml").write_text("[targets.dev]\ndeployment_id = 'dep-1'\n")
    above = project.run(*words)
    project.forget_calls()
    if project.writes():
        project.set_variable("A", "0")
        words = (*words, "--on-conflict", "overwrite")

    below = run_in(project, project.project / "dags" / "deep", *words)

    assert below.code == above.code, below.stderr
    assert below.stderr.count(f"Working on the project above: {project.project}.") == 1
    assert all(call["cwd"] == str(project.project) for call in project.calls())


def test_a_name_that_is_typed_there_is_meant_from_there(project: Sandbox) -> None:
    project.write_env("B=1\nB=2\n", "dags/deep/x.env")

    found = run_in(project, project.project / "dags" / "deep", "check", "x.env", "--select", "AS103")

    assert (found.code, found.stdout.split(":")[0]) == (5, "dags/deep/x.env")


def test_the_home_folder_is_no_project_above(sandbox: Sandbox) -> None:
    folder = sandbox.home / "work"
    folder.mkdir()
    found = run_in(sandbox, folder, "doctor")
    assert found.code == 4
    assert "Working on" not in found.stderr


# --- no folder, no home ---


@pytest.mark.parametrize("words", ["check", "doctor --json", "diff -d dep-1", "completion bash", "--version"])
def test_a_folder_that_was_removed_is_told_in_a_sentence(sandbox: Sandbox, words: str) -> None:
    gone = sandbox.folder / "gone"
    gone.mkdir()

    found = shell(sandbox, f"cd {gone} && rmdir {gone} && exec astro-sync {words}")

    assert "Traceback" not in found.stderr
    if words in {"completion bash", "--version"}:
        assert found.code == 0
        return
    assert found.code == 4
    assert "current folder" in found.stderr
    if "--json" in words:
        assert document(found)["exit_code"] == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run as nobody in particular")
def test_a_user_without_a_home_is_told_in_a_sentence() -> None:
    program = (
        "import os, sys; os.environ.pop('HOME', None); os.setuid(54321); sys.argv = ['astro-sync', 'check', '--json'];"
        "from astro_sync.__main__ import main; main()"
    )
    warmed = f"import astro_sync.cli.app, astro_sync.cli.session, astro_sync.commands.check; {program}"
    done = subprocess.run(
        [sys.executable, "-c", warmed], cwd="/", env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert "HOME is not set" in done.stderr
    assert '"exit_code": 4' in done.stdout


# --- a config of somebody else ---


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(
    "words", [("check",), ("diff", "-d", "dep-1"), ("local-to-deploy", "-d", "dep-1", "--yes"), ("dedupe",)]
)
def test_a_config_of_somebody_else_above_runs_nothing(project: Sandbox, words: tuple[str, ...]) -> None:
    trap = project.folder / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {project.folder}/sprung\n")
    trap.chmod(0o755)
    config = project.folder / ".astro-sync.toml"
    config.write_text(f'[defaults]\nastro_bin = "{trap}"\n')
    os.chown(config, 65534, 65534)

    found = project.run(*words)

    assert (found.code, found.stdout) == (2, "")
    assert "belongs to" in found.stderr
    assert "chown" in found.stderr
    assert project.calls() == []
    assert not (project.folder / "sprung").exists()
    assert "belongs to" in project.run("doctor").stdout


def test_a_config_names_no_program(project: Sandbox) -> None:
    (project.project / ".astro-sync.toml").write_text('[defaults]\nastro_bin = "/bin/true"\n')
    found = project.run("diff", "-d", "dep-1")
    assert found.code == 2
    assert "ASTRO_SYNC_ASTRO_BIN" in found.stderr
    assert project.calls() == []


# --- names that name nothing, files that are none ---


@pytest.mark.parametrize(
    "command", [("local-to-deploy", "--no-export", "--yes"), ("deploy-to-local", "--yes"), ("diff",)]
)
@pytest.mark.parametrize(
    ("words", "variable", "config"),
    [
        (("-d", ""), "", ""),
        (("-d", " "), "", ""),
        (("-n", ""), "", ""),
        (("-d", "dep-1", "-w", ""), "", ""),
        (("-t", ""), "", "[targets.x]\ndeployment_id = 'dep-1'\n"),
        (("-t", "x"), "", "[targets.x]\ndeployment_id = ''\n"),
        ((), "", "[defaults]\ndeployment_name = ''\n"),
        ((), " ", ""),
    ],
)
def test_an_empty_name_names_no_deployment(
    project: Sandbox, command: tuple[str, ...], words: tuple[str, ...], variable: str, config: str
) -> None:
    if config:
        (project.project / ".astro-sync.toml").write_text(config)

    found = project.run(*command, *words, env={"ASTRO_SYNC_DEPLOYMENT_ID": variable, "ASTRO_API_TOKEN": "a-token"})

    assert (found.code, found.stdout) == (2, "")
    assert project.calls("deployment") == []
    assert project.read_env() == "A=1\n"


@pytest.mark.parametrize(
    "words", [("dedupe", "-"), ("dedupe", "--check", "-"), ("check", "--fix", "-"), ("merge", "-", "x")]
)
def test_stdin_is_no_file_to_rewrite(project: Sandbox, words: tuple[str, ...]) -> None:
    found = project.run(*words, input="A=1\nA=2\n")
    assert (found.code, found.stdout) == (2, "")
    assert "stdin" in found.stderr


def test_the_doctor_survives_a_link_that_leads_in_a_circle(sandbox: Sandbox) -> None:
    (sandbox.project / ".env").symlink_to(".env")
    found = sandbox.run("doctor")
    assert found.code in {4, 5}
    assert "env: " in found.stdout


def test_a_comparison_before_the_first_sync_takes_a_missing_file_for_an_empty_one(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    assert sandbox.run("diff", "-d", "dep-1").code == 0
    assert "A" in sandbox.run("diff", "-d", "dep-1").stdout
    assert sandbox.run("diff", "-d", "dep-1", "-e", ".env").code == 2
