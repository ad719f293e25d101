"""The recorded export of Airflow 3.3.2, which the Astro CLI's own export blanks, merges and cuts."""

import json

import pytest

from runs import actions, document, env_changes, pull, push, reason, state_of, target, targets, values, ways_out
from sandbox import RECORDED_AIRFLOW, Sandbox

pytestmark = pytest.mark.long

COLLISIONS = {"AIRFLOW_VAR_CASE", "AIRFLOW_CONN_DUP.CONN"}
MULTI_LINE = {"AIRFLOW_VAR_MULTI", "AIRFLOW_VAR_PEM"}
JSON = {"AIRFLOW_VAR_OBJ", "AIRFLOW_VAR_ARR"}
PADDED = {"AIRFLOW_VAR_LEAD"}


def stored(sandbox: Sandbox) -> dict[str, str]:
    """Return what Airflow stores, JSON on one line, under the names of the environment; of names that collide, one."""
    airflow = sandbox.state["airflow"]
    variables = {f"AIRFLOW_VAR_{row['key'].upper()}": row["val"] for row in airflow["variables"]}
    variables |= {key: json.dumps(json.loads(variables[key]), separators=(",", ":")) for key in JSON}
    return variables | {f"AIRFLOW_CONN_{row['conn_id'].upper()}": row["uri"] for row in airflow["connections"]}


@pytest.fixture
def recorded(sandbox: Sandbox) -> Sandbox:
    sandbox.load_airflow_export()
    return sandbox


def test_the_raw_export_loses_what_these_tests_expect_to_arrive(recorded: Sandbox) -> None:
    recorded.astro("dev", "object", "export", "--env-export")
    lines = recorded.read_env().split("\n")
    for name in ("NUM", "NUMSTR", "FLAG", "NUL", "OBJ", "ARR", "DESC"):
        assert f"AIRFLOW_VAR_{name}=" in lines


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_everything_but_the_collisions_arrives_as_airflow_stores_it(recorded: Sandbox, mode: str) -> None:
    recorded.use_mode(mode)
    # a standalone .env holds no line breaks, and what cannot go there goes nowhere
    held = COLLISIONS if mode == "docker" else COLLISIONS | MULTI_LINE
    result = push(recorded, "--partial", "--allow-argv", "*", "--json")
    assert result.code == 7
    assert values(recorded) == {key: text for key, text in stored(recorded).items() if key not in held}
    found = document(result)
    assert {key for key, action in target(found).items() if action == "refused"} == held
    assert {key for key, action in actions(env_changes(found)).items() if action == "refused"} == held


def test_what_the_export_blanks_reaches_the_deployment_as_airflow_stores_it(recorded: Sandbox) -> None:
    result = push(recorded, "--partial", "--allow-argv", "*")
    assert result.code == 7
    arrived = values(recorded)
    assert {name: arrived[f"AIRFLOW_VAR_{name}"] for name in ("NUM", "NUMSTR", "FLAG", "NUL", "DESC", "EMPTY")} == {
        "NUM": "42",
        "NUMSTR": "42",
        "FLAG": "true",
        "NUL": "null",
        "DESC": "v1",
        "EMPTY": "",
    }
    imported = json.loads((RECORDED_AIRFLOW / "variables-imported.json").read_bytes())
    assert json.loads(arrived["AIRFLOW_VAR_OBJ"]) == imported["obj"]
    assert json.loads(arrived["AIRFLOW_VAR_ARR"]) == imported["arr"]


def test_collisions_and_values_that_no_file_carries_are_refused_by_name(recorded: Sandbox) -> None:
    before = state_of(recorded)
    result = push(recorded, "--json")
    assert result.code == 3
    refused = {key for key, action in target(document(result)).items() if action == "refused"}
    assert refused == COLLISIONS | MULTI_LINE | PADDED
    assert state_of(recorded) == before
    assert recorded.writing_calls() == []


def test_the_refused_are_named_to_people_too(recorded: Sandbox) -> None:
    result = push(recorded)
    for key in COLLISIONS | MULTI_LINE | PADDED:
        assert key in result.stdout
    assert "Nothing was changed" in result.stderr


def test_the_reason_names_both_names_that_became_one(recorded: Sandbox) -> None:
    changes = targets(document(push(recorded, "--json")))[0]["changes"]
    (text,) = (change["reason"]["text"] for change in changes if change["key"] == "AIRFLOW_VAR_CASE")
    assert "'Case'" in text
    assert "'case'" in text


def test_a_multi_line_value_is_refused_with_its_way_out(recorded: Sandbox) -> None:
    changes = targets(document(push(recorded, "--json")))[0]["changes"]
    assert reason(changes, "AIRFLOW_VAR_MULTI") == "line-break"
    assert "--allow-argv AIRFLOW_VAR_MULTI" in ways_out(changes, "AIRFLOW_VAR_MULTI")


def test_json_that_airflow_indents_goes_up_on_one_line(recorded: Sandbox) -> None:
    found = document(push(recorded, "--partial", "--json"))
    imported = json.loads((RECORDED_AIRFLOW / "variables-imported.json").read_bytes())
    for key, name in (("AIRFLOW_VAR_OBJ", "obj"), ("AIRFLOW_VAR_ARR", "arr")):
        assert target(found)[key] == "create"
        assert "\n" not in values(recorded)[key]
        assert json.loads(values(recorded)[key]) == imported[name]
    assert reason(env_changes(found), "AIRFLOW_VAR_OBJ") == "on-one-line"


def test_exact_json_refuses_what_one_line_would_change(recorded: Sandbox) -> None:
    found = document(push(recorded, "--exact-json", "--json"))
    refused = {key for key, action in target(found).items() if action == "refused"}
    assert refused == COLLISIONS | MULTI_LINE | PADDED | JSON


def test_excluding_the_refused_carries_the_rest(recorded: Sandbox) -> None:
    held = COLLISIONS | MULTI_LINE | PADDED
    result = push(recorded, *(word for key in sorted(held) for word in ("--exclude", key)))
    assert result.code == 0
    assert values(recorded) == {key: text for key, text in stored(recorded).items() if key not in held}


def test_partial_alone_carries_what_a_file_can_carry(recorded: Sandbox) -> None:
    result = push(recorded, "--partial")
    assert result.code == 7
    held = COLLISIONS | MULTI_LINE | PADDED
    assert values(recorded) == {key: text for key, text in stored(recorded).items() if key not in held}
    assert all(f"{key}=" not in recorded.read_env() for key in held)


def test_a_collision_is_kept_where_the_env_file_settles_it(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"case": "lower", "Case": "upper"})
    sandbox.write_env("AIRFLOW_VAR_CASE=mine\n")
    assert push(sandbox).code == 3
    result = push(sandbox, "--on-conflict", "keep")
    assert result.code == 0
    assert values(sandbox) == {"AIRFLOW_VAR_CASE": "mine"}
    assert sandbox.read_env() == "AIRFLOW_VAR_CASE=mine\n"


def test_names_that_collide_with_one_value_are_one(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"case": "same", "Case": "same"})
    assert push(sandbox).code == 0
    assert values(sandbox) == {"AIRFLOW_VAR_CASE": "same"}


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_what_went_up_comes_down_into_an_empty_project(recorded: Sandbox, mode: str) -> None:
    recorded.use_mode(mode)
    push(recorded, "--partial", "--allow-argv", "*", "--plain", "*")
    (recorded.project / ".env").unlink()
    result = pull(recorded, "--partial", "--json")
    assert result.code == 0
    assert set(target(document(result)).values()) == {"create"}
    assert set(target(document(pull(recorded, "--json"))).values()) == {"unchanged"}


def test_before_airflow_3_3_the_stored_texts_are_asked_for_one_by_one(sandbox: Sandbox) -> None:
    texts = {"a": "42", "b": ' {"a":1}', "c": "1.0", "d": "plain", "e": "[1,  2]", "f": "null"}
    sandbox.set_airflow(texts, descriptions={"d": "about"})
    with sandbox.change() as state:
        state["airflow_version"] = "3.1.0"
    assert push(sandbox, "--allow-argv", "*").code == 0
    assert values(sandbox) == {f"AIRFLOW_VAR_{name.upper()}": text for name, text in texts.items()}


def test_before_airflow_3_3_a_number_that_the_env_file_shadows_is_refused(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"n": "42"})
    sandbox.write_env("AIRFLOW_VAR_N=7\n")
    with sandbox.change() as state:
        state["airflow_version"] = "3.1.0"
    sandbox.restart_airflow()
    result = push(sandbox, "--json", "--on-conflict", "overwrite")
    assert result.code == 3
    assert target(document(result)) == {"AIRFLOW_VAR_N": "refused"}
    assert sandbox.read_env() == "AIRFLOW_VAR_N=7\n"
