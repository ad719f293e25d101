"""`list`: what a place holds, by kind and id, however the place orders it."""

import re

import pytest

from runs import document
from sandbox import Sandbox


def test_what_a_place_holds_is_listed_by_kind_and_id(sandbox: Sandbox) -> None:
    sandbox.write_env("Z=1\nAIRFLOW_VAR_X=1\nAIRFLOW_CONN_PG=http://h\nA=1\nAIRFLOW_VAR_B=1\n")
    found = document(sandbox.run("list", ".env", "--json"))["objects"]
    assert [(row["kind"], row["key"]) for row in found] == [
        ("connection", "AIRFLOW_CONN_PG"),
        ("environment", "A"),
        ("environment", "Z"),
        ("variable", "AIRFLOW_VAR_B"),
        ("variable", "AIRFLOW_VAR_X"),
    ]


def test_nothing_that_matches_is_told_from_nothing_at_all(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.write_env("", "empty.env")
    assert "matches nope" in sandbox.run("list", ".env", "nope").stdout
    assert "matches N* or X" in sandbox.run("list", ".env", "--include", "N*", "--include", "X").stdout
    assert "filters" in sandbox.run("list", ".env", "--exclude", "*").stdout
    assert sandbox.run("list", "empty.env").stdout == "Nothing is there.\n"


@pytest.mark.parametrize("words", [(".env",), ("--effective", "deployment:dep-1")])
def test_a_list_is_a_table_in_markdown_too(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    sandbox.write_env("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_B=2\n")
    sandbox.set_variable("AIRFLOW_VAR_A", "1")
    sandbox.set_variable("AIRFLOW_VAR_B", "2")
    head, *rows = [re.split(r" {2,}", line) for line in sandbox.run("list", *words).stdout.splitlines() if "  " in line]
    page = sandbox.run("list", *words, "--format", "markdown").stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in page if line.startswith("|")]
    assert [[cell for cell in line if cell] for line in cells] == [head, ["---"] * len(head), *rows]
    assert len(rows) == 2
