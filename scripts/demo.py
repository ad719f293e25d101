"""Run both syncs in a sandbox, each command shown above its real output; `scripts/demo` starts this."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox import Sandbox

SYNC_UP = ["astro-sync", "local-to-deploy", "--deployment-id", "dep-1"]
SYNC_DOWN = ["astro-sync", "deploy-to-local", "--deployment-id", "dep-1"]
KEYS_ONLY = ["grep", "-oE", "^(# )?AIRFLOW_[^= ]+="]


def main() -> None:
    """Tell the story; end with 1 when a command ends otherwise than the README says."""
    with tempfile.TemporaryDirectory(prefix="astro-sync-demo-") as folder:
        sandbox = Sandbox(Path(folder))
        sandbox.load_airflow_export()
        teammate = sandbox.folder / "teammate"
        shutil.copytree(sandbox.project, teammate)
        steps = Steps(sandbox)

        steps.say("A project whose Airflow holds what a real Airflow 3.3.2 exported; a Deployment that is still empty.")
        steps.say(
            "What would a sync do? It refuses: some values could not arrive exactly, each is named with its reason."
        )
        steps.run(*SYNC_UP, "--dry-run", expect=3)
        steps.say(
            "Carry the rest (--partial), and use `astro`'s command line for what no file can carry (--allow-argv)."
        )
        steps.run(*SYNC_UP, "--partial", "--allow-argv", "--yes", expect=7)
        steps.say("Once more: nothing is left to do but what was refused, so nothing is written and nothing restarts.")
        steps.run(*SYNC_UP, "--partial", "--allow-argv", "--yes", expect=7)
        steps.say("The other way, into the project of a teammate who has no .env yet.")
        steps.run(*SYNC_DOWN, "--yes", project=teammate)
        steps.say("The keys of their new .env; a secret, which Astro shows to nobody, is a comment that asks for it.")
        steps.run(*KEYS_ONLY, ".env", project=teammate)
        steps.say(f"The Deployment was written {sandbox.writes()} times in all. The sandbox is gone again.")


class Steps:
    """Show each step and its command before the command's own output."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        colour = {name: os.environ[name] for name in ("FORCE_COLOR", "NO_COLOR", "TERM") if name in os.environ}
        columns = str(shutil.get_terminal_size().columns)
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
