"""What stops a run before any change, and what the options let through."""

import re

import pytest

from runs import actions, codes, document, env_changes, pull, push, reason, state_of, target, targets, values, ways_out
from sandbox import Sandbox


@pytest.mark.parametrize("text", ["A=one\nB='never closed\n", "A=${bad\n", "A=1\nB C=2\n"])
def test_a_file_that_compose_rejects_stops_both_syncs(sandbox: Sandbox, text: str) -> None:
    sandbox.write_env(text)
    sandbox.set_variable("NEW", "n")
    before = state_of(sandbox)
    for result in (push(sandbox, "--no-export", "--partial", "--json"), pull(sandbox, "--partial", "--json")):
        assert result.code == 3
        assert document(result)["error"]["code"] == "env-rejected"
    assert state_of(sandbox) == before


def test_what_compose_rejects_standalone_reads(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.write_env("A=one\nB='never closed\n")
    assert push(sandbox, "--no-export").code == 0
    assert values(sandbox) == {"A": "one", "B": "'never closed"}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("docker", {"A": "v", "B": "home", "C": "x", "D": "one\ttwo"}),
        ("standalone", {"A": "v # note", "B": "${MY_HOME}", "C": "x", "D": "one\\ttwo"}),
    ],
)
def test_env_goes_up_as_the_local_runtime_reads_it(sandbox: Sandbox, mode: str, expected: dict[str, str]) -> None:
    sandbox.use_mode(mode)
    sandbox.write_env('A=v # note\nB=${MY_HOME}\nC=x\nD="one\\ttwo"\n')
    result = push(sandbox, "--no-export", "--json", "--allow-expansion", "B", env={"MY_HOME": "home"})
    assert result.code == 0
    assert values(sandbox) == expected


def test_the_user_s_mode_counts_where_the_project_sets_none(sandbox: Sandbox) -> None:
    sandbox.use_mode(None)
    sandbox.use_mode("standalone", scope="user")
    sandbox.write_env("A=v # note\n")
    assert push(sandbox, "--no-export").code == 0
    assert values(sandbox) == {"A": "v # note"}


def test_each_refusal_of_a_value_names_the_options_that_go_on(sandbox: Sandbox) -> None:
    sandbox.write_env('MULTI="one\\ntwo"\nPADDED=" x "\nA=1\n')
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 3
    changes = targets(document(result))[0]["changes"]
    assert (reason(changes, "MULTI"), reason(changes, "PADDED")) == ("line-break", "white-space")
    for key in ("MULTI", "PADDED"):
        assert f"--allow-argv {key}" in ways_out(changes, key)
    assert values(sandbox) == {}


def test_the_ways_out_of_all_refusals_stand_once_below_the_table(sandbox: Sandbox) -> None:
    sandbox.write_env('MULTI="one\\ntwo"\nPADDED=" x "\nA=1\n')
    printed = push(sandbox, "--no-export").stderr
    for option in ("--allow-argv", "--partial", "--exclude"):
        assert len(re.findall(rf"^ +{option}\b", printed, re.MULTILINE)) == 1


@pytest.mark.parametrize(
    ("line", "environ"),
    [("A=$UNSET", {}), ("A=x${SET}y", {"SET": "planted"}), ("A=${UNSET:-x}", {}), ("OK=$HOME\nA=$OK", {})],
)
def test_a_value_that_takes_something_from_outside_the_file_is_refused(
    sandbox: Sandbox, line: str, environ: dict[str, str]
) -> None:
    sandbox.write_env(f"{line}\nB=1\n")
    result = push(sandbox, "--no-export", "--json", env=environ)
    assert result.code == 3
    assert reason(targets(document(result))[0]["changes"], "A") == "expansion"
    assert "--allow-expansion A" in ways_out(targets(document(result))[0]["changes"], "A")
    assert values(sandbox) == {}
    assert "planted" not in result.stdout + result.stderr


def test_allow_expansion_carries_the_value_as_this_machine_expands_it(sandbox: Sandbox) -> None:
    sandbox.write_env("A=x${SET}y\nINSIDE=1\nB=$INSIDE\n")
    assert push(sandbox, "--no-export", "--allow-expansion", "A", env={"SET": "-"}).code == 0
    assert values(sandbox) == {"A": "x-y", "INSIDE": "1", "B": "1"}


def test_a_key_that_is_no_sound_name_is_masked_and_refused(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.write_env("A=1\nplanted+piece=of a value\n")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 3
    assert {change["reason"]["code"] for change in targets(document(result))[0]["changes"] if change["reason"]} == {
        "unsound-name"
    }
    assert "planted+piece" not in result.stdout + result.stderr
    assert push(sandbox, "--no-export", "--partial").code == 7
    assert values(sandbox) == {"A": "1"}


@pytest.mark.parametrize("crashes", [False, True])
def test_one_refused_key_is_named_with_how_to_go_on(sandbox: Sandbox, *, crashes: bool) -> None:
    sandbox.set_airflow({"other": "a text", **({"case": "42"} if crashes else {"case": "lower", "Case": "upper"})})
    if crashes:
        sandbox.fault("crash", command="dev run")
    found = document(push(sandbox, "--json"))
    assert reason(targets(found)[0]["changes"], "AIRFLOW_VAR_CASE") == ("unreadable" if crashes else "collision")
    printed = push(sandbox).stderr
    assert "--exclude AIRFLOW_VAR_CASE" in printed
    assert "--partial" in printed


def test_what_the_deployment_cannot_hold_does_not_enter_env_either(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"multi": "one\ntwo", "a": "1 x"})
    result = push(sandbox, "--partial", "--json")
    assert result.code == 7
    assert sandbox.read_env() == "AIRFLOW_VAR_A='1 x'\n"
    assert actions(env_changes(document(result)))["AIRFLOW_VAR_MULTI"] == "refused"


def test_allow_argv_shows_only_what_no_file_carries_and_says_so(sandbox: Sandbox) -> None:
    sandbox.write_env('MULTI="one\\ntwo"\nA=plain-text\nMY_TOKEN=" t0ken "\n')
    result = push(sandbox, "--no-export", "--allow-argv", "*", "--json")
    assert result.code == 0
    assert sandbox.deployment() == {
        "MULTI": ("one\ntwo", False),
        "A": ("plain-text", False),
        "MY_TOKEN": (" t0ken ", True),
    }
    words = [word for call in sandbox.writing_calls() for word in call["argv"]]
    assert "MULTI=one\ntwo" in words
    assert not any("plain-text" in word for word in words)
    shown = {key for code, key in codes(targets(document(result))[0]["warnings"]) if code == "visible-in-argv"}
    # A warning for the secret alone; what is plain is marked.
    assert shown == {"MY_TOKEN"}
    assert reason(targets(document(result))[0]["changes"], "MULTI") == "in-argv"


def test_pulling_what_a_standalone_file_cannot_hold_is_refused_by_name(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_variable("MULTI", "one\ntwo")
    sandbox.set_variable("A", "1")
    result = pull(sandbox, "--json")
    assert result.code == 3
    assert target(document(result)) == {"MULTI": "refused", "A": "create"}
    assert not (sandbox.project / ".env").exists()
    assert pull(sandbox, "--partial").code == 7
    assert sandbox.read_env() == "A=1\n"


# --- filters ---

MIXED = "AIRFLOW_VAR_A=1\nAIRFLOW_CONN_B=http://db.example.com\nOTHER=2\nAIRFLOW_VAR_Z=3\n"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("--include", "AIRFLOW_VAR_*"), {"AIRFLOW_VAR_A", "AIRFLOW_VAR_Z"}),
        (("--include", "OTHER", "--include", "*_Z"), {"OTHER", "AIRFLOW_VAR_Z"}),
        (("--exclude", "AIRFLOW_*", "--exclude", "X"), {"OTHER"}),
        (("--include", "AIRFLOW_*", "--exclude", "*_Z"), {"AIRFLOW_VAR_A", "AIRFLOW_CONN_B"}),
        (("--airflow-only",), {"AIRFLOW_VAR_A", "AIRFLOW_CONN_B", "AIRFLOW_VAR_Z"}),
    ],
)
def test_filters_choose_what_goes_up(sandbox: Sandbox, words: tuple[str, ...], kept: set[str]) -> None:
    sandbox.write_env(MIXED)
    result = push(sandbox, "--no-export", "--json", *words)
    assert result.code == 0
    assert set(values(sandbox)) == kept
    assert {key for key, action in target(document(result)).items() if action == "skip"} == {
        line.partition("=")[0] for line in MIXED.splitlines()
    } - kept


def test_filters_choose_what_comes_down(sandbox: Sandbox) -> None:
    for key in ("AIRFLOW_VAR_A", "OTHER"):
        sandbox.set_variable(key, "1")
    assert pull(sandbox, "--airflow-only").code == 0
    assert sandbox.read_env() == "AIRFLOW_VAR_A=1\n"


def test_filters_choose_what_of_airflow_enters_env(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "1", "b": "one\ntwo"})
    assert push(sandbox, "--exclude", "AIRFLOW_VAR_B").code == 0
    assert sandbox.read_env() == "AIRFLOW_VAR_A=1\n"
    assert values(sandbox) == {"AIRFLOW_VAR_A": "1"}
