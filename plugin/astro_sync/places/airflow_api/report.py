"""What became of entries that were sent to an API one by one or in bulk. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from astro_sync.core.model import Name, Reason, Refusal, Written
from astro_sync.places.airflow_api.transport import ApiError


class WriteResult(StrEnum):
    """What became of one entry that was to be written, as far as the API tells."""

    DONE = "done"
    EXISTS = "exists"
    MISSING = "missing"
    CHANGED = "changed"
    REJECTED = "rejected"
    NOT_WRITTEN = "not-written"
    UNKNOWN = "unknown"


class Report(NamedTuple):
    """What became of each entry, and the failure that ended the writing, if one did."""

    results: Mapping[Name, WriteResult]
    failure: ApiError | None = None

    def written(self) -> Written:
        """Return the same as every place tells it."""
        return Written(
            failure=self.failure,
            may_arrive=WriteResult.UNKNOWN in self.results.values(),
            trusted=frozenset(name for name, result in self.results.items() if result is WriteResult.DONE),
            failed={name: _REFUSALS[result] for name, result in self.results.items() if result in _REFUSALS},
        )


_REFUSALS: Final = {
    WriteResult.EXISTS: Refusal(Reason.CHANGED_MEANWHILE, "somebody else created it"),
    WriteResult.MISSING: Refusal(Reason.GONE),
    WriteResult.CHANGED: Refusal(Reason.CHANGED_MEANWHILE),
    WriteResult.REJECTED: Refusal(Reason.REFUSED_BY_PLACE),
}
