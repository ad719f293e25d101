"""Contract, "astro dev object export --env-export"."""

import json
import stat

import pexpect
import pytest

from sandbox import RECORDED_AIRFLOW, Sandbox

EXPORT = ("dev", "object", "export", "--env-export")
VARIABLES_DONE = "Aiflow variables successfully export to the file {}\n\n"
CONNECTIONS_DONE = "Aiflow connections successfully export to the file {}\n\n"
ALL_DONE = "\nAirflow objects exported to env file\n"
NO_DECODE = "variable json decode unsuccessful: "


def exported(sandbox: Sandbox, text: str, description: str | None = None) -> tuple[str, str]:
    """Export one variable and return what was printed before its name, and its line in the file."""
    sandbox.set_airflow({"x": text}, {}, {"x": description} if description else None)
    result = sandbox.astro(*EXPORT, "-v")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.endswith(VARIABLES_DONE.format(".env") + ALL_DONE)
    return result.stdout.partition("Exporting Variable")[0], sandbox.read_env()


TEXTS = {
    "a text": ("hello", "", "hello"),
    "an empty text": ("", "", ""),
    "outer blanks": ("  pad  ", "", "  pad  "),
    "newlines": ("l1\nl2=x", "", "l1\nl2=x"),
    "a line that looks like another variable": ("a\nAIRFLOW_VAR_Y=b", "", "a\nAIRFLOW_VAR_Y=b"),
    "a quoted text": ('"q"', "", '"q"'),
    "what is almost JSON": ("tru", "", "tru"),
    "a number": ("42", "number", ""),
    "a padded number": (" 42 ", "number", ""),
    "a decimal": ("1.5", "number", ""),
    "truth": ("true", "bool", ""),
    "an object": ('{"a": 1}', "object", ""),
    "an object with a value": ('{"value": 1}', "object", ""),
    "a list": ("[1]", "array", ""),
    "null": ("null", "", ""),
    "the word NaN in a text": ("x NaN", "", "x NaN"),
    "emoji": ("🚀", "", "🚀"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_variable_is_exported_so(sandbox: Sandbox, name: str) -> None:
    text, kind, written = TEXTS[name]
    complaint = f"{NO_DECODE}json: cannot unmarshal {kind} into Go value of type string" if kind else ""
    assert exported(sandbox, text) == (complaint, f"\nAIRFLOW_VAR_X={written}")


def test_a_description_empties_any_variable(sandbox: Sandbox) -> None:
    complaint = f"{NO_DECODE}json: cannot unmarshal object into Go value of type string"
    assert exported(sandbox, "hello", "about") == (complaint, "\nAIRFLOW_VAR_X=")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("Infinity", "invalid character 'I' looking for beginning of value"),
        ("-Infinity", "invalid character 'I' in numeric literal"),
        ('{"deep": [NaN]}', "invalid character 'N' looking for beginning of value"),
    ],
)
def test_one_number_that_json_lacks_loses_every_variable(sandbox: Sandbox, text: str, complaint: str) -> None:
    sandbox.set_airflow({"good": "hello", "bad": text})
    result = sandbox.astro(*EXPORT, "-v")
    assert result.code == 0
    assert result.stdout == NO_DECODE + complaint + VARIABLES_DONE.format(".env") + ALL_DONE
    assert sandbox.read_env() == ""


def test_only_the_first_loss_is_complained_about(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"b": "true", "a": "42", "c": "text"})
    result = sandbox.astro(*EXPORT, "-v")
    assert result.stdout.startswith(f"{NO_DECODE}json: cannot unmarshal number into Go value of type stringExporting ")
    assert sorted(sandbox.read_env().split("\n")) == ["", "AIRFLOW_VAR_A=", "AIRFLOW_VAR_B=", "AIRFLOW_VAR_C=text"]


@pytest.mark.parametrize(
    ("key", "name"),
    [("my-var.x", "MY-VAR.X"), ("straße", "STRAßE"), ("ǆ", "Ǆ"), ("ᾳ", "ᾼ"), ("ŉ", "ŉ"), ("a=b", "A=B")],
)
def test_names_are_upper_cased_as_go_does(sandbox: Sandbox, key: str, name: str) -> None:
    sandbox.set_airflow({key: "v"})
    result = sandbox.astro(*EXPORT, "-v")
    assert f"Exporting Variable: {key}\n" in result.stdout
    assert sandbox.read_env() == f"\nAIRFLOW_VAR_{name}=v"


def test_the_order_is_random_and_can_be_repeated(sandbox: Sandbox) -> None:
    sandbox.set_airflow({f"k{number}": "v" for number in range(9)})
    orders = set()
    for seed in (1, 2, 1):
        with sandbox.change() as state:
            state["order_seed"] = seed
        orders.add(sandbox.astro(*EXPORT, "-v").stdout)
    assert len(orders) == 2


def test_two_names_that_are_one_in_upper_case_are_both_written(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"case": "one", "Case": "two"})
    sandbox.astro(*EXPORT, "-v")
    assert sorted(sandbox.read_env().split("\n")) == ["", "AIRFLOW_VAR_CASE=one", "AIRFLOW_VAR_CASE=two"]


# --- connections and the file ---


@pytest.mark.parametrize(("mode", "where"), [("docker", "encountered while "), ("standalone", "")])
def test_a_complete_export_ends_with_1_since_1_34(sandbox: Sandbox, mode: str, where: str) -> None:
    sandbox.use_mode(mode)
    sandbox.set_airflow({"a": "v"}, {"my_conn": "http://u:p%40@h/?x=1"})
    result = sandbox.astro(*EXPORT)
    running = f"error {where}running the airflow command" if where else "error running airflow command"
    assert (result.code, result.stdout) == (
        1,
        "Exporting Variable: a\n"
        + VARIABLES_DONE.format(".env")
        + "Exporting Connection: my_conn\n"
        + CONNECTIONS_DONE.format(".env")
        + f"error removing connections file: {running}: exit status 1\n",
    )
    assert result.stderr.endswith("Error: there was an error during env export\n")
    assert sandbox.read_env() == "\nAIRFLOW_VAR_A=v\nAIRFLOW_CONN_MY_CONN=http://u:p%40@h/?x=1"


def test_before_1_34_the_same_run_ends_with_0(sandbox: Sandbox) -> None:
    sandbox.set_airflow({}, {"c": "http://h"})
    with sandbox.change() as state:
        state["cli_version"] = "1.33.2"
    result = sandbox.astro(*EXPORT)
    assert result.code == 0
    assert result.stdout.endswith(CONNECTIONS_DONE.format(".env") + ALL_DONE)


@pytest.mark.parametrize(
    ("flags", "halves"),
    [
        ((), "VC"),
        (("--variables",), "V"),
        (("-c",), "C"),
        (("-c", "-v"), "VC"),
        (("-cv",), "VC"),
        (("-p",), ""),
    ],
)
def test_c_and_v_choose_the_halves(sandbox: Sandbox, flags: tuple[str, ...], halves: str) -> None:
    sandbox.set_airflow({"a": "v"}, {"c": "http://h"})
    result = sandbox.astro("dev", "object", "export", "-n", *flags)
    assert ("Aiflow variables" in result.stdout, "Aiflow connections" in result.stdout) == (
        "V" in halves,
        "C" in halves,
    )
    assert result.code == (1 if "C" in halves else 0)


def test_only_standalone_leaves_tmp_connections_in_the_project(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "v"}, {"c": "http://u:p@h"})
    sandbox.astro(*EXPORT)
    assert not (sandbox.project / "tmp.connections").exists()
    sandbox.use_mode("standalone")
    sandbox.astro(*EXPORT)
    assert (sandbox.project / "tmp.connections").read_text() == "c=http://u:p@h\n"
    assert not (sandbox.project / "tmp.var").exists()


def test_exporting_twice_writes_every_key_twice(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "v"})
    sandbox.write_env("OLD=1\n", "f.env")
    for _ in range(2):
        sandbox.astro(*EXPORT, "-v", "-e", "f.env")
    assert sandbox.read_env("f.env") == "OLD=1\n\nAIRFLOW_VAR_A=v\nAIRFLOW_VAR_A=v"


@pytest.mark.parametrize(("version", "mode"), [("1.45.0", 0o600), ("1.44.0", 0o600), ("1.43.1", 0o644)])
def test_a_new_file_is_private_since_1_44(sandbox: Sandbox, version: str, mode: int) -> None:
    with sandbox.change() as state:
        state["cli_version"] = version
    sandbox.astro(*EXPORT, "-v")
    assert stat.S_IMODE((sandbox.project / ".env").stat().st_mode) == mode


def test_a_file_that_cannot_be_opened_fails_both_halves(sandbox: Sandbox) -> None:
    result = sandbox.astro(*EXPORT, "--env", "no/x.env")
    assert (result.code, result.stdout) == (
        1,
        (
            "Writing variables to file unsuccessful: open no/x.env: no such file or directory\n"
            "Writing connections to file unsuccessful: open no/x.env: no such file or directory\n"
        ),
    )


def test_a_terminal_turns_line_ends_of_connections_into_crlf(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "v"}, {"c": "http://h"})
    child = pexpect.spawn(
        str(sandbox.astro_program), list(EXPORT), cwd=str(sandbox.project), env=sandbox.environment, timeout=20
    )
    child.expect(pexpect.EOF)
    child.close()
    assert sandbox.read_env() == "\nAIRFLOW_VAR_A=v\nAIRFLOW_CONN_C=http://h\r"


# --- Airflow that does not run ---


@pytest.mark.parametrize(
    ("mode", "running", "printed", "message"),
    [
        ("docker", "no-containers", "", "project not running, run astro dev start to start project"),
        (
            "docker",
            "stopped",
            (
                "error exporting variables: error encountered while running the airflow command: exit status 1\n"
                "error exporting connections: error encountered while running the airflow command: exit status 1\n"
            ),
            "there was an error during env export",
        ),
        (
            "standalone",
            "no-venv",
            (
                "error exporting variables: error running airflow command: exit status 127\n"
                "error exporting connections: error running airflow command: exit status 127\n"
            ),
            "there was an error during env export",
        ),
        (
            "docker",
            "no-docker",
            "",
            (
                "error checking docker-compose status: Cannot connect to the Docker daemon at "
                "unix:///var/run/docker.sock. Is the docker daemon running?"
            ),
        ),
    ],
)
def test_without_airflow_nothing_is_written(
    sandbox: Sandbox, mode: str, running: str, printed: str, message: str
) -> None:
    sandbox.use_mode(mode)
    sandbox.fault("not-running", how=running)
    result = sandbox.astro(*EXPORT)
    assert (result.code, result.stdout) == (1, printed)
    assert result.stderr.endswith(f"Error: {message}\n")
    assert not (sandbox.project / ".env").exists()


def test_without_a_container_runtime_not_even_the_project_is_looked_for(sandbox: Sandbox) -> None:
    sandbox.fault("not-running", how="no-runtime")
    result = sandbox.astro(*EXPORT, cwd=sandbox.folder)
    assert result.code == 1
    assert result.stderr.startswith("Error: Failed to find a container runtime. See the Astro CLI prerequisites for")


@pytest.mark.parametrize("fails", ["variables", "connections"])
def test_an_export_may_half_work(sandbox: Sandbox, fails: str) -> None:
    sandbox.set_airflow({"a": "v"}, {"c": "http://h"})
    sandbox.fault("half-export", fails=fails)
    result = sandbox.astro(*EXPORT)
    assert result.code == 1
    assert f"error exporting {fails}: " in result.stdout
    written = {"variables": "\nAIRFLOW_CONN_C=http://h", "connections": "\nAIRFLOW_VAR_A=v"}
    assert sandbox.read_env() == written[fails]


@pytest.mark.parametrize(("during", "left"), [("variables", {"tmp.var"}), ("connections", {"tmp.connections"})])
def test_a_killed_export_leaves_its_file_behind(sandbox: Sandbox, during: str, left: set[str]) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"a": "v"}, {"c": "http://h"})
    sandbox.fault("killed-export", during=during)
    assert sandbox.astro(*EXPORT).code == -9
    assert {path.name for path in sandbox.project.glob("tmp.*")} == left


def test_the_recorded_export_is_blanked_as_the_contract_says(sandbox: Sandbox) -> None:
    sandbox.load_airflow_export()
    result = sandbox.astro(*EXPORT)
    assert result.code == 1
    lines = sandbox.read_env().split("\n")
    blank = {line.rstrip("=") for line in lines if line.startswith("AIRFLOW_VAR_") and line.endswith("=")}
    lost = ("ARR", "DESC", "EMPTY", "FLAG", "NUL", "NUM", "NUMSTR", "OBJ")
    assert blank == {f"AIRFLOW_VAR_{name}" for name in lost}
    document = json.loads((RECORDED_AIRFLOW / "variables-export.json").read_bytes())
    assert result.stdout.count("Exporting Variable: ") == len(document)
