"""A secrets backend as Airflow sees it: connections and variables under the names that its provider looks up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any, Final

from astro_sync.concurrency import each
from astro_sync.core.filters import EVERYTHING, Wanted
from astro_sync.core.model import (
    Entry,
    Kind,
    Name,
    Names,
    Notice,
    Plan,
    Reason,
    Refusal,
    Secrets,
    Snapshot,
    Traits,
    Value,
    WarningCode,
    Write,
    Written,
)
from astro_sync.errors import AstroSyncError, RefusedError, UsageError
from astro_sync.places.backends.base import Content, Fault, Found, Held, Store, StoreError, Trouble
from astro_sync.places.backends.forms import Forms, make_forms
from astro_sync.places.backends.naming import Naming, make_naming
from astro_sync.places.backends.settings import (
    BackendConfig,
    Vendor,
    read_address,
    read_airflow_cfg,
    read_environment,
)
from astro_sync.places.base import Prepared, Role, Surroundings
from astro_sync.places.common import OpenPlace
from astro_sync.storage.backup import keep_entries, load_entries

_KINDS: Final = (Kind.CONNECTION, Kind.VARIABLE)
_MODULES: Final = {
    Vendor.AWS_SECRETS: "aws_secrets",
    Vendor.AWS_PARAMETERS: "aws_parameters",
    Vendor.GOOGLE: "google",
    Vendor.AZURE: "azure",
    Vendor.VAULT: "vault",
}
_REASONS: Final = {
    Trouble.DELETED: Reason.BLOCKED,
    Trouble.FORBIDDEN: Reason.REFUSED_BY_PLACE,
    Trouble.UNREADABLE: Reason.REFUSED_BY_PLACE,
    Trouble.CHANGED: Reason.CHANGED_MEANWHILE,
    Trouble.REJECTED: Reason.REFUSED_BY_PLACE,
    Trouble.UNSURE: Reason.NOT_KNOWN,
}
_TELL_EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One secret on its way into the store, in the store's own form; `held` is what it replaces."""

    name: Name
    remote: str
    content: Content = field(repr=False)
    held: Held | None = None
    recover: bool = False


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedBackend(Prepared):
    """What `apply` will send, secret by secret."""

    secrets: tuple[Call, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Backend(OpenPlace):
    """One secrets backend. `open` logs in to its store, which happens when it is first needed."""

    address: str
    naming: Naming
    forms: Forms
    open: Callable[[], Store]
    tell: Callable[[str], None]
    jobs: int = 4
    is_source: bool = False
    kind: str = field(default="backend", init=False)
    _store: Store | None = field(default=None, init=False)
    _found: dict[str, Found] = field(default_factory=dict, init=False, repr=False)
    _remotes: dict[object, str] = field(default_factory=dict, init=False)
    _entries: tuple[Entry, ...] = field(default=(), init=False)

    def __str__(self) -> str:
        heads = ", ".join(head for kind in _KINDS for head in self.naming.heads.get(kind, ()) if head)
        where = self._store.where if self._store else self.address
        return f"{where} ({heads})" if heads else where

    @property
    def label(self) -> str:
        """Return the address, short enough for a column."""
        return self.address.partition("?")[0].rstrip(":")

    @property
    def identity(self) -> str:
        """Return by which login its store is used; raises StoreError where there is none."""
        return self.store.identity

    @property
    def traits(self) -> Traits:
        """Return what it is: a shared store of secrets that can all be read."""
        return Traits(
            Names.AIRFLOW,
            kinds=frozenset(_KINDS),
            secrets=Secrets.ALL,
            shared=True,
            fold=self.naming.fold,
            as_fields=True,
        )

    @property
    def store(self) -> Store:
        """Return the store; raises StoreError where there is no way in."""
        if self._store is None:
            self._store = self.open()
            self._store.jobs = min(self._store.jobs, self.jobs)
        return self._store

    def read(self, wanted: Wanted) -> Snapshot:
        """Return what Airflow would find; after a write each secret by its name, since listings lag."""
        if wanted.only is not None:
            names = {remote: name for name in wanted.only for remote in self._known_remotes(name)}
            self._found |= dict.fromkeys(names.keys() & self._found.keys(), Fault(Trouble.DELETED))
            found = dict(self.store.read(list(names)))
            self._found = {name: held for name, held in self._found.items() if name not in names} | found
            return Snapshot(self._snapshot(found, names.get), complete=False)
        self._found = {remote: held for kind in _KINDS for remote, held in self._scan(kind, wanted)}
        entries = self._snapshot(self._found, self.naming.find)
        self._entries = tuple(entries.values())
        return Snapshot(entries)

    def refusal(self, write: Write) -> Refusal | None:
        """Return why Airflow would not find just this there, or why the store cannot hold it."""
        if refusal := self.naming.refusal(write.name):
            return refusal
        content = self.forms.write(write.name.kind, write.value.reveal(), self._old(write.name))
        return content if isinstance(content, Refusal) else None

    def remote_name(self, name: Name) -> str | None:
        """Return the exact name in the store."""
        return next(iter(self._known_remotes(name)), None)

    def prepare(self, plan: Plan) -> PreparedBackend:
        """Put each value into the store's form, beside what of the old one stays."""
        calls = tuple(map(self._call, plan.writes))
        notices = [
            Notice(WarningCode.DESCRIPTION_LOST, write.name.key)
            for write in plan.writes
            if self.forms.loses_description(write.name.kind, write.value.reveal())
        ]
        notices += [Notice(WarningCode.RECOVERED, call.name.key, call.remote) for call in calls if call.recover]
        return PreparedBackend(writes=plan.writes, calls=len(calls), warnings=tuple(notices), secrets=calls)

    def apply(self, prepared: PreparedBackend) -> Written:
        """Write secret by secret; one that fails does not stop the others, a store that fails does."""
        done = _Progress(len(prepared.secrets), self.tell)

        def send(call: Call) -> Fault | StoreError | None:
            if done.failure is not None:
                return Fault(Trouble.REJECTED, "not sent")
            try:
                fault = self._send(call)
            except StoreError as error:
                done.failure = error
                return error
            done.count(fault)
            return fault

        outcomes = list(each(send, prepared.secrets, at_once=self.store.jobs))
        failed = {
            call.name: _refused(outcome)
            for call, outcome in zip(prepared.secrets, outcomes, strict=True)
            if outcome is not None
        }
        unsure = any(isinstance(outcome, Fault) and outcome.trouble is Trouble.UNSURE for outcome in outcomes)
        failure = done.failure or (_not_all(len(failed), len(outcomes)) if failed else None)
        trusted = frozenset(call.name for call in prepared.secrets if call.name not in failed)
        return Written(failure, may_arrive=unsure, trusted=trusted, failed=failed)

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        """Keep all that was read last, with its values."""
        return keep_entries(folder, self.address, self._entries, now) if self._entries else None

    def read_backup(self, backup: Path) -> Snapshot:
        """Return what a backup holds."""
        return Snapshot({entry.name: entry for entry in load_entries(backup)})

    def _scan(self, kind: Kind, wanted: Wanted) -> Iterator[tuple[str, Found]]:
        """Yield what the store has for one kind; without a prefix that would be all that anybody keeps there."""
        if not wanted.wants_kind(kind):
            return
        if self.is_source and not self.naming.has_prefix(kind) and not wanted.filters.include:
            hint = "Name what you want: --include GLOB."
            raise RefusedError(f"{self} has no prefix for {kind}s: every secret there would count as one.", hint=hint)

        def wants(remote: str) -> bool:
            name = self.naming.find(remote)
            return name is not None and name.kind is kind and any(map(wanted.wants, self.naming.spellings(name)))

        for head in self.naming.heads.get(kind, ()):
            yield from self.store.scan(head, wants).items()

    def _snapshot(self, found: Mapping[str, Found], name_of: Callable[[str], Name | None]) -> dict[Name, Entry]:
        """Return an entry for each secret that Airflow finds; where it tries several names, the first counts."""
        entries: dict[Name, Entry] = {}
        for remote, held in found.items():
            name = name_of(remote)
            if name is None:
                continue
            first = next((other for other in self.naming.remotes(name) if _counts(found.get(other))), remote)
            if not self.naming.same(first, remote):
                continue
            self._remotes[self.naming.fold(name)] = remote
            entry = self._entry(name, held)
            if entry is not None:
                entries[name] = entry
        return entries

    def _entry(self, name: Name, held: Found) -> Entry | None:
        if isinstance(held, Fault):
            if held.trouble is Trouble.DELETED:
                return None
            return Entry(name, None, secret=True, problem=Refusal(Reason.UNREADABLE, held.about))
        unseen = self.naming.unseen(name)
        text = unseen or self.forms.read(name.kind, held.content)
        if text is None:
            return None
        if isinstance(text, Refusal):
            return Entry(name, None, secret=True, problem=text)
        return Entry(name, Value(text), secret=True, updated_at=held.updated_at, version=held.version)

    def _known_remotes(self, name: Name) -> tuple[str, ...]:
        """Return where a name is or would be, first the one that was found."""
        known = self._remotes.get(self.naming.fold(name))
        return tuple(dict.fromkeys((*([known] if known else ()), *self.naming.remotes(name))))

    def _held(self, name: Name) -> tuple[str, Found | None]:
        remote = self._known_remotes(name)[0]
        return remote, self._found.get(remote)

    def _old(self, name: Name) -> Content | None:
        _, found = self._held(name)
        return found.content if isinstance(found, Held) else None

    def _call(self, write: Write) -> Call:
        remote, found = self._held(write.name)
        content = self.forms.write(write.name.kind, write.value.reveal(), self._old(write.name))
        if isinstance(content, Refusal):
            raise TypeError("what is refused is not prepared")
        deleted = isinstance(found, Fault) and found.trouble is Trouble.DELETED
        return Call(write.name, remote, content, found if isinstance(found, Held) else None, deleted)

    def _send(self, call: Call) -> Fault | None:
        if call.held is not None:
            return self.store.update(call.remote, call.content, call.held)
        return self.store.create(call.remote, call.content, recover=call.recover)


@dataclass(slots=True, eq=False, repr=False)
class _Progress:
    """How far a writing has come, told every hundred secrets."""

    total: int
    tell: Callable[[str], None]
    failure: StoreError | None = None
    written: int = 0

    def count(self, fault: Fault | None) -> None:
        self.written += fault is None
        if self.total > _TELL_EVERY and fault is None and self.written % _TELL_EVERY == 0:
            self.tell(f"{self.written} of {self.total} secrets are written.")


def _counts(found: Found | None) -> bool:
    return found is not None and not (isinstance(found, Fault) and found.trouble is Trouble.DELETED)


def _refused(outcome: Fault | StoreError) -> Refusal:
    if isinstance(outcome, StoreError):
        return Refusal(Reason.REFUSED_BY_PLACE)
    return Refusal(_REASONS[outcome.trouble], outcome.about)


def _not_all(failed: int, total: int) -> AstroSyncError:
    hint = "Run it again: what is written stays, and only the rest is sent."
    return AstroSyncError(f"{failed} of {total} secrets were not written.", hint=hint)


# --- how the addresses are opened ---


def open_scheme(vendor: Vendor, rest: str, role: Role, around: Surroundings) -> Backend:
    """Return a backend that an address spells out."""
    return make_place(f"{vendor}:{rest}", read_address(vendor, rest), role, around)


def open_configured(rest: str, role: Role, around: Surroundings) -> Backend:
    """Return the backend that `.env`, another file or the file of a target configures."""
    return make_place(f"backend:{rest}", _find_config(rest, around), role, around)


def make_place(address: str, config: BackendConfig, role: Role, around: Surroundings) -> Backend:
    """Return the place of a backend; nothing is logged in to yet."""

    def open_store() -> Store:
        module: Any = import_module(f"astro_sync.places.backends.{_MODULES[config.vendor]}")
        store: Store = module.open_store(config.kwargs, around.environ, around.timeout)
        return store

    return Backend(
        address=address,
        naming=make_naming(config),
        forms=make_forms(config),
        open=open_store,
        tell=around.tell,
        jobs=around.options.jobs,
        is_source=role is Role.SOURCE,
    )


def _find_config(rest: str, around: Surroundings) -> BackendConfig:
    from astro_sync.places.env_file import open_env_file

    path = rest or str(around.project / ".env")
    if rest.startswith("@"):
        backend = around.target(rest[1:]).get("backend")
        if not isinstance(backend, str):
            hint = f'Name the file that configures it: [targets.{rest[1:]}] backend = ".env.prod"'
            raise UsageError(f"The target {rest[1:]} names no secrets backend.", hint=hint)
        path = str(around.project / backend)
    origin = rest or PurePath(path).name
    if PurePath(path).suffix == ".cfg":
        return read_airflow_cfg(_read_text(around.cwd / path, origin), origin)
    with open_env_file(path, Role.SOURCE, around) as file:
        entries = file.read(EVERYTHING).entries.values()
    environ = {entry.name.variable: entry.value.reveal() for entry in entries if entry.value is not None}
    return read_environment(environ, origin)


def _read_text(path: Path, origin: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{origin} cannot be read ({type(error).__name__}).", hint="Check the path.") from None
