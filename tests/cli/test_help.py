"""--help is true to the code."""

import re
import shlex

import click
import pytest

from astro_sync import __version__
from astro_sync.checks import explanations
from astro_sync.cli.app import cli
from astro_sync.errors import ExitCode
from sandbox import Sandbox

CONTEXT = click.Context(cli, info_name="astro-sync")
COMMANDS = sorted(cli.list_commands(CONTEXT))


def command_of(name: str) -> click.Command:
    command = cli.get_command(CONTEXT, name)
    assert command
    return command


def accept(line: str) -> None:
    """Parse a command line as click would, without running it; raises click's error for one that it rejects."""
    name, *words = shlex.split(line)[1:]
    command_of(name).make_context(name, words, parent=CONTEXT)


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
    for parameter in command_of(command).params:
        assert not isinstance(parameter, click.Option) or parameter.help


@pytest.mark.parametrize("command", ["local-to-deploy", "deploy-to-local", "diff"])
def test_help_says_can_be_repeated_of_a_deployment_where_two_are_taken(command: str, sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "stage")
    sandbox.write_env("A=1\n")
    words = ["--no-export", "--dry-run"] if command == "local-to-deploy" else []
    taken = sandbox.run(command, *words, "-d", "dep-1", "-d", "dep-2").code == 0
    helps = {each.name: each.help or "" for each in command_of(command).params if isinstance(each, click.Option)}
    for name in ("deployment_id", "deployment_name", "target"):
        assert ("can be repeated" in helps[name]) is taken


def test_the_time_limit_is_told_in_whole_seconds(sandbox: Sandbox) -> None:
    text = " ".join(sandbox.run("doctor", "--help").stdout.split())
    assert "[default: 120; 0<x<=86400]" in text


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
    assert sandbox.run("--version").stdout.strip().endswith(__version__)


def test_the_exit_codes_of_help_are_those_of_the_program(sandbox: Sandbox) -> None:
    listed = sandbox.run("--help").stdout.partition("Exit codes:\n")[2]
    rows = re.findall(r"^ +((?:\d+(?:, )?)+) +\S.*$", listed, re.MULTILINE)
    assert {int(number) for row in rows for number in re.findall(r"\d+", row)} == {int(code) for code in ExitCode}


def test_the_help_of_check_lists_every_check(sandbox: Sandbox) -> None:
    known = {code.split()[0] for code, _ in explanations()}
    assert set(re.findall(r"\bAS\d{3}\b", sandbox.run("check", "--help").stdout)) == known
