"""Contract, "astro deployment inspect" and "astro deployment list"."""

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from sandbox import Sandbox

INSPECT = ("deployment", "inspect", "-o", "json")


def inspected(sandbox: Sandbox, *words: str) -> dict[str, Any]:
    result = sandbox.astro(*INSPECT, *words)
    assert (result.code, result.stderr) == (0, "")
    deployment: dict[str, Any] = json.loads(result.stdout)["deployment"]
    return deployment


@pytest.mark.parametrize("words", [("dep-1",), ("-n", "prod"), ("--deployment-name=prod", "--workspace-id", "ws-1")])
def test_inspect_has_every_plain_value_and_no_secret(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    awkward = '<a&b>\u2028\n"\\\x01 žluť 🚀 '
    sandbox.set_variable("PLAIN", awkward)
    sandbox.set_variable("SECRET", "hush", secret=True)
    deployment = inspected(sandbox, *words)
    assert deployment["environment_variables"] == [
        {"is_secret": False, "key": "PLAIN", "updated_at": "2026-08-01T00:00:00Z", "value": awkward},
        {"is_secret": True, "key": "SECRET", "updated_at": "2026-08-01T00:00:00Z", "value": ""},
    ]


def test_a_secret_may_also_be_shown_as_null(sandbox: Sandbox) -> None:
    sandbox.set_variable("SECRET", "hush", secret=True)
    with sandbox.change() as state:
        state["inspect_secrets_as"] = None
    assert inspected(sandbox, "dep-1")["environment_variables"][0]["value"] is None


def test_the_key_is_left_out_when_there_are_no_variables(sandbox: Sandbox) -> None:
    deployment = inspected(sandbox, "dep-1")
    assert "environment_variables" not in deployment
    assert deployment["configuration"]["name"] == "prod"
    assert deployment["configuration"]["workspace_name"] == "Main"
    assert deployment["metadata"]["deployment_id"] == "dep-1"
    assert deployment["metadata"]["workspace_id"] == "ws-1"


def test_the_json_is_written_as_go_writes_it(sandbox: Sandbox) -> None:
    sandbox.set_variable("K", "<&> \u2028")
    lines = sandbox.astro(*INSPECT, "dep-1").stdout.splitlines()
    assert lines[:3] == ["{", '    "deployment": {', '        "environment_variables": [']
    assert lines[7] == r'                "value": "\u003c\u0026\u003e \u2028"'


@pytest.mark.parametrize("words", [(), ("-o", "yaml"), ("-o", "bogus"), ("--output=JSON",)])
def test_any_word_but_json_means_yaml(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    texts = ["plain", "", "yes", "1.5", "a: b", " x", "#no", "two\nlines\n", "🚀", "\ttab", "it's", "2026-08-01", "- x"]
    texts += ["~", "0x1F", "1:30", "no\nend", "line \nend", "a #b", "@x", "x\r", '"']
    for number, text in enumerate(texts):
        sandbox.set_variable(f"K{number}", text)
    result = sandbox.astro("deployment", "inspect", "dep-1", *words)
    assert (result.code, result.stderr) == (0, "")
    deployment = YAML(typ="safe").load(result.stdout)["deployment"]
    assert [variable["value"] for variable in deployment["environment_variables"]] == texts
    assert deployment["configuration"]["name"] == "prod"


def test_the_yaml_is_written_as_go_writes_it(sandbox: Sandbox) -> None:
    for key, text in {"A": "v", "B": "two\nlines\n", "C": "yes", "D": "a: b", "E": "x\ty🚀"}.items():
        sandbox.set_variable(key, text)
    printed = sandbox.astro("deployment", "inspect", "dep-1").stdout
    assert printed.startswith(YAML_HEAD)
    assert "        created_at: 2026-08-01T08:00:00Z\n" in printed
    assert printed.endswith("\n\n")


YAML_HEAD = r"""deployment:
    environment_variables:
        - is_secret: false
          key: A
          updated_at: "2026-08-01T00:00:00Z"
          value: v
        - is_secret: false
          key: B
          updated_at: "2026-08-01T00:00:00Z"
          value: |
            two
            lines
        - is_secret: false
          key: C
          updated_at: "2026-08-01T00:00:00Z"
          value: "yes"
        - is_secret: false
          key: D
          updated_at: "2026-08-01T00:00:00Z"
          value: 'a: b'
        - is_secret: false
          key: E
          updated_at: "2026-08-01T00:00:00Z"
          value: "x\ty\U0001F680"
    configuration:
        name: prod
"""


def test_there_is_no_d_flag(sandbox: Sandbox) -> None:
    result = sandbox.astro(*INSPECT, "-d", "dep-1")
    assert result.stderr.startswith("Error: unknown shorthand flag: 'd' in -d\nUsage:")


def test_key_environment_variables_prints_pointers(sandbox: Sandbox) -> None:
    sandbox.set_variable("K", "planted")
    result = sandbox.astro("deployment", "inspect", "dep-1", "-k", "environment_variables")
    stamp = "2026-08-01T00:00:00Z"
    assert re.fullmatch(rf"\[map\[is_secret:false key:K updated_at:{stamp} value:0x[0-9a-f]+\]\]\n", result.stdout)


def test_a_workspace_without_deployments_ends_with_0(sandbox: Sandbox) -> None:
    result = sandbox.astro(*INSPECT, "dep-1", "--workspace-id", "ws-empty")
    assert (result.code, result.stdout) == (0, "no Deployments found in workspace ws-empty\n")


def test_an_id_of_another_workspace_is_not_found(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-9", "elsewhere", "ws-9")
    result = sandbox.astro(*INSPECT, "dep-9")
    assert result.code == 1
    assert result.stderr.startswith("Error: the Deployment specified was not found in this workspace. Your account")
    assert inspected(sandbox, "dep-9", "--workspace-id", "ws-9")["configuration"]["name"] == "elsewhere"


def test_clean_output_hides_the_remark_on_id_and_name(sandbox: Sandbox) -> None:
    assert sandbox.astro(*INSPECT, "dep-1", "-n", "prod").stdout.startswith("Both a Deployment ID and")
    assert sandbox.astro(*INSPECT, "dep-1", "-n", "prod", "-c").stdout.startswith("{\n")


def test_list_is_a_table_in_falling_order_of_names(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "staging")
    sandbox.add_deployment("dep-9", "elsewhere", "ws-9")
    result = sandbox.astro("deployment", "list")
    header, *rows = result.stdout.splitlines()
    assert header.split("  ")[0] == " NAME"
    assert [row.split()[0] for row in rows] == ["staging", "prod"]
    assert rows[1] == (
        " prod        weightless-dep-1     N/A         AWS                us-east-1     dep-1             "
        "3.3-2 (based on Airflow 3.3.2)     false                  false                 STANDARD            "
        "false                "
    )


def test_list_all_has_a_column_for_the_workspace(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-9", "elsewhere", "ws-9")
    header, *rows = sandbox.astro("deployment", "list", "--all").stdout.splitlines()
    assert header.startswith(" NAME          WORKSPACE          NAMESPACE")
    assert [row.split("  ")[0] for row in rows] == [" prod", " elsewhere"]


def test_an_empty_workspace_has_a_sentence(sandbox: Sandbox) -> None:
    result = sandbox.astro("deployment", "list", "--workspace-id", "ws-empty")
    assert (result.code, result.stdout) == (0, "no Deployments found in workspace ws-empty\n")
