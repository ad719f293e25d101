"""A question that is answered with no ends a run in one line, and changes nothing."""

import pytest

from runs import state_of
from sandbox import Sandbox

PROTECTED = "[targets.{}]\ndeployment_id = '{}'\nprotected = true\n"
TWO = PROTECTED.format("prod", "dep-1") + PROTECTED.format("eu", "dep-2")


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.add_deployment("dep-2", "eu")
    sandbox.write_env("A=1\nA=2\n")
    sandbox.set_variable("A", "other")
    return sandbox


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (("local-to-deploy", "--no-export", "-d", "dep-2"), "n\n"),
        (("deploy-to-local", "-d", "dep-1", "--on-conflict", "overwrite"), "n\n"),
        (("merge", ".env", "other.env"), "n\n"),
        (("dedupe",), "n\n"),
        (("init",), "n\n"),
    ],
)
def test_no_is_exit_1_and_one_line_without_a_second_report(
    project: Sandbox, words: tuple[str, ...], typed: str
) -> None:
    before = state_of(project)

    result = project.run(*words, tty=True, input=typed)

    assert result.code == 1
    assert state_of(project) == before
    assert result.stdout.count("othing was changed") == 1
    assert result.stdout.endswith("\nNothing was changed.\n")
    assert "Error" not in result.stdout


def test_a_name_that_was_mistyped_is_told_with_the_one_that_was_expected(project: Sandbox) -> None:
    (project.project / ".astro-sync.toml").write_text(TWO)

    result = project.run("local-to-deploy", "--no-export", "-t", "prod", "--on-conflict", "keep", "--include", "B")
    assert result.code == 0
    result = project.run(
        "local-to-deploy", "--no-export", "-t", "prod", "--on-conflict", "overwrite", tty=True, input="prd\n"
    )

    assert result.code == 1
    assert result.stdout.endswith('\nNothing was changed: you typed "prd", the target is "prod".\n')
    assert project.writing_calls() == []


def test_all_protected_targets_are_named_at_once(project: Sandbox) -> None:
    (project.project / ".astro-sync.toml").write_text(TWO)
    words = ("local-to-deploy", "--no-export", "-t", "prod", "-t", "eu", "--on-conflict", "overwrite", "--yes")

    refused = project.run(*words)

    assert (refused.code, project.writing_calls()) == (2, [])
    hint = next(line for line in refused.stderr.splitlines() if line.startswith("Next"))
    options = hint.partition("--")[1] + hint.partition("--")[2].rstrip(".")
    assert project.run(*words, *options.split()).code == 0


@pytest.mark.parametrize(("configured", "protects"), [(" dep-1 ", True), ("DEP-1", False), ("dep-10", None)])
def test_a_protected_id_is_compared_without_blanks_and_told_when_it_nearly_matches(
    project: Sandbox, configured: str, *, protects: bool | None
) -> None:
    (project.project / ".astro-sync.toml").write_text(
        f"[targets.x]\ndeployment_id = '{configured}'\nprotected = true\n"
    )

    result = project.run("local-to-deploy", "--no-export", "-d", "dep-1", "--on-conflict", "overwrite", "--yes")

    assert result.code == (2 if protects else 0)
    assert ("upper and lower case" in result.stderr) is (protects is False)


def test_the_json_of_a_declined_question_says_so(project: Sandbox) -> None:
    result = project.run("merge", ".env", "other.env", "--json", tty=True, input="n\n")
    assert result.code == 1
    assert '"code": "declined"' in result.stdout
