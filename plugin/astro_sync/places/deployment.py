"""Read and write the environment variables of one Deployment through the Astro CLI."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from astro_sync.concurrency import together
from astro_sync.core.model import Change, Note, Plan, Snapshot, Variable, Warn, Written
from astro_sync.envfile.dialects import COMPOSE
from astro_sync.envfile.writing import load_lines, load_refusal, spell
from astro_sync.errors import GO_ON, AstroSyncError, UnusableError
from astro_sync.places.astro_cli import Answer, Astro, NotLoggedInError, TimedOutError, judge_login
from astro_sync.places.deployment_answers import Details, Row, parse_inspect, parse_names, parse_saved
from astro_sync.places.env_file import AS_COMPOSE
from astro_sync.storage.backup import keep
from astro_sync.storage.private import write_private

# The kernel's limit for one argument, its final NUL left out.
_LONGEST_ARGUMENT: Final = 131_071


@dataclass(frozen=True, slots=True)
class Selector:
    """Name a Deployment as the user did: by id or, where that is None, by name; in the current workspace or another."""

    deployment_id: str | None
    name: str | None = None
    workspace_id: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """Return the flags by which `astro deployment variable` finds it."""
        found = ("-d", self.deployment_id) if self.deployment_id else ("-n", self.name or "")
        return (*found, *self.workspace_words)

    @property
    def workspace_words(self) -> tuple[str, ...]:
        """Return the flag that names the workspace, if one was named."""
        return ("--workspace-id", self.workspace_id) if self.workspace_id else ()

    def __str__(self) -> str:
        return self.deployment_id or f"named {self.name}"


@dataclass(slots=True)
class Deployment:
    """Hold one Deployment for one run; `folder` is the run's private folder, for this Deployment alone.

    With `saved` the first reading is `list --save`, else it is `deployment inspect`.
    """

    astro: Astro
    selector: Selector
    folder: Path
    allow_argv: bool = False
    saved: bool = False
    details: Details = field(default_factory=Details)
    warnings: list[Warn] = field(default_factory=list)
    _read: Snapshot = field(default_factory=Snapshot)

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave everything to the private folder, which goes with the run."""

    def __str__(self) -> str:
        return f"Deployment {self.details.name or self.selector} ({self.details.deployment_id or 'not read'})"

    def read(self) -> Snapshot:
        """Return the Deployment's variables; a secret has no value.

        Raises UnusableError if it cannot be found or reached.
        """
        first = not self.details.deployment_id
        rows = self._read_saved() if first and self.saved else None
        rows = self._inspect() if rows is None else rows
        self._read = Snapshot({row.key: Variable(row.key, row.value, row.secret) for row in rows}, keeps_secrets=True)
        return self._read

    def refusal(self, variable: Variable) -> str | None:
        """Return why the Astro CLI cannot carry this variable exactly (dialects.md, "load")."""
        if variable.value is None:
            return "its value is not known"
        key, text = variable.key, variable.value.reveal()
        reason = load_refusal(key, text)
        if reason is None:
            return None
        instead = f"--exclude {shlex.quote(key)} or --partial"
        if "\n" in text:
            which = self.details.deployment_id or self.selector.deployment_id or "ID"
            stdin = f"astro env variable create --deployment-id {which} --key {shlex.quote(key)} --secret < FILE"
            instead += f", or set it by hand: {stdin}"
        if _fits_argv(key, text):
            if self.allow_argv:
                return None
            instead += ", or --allow-argv, which shows it in the process list for a moment"
        return f"{reason}{GO_ON}{instead}"

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        """Keep the plain variables that were read last as a `.env` that says itself how it is to be read."""
        plain = {key: there.value.reveal() for key, there in self._read.variables.items() if there.value is not None}
        if not plain:
            return None
        lines = [
            f"{key}={spell(key, text, COMPOSE).text}\n" for key, text in plain.items() if not COMPOSE.refuses_key(key)
        ]
        data = f"{AS_COMPOSE}\n{''.join(lines)}".encode("utf-8", "surrogateescape")
        return keep(folder, f"deployment-{self.details.deployment_id}", data, now)

    def in_argv(self, plan: Plan) -> list[str]:
        """Return the keys whose values will be on the command line of `astro`."""
        texts = {change.key: change.value.reveal() for change in plan.writes if change.value is not None}
        return [key for key, text in texts.items() if load_refusal(key, text)]

    def apply(self, plan: Plan) -> Written:
        """Write plain keys in one call and secret ones in another, which is left out if the first did not end well."""
        failure = None
        for secret in (False, True):
            batch = [change for change in plan.writes if change.secret is secret]
            if batch and failure is None:
                failure = _failure(self._write(batch, secret=secret), self.astro.timeout)
        return Written(failure, trusted_secrets=failure is None)

    def _write(self, batch: list[Change], *, secret: bool) -> Answer:
        texts = {change.key: change.value.reveal() for change in batch if change.value is not None}
        in_file = {key: text for key, text in texts.items() if load_refusal(key, text) is None}
        positional = [f"{key}={text}" for key, text in texts.items() if key not in in_file]
        shown = "was on the command line of `astro` for a moment; if others use this machine, set a new value"
        self.warnings += [Warn(Note.ARGV, key, shown) for key in texts if key not in in_file]
        verb = "update" if any(change.action == "update" for change in batch) else "create"
        words: list[str | Path] = ["deployment", "variable", verb, *positional, "-d", self.details.deployment_id]
        words += [*self.selector.workspace_words, *(["--secret"] if secret else [])]
        if in_file:
            file = self.folder / f"{'secret' if secret else 'plain'}.env"
            write_private(file, load_lines(in_file))
            words += ["--load", "--env", file]
        try:
            return self.astro.run(*words)
        finally:
            if in_file:
                file.unlink(missing_ok=True)

    def _read_saved(self) -> Sequence[Row] | None:
        """Return what `list --save` wrote if it proves itself (design, rule 5), else None."""
        file = self.folder / "saved.env"
        write_private(file, b"")
        words: tuple[str | Path, ...] = (
            "deployment",
            "variable",
            "list",
            *self.selector.words,
            "--save",
            "--env",
            file,
        )
        listed, names = together(
            lambda: self.astro.ask(*words),
            lambda: self.astro.ask("deployment", "list", *self.selector.workspace_words),
        )
        self._judge(listed)
        found = parse_names(names.stdout, self.selector.deployment_id, self.selector.name)
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        file.unlink()
        rows = parse_saved(listed.stdout, text)
        if found is None or rows is None:
            return None
        self.details = Details(*found, self.selector.workspace_id or "")
        return rows

    def _inspect(self) -> Sequence[Row]:
        selector = self.selector
        named = (self.details.deployment_id or selector.deployment_id,)
        words = named if named[0] else ("-n", selector.name or "")
        answer = self.astro.ask("deployment", "inspect", *words, "-o", "json", *selector.workspace_words)
        self._judge(answer)
        found = parse_inspect(answer.stdout)
        if found is None:
            hint = "Run `astro deployment inspect` yourself; the Astro CLI may be too old or Astro out of reach."
            raise UnusableError(f"The Astro CLI did not describe the Deployment {selector}.", hint=hint)
        self.details, rows = found
        return rows

    def _judge(self, answer: Answer) -> None:
        """Raise if the Deployment could not be found (contract, "Everywhere")."""
        text, which = answer.text, self.selector
        if "More than one Deployment with the name" in text:
            hint = "Name it by its id with --deployment-id; `astro deployment list` shows the ids."
            raise UnusableError(f"There is more than one Deployment {which}.", hint=hint)
        if "the Deployment specified was not found in this workspace" in text:
            _, _, cause = text.partition("may not have access to the deployment specified")
            if cause.startswith(":"):
                hint = "Check your connection and your login (`astro login`), then try again."
                raise UnusableError("Astro could not be reached, so no Deployment was found.", hint=hint)
            raise self._no_such()
        if "no deployments found in workspace" in text.lower():
            raise self._no_such()
        if answer.status != 0:
            hint = "Run `astro deployment list` to see whether Astro can be reached, then try again."
            raise UnusableError(f"The Astro CLI could not read the Deployment {which}.", hint=hint)

    def _no_such(self) -> UnusableError:
        hint = "`astro deployment list` shows those of this workspace; --workspace-id names another one."
        return UnusableError(f"There is no Deployment {self.selector} in the workspace.", hint=hint)


def _fits_argv(key: str, text: str) -> bool:
    """Tell whether the positional form can carry a variable (contract, "create|update")."""
    if not key or not text or "\0" in key + text or "=" in key or key.startswith("-"):
        return False
    try:
        return len(f"{key}={text}".encode()) <= _LONGEST_ARGUMENT
    except UnicodeEncodeError:
        return False


def _failure(answer: Answer, timeout: float) -> AstroSyncError | None:
    """Return what a writing call said went wrong; what is true, only the read-back tells."""
    if answer.status is None:
        return TimedOutError(f"`astro deployment variable` did not end within {timeout:g} seconds.")
    try:
        judge_login(answer)
    except NotLoggedInError as error:
        return error
    if answer.status != 0:
        hint = "Look at the keys named above, then run the same command again: it writes only what is missing."
        return AstroSyncError("`astro deployment variable` ended with an error.", hint=hint)
    return None
