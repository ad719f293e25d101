"""README.md and --help are true to each other and to the code."""

import io
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from astro_sync.checks import explanations
from astro_sync.cli.app import cli
from astro_sync.config import file as config
from astro_sync.core.model import Action
from astro_sync.errors import ExitCode
from astro_sync.places.registry import PLACES
from sandbox import Sandbox

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text()
CONTEXT = click.Context(cli, info_name="astro-sync")
COMMANDS = sorted(cli.list_commands(CONTEXT))


def command_of(name: str) -> click.Command:
    command = cli.get_command(CONTEXT, name)
    assert command
    return command


def options(command: str) -> list[click.Option]:
    return [parameter for parameter in command_of(command).params if isinstance(parameter, click.Option)]


def table_under(title: str) -> list[list[str]]:
    """Return the cells of the table in a section, header and rule left out."""
    section = re.split(r"^#+ ", README.partition(f" {title}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def in_prose() -> Iterator[str]:
    """Yield each command line of ours that stands in backticks or in a console block."""
    outside = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`]+)`", outside):
        yield " ".join(code.split())
    for block in fences("console"):
        yield from (line[2:] for line in block.splitlines() if line.startswith("$ "))


def lines_of_ours() -> list[str]:
    found = []
    for line in in_prose():
        words = line.partition(" #")[0].split("|")[-1].strip()
        if words.startswith("astro-sync ") and words.split()[1] in COMMANDS:
            found.append(words)
    return sorted(set(found))


def accept(line: str) -> None:
    """Parse a command line as click would, without running it; raises click's error for one that it rejects."""
    line = line.replace("…", "").replace("[FILE]", "").replace("SHELL", "bash")
    name, *words = shlex.split(line.replace("|", "/"))[1:]
    command_of(name).make_context(name, words, parent=CONTEXT)


# --- commands and options ---


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"`astro-sync {command}" in README


def test_every_command_of_the_table_is_there_and_the_other_way_round() -> None:
    named = {
        match[1] for row in table_under("The other commands") if (match := re.match(r"`astro-sync ([a-z-]+)", row[0]))
    }
    assert named | {"local-to-deploy", "deploy-to-local"} == set(COMMANDS)


def test_the_environment_variables_of_the_readme_are_those_of_help() -> None:
    read = {"ASTRO_SYNC_DEPLOYMENT_ID", "ASTRO_SYNC_ASTRO_BIN"}
    assert read <= set(re.findall(r"ASTRO_SYNC_[A-Z_]+[A-Z]", README))
    command = command_of("local-to-deploy")
    text = command.get_help(click.Context(command, info_name="local-to-deploy"))
    assert read == set(re.findall(r"ASTRO_SYNC_[A-Z_]+[A-Z]", text))


@pytest.mark.parametrize("line", lines_of_ours())
def test_every_command_line_of_the_readme_is_accepted(line: str) -> None:
    accept(line)


# --- help ---


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example_that_is_accepted(command: str, sandbox: Sandbox) -> None:
    text = sandbox.run(command, "--help").stdout
    example = re.search(r"^ +Examples?:\n((?: +.+\n)+)", text, re.MULTILINE)
    assert example
    lines = [line.strip() for line in example[1].splitlines()]
    for line in lines:
        ours = re.search(r"astro-sync [^)\"]+", line)
        assert ours
        assert ours[0].split()[1] == command
        accept(ours[0])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_does(command: str) -> None:
    for option in options(command):
        assert option.help


def test_help_lists_every_command_with_a_sentence(sandbox: Sandbox) -> None:
    text = sandbox.run("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S.*\S$", text, re.MULTILINE)
    assert not re.search(r"\.\.\.$", text.partition("Commands:")[2].partition("\n\n")[0], re.MULTILINE)


def test_the_guide_names_commands_that_are_accepted(sandbox: Sandbox) -> None:
    lines = re.findall(r"^  (astro-sync \S.*?)(?:  .*)?$", sandbox.run().stdout, re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        accept(line)


def test_h_is_help_everywhere(sandbox: Sandbox) -> None:
    for words in ((), ("diff",)):
        assert sandbox.run(*words, "-h").stdout == sandbox.run(*words, "--help").stdout


def test_the_version_is_that_of_the_package(sandbox: Sandbox) -> None:
    from astro_sync import __version__

    assert sandbox.run("--version").stdout.strip().endswith(__version__)
    assert f"v{__version__}" in README


# --- exit codes ---


def numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"\d+", text)}


def test_the_exit_codes_are_the_same_in_the_readme_in_help_and_in_the_code(sandbox: Sandbox) -> None:
    known = {int(code) for code in ExitCode}
    assert set().union(*(numbers(row[0]) for row in table_under("Exit codes"))) == known
    listed = sandbox.run("--help").stdout.partition("Exit codes:\n")[2]
    rows = re.findall(r"^ +((?:\d+(?:, )?)+) +(\S.*)$", listed, re.MULTILINE)
    assert set().union(*(numbers(row[0]) for row in rows)) == known


def test_the_exit_codes_mean_the_same_in_both(sandbox: Sandbox) -> None:
    listed = sandbox.run("--help").stdout.partition("Exit codes:\n")[2]
    short = dict(re.findall(r"^ +(\d[\d, ]*\d|\d) +(\S.*)$", listed, re.MULTILINE))
    for code, long in table_under("Exit codes"):
        first = re.findall(r"[a-z]+", short[code].lower())
        assert first[0] in long.lower(), code


def test_the_actions_are_those_of_the_json() -> None:
    listed = README.partition("actions are ")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", listed)) == {action.value for action in Action}


# --- config ---


def test_the_config_of_the_readme_is_valid(tmp_path: Path) -> None:
    (text,) = fences("toml")
    (tmp_path / config.NAME).write_text(text)
    found = config.load(tmp_path)
    assert found
    assert found.targets["prod"]["protected"] is True
    assert "defaults" in tomllib.loads(text)


def test_the_table_of_options_is_as_the_declarations_say() -> None:
    script = PROJECT / "scripts" / "readme.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- CI, pre-commit, checks ---


def test_the_workflow_is_yaml_and_its_command_line_is_accepted() -> None:
    (text,) = [block for block in fences("yaml") if "runs-on" in block]
    (job,) = YAML(typ="safe").load(io.StringIO(text))["jobs"].values()
    assert "ASTRO_API_TOKEN" in job["env"]
    scripts = [step["run"] for step in job["steps"] if "run" in step]
    (script,) = [script for script in scripts if "astro-sync local-to-deploy" in script]
    (line,) = re.findall(r"astro-sync [^>|]+", script.replace("\\\n", ""))
    accept(line)
    for word in ("--yes", "--json", "--no-export", ".env.prod"):
        assert word in line
    assert "GITHUB_STEP_SUMMARY" in script
    assert "main" in text


def test_the_workflow_s_script_serves(sandbox: Sandbox) -> None:
    (text,) = [block for block in fences("yaml") if "runs-on" in block]
    (job,) = YAML(typ="safe").load(io.StringIO(text))["jobs"].values()
    scripts = [step["run"] for step in job["steps"] if step.get("name") in {"Fetch the values", "Sync"}]
    summary = sandbox.folder / "summary.md"
    environment = sandbox.environment | {
        "ENV_PROD": "A=planted\nMY_TOKEN=planted",
        "DEPLOYMENT_ID": "dep-1",
        "GITHUB_STEP_SUMMARY": str(summary),
        "ASTRO_API_TOKEN": "a-token",
    }
    codes = []
    for _ in range(2):
        done = [
            subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", script],
                cwd=sandbox.project,
                env=environment,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            for script in scripts
        ]
        codes += [each.returncode for each in done]
        assert not any(b"planted" in each.stdout + each.stderr for each in done)
    assert codes == [0] * 4
    assert "planted" not in summary.read_text()
    assert summary.read_text().count("```json\n{") == 2
    assert set(sandbox.deployment()) == {"A", "MY_TOKEN"}
    sandbox.set_variable("A", "x")
    sandbox.fault("write-refused")
    failed = subprocess.run(
        ["bash", "-e", "-c", scripts[-1]], cwd=sandbox.project, env=environment, capture_output=True, check=False
    )
    assert failed.returncode == 1
    assert '"exit_code": 1' in summary.read_text()


def test_the_pre_commit_hook_of_the_readme_is_the_one_that_there_is() -> None:
    hooks = YAML(typ="safe").load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    (text,) = [block for block in fences("yaml") if "repos:" in block]
    wanted = [hook["id"] for hook in YAML(typ="safe").load(io.StringIO(text))["repos"][0]["hooks"]]
    assert set(wanted) <= {hook["id"] for hook in hooks}
    for hook in hooks:
        accept(hook["entry"])


def test_every_code_of_a_check_that_the_readme_or_help_names_is_there(sandbox: Sandbox) -> None:
    known = {code.split()[0] for code, _ in explanations()}
    assert set(re.findall(r"\bAS\d{3}\b", README)) <= known
    text = sandbox.run("check", "--help").stdout
    assert set(re.findall(r"\bAS\d{3}\b", text)) == known


def test_the_make_targets_of_the_readme_are_those_of_the_kit() -> None:
    kit = (PROJECT / "scripts" / "astro-sync.mk").read_text()
    targets = set(re.findall(r"^([a-z-]+): ##", kit, re.MULTILINE))
    assert targets == set(re.findall(r"`make ([a-z-]+)`", README)) - {"help"}
    for variable in ("DEPLOYMENT", "ENV_FILE"):
        assert f"{variable}=" in README
        assert variable in kit


@pytest.mark.parametrize(
    "recipe",
    [
        "new project",
        "new teammate",
        "Rotate a secret",
        "private key of several lines",
        "Promote dev to prod",
        "CI without a local Airflow",
        "secret manager",
        "One run per Deployment at a time",
        "Before `astro deploy`",
    ],
)
def test_the_readme_has_each_recipe(recipe: str) -> None:
    assert recipe.lower() in README.partition("## Recipes")[2].partition("## What shadows")[0].lower()


def test_the_readme_names_places_of_merge_only_as_they_are() -> None:
    prefixes = set(re.findall(r"`(\w+):[A-Z]+`", README))
    assert prefixes <= set(PLACES)
