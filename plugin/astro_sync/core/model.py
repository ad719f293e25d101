"""The nouns: what is read from a system, what is to change in it, and what came of that. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self, final

from astro_sync.errors import AstroSyncError, ExitCode


@final
class Value:
    """Hold the text of one variable and show it in no text form; only `reveal()` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the place that writes it to a file or compares it."""
        return self._text

    def __repr__(self) -> str:
        return "Value(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Value) else NotImplemented

    def __hash__(self) -> int:
        return hash((Value, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> str:
        raise TypeError("a Value is never serialised")


@dataclass(frozen=True, slots=True)
class Variable:
    """Name one environment variable of a system; `value` is None where the system keeps it secret."""

    key: str
    value: Value | None
    secret: bool = False


class Note(StrEnum):
    """Name the kinds of warnings; the words are stable, they stand in the JSON."""

    SECRET_KEPT = "secret-kept"  # noqa: S105 - a name
    PLACEHOLDER = "placeholder"
    RESERVED = "reserved"
    SHARED = "shared"
    LOCAL_HOST = "local-host"
    STAYS_PLAIN = "stays-plain"
    READERS_DIFFER = "readers-differ"
    STAYED = "line-stayed"
    LEFT_BEHIND = "left-behind"
    ARGV = "visible-in-argv"
    RESTART = "restart-local"
    UNPLANNED = "not-as-planned"
    UNMATCHED = "unmatched"
    UNSOUND = "unsound-connection"


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell something that the user should know: `message` says what and what to do, never a value."""

    code: Note
    key: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Hold what one system holds at one moment.

    `unreadable` maps keys that are there but could not be read to the reason, `withheld` those that must not be carried
    on, whatever stands there, since an earlier step refused them. `noted` are keys that a `.env` records
    as secret in a comment. `blank_means_lost`: an empty connection or Airflow variable in it may be what a raw export
    left (contract, "object export" 1), so it gives way to a real value. `keeps_secrets`: it can hold values as secrets.
    `prefixes` begin the only names that it can hold; without them it holds any. `by_meaning`: it keeps connections as
    fields, so that two spellings of one are the same.
    """

    variables: Mapping[str, Variable] = field(default_factory=lambda: MappingProxyType({}))
    unreadable: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    withheld: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    noted: frozenset[str] = frozenset()
    blank_means_lost: bool = False
    keeps_secrets: bool = False
    prefixes: tuple[str, ...] = ()
    by_meaning: bool = False
    warnings: tuple[Warn, ...] = ()


class OnConflict(StrEnum):
    """Say what becomes of a key whose known value differs on the destination."""

    KEEP = "keep"
    OVERWRITE = "overwrite"
    ASK = "ask"
    FAIL = "fail"


# Seconds; the system cannot wait for ever.
LONGEST_TIMEOUT: Final = 86_400.0

# The reason of keys that the user filtered out: the one that is no news.
FILTERED: Final = "left out by a filter"


class Action(StrEnum):
    """Say what becomes of one key."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    KEEP = "keep"
    SECRET_KEPT = "secret-kept"  # noqa: S105 - a name
    DESTINATION_ONLY = "destination-only"
    SKIP = "skip"
    REFUSED = "refused"


WRITES = frozenset({Action.CREATE, Action.UPDATE})


@dataclass(frozen=True, slots=True)
class Change:
    """Decide about one key.

    `value` is what is to be written, `old` what stands there. `conflict` marks a refusal that a conflict policy would
    lift. `noted`: the key of a secret is to be recorded as a comment. `placeholder`: skipped, the source has only that.
    """

    key: str
    action: Action
    secret: bool = False
    reason: str | None = None
    value: Value | None = None
    old: Value | None = None
    conflict: bool = False
    noted: bool = False
    placeholder: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """List a decision for each key of the source, then the keys that only the destination has."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[Warn, ...] = ()

    @property
    def writes(self) -> tuple[Change, ...]:
        """Return the changes that write a value."""
        return tuple(change for change in self.changes if change.action in WRITES)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the keys to be recorded as comments."""
        return tuple(change.key for change in self.changes if change.noted)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """Return the keys that differ and that no policy decided."""
        return tuple(change for change in self.changes if change.conflict)

    @property
    def refusals(self) -> tuple[Change, ...]:
        """Return the keys that cannot be carried, conflicts left out."""
        return tuple(c for c in self.changes if c.action is Action.REFUSED and not c.conflict)

    @property
    def changes_something(self) -> bool:
        """Tell whether applying this plan would write anything."""
        return bool(self.writes or self.notes)

    def applied_to(self, before: Snapshot) -> Snapshot:
        """Return what the destination holds after this plan; keys that were refused are withheld from a next step."""
        variables = dict(before.variables)
        for change in self.writes:
            variables[change.key] = Variable(change.key, change.value, change.secret)
        refused = {c.key: c.reason or "" for c in self.changes if c.action is Action.REFUSED}
        noted = before.noted.union(self.notes)
        return replace(before, variables=variables, withheld=refused, noted=noted, warnings=())


@dataclass(frozen=True, slots=True)
class Written:
    """Tell how the writing calls ended; what they did, only a later read shows.

    `trusted_secrets`: the call that wrote secrets ended well, which is all that can be known of an existing one.
    """

    failure: AstroSyncError | None = None
    trusted_secrets: bool = True


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """Tell what became of one Deployment; `applied`: it holds what was planned, as read back."""

    deployment_id: str
    deployment_name: str
    applied: bool = False
    changes: tuple[Change, ...] = ()
    warnings: tuple[Warn, ...] = ()
    exit_code: ExitCode = ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what became of one run, as far as it went.

    `restores` say how to put backups back. `lines` are what a command prints in place of tables, `details` what it adds
    to its JSON.
    """

    command: str
    env_file: str
    dry_run: bool = False
    env_changes: tuple[Change, ...] = ()
    targets: tuple[TargetOutcome, ...] = ()
    warnings: tuple[Warn, ...] = ()
    backups: tuple[Path, ...] = ()
    restores: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    error: AstroSyncError | None = None
    exit_code: ExitCode = ExitCode.DONE
