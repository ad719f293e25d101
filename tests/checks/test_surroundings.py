import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from astro_sync.checks.surroundings import GitState, Surroundings, find_git_state, look_around

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


@pytest.fixture
def environ() -> Mapping[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return outside | QUIET


@pytest.fixture
def repository(tmp_path: Path, environ: Mapping[str, str]) -> Path:
    folder = tmp_path / "my project"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, env=environ, check=True)
    return folder


def test_a_file_that_git_tracks_is_told_even_if_it_is_ignored_too(repository: Path, environ: Mapping[str, str]) -> None:
    (repository / ".env").touch(0o600)
    subprocess.run(["git", "add", ".env"], cwd=repository, env=environ, check=True)
    (repository / ".gitignore").write_text(".env\n")
    assert look_around(repository / ".env", environ) == Surroundings(0o600, GitState.TRACKED)


@pytest.mark.parametrize("name", [".env", "-x", ":(top)x", "a*", "my file"])
@pytest.mark.parametrize("state", [GitState.IGNORED, GitState.UNTRACKED])
def test_a_file_that_git_ignores_and_one_that_it_would_take_are_told_apart(
    repository: Path, environ: Mapping[str, str], name: str, state: GitState
) -> None:
    (repository / name).touch()
    (repository / "abc").touch()
    subprocess.run(["git", "add", "abc"], cwd=repository, env=environ, check=True)
    if state is GitState.IGNORED:
        (repository / ".gitignore").write_text("*\n")
    assert look_around(repository / name, environ).git is state


def test_a_link_is_followed_since_git_takes_only_its_text(repository: Path, environ: Mapping[str, str]) -> None:
    (repository.parent / "outside.env").touch(0o640)
    (repository / ".env").symlink_to("../outside.env")
    subprocess.run(["git", "add", ".env"], cwd=repository, env=environ, check=True)
    assert look_around(repository / ".env", environ) == Surroundings(0o640, GitState.UNKNOWN)


def test_the_repository_of_a_hook_that_runs_us_is_not_mistaken_for_that_of_the_file(
    repository: Path, environ: Mapping[str, str]
) -> None:
    (repository.parent / ".env").touch()
    of_hook = {"GIT_DIR": str(repository / ".git"), "GIT_WORK_TREE": str(repository.parent)}
    assert look_around(repository.parent / ".env", {**environ, **of_hook}).git is GitState.UNKNOWN


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_without_git_there_is_no_answer(repository: Path, path: str) -> None:
    (repository / ".env").touch(0o600)
    assert look_around(repository / ".env", {"PATH": path}) == Surroundings(0o600, GitState.UNKNOWN)
    assert look_around(repository / ".env", {}) == Surroundings(0o600, GitState.UNKNOWN)


def test_a_git_that_does_not_answer_in_time_is_not_waited_for(repository: Path, tmp_path: Path) -> None:
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nexec sleep 30\n")
    git.chmod(0o755)
    begun = time.monotonic()
    found = find_git_state(repository / ".env", {"PATH": f"{git.parent}:{os.defpath}"}, timeout=0.2)
    assert found is GitState.UNKNOWN
    assert time.monotonic() - begun < 10


def test_a_program_that_the_repository_names_is_never_run(repository: Path, environ: Mapping[str, str]) -> None:
    subprocess.run(["git", "config", "core.fsmonitor", "touch ran; false"], cwd=repository, env=environ, check=True)
    (repository / ".env").touch()
    assert look_around(repository / ".env", environ).git is GitState.UNTRACKED
    assert not (repository / "ran").exists()


def test_a_file_that_is_not_there_has_no_surroundings(tmp_path: Path, environ: Mapping[str, str]) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert look_around(tmp_path / ".env", environ) == Surroundings()
    assert look_around(tmp_path / "loop", environ) == Surroundings()


def test_git_gets_no_connection_and_no_variable(repository: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\nenv >>{seen}\n")
    git.chmod(0o755)
    environ = {
        "PATH": f"{git.parent}:{os.defpath}",
        "AIRFLOW_CONN_A": "planted",
        "AIRFLOW_VAR_B": "planted",
        "HOME": "/",
    }
    find_git_state(repository / ".env", environ)
    assert "HOME=/" in seen.read_text()
    assert "planted" not in seen.read_text()
