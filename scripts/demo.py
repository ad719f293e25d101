"""Run both syncs in a sandbox, each command shown above its real output; `scripts/demo` starts this."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox import Sandbox

WIDTH = 100
PUSH = ("astro-sync", "local-to-deploy", "--deployment-id", "dep-1")
PULL = ("astro-sync", "deploy-to-local", "--deployment-id", "dep-1")
VARIABLES = {
    "batch_size": "500",
    "report_url": "https://reports.example.com",
    "settings": '{\n  "retries": 3,\n  "schedule": "daily"\n}',
}
SETTINGS_THERE = '{"retries": 5, "schedule": "daily"}'
KEY = "-----BEGIN EXAMPLE KEY-----\nQUJD\n-----END EXAMPLE KEY-----"


def main() -> None:
    """Tell the story; end with 1 when a command ends otherwise than the README says."""
    with tempfile.TemporaryDirectory(prefix="astro-sync-demo-") as folder:
        sandbox = Sandbox(Path(folder))
        set_airflow(sandbox, password="first")  # noqa: S106 - nobody's
        teammate = sandbox.folder / "teammate"
        shutil.copytree(sandbox.project, teammate)
        steps = Steps(sandbox)

        steps.say("A project that just works: three variables and a connection in the local Airflow.")
        steps.run(*PUSH, "--yes")
        steps.say("Once more: nothing to do, so nothing is written and nothing restarts.")
        steps.run(*PUSH, "--yes")

        change_on_deployment(sandbox, "AIRFLOW_VAR_SETTINGS", SETTINGS_THERE)
        steps.say("A conflict: somebody changed the settings on the Deployment. You decide.")
        steps.run(*PUSH, "--yes", expect=3)
        steps.run(*PUSH, "--yes", "--on-conflict", "overwrite")

        set_airflow(sandbox, password="second")  # noqa: S106 - nobody's
        steps.say("A secret: the password changed here. Astro never shows the old one, a receipt tells all the same.")
        steps.run(*PUSH, "--yes", "--on-conflict", "overwrite")

        set_airflow(sandbox, password="second", owner="data-team", signing_key=KEY)  # noqa: S106 - nobody's
        steps.say("A refusal: a key of several lines, which a Deployment's variables cannot hold.")
        steps.run(*PUSH, "--yes", expect=3)

        steps.say("The other way, into the project of a teammate who has no .env yet.")
        steps.run(*PULL, "--yes", project=teammate)
        steps.run("grep", "CONN", ".env", project=teammate)


def set_airflow(sandbox: Sandbox, *, password: str, **more: str) -> None:
    """Let the local Airflow hold the story's variables and its one connection."""
    sandbox.set_airflow(VARIABLES | more, {"warehouse": f"postgres://etl:{password}@db.example.com:5432/sales"})


def change_on_deployment(sandbox: Sandbox, key: str, value: str) -> None:
    """Let somebody else have changed a variable of the Deployment two hours ago."""
    then = datetime.now(UTC) - timedelta(hours=2)
    with sandbox.change() as state:
        (deployment,) = state["deployments"]
        (variable,) = [each for each in deployment["variables"] if each["key"] == key]
        variable |= {"value": value, "updated_at": then.strftime("%Y-%m-%dT%H:%M:%SZ")}


class Steps:
    """Show each step and its command before the command's own output."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        colour = {name: os.environ[name] for name in ("FORCE_COLOR", "NO_COLOR", "TERM") if name in os.environ}
        columns = str(min(WIDTH, shutil.get_terminal_size().columns))
        self.environment = {**sandbox.environment, **colour, "COLUMNS": columns}

    def say(self, sentence: str) -> None:
        """Print a line of narration."""
        print(f"\n# {sentence}", flush=True)

    def run(self, *command: str, project: Path | None = None, expect: int = 0) -> None:
        """Run one command as a user would type it; one stream for both outputs keeps their order in a pipe too."""
        print(f"$ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            command,
            cwd=project or self.sandbox.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            print(f"(exit {done.returncode})", flush=True)
        if done.returncode != expect:
            sys.exit(f"The demo expected exit {expect} here.")


if __name__ == "__main__":
    main()
