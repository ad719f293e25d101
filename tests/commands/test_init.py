"""`init` as it is typed: what it shows, asks, writes, leaves, and that what it wrote serves."""

import subprocess

import pytest

from runs import document, state_of, targets
from sandbox import Sandbox

FILES = {".gitignore", ".dockerignore", ".astro-sync.toml", "astro-sync.mk", "Makefile"}


def present(sandbox: Sandbox) -> set[str]:
    return {path.name for path in sandbox.project.iterdir()} & FILES


def test_without_a_terminal_it_goes_ahead(sandbox: Sandbox) -> None:
    result = sandbox.run("init")
    assert result.code == 0
    assert present(sandbox) == FILES
    for name in FILES:
        assert name in result.stdout
    assert "doctor" in result.stdout.splitlines()[-1]


def test_a_second_run_has_nothing_to_do_and_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.run("init")
    before = state_of(sandbox)
    times = {path.name: path.stat().st_mtime_ns for path in sandbox.project.iterdir()}
    result = sandbox.run("init")
    assert (result.code, result.stdout.splitlines()[-1]) == (0, "Nothing to do.")
    assert state_of(sandbox) == before
    assert {path.name: path.stat().st_mtime_ns for path in sandbox.project.iterdir()} == times
    assert sandbox.run("init", "--dry-run", "--exit-code").code == 0


@pytest.mark.parametrize(("words", "code"), [(("--dry-run",), 0), (("--dry-run", "--exit-code"), 5)])
def test_a_dry_run_shows_and_changes_nothing(sandbox: Sandbox, words: tuple[str, ...], code: int) -> None:
    before = state_of(sandbox)
    result = sandbox.run("init", *words)
    assert result.code == code
    assert "Nothing was changed." in result.stdout
    for name in FILES:
        assert name in result.stdout
    assert state_of(sandbox) == before
    assert present(sandbox) == set()


@pytest.mark.parametrize(
    ("answer", "words", "code", "questions"), [("n\n", (), 1, 1), ("y\n", (), 0, 1), ("", ("--yes",), 0, 0)]
)
def test_on_a_terminal_it_shows_and_asks(
    sandbox: Sandbox, answer: str, words: tuple[str, ...], code: int, questions: int
) -> None:
    result = sandbox.run("init", *words, tty=True, input=answer)
    assert result.code == code
    assert result.stdout.count("[y/N]") == questions
    assert present(sandbox) == (set() if code else FILES)
    if questions:
        shown = result.stdout.partition("[y/N]")[0]
        assert all(name in shown for name in FILES)


def test_nothing_is_asked_where_nothing_is_to_do(sandbox: Sandbox) -> None:
    sandbox.run("init")
    assert "[y/N]" not in sandbox.run("init", tty=True).stdout


def test_outside_a_project_it_refuses_and_leaves_nothing(plain_folder: Sandbox) -> None:
    before = state_of(plain_folder)
    result = plain_folder.run("init", "--yes")
    assert result.code == 4
    assert "astro dev init" in result.stderr
    assert state_of(plain_folder) == before
    assert present(plain_folder) == set()


def test_what_others_wrote_stays(sandbox: Sandbox) -> None:
    mine = {
        ".gitignore": "# mine\n*.pyc",
        ".dockerignore": "astro\n.git\n.env\n",
        "Makefile": "first:\n\t@echo first\n",
        "astro-sync.mk": "# somebody else's\n",
        ".astro-sync.toml": "[targets.dev]\ndeployment_id = 'dep-1'\n",
    }
    for name, text in mine.items():
        (sandbox.project / name).write_text(text)
    result = sandbox.run("init")
    assert result.code == 0
    for name, text in mine.items():
        assert (sandbox.project / name).read_text().startswith(text)
    for name in ("astro-sync.mk", ".astro-sync.toml"):
        assert (sandbox.project / name).read_text() == mine[name]
    assert "left" in result.stdout


def make(sandbox: Sandbox, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", *words], cwd=sandbox.project, env=sandbox.environment, capture_output=True, text=True, check=False
    )


def test_make_has_the_targets_and_keeps_its_default(sandbox: Sandbox) -> None:
    (sandbox.project / "Makefile").write_text("first:\n\t@echo first\n")
    sandbox.run("init")
    assert make(sandbox).stdout == "first\n"
    printed = make(sandbox, "help").stdout
    for name in ("local-to-deploy", "deploy-to-local", "env-export", "env-diff", "env-check"):
        assert name in printed


def test_a_target_of_make_runs_the_sync(sandbox: Sandbox) -> None:
    sandbox.run("init")
    sandbox.write_env("A=1\n", ".env.dev")
    words = ("DEPLOYMENT=dep-1", "ENV_FILE=.env.dev", "ASTRO_SYNC_ARGS=--no-export --yes")
    done = make(sandbox, "local-to-deploy", *words)
    assert done.returncode == 0, done.stderr
    assert sandbox.deployment() == {"A": ("1", False)}


def test_a_target_of_make_exports_into_env_alone(sandbox: Sandbox) -> None:
    sandbox.run("init")
    sandbox.set_airflow({"colour": "blue"})
    done = make(sandbox, "env-export")
    assert done.returncode == 0, done.stderr
    assert sandbox.read_env() == "AIRFLOW_VAR_COLOUR=blue\n"
    assert sandbox.deployment() == {}


def test_git_ignores_env_afterwards(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.write_env("A=1\n", ".env.prod")
    subprocess.run(["git", "init", "-q"], cwd=sandbox.project, env=sandbox.environment, check=True)
    sandbox.run("init")
    for name in (".env", ".env.prod"):
        command = ["git", "check-ignore", "-q", name]
        assert subprocess.run(command, cwd=sandbox.project, env=sandbox.environment, check=False).returncode == 0
    assert sandbox.run("check").code == 0


def test_the_doctor_is_content_afterwards(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.run("init")
    assert sandbox.run("doctor").code == 0


def test_the_config_that_it_writes_sets_nothing(sandbox: Sandbox) -> None:
    sandbox.run("init")
    text = (sandbox.project / ".astro-sync.toml").read_text()
    assert all(line.startswith("#") or not line for line in text.splitlines())
    assert "protected" in text
    sandbox.write_env("A=1\n")
    result = sandbox.run("diff", "-d", "dep-1", "-v")
    assert result.code == 0
    assert ".astro-sync.toml" not in result.stderr


def test_the_json_is_one_document(sandbox: Sandbox) -> None:
    result = sandbox.run("init", "--json")
    found = document(result)
    assert (found["command"], found["exit_code"], found["error"], found["places"]) == ("init", 0, None, [])
    assert present(sandbox) == FILES
    assert {row["path"]: row["action"] for row in found["files"]} == {
        str(sandbox.project / name): "create" for name in FILES
    }
    found = document(sandbox.run("init", "--json", "--dry-run"))
    assert found["dry_run"] is True
    assert {row["action"] for row in found["files"]} == {"unchanged"}


def test_the_deployments_of_the_workspace_fill_its_targets_in(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", 'the "other" one')
    assert sandbox.run("init").code == 0
    text = (sandbox.project / ".astro-sync.toml").read_text()
    assert '#[targets.prod]\n#deployment_id = "dep-1"\n' in text
    assert '#[targets."the \\"other\\" one"]\n#deployment_id = "dep-2"\n' in text
    lines = text.splitlines()
    wanted = [
        line[1:] for line in lines if line.startswith(("#[targets", '#deployment_id = "dep', "#[groups", "#all = "))
    ]
    (sandbox.project / ".astro-sync.toml").write_text("\n".join(wanted))
    sandbox.write_env("A=1\n")
    assert len(targets(document(sandbox.run("diff", "-t", "all", "--json")))) == 2


@pytest.mark.parametrize("context", [True, False])
def test_without_a_login_the_targets_are_examples_and_nothing_is_said(sandbox: Sandbox, *, context: bool) -> None:
    sandbox.log_out(context=context)
    result = sandbox.run("init")
    assert (result.code, result.stderr) == (0, "")
    assert "#[targets.dev]" in (sandbox.project / ".astro-sync.toml").read_text()


def test_a_second_run_asks_for_no_deployments(sandbox: Sandbox) -> None:
    sandbox.run("init")
    sandbox.forget_calls()
    sandbox.run("init")
    assert sandbox.calls() == []


def test_no_astro_is_needed(sandbox: Sandbox) -> None:
    assert sandbox.run("init", env={"PATH": "/nowhere"}).code == 0
    assert sandbox.calls() == []


def test_the_shell_function_is_where_the_last_lines_say(sandbox: Sandbox) -> None:
    line = next(line for line in sandbox.run("init").stdout.splitlines() if ": source " in line)
    script = line.partition(": source ")[2]
    done = subprocess.run(
        ["bash", "-c", f"source {script} && type -t astro"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "function\n"
