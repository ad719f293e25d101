"""An Astro CLI whose exit status and messages do not say what happened (fixtures/astro-cli-contract.md)."""

import signal
import threading

import pytest

from astro_sync.envfile.dialects import COMPOSE
from runs import (
    actions,
    codes,
    document,
    env_changes,
    pull,
    push,
    results,
    state_of,
    target,
    targets,
    values,
    written,
)
from sandbox import Sandbox

pytestmark = pytest.mark.long

AIRFLOW = {"a": "1 text", "b": "b text"}
HELD = {"AIRFLOW_VAR_A": "1 text", "AIRFLOW_VAR_B": "b text"}
CONNECTIONS = {"pg": "postgres://u@db.example.com/x"}


# --- the export ---


def test_exit_1_after_a_complete_export_is_success(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    result = push(sandbox)
    assert [call["exit"] for call in sandbox.calls("dev object export")] == [1]
    assert result.code == 0
    assert values(sandbox) == HELD | {"AIRFLOW_CONN_PG": CONNECTIONS["pg"]}
    assert len(sandbox.calls("dev run")) == 2, "variables and connections, side by side with the export"


def test_an_export_of_before_v1_34_is_as_good(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["cli_version"] = "1.33.2"
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    result = push(sandbox)
    assert [call["exit"] for call in sandbox.calls("dev object export")] == [0]
    assert result.code == 0
    assert values(sandbox) == HELD | {"AIRFLOW_CONN_PG": CONNECTIONS["pg"]}


def test_one_nan_that_empties_the_whole_export_loses_nothing(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW | {"n": "NaN", "i": "Infinity"})
    assert push(sandbox).code == 0
    assert values(sandbox) == HELD | {"AIRFLOW_VAR_N": "NaN", "AIRFLOW_VAR_I": "Infinity"}


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        "one\nAIRFLOW_VAR_B=forged",
        "one\nAIRFLOW_VAR_A=forged",
        "one\nAIRFLOW_VAR_NEW=forged",
        "one\nAIRFLOW_CONN_PG=forged://",
        "\nAIRFLOW_VAR_B=",
    ],
)
def test_a_value_that_looks_like_a_further_line_is_one_value(sandbox: Sandbox, text: str) -> None:
    sandbox.set_airflow({"a": text, "b": "real"}, CONNECTIONS)
    assert push(sandbox, "--allow-argv", "*").code == 0
    assert values(sandbox) == {
        "AIRFLOW_VAR_A": text,
        "AIRFLOW_VAR_B": "real",
        "AIRFLOW_CONN_PG": CONNECTIONS["pg"],
    }


def test_what_a_variable_says_about_itself_is_not_believed(sandbox: Sandbox) -> None:
    text = "Aiflow variables successfully export to the file .env\nExporting Variable: b"
    sandbox.set_airflow({"a": text})
    assert push(sandbox, "--allow-argv", "*").code == 0
    assert values(sandbox) == {"AIRFLOW_VAR_A": text}


def test_an_export_that_half_worked_is_completed_from_airflow(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    sandbox.fault("killed-export", during="connections")
    assert push(sandbox).code == 0
    assert values(sandbox) == HELD | {"AIRFLOW_CONN_PG": CONNECTIONS["pg"]}


def test_an_export_that_half_worked_and_an_airflow_that_does_not_answer_are_refused(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    sandbox.fault("killed-export", during="connections")
    sandbox.fault("crash", command="dev run")
    before = state_of(sandbox)
    result = push(sandbox, "--json")
    assert result.code == 3
    assert any(
        key.startswith("AIRFLOW_CONN_") for key, action in target(document(result)).items() if action == "refused"
    )
    assert state_of(sandbox) == before


def test_a_variable_that_could_not_be_recovered_is_refused_by_name(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"n": "42", "text": "a text"})
    sandbox.fault("crash", command="dev run")
    result = push(sandbox, "--json")
    assert result.code == 3
    assert target(document(result))["AIRFLOW_VAR_N"] == "refused"
    assert values(sandbox) == {}


def test_partial_carries_the_lines_that_prove_themselves(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"n": "42", "text": "a text", "other": "b text"})
    sandbox.fault("crash", command="dev run")
    result = push(sandbox, "--partial", "--json")
    assert result.code == 7
    assert values(sandbox) == {"AIRFLOW_VAR_TEXT": "a text", "AIRFLOW_VAR_OTHER": "b text"}
    assert actions(env_changes(document(result)))["AIRFLOW_VAR_N"] == "refused"


@pytest.mark.parametrize("size", [20, 60, 140])
def test_output_that_breaks_off_loses_nothing(sandbox: Sandbox, size: int) -> None:
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    sandbox.fault("truncate", command="dev object export", bytes=size)
    result = push(sandbox)
    assert result.code in {0, 3, 4}
    if result.code == 0:
        assert values(sandbox) == HELD | {"AIRFLOW_CONN_PG": CONNECTIONS["pg"]}
    else:
        assert values(sandbox) == {}


def test_noise_around_the_output_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW | {"n": "42"}, CONNECTIONS)
    sandbox.fault("noise", before="[2026-08-01] {settings.py:1} INFO - {}\n", after="\nbye []\n")
    sandbox.fault("upgrade-notice")
    assert push(sandbox).code == 0
    assert values(sandbox) == HELD | {"AIRFLOW_VAR_N": "42", "AIRFLOW_CONN_PG": CONNECTIONS["pg"]}


@pytest.mark.parametrize("during", [None, "connections"])
def test_files_that_the_export_leaves_in_a_standalone_project_are_removed(sandbox: Sandbox, during: str | None) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    if during:
        sandbox.fault("killed-export", during=during)
    assert push(sandbox).code == 0
    assert not list(sandbox.project.glob("tmp.*"))
    assert values(sandbox) == HELD | {"AIRFLOW_CONN_PG": CONNECTIONS["pg"]}


def test_files_of_an_export_that_was_killed_early_are_removed(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow(AIRFLOW, CONNECTIONS)
    sandbox.fault("killed-export", during="variables")
    assert push(sandbox).code in {0, 3}
    assert not list(sandbox.project.glob("tmp.*"))


# --- list --save ---


def test_a_file_that_list_cannot_write_is_noticed(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "one")
    sandbox.fault("save-unwritable")
    assert pull(sandbox).code == 0
    assert sandbox.read_env() == "A=one\n"


@pytest.mark.parametrize("text", ["one\nB=forged", "one\n 2     B     forged     false", "\n\n", "žluť 🚀\n"])
def test_a_saved_value_that_looks_like_more_comes_down_exactly(sandbox: Sandbox, text: str) -> None:
    sandbox.set_variable("A", text)
    sandbox.set_variable("B", "real")
    assert pull(sandbox).code == 0
    assert COMPOSE.read(sandbox.read_env(), {}).values() == {"A": text, "B": "real"}


def test_a_saved_list_that_breaks_off_is_noticed(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "one")
    sandbox.set_variable("B", "two")
    sandbox.fault("truncate", command="deployment variable list", bytes=90)
    assert pull(sandbox).code == 0
    assert sandbox.read_env() == "A=one\nB=two\n"


# --- the writing calls ---


def test_a_call_that_crashes_after_its_write_did_what_was_planned(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\nB=two\n")
    sandbox.fault("crash", command="deployment variable create", at="after-write")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert targets(document(result))[0]["applied"] is True
    assert values(sandbox) == {"A": "one", "B": "two"}


def test_a_call_that_crashes_before_its_write_changed_nothing(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\nB=two\n")
    sandbox.fault("crash", command="deployment variable create", at="before-write")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 1
    found = document(result)
    assert targets(found)[0]["applied"] is False
    assert found["error"]["hint"]
    assert values(sandbox) == {}


def test_a_write_that_is_killed_by_a_signal_after_it_happened_is_seen(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\n")
    sandbox.fault("crash", command="deployment variable create", at="after-write", signal=int(signal.SIGKILL))
    assert push(sandbox, "--no-export").code == 0
    assert values(sandbox) == {"A": "one"}


def test_a_write_lost_to_another_client_is_reported_key_by_key(sandbox: Sandbox) -> None:
    sandbox.set_variable("OLD", "old")
    sandbox.write_env("A=one\nB=two\nOLD=new\n")
    sandbox.fault("lost-write")
    result = push(sandbox, "--no-export", "--on-conflict", "overwrite", "--json")
    assert [call["exit"] for call in sandbox.writing_calls()] == [0]
    assert result.code == 6
    changes = targets(document(result))[0]["changes"]
    assert results(changes) == dict.fromkeys(("A", "B", "OLD"), "not-written")


def test_a_lost_write_is_named_to_people_with_the_backup(sandbox: Sandbox) -> None:
    sandbox.set_variable("OLD", "old")
    sandbox.write_env("A=one\n")
    sandbox.fault("lost-write")
    result = push(sandbox, "--no-export")
    assert result.code == 6
    assert any(line.split()[:2] == ["A", "x"] for line in result.stdout.splitlines())
    assert str(sandbox.state_home / "astro-sync" / "backups") in result.stderr


def test_a_key_that_someone_else_made_meanwhile_is_named(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\n")
    sandbox.fault("concurrent-key", command="deployment variable create", key="THEIRS", value="x")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert ("not-as-planned", "THEIRS") in codes(targets(document(result))[0]["warnings"])


@pytest.mark.long
@pytest.mark.parametrize(("theirs", "code"), [("one", 0), ("other", 6)])
def test_exit_1_because_someone_was_faster_is_judged_by_what_is_there(sandbox: Sandbox, theirs: str, code: int) -> None:
    sandbox.write_env("A=one\nB=two\n")
    sandbox.fault("slow", command="deployment variable create", seconds=0.6)

    ended = threading.Event()

    def be_faster() -> None:
        while not ended.wait(0.01) and not any("env_before" in call for call in sandbox.writing_calls()):
            pass
        sandbox.set_variable("A", theirs)

    other = threading.Thread(target=be_faster)
    other.start()
    result = push(sandbox, "--no-export", "--json")
    ended.set()
    other.join()
    assert [call["exit"] for call in sandbox.writing_calls()] == [1]
    assert result.code == code
    assert values(sandbox) == {"A": theirs, "B": "two"}
    changes = targets(document(result))[0]["changes"]
    assert results(changes) == {"A": "other-value" if code else "done", "B": "done"}


def test_the_second_call_is_left_out_when_the_first_failed(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\nMY_TOKEN=t0ken\n")
    sandbox.fault("write-refused", command="deployment variable create", nth=1)
    result = push(sandbox, "--no-export")
    assert result.code == 1
    assert len(sandbox.writing_calls()) == 1
    assert values(sandbox) == {}


def test_a_second_call_that_fails_leaves_the_first_and_says_so(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\nMY_TOKEN=t0ken\n")
    sandbox.fault("write-refused", command="deployment variable create", nth=2)
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 6
    changes = targets(document(result))[0]["changes"]
    assert results(changes) == {"A": "done", "MY_TOKEN": "not-written"}


def test_a_deployment_that_cannot_be_read_again_is_unknown(sandbox: Sandbox) -> None:
    sandbox.write_env("A=one\n")
    sandbox.fault("offline", command="deployment inspect", nth=2)
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 6
    assert results(targets(document(result))[0]["changes"]) == {"A": "unknown"}


def test_env_changed_but_the_deployment_did_not_is_exit_1(sandbox: Sandbox) -> None:
    sandbox.set_airflow(AIRFLOW)
    sandbox.fault("crash", command="deployment variable create", at="before-write")
    result = push(sandbox, "--json")
    assert result.code == 1
    assert values(sandbox) == {}
    assert "AIRFLOW_VAR_A" in sandbox.read_env()
    assert codes(written(document(result))["warnings"]) >= {("restart-local", None)}


def test_a_value_longer_than_a_line_of_load_is_refused_and_nothing_is_dropped(sandbox: Sandbox) -> None:
    # `--load` drops that line and every later one, and says exit 0
    sandbox.write_env(f"A={'x' * 65_540}\nB=two\n")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 3
    assert target(document(result)) == {"A": "refused", "B": "create"}
    assert push(sandbox, "--no-export", "--allow-argv", "*").code == 0
    assert values(sandbox) == {"A": "x" * 65_540, "B": "two"}


def test_a_value_longer_than_an_argument_is_refused_even_with_allow_argv(sandbox: Sandbox) -> None:
    sandbox.write_env(f"A={'x' * 131_072}\nB=two\n")
    result = push(sandbox, "--no-export", "--allow-argv", "*", "--partial", "--json")
    assert result.code == 7
    assert target(document(result))["A"] == "refused"
    assert values(sandbox) == {"B": "two"}
