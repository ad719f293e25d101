"""Machines and workspaces where nothing was ever set up."""

from runs import pull, push
from sandbox import Sandbox
from sync.test_unusable import check


def test_a_workspace_without_deployments(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    words = ("-d", "dep-1", "-w", "ws-empty")
    check(push(sandbox, "--no-export", *words), "There is no Deployment", "astro deployment list")
    check(pull(sandbox, *words), "There is no Deployment", "astro deployment list")


def test_a_machine_that_never_logged_in(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.log_out(context=False)
    check(push(sandbox, "--no-export"), "astro login")
    check(pull(sandbox), "astro login")


def test_a_docker_that_does_not_run(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["airflow"]["running"] = "no-docker"
    check(push(sandbox), "not running")
