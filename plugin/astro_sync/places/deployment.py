"""One Deployment's environment variables, read and written through the Astro CLI."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple, Self

from astro_sync.concurrency import together
from astro_sync.core.filters import EVERYTHING, Wanted
from astro_sync.core.model import (
    Entry,
    Name,
    Names,
    Notice,
    Plan,
    Reason,
    Refusal,
    Secrets,
    Snapshot,
    Traits,
    WarningCode,
    Write,
    Written,
    name_of,
)
from astro_sync.envfile.writing import load_lines, load_refusal
from astro_sync.errors import AstroSyncError, UnusableError, UsageError
from astro_sync.places.astro_cli import (
    Answer,
    Astro,
    NotLoggedInError,
    TimedOutError,
    TooMuchOutputError,
    judge_login,
)
from astro_sync.places.base import Prepared, Role, Surroundings
from astro_sync.places.common import EntryBackups, OpenPlace
from astro_sync.places.deployment_answers import Details, Row, parse_inspect, parse_names, parse_saved
from astro_sync.places.running_call import OUTPUT_LIMIT
from astro_sync.places.told_error import told_error
from astro_sync.storage.private import write_private

# The kernel's limit for one argument, its final NUL left out.
_LONGEST_ARGUMENT: Final = 131_071
_NO_ANSWER: Final = re.compile(
    r"Client\.Timeout|context deadline exceeded|\bEOF\b|connection reset|broken pipe|\bstatus(?: code)? 5\d\d\b",
    re.IGNORECASE,
)
_TRAITS: Final = Traits(Names.ENVIRONMENT, secrets=Secrets.HIDDEN, shared=True)


class Selector(NamedTuple):
    """A Deployment as the user named it: by id or, where that is None, by name; in the current workspace or another."""

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


class Batch(NamedTuple):
    """The values of one writing call, by the way they take: a file that `astro` loads, or its command line."""

    secret: bool
    updates: bool
    names: tuple[Name, ...]
    in_file: Mapping[str, str]
    positional: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Batch({len(self.names)} keys)"


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedCalls(Prepared):
    """The writing calls: plain keys in one, secret ones in another."""

    batches: tuple[Batch, ...]


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Deployment(OpenPlace, EntryBackups):
    """One Deployment for one run; `folder` is the run's private folder, for this Deployment alone.

    With `saved` the first reading is `list --save`, else it is `deployment inspect`.
    """

    astro: Astro
    selector: Selector
    folder: Path
    target: str | None = None
    allow_argv: tuple[str, ...] = ()
    saved: bool = False
    kind: str = field(default="deployment", init=False)
    traits: Traits = field(default=_TRAITS, init=False)
    details: Details = field(default_factory=Details, init=False)
    held: Snapshot = field(default_factory=Snapshot, init=False)

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def __str__(self) -> str:
        return f"Deployment {self.label} ({self.details.deployment_id or 'not read'})"

    @property
    def address(self) -> str:
        """Return the address with the Deployment's id, once that is known."""
        return f"deployment:{self.details.deployment_id or self.selector.deployment_id or f'@{self.target}'}"

    @property
    def label(self) -> str:
        """Return its name."""
        return self.details.name or str(self.selector)

    @property
    def workspace(self) -> str:
        """Return the workspace that was named."""
        return self.selector.workspace_id or ""

    def read(self, _wanted: Wanted) -> Snapshot:
        """Return the Deployment's variables; a secret has no value.

        Raises UnusableError if it cannot be found or reached.
        """
        first = not self.details.deployment_id
        rows = self._read_saved() if first and self.saved else None
        rows = self._inspect() if rows is None else rows
        self.held = Snapshot({entry.name: entry for entry in map(_entry, rows)})
        return self.held

    def refusal(self, write: Write) -> Refusal | None:
        """Return why the Astro CLI cannot carry this variable exactly (fixtures/dialects.md, "load")."""
        key, text = write.name.variable, write.value.reveal()
        why = load_refusal(key, text)
        if why is None or (self._may_show(write.name) and _fits_argv(key, text)):
            return None
        ways = (f"--allow-argv {shlex.quote(key)}",) if _fits_argv(key, text) else ()
        if "\n" in text:
            return Refusal(Reason.LINE_BREAK, "", ("--line-breaks env-manager", *ways))
        if "\0" in text:
            return Refusal(Reason.NOT_TEXT, why, ways)
        if text != text.strip():
            return Refusal(Reason.WHITE_SPACE, "", ways)
        return Refusal(Reason.CANNOT_HOLD, why, ways)

    def prepare(self, plan: Plan) -> PreparedCalls:
        """Sort the writes into at most two calls (CONTRIBUTING, rule 6)."""
        batches = tuple(
            _batch([write for write in plan.writes if write.secret is secret], secret=secret)
            for secret in (False, True)
            if any(write.secret is secret for write in plan.writes)
        )
        seen = tuple(write.name for write in plan.writes if any(write.name.variable in b.positional for b in batches))
        # Of a value that is no secret nobody need be warned.
        secrets = {write.name for write in plan.writes if write.secret}
        notices = tuple(Notice(WarningCode.IN_ARGV, name.key) for name in seen if name in secrets)
        return PreparedCalls(
            writes=plan.writes,
            calls=len(batches),
            restarting=tuple(frozenset(batch.names) for batch in batches),
            in_argv=seen,
            warnings=notices,
            batches=batches,
        )

    def apply(self, prepared: PreparedCalls) -> Written:
        """Write plain keys in one call and secret ones in another, which is left out if the first did not end well."""
        trusted: set[Name] = set()
        for batch in prepared.batches:
            answer = self._write(batch)
            if failure := self._failure(answer, prepared):
                return Written(failure, may_arrive=_may_arrive(answer), trusted=frozenset(trusted))
            trusted.update(batch.names)
        return Written(trusted=frozenset(trusted))

    def _may_show(self, name: Name) -> bool:
        return any(fnmatchcase(name.variable, glob) for glob in self.allow_argv)

    def _write(self, batch: Batch) -> Answer:
        verb = "update" if batch.updates else "create"
        positional = [f"{key}={text}" for key, text in batch.positional.items()]
        words: list[str | Path] = ["deployment", "variable", verb, *positional, "-d", self.details.deployment_id]
        words += [*self.selector.workspace_words, *(["--secret"] if batch.secret else [])]
        file = self.folder / f"{'secret' if batch.secret else 'plain'}.env"
        if batch.in_file:
            write_private(file, load_lines(batch.in_file))
            words += ["--load", "--env", file]
        try:
            return self.astro.run(*words)
        finally:
            file.unlink(missing_ok=True)

    def _failure(self, answer: Answer, prepared: Prepared) -> AstroSyncError | None:
        """Return what a writing call said went wrong; what is true, only the read-back tells."""
        if answer.overflowed:
            return TooMuchOutputError(f"{self}: `astro` printed more than {OUTPUT_LIMIT // 1024**2} MiB.")
        if answer.status is None:
            return TimedOutError(f"{self}: `astro` did not end within {self.astro.timeout:g} seconds.")
        try:
            judge_login(answer)
        except NotLoggedInError as error:
            return error
        if answer.status == 0:
            return None
        # What the Deployment held before is a value of this run, too.
        values = [*(w.value for w in prepared.writes), *(e.value for e in self.held.entries.values() if e.value)]
        said = told_error(answer, [value.reveal() for value in values])
        hint = "Run the same command again: it writes only what is missing."
        return AstroSyncError(f"{self}: astro refused the write{said}", hint=hint)

    def _read_saved(self) -> Sequence[Row] | None:
        """Return what `list --save` wrote if it proves itself (CONTRIBUTING, rule 5), else None."""
        file = self.folder / "saved.env"
        write_private(file, b"")
        words = ("deployment", "variable", "list", *self.selector.words, "--save", "--env")
        listed, names = together(
            lambda: self.astro.ask(*words, file),
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
        named = self.details.deployment_id or selector.deployment_id
        words = (named,) if named else ("-n", selector.name or "")
        answer = self.astro.ask("deployment", "inspect", *words, "-o", "json", *selector.workspace_words)
        self._judge(answer)
        found = parse_inspect(answer.stdout)
        if found is None:
            hint = "Run `astro deployment inspect` yourself; the Astro CLI may be too old or Astro out of reach."
            raise UnusableError(f"The Astro CLI did not describe the Deployment {selector}.", hint=hint)
        details, rows = found
        if named and details.deployment_id != named:
            hint = f"Compare with `astro deployment inspect {shlex.quote(named)}`."
            message = f"The Astro CLI described another Deployment ({details.deployment_id}) than {named}."
            raise UnusableError(message, hint=hint)
        self.details = details
        return rows

    def _judge(self, answer: Answer) -> None:
        """Raise if the Deployment could not be found (fixtures/astro-cli-contract.md, "Everywhere")."""
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


def open_deployment(rest: str, _role: Role, around: Surroundings) -> Deployment:
    """Return the Deployment of `deployment:ID` or `deployment:@TARGET`; raises UsageError for neither."""
    target = rest[1:] if rest.startswith("@") else None
    selector = select(rest, around)
    if selector is None:
        raise UsageError(
            "The address deployment: names no Deployment.", hint="Write deployment:ID or deployment:@TARGET."
        )
    return make_deployment(selector, around, target=target)


def select(named: str, around: Surroundings) -> Selector | None:
    """Return the Deployment that `ID` or `@TARGET` names, None if it names none."""
    own = {"deployment_id": named, "workspace_id": around.options.workspace_id}
    settings = around.target(named[1:]) if named.startswith("@") else own
    found = Selector(*(_text(settings.get(each)) for each in ("deployment_id", "deployment_name", "workspace_id")))
    return found if found.deployment_id or found.name else None


def identify(selector: Selector, around: Surroundings) -> Details:
    """Return who a Deployment is; one that is named by its id is asked for only where its name is wanted."""
    if selector.deployment_id and not around.options.wants_names:
        return Details(selector.deployment_id, "", selector.workspace_id or "")
    with make_deployment(selector, around) as found:
        found.read(EVERYTHING)
        return found.details


def make_deployment(
    selector: Selector, around: Surroundings, *, target: str | None = None, saved: bool = False
) -> Deployment:
    """Return a Deployment with a folder of its own below the run's."""
    return Deployment(
        astro=around.astro(),
        selector=selector,
        folder=around.new_folder("deployment"),
        target=target,
        allow_argv=around.options.allow_argv,
        saved=saved,
    )


def _text(setting: object) -> str | None:
    return setting if isinstance(setting, str) and setting else None


def _may_arrive(answer: Answer) -> bool:
    """Tell whether a writing call that failed may still take effect: it was ended, crashed, or had no sure answer.

    The exit status does not tell (fixtures/astro-cli-contract.md, "Exit status against truth"), so its words must.
    """
    return answer.status not in {0, 1} or _NO_ANSWER.search(answer.text) is not None


def _entry(row: Row) -> Entry:
    return Entry(name_of(row.key), row.value, row.secret, updated_at=row.updated_at)


def _batch(writes: Sequence[Write], *, secret: bool) -> Batch:
    texts = {write.name.variable: write.value.reveal() for write in writes}
    in_file = {key: text for key, text in texts.items() if load_refusal(key, text) is None}
    positional = {key: text for key, text in texts.items() if key not in in_file}
    updates = any(write.old is not None for write in writes)
    return Batch(secret, updates, tuple(write.name for write in writes), in_file, positional)


def _fits_argv(key: str, text: str) -> bool:
    """Tell whether the positional form can carry a variable (fixtures/astro-cli-contract.md, "create|update")."""
    if not key or not text or "\0" in key + text or "=" in key or key.startswith("-"):
        return False
    try:
        return len(f"{key}={text}".encode()) <= _LONGEST_ARGUMENT
    except UnicodeEncodeError:
        return False
