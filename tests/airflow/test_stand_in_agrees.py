"""What the stand-in makes of its state is what a real Airflow makes of its metadata database."""

import json
import re

import pytest

from odd_entries import CONNECTIONS, VARIABLES
from real_airflow import RealAirflow
from sandbox import Result, Sandbox

LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\S+ \[\w+ *\] .*\n", re.MULTILINE)


@pytest.fixture(scope="module")
def real(full_airflow: RealAirflow, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project before a real Airflow."""
    sandbox = Sandbox(tmp_path_factory.mktemp("real") / "sandbox")
    sandbox.use_mode("standalone")
    sandbox.use_airflow(full_airflow.program, full_airflow.home)
    return sandbox


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project whose state holds the same entries."""
    sandbox = Sandbox(tmp_path_factory.mktemp("acted") / "sandbox")
    sandbox.use_mode("standalone")
    with sandbox.change() as state:
        state["airflow"]["variables"] = VARIABLES
        state["airflow"]["connections"] = CONNECTIONS
    return sandbox


def without_logs(text: str) -> str:
    """Return what was printed besides the log lines, which Airflow writes to stdout too."""
    return LOG_LINE.sub("", text)


def ask(sandbox: Sandbox, *words: str) -> Result:
    """Run one `airflow` command behind `astro dev run`, without its log lines."""
    result = sandbox.astro("dev", "run", *words)
    return Result(without_logs(result.stdout), result.stderr, result.code)


@pytest.mark.parametrize(
    "words",
    [
        "version",
        "variables list -o json",
        "variables list --show-values -o json",
        "variables export /dev/stdout",
        "variables export -",
        "variables get lines",
        "variables get object_with_value",
        "variables get empty",
        "variables get nobody",
        "connections export - --file-format env",
        "connections export /dev/stdout --file-format env",
        "connections export - --file-format json",
        "connections export - --file-format=json",
        "connections export /dev/stdout --file-format json",
    ],
)
def test_a_command_prints_what_the_real_one_prints(real: Sandbox, acted: Sandbox, words: str) -> None:
    assert ask(acted, *words.split()) == ask(real, *words.split())


def test_the_list_holds_every_stored_text_exactly(real: Sandbox) -> None:
    listed = json.loads(ask(real, *["variables", "list", "--show-values", "-o", "json"]).stdout)
    assert listed == [{"key": row["key"], "val": row["val"]} for row in VARIABLES]


def test_log_lines_stand_in_what_the_real_one_prints(real: Sandbox) -> None:
    assert LOG_LINE.search(real.astro("dev", "run", *["connections", "export", "-", "--file-format", "env"]).stdout)
    assert len(CONNECTIONS) > 25


@pytest.mark.parametrize("mode", ["docker", "standalone"])
@pytest.mark.parametrize("half", ["-v", "-c"])
def test_an_export_writes_what_the_real_one_writes(real: Sandbox, acted: Sandbox, mode: str, half: str) -> None:
    found = []
    for sandbox in (real, acted):
        sandbox.use_mode(mode)
        result = sandbox.astro("dev", "object", "export", "--env-export", half, "--env", f"{mode}{half}.env")
        lines = sandbox.read_env(f"{mode}{half}.env").split("\n")
        left = sorted(path.name for path in sandbox.project.glob("tmp.*"))
        found.append((without_logs(result.stdout), result.code, sorted(lines), left))
        sandbox.use_mode("standalone")
    assert found[0] == found[1]


def test_the_real_one_sees_the_env_file_first(real: Sandbox) -> None:
    real.write_env("AIRFLOW_VAR_LINES=from the file\n")
    try:
        assert ask(real, "variables", "get", "lines").stdout == "from the file\n"
    finally:
        (real.project / ".env").unlink()


def test_a_fault_strikes_a_real_export_too(real: Sandbox) -> None:
    real.fault("killed-export", during="variables")
    try:
        result = real.astro("dev", "object", "export", "--env-export", "--env", "killed.env")
        left = json.loads((real.project / "tmp.var").read_text())
    finally:
        real.clear_faults()
        (real.project / "tmp.var").unlink(missing_ok=True)
    assert result.code < 0
    assert set(left) == {row["key"] for row in VARIABLES}
    assert not (real.project / "killed.env").exists()
