"""scripts/astro-sync.mk under a real make, with a program that records how it was called in astro-sync's place."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

INCLUDE = Path(__file__).parents[2] / "scripts" / "astro-sync.mk"
MAKE = shutil.which("make")
TARGETS = ("local-to-deploy", "deploy-to-local", "env-export", "env-diff", "env-check")
pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")

RECORDER = f"""\
#!{sys.executable}
import fcntl, json, os, pathlib, sys, time
busy = open(os.path.join(os.environ["RECORD"], "busy"), "w")
try:
    fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit("two at once")
time.sleep(float(os.environ.get("TAKES", "0")))
call = {{"argv": sys.argv[1:], "id": os.environ.get("ASTRO_SYNC_DEPLOYMENT_ID")}}
with open(os.path.join(os.environ["RECORD"], "calls"), "a") as calls:
    calls.write(json.dumps(call) + "\\n")
sys.exit(5 if "check" in sys.argv else 0)
"""


class Project:
    """A folder with a Makefile, in which make is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.add_program("astro-sync")
        shutil.copy(INCLUDE, folder)
        self.write("include astro-sync.mk\n")

    def add_program(self, name: str) -> Path:
        program = self.programs / name
        program.write_text(RECORDER)
        program.chmod(0o755)
        return program

    def write(self, makefile: str) -> None:
        (self.folder / "Makefile").write_text(dedent(makefile))

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make with few variables of its own, so that those of the machine decide nothing."""
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [str(MAKE), *arguments],
            cwd=self.folder,
            env={"PATH": path, "RECORD": str(self.folder), "LC_ALL": "C"} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    @property
    def calls(self) -> list[dict[str, object]]:
        record = self.folder / "calls"
        return [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []

    @property
    def argv(self) -> list[object]:
        return [call["argv"] for call in self.calls]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("target", "argv"),
    [
        ("local-to-deploy", ["local-to-deploy"]),
        ("deploy-to-local", ["deploy-to-local"]),
        ("env-export", ["merge", "--", "airflow:", ".env"]),
        ("env-diff", ["diff"]),
    ],
)
def test_each_target_runs_its_command(project: Project, target: str, argv: list[str]) -> None:
    done = project.make(target)
    assert (project.argv, done.returncode, done.stderr) == ([argv], 0, "")


def test_what_the_command_finds_is_makes_failure(project: Project) -> None:
    done = project.make("env-check")
    assert project.argv == [["check"]]
    assert done.returncode == 2
    assert "Error 5" in done.stderr


def test_the_command_is_not_echoed(project: Project) -> None:
    assert project.make("local-to-deploy", "DEPLOYMENT=abc").stdout == ""


@pytest.mark.parametrize("target", [*TARGETS, "help"])
def test_nothing_is_said_about_variables_that_are_missing(project: Project, target: str) -> None:
    assert "warning" not in project.make("--warn-undefined-variables", target).stderr


AWKWARD = "a b'c\"d;e&f,g(h)`i`\\j*#k"


@pytest.mark.parametrize(
    ("arguments", "environment", "argv"),
    [
        (["local-to-deploy", f"DEPLOYMENT={AWKWARD}"], {}, ["local-to-deploy", "--deployment-id", AWKWARD]),
        (["env-diff", f"ENV_FILE={AWKWARD}"], {}, ["diff", "--env", AWKWARD]),
        (["env-export", f"ENV_FILE={AWKWARD}"], {}, ["merge", "--", "airflow:", AWKWARD]),
        (["env-check", f"ENV_FILE={AWKWARD}"], {}, ["check", "--", AWKWARD]),
        (["env-check", "ENV_FILE=-x", "ASTRO_SYNC_ARGS=--json"], {}, ["check", "--json", "--", "-x"]),
        (["env-diff"], {"ENV_FILE": "x y", "DEPLOYMENT": "z"}, ["diff", "--deployment-id", "z", "--env", "x y"]),
        (["env-diff", "ASTRO_SYNC_ARGS=-t 'a b' --json"], {}, ["diff", "-t", "a b", "--json"]),
        (["env-diff", "DEPLOYMENT="], {}, ["diff"]),
    ],
)
def test_the_variables_reach_the_command_whatever_is_in_them(
    project: Project, arguments: list[str], environment: dict[str, str], argv: list[str]
) -> None:
    project.make(*arguments, **environment)
    assert project.argv == [argv]


@pytest.mark.parametrize(
    "makefile",
    [
        "DEPLOYMENT = mine\ninclude astro-sync.mk\n",
        "include astro-sync.mk\nDEPLOYMENT = mine\n",
        "include astro-sync.mk\nDEPLOYMENT ?= mine\n",
    ],
)
def test_a_deployment_may_be_set_above_and_below_the_include(project: Project, makefile: str) -> None:
    project.write(makefile)
    project.make("env-diff")
    assert project.argv == [["diff", "--deployment-id", "mine"]]


@pytest.mark.parametrize(
    ("makefile", "environment"),
    [
        ("include astro-sync.mk\nASTRO_SYNC_DEPLOYMENT_ID = x'y\n", {}),
        ("include astro-sync.mk\n", {"ASTRO_SYNC_DEPLOYMENT_ID": "x'y"}),
    ],
)
def test_astro_syncs_own_variable_stays_behind_a_target(
    project: Project, makefile: str, environment: dict[str, str]
) -> None:
    project.write(makefile)
    project.make("env-diff", "ASTRO_SYNC_ARGS=--target dev", **environment)
    assert project.calls == [{"argv": ["diff", "--target", "dev"], "id": "x'y"}]


def test_another_program_may_stand_for_astro_sync(project: Project) -> None:
    project.make("env-diff", f"ASTRO_SYNC={project.add_program('another')} --quiet")
    assert project.argv == [["--quiet", "diff"]]


@pytest.mark.parametrize(
    ("makefile", "output"),
    [
        ("include astro-sync.mk\nmine: ; @echo mine\n", "mine\n"),
        ("mine: ; @echo mine\ninclude astro-sync.mk\n", "mine\n"),
        (".DEFAULT_GOAL := mine\ninclude astro-sync.mk\nother: ; @echo other\nmine: ; @echo mine\n", "mine\n"),
        ("include astro-sync.mk\nother: ; @echo other\nmine: ; @echo mine\n.DEFAULT_GOAL := mine\n", "mine\n"),
        (".RECIPEPREFIX = >\ninclude astro-sync.mk\nmine: ; @echo mine\n", "mine\n"),
        ("export\ninclude astro-sync.mk\nmine: ; @echo mine\n", "mine\n"),
    ],
)
def test_the_default_target_stays_the_users_own(project: Project, makefile: str, output: str) -> None:
    project.write(makefile)
    done = project.make()
    assert (done.stdout, done.stderr, project.calls) == (output, "", [])


@pytest.mark.parametrize("makefile", ["include astro-sync.mk\n", ".DEFAULT_GOAL := help\ninclude astro-sync.mk\n"])
def test_help_names_every_target_even_beside_a_file_of_that_name(project: Project, makefile: str) -> None:
    project.write(makefile)
    (project.folder / "help").touch()
    listed = [line.split("\t")[0] for line in project.make("help").stdout.splitlines()]
    assert listed == [f"make {target}" for target in TARGETS]
    if ".DEFAULT_GOAL" in makefile:
        assert project.make().stdout == project.make("help").stdout


@pytest.mark.parametrize(
    "makefile", ["include astro-sync.mk\nhelp: ; @echo mine\n", "help: ; @echo mine\ninclude astro-sync.mk\n"]
)
def test_a_help_of_the_users_own_wins_without_a_warning(project: Project, makefile: str) -> None:
    project.write(makefile)
    done = project.make("help")
    assert (done.stdout, done.stderr) == ("mine\n", "")


def test_help_does_not_take_the_makefiles_for_its_own(project: Project) -> None:
    (project.folder / "helpers.mk").write_text("")
    project.write("include astro-sync.mk helpers.mk\n")
    assert project.make("help").stdout.count("make env-check") == 1


def test_targets_of_one_parallel_make_run_in_the_order_typed(project: Project) -> None:
    done = project.make("-j4", "env-diff", "deploy-to-local", "local-to-deploy", "env-diff", TAKES="0.1")
    assert "two at once" not in done.stderr
    assert "Circular" not in done.stderr
    assert project.argv == [["diff"], ["deploy-to-local"], ["local-to-deploy"]]


def test_a_failed_check_keeps_a_parallel_make_from_syncing(project: Project) -> None:
    project.make("-j4", "env-check", "local-to-deploy")
    assert project.argv == [["check"]]


def test_the_users_own_targets_stay_parallel(project: Project) -> None:
    # Each waits for what only the other one makes, so that one after the other they would never end.
    project.write("""\
        include astro-sync.mk
        a: ; @touch a.made; for i in 1 2 3 4 5 6 7 8 9; do test -e b.made && exit; sleep 0.1; done; exit 1
        b: ; @touch b.made; for i in 1 2 3 4 5 6 7 8 9; do test -e a.made && exit; sleep 0.1; done; exit 1
        """)
    assert project.make("-j2", "a", "b").returncode == 0


def test_a_dry_run_of_make_runs_nothing(project: Project) -> None:
    project.make("-n", "local-to-deploy")
    assert project.calls == []
