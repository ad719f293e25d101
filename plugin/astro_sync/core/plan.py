"""Decide, for each key, what becomes of it on the destination. Pure: nothing is read, asked or written here."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from astro_sync.airflow.connection import defect, local_host, means_the_same, parse_connection
from astro_sync.airflow.names import CONNECTION
from astro_sync.core.model import (
    FILTERED,
    WRITES,
    Action,
    Change,
    Note,
    OnConflict,
    Plan,
    Snapshot,
    Value,
    Variable,
    Warn,
)
from astro_sync.core.secrecy import is_placeholder, is_sensitive, may_be_lost, platform_names
from astro_sync.errors import GO_ON

Refusal = Callable[[Variable], str | None]

DIFFERS = "another value stands there; decide with --on-conflict keep or --on-conflict overwrite"


@dataclass(frozen=True, slots=True)
class Policy:
    """Hold what the user decided: globs of keys, the conflict policy, and single answers (`decided`) by key.

    A key must match `include` and `only`, where they are given, and not `exclude`.
    """

    on_conflict: OnConflict = OnConflict.FAIL
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rotate: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    allow_reserved: frozenset[str] = frozenset()
    allow_placeholder: frozenset[str] = frozenset()
    decided: Mapping[str, OnConflict] = field(default_factory=dict)

    def wants(self, key: str) -> bool:
        """Tell whether the filters let a key through."""
        wanted = all(matches(key, globs) for globs in (self.include, self.only) if globs)
        return wanted and not matches(key, self.exclude)

    def conflict(self, key: str) -> OnConflict:
        """Return the decision for one key that differs."""
        return self.decided.get(key, self.on_conflict)

    def makes_secret(self, key: str, value: Value) -> bool:
        """Tell whether a new key becomes secret on a Deployment (design, rule 11)."""
        if matches(key, self.plain):
            return False
        return matches(key, self.secret) or is_sensitive(key, value)


def matches(key: str, globs: tuple[str, ...]) -> bool:
    """Tell whether one of the globs matches the whole key, case and all."""
    return any(fnmatchcase(key, glob) for glob in globs)


def is_reserved(key: str) -> bool:
    """Tell whether Astro sets this name itself or it steers a tool of the user's machine (design, rule 10)."""
    names = platform_names()
    return key in names["reserved"] or matches(key, tuple(names["reserved_patterns"]))


def is_same(key: str, one: Value, two: Value, *, by_meaning: bool) -> bool:
    """Tell whether two values are the same; with `by_meaning`, a connection is the same in each of its spellings."""
    if one == two:
        return True
    return by_meaning and key.startswith(CONNECTION) and means_the_same(one.reveal(), two.reveal())


def make_plan(source: Snapshot, destination: Snapshot, policy: Policy, refusal: Refusal) -> Plan:
    """Decide about every key of both sides; `refusal` tells why the destination cannot hold a variable."""
    sides = _Sides(source, destination, policy, refusal)
    keys = dict.fromkeys((*source.variables, *source.unreadable, *source.withheld))
    changes = [sides.decide(key) for key in keys]
    changes += [
        Change(key, Action.DESTINATION_ONLY, there.secret)
        for key, there in destination.variables.items()
        if key not in keys and policy.wants(key)
    ]
    return Plan(tuple(changes), tuple(warn for change in changes for warn in sides.warnings(change)))


def unmatched(source: Snapshot, destination: Snapshot, policy: Policy) -> Iterator[Warn]:
    """Yield a warning for each glob that a typing error may have kept from doing anything on a Deployment."""
    if not destination.keeps_secrets:
        return
    keys = (*source.variables, *source.unreadable, *source.withheld, *destination.variables)
    for glob in policy.include:
        if not any(matches(key, (glob,)) for key in keys):
            yield Warn(Note.UNMATCHED, None, f"--include {glob} matches no key; check its spelling")
    secrets = [key for key, there in destination.variables.items() if there.secret]
    for glob in policy.rotate:
        if not any(matches(key, (glob,)) for key in secrets):
            yield Warn(Note.UNMATCHED, None, f"--rotate {glob} matches no secret of the Deployment; check its spelling")


@dataclass(frozen=True, slots=True)
class _Sides:
    source: Snapshot
    destination: Snapshot
    policy: Policy
    refusal: Refusal

    def decide(self, key: str) -> Change:
        wanted, there = self.source.variables.get(key), self.destination.variables.get(key)
        secret = there.secret if there else bool(wanted and wanted.secret)
        if not self.policy.wants(key):
            return Change(key, Action.SKIP, secret, FILTERED)
        if self.destination.prefixes and not key.startswith(self.destination.prefixes):
            names = " and ".join(f"{prefix}*" for prefix in self.destination.prefixes)
            return Change(key, Action.SKIP, secret, f"such a file only holds {names}")
        if is_reserved(key) and key not in self.policy.allow_reserved:
            return Change(key, Action.SKIP, secret, f"Astro sets it itself; --allow-reserved {key} permits it")
        if wanted and wanted.value is None:
            noted = there is None and key not in self.destination.noted and key.isprintable()
            return Change(key, Action.SECRET_KEPT, secret=True, noted=noted)
        if there and there.value is None and not matches(key, self.policy.rotate):
            return Change(key, Action.SECRET_KEPT, secret=True)
        lost = self.source.withheld.get(key, self.source.unreadable.get(key))
        if lost is not None or wanted is None or wanted.value is None:
            if there and there.value and self.policy.conflict(key) is OnConflict.KEEP:
                return Change(key, Action.KEEP, secret)
            return Change(key, Action.REFUSED, secret, _refuse(key, lost or ""))
        empty = is_placeholder(wanted.value) or self._is_lost(key, wanted.value, there)
        if empty and key not in self.policy.allow_placeholder:
            return Change(key, Action.SKIP, secret, "only a placeholder stands there", placeholder=True)
        return self._compare(Variable(key, wanted.value, secret), wanted.value, there)

    def _compare(self, wanted: Variable, value: Value, there: Variable | None) -> Change:
        key, secret = wanted.key, wanted.secret
        if there is None and key in self.destination.unreadable:
            if self.policy.conflict(key) is OnConflict.KEEP:
                return Change(key, Action.KEEP, secret)
            what = f"what stands there cannot be read: {self.destination.unreadable[key]}"
            return Change(key, Action.REFUSED, secret, _refuse(key, what))
        by_meaning = self.source.by_meaning or self.destination.by_meaning
        if there and there.value is not None and is_same(key, there.value, value, by_meaning=by_meaning):
            return Change(key, Action.UNCHANGED, secret)
        old = there.value if there else None
        decision = self.policy.conflict(key) if old is not None else OnConflict.OVERWRITE
        if old is not None and self._gives_way(key, old):
            decision = OnConflict.OVERWRITE
        if decision is OnConflict.KEEP:
            return Change(key, Action.KEEP, secret, value=value, old=old)
        if reason := self.refusal(wanted):
            return Change(key, Action.REFUSED, secret, reason)
        if decision is not OnConflict.OVERWRITE:
            return Change(key, Action.REFUSED, secret, DIFFERS, value, old, conflict=True)
        if there:
            return Change(key, Action.UPDATE, secret, value=value, old=old)
        secret = self.destination.keeps_secrets and self.policy.makes_secret(key, value)
        return Change(key, Action.CREATE, secret, value=value)

    def _is_lost(self, key: str, value: Value, there: Variable | None) -> bool:
        """Tell whether an empty source value gives way to what the destination has (design, rule 1)."""
        if value or there is None:
            return False
        return there.value is None or (bool(there.value) and self.source.blank_means_lost and may_be_lost(key, value))

    def _gives_way(self, key: str, old: Value) -> bool:
        """Tell whether what stands on the destination is only a placeholder."""
        return is_placeholder(old) or (self.destination.blank_means_lost and may_be_lost(key, old))

    def warnings(self, change: Change) -> Iterator[Warn]:
        key, there, wanted = (
            change.key,
            self.destination.variables.get(change.key),
            self.source.variables.get(change.key),
        )
        if change.action is Action.SECRET_KEPT:
            if wanted and wanted.value is not None:
                yield _warn_of_kept(key, wanted.value)
            else:
                yield _warn_of_secret(key, there)
        elif change.placeholder:
            yield Warn(Note.PLACEHOLDER, key, "only a placeholder, which goes nowhere; set the real value first")
        elif change.action is Action.SKIP and change.reason and "--allow-reserved" in change.reason:
            yield Warn(Note.RESERVED, key, f"not carried: {change.reason}")
        elif (
            self.destination.keeps_secrets and wanted and wanted.value is not None and change.action is not Action.SKIP
        ):
            if there and not there.secret and self.policy.makes_secret(key, wanted.value):
                text = "plain on the Deployment, but looks like a secret; delete it there and sync again to make it one"
                yield Warn(Note.STAYS_PLAIN, key, text)
            if change.action in WRITES:
                yield from _warn_of_write(key, wanted.value)


def _refuse(key: str, reason: str) -> str:
    return reason if GO_ON in reason else f"{reason}{GO_ON}--exclude {shlex.quote(key)} or --partial"


def _warn_of_kept(key: str, value: Value) -> Warn:
    if not value or is_placeholder(value):
        text = "only a placeholder here, a secret on the Deployment, which stays; set the real value first"
        return Warn(Note.PLACEHOLDER, key, text)
    text = f"secret on the Deployment, so not compared; --rotate {key} writes the local value anew"
    return Warn(Note.SECRET_KEPT, key, text)


def _warn_of_secret(key: str, there: Variable | None) -> Warn:
    if there is None:
        return Warn(Note.SECRET_KEPT, key, "secret on the Deployment; a comment in the file names it, set it there")
    if there.value is not None and is_placeholder(there.value):
        text = "only a placeholder here, a secret on the Deployment; set the real value"
        return Warn(Note.PLACEHOLDER, key, text)
    text = f"secret on the Deployment, so not compared; the local value stays, local-to-deploy --rotate {key} sends it"
    return Warn(Note.SECRET_KEPT, key, text)


def _warn_of_write(key: str, value: Value) -> Iterator[Warn]:
    if key in platform_names()["shared"]:
        yield Warn(Note.SHARED, key, "Astro sets this name too; make sure that you mean to replace it")
    if key.startswith(CONNECTION):
        connection = parse_connection(value.reveal())
        if reason := defect(value.reveal()):
            yield Warn(Note.UNSOUND, key, f"no sound connection: {reason}; `astro-sync check` tells where")
        if connection and local_host(connection):
            text = f"its host only exists on your machine; --exclude {key} leaves it out"
            yield Warn(Note.LOCAL_HOST, key, text)
