"""Names that a file or a terminal cannot take."""

import json

import pytest

from commands.test_odd_names import RUNS, assert_quiet
from runs import document, env_changes
from sandbox import Sandbox
from warm import Warm


@pytest.mark.parametrize("key", ["A\nB", "A\rB", "A\nB=injected"])
def test_a_secret_that_no_comment_can_name_is_only_reported(sandbox: Sandbox, warm: Warm, key: str) -> None:
    sandbox.set_variable(key, "x", secret=True)
    sandbox.write_env("OWN=1\n")
    result = warm.run(sandbox, "deploy-to-local", "-d", "dep-1", "--yes", "--partial", "--json")
    assert result.code in {0, 7}, result
    assert_quiet(result)
    assert sandbox.read_env() == "OWN=1\n"


def test_why_a_name_is_not_allowed_is_told_once(sandbox: Sandbox) -> None:
    sandbox.write_env(json.dumps({"a-b c": "1"}), "variables.json")
    (change,) = env_changes(document(sandbox.run("merge", "variables.json", ".env", "--json")))
    assert change["reason"]["code"] == "name-not-allowed"
    text = change["reason"]["text"].lower()
    assert [text.count(word) for word in ("name", "allowed", "compose", "take")] == [1, 1, 1, 0]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_with_few_letters_is_no_hindrance(sandbox: Sandbox, encoding: str) -> None:
    with sandbox.change() as state:
        state["deployments"][0]["name"] = "Zürich \U0001f680"
    sandbox.write_env("SCHLÜSSEL=1\nOWN=1\n")
    result = sandbox.run(
        *RUNS[0], "-v", env={"PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0", "LANG": "C", "LC_ALL": "C"}
    )
    assert result.code in {0, 7}, result
    assert "OWN" in result.stdout
