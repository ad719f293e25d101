"""Set one run up from what was typed: the private folder, `astro`, the endpoints and the terms; and report on it."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from astro_sync import backup
from astro_sync.astro import Astro, find_astro
from astro_sync.endpoints import Endpoint
from astro_sync.endpoints.deployment import Deployment, Selector
from astro_sync.endpoints.env_file import EnvFile
from astro_sync.endpoints.local_airflow import LocalAirflow
from astro_sync.errors import UsageError
from astro_sync.model import WRITES, Plan
from astro_sync.options import Options
from astro_sync.plan import OnConflict, Policy
from astro_sync.private import private_folder
from astro_sync.report import count_actions
from astro_sync.sync import Leg, Terms
from astro_sync.terminal import Terminal, signals

_AIRFLOW: Final = ("AIRFLOW_CONN_*", "AIRFLOW_VAR_*")
_MODE: Final = re.compile(r"^dev\.mode: *(\S*) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class World:
    """Hold what surrounds a run; nothing below looks around for itself."""

    environ: Mapping[str, str]
    cwd: Path
    home: Path
    now: datetime
    stdin: Callable[[], bytes]
    terminal: Terminal


@dataclass(frozen=True, slots=True)
class Bench:
    """Hold what the endpoints of one run share."""

    options: Options
    world: World
    astro: Astro
    folder: Path
    mode: Callable[[], str]

    def env_file(self, path: str, *, must_exist: bool = False) -> EnvFile:
        """Return a `.env` file; `-` is stdin."""
        world = self.world
        return EnvFile(
            path=world.cwd / path,
            mode=self.mode,
            environ=world.environ,
            timeout=self.options.timeout,
            tell=world.terminal.tell,
            stdin=world.stdin() if path == "-" else None,
            must_exist=must_exist,
        )

    def deployment(self, selector: Selector, number: int, *, saved: bool = False) -> Deployment:
        """Return a Deployment with a folder of its own."""
        folder = self.folder / f"deployment-{number}"
        return Deployment(self.astro, selector, folder, allow_argv=self.options.allow_argv, saved=saved)

    def local_airflow(self, env: EnvFile) -> LocalAirflow:
        """Return the local Airflow."""
        return LocalAirflow(self.astro, self.world.cwd, self.folder, env.holds)

    def terms(self) -> Terms:
        """Return what the user decided."""
        options, world = self.options, self.world
        return Terms(
            policy=_policy(options, interactive=world.terminal.interactive),
            ask=world.terminal.ask,
            confirm=self._confirm,
            interrupted=self.astro.resume,
            backups=None if options.no_backup else backup.folder(world.environ, world.home),
            now=world.now,
            dry_run=options.dry_run,
            partial=options.partial,
            exit_code=options.exit_code,
        )

    def _confirm(self, legs: Sequence[Leg]) -> bool:
        terminal = self.world.terminal
        if terminal.interactive and not self.options.yes:
            for leg in legs:
                terminal.show_plan(str(leg.destination), leg.plan.changes)
        questions = [question(leg.destination, leg.plan) for leg in legs]
        return terminal.confirm("\n".join((*questions, "Go on?")))


@contextmanager
def prepare(options: Options, world: World) -> Iterator[Bench]:
    """Find `astro`, make the private folder and listen to signals, for as long as the run lasts."""
    program = find_astro(options.astro_bin, world.environ)
    with private_folder(Path(world.environ.get("TMPDIR") or tempfile.gettempdir())) as folder:
        astro = Astro(program, environ=world.environ, cwd=world.cwd, timeout=options.timeout, private=folder)
        with signals(astro.stop):
            yield Bench(options, world, astro, folder, cache(lambda: local_mode(astro)))


def select(options: Options, environ: Mapping[str, str]) -> Sequence[Selector]:
    """Return the Deployments that were named; raises UsageError if none was."""
    names = options.deployment_name
    ids = options.deployment_id
    if not (ids or names):
        ids = tuple(environ.get("ASTRO_SYNC_DEPLOYMENT_ID", "").split())
    found = [Selector(text, workspace_id=options.workspace_id) for text in ids]
    found += [Selector(None, name, options.workspace_id) for name in names]
    if not found:
        hint = "Name one with --deployment-id ID or --deployment-name NAME; `astro deployment list` shows them."
        raise UsageError("No Deployment was named.", hint=hint)
    return list(dict.fromkeys(found))


def local_mode(astro: Astro) -> str:
    """Return `docker` or `standalone`, as the project says, or else the user's own configuration (contract)."""
    for scope in ((), ("-g",)):
        answer = astro.ask("config", "get", *scope, "dev.mode")
        match = _MODE.search(answer.stdout)
        if match and match[1]:
            return "standalone" if match[1] == "standalone" else "docker"
    return "docker"


def question(destination: Endpoint, plan: Plan) -> str:
    """Return what a person is asked to allow, Deployments with the number of writing calls."""
    count = count_actions(change.action for change in plan.changes if change.action in WRITES)
    if not isinstance(destination, Deployment):
        return f"{destination}: {count or 'a comment for each secret'}."
    calls = len({change.secret for change in plan.writes})
    workspace = destination.details.workspace
    where = f"workspace {workspace}" if workspace else "the current workspace"
    text = (
        f"{destination} in workspace {where}: {count}, in {calls} call{'s' if calls > 1 else ''} that each restart it."
    )
    if seen := destination.in_argv(plan):
        text += f" The values of {', '.join(seen)} show in the process list for a moment."
    return text


def _policy(options: Options, *, interactive: bool) -> Policy:
    on_conflict = OnConflict(options.on_conflict or ("ask" if interactive else "fail"))
    if on_conflict is OnConflict.ASK and not interactive:
        hint = "Decide with --on-conflict keep, overwrite or fail."
        raise UsageError("--on-conflict ask needs a terminal to ask on.", hint=hint)
    return Policy(
        on_conflict=on_conflict,
        include=options.include,
        exclude=options.exclude,
        only=_AIRFLOW if options.airflow_only else (),
        rotate=options.rotate,
        secret=options.secret,
        plain=options.plain,
        allow_reserved=frozenset(options.allow_reserved),
    )
