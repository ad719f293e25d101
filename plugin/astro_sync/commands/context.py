"""Set one run up from what was typed: the private folder, `astro`, the endpoints and the terms; and report on it."""

import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from astro_sync.config.options import Options
from astro_sync.config.settings import Settled
from astro_sync.console.confirmation import confirmed
from astro_sync.console.signals import Signals
from astro_sync.console.terminal import Terminal
from astro_sync.core.model import OnConflict
from astro_sync.core.plan import Policy
from astro_sync.errors import UnusableError, UsageError
from astro_sync.places.airflow_file import AirflowFile
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.base import Endpoint
from astro_sync.places.deployment import Deployment, Selector
from astro_sync.places.env_file import EnvFile
from astro_sync.places.local_airflow import LocalAirflow
from astro_sync.places.registry import find_format, find_kind
from astro_sync.storage import backup
from astro_sync.storage.private import private_folder
from astro_sync.sync.step import Terms

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
    signals: Signals


@dataclass(slots=True)
class Bench:
    """Hold what the endpoints of one run share; `policies` are those of single destinations, by identity."""

    settled: Settled
    world: World
    folder: Path
    found_astro: Astro | UnusableError
    policies: dict[int, Policy] = field(default_factory=dict)
    _told_mode: str = ""
    _asking: threading.Lock = field(default_factory=threading.Lock)

    @property
    def astro(self) -> Astro:
        """Return the Astro CLI; raises UnusableError if there is none."""
        if isinstance(self.found_astro, UnusableError):
            raise self.found_astro
        return self.found_astro

    @property
    def options(self) -> Options:
        """Return the options of the run."""
        return self.settled.options

    def place(self, name: str, *, source: bool = False) -> EnvFile | AirflowFile:
        """Return the place that `merge` was given by name; a source must be there and is never locked."""
        kind, path = find_kind(name)
        if kind is None:
            return self.env_file(path, must_exist=source, asks_astro=False, read_only=source)
        return AirflowFile(
            path=self.world.cwd / path,
            name=path,
            timeout=self.options.timeout,
            tell=self.world.terminal.tell,
            must_exist=source,
            read_only=source,
            format=find_format(kind, path),
            prefixes=kind.prefixes,
        )

    def env_file(
        self, path: str, *, must_exist: bool = False, asks_astro: bool = True, read_only: bool = False
    ) -> EnvFile:
        """Return a `.env` file, `-` for stdin; without `asks_astro`, the local mode may be a likely one."""
        world = self.world
        return EnvFile(
            path=world.cwd / path,
            name=path,
            mode=self.mode if asks_astro else self.likely_mode,
            environ=world.environ,
            timeout=self.options.timeout,
            tell=world.terminal.tell,
            stdin=world.stdin() if path == "-" else None,
            must_exist=must_exist,
            read_only=read_only or path == "-",
        )

    def deployments(self, *, saved: bool = False) -> list[Deployment]:
        """Return the Deployments that were named, each with a folder and a policy of its own."""
        found = []
        for number, (selector, options) in enumerate(_select(self.settled), 1):
            folder = self.folder / f"deployment-{number}"
            deployment = Deployment(self.astro, selector, folder, allow_argv=options.allow_argv, saved=saved)
            self.policies[id(deployment)] = self._policy(options)
            found.append(deployment)
        return found

    def local_airflow(self) -> LocalAirflow:
        """Return the local Airflow."""
        return LocalAirflow(self.astro, self.world.cwd, self.folder, self.world.terminal.tell)

    def terms(self, *, must_confirm: bool = True) -> Terms:
        """Return what the user decided; without `must_confirm`, no terminal is no hindrance."""
        options, world = self.options, self.world
        policy = self._policy(options)
        astro = self.found_astro
        return Terms(
            policy=lambda destination: self.policies.get(id(destination), policy),
            ask=world.terminal.ask,
            confirm=lambda legs: confirmed(legs, self.settled, world.terminal, must_confirm=must_confirm),
            note=world.terminal.note,
            interrupted=astro.resume if isinstance(astro, Astro) else lambda: None,
            backups=self._backups(),
            now=world.now,
            dry_run=options.dry_run,
            partial=options.partial,
            exit_code=options.exit_code,
            jobs=options.jobs,
        )

    def backup_of(self, endpoint: Endpoint) -> Path | None:
        """Keep what an endpoint holds, unless --no-backup says not to."""
        folder = self._backups()
        return endpoint.keep_backup(folder, self.world.now) if folder else None

    def _backups(self) -> Path | None:
        return None if self.options.no_backup else backup.folder(self.world.environ, self.world.home)

    def mode(self) -> str:
        """Return the local mode; `astro` is asked once."""
        with self._asking:
            self._told_mode = self._told_mode or local_mode(self.astro)
            return self._told_mode

    def likely_mode(self) -> str:
        """Return the local mode where `astro` can tell it, else that of Docker, which is the CLI's own default."""
        in_project = (self.world.cwd / ".astro" / "config.yaml").is_file()
        return self.mode() if isinstance(self.found_astro, Astro) and in_project else "docker"

    def _policy(self, options: Options) -> Policy:
        interactive = self.world.terminal.interactive
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
            allow_placeholder=frozenset(options.allow_placeholder),
        )


@contextmanager
def prepare(settled: Settled, world: World) -> Iterator[Bench]:
    """Look for `astro` and make the private folder; a signal can end what is done with them."""
    options = settled.options
    with private_folder(Path(world.environ.get("TMPDIR") or tempfile.gettempdir())) as folder, world.signals.heard():
        found: Astro | UnusableError
        try:
            program = find_astro(options.astro_bin, world.environ)
        except UnusableError as error:
            found = error
        else:
            found = Astro(
                program,
                environ=world.environ,
                cwd=world.cwd,
                timeout=options.timeout,
                private=folder,
                watch=world.terminal.watch,
            )
            world.signals.stops.append(found.stop)
        yield Bench(settled, world, folder, found)


def _select(settled: Settled) -> list[tuple[Selector, Options]]:
    """Return the Deployments that were named, each with what holds for it; raises UsageError if none was."""
    found = list(
        dict.fromkeys((selector_of(target.options, target.name), target.options) for target in settled.targets)
    )
    if not found:
        hint = "Name one with --deployment-id ID or --deployment-name NAME; `astro deployment list` shows them."
        raise UsageError("No Deployment was named.", hint=hint)
    return found


def selector_of(options: Options, target: str | None) -> Selector:
    """Return how the options of one target name a Deployment; raises UsageError if they do not."""
    ids, names = options.deployment_id, options.deployment_name
    if not (ids or names):
        raise UsageError(
            f"The target {target} names no Deployment.", hint="Add deployment_id to it in .astro-sync.toml."
        )
    return Selector(ids[0] if ids else None, names[0] if names else None, options.workspace_id)


def local_mode(astro: Astro) -> str:
    """Return `docker` or `standalone`, as the project says, or else the user's own configuration (contract)."""
    for scope in ((), ("-g",)):
        answer = astro.ask("config", "get", *scope, "dev.mode")
        match = _MODE.search(answer.stdout)
        if match and match[1]:
            return "standalone" if match[1] == "standalone" else "docker"
    return "docker"
