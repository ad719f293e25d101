"""`completion` in the shells that people use: commands, options, names of targets and of keys, never a value."""

import shutil
import subprocess
import time
from contextlib import suppress

import pexpect
import pytest

from sandbox import Sandbox

CONFIG = "[targets.dev]\ndeployment_id = 'dep-1'\n[targets.development]\n[targets.prod]\n"
ENV = "AIRFLOW_VAR_ONE=planted\nAIRFLOW_CONN_TWO=planted\nOTHER=planted\n"
TYPED = [
    ("astro-sync loc", "local-to-deploy"),
    ("astro-sync diff --exit", "--exit-code"),
    ("astro-sync diff --on", None),
    ("astro-sync local-to-deploy -t pr", "prod"),
    ("astro-sync deploy-to-local --target pr", "prod"),
    ("astro-sync local-to-deploy --include AIRFLOW_CONN", "AIRFLOW_CONN_TWO"),
    ("astro-sync local-to-deploy --on-conflict ov", "overwrite"),
    ("astro-sync completion fi", "fish"),
]


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    (sandbox.project / ".astro-sync.toml").write_text(CONFIG)
    sandbox.write_env(ENV)
    return sandbox


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_it_can_read(sandbox: Sandbox, shell: str) -> None:
    result = sandbox.run("completion", shell)
    assert (result.code, result.stderr) == (0, "")
    assert "astro-sync" in result.stdout
    if program := shutil.which(shell):
        assert subprocess.run([program, "-n"], input=result.stdout, text=True, check=False).returncode == 0


@pytest.mark.parametrize("words", [(), ("tcsh",)])
def test_another_shell_is_a_usage_error_that_names_those_that_there_are(
    sandbox: Sandbox, words: tuple[str, ...]
) -> None:
    result = sandbox.run("completion", *words)
    assert (result.code, result.stdout) == (2, "")
    for shell in ("bash", "zsh", "fish"):
        assert shell in result.stderr


@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_bash_completes(project: Sandbox, typed: str, completed: str | None) -> None:
    script = (
        'eval "$(astro-sync completion bash)"\n'
        f"COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE={typed!r}; COMP_POINT={len(typed)}\n"
        "$(complete -p astro-sync | sed 's/.*-F \\([^ ]*\\) .*/\\1/') astro-sync\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=project.project,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ([completed] if completed else [])
    assert "planted" not in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(("typed", "completed"), TYPED[:1] + TYPED[3:4] + TYPED[5:6])
def test_zsh_completes_on_a_real_line(project: Sandbox, typed: str, completed: str) -> None:
    printed = press_tab(project, ["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D", "zsh", typed, completed)
    assert completed in printed
    assert "planted" not in printed


@pytest.mark.parametrize(("typed", "completed"), TYPED[3:4] + TYPED[5:6])
def test_bash_completes_on_a_real_line(project: Sandbox, typed: str, completed: str) -> None:
    printed = press_tab(project, ["bash", "--norc", "-i"], ":", "bash", typed, completed)
    assert completed in printed
    assert "planted" not in printed


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(("typed", "completed"), [case for case in TYPED if case[1]])
def test_fish_completes(project: Sandbox, typed: str, completed: str) -> None:
    done = subprocess.run(
        ["fish", "-c", f"astro-sync completion fish | source; complete -C '{typed}'"],
        cwd=project.project,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed in [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert "planted" not in done.stdout + done.stderr


@pytest.mark.parametrize("config", ["[targets", "[targets.dev]\nnonsense = 1\n"])
def test_a_config_that_is_not_valid_prints_nothing_on_the_line(project: Sandbox, config: str) -> None:
    (project.project / ".astro-sync.toml").write_text(config)
    result = project.run(
        env={
            "_ASTRO_SYNC_COMPLETE": "bash_complete",
            "COMP_WORDS": "astro-sync diff --target ",
            "COMP_CWORD": "3",
        }
    )
    assert (result.stdout.strip(), result.stderr) == ("", "")


def press_tab(sandbox: Sandbox, shell: list[str], first: str, name: str, typed: str, wanted: str) -> str:  # noqa: PLR0913, PLR0917
    """Return what a shell on a terminal shows behind what was typed and a tab, once it shows what is wanted."""
    environment = sandbox.environment | {"TERM": "dumb", "PS1": "$ "}
    child = pexpect.spawn(
        shell[0], shell[1:], cwd=str(sandbox.project), env=environment, timeout=20, dimensions=(24, 200)
    )
    try:
        child.sendline(f'{first}; eval "$(astro-sync completion {name})"; echo rea""dy')
        child.expect("ready")
        child.send(f"{typed}\t")
        printed = b""
        end = time.monotonic() + 15
        while time.monotonic() < end and wanted.encode() not in printed:
            with suppress(pexpect.TIMEOUT):
                printed += child.read_nonblocking(4096, timeout=0.5)
    finally:
        child.close(force=True)
    return str(printed.decode("utf-8", "replace"))
