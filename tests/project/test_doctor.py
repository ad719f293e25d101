"""What `doctor` finds in a project that is well, and in each way of being unwell."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from astro_sync.commands.context import local_mode
from astro_sync.errors import AstroSyncError, ExitCode, UnusableError, UsageError
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.base import PlaceOptions, Surroundings
from astro_sync.places.deployment import Selector, make_deployment
from astro_sync.project.doctor import DoctorContext, diagnose, exit_code, to_rows
from astro_sync.project.finding import Finding, State
from sandbox import Sandbox

TOKEN = "planted-token"
OF_ASTRO = ["astro", "version", "login", "project", "local-mode", "airflow"]
OF_FILES = ["env-ignored-by-git", "env-ignored-by-docker", "env-permissions", "config"]


def context(
    sandbox: Sandbox,
    *,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    targets: Sequence[tuple[str, Selector]] = (),
    **more: Any,  # noqa: ANN401 - whatever a DoctorContext has
) -> DoctorContext:
    environ = sandbox.environment | (env or {})
    private = sandbox.temporary / "private"
    private.mkdir(exist_ok=True)
    folder = cwd or sandbox.project
    astro = Astro(
        find_astro(None, environ),
        environ=environ,
        cwd=folder,
        timeout=20,
        private=private,
        watch=lambda _name: nullcontext(),
    )
    around = Surroundings(
        environ=environ,
        cwd=folder,
        project=folder,
        folder=private,
        state=sandbox.state_home / "astro-sync",
        timeout=20,
        tell=lambda _sentence: None,
        stdin=lambda: b"",
        astro=lambda: astro,
        mode=lambda: "docker",
        target=lambda _name: {},
        options=PlaceOptions(),
        numbers=count(1),
    )
    facts: dict[str, Any] = {
        "astro": astro,
        "cwd": folder,
        "home": sandbox.home,
        "environ": environ,
        "mode": cache(lambda: local_mode(astro)),
        "targets": [(name, make_deployment(selector, around)) for name, selector in targets],
    }
    return DoctorContext(**facts | more)


def ignore_all(sandbox: Sandbox) -> None:
    for name in (".gitignore", ".dockerignore"):
        (sandbox.project / name).write_text(".env\n.env.*\n")


def named(findings: Sequence[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def problems(findings: Sequence[Finding]) -> list[str]:
    return [finding.name for finding in findings if finding.state is State.PROBLEM]


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_a_project_that_is_well_has_no_findings_but_good_ones(sandbox: Sandbox) -> None:
    git(sandbox.project, "init", "-q")
    ignore_all(sandbox)
    sandbox.write_env("A=1\n")
    sandbox.set_variable("A", "planted-value")
    config = sandbox.project / ".astro-sync.toml"

    findings = diagnose(context(sandbox, config=config, targets=[("prod", Selector("dep-1"))]))

    assert [finding.name for finding in findings] == [*OF_ASTRO, *OF_FILES, "target prod"]
    assert {finding.state for finding in findings} == {State.OK}
    assert not any(finding.next for finding in findings)
    assert exit_code(findings) is ExitCode.DONE
    assert "1.45" in named(findings, "version").message
    assert "3.3.2" in named(findings, "airflow").message
    assert "docker" in named(findings, "local-mode").message
    assert "prod (dep-1)" in named(findings, "target prod").message
    assert "planted-value" not in str(findings)


def test_nothing_is_changed_and_no_deployment_is_written(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    before = sorted(sandbox.project.rglob("*"))

    diagnose(context(sandbox, targets=[("prod", Selector("dep-1"))]))

    assert sorted(sandbox.project.rglob("*")) == before
    assert sandbox.writing_calls() == []


def test_without_an_astro_cli_the_rest_is_looked_at_all_the_same(sandbox: Sandbox) -> None:
    missing = UnusableError("The Astro CLI is not there.", hint="Install it.")

    findings = diagnose(context(sandbox, astro=missing, targets=[("prod", Selector("dep-1"))]))

    assert [finding.name for finding in findings] == ["astro", "project", *OF_FILES]
    assert findings[0] == Finding("astro", State.PROBLEM, "The Astro CLI is not there.", "Install it.")
    assert exit_code(findings) is ExitCode.UNUSABLE


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("1.11.0", State.PROBLEM),
        ("0.28.1", State.PROBLEM),
        ("1.12.0", State.OK),
        ("1.9.0", State.PROBLEM),
        ("v1.46.0-nightly.20260822", State.OK),
        ("2.0.0", State.OK),
        ("SNAPSHOT", State.WARNING),
    ],
)
def test_an_astro_cli_that_is_too_old_is_told_from_when_on_it_would_do(
    sandbox: Sandbox, version: str, state: State
) -> None:
    with sandbox.change() as stored:
        stored["cli_version"] = version

    found = named(diagnose(context(sandbox, cwd=sandbox.temporary)), "version")

    assert found.state is state
    assert "1.12" in found.message
    assert bool(found.next) is (state is not State.OK)


def test_another_program_of_that_name_is_told_apart(sandbox: Sandbox) -> None:
    other = sandbox.temporary / "bin" / "astro"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho 'astro  v5.1.0 Build faster websites.'\n")
    other.chmod(0o755)
    path = f"{other.parent}{os.pathsep}{sandbox.environment['PATH']}"

    findings = diagnose(context(sandbox, cwd=sandbox.temporary, env={"PATH": path}))

    assert "astro" in problems(findings)
    assert "--astro-bin" in named(findings, "astro").next


@pytest.mark.parametrize("fault", ["not-logged-in", "no-context"])
def test_a_missing_login_is_one_problem_whatever_depends_on_it(sandbox: Sandbox, fault: str) -> None:
    sandbox.fault(fault)

    findings = diagnose(context(sandbox, targets=[("prod", Selector("dep-1"))]))

    assert problems(findings) == ["login"]
    assert "astro login" in named(findings, "login").next
    assert named(findings, "target prod").state is State.WARNING
    assert exit_code(findings) is ExitCode.UNUSABLE


def test_a_session_that_is_over_is_a_missing_login(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["session"] = "expired"

    assert "astro login" in named(diagnose(context(sandbox)), "login").next


@pytest.mark.parametrize("fault", ["token-expired", "token-malformed"])
def test_a_token_that_does_not_serve_is_named_and_not_shown(sandbox: Sandbox, fault: str) -> None:
    sandbox.fault(fault)
    before = sandbox.user_config.read_text()

    findings = diagnose(context(sandbox, env={"ASTRO_API_TOKEN": TOKEN}))

    assert problems(findings) == ["login"]
    assert "token" in named(findings, "login").message
    assert TOKEN not in str(findings)
    assert sandbox.user_config.read_text() == before


def test_astro_out_of_reach_is_not_a_missing_login(sandbox: Sandbox) -> None:
    sandbox.fault("offline")

    found = named(diagnose(context(sandbox)), "login")

    assert found.state is State.PROBLEM
    assert "reached" in found.message
    assert "no such host" not in found.message


def test_a_call_that_hangs_is_a_problem_of_its_own_and_stops_no_other(sandbox: Sandbox) -> None:
    sandbox.fault("hang", command="deployment list")
    seen = context(sandbox)
    assert isinstance(seen.astro, Astro)
    seen.astro.timeout = 1.5

    findings = diagnose(seen)

    assert problems(findings) == ["login"]
    assert "did not answer" in named(findings, "login").message


def test_outside_a_project_the_project_above_is_named_and_airflow_not_asked(sandbox: Sandbox) -> None:
    dags = sandbox.project / "dags"
    dags.mkdir()

    findings = diagnose(context(sandbox, cwd=dags))

    assert problems(findings) == ["project"]
    assert f"cd {sandbox.project}" in named(findings, "project").next
    assert sandbox.calls("dev run") == []
    assert exit_code(findings) is ExitCode.UNUSABLE


@pytest.mark.parametrize("how", ["no-containers", "stopped", "no-docker"])
def test_an_airflow_that_does_not_run_is_told_how_to_start(sandbox: Sandbox, how: str) -> None:
    sandbox.fault("not-running", how=how)

    findings = diagnose(context(sandbox))

    assert problems(findings) == ["airflow"]
    assert "astro dev start" in named(findings, "airflow").next
    assert ("Docker" in named(findings, "airflow").next) is (how == "no-docker")
    assert exit_code(findings) is ExitCode.UNUSABLE


def test_a_standalone_project_without_its_environment_is_told_how_to_start(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.fault("not-running")

    findings = diagnose(context(sandbox))

    assert problems(findings) == ["airflow"]
    assert "standalone" in named(findings, "local-mode").message


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_log_lines_around_airflow_s_version_do_not_disturb(sandbox: Sandbox, mode: str) -> None:
    sandbox.use_mode(mode)
    sandbox.fault("noise", before="[2026-08-01T10:00:00.1] {settings.py:63} INFO - 9.9.9 of it\n", after="done\n")

    assert "version 3.3.2" in named(diagnose(context(sandbox)), "airflow").message


def test_a_file_that_an_image_would_take_is_no_problem_of_the_astro_cli(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")

    findings = diagnose(context(sandbox))

    assert problems(findings) == ["env-ignored-by-docker"]
    assert exit_code(findings) is ExitCode.FOUND


def test_a_config_that_is_not_valid_is_a_problem_but_not_of_the_astro_cli(sandbox: Sandbox) -> None:
    ignore_all(sandbox)
    unknown = UsageError("Nothing is called tinclude.", hint="Did you mean include?")

    findings = diagnose(context(sandbox, config=unknown))

    assert named(findings, "config") == Finding("config", State.PROBLEM, str(unknown), unknown.hint)
    assert exit_code(findings) is ExitCode.FOUND


def test_each_target_is_its_own_finding(sandbox: Sandbox) -> None:
    ignore_all(sandbox)
    sandbox.add_deployment("dep-2", "dev", "ws-2")
    targets = [
        ("prod", Selector(None, "prod")),
        ("dev", Selector("dep-2")),
        ("dev-there", Selector("dep-2", workspace_id="ws-2")),
    ]

    findings = diagnose(context(sandbox, targets=targets))

    assert [finding.name for finding in findings][-3:] == ["target prod", "target dev", "target dev-there"]
    assert problems(findings) == ["target dev"]
    assert "--workspace-id" in named(findings, "target dev").next
    assert exit_code(findings) is ExitCode.UNUSABLE


def test_independent_calls_run_at_the_same_time(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.3)

    diagnose(context(sandbox, targets=[("prod", Selector("dep-1"))]))

    calls = sandbox.calls()
    assert len(calls) >= 5
    latest_first_start = max(call["start"] for call in calls if "-g" not in call["argv"])
    assert latest_first_start < min(call["end"] for call in calls)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], ExitCode.DONE),
        ([("env-permissions", State.WARNING)], ExitCode.DONE),
        ([("config", State.PROBLEM)], ExitCode.FOUND),
        ([("config", State.PROBLEM), ("target x", State.PROBLEM)], ExitCode.UNUSABLE),
        ([("version", State.PROBLEM)], ExitCode.UNUSABLE),
    ],
)
def test_a_cli_that_cannot_be_used_outweighs_any_other_problem(states: list[tuple[str, State]], code: ExitCode) -> None:
    assert exit_code([Finding(name, state, "") for name, state in states]) is code


def test_rows_are_what_the_json_shows() -> None:
    row = {"name": "config", "state": "problem", "message": "It is wrong.", "next": "Mend it."}

    assert to_rows([Finding("config", State.PROBLEM, "It is wrong.", "Mend it.")]) == [row]


def test_an_error_that_looking_raises_becomes_the_finding_of_that_look(sandbox: Sandbox) -> None:
    def mode() -> str:
        raise AstroSyncError("The mode is not known.", hint="Ask.")

    found = named(diagnose(context(sandbox, mode=mode)), "local-mode")

    assert found == Finding("local-mode", State.PROBLEM, "The mode is not known.", "Ask.")
