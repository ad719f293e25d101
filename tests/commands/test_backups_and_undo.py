"""Backups: kept before the first change, private, the last ten; and `undo` puts them back."""

import hashlib
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runs import backups as named_backups
from runs import env_changes, reason, targets
from sandbox import Result, Sandbox
from warm import Warm

PUSH = ("local-to-deploy", "-d", "dep-1", "--yes", "--on-conflict", "overwrite")
SEND = (*PUSH, "--no-export")
PULL = ("deploy-to-local", "-d", "dep-1", "--yes", "--on-conflict", "overwrite")
OLD = "# mine\r\nOWN=old\r\n\r\nOWN=older # twice"
# What a run adds needs the end of the last line, which an undo leaves.
WHOLE = f"{OLD}\r\n"


def backups(sandbox: Sandbox) -> list[Path]:
    """Return the backups, oldest first."""
    folder = sandbox.state_home / "astro-sync" / "backups"
    return sorted(folder.iterdir(), key=lambda path: path.name.partition(".")[2]) if folder.exists() else []


def listed(stdout: str) -> list[Path]:
    """Return the backups that the JSON names."""
    return [Path(path) for path in named_backups(json.loads(stdout))]


@pytest.mark.parametrize(
    "words",
    [PULL, ("merge", "other.env", ".env", "--on-conflict", "overwrite"), ("dedupe",), PUSH],
    ids=lambda words: words[0],
)
def test_the_old_file_is_kept_byte_for_byte(sandbox: Sandbox, warm: Warm, words: tuple[str, ...]) -> None:
    sandbox.write_env(OLD)
    sandbox.write_env("OWN=other\n", name="other.env")
    sandbox.set_variable("OWN", "theirs")
    sandbox.set_airflow({"new": "x"})
    result = warm.run(sandbox, *words, "--json")
    assert result.code == 0, result
    assert sandbox.read_env() != OLD
    kept = [path for path in backups(sandbox) if path.read_bytes() == OLD.encode()]
    assert len(kept) == 1
    assert words[0] == "dedupe" or set(backups(sandbox)) == set(listed(result.stdout))
    for path in (*backups(sandbox), kept[0].parent):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert not kept[0].is_relative_to(sandbox.project)


def test_the_report_names_the_command_that_puts_all_back(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env(OLD)
    sandbox.set_variable("OWN", "theirs")
    result = warm.run(sandbox, *PULL)
    assert len(backups(sandbox)) == 1
    assert "astro-sync undo" in result.stderr


@pytest.mark.long
def test_nothing_is_kept_where_nothing_changes_or_is_asked_not_to_be(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env(OLD)
    sandbox.set_variable("OWN", "theirs")
    for words in ((*PULL, "--dry-run"), ("diff", "-d", "dep-1"), ("check",), (*PULL[:-1], "fail"), PULL[:3]):
        assert warm.run(sandbox, *words).code in {0, 2, 3, 5}
        assert backups(sandbox) == []
    result = warm.run(sandbox, *PULL, "--no-backup", "--json")
    assert result.code == 0
    assert listed(result.stdout) == backups(sandbox) == []
    assert warm.run(sandbox, *PULL).code == 0  # nothing left to do
    assert backups(sandbox) == []


def test_a_file_that_was_not_there_has_none(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.set_variable("A", "1")
    result = warm.run(sandbox, *PULL, "--json")
    assert (result.code, listed(result.stdout), backups(sandbox)) == (0, [], [])


@pytest.mark.long
def test_the_last_ten_of_each_stay(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("A=0\n")
    sandbox.write_env("B=0\n", name="other.env")
    sandbox.set_variable("B", "1")
    assert warm.run(sandbox, *PULL, "-e", "other.env").code == 0
    (others,) = backups(sandbox)
    for number in range(1, 14):
        sandbox.set_variable("A", str(number))
        assert warm.run(sandbox, *PULL, "--include", "A").code == 0
    kept = [path.read_text() for path in backups(sandbox) if path != others]
    assert kept == [f"A={number}\n" for number in range(3, 13)]
    assert others.exists()


def test_a_deployments_plain_variables_are_kept_and_no_secret(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("A=new\n")
    sandbox.set_variable("A", "old")
    sandbox.set_variable("ODD", "two\nlines and 'quotes' # $X")
    sandbox.set_variable("TOKEN", "hidden", secret=True)
    result = warm.run(sandbox, *SEND, "--json")
    assert result.code == 0, result
    (path,) = listed(result.stdout)
    kept = {entry["id"]: entry["value"] for entry in json.loads(path.read_text())["entries"]}
    assert kept == {"A": "old", "ODD": "two\nlines and 'quotes' # $X", "TOKEN": None}
    assert b"hidden" not in path.read_bytes()


# --- putting back ---


def undo(sandbox: Sandbox, warm: Warm, *words: str) -> Result:
    """Put back what the last run changed."""
    return warm.run(sandbox, "undo", "--yes", "--json", *words)


def disturb(sandbox: Sandbox, key: str = "OWN") -> None:
    """Let somebody else write while a run writes, so that it does not end as planned."""
    sandbox.fault("concurrent-key", command="deployment variable update", key=key, value="somebody's")


@pytest.fixture
def differing(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox of which a push changes the file and the Deployment."""
    sandbox.write_env(WHOLE)
    sandbox.set_variable("OWN", "theirs")
    sandbox.set_airflow({"new": "x"})
    return sandbox


@pytest.mark.long
@pytest.mark.parametrize("verbosity", [(), ("-q",), ("-v",)], ids=["", "-q", "-v"])
def test_the_report_of_a_failed_write_names_each_backup_and_the_command_that_puts_all_back(
    differing: Sandbox, warm: Warm, verbosity: tuple[str, ...]
) -> None:
    differing.fault("lost-write", command="deployment variable update")
    disturb(differing)
    result = warm.run(differing, *PUSH, *verbosity)
    assert result.code == 6, result
    kept = backups(differing)
    assert len(kept) == 2
    assert all(str(path) in result.stderr for path in kept)
    assert "astro-sync undo" in result.stderr


def test_undo_puts_the_file_and_the_deployment_back_and_names_what_it_cannot(differing: Sandbox, warm: Warm) -> None:
    differing.set_variable("SECRET", "hidden", secret=True)
    differing.write_env(f"{WHOLE}SECRET=changed\n")
    before = differing.read_env()
    assert warm.run(differing, *PUSH, "--rotate", "SECRET").code == 0
    assert differing.read_env() != before
    result = undo(differing, warm)
    assert result.code == 0, result
    assert differing.read_env() == before
    assert differing.deployment()["OWN"] == ("theirs", False)
    (there,) = targets(json.loads(result.stdout))
    assert reason(there["changes"], "SECRET") == "not-undone-secret"
    assert reason(there["changes"], "AIRFLOW_VAR_NEW") == "not-undone-new"
    assert differing.deployment()["SECRET"] == ("changed", True)


def test_undo_after_a_failed_write_puts_back_what_was_written(differing: Sandbox, warm: Warm) -> None:
    disturb(differing)
    assert warm.run(differing, *PUSH).code == 6
    differing.clear_faults()
    assert undo(differing, warm).code == 3, "somebody else's value is not the run's"
    result = undo(differing, warm, "--on-conflict", "overwrite")
    assert result.code == 0, result
    assert differing.read_env() == WHOLE
    assert differing.deployment()["OWN"] == ("theirs", False)


def test_undo_undoes_a_run_once(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *PUSH).code == 0
    assert undo(differing, warm).code == 0
    differing.forget_calls()
    before = differing.read_env()
    undo(differing, warm)
    assert differing.deployment()["OWN"] == ("theirs", False)
    assert differing.read_env() == before


def test_a_dry_run_of_undo_says_what_undo_does_and_changes_nothing(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *PUSH).code == 0
    before, there = differing.read_env(), differing.deployment()
    dry = undo(differing, warm, "--dry-run")
    assert dry.code == 0, dry
    assert (differing.read_env(), differing.deployment()) == (before, there)
    planned, done = (
        [
            (change["key"], change["action"])
            for place in json.loads(each.stdout)["places"]
            for change in place["changes"]
        ]
        for each in (dry, undo(differing, warm))
    )
    assert planned == done
    assert differing.read_env() == WHOLE


def test_what_was_added_since_stays(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *PUSH).code == 0
    differing.write_env(differing.read_env() + "\nLATER=1\n")
    assert undo(differing, warm).code == 0
    assert "LATER=1\n" in differing.read_env()


def test_without_a_backup_nothing_is_undone(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *PUSH, "--no-backup").code == 0
    before = differing.read_env(), differing.deployment()
    undo(differing, warm)
    assert (differing.read_env(), differing.deployment()) == before


@pytest.mark.long
@pytest.mark.parametrize(
    ("key", "old"),
    [
        pytest.param("KEY", "a $X ${Y} 'b' \"c\" # d \\n", id="quotes"),
        pytest.param("MY_TOKEN", "plain-token", id="a name that looks secret"),
        pytest.param("AIRFLOW__CORE__DAGS_FWHOLEER", "/dags", id="reserved"),
        pytest.param("AIRFLOW_VAR_my.key-x", "v", id="an odd name"),
        pytest.param("KEY", "two\nlines", id="several lines"),
        pytest.param("KEY", " padded ", id="padded"),
        pytest.param("AIRFLOW_VAR_KEY", "", id="empty"),
        pytest.param("KEY", "# secret", id="placeholder"),
    ],
)
def test_every_kind_of_value_is_put_back(sandbox: Sandbox, warm: Warm, key: str, old: str) -> None:
    sandbox.write_env(f"{key}=new\nBYSTANDER=1\n")
    sandbox.set_variable(key, old)
    assert warm.run(sandbox, *SEND, "--allow-reserved", key).code == 0
    assert sandbox.deployment()[key] == ("new", False)
    result = undo(sandbox, warm, "--allow-argv", "*")
    assert result.code == 0, result
    assert sandbox.deployment()[key] == (old, False)


@pytest.mark.parametrize("name", ["a folder/-x.env", "-x.env"])
def test_a_file_with_an_odd_name_is_put_back(differing: Sandbox, warm: Warm, name: str) -> None:
    path = differing.project / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(WHOLE.encode())
    assert warm.run(differing, *PUSH, f"--env={name}").code == 0
    assert path.read_bytes() != WHOLE.encode()
    assert undo(differing, warm).code == 0
    assert path.read_bytes() == WHOLE.encode()


# --- what was changed since the run ---


@pytest.fixture
def edited(sandbox: Sandbox, warm: Warm) -> Sandbox:
    """Return a sandbox of which a run changed and added a variable of the file, and somebody then edited both."""
    sandbox.write_env("AIRFLOW_VAR_O=old\n")
    sandbox.set_airflow({"o": "1", "batch_size": "500"})
    assert warm.run(sandbox, *PUSH).code == 0
    sandbox.write_env("AIRFLOW_VAR_O=my-second-edit\nAIRFLOW_VAR_BATCH_SIZE=my-new-edit\n")
    return sandbox


def test_what_was_edited_since_is_a_conflict(edited: Sandbox, warm: Warm) -> None:
    before = edited.read_env()
    result = undo(edited, warm)
    assert result.code == 3
    changes = env_changes(json.loads(result.stdout))
    assert {reason(changes, f"AIRFLOW_VAR_{key}") for key in ("O", "BATCH_SIZE")} == {"changed-since"}
    assert edited.read_env() == before
    assert warm.run(edited, "undo", "--yes").stderr.count("--exclude") == 0, "undo has no such option"


@pytest.mark.parametrize(
    ("policy", "after"),
    [
        ("keep", "AIRFLOW_VAR_O=my-second-edit\nAIRFLOW_VAR_BATCH_SIZE=my-new-edit\n"),
        ("overwrite", "AIRFLOW_VAR_O=old\n"),
    ],
)
def test_the_conflict_policy_decides_about_what_was_edited_since(
    edited: Sandbox, warm: Warm, policy: str, after: str
) -> None:
    result = undo(edited, warm, "--on-conflict", policy)
    assert result.code == 0, result
    assert edited.read_env() == after


def test_a_terminal_asks_about_what_was_edited_since(edited: Sandbox) -> None:
    result = edited.run("undo", "--yes", tty=True, input="yn")
    assert result.code == 0, result
    assert "my-" not in result.stdout
    assert edited.read_env() == "AIRFLOW_VAR_O=old\nAIRFLOW_VAR_BATCH_SIZE=my-new-edit\n"


def test_what_somebody_changed_on_the_deployment_since_is_a_conflict(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *PUSH).code == 0
    differing.set_variable("OWN", "a colleague's")
    before = differing.read_env()
    result = undo(differing, warm)
    assert result.code == 3
    (there,) = targets(json.loads(result.stdout))
    assert reason(there["changes"], "OWN") == "changed-since"
    assert (differing.deployment()["OWN"], differing.read_env()) == (("a colleague's", False), before)


def test_json_with_other_white_space_is_what_the_run_left(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("AIRFLOW_VAR_J=old\n")
    sandbox.set_airflow({"j": '{"a": [1, 2]}'})
    assert warm.run(sandbox, *PUSH).code == 0
    sandbox.write_env("AIRFLOW_VAR_J='{\n  \"a\": [1,2]\n}'\n")
    assert undo(sandbox, warm).code == 0
    assert sandbox.read_env() == "AIRFLOW_VAR_J=old\n"


def journal(sandbox: Sandbox) -> Path:
    """Return the record of the only run."""
    (path,) = (sandbox.state_home / "astro-sync" / "runs").glob("*/*.json")
    return path


def test_the_record_of_a_run_tells_no_value_without_the_key_of_the_machine(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("OWN=guessable\n")
    assert warm.run(sandbox, *SEND).code == 0
    kept = journal(sandbox).read_text()
    assert "guessable" not in kept
    assert hashlib.sha256(b"guessable").hexdigest() not in kept
    assert stat.S_IMODE(journal(sandbox).stat().st_mode) == 0o600


@pytest.mark.parametrize("lost", ["an older record", "the key", "--no-receipts"])
def test_what_may_have_changed_since_is_a_conflict(differing: Sandbox, warm: Warm, lost: str) -> None:
    assert warm.run(differing, *PUSH, *(["--no-receipts"] if lost == "--no-receipts" else [])).code == 0
    if lost == "an older record":
        found = json.loads(journal(differing).read_text())
        for place in found["places"]:
            del place["left"]
        journal(differing).write_text(json.dumps(found))
    elif lost == "the key":
        (differing.state_home / "astro-sync" / "receipts" / "key").unlink()
    result = undo(differing, warm)
    assert result.code == 3, result
    changes = json.loads(result.stdout)["places"][-1]["changes"]
    assert reason(changes, "OWN") == "maybe-changed-since"
    assert undo(differing, warm, "--on-conflict", "overwrite").code == 0
    assert (differing.read_env(), differing.deployment()["OWN"]) == (WHOLE, ("theirs", False))


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_backup_that_is_not_whole_is_an_error_that_names_it_and_the_keys(
    sandbox: Sandbox, warm: Warm, damage: str
) -> None:
    sandbox.write_env("OWN=old\n")
    sandbox.write_env("OWN=new\n", name="other.env")
    assert warm.run(sandbox, "merge", "other.env", ".env", "--on-conflict", "overwrite").code == 0
    (backup,) = backups(sandbox)
    backup.unlink() if damage == "gone" else backup.write_text("")
    result = undo(sandbox, warm)
    assert result.code == 4
    assert "is gone or not whole: it lacks OWN" in " ".join(result.stderr.split())
    assert sandbox.read_env() == "OWN=new\n"
    assert journal(sandbox).exists()


def test_undo_says_which_run_it_undoes_and_knows_none_of_another_project(
    differing: Sandbox, warm: Warm, tmp_path: Path
) -> None:
    assert warm.run(differing, *SEND).code == 0
    other = tmp_path / "other"
    (other / ".astro").mkdir(parents=True)
    (other / ".astro" / "config.yaml").write_text("project:\n  name: other\n")
    command = [sys.executable, "-m", "astro_sync", "undo", "--yes"]
    elsewhere = subprocess.run(
        command, cwd=other, env=differing.environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "There is nothing to undo." in elsewhere.stdout
    assert "Undoing `local-to-deploy` of 20" in undo(differing, warm).stderr


def test_a_run_without_backups_is_not_passed_over_for_an_older_one(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *SEND).code == 0
    differing.write_env("OWN=newest\n")
    assert warm.run(differing, *SEND, "--no-backup").code == 0
    assert undo(differing, warm).code == 1
    assert differing.deployment()["OWN"] == ("newest", False)


def test_a_record_that_cannot_be_kept_costs_no_report(differing: Sandbox, warm: Warm) -> None:
    state = differing.state_home / "astro-sync"
    state.mkdir(parents=True, exist_ok=True)
    (state / "runs").write_text("in the way")
    result = warm.run(differing, *SEND, "--json")
    assert result.code == 0
    document = json.loads(result.stdout)
    assert [each["code"] for each in document["warnings"] if each["code"] == "no-undo"] == ["no-undo"]
    assert targets(document)


def test_a_run_that_wrote_nothing_does_not_hide_the_last_one(differing: Sandbox, warm: Warm) -> None:
    assert warm.run(differing, *SEND).code == 0
    kept = journal(differing)
    differing.write_env("OWN=refused\n")
    differing.fault("write-refused", message="no")
    assert warm.run(differing, *SEND).code == 1
    assert journal(differing) == kept
