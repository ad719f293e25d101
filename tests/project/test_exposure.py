"""Who would take the files with values, asked of a real git and of the rules of Docker's builder."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from astro_sync.project.exposure import examine_env_files
from astro_sync.project.finding import Finding, State
from sandbox import Sandbox


def examine(sandbox: Sandbox, further: Sequence[str] = ()) -> list[Finding]:
    return examine_env_files(sandbox.project, further, sandbox.environment)


def ignore_all(sandbox: Sandbox) -> None:
    for name in (".gitignore", ".dockerignore"):
        (sandbox.project / name).write_text(".env\n.env.*\n")


def named(findings: Sequence[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_a_file_with_values_that_git_would_take_is_a_problem(sandbox: Sandbox) -> None:
    git(sandbox.project, "init", "-q")
    ignore_all(sandbox)
    (sandbox.project / ".gitignore").write_text(".env\n")
    sandbox.write_env("A=1\n", ".env.prod")
    sandbox.write_env("A=\n", ".env.example")

    findings = examine(sandbox)

    found = named(findings, "env-ignored-by-git")
    assert found.state is State.PROBLEM
    assert ".env.prod" in found.message
    assert ".env.example" not in found.message
    assert "astro-sync init" in found.next


def test_a_file_that_git_has_is_a_problem_even_if_it_is_ignored_now(sandbox: Sandbox) -> None:
    git(sandbox.project, "init", "-q")
    sandbox.write_env("A=1\n")
    git(sandbox.project, "add", ".env")
    ignore_all(sandbox)

    found = named(examine(sandbox), "env-ignored-by-git")

    assert found.state is State.PROBLEM
    assert "git rm --cached .env" in found.next


def test_what_is_not_ignored_and_not_there_yet_is_a_warning(sandbox: Sandbox) -> None:
    git(sandbox.project, "init", "-q")

    findings = examine(sandbox)

    assert named(findings, "env-ignored-by-git").state is State.WARNING
    assert named(findings, "env-ignored-by-docker").state is State.WARNING
    assert "astro-sync init" in named(findings, "env-ignored-by-docker").next


def test_without_a_repository_git_takes_nothing(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")

    assert named(examine(sandbox), "env-ignored-by-git").state is State.OK


def test_without_git_a_repository_is_a_warning(sandbox: Sandbox) -> None:
    (sandbox.project / ".git").mkdir()

    findings = examine_env_files(sandbox.project, [], {"PATH": str(sandbox.temporary)})

    assert named(findings, "env-ignored-by-git").state is State.WARNING


@pytest.mark.parametrize(
    ("name", "text", "state"),
    [
        (".dockerignore", "", State.PROBLEM),
        (".dockerignore", ".env\n", State.WARNING),
        (".dockerignore", ".env*\n", State.OK),
        (".dockerignore", ".env*\n!.env\n", State.PROBLEM),
        (".dockerignore", ".en[uvw]*\n", State.WARNING),
        ("Dockerfile.dockerignore", "logs\n", State.PROBLEM),
    ],
)
def test_a_file_with_values_that_an_image_would_take_is_a_problem(
    sandbox: Sandbox, name: str, text: str, state: State
) -> None:
    ignore_all(sandbox)
    (sandbox.project / name).write_text(text)
    sandbox.write_env("A=1\n")

    found = named(examine(sandbox), "env-ignored-by-docker")

    assert found.state is state
    assert (name in found.next) is (state is not State.OK)


def test_a_file_that_others_can_read_is_a_warning_with_the_command_that_helps(sandbox: Sandbox) -> None:
    ignore_all(sandbox)
    sandbox.write_env("A=1\n").chmod(0o644)
    sandbox.write_env("A=1\n", ".env.my dev").chmod(0o640)
    (sandbox.project / ".env.d").mkdir()

    findings = examine(sandbox)

    found = named(findings, "env-permissions")
    assert (found.state, found.next) == (State.WARNING, "Run `chmod 600 .env '.env.my dev'`.")


def test_a_file_that_a_target_names_is_looked_at_too(sandbox: Sandbox) -> None:
    ignore_all(sandbox)
    (sandbox.project / "conf").mkdir()
    sandbox.write_env("A=1\n", "conf/dev").chmod(0o644)

    findings = examine(sandbox, ["./conf/dev", "not-there", "../outside"])

    assert "conf/dev" in named(findings, "env-permissions").next
    assert named(findings, "env-ignored-by-docker").state is State.PROBLEM


def test_a_link_that_leads_in_a_circle_is_no_file_with_values(sandbox: Sandbox) -> None:
    (sandbox.project / ".env").symlink_to(".env")
    git(sandbox.project, "init", "-q")

    findings = examine(sandbox)

    assert named(findings, "env-permissions").state is State.OK
    assert named(findings, "env-ignored-by-git").state is State.WARNING
