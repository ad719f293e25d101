"""The project's own scripts: what they promise before they have installed anything, and the demo's output."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from sandbox import RECORDED_AIRFLOW, Sandbox

PROJECT = Path(__file__).parents[2]
SCRIPTS = ["scripts/bench", "scripts/check", "scripts/test", "scripts/demo", "scripts/record", ".ci/run"]
PYPROJECT: dict[str, Any] = {
    "build-system": {"requires": []},
    "project": {"dependencies": ["click"]},
    "dependency-groups": {"check": ["ruff"], "test": ["pytest", {"include-group": "more"}], "more": ["coverage"]},
    "tool": {"hatch": {}, "ruff": {"line-length": 120}},
}


@pytest.fixture
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", PROJECT / "scripts" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", [*SCRIPTS, "scripts/environment", "scripts/astro-sync.sh"])
def test_bash_can_read_the_script(script: str) -> None:
    done = subprocess.run(["bash", "-n", script], cwd=PROJECT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_can_be_started_as_it_is(script: str) -> None:
    assert os.access(PROJECT / script, os.X_OK)
    assert (PROJECT / script).read_text().startswith("#!/usr/bin/env bash\n")


def test_ci_runs_nothing_but_what_the_readme_names() -> None:
    run = (PROJECT / ".ci" / "run").read_text()
    commands = re.findall(r"^(scripts/[^|&;\n]*?) *(?:[|&;].*)?$", run, re.MULTILINE)
    assert commands == ["scripts/check", "scripts/test --all --airflow --stores"]
    readme = (PROJECT / "README.md").read_text()
    assert [command for command in commands if command not in readme] == []


# --- the environments -------------------------------------------------------------------------------------------------


def test_groups_that_include_groups_are_resolved(environment: ModuleType) -> None:
    wanted = environment.requirements("dev", PYPROJECT)
    assert wanted == ["--editable", str(PROJECT), "ruff", "pytest", "coverage"]


@pytest.mark.parametrize(
    ("purpose", "change", "anew"),
    [
        ("dev", {"project": {"dependencies": ["click", "tabulate"]}}, True),
        ("dev", {"dependency-groups": {"check": [], "test": []}}, True),
        ("dev", {"tool": {"hatch": {}, "ruff": {"line-length": 100}}}, False),
        ("demo", {"project": {"scripts": {"astro-sync": "elsewhere:main"}}}, True),
        ("demo", {"dependency-groups": {"check": [], "test": []}}, False),
        ("airflow", {"project": {"dependencies": []}}, False),
    ],
)
def test_an_environment_is_made_anew_when_what_is_in_it_changes(
    environment: ModuleType, tmp_path: Path, purpose: str, change: dict[str, Any], *, anew: bool
) -> None:
    made: list[Path] = []

    def make(folder: Path, _wanted: list[str]) -> None:
        made.append(folder)
        folder.mkdir()

    for pyproject in (PYPROJECT, PYPROJECT, PYPROJECT | change):
        environment.environment(purpose, pyproject, tmp_path, make)
    assert len(made) == (2 if anew else 1)


def test_what_was_left_half_made_or_unused_is_removed(environment: ModuleType, tmp_path: Path) -> None:
    for name, age in (("dev-half", None), ("dev-old", 8), ("dev-young", 6), ("demo-old", 8)):
        (tmp_path / name).mkdir()
        if age is not None:
            (tmp_path / name / ".complete").touch()
            os.utime(tmp_path / name / ".complete", times=(time.time() - age * 24 * 3600,) * 2)
    made = environment.environment("dev", PYPROJECT, tmp_path, lambda folder, _wanted: folder.mkdir())
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {"dev-young", "demo-old", made.name}


TWO_AT_ONCE = """
import sys, time
sys.path.insert(0, sys.argv[1])
import environment
from pathlib import Path
def make(folder, wanted):
    time.sleep(0.5)
    environment.make(folder, [])
pyproject = {"build-system": {}, "project": {}, "tool": {"hatch": {}}}
print(environment.environment("demo", pyproject, Path(sys.argv[2]), make))
"""


@pytest.mark.long
def test_two_runs_at_once_make_one_environment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TWO_AT_ONCE, str(PROJECT / "scripts"), str(tmp_path)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [run.communicate(timeout=120) for run in runs]
    folders = {stdout.strip() for stdout, _ in outputs}
    assert len(folders) == 1
    assert (Path(folders.pop()) / "bin" / "python").exists()
    assert sorted("Setting up" in stderr for _, stderr in outputs) == [False, True]
    assert sorted("Waiting for another run" in stderr for _, stderr in outputs) == [False, True]


def test_a_failed_installation_is_not_taken_for_an_environment(environment: ModuleType, tmp_path: Path) -> None:
    def fail(folder: Path, _wanted: list[str]) -> None:
        folder.mkdir()
        raise subprocess.CalledProcessError(1, ["pip"])

    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            environment.environment("dev", PYPROJECT, tmp_path, fail)


def _find_python(folder: Path, programs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (folder / "dirname").symlink_to(str(shutil.which("dirname")))
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        [str(shutil.which("bash")), "-c", f'. "{PROJECT}/scripts/environment"; find_python'],
        env={"PATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_that_is_too_old_or_a_placeholder_is_passed_over(tmp_path: Path) -> None:
    real = f'exec {sys.executable} "$@"'
    done = _find_python(tmp_path, {"python3": "exit 1", "python3.13": "exit 127", "python3.12": real})
    assert (done.stdout, done.stderr, done.returncode) == ("python3.12\n", "", 0)


def test_no_python_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = _find_python(tmp_path, {"python3": "exit 1"})
    assert (done.stdout, done.returncode) == ("", 1)
    assert "needs Python 3.11 or later" in done.stderr


# --- the demo ---------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_demo_shows_both_syncs_and_no_value(sandbox: Sandbox) -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "scripts" / "demo.py"],
        env=sandbox.environment | {"PYTHONPATH": f"{PROJECT / 'tests'}:{PROJECT / 'fixtures'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "$ astro-sync local-to-deploy --deployment-id dep-1" in done.stdout
    assert "$ astro-sync deploy-to-local --deployment-id dep-1" in done.stdout
    assert "Nothing to do" in done.stdout
    assert [text for text in _recorded_values() if text in done.stdout] == []
    assert list(sandbox.temporary.iterdir()) == []


def _recorded_values() -> list[str]:
    """List the lines of all recorded values that are long enough not to stand in the demo by chance."""
    variables = json.loads((RECORDED_AIRFLOW / "variables-imported.json").read_bytes())
    connections = json.loads((RECORDED_AIRFLOW / "connections-export.json").read_bytes())
    texts = [text for value in [*variables.values(), *connections.values()] for text in _texts(value)]
    return [line for text in texts for line in text.splitlines() if len(line) > 5]


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    return [str(value)]


# --- the pre-commit hook ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "checked"),
    [
        (".env", True),
        ("dags/.env", True),
        (".env.prod", True),
        (".env.example", False),
        ("x/.env.template", False),
        ("my.env", False),
        (".environment", False),
        (".env/config", False),
    ],
)
def test_the_hook_checks_env_files_but_not_the_examples(path: str, *, checked: bool) -> None:
    (hook,) = YAML(typ="safe").load(PROJECT / ".pre-commit-hooks.yaml")
    assert hook["entry"] == "astro-sync check"
    # As pre-commit does: searched for, not matched as a whole.
    assert (re.search(hook["files"], path) is not None and re.search(hook["exclude"], path) is None) is checked
