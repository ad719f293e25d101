"""A command line is taken apart without a process: what each command accepts, and what becomes of it."""

import shlex
from dataclasses import fields
from pathlib import Path

import click
import pytest

from astro_sync.cli.app import cli
from astro_sync.cli.registry import COMMANDS
from astro_sync.cli.session import place_in_project
from astro_sync.config.declarations import OPTIONS
from astro_sync.config.options import CommandLine

ROOT = click.Context(cli, info_name="astro-sync")
# Where each of design's options can be typed.
MOVES = {"local-to-deploy", "deploy-to-local", "merge"}
SYNCS = {"local-to-deploy", "deploy-to-local", "diff"}
READERS = MOVES | {"diff", "list"}
TAKERS = {
    "deployment_id": SYNCS,
    "deployment_name": SYNCS,
    "target": SYNCS,
    "workspace_id": SYNCS,
    "env": SYNCS | {"doctor"},
    "include": READERS,
    "exclude": READERS,
    "airflow_only": READERS,
    "on_conflict": MOVES,
    "rotate": MOVES,
    "secret": MOVES,
    "plain": MOVES,
    "no_export": {"local-to-deploy"},
    "export": {"diff"},
    "allow_argv": MOVES,
    "line_breaks": MOVES,
    "allow_expansion": MOVES,
    "exact_json": READERS,
    "allow_reserved": MOVES,
    "allow_placeholder": MOVES,
    "id_case": READERS,
    "partial": MOVES,
    "dry_run": MOVES | {"dedupe", "init"},
    "yes": MOVES | {"dedupe", "init"},
    "yes_protected": MOVES,
    "jobs": READERS,
    "with_secrets": READERS,
    "auto_link": MOVES,
    "allow_http": READERS,
    "no_backup": MOVES | {"dedupe", "check"},
    "no_receipts": MOVES,
    "exit_code": MOVES | {"diff", "dedupe", "init"},
}


def parse(line: str) -> dict[str, object]:
    name, *words = shlex.split(line)
    command = cli.get_command(ROOT, name)
    assert command
    return command.make_context(name, words, parent=ROOT).params


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_what_it_has_a_field_for_and_nothing_else(command: str) -> None:
    kind = COMMANDS[command].load().options
    made = cli.get_command(ROOT, command)
    assert made
    fields_of = {each.name for each in fields(kind)} - kind.fixed
    assert {parameter.name for parameter in made.params} == fields_of | {"as_json"}
    typed = {name for name, takers in TAKERS.items() if command in takers}
    assert typed <= {parameter.name for parameter in made.params if isinstance(parameter, click.Option)}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_declared_option_is_taken_by_some_command_or_only_by_a_target(name: str) -> None:
    taken = {each.name for entry in COMMANDS.values() for each in fields(entry.load().options)} | {"as_json"}
    assert (name in taken) is (OPTIONS[name].scope != "target only")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("merge a b", {"source": "a", "destination": "b"}),
        ("diff", {"source": "", "destination": ""}),
        ("diff a b", {"source": "a", "destination": "b"}),
        ("list airflow:", {"place": "airflow:"}),
        ("dedupe", {"env": ".env"}),
        ("dedupe x", {"env": "x"}),
        ("check a b", {"files": ("a", "b")}),
        ("check", {"files": ()}),
        ("local-to-deploy -d a -d b -e -", {"deployment_id": ("a", "b"), "env": "-"}),
        ("local-to-deploy --allow-argv 'A*' --allow-argv B", {"allow_argv": ("A*", "B")}),
        ("merge a b --line-breaks env-manager", {"line_breaks": "env-manager"}),
        ("merge a b --id-case upper --exact-json", {"id_case": "upper", "exact_json": True}),
        ("doctor --timeout 3", {"timeout": 3.0}),
        ("doctor", {"timeout": 120.0, "format": "table", "as_json": False, "astro_bin": None}),
        ("diff --format markdown", {"format": "markdown"}),
    ],
)
def test_what_is_typed_arrives(line: str, expected: dict[str, object]) -> None:
    found = parse(line)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_whether_a_file_can_be_read_is_left_to_its_place(command: str) -> None:
    made = cli.get_command(ROOT, command)
    assert made
    assert not any(each.type.readable for each in made.params if isinstance(each.type, click.Path))


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("merge a", "DEST"),
        ("merge a b c", "unexpected extra argument"),
        ("merge a b --allow-argv", "--allow-argv"),
        ("merge a b --line-breaks split", "--line-breaks"),
        ("merge a b --on-conflict never", "--on-conflict"),
        ("merge a b --no-export", "--no-export"),
        ("doctor --jobs 2", "--jobs"),
        ("doctor --timeout 0", "--timeout"),
        ("doctor --timeout nan", "--timeout"),
        ("doctor --format yaml", "--format"),
        ("dedupe --fix", "--fix"),
        ("mrege a b", "Did you mean 'merge'?"),
    ],
)
def test_what_is_no_option_is_a_usage_error(line: str, wrong: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parse(line) if line.split(maxsplit=1)[0] in COMMANDS else cli.get_command(ROOT, line.split(maxsplit=1)[0])
    assert wrong in caught.value.format_message()


@pytest.mark.parametrize(
    ("name", "typed", "placed"),
    [
        ("env", "x.env", "dags/x.env"),
        ("env", "../x.env", "x.env"),
        ("env", "/abs/x.env", "/abs/x.env"),
        ("env", "-", "-"),
        ("files", ("a", "../b"), ("dags/a", "b")),
        ("source", "variables:v.json", "variables:dags/v.json"),
        ("source", "backend:", "backend:"),
        ("source", "backend:../.env.prod", "backend:.env.prod"),
        ("source", "backend:@prod", "backend:@prod"),
        ("destination", "deployment:clx1", "deployment:clx1"),
        ("destination", "airflow:https://h/x", "airflow:https://h/x"),
        ("destination", "./odd:name", "dags/odd:name"),
        ("destination", "../odd:name", "./odd:name"),
        ("place", "airflow:", "airflow:"),
        ("include", ("a",), ("a",)),
    ],
)
def test_a_name_that_is_typed_in_a_sub_folder_means_the_same_file_from_the_project_on(
    name: str, typed: object, placed: object
) -> None:
    line = CommandLine({name: typed}, frozenset({name}))
    assert place_in_project(line, Path("/p/dags"), Path("/p")).given == {name: placed}


def test_a_default_is_not_taken_for_a_typed_name() -> None:
    line = CommandLine({"env": ".env"}, frozenset())
    assert place_in_project(line, Path("/p/dags"), Path("/p")) == line
