"""`merge`: one `.env` into another, with the policies, filters, plan, report and JSON of the syncs."""

import json
import stat
from pathlib import Path

import pytest

from runs import actions, backups, document, env_changes, kept_files, reason, results, state_of
from sandbox import Json, Result, Sandbox


@pytest.fixture
def files(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox of two files with a key of each kind."""
    sandbox.write_env("# theirs\nNEW=planted-new\nSAME=one\nDIFFERS=planted-theirs\n", "source.env")
    sandbox.write_env("# mine\nOWN=1\nSAME='one' # note\nDIFFERS=planted-mine\n", "dest.env")
    return sandbox


def merge(sandbox: Sandbox, *words: str, text: str | None = None, tty: bool = False) -> Result:
    return sandbox.run("merge", "source.env", "dest.env", *words, input=text, tty=tty)


@pytest.mark.parametrize(
    ("words", "code", "differs", "action"),
    [
        ((), 3, "planted-mine", "refused"),
        (("--on-conflict", "fail"), 3, "planted-mine", "refused"),
        (("--on-conflict", "keep"), 0, "planted-mine", "keep"),
        (("--on-conflict", "overwrite"), 0, "planted-theirs", "update"),
    ],
)
def test_the_policies_are_those_of_the_syncs(
    files: Sandbox, words: tuple[str, ...], code: int, differs: str, action: str
) -> None:
    before = files.read_env("dest.env")
    result = merge(files, "--json", *words)
    assert result.code == code
    found = document(result)
    assert actions(env_changes(found)) == {
        "NEW": "create",
        "SAME": "unchanged",
        "DIFFERS": action,
        "OWN": "destination-only",
    }
    if code:
        assert files.read_env("dest.env") == before
    else:
        assert files.read_env("dest.env") == before.replace("planted-mine", differs) + "NEW=planted-new\n"


def test_ids_that_differ_in_case_alone_are_told_apart(sandbox: Sandbox) -> None:
    sandbox.set_airflow({}, {"PG-X": "postgres://one.example.com", "pg-x": "postgres://two.example.com"})
    result = sandbox.run("merge", "airflow:", "connections.json")
    assert result.code == 0
    rows = [line.partition("  ")[0] for line in result.stdout.splitlines() if "+ new" in line]
    assert sorted(rows) == ["AIRFLOW_CONN_PG-X (PG-X)", "AIRFLOW_CONN_PG-X (pg-x)"]


def test_the_json_is_that_of_the_syncs_with_the_changes_at_the_destination(files: Sandbox) -> None:
    result = merge(files, "--json", "--on-conflict", "keep")
    found = document(result)
    source, dest = found["places"]
    assert (found["command"], found["error"]) == ("merge", None)
    assert [(place["name"], place["role"]) for place in (source, dest)] == [
        ("source.env", "source"),
        ("dest.env", "destination"),
    ]
    assert (source["changes"], dest["applied"]) == ([], True)
    assert results(dest["changes"]) == {"NEW": "done"}
    assert reason(dest["changes"], "DIFFERS") == "differs"
    assert result.stdout == json.dumps(found, sort_keys=True, indent=2) + "\n"


def test_what_would_be_refused_is_an_error_with_what_to_type_next(files: Sandbox) -> None:
    found = document(merge(files, "--json"))
    assert found["error"]["code"] == "refused"
    assert "--on-conflict" in found["error"]["hint"]
    assert found["exit_code"] == 3


def test_the_source_is_never_changed_and_astro_never_writes(files: Sandbox) -> None:
    source = files.project / "source.env"
    before = (source.read_bytes(), source.stat().st_mtime_ns, source.stat().st_ino)
    assert merge(files, "--on-conflict", "overwrite").code == 0
    assert (source.read_bytes(), source.stat().st_mtime_ns, source.stat().st_ino) == before
    assert files.writing_calls() == []


def test_merging_again_finds_nothing_to_do_and_touches_no_byte(files: Sandbox) -> None:
    merge(files, "--on-conflict", "overwrite")
    before = state_of(files)
    dest = (files.project / "dest.env").stat()
    result = merge(files)
    assert (result.code, result.stdout.splitlines()[-1]) == (0, "Nothing to do.")
    assert state_of(files) == before
    assert (files.project / "dest.env").stat().st_mtime_ns == dest.st_mtime_ns


@pytest.mark.parametrize(
    ("words", "carried"),
    [
        ((), {"AIRFLOW_VAR_A", "AIRFLOW_CONN_B", "OTHER", "LOCAL_X"}),
        (("--airflow-only",), {"AIRFLOW_VAR_A", "AIRFLOW_CONN_B"}),
        (("--include", "AIRFLOW_*", "--include", "OTHER"), {"AIRFLOW_VAR_A", "AIRFLOW_CONN_B", "OTHER"}),
        (("--exclude", "LOCAL_*", "--exclude", "OTHER"), {"AIRFLOW_VAR_A", "AIRFLOW_CONN_B"}),
        (("--include", "*", "--exclude", "AIRFLOW_*"), {"OTHER", "LOCAL_X"}),
    ],
)
def test_the_filters_are_those_of_the_syncs(sandbox: Sandbox, words: tuple[str, ...], carried: set[str]) -> None:
    sandbox.write_env("AIRFLOW_VAR_A=1\nAIRFLOW_CONN_B=http://host\nOTHER=1\nLOCAL_X=1\n", "source.env")
    found = document(merge(sandbox, "--json", *words))
    assert found["exit_code"] == 0
    assert {change["key"] for change in env_changes(found) if change["action"] == "create"} == carried
    assert {line.split("=")[0] for line in sandbox.read_env("dest.env").splitlines()} == carried


def test_what_airflow_never_looks_up_is_no_variable_to_it(sandbox: Sandbox) -> None:
    sandbox.write_env("AIRFLOW_VAR_MiXed=planted-lost\nAIRFLOW_VAR_MIXED=planted-seen\n", "source.env")
    result = sandbox.run("merge", "source.env", "variables.json")
    assert result.code == 0
    assert json.loads((sandbox.project / "variables.json").read_text()) == {"mixed": "planted-seen"}
    assert "variables.json: 1 other key cannot be kept there." in result.stdout


def test_a_placeholder_never_wins(sandbox: Sandbox) -> None:
    sandbox.write_env("A= # secret\nB=****\nC='# secret'\nAIRFLOW_VAR_D=\nNEW=****\nREAL=1\n", "source.env")
    mine = "A=a\nB=b\nC=c\nAIRFLOW_VAR_D=d\n"
    sandbox.write_env(mine, "dest.env")
    result = merge(sandbox, "--on-conflict", "overwrite", "--json")
    found = document(result)
    by_key = actions(env_changes(found))
    assert {by_key[key] for key in ("B", "C", "AIRFLOW_VAR_D", "NEW")} == {"skip"}
    assert by_key["REAL"] == "create"
    assert sandbox.read_env("dest.env").endswith("B=b\nC=c\nAIRFLOW_VAR_D=d\nREAL=1\n")


def test_a_real_value_replaces_a_placeholder(sandbox: Sandbox) -> None:
    sandbox.write_env("A=real\nAIRFLOW_VAR_D=real\n", "source.env")
    sandbox.write_env("A=****\nAIRFLOW_VAR_D=\n", "dest.env")
    assert merge(sandbox).code == 0
    assert sandbox.read_env("dest.env") == "A=real\nAIRFLOW_VAR_D=real\n"


def test_a_missing_destination_is_made_for_its_owner_alone(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n", "source.env")
    assert merge(sandbox).code == 0
    path = sandbox.project / "dest.env"
    assert path.read_text() == "A=1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("absent.env", "dest.env"), "absent.env"),
        (("-", "dest.env"), "stdin"),
        (("source.env", "-"), "stdout"),
        (("source.env",), "DEST"),
        ((), "SOURCE"),
        (("source.env", "dest.env", "--on-conflict", "ask"), "--on-conflict"),
        (("source.env", "dest.env", "--rotat", "A"), "--rotate"),
        (("nowhere:source.env", "dest.env"), "nowhere"),
        (("source.env", "nowhere:dest.env"), "nowhere"),
    ],
)
def test_what_was_typed_wrong_is_exit_2(files: Sandbox, words: tuple[str, ...], said: str) -> None:
    before = state_of(files)
    result = files.run("merge", *words, "--json")
    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert state_of(files) == before


@pytest.mark.parametrize(("words", "code"), [(("--dry-run",), 0), (("--dry-run", "--exit-code"), 5)])
def test_a_dry_run_shows_and_changes_nothing(files: Sandbox, words: tuple[str, ...], code: int) -> None:
    before = state_of(files)
    result = merge(files, "--on-conflict", "overwrite", *words)
    assert result.code == code
    assert "NEW" in result.stdout
    assert "othing was changed" in result.stdout
    assert "planted" not in result.stdout + result.stderr
    assert state_of(files) == before
    assert not list(files.state_home.rglob("*"))


def test_a_backup_of_the_destination_is_kept(files: Sandbox) -> None:
    before = files.read_env("dest.env")
    found = document(merge(files, "--on-conflict", "keep", "--json"))
    (backup,) = backups(found)
    assert Path(backup).read_text() == before
    merge(files, "--on-conflict", "overwrite", "--no-backup")
    assert [str(path) for path in kept_files(files) if path.parent.name == "backups"] == [backup]


@pytest.mark.parametrize(
    ("answers", "code", "questions"),
    [("y\ny\n", 0, 1), ("n\ny\n", 0, 1), ("a\ny\n", 0, 1), ("q\n", 1, 0), ("y\nn\n", 1, 1)],
)
def test_a_terminal_is_asked_about_the_conflict_and_once_for_all(
    files: Sandbox, answers: str, code: int, questions: int
) -> None:
    before = files.read_env("dest.env")
    result = merge(files, text=answers, tty=True)
    assert result.code == code
    assert result.stdout.count("[k]eep all") == 1
    assert result.stdout.count("[y/N]") == questions
    assert "planted" not in result.stdout
    after = files.read_env("dest.env")
    if code:
        assert after == before
    else:
        assert ("planted-theirs" in after) == (answers[0] in "ya")


def test_duplicates_of_keys_that_do_not_change_stay(sandbox: Sandbox) -> None:
    sandbox.write_env("SAME=1\nNEW=2\n", "source.env")
    sandbox.write_env("SAME=0\nOWN=0\nSAME=1\nOWN=1\n", "dest.env")
    assert merge(sandbox).code == 0
    assert sandbox.read_env("dest.env") == "SAME=0\nOWN=0\nSAME=1\nOWN=1\nNEW=2\n"


def test_the_last_value_of_a_source_with_duplicates_is_carried(sandbox: Sandbox) -> None:
    sandbox.write_env("A=first\nA=last\n", "source.env")
    assert merge(sandbox).code == 0
    assert sandbox.read_env("dest.env") == "A=last\n"


def test_a_rejected_destination_is_never_rewritten(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n", "source.env")
    text = "OK=1\nplanted line\n"
    sandbox.write_env(text, "dest.env")
    result = merge(sandbox)
    assert result.code == 3
    assert "2" in result.stderr
    assert "planted" not in result.stderr + result.stdout
    assert sandbox.read_env("dest.env") == text


def reserved(found: Json) -> dict[str, str]:
    return {key: action for key, action in actions(env_changes(found)).items() if key.startswith("ASTRO")}


def test_reserved_keys_enter_no_file_unless_they_are_named(sandbox: Sandbox) -> None:
    sandbox.write_env("ASTRO_DEPLOYMENT_ID=x\nA=1\n", "source.env")
    found = document(merge(sandbox, "--json"))
    assert reserved(found) == {"ASTRO_DEPLOYMENT_ID": "skip"}
    assert reason(env_changes(found), "ASTRO_DEPLOYMENT_ID") == "reserved"
    assert "ASTRO" not in sandbox.read_env("dest.env")
    found = document(merge(sandbox, "--json", "--allow-reserved", "ASTRO_DEPLOYMENT_ID"))
    assert reserved(found) == {"ASTRO_DEPLOYMENT_ID": "create"}
    assert "ASTRO_DEPLOYMENT_ID=x" in sandbox.read_env("dest.env")


def test_merging_needs_neither_a_project_nor_astro(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=1\n", "source.env")
    plain_folder.environment["PATH"] = str(plain_folder.temporary)
    assert merge(plain_folder).code == 0
    assert plain_folder.read_env("dest.env") == "A=1\n"
    assert plain_folder.calls() == []


@pytest.mark.parametrize("text", ['{"a": ', "[1]"])
def test_a_file_that_airflow_could_not_read_is_named_with_what_to_do(sandbox: Sandbox, text: str) -> None:
    sandbox.write_env(text, "variables.json")
    result = sandbox.run("merge", "variables.json", ".env")
    assert result.code == 3
    assert "Error: variables.json: " in result.stderr
    assert "Next: " in result.stderr
