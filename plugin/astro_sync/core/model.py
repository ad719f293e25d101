"""The nouns of every move: names, entries, what is to be written, and what came of it. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Self, final

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.errors import AstroSyncError


@final
class Value:
    """A text that shows itself in no text form; only `reveal()` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the place that writes it or the predicate that compares it."""
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


class Kind(StrEnum):
    """What an entry is to Airflow; the words stand in the JSON."""

    CONNECTION = "connection"
    VARIABLE = "variable"
    ENVIRONMENT = "environment"


_PREFIXES = {Kind.CONNECTION: CONNECTION, Kind.VARIABLE: VARIABLE, Kind.ENVIRONMENT: ""}


class Name(NamedTuple):
    """A kind and an id: the id as its place spells it, in a place with environment names the rest after the prefix."""

    kind: Kind
    id: str

    @property
    def key(self) -> str:
        """Return the environment name under which Airflow looks it up."""
        return self.variable if self.kind is Kind.ENVIRONMENT else _PREFIXES[self.kind] + self.id.upper()

    @property
    def variable(self) -> str:
        """Return the environment variable of this name, spelled as it is."""
        return _PREFIXES[self.kind] + self.id


def name_of(variable: str) -> Name:
    """Return the name of an environment variable.

    Airflow looks for a prefix and an id in upper case: one without an id, or in another case, is nothing to it.
    """
    for kind in (Kind.CONNECTION, Kind.VARIABLE):
        prefix = _PREFIXES[kind]
        if variable.startswith(prefix) and variable != prefix and variable == variable.upper():
            return Name(kind, variable[len(prefix) :])
    return Name(Kind.ENVIRONMENT, variable)


class Reason(StrEnum):
    """Why a key is not simply carried; the words are stable, they stand in the JSON (`reason.code`)."""

    # left out, and no harm done
    FILTERED = "filtered"
    OTHER_KIND = "other-kind"
    RESERVED = "reserved"
    PLACEHOLDER = "placeholder"
    # secrets
    SECRET_HIDDEN = "secret-hidden"  # noqa: S105 - a word
    SECRET_NOT_COMPARED = "secret-not-compared"  # noqa: S105
    SECRET_CHANGED_HERE = "secret-changed-here"  # noqa: S105
    SECRET_CHANGED_THERE = "secret-changed-there"  # noqa: S105
    # decisions
    DIFFERS = "differs"
    ON_ONE_LINE = "on-one-line"
    RESPELLED = "respelled"
    IN_ARGV = "in-argv"
    IN_ENV_MANAGER = "in-env-manager"
    RECORDED = "recorded"
    REMOVED = "removed"
    # cannot be carried
    UNREADABLE = "unreadable"
    UNREADABLE_THERE = "unreadable-there"
    MASKED = "masked"
    UNSOUND_NAME = "unsound-name"
    NAME_NOT_ALLOWED = "name-not-allowed"
    COLLISION = "collision"
    EXPANSION = "expansion"
    LINE_BREAK = "line-break"
    WHITE_SPACE = "white-space"
    TOO_LONG = "too-long"
    EMPTY = "empty"
    NOT_TEXT = "not-text"
    UNSOUND_CONNECTION = "unsound-connection"
    DESCRIPTION_LOST = "description-lost"
    KIND_OFF = "kind-off"
    NOT_LOOKED_UP = "not-looked-up"
    OTHER_TEAM = "other-team"
    TEMPLATE = "template"
    NOT_EXACT = "not-exact"
    BLOCKED = "blocked"
    CANNOT_HOLD = "cannot-hold"
    REFUSED_ELSEWHERE = "refused-elsewhere"
    # what an undo leaves, or asks about
    CHANGED_SINCE = "changed-since"
    MAYBE_CHANGED_SINCE = "maybe-changed-since"
    NOT_UNDONE_NEW = "not-undone-new"
    NOT_UNDONE_SECRET = "not-undone-secret"  # noqa: S105
    # what a write came to
    NOT_WRITTEN = "not-written"
    OTHER_VALUE = "other-value"
    NOT_KNOWN = "not-known"
    GONE = "gone"
    CHANGED_MEANWHILE = "changed-meanwhile"
    REFUSED_BY_PLACE = "refused-by-place"


class Refusal(NamedTuple):
    """A reason with what it concerns (`about`, never a value) and the options that lead out of it."""

    reason: Reason
    about: str = ""
    ways_out: tuple[str, ...] = ()


class Entry(NamedTuple):
    """What one place holds under one name.

    `value` is None where it is not known: hidden (`secret`, no `problem`) or not readable (`problem`). `exact` is False
    for JSON that is known by its tokens only. `expands` are the names from outside the file that the value takes in.
    `visible` is the readable part of a connection of which fields are hidden. `updated_at` and `version` are what the
    place tells of its last change; nobody else reads a version.
    """

    name: Name
    value: Value | None
    secret: bool = False
    description: str | None = None
    problem: Refusal | None = None
    exact: bool = True
    expands: tuple[str, ...] = ()
    visible: Value | None = None
    updated_at: str = ""
    version: str = ""


class WarningCode(StrEnum):
    """The kinds of warnings; the words are stable, they stand in the JSON."""

    SHARED = "shared"
    LOCAL_HOST = "local-host"
    STAYS_PLAIN = "stays-plain"
    READERS_DIFFER = "readers-differ"
    LINE_STAYED = "line-stayed"
    LEFT_BEHIND = "left-behind"
    IN_ARGV = "visible-in-argv"
    RESTART_LOCAL = "restart-local"
    NOT_AS_PLANNED = "not-as-planned"
    UNMATCHED = "unmatched"
    UNSOUND_CONNECTION = "unsound-connection"
    DESCRIPTION_LOST = "description-lost"
    DESCRIPTION_UNKNOWN = "description-unknown"
    RECOVERED = "recovered"
    BACKEND_FIRST = "backend-first"
    NO_UNDO = "no-undo"
    PRIVATE_FOLDER = "private-folder"


class Notice(NamedTuple):
    """A warning: what about which key (None: none in particular); `about` completes the text of its code."""

    code: WarningCode
    key: str | None = None
    about: str = ""


class Snapshot(NamedTuple):
    """What a place holds at one moment.

    `recorded` are the names that a `.env` records as secret in a comment. `complete` is False where only the names that
    were asked for were read.
    """

    entries: Mapping[Name, Entry] = MappingProxyType({})
    recorded: frozenset[Name] = frozenset()
    warnings: tuple[Notice, ...] = ()
    complete: bool = True


class Names(StrEnum):
    """How a place spells names."""

    AIRFLOW = "airflow"
    ENVIRONMENT = "environment"


class Secrets(StrEnum):
    """What a place does with secrets.

    NONE: it knows none. MARKS: it masks some values when read, and nobody chooses which. HIDDEN: an entry is made
    secret, and its value is never given out again. ALL: every value is a secret, and can be read.
    """

    NONE = "none"
    MARKS = "marks"
    HIDDEN = "hidden"
    ALL = "all"


def _as_it_is(name: Name) -> object:
    return name


class Traits(NamedTuple):
    """What a place is, whatever it holds at the moment.

    `atomic`: a write that fails leaves it as it was. `shared`: others work with it, so a run asks before it writes.
    `fold`: names for which it returns equal things are one name there. `empty_is_missing`: an empty connection or
    variable in it may be what a raw export left. `as_fields`: it keeps connections as fields, so every spelling of one
    is the same. `descriptions`: it can hold the description of a variable. `removes`: an `undo` may take entries out.
    """

    names: Names
    kinds: frozenset[Kind] = frozenset(Kind)
    secrets: Secrets = Secrets.NONE
    atomic: bool = False
    shared: bool = False
    fold: Callable[[Name], object] = _as_it_is
    empty_is_missing: bool = False
    as_fields: bool = False
    descriptions: bool = False
    removes: bool = False


class Action(StrEnum):
    """What becomes of one key."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    KEEP = "keep"
    SECRET_KEPT = "secret-kept"  # noqa: S105 - a word
    DESTINATION_ONLY = "destination-only"
    SKIP = "skip"
    REFUSED = "refused"


class Result(StrEnum):
    """What a write came to, as read back; PLANNED as long as nothing was written."""

    PLANNED = "planned"
    DONE = "done"
    NOT_WRITTEN = "not-written"
    OTHER_VALUE = "other-value"
    UNKNOWN = "unknown"


class Write(NamedTuple):
    """One value on its way into a place, under the name that it will have there; `old` is what stands there now."""

    name: Name
    value: Value
    secret: bool = False
    description: str | None = None
    old: Entry | None = None

    @property
    def action(self) -> Action:
        """Return whether it creates or changes an entry."""
        return Action.UPDATE if self.old else Action.CREATE


class Change(NamedTuple):
    """The decision about one name of the destination.

    `write` is what will be written or, for a conflict, would be. `marks` say how (on one line, in argv, recorded as a
    comment). `old` is what stands there, `source` where the value comes from.
    """

    name: Name
    action: Action
    secret: bool = False
    why: Refusal | None = None
    write: Write | None = None
    source: Entry | None = None
    old: Entry | None = None
    marks: tuple[Reason, ...] = ()
    remote_name: str | None = None
    result: Result = Result.PLANNED

    @property
    def is_conflict(self) -> bool:
        """Tell whether a conflict policy would lift this refusal."""
        return self.action is Action.REFUSED and (self.write is not None or Reason.REMOVED in self.marks)

    @property
    def is_removed(self) -> bool:
        """Tell whether the name is to be taken out of a file again."""
        return self.action is Action.UPDATE and Reason.REMOVED in self.marks

    @property
    def is_recorded(self) -> bool:
        """Tell whether the name is to be recorded as a comment."""
        return Reason.RECORDED in self.marks


class Plan(NamedTuple):
    """A decision for each name of the source, then for those that only the destination has."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @property
    def writes(self) -> tuple[Write, ...]:
        """Return what is to be written."""
        return tuple(c.write for c in self.changes if c.write is not None and c.action is not Action.REFUSED)

    @property
    def recorded(self) -> tuple[Name, ...]:
        """Return the names to be recorded as comments."""
        return tuple(change.name for change in self.changes if change.is_recorded)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """Return the keys that differ and that no policy decided."""
        return tuple(change for change in self.changes if change.is_conflict)

    @property
    def refusals(self) -> tuple[Change, ...]:
        """Return the keys that cannot be carried, conflicts left out."""
        return tuple(c for c in self.changes if c.action is Action.REFUSED and not c.is_conflict)

    @property
    def removed(self) -> frozenset[Name]:
        """Return the names to be taken out of a file again, which only an `undo` does."""
        return frozenset(change.name for change in self.changes if change.is_removed)

    @property
    def changes_something(self) -> bool:
        """Tell whether applying this plan would write anything."""
        return bool(self.writes or self.recorded or self.removed)

    def applied_to(self, before: Snapshot) -> Snapshot:
        """Return what the destination then holds; what was refused must not go further (CONTRIBUTING, rule 3)."""
        entries = dict(before.entries)
        for write in self.writes:
            entries[write.name] = Entry(write.name, write.value, write.secret, write.description)
        for change in self.changes:
            if change.action is Action.REFUSED:
                why = change.why or Refusal(Reason.REFUSED_ELSEWHERE)
                held = entries.get(change.name)
                entries[change.name] = (
                    held._replace(value=None, problem=why) if held else Entry(change.name, None, problem=why)
                )
        return before._replace(entries=entries, recorded=before.recorded.union(self.recorded), warnings=())


class Written(NamedTuple):
    """How the writing calls ended; what they did, only a later read shows.

    `failure`: what a call said went wrong. `may_arrive`: a call was given up on and may still take effect. `trusted`:
    names whose own call ended well, which is all that can be known of a secret. `failed`: what the place said of
    single names.
    """

    failure: AstroSyncError | None = None
    may_arrive: bool = False
    trusted: frozenset[Name] = frozenset()
    failed: Mapping[Name, Refusal] = MappingProxyType({})
