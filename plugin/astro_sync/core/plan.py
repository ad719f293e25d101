"""Decide, for each name, what becomes of it on the destination. Pure: nothing is read, asked or written here."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from astro_sync.airflow.connection import defect, local_host, parse_connection
from astro_sync.airflow.json_text import one_line
from astro_sync.airflow.names import BACKEND, is_sound, masked
from astro_sync.core.compare import (
    CompareSecret,
    Match,
    SecretState,
    Spelling,
    description_of,
    know_nothing,
    match_of,
    visibly_differ,
    wants_pair,
)
from astro_sync.core.filters import Filters, is_reserved, matches
from astro_sync.core.model import (
    Action,
    Change,
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
    Value,
    WarningCode,
    Write,
)
from astro_sync.core.pairing import IdCase, Pair, Side, pair
from astro_sync.core.secrecy import is_masked_connection, is_placeholder, is_sensitive, may_be_lost, platform_names

_DECIDE: Final = ("--on-conflict keep|overwrite",)
Refuse = Callable[[Write], Refusal | None]


class OnConflict(StrEnum):
    """What becomes of a key whose known value differs on the destination."""

    KEEP = "keep"
    OVERWRITE = "overwrite"
    ASK = "ask"
    FAIL = "fail"


class Undoing(NamedTuple):
    """What an undo knows of the run that it takes back: the names that it changed, and those that it created.

    `states` tells which are still as the run left them; what is not named there is not known.
    """

    changed: frozenset[Name] = frozenset()
    created: frozenset[Name] = frozenset()
    states: Mapping[Name, SecretState] = MappingProxyType({})

    def reason(self, name: Name) -> Reason | None:
        """Return why undoing a name could take something else back than what the run did."""
        state = self.states.get(name, SecretState.UNKNOWN)
        if state is SecretState.SAME:
            return None
        return Reason.MAYBE_CHANGED_SINCE if state is SecretState.UNKNOWN else Reason.CHANGED_SINCE


class Policy(NamedTuple):
    """What the user decided: globs of keys, the conflict policy, and single answers (`decided`) by name."""

    filters: Filters = Filters()
    on_conflict: OnConflict = OnConflict.FAIL
    rotate: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    allow_reserved: frozenset[str] = frozenset()
    allow_placeholder: frozenset[str] = frozenset()
    allow_expansion: tuple[str, ...] = ()
    exact_json: bool = False
    id_case: IdCase = "lower"
    decided: Mapping[Name, OnConflict] = MappingProxyType({})
    undoing: Undoing | None = None

    def conflict(self, name: Name) -> OnConflict:
        """Return the decision for one name that differs; what a run left is the undo's to take back."""
        if self.undoing and not self.undoing.reason(name):
            return OnConflict.OVERWRITE
        return self.decided.get(name, self.on_conflict)

    def difference(self, name: Name) -> Reason:
        """Return the reason that stands at a name that differs."""
        return (self.undoing and self.undoing.reason(name)) or Reason.DIFFERS

    def makes_secret(self, name: Name, value: Value) -> bool:
        """Tell whether a new entry becomes secret on a Deployment (CONTRIBUTING, rule 11)."""
        if matches(name, self.plain):
            return False
        return matches(name, self.secret) or is_sensitive(name.key, value)


def make_plan(
    source: Side, destination: Side, policy: Policy, refuse: Refuse, compare_secret: CompareSecret = know_nothing
) -> Plan:
    """Decide about every name of both sides; `refuse` tells why the destination cannot hold what is to be written."""
    planner = _Planner(source, destination, policy, refuse, compare_secret)
    pairs = pair(source, destination, policy.id_case)
    changes = [change for each in pairs if (change := planner.decide(each)) is not None]
    warnings = [notice for change in changes for notice in planner.warnings(change)]
    plan = Plan(tuple(changes), tuple(dict.fromkeys(warnings)))
    if destination.traits.names is Names.ENVIRONMENT and any(w.name.kind is not Kind.ENVIRONMENT for w in plan.writes):
        plan = plan._replace(warnings=(*plan.warnings, *_backend_first(destination.snapshot, plan)))
    return plan


def _backend_first(held: Snapshot, plan: Plan) -> Iterator[Notice]:
    """Yield a notice where a secrets backend is configured: what it holds goes before what is written."""
    names = {*held.entries, *(write.name for write in plan.writes)}
    if Name(Kind.ENVIRONMENT, BACKEND) in names:
        yield Notice(WarningCode.BACKEND_FIRST, BACKEND)


def unmatched(source: Side, destination: Side, policy: Policy) -> Iterator[Notice]:
    """Yield a notice for each glob that a typing error may have kept from doing anything on a shared place."""
    if not destination.traits.shared:
        return
    held = destination.snapshot.entries
    names = {*source.snapshot.entries, *held}
    # A new key needs no --rotate, but to name it is no typing error.
    rotated = [name for name in names if name not in held or held[name].value is None]
    for option, globs, against in (("--include", policy.filters.include, names), ("--rotate", policy.rotate, rotated)):
        for glob in globs:
            if not any(matches(name, (glob,)) for name in against):
                yield Notice(WarningCode.UNMATCHED, None, f"{option} {glob}")


class _Planner(NamedTuple):
    source: Side
    destination: Side
    policy: Policy
    refuse: Refuse
    compare_secret: CompareSecret

    def decide(self, each: Pair) -> Change | None:
        """Return the decision about one pair; None for a name that the filters leave out of the destination only."""
        wanted = each.source
        if wanted is None and self.policy.undoing and each.name in self.policy.undoing.created:
            return self._remove(each)
        if wanted is None:
            only_there = wants_pair(self.policy.filters, each)
            return self._change(each, Action.DESTINATION_ONLY) if only_there else None
        if why := self._left_out(each):
            return self._change(each, Action.SKIP, why)
        if why := self._cannot_leave(each, wanted):
            return self._cannot(each, why)
        if wanted.value is None:
            return self._without_a_value(each)
        held = each.destination
        if self._is_placeholder(each, wanted.value):
            hidden = held is not None and held.value is None and held.problem is None
            if hidden and not matches(each.name, self.policy.rotate):
                return self._change(each, Action.SECRET_KEPT, Reason.PLACEHOLDER)
            way_out = (f"--allow-placeholder {each.name.key}",)
            return self._change(each, Action.SKIP, Refusal(Reason.PLACEHOLDER, "", way_out))
        if held is not None and held.problem is not None:
            return self._cannot(each, Refusal(Reason.UNREADABLE_THERE, held.problem.about, held.problem.ways_out))
        return self._compare(each, wanted, wanted.value)

    def _remove(self, each: Pair) -> Change:
        """Take out again what a run created; what was changed since is a conflict."""
        decision, why = self.policy.conflict(each.name), self.policy.difference(each.name)
        if decision is OnConflict.KEEP:
            return self._change(each, Action.KEEP, why)
        change = self._change(each, Action.UPDATE)._replace(marks=(Reason.REMOVED,))
        if decision is OnConflict.OVERWRITE:
            return change if why is Reason.DIFFERS else change._replace(why=Refusal(why))
        return change._replace(action=Action.REFUSED, why=Refusal(why, "", _DECIDE))

    def _left_out(self, each: Pair) -> Reason | Refusal | None:
        """Return why a name stays where it is without any harm."""
        key = each.name.key
        if not wants_pair(self.policy.filters, each):
            return Reason.FILTERED
        if each.name.kind not in self.destination.traits.kinds:
            return Reason.OTHER_KIND
        if is_reserved(key) and key not in self.policy.allow_reserved:
            return Refusal(Reason.RESERVED, "", (f"--allow-reserved {key}",))
        return None

    def _cannot_leave(self, each: Pair, wanted: Entry) -> Refusal | None:
        """Return why what the source has under a name goes nowhere."""
        if wanted.problem is not None:
            return wanted.problem
        return self._collision(each) if is_sound(each.name.key) else Refusal(Reason.UNSOUND_NAME)

    def _change(self, each: Pair, action: Action, why: Reason | Refusal | None = None) -> Change:
        entry = each.destination or each.source
        secret = bool(entry and entry.secret) or self.destination.traits.secrets is Secrets.ALL
        refusal = Refusal(why) if isinstance(why, Reason) else why
        # What is no sound name may be a piece of a broken value.
        name = each.name if is_sound(each.name.key) else Name(each.name.kind, masked(each.name.key))
        return Change(name, action, secret, refusal, source=each.source, old=each.destination)

    def _cannot(self, each: Pair, why: Refusal) -> Change:
        """Refuse a name, unless what stands there stays anyway."""
        keeps = self.policy.conflict(each.name) is OnConflict.KEEP
        if keeps and each.destination is not None and (each.destination.value or each.destination.problem):
            return self._change(each, Action.KEEP, why)
        return self._change(each, Action.REFUSED, why)

    def _collision(self, each: Pair) -> Refusal | None:
        """Refuse several entries of the source that become one name there and do not say the same."""
        if not each.others or each.source is None:
            return None
        spelling = self._spelling
        values = [each.source, *each.others]
        known = all(entry.value is not None for entry in values)
        if known and all(spelling.same(each.name.kind, each.source, entry) for entry in each.others):
            return None
        ids = " and ".join(repr(entry.name.id) for entry in values)
        return Refusal(Reason.COLLISION, ids)

    def _without_a_value(self, each: Pair) -> Change:
        """Name a secret whose value the source does not give out; a `.env` that lacks it records it as a comment."""
        is_known = each.destination is not None or each.name in self.destination.snapshot.recorded
        records = not is_known and self.destination.traits.empty_is_missing and each.name.id.isprintable()
        action = Action.SECRET_KEPT if is_known or records else Action.SKIP
        change = self._change(each, action, Reason.SECRET_HIDDEN)
        return change._replace(secret=True, marks=(Reason.RECORDED,) if records else ())

    def _is_placeholder(self, each: Pair, value: Value) -> bool:
        """Tell whether a value only stands for one, or is an empty remain that gives way (CONTRIBUTING, rule 1)."""
        if {each.name.key, each.name.variable} & self.policy.allow_placeholder:
            return False
        if is_placeholder(value) or (each.name.kind is Kind.CONNECTION and is_masked_connection(value)):
            return True
        held = each.destination
        if value or held is None:
            return False
        empty_is_missing = self.source.traits.empty_is_missing and may_be_lost(each.name.variable, value)
        return held.value is None or (bool(held.value) and empty_is_missing)

    @property
    def _spelling(self) -> Spelling:
        as_fields = self.source.traits.as_fields or self.destination.traits.as_fields
        return Spelling(as_fields, self.policy.exact_json)

    def _compare(self, each: Pair, wanted: Entry, value: Value) -> Change:
        held = each.destination
        if held is None:
            return self._write(each, wanted, value)
        if held.value is None:
            return self._hidden(each, wanted, held, value)
        if match_of(each, self._spelling) is Match.SAME:
            return self._same(each, wanted, held, value)
        gives_way = is_placeholder(held.value) or (
            self.destination.traits.empty_is_missing and may_be_lost(each.name.variable, held.value)
        )
        decision = OnConflict.OVERWRITE if gives_way else self.policy.conflict(each.name)
        return self._decided(each, wanted, value, decision, self.policy.difference(each.name))

    def _same(self, each: Pair, wanted: Entry, held: Entry, value: Value) -> Change:
        """Leave it alone, unless the destination lacks a description that the source has."""
        mine, theirs = description_of(wanted), description_of(held)
        if not mine or mine == theirs or not self.destination.traits.descriptions:
            return self._change(each, Action.UNCHANGED)
        decision = self.policy.conflict(each.name) if theirs else OnConflict.OVERWRITE
        return self._decided(each, wanted, value, decision, Reason.DIFFERS)

    def _hidden(self, each: Pair, wanted: Entry, held: Entry, value: Value) -> Change:
        """Decide about a value that the destination does not give out (CONTRIBUTING, rule 13)."""
        if matches(each.name, self.policy.rotate):
            return self._write(each, wanted, value)
        if visibly_differ(wanted, held):
            return self._decided(each, wanted, value, self.policy.conflict(each.name), Reason.DIFFERS)
        way_out = (f"--rotate {each.name.key}",)
        if self.policy.undoing:
            # Whatever it is: the run wrote it, and the old value is known.
            why = self.policy.difference(each.name)
            return self._decided(each, wanted, value, self.policy.conflict(each.name), why)
        match self.compare_secret(held, self._text(wanted, value)[0]):
            case SecretState.SAME:
                return self._change(each, Action.UNCHANGED)
            case SecretState.CHANGED_HERE:
                decision = self.policy.conflict(each.name)
                return self._decided(each, wanted, value, decision, Reason.SECRET_CHANGED_HERE)
            case SecretState.CHANGED_THERE:
                return self._change(each, Action.SECRET_KEPT, Refusal(Reason.SECRET_CHANGED_THERE, "", way_out))
        return self._change(each, Action.SECRET_KEPT, Refusal(Reason.SECRET_NOT_COMPARED, "", way_out))

    def _decided(self, each: Pair, wanted: Entry, value: Value, decision: OnConflict, why: Reason) -> Change:
        """Write over a value that differs, keep it, or leave the decision open."""
        if decision is OnConflict.KEEP:
            return self._change(each, Action.KEEP, why)
        change = self._write(each, wanted, value)
        if change.action is Action.REFUSED:
            return change
        if decision is OnConflict.OVERWRITE:
            return change._replace(why=Refusal(why))
        return change._replace(action=Action.REFUSED, why=Refusal(why, "", _DECIDE))

    def _write(self, each: Pair, wanted: Entry, value: Value) -> Change:
        """Return the change that writes a value, or the refusal of a destination that cannot hold it."""
        name, held, traits = each.name, each.destination, self.destination.traits
        if wanted.expands and not matches(name, self.policy.allow_expansion):
            about = ", ".join(f"${variable}" for variable in wanted.expands)
            return self._change(
                each, Action.REFUSED, Refusal(Reason.EXPANSION, about, (f"--allow-expansion {name.key}",))
            )
        text, marks = self._text(wanted, value)
        # What an undo puts back is at least the same JSON, and it is marked.
        if not (wanted.exact or self.policy.undoing) and one_line(text.reveal()) is None:
            return self._change(each, Action.REFUSED, Refusal(Reason.NOT_EXACT))
        if held is None:
            secret = traits.secrets is Secrets.HIDDEN and self.policy.makes_secret(name, text)
        else:
            secret = held.secret
        write = Write(name, text, secret or traits.secrets is Secrets.ALL, wanted.description, held)
        if refusal := self.refuse(write):
            return self._change(each, Action.REFUSED, refusal)
        return Change(name, write.action, write.secret, None, write, wanted, held, marks)

    def _text(self, wanted: Entry, value: Value) -> tuple[Value, tuple[Reason, ...]]:
        """Return a value as it is to be held there: JSON on one line in an environment (CONTRIBUTING, rule 12)."""
        joins = self.destination.traits.names is Names.ENVIRONMENT and not self.policy.exact_json
        if joins or not wanted.exact:
            joined = one_line(value.reveal())
            if joined is not None and joined != value.reveal() and ("\n" in value.reveal() or "\r" in value.reveal()):
                return Value(joined), (Reason.ON_ONE_LINE,)
        return value, () if wanted.exact else (Reason.RESPELLED,)

    def warnings(self, change: Change) -> Iterator[Notice]:
        """Yield what a person should know of a write before it happens."""
        if self._loses_description(change):
            yield Notice(WarningCode.DESCRIPTION_LOST, change.name.key)
        if self.destination.traits.secrets is not Secrets.HIDDEN or change.source is None:
            return
        value, key = change.source.value, change.name.key
        stays_away = change.action is Action.REFUSED and not change.is_conflict
        if value is None or stays_away or change.action is Action.SKIP:
            return
        if change.old and not change.old.secret and self.policy.makes_secret(change.name, value):
            yield Notice(WarningCode.STAYS_PLAIN, key)
        if change.write is not None and not change.is_conflict:
            yield from _warn_of_write(change.name, value)

    def _loses_description(self, change: Change) -> bool:
        """Tell whether a variable arrives among Airflow's ids, but without its description."""
        traits = self.destination.traits
        if change.write is None or change.is_conflict or change.name.kind is not Kind.VARIABLE:
            return False
        return bool(change.write.description) and traits.names is Names.AIRFLOW and not traits.descriptions


def _warn_of_write(name: Name, value: Value) -> Iterator[Notice]:
    if name.key in platform_names()["shared"]:
        yield Notice(WarningCode.SHARED, name.key)
    if name.kind is Kind.CONNECTION:
        connection = parse_connection(value.reveal())
        if reason := defect(value.reveal()):
            yield Notice(WarningCode.UNSOUND_CONNECTION, name.key, reason)
        if connection and local_host(connection):
            yield Notice(WarningCode.LOCAL_HOST, name.key)
