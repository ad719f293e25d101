"""What the commands of one run share: `astro`, the private folder, places and what the user decided."""

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from astro_sync.commands.invocation import Invocation
from astro_sync.commands.receipts import ReceiptBook
from astro_sync.config.options import BackupOptions, DeploymentOptions, MoveOptions, ReadOptions, RunOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.console.confirmation import ConfirmationOptions, confirmed
from astro_sync.core.filters import Filters
from astro_sync.core.model import Notice, Result, WarningCode
from astro_sync.core.plan import OnConflict, Policy
from astro_sync.envfile.dialects import RUNTIMES
from astro_sync.envfile.document import Document
from astro_sync.errors import AstroSyncError, RefusedError, UnusableError, UsageError
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.base import AnyPlace, PlaceOptions, Role, Surroundings
from astro_sync.places.deployment import Selector, make_deployment
from astro_sync.places.env_file import EnvFile, open_env_file
from astro_sync.places.registry import open_place, with_manager
from astro_sync.storage import backup
from astro_sync.storage.journal import Changed, keep_run
from astro_sync.storage.lock import hold_shared
from astro_sync.storage.private import private_folder
from astro_sync.storage.receipts import Receipts
from astro_sync.storage.syscalls import digest_of
from astro_sync.sync.pipeline import Destination, RunResult, Step, SyncOptions

_MODE: Final = re.compile(r"^dev\.mode: *(\S*) *$", re.MULTILINE)


_O = TypeVar("_O", bound=RunOptions)
_D = TypeVar("_D", bound=DeploymentOptions)
O_co = TypeVar("O_co", bound=RunOptions, covariant=True)


@dataclass(slots=True, eq=False, repr=False)
class RunContext(Generic[O_co]):
    """One run: its settings, what surrounds it, and what its places share."""

    settings: ResolvedSettings[O_co]
    invocation: Invocation
    folder: Path
    found_astro: Astro | UnusableError
    surroundings: Surroundings = field(init=False)
    _told_mode: str | None = field(default=None, init=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        around = self.invocation
        self.surroundings = Surroundings(
            environ=around.environ,
            cwd=around.cwd,
            project=around.project,
            folder=self.folder,
            state=self.state,
            timeout=self.options.timeout,
            tell=around.terminal.tell,
            stdin=around.stdin,
            astro=lambda: self.astro,
            mode=self.mode,
            target=self.settings.target,
        )

    @property
    def options(self) -> O_co:
        """Return the options of the run."""
        return self.settings.options

    @property
    def astro(self) -> Astro:
        """Return the Astro CLI; raises UnusableError if there is none."""
        if isinstance(self.found_astro, UnusableError):
            raise self.found_astro
        return self.found_astro

    @property
    def state(self) -> Path:
        """Return the folder for what outlives the run: backups, receipts, locks."""
        return backup.folder(self.invocation.environ, self.invocation.home).parent

    def place(self: "RunContext[ReadOptions]", address: str, role: Role, *, workspace: str | None = None) -> AnyPlace:
        """Return the place of an address, in another workspace than the current one if need be."""
        around = self._around(self.options)
        by_name = any("deployment_id" not in table for table in self.settings.protected.values())
        options = around.options._replace(workspace_id=workspace, wants_names=by_name and role is Role.DESTINATION)
        return open_place(address, role, around._replace(options=options))

    def env_file(self, path: str, *, read_only: bool) -> EnvFile:
        """Return a `.env` file that must be there."""
        file = open_env_file(path, Role.SOURCE if read_only else Role.DESTINATION, self.surroundings)
        file.must_exist = True
        return file

    def backup_of(self: "RunContext[BackupOptions]", place: AnyPlace) -> Path | None:
        """Keep what a place holds, unless --no-backup says not to."""
        folder = self.backups()
        return place.keep_backup(folder, self.invocation.now) if folder else None

    def destination(self: "RunContext[MoveOptions]", address: str) -> Destination:
        """Return the place of an address to write to, with the policy of the run."""
        return Destination(self.place(address, Role.DESTINATION), self.policy(self.options))

    def deployments(self: "RunContext[_D]", *, saved: bool = False) -> list[tuple[AnyPlace, _D]]:
        """Return the Deployments that were named, each with what holds for it."""
        return [
            (self._deployment(selector, name, options, saved=saved), options)
            for selector, name, options in self._selected()
        ]

    def _deployment(
        self: "RunContext[_D]", selector: Selector, name: str | None, options: _D, *, saved: bool
    ) -> AnyPlace:
        around = self._around(options)
        return with_manager(make_deployment(selector, around, target=name, saved=saved), around)

    def _selected(self: "RunContext[_D]") -> list[tuple[Selector, str | None, _D]]:
        """Return what was named, on a terminal what is picked."""
        terminal = self.invocation.terminal
        if self.settings.targets or not terminal.interactive:
            return select(self.settings)
        from astro_sync.commands.picking import pick_deployment

        workspace = self.options.workspace_id
        picked = pick_deployment(self.astro, terminal.tell, terminal.type_line, workspace)
        return [(picked, None, self.options)]

    def policy(self, options: MoveOptions) -> Policy:
        """Return what was decided about one destination."""
        return Policy(
            filters=filters(options),
            on_conflict=self.on_conflict(options),
            rotate=options.rotate,
            secret=options.secret,
            plain=options.plain,
            allow_reserved=frozenset(options.allow_reserved),
            allow_placeholder=frozenset(options.allow_placeholder),
            allow_expansion=options.allow_expansion,
            exact_json=options.exact_json,
            id_case=options.id_case,
        )

    def on_conflict(self, options: MoveOptions) -> OnConflict:
        """Return the conflict policy; raises UsageError where it needs a terminal and there is none."""
        interactive = self.invocation.terminal.interactive
        on_conflict = OnConflict(options.on_conflict or ("ask" if interactive else "fail"))
        if on_conflict is OnConflict.ASK and not interactive:
            hint = "Decide with --on-conflict keep, overwrite or fail."
            raise UsageError("--on-conflict ask needs a terminal to ask on.", hint=hint)
        return on_conflict

    def sync_options(self: "RunContext[MoveOptions]") -> SyncOptions:
        """Return what the user decided for the run."""
        options, terminal = self.options, self.invocation.terminal
        receipts = self.receipts()
        confirmation = ConfirmationOptions(
            yes=options.yes,
            yes_protected=options.yes_protected,
            protected=self.settings.protected,
            real_file=self._backend_file,
        )
        return SyncOptions(
            ask=terminal.ask,
            confirm=lambda steps: confirmed(steps, confirmation, terminal),
            compare_secret=receipts.comparing,
            record=receipts.record,
            hold=self._hold,
            resume=self.found_astro.resume if isinstance(self.found_astro, Astro) else lambda: None,
            defer=self.invocation.signals.defer,
            pause=self.invocation.signals.pause,
            backups=self.backups(),
            now=self.invocation.now,
            timeout=options.timeout,
            dry_run=options.dry_run,
            partial=options.partial,
            exit_code=options.exit_code,
            jobs=options.jobs,
            shows_plan=terminal.interactive and not options.yes,
        )

    def keep_run(self: "RunContext[MoveOptions]", command: str, result: RunResult) -> None:
        """Keep what a run changed, for `undo`; the run is done and told, whether that can be kept or not."""
        receipts = self.receipts()
        try:
            changed = [_changed(step, receipts) for step in result.steps if step.verification is not None]
            changed = [each for each in changed if each.created or each.updated or each.hidden]
            if changed:
                keep_run(self.runs, command, changed, self.invocation.now)
        except (AstroSyncError, OSError) as error:
            about = str(error) if isinstance(error, AstroSyncError) else error.strerror or type(error).__name__
            result.warnings = (*result.warnings, Notice(WarningCode.NO_UNDO, None, about))

    @property
    def runs(self) -> Path:
        """Return the folder for what runs changed: one for each project, since addresses mean nothing in another."""
        return self.state / "runs" / digest_of(os.path.realpath(self.invocation.project))[:16]

    def _hold(self: "RunContext[MoveOptions]", addresses: Sequence[str]) -> AbstractContextManager[frozenset[str]]:
        if self.options.dry_run:
            return nullcontext(frozenset())
        return hold_shared(self.state / "locks", addresses, self.options.timeout, self.invocation.terminal.tell)

    def receipts(self: "RunContext[MoveOptions]") -> ReceiptBook:
        """Return the receipts of what was sent before."""
        if self.options.no_receipts:
            return ReceiptBook(None)
        return ReceiptBook(Receipts(self.state / "receipts", self.invocation.terminal.tell))

    def backups(self: "RunContext[BackupOptions]") -> Path | None:
        """Return the folder for backups, None with --no-backup."""
        return None if self.options.no_backup else backup.folder(self.invocation.environ, self.invocation.home)

    def mode(self) -> str:
        """Return the local runtime; where nothing tells, the Astro CLI's own default."""
        return self._known_mode() or "docker"

    def refuse_to_guess(self, file: EnvFile, document: Document) -> None:
        """Raise RefusedError for a file that the local runtimes read differently if nothing tells which is in force."""
        if self._known_mode() is not None:
            return
        others = (runtime for runtime in RUNTIMES.values() if runtime is not document.runtime)
        values = document.values()
        if any(runtime.read(document.text, document.environment).values() != values for runtime in others):
            hint = "Install the Astro CLI, or set dev.mode in .astro/config.yaml."
            message = f"{file} is read differently in Docker and in standalone mode, and nothing tells which you use."
            raise RefusedError(f"{message} Nothing was changed.", hint=hint)

    def _known_mode(self) -> str | None:
        """Return the local runtime as `astro` tells it in a project, else as the project's own file does."""
        with self._asking:
            if self._told_mode is None:
                in_project = (self.invocation.project / ".astro" / "config.yaml").is_file()
                asks = isinstance(self.found_astro, Astro) and in_project
                self._told_mode = (local_mode(self.astro) if asks else mode_in_file(self.invocation.project)) or ""
            return self._told_mode or None

    def _backend_file(self, rest: str) -> str:
        """Return the file that `backend:REST` reads, without links."""
        named = self.settings.target(rest[1:]).get("backend") if rest.startswith("@") else rest
        return os.path.realpath(self.invocation.project / str(named or ".env"))

    def _around(self, options: ReadOptions) -> Surroundings:
        for_places = PlaceOptions(with_secrets=options.with_secrets, allow_http=options.allow_http, jobs=options.jobs)
        if isinstance(options, MoveOptions):
            for_places = for_places._replace(
                allow_argv=options.allow_argv, line_breaks=options.line_breaks, auto_link=options.auto_link
            )
        return self.surroundings._replace(options=for_places)


def _changed(step: Step, receipts: ReceiptBook) -> Changed:
    done = [change for change in step.changes if change.write is not None and change.result is not Result.NOT_WRITTEN]
    writes = [change.write for change in done if change.write is not None]
    return Changed(
        address=step.place.address,
        workspace=step.place.workspace,
        backup=str(step.backup or ""),
        created=tuple(write.name for write in writes if write.old is None),
        updated=tuple(write.name for write in writes if write.old is not None and write.old.value is not None),
        hidden=tuple(write.name for write in writes if write.old is not None and write.old.value is None),
        left=receipts.of_left(step),
    )


@contextmanager
def prepare(settings: ResolvedSettings[_O], invocation: Invocation) -> Iterator[RunContext[_O]]:
    """Look for `astro` and make the private folder; a signal can end what is done with them."""
    options = settings.options
    with (
        private_folder(_temp_root(invocation.environ), invocation.left_behind.append) as folder,
        invocation.signals.heard(),
    ):
        found: Astro | UnusableError
        try:
            program = find_astro(options.astro_bin, invocation.environ)
        except UnusableError as error:
            found = error
        else:
            found = Astro(
                program,
                environ=invocation.environ,
                cwd=invocation.project,
                timeout=options.timeout,
                private=folder,
                watch=invocation.terminal.watch,
            )
            invocation.signals.stops.append(found.stop)
        yield RunContext(settings, invocation, folder, found)


def _temp_root(environ: Mapping[str, str]) -> Path:
    """Return the folder for temporary files."""
    if told := environ.get("TMPDIR"):
        return Path(told)
    import tempfile  # 8 ms

    return Path(tempfile.gettempdir())


def filters(options: ReadOptions) -> Filters:
    """Return the filters of some options."""
    return Filters(options.include, options.exclude, options.airflow_only)


def select(settings: ResolvedSettings[_D]) -> list[tuple[Selector, str | None, _D]]:
    """Return the Deployments that were named, each with what holds for it; raises UsageError if none was."""
    found = {(selector_of(target.options, target.name), target.name): target.options for target in settings.targets}
    if not found:
        hint = "Name one with --deployment-id ID or --deployment-name NAME; `astro deployment list` shows them."
        raise UsageError("No Deployment was named.", hint=hint)
    return [(selector, name, options) for (selector, name), options in found.items()]


def selector_of(options: DeploymentOptions, target: str | None) -> Selector:
    """Return how the options of one target name a Deployment; raises UsageError if they do not."""
    ids, names = options.deployment_id, options.deployment_name
    if not (ids or names):
        raise UsageError(
            f"The target {target} names no Deployment.", hint="Add deployment_id to it in .astro-sync.toml."
        )
    return Selector(ids[0] if ids else None, names[0] if names else None, options.workspace_id)


def local_mode(astro: Astro) -> str:
    """Return `docker` or `standalone`, as the project says, or else the user's own configuration.

    Source: fixtures/astro-cli-contract.md, "Everywhere".
    """
    for scope in ((), ("-g",)):
        answer = astro.ask("config", "get", *scope, "dev.mode")
        match = _MODE.search(answer.stdout)
        if match and match[1]:
            return "standalone" if match[1] == "standalone" else "docker"
    return "docker"


_FILE_MODE: Final = re.compile(r"[ \t]+mode:[ \t]*['\"]?(\w+)")


def mode_in_file(project: Path) -> str | None:
    """Return the local runtime that the project's `.astro/config.yaml` names, None if it names none."""
    try:
        text = (project / ".astro" / "config.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    section = ""
    for line in text.splitlines():
        if line[:1].strip():
            section = line.partition(":")[0]
        elif section == "dev" and (match := _FILE_MODE.match(line)):
            return "standalone" if match[1] == "standalone" else "docker"
    return None
