"""The one JSON document of a run (README, "JSON"). Pure; no value enters it."""

import json
from datetime import datetime
from typing import Final

from astro_sync.console.layout import printable
from astro_sync.console.texts import REASONS, WARNINGS
from astro_sync.console.wording import match_note, reason_text
from astro_sync.core.compare import Compared, Match
from astro_sync.core.model import Action, Change, Notice, Reason, Result, WarningCode
from astro_sync.core.outcome import PlaceOutcome, RunOutcome

_VERSION: Final = 1
_ACTIONS: Final = {
    Match.SAME: Action.UNCHANGED,
    Match.DIFFERENT: Action.UPDATE,
    Match.ONLY_SOURCE: Action.CREATE,
    Match.ONLY_DESTINATION: Action.DESTINATION_ONLY,
    Match.NOT_KNOWN: Action.SECRET_KEPT,
}

_STRANGERS: Final = {
    (WarningCode.NOT_AS_PLANNED, Reason.GONE.value): "somebody else removed it during the run",
    (WarningCode.NOT_AS_PLANNED, Reason.CHANGED_MEANWHILE.value): "somebody else changed it during the run",
    (WarningCode.NOT_AS_PLANNED, ""): "somebody else added it during the run",
}


def to_json(outcome: RunOutcome, now: datetime) -> str:
    """Return the document, keys sorted."""
    error = outcome.error
    document = {
        **outcome.details,
        "version": _VERSION,
        "command": outcome.command,
        "dry_run": outcome.dry_run,
        "exit_code": int(outcome.exit_code),
        "error": error and {"code": error.code, "message": str(error), "hint": error.hint},
        "places": [_place(place, now) for place in outcome.places],
        "warnings": [_warning(notice) for notice in outcome.warnings],
    }
    return json.dumps(document, sort_keys=True, indent=2)


def warning_text(notice: Notice) -> str:
    """Return the sentence of a warning, without its key and place."""
    text = _STRANGERS.get((notice.code, notice.about)) or WARNINGS[notice.code].replace("{about}", notice.about)
    return text.replace("KEY", notice.key) if notice.key else text


def _place(place: PlaceOutcome, now: datetime) -> dict[str, object]:
    return {
        "address": place.address,
        "kind": place.kind,
        "name": place.label,
        "role": place.role,
        "applied": place.applied,
        "backup": str(place.backup) if place.backup else None,
        "warnings": [_warning(notice) for notice in place.warnings],
        "changes": [
            *(_change(change, now) for change in place.changes),
            *(_compared(compared, now) for compared in place.compared),
        ],
    }


def _change(change: Change, now: datetime) -> dict[str, object]:
    why = change.why
    mark = next(iter(change.marks), None)
    reason: dict[str, object] | None = None
    if why is not None:
        reason = {"code": why.reason.value, "text": reason_text(change, now), "ways_out": list(why.ways_out)}
    elif mark is not None:
        reason = {"code": mark.value, "text": REASONS[mark], "ways_out": []}
    return {
        "kind": change.name.kind.value,
        "id": change.name.id,
        "key": change.name.key,
        "remote_name": change.remote_name,
        "action": change.action.value,
        "secret": change.secret,
        "reason": reason,
        "result": change.result.value,
    }


def _compared(compared: Compared, now: datetime) -> dict[str, object]:
    """Return a comparison in the words of a change."""
    problem = next((e.problem for e in (compared.source, compared.destination) if e and e.problem), None)
    secret = any(entry.secret for entry in (compared.source, compared.destination) if entry)
    codes = {Match.DIFFERENT: Reason.DIFFERS, Match.NOT_KNOWN: Reason.SECRET_NOT_COMPARED}
    code = problem.reason if problem and compared.match is Match.NOT_KNOWN else codes.get(compared.match)
    unreadable = problem is not None and compared.match is Match.NOT_KNOWN
    return {
        "kind": compared.name.kind.value,
        "id": compared.name.id,
        "key": compared.name.key,
        "remote_name": None,
        "action": (Action.REFUSED if unreadable else _ACTIONS[compared.match]).value,
        "secret": secret,
        "reason": code and {"code": code.value, "text": match_note(compared, now), "ways_out": []},
        "result": Result.PLANNED.value,
    }


def _warning(notice: Notice) -> dict[str, object]:
    return {"code": notice.code.value, "key": notice.key, "message": printable(warning_text(notice))}
