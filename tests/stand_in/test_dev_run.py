"""Contract, the exact variables behind "astro dev run …"."""

import json

import pytest

from sandbox import RECORDED_AIRFLOW, Sandbox

EXPORT = "variables export /dev/stdout"
LIST = "variables list --show-values -o json"
CONNECTIONS = "connections export - --file-format env"


def test_docker_mode_says_what_it_runs_and_hides_stderr(sandbox: Sandbox) -> None:
    result = sandbox.astro("dev", "run", *CONNECTIONS.split())
    assert (result.code, result.stdout, result.stderr) == (0, f"Running: airflow {CONNECTIONS}\n", "")


def test_standalone_mode_runs_it_as_it_is(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    result = sandbox.astro("dev", "run", *CONNECTIONS.split())
    assert (result.code, result.stdout, result.stderr) == (0, "", "\n0 Connections successfully exported.\n")


def test_the_recorded_variables_are_exported_as_airflow_exported_them(sandbox: Sandbox) -> None:
    sandbox.load_airflow_export()
    sandbox.use_mode("standalone")
    recorded = (RECORDED_AIRFLOW / "variables-export.json").read_text().rstrip("\n")
    count = len(json.loads(recorded))
    result = sandbox.astro("dev", "run", *EXPORT.split())
    # the sentence is glued to the closing brace
    assert result.stdout == f"{recorded}{count} Variables successfully exported to /dev/stdout.\n"


def test_the_recorded_connections_are_exported_as_airflow_exported_them(sandbox: Sandbox) -> None:
    sandbox.load_airflow_export()
    result = sandbox.astro("dev", "run", *CONNECTIONS.split())
    recorded = (RECORDED_AIRFLOW / "connections-export.env").read_text()
    assert result.stdout.split("\n", 1)[1].splitlines() == recorded.splitlines()


def test_the_recorded_connections_are_exported_as_json_too(sandbox: Sandbox) -> None:
    sandbox.load_airflow_export()
    sandbox.use_mode("standalone")
    result = sandbox.astro("dev", "run", "connections", "export", "-", "--file-format", "json")
    assert result.stdout == (RECORDED_AIRFLOW / "connections-export.json").read_text()
    assert (result.code, result.stderr) == (0, "\n4 Connections successfully exported.\n")


def test_the_recorded_connections_are_exported_as_yaml_too(sandbox: Sandbox) -> None:
    sandbox.load_airflow_export()
    sandbox.use_mode("standalone")
    result = sandbox.astro("dev", "run", "connections", "export", "-", "--file-format=yaml")
    assert result.stdout == (RECORDED_AIRFLOW / "connections-export.yaml").read_text()


def test_the_parts_of_a_connection_are_exported_as_they_are_stored(sandbox: Sandbox) -> None:
    parts: dict[str, object] = {
        "conn_type": "aws_x",
        "description": "é",
        "login": "",
        "password": None,
        "host": "https://h/x",
        "port": 0,
        "schema": "",
        "extra": '{"a":1}',
    }
    sandbox.set_airflow({}, {"c": parts})
    sandbox.use_mode("standalone")
    result = sandbox.astro("dev", "run", "connections", "export", "-", "--file-format", "json")
    assert json.loads(result.stdout) == {"c": parts}
    env = sandbox.astro("dev", "run", *CONNECTIONS.split())
    assert env.stdout == "c=aws-x://https://h%2Fx/?__extra__=%7B%22a%22%3A1%7D\n"


STORED = {
    "a number": ("42", 42),
    "a padded number": (" 42 ", 42),
    "a negative zero": ("-0", 0),
    "an object": ('{"b": 1,  "a": 2}', {"a": 2, "b": 1}),
    "null": ("null", None),
    "a quoted text stays as it is": ('"q"', '"q"'),
    "an object with its own value is wrapped once more": ('{"value": 1}', {"value": {"value": 1}, "description": None}),
    "no JSON": ("tru", "tru"),
}


@pytest.mark.parametrize("name", STORED)
def test_a_stored_text_is_exported_so(sandbox: Sandbox, name: str) -> None:
    text, value = STORED[name]
    sandbox.set_airflow({"k": text})
    result = sandbox.astro("dev", "run", *EXPORT.split())
    document = result.stdout.partition("\n")[2].partition("1 Variables successfully")[0]
    assert json.loads(document) == {"k": value}
    listed = sandbox.astro("dev", "run", *LIST.split()).stdout.partition("\n")[2]
    assert json.loads(listed) == [{"key": "k", "val": text}]
    assert sandbox.astro("dev", "run", "variables", "get", "k").stdout.partition("\n")[2] == f"{text}\n"


def test_a_described_variable_carries_its_description(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"k": "v"}, {}, {"k": "about"})
    result = sandbox.astro("dev", "run", *EXPORT.split())
    document = result.stdout.partition("\n")[2].partition("1 Variables successfully")[0]
    assert json.loads(document) == {"k": {"value": "v", "description": "about"}}


@pytest.mark.parametrize(
    ("mode", "message"), [("docker", "command exited with code 2"), ("standalone", "exit status 2")]
)
def test_an_older_airflow_knows_no_show_values(sandbox: Sandbox, mode: str, message: str) -> None:
    sandbox.use_mode(mode)
    with sandbox.change() as state:
        state["airflow_version"] = "3.2.1"
    result = sandbox.astro("dev", "run", *LIST.split())
    assert result.code == 1
    assert result.stderr.endswith(f"Error: {message}\n")
    unrecognized = "airflow command error: unrecognized arguments: --show-values, see help above.\n"
    assert (unrecognized in result.stderr) is (mode == "standalone")
    assert result.stdout.removeprefix(f"Running: airflow {LIST}\n").startswith("Usage: airflow [-h] GROUP_OR_COMMAND")
    assert "Positional Arguments:" in result.stdout
    assert sandbox.astro("dev", "run", "variables", "list", "-o", "json").code == 0


def test_an_older_airflow_decodes_json_strings_and_wraps_nothing(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"q": '"q"', "v": '{"value": 1}'})
    with sandbox.change() as state:
        state["airflow_version"] = "2.10.4"
    result = sandbox.astro("dev", "run", *EXPORT.split())
    document = result.stdout.partition("\n")[2].partition("2 Variables successfully")[0]
    assert json.loads(document) == {"q": "q", "v": {"value": 1}}


@pytest.fixture
def old(sandbox: Sandbox) -> Sandbox:
    """Return a standalone project with an Airflow 2.11.2."""
    sandbox.use_mode("standalone")
    sandbox.set_airflow(
        {"z": "plain", "described": "hello", "a": '{"value": "v", "description": "d"}'},
        {"zc": "http://h", "ac": "http://h"},
        {"described": "about"},
    )
    with sandbox.change() as state:
        state["airflow_version"] = "2.11.2"
    return sandbox


def test_airflow_2_wraps_no_description(old: Sandbox) -> None:
    printed = old.astro("dev", "run", "variables", "export", "/dev/stdout").stdout
    document = json.loads(printed.removesuffix("3 Variables successfully exported to /dev/stdout.\n"))
    assert document == {"z": "plain", "described": "hello", "a": {"value": "v", "description": "d"}}


def test_airflow_2_lists_variables_in_order_of_creation(old: Sandbox) -> None:
    listed = old.astro("dev", "run", "variables", "list", "-o", "json").stdout
    assert [row["key"] for row in json.loads(listed)] == ["z", "described", "a"]


@pytest.mark.parametrize("words", ["version", "variables get z", "variables get nope", EXPORT])
def test_airflow_2_warns_on_stderr_whatever_it_is_asked(old: Sandbox, words: str) -> None:
    result = old.astro("dev", "run", *words.split())
    assert result.stderr.count("RemovedInAirflow3Warning: ") == 2
    assert "RemovedInAirflow3Warning" not in result.stdout


@pytest.mark.parametrize("form", ["json", "env"])
def test_airflow_2_exports_connections_completely_and_then_fails(old: Sandbox, form: str) -> None:
    result = old.astro("dev", "run", "connections", "export", "-", "--file-format", form)
    assert result.code == 1
    assert "\nValueError: I/O operation on closed file.\nError: exit status 1\n" in result.stderr
    if form == "env":
        assert result.stdout == "ac=http://h\nzc=http://h\n"
    else:
        assert list(json.loads(result.stdout)) == ["ac", "zc"]


# --- where `variables get` looks ---


@pytest.mark.parametrize(
    ("mode", "message"), [("docker", "command exited with code 1"), ("standalone", "exit status 1")]
)
def test_an_unknown_variable_ends_with_1(sandbox: Sandbox, mode: str, message: str) -> None:
    sandbox.use_mode(mode)
    result = sandbox.astro("dev", "run", "variables", "get", "nope")
    assert result.code == 1
    assert result.stderr.endswith(f"Error: {message}\n")


def test_the_containers_environment_comes_first_in_docker_mode(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"k": "stored"})
    sandbox.write_env("AIRFLOW_VAR_K=not read before the next start\n")
    with sandbox.change() as state:
        state["airflow"]["container_environment"] = {"AIRFLOW_VAR_K": "from the container"}
    assert sandbox.astro("dev", "run", "variables", "get", "k").stdout.endswith("\nfrom the container\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", "stored"),
        ("AIRFLOW_VAR_K=file", "file"),
        ('AIRFLOW_VAR_K="file"\r\n', "file"),
        ("AIRFLOW_VAR_K=one\n AIRFLOW_VAR_K='two' \n", "two"),
        ("AIRFLOW_VAR_K= kept # too \n", " kept # too"),
        ('AIRFLOW_VAR_K="odd\n', '"odd'),
        ("export AIRFLOW_VAR_K=v\n#AIRFLOW_VAR_K=v\nAIRFLOW_VAR_K", "stored"),
        ("AIRFLOW_VAR_K=\n", ""),
    ],
)
def test_the_projects_env_file_comes_first_in_standalone_mode(sandbox: Sandbox, text: str, value: str) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"k": "stored"})
    sandbox.write_env(text)
    assert sandbox.astro("dev", "run", "variables", "get", "k").stdout == f"{value}\n"


def test_standalone_inherits_the_environment_of_the_caller(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    result = sandbox.astro("dev", "run", "variables", "get", "k", env={"AIRFLOW_VAR_K": "inherited"})
    assert result.stdout == "inherited\n"
    assert sandbox.calls()[0]["airflow_names"] == ["AIRFLOW_VAR_K"]


# --- Airflow that does not run ---


@pytest.mark.parametrize(
    ("mode", "how", "printed", "message"),
    [
        (
            "docker",
            "no-containers",
            "Running: airflow version\n",
            "project not running, run astro dev start to start project",
        ),
        (
            "docker",
            "stopped",
            "Running: airflow version\nError response from daemon: container 5f0c1a is not running\n",
            "airflow is not running. To start a local Airflow environment, run 'astro dev start'",
        ),
        ("standalone", "no-venv", "", "no virtual environment found — run 'astro dev start' first"),
    ],
)
def test_version_fails_when_airflow_does_not_run(
    sandbox: Sandbox, mode: str, how: str, printed: str, message: str
) -> None:
    sandbox.use_mode(mode)
    sandbox.fault("not-running", how=how)
    result = sandbox.astro("dev", "run", "version")
    assert (result.code, result.stdout, result.stderr) == (1, printed, f"Error: {message}\n")


def test_version_is_that_of_airflow(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    assert sandbox.astro("dev", "run", "version").stdout == "3.3.2\n"


def test_log_lines_may_stand_around_the_answer(sandbox: Sandbox) -> None:
    sandbox.fault("noise", before="[warn] {a: 1}\n", after="[info] done\n")
    result = sandbox.astro("dev", "run", "version")
    assert result.stdout == "Running: airflow version\n[warn] {a: 1}\n3.3.2\n[info] done\n"


def test_docker_may_reset_the_connection_after_the_whole_answer(sandbox: Sandbox) -> None:
    sandbox.fault("stdin-reset")
    result = sandbox.astro("dev", "run", "version")
    assert (result.code, result.stdout) == (1, "Running: airflow version\n3.3.2\n")
    assert result.stderr.endswith("connection reset by peer\n")
