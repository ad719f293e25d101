"""Receipts of secrets, as the commands show them: a secret that changed is noticed though it cannot be read."""

import json
import shutil
from pathlib import Path

import pytest

from runs import reason, target, targets
from sandbox import Result, Sandbox
from warm import Warm

SEND = ("local-to-deploy", "-d", "dep-1", "--no-export", "--yes", "--json")
KEY = "MY_TOKEN"


def send(sandbox: Sandbox, warm: Warm, *words: str) -> Result:
    return warm.run(sandbox, *SEND, *words)


def told(result: Result) -> tuple[int, str, str]:
    """Return the exit code, and the action and the reason of the secret."""
    document = json.loads(result.stdout)
    return result.code, target(document)[KEY], reason(targets(document)[0]["changes"], KEY)


def receipts(sandbox: Sandbox) -> list[Path]:
    folder = sandbox.state_home / "astro-sync" / "receipts"
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(params=["changed", "all"])
def sent(sandbox: Sandbox, warm: Warm, request: pytest.FixtureRequest) -> Sandbox:
    """Return a sandbox that sent a secret; the service gives a new time to what changed, or to all variables."""
    with sandbox.change() as state:
        state["updated_at"] = request.param
    sandbox.write_env(f"{KEY}=first-t0ken\nA=1\n")
    assert send(sandbox, warm).code == 0
    assert sandbox.deployment()[KEY] == ("first-t0ken", True)
    return sandbox


def test_the_same_secret_is_unchanged_and_nothing_is_written(sent: Sandbox, warm: Warm) -> None:
    sent.forget_calls()
    assert told(send(sent, warm)) == (0, "unchanged", "None")
    assert sent.writing_calls() == []


def test_a_secret_that_changed_here_is_a_conflict_like_any_other(sent: Sandbox, warm: Warm) -> None:
    sent.write_env(f"{KEY}=second-t0ken\nA=1\n")
    changed_here = (3, "refused", "secret-changed-here")
    assert told(send(sent, warm, "--dry-run")) == told(send(sent, warm)) == changed_here
    assert told(send(sent, warm, "--on-conflict", "keep")) == (0, "keep", "secret-changed-here")
    assert sent.deployment()[KEY] == ("first-t0ken", True)
    assert told(send(sent, warm, "--on-conflict", "overwrite"))[:2] == (0, "update")
    assert sent.deployment()[KEY] == ("second-t0ken", True)
    assert told(send(sent, warm)) == (0, "unchanged", "None")


def test_a_secret_that_somebody_else_changed_is_never_written_over_on_a_guess(sent: Sandbox, warm: Warm) -> None:
    with sent.change() as state:
        (variable,) = (each for each in state["deployments"][0]["variables"] if each["key"] == KEY)
        variable |= {"value": "their-t0ken", "updated_at": "2026-09-09T09:09:09Z"}
    sent.write_env(f"{KEY}=second-t0ken\nA=1\n")
    assert told(send(sent, warm, "--on-conflict", "overwrite")) == (0, "secret-kept", "secret-changed-there")
    assert sent.deployment()[KEY] == ("their-t0ken", True)
    assert told(send(sent, warm, "--rotate", KEY))[:2] == (0, "update")
    assert told(send(sent, warm)) == (0, "unchanged", "None")


def test_another_write_makes_it_at_most_more_cautious(sent: Sandbox, warm: Warm) -> None:
    all_change = sent.state["updated_at"] == "all"
    with sent.change() as state:
        for variable in state["deployments"][0]["variables"]:
            variable["updated_at"] = "2026-08-01T00:00:00Z" if variable["key"] == "A" else variable["updated_at"]
    sent.write_env(f"{KEY}=first-t0ken\nA=2\n")
    assert send(sent, warm, "--on-conflict", "overwrite").code == 0
    code, action, why = told(send(sent, warm))
    assert code == 0
    cautious = {("secret-kept", "secret-changed-there")} if all_change else set()
    assert (action, why) in {("unchanged", "None"), *cautious}
    assert sent.deployment()[KEY] == ("first-t0ken", True)


@pytest.mark.long
@pytest.mark.parametrize("damage", ["key lost", "key cut", "all lost", "all overwritten"])
def test_a_damaged_receipt_counts_as_none(sent: Sandbox, warm: Warm, damage: str) -> None:
    files = receipts(sent)
    keys = [path for path in files if path.name == "key"]
    assert len(keys) == 1, files
    for path in keys if damage.startswith("key") else files:
        if damage.endswith("lost"):
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:5] if damage.endswith("cut") else b"\0overwritten{")
    sent.write_env(f"{KEY}=second-t0ken\nA=1\n")
    assert told(send(sent, warm, "--on-conflict", "overwrite")) == (0, "secret-kept", "secret-not-compared")
    assert sent.deployment()[KEY] == ("first-t0ken", True)


def test_another_machine_knows_nothing_of_what_this_one_sent(sent: Sandbox, warm: Warm, tmp_path: Path) -> None:
    other = {"XDG_STATE_HOME": str(tmp_path / "other")}
    sent.write_env(f"{KEY}=second-t0ken\nA=1\n")
    result = warm.run(sent, *SEND, "--on-conflict", "overwrite", env=other)
    assert told(result) == (0, "secret-kept", "secret-not-compared")


def test_without_receipts_none_is_read_and_none_is_kept(sent: Sandbox, warm: Warm) -> None:
    assert told(send(sent, warm, "--no-receipts")) == (0, "secret-kept", "secret-not-compared")
    shutil.rmtree(sent.state_home / "astro-sync" / "receipts")
    assert send(sent, warm, "--no-receipts", "--rotate", KEY).code == 0
    assert receipts(sent) == []


def test_a_receipt_gives_nothing_away(sent: Sandbox) -> None:
    found = receipts(sent)
    assert found
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in found)
    assert all(b"first-t0ken" not in path.read_bytes() for path in found)


def test_a_rotation_that_was_lost_gets_no_receipt(sent: Sandbox, warm: Warm) -> None:
    sent.write_env(f"{KEY}=second-t0ken\nA=1\n")
    sent.fault("lost-write", command="deployment variable")
    send(sent, warm, "--rotate", KEY)
    sent.clear_faults()
    assert sent.deployment()[KEY] == ("first-t0ken", True)
    assert told(send(sent, warm))[1:] == ("refused", "secret-changed-here")
