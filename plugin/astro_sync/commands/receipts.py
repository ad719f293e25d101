"""Receipts of the secrets that were sent: asked while planning, written after the read-back (CONTRIBUTING, rule 13).

And of all that a run left, for its `undo`.
"""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from astro_sync.core.compare import CompareSecret, SecretState
from astro_sync.core.model import Entry, Result, Secrets, Snapshot, Value
from astro_sync.core.receipts import Receipt
from astro_sync.places.base import AnyPlace
from astro_sync.storage.receipts import Receipts
from astro_sync.sync.pipeline import Step

_HIDES = frozenset({Secrets.HIDDEN, Secrets.MARKS})


class ReceiptBook(NamedTuple):
    """The receipts of this machine as a sync uses them; with None there are none and none are kept."""

    receipts: Receipts | None

    def comparing(self, place: AnyPlace) -> CompareSecret:
        """Return what the receipts tell of the secrets of a place that was read."""
        if self.receipts is None or place.traits.secrets not in _HIDES:
            return lambda _entry, _value: SecretState.UNKNOWN
        judge = self.receipts.judge(place.address)

        def compare(entry: Entry, value: Value) -> SecretState:
            return judge(entry.name, value, entry.updated_at)

        return compare

    def record(self, step: Step, after: Snapshot) -> None:
        """Keep a receipt of each secret that was written as planned."""
        if self.receipts is None or step.place.traits.secrets not in _HIDES:
            return
        writes = [c.write for c in step.changes if c.write is not None and c.result is Result.DONE]
        sent = [
            (write.name, write.value, after.entries[write.name].updated_at)
            for write in writes
            if write.name in after.entries
            and after.entries[write.name].value is None
            # A time that stands still may tell of a write that was lost, whatever its call said.
            and (write.old is None or write.old.updated_at != after.entries[write.name].updated_at)
        ]
        self.receipts.keep(step.place.address, sent)

    def of_left(self, step: Step) -> Mapping[str, Receipt]:
        """Return a receipt of each value that a run left, by hidden name; none with --no-receipts."""
        key = self.receipts and self.receipts.key_of(step.place.address, make=True)
        if not key:
            return {}
        held = step.after.entries if step.after else {}
        found = {}
        for change in step.changes:
            if change.write is None or change.result is Result.NOT_WRITTEN:
                continue
            name, entry = change.write.name, held.get(change.write.name)
            # What the place itself has made of it; what somebody else wrote meanwhile is not what the run left.
            told = entry.value if entry and change.result is Result.DONE else None
            value = change.write.value if told is None else told
            updated_at = entry.updated_at if entry else ""
            found[key.hide(name)] = key.make_of_left(name, value, updated_at, os.urandom(16))
        return found

    def comparing_left(self, address: str, left: Mapping[str, Receipt]) -> Callable[[Entry], SecretState]:
        """Return what tells whether an entry of a place is still what a run left."""
        key = self.receipts.key_of(address, make=False) if self.receipts and left else None
        if key is None:
            return lambda _entry: SecretState.UNKNOWN
        return lambda entry: key.compare_left(entry, left.get(key.hide(entry.name)))
