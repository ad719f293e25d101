"""Running a sync again, and what stands in files and on Deployments that nothing is to change."""

import os
import stat

import pytest

from runs import backups, document, kept_files, pull, push, state_of, target, values
from sandbox import Sandbox

AIRFLOW = {"a": 'it\'s "quoted" # $x', "n": "42", "u": "žluť 🚀"}
CONNECTIONS = {"pg": "postgres://u:p%40ss@db.example.com/x"}


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_pushing_twice_changes_nothing_the_second_time(sandbox: Sandbox, mode: str) -> None:
    sandbox.use_mode(mode)
    sandbox.set_airflow(AIRFLOW | {"multi": "one\ntwo"} if mode == "docker" else AIRFLOW, CONNECTIONS)
    assert push(sandbox, "--allow-argv", "*").code == 0
    before = state_of(sandbox)
    sandbox.forget_calls()
    result = push(sandbox, "--allow-argv", "*", yes=False)
    assert result.code == 0
    assert "Nothing to do" in result.stdout
    assert sandbox.writing_calls() == []
    assert state_of(sandbox) == before


def test_pulling_twice_changes_nothing_the_second_time(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", 'it\'s "quoted" # $x')
    sandbox.set_variable("MULTI", "one\ntwo")
    sandbox.set_variable("SECRET", "s", secret=True)
    sandbox.write_env("# mine\nOWN=1\n")
    assert pull(sandbox).code == 0
    before = state_of(sandbox)
    result = pull(sandbox, yes=False)
    assert result.code == 0
    assert "Nothing to do" in result.stdout
    assert state_of(sandbox) == before


def test_pushing_what_was_pulled_writes_nothing(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", 'a "b" # c $d \\n')
    sandbox.set_variable("MULTI", "one\ntwo")
    sandbox.set_variable("EMPTY", "")
    assert pull(sandbox).code == 0
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert set(target(document(result)).values()) == {"unchanged"}
    assert sandbox.writing_calls() == []


def test_a_sync_needs_two_writing_calls_at_most_and_reads_nothing_twice(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    sandbox.set_variable("OLD", "1")
    sandbox.set_variable("ROTATED", "1", secret=True)
    sandbox.write_env('OLD=2\nROTATED=2\nMULTI="one\\ntwo"\n')
    assert push(sandbox, "--allow-argv", "*", "--rotate", "ROTATED", "--on-conflict", "overwrite").code == 0
    assert sandbox.writes() == 2
    kinds = sorted(" ".join(call["argv"][:3]) for call in sandbox.calls() if call["argv"][0] != "config")
    assert kinds == [
        "deployment inspect dep-1",
        "deployment inspect dep-1",
        "deployment variable update",
        "deployment variable update",
        "dev object export",
        "dev run connections",
        "dev run variables",
    ]


def test_only_new_keys_are_created_and_existing_ones_updated(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    push(sandbox, "--no-export")
    sandbox.write_env("A=2\n")
    push(sandbox, "--no-export", "--on-conflict", "overwrite")
    assert [call["argv"][2] for call in sandbox.calls("deployment variable")] == ["create", "update"]


def test_everything_in_the_file_that_does_not_change_survives_byte_for_byte(sandbox: Sandbox) -> None:
    before = "\ufeff# top\r\n\r\nexport A = 'x' # note\r\nB=old # why\r\nLONELY\r\nC='multi\r\nline'\r\nLAST=1"
    sandbox.write_env(before)
    sandbox.set_variable("B", "new")
    sandbox.set_variable("D", "four")
    assert pull(sandbox, "--on-conflict", "overwrite").code == 0
    after = sandbox.read_env()
    assert after == before.replace("B=old # why", "B=new # why") + "\r\nD=four\r\n"


def test_mode_and_symlink_survive(sandbox: Sandbox) -> None:
    real = sandbox.folder / "real.env"
    real.write_text("A=1\n")
    real.chmod(0o640)
    (sandbox.project / ".env").symlink_to(real)
    sandbox.set_variable("B", "2")
    assert pull(sandbox).code == 0
    assert (sandbox.project / ".env").is_symlink()
    assert real.read_text() == "A=1\nB=2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_new_env_file_is_private(sandbox: Sandbox) -> None:
    sandbox.set_variable("B", "2")
    before = os.umask(0)
    try:
        assert pull(sandbox).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((sandbox.project / ".env").stat().st_mode) == 0o600


def test_the_last_of_duplicates_counts_and_untouched_ones_stay(sandbox: Sandbox) -> None:
    sandbox.set_variable("NEW", "n")
    sandbox.write_env("A=first\nA=last\n")
    assert push(sandbox, "--no-export").code == 0
    assert values(sandbox)["A"] == "last"
    assert pull(sandbox).code == 0
    assert sandbox.read_env() == "A=first\nA=last\nNEW=n\n"


def test_backups_keep_what_was_there_and_are_named(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"x": "airflow"})
    sandbox.write_env("AIRFLOW_VAR_X=file\n")
    sandbox.set_variable("AIRFLOW_VAR_X", "deployment")
    result = push(sandbox, "--on-conflict", "overwrite", "--json")
    folder = sandbox.state_home / "astro-sync" / "backups"
    kept = sorted(folder.iterdir())
    deployment, file = sorted((path.read_text() for path in kept), key=len, reverse=True)
    assert file == "AIRFLOW_VAR_X=file\n"
    assert '"deployment"' in deployment
    assert sorted(backups(document(result))) == [str(path) for path in kept]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_backup_keeps_none(sandbox: Sandbox) -> None:
    sandbox.write_env("A=file\n")
    sandbox.set_variable("A", "deployment")
    result = push(sandbox, "--no-export", "--no-backup", "--on-conflict", "overwrite", "--json")
    assert result.code == 0
    assert backups(document(result)) == []
    # What undo needs to tell which run was the last, without a value.
    assert {path.relative_to(sandbox.state_home / "astro-sync").parts[0] for path in kept_files(sandbox)} == {
        "runs",
        "receipts",
    }
    assert all("file" not in path.read_text(errors="replace") for path in kept_files(sandbox))


def test_each_changing_run_adds_one_backup(sandbox: Sandbox) -> None:
    for number in range(4):
        sandbox.set_variable("A", str(number))
        assert pull(sandbox, "--on-conflict", "overwrite").code == 0
    folder = sandbox.state_home / "astro-sync" / "backups"
    # the first pull found no file
    assert len(list(folder.iterdir())) == 3


def test_the_user_s_login_survives_a_token(sandbox: Sandbox) -> None:
    before = sandbox.user_config.read_bytes()
    sandbox.write_env("A=1\n")
    result = push(sandbox, "--no-export", env={"ASTRO_API_TOKEN": "tok-3n"})
    assert result.code == 0
    assert values(sandbox) == {"A": "1"}
    assert sandbox.user_config.read_bytes() == before
    assert not list(sandbox.temporary.iterdir())
