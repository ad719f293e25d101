"""Somebody else changes `.env` or the Deployment between reading and writing."""

import json

import pytest

from processes import start, wait_until
from runs import targets
from sandbox import Sandbox

pytestmark = pytest.mark.long

PUSH = ("local-to-deploy", "-d", "dep-1", "--yes", "--json")
OLD = "# mine\nOWN=1\n"
THEIRS = "# an editor was here\nOWN=2\n"


def test_a_push_without_export_sends_only_what_it_read(sandbox: Sandbox) -> None:
    path = sandbox.write_env(OLD)
    sandbox.fault("slow", command="deployment variable", seconds=1)
    running = start(sandbox, *PUSH, "--no-export")
    wait_until(lambda: sandbox.calls("deployment variable"))
    path.write_text(THEIRS)
    assert running.end().code == 0
    assert sandbox.deployment() == {"OWN": ("1", False)}
    assert path.read_text() == THEIRS


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        pytest.param("MINE", "other", ("other-value", "other-value"), id="the key that was written"),
        pytest.param("THERE", "other", ("not-as-planned", None), id="a key that was not"),
    ],
)
def test_a_deployment_that_changes_meanwhile_is_found_by_the_read_back(
    sandbox: Sandbox, key: str, value: str, told: tuple[str, str | None]
) -> None:
    sandbox.write_env("MINE=1\n")
    sandbox.set_variable("THERE", "old")
    sandbox.fault("concurrent-key", command="deployment variable create", key=key, value=value)
    result = start(sandbox, *PUSH, "--no-export").end()
    document = json.loads(result.stdout)
    (target,) = targets(document)
    assert result.code == 6, result
    assert target["applied"] is False
    changes = [
        (change["key"], change["reason"]["code"], change["result"]) for change in target["changes"] if change["reason"]
    ]
    warnings = [(warning["key"], warning["code"], None) for warning in target["warnings"]]
    assert (key, *told) in [*changes, *warnings], target


def test_a_new_key_of_somebody_else_is_named_and_no_failure(sandbox: Sandbox) -> None:
    sandbox.write_env("MINE=1\n")
    sandbox.fault("concurrent-key", command="deployment variable create", key="NEW", value="x")
    result = start(sandbox, *PUSH, "--no-export").end()
    document = json.loads(result.stdout)
    assert result.code == 0, result
    assert ("not-as-planned", "NEW") in {(warn["code"], warn["key"]) for warn in targets(document)[0]["warnings"]}


def test_a_key_that_came_between_reading_and_writing_is_not_overwritten_unseen(sandbox: Sandbox) -> None:
    # `create` leaves a key that somebody else made meanwhile; the read-back sees another value there.
    sandbox.write_env("MINE=1\nMORE=2\n")
    sandbox.fault("slow", command="deployment variable create", at="start", seconds=1)
    running = start(sandbox, *PUSH, "--no-export")
    wait_until(lambda: sandbox.calls("deployment variable create"))
    sandbox.set_variable("MINE", "theirs")
    result = running.end()
    assert result.code == 6, result
    assert sandbox.deployment() == {"MINE": ("theirs", False), "MORE": ("2", False)}
    changes = targets(json.loads(result.stdout))[0]["changes"]
    assert {change["key"]: change["result"] for change in changes} == {"MINE": "other-value", "MORE": "done"}
