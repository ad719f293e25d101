"""Receipts of the secrets that were sent: asked while planning, written after the read-back (design, rule 13)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from astro_sync.core.model import Entry, Result, Snapshot, Value
from astro_sync.core.plan import CompareSecret, SecretState
from astro_sync.places.base import AnyPlace
from astro_sync.storage.receipts import Receipts
from astro_sync.sync.pipeline import Step


@dataclass(frozen=True, slots=True)
class ReceiptBook:
    """The receipts of this machine; None: there are none and none are kept."""

    receipts: Receipts | None

    def comparing(self, place: AnyPlace) -> CompareSecret:
        """Return what the receipts tell of the secrets of a place."""
        judge = self.receipts.judge(place.address) if self.receipts else None

        def compare(entry: Entry, value: Value) -> SecretState:
            return judge(entry.name, value, entry.updated_at) if judge else SecretState.UNKNOWN

        return compare

    def record(self, step: Step, after: Snapshot) -> None:
        """Keep a receipt of each secret that was written as planned and that nobody can read again."""
        if self.receipts is None:
            return
        sent = []
        for change in step.changes:
            entry = after.entries.get(change.write.name) if change.write else None
            if change.write and entry and change.result is Result.DONE and entry.secret and entry.value is None:
                sent.append((change.write.name, change.write.value, entry.updated_at))
        self.receipts.keep(step.place.address, sent)


def open_receipts(folder: Path | None, tell: Callable[[str], None]) -> ReceiptBook:
    """Return the receipts of a folder; None keeps none."""
    return ReceiptBook(Receipts(folder, tell) if folder else None)
