"""Turn an outcome into text for people or into JSON. Pure; no value enters either."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from astro_sync.core.compare import Match
from astro_sync.core.model import Action, Change, Notice, Result
from astro_sync.core.outcome import PlaceOutcome, RunOutcome

_QUIET = frozenset({Action.UNCHANGED, Action.DESTINATION_ONLY, Action.SECRET_KEPT})


def printable(text: str) -> str:
    r"""Return a text with everything that could disturb a terminal written as `\x1b` or `\u202e`."""
    return "".join(
        char.encode("unicode_escape", "surrogatepass").decode()
        if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"
        else char
        for char in text
    )


def object_lines(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the lines of `list`."""
    return [*(f"{row['kind']} {row['id']}" for row in rows), f"{len(rows)} entries."]


def to_json(outcome: RunOutcome) -> str:
    """Return the one JSON document of a run, keys sorted."""
    error = outcome.error
    document = {
        "version": 1,
        "command": outcome.command,
        "dry_run": outcome.dry_run,
        "places": [_place_json(place) for place in outcome.places],
        "warnings": [_notice_json(notice) for notice in outcome.warnings],
        "error": error and {"code": error.code, "message": str(error), "hint": error.hint},
        "exit_code": int(outcome.exit_code),
        **outcome.details,
    }
    return json.dumps(document, sort_keys=True, indent=2)


def _place_json(place: PlaceOutcome) -> dict[str, object]:
    compared = {
        Match.SAME: Action.UNCHANGED,
        Match.DIFFERENT: Action.UPDATE,
        Match.ONLY_SOURCE: Action.CREATE,
        Match.ONLY_DESTINATION: Action.DESTINATION_ONLY,
        Match.NOT_KNOWN: Action.SECRET_KEPT,
    }
    changes = [_change_json(change) for change in place.changes]
    changes += [_change_json(Change(each.name, compared[each.match])) for each in place.compared]
    return {
        "address": place.address,
        "kind": place.kind,
        "name": place.label,
        "role": place.role,
        "applied": place.applied,
        "backup": str(place.backup) if place.backup else None,
        "warnings": [_notice_json(notice) for notice in place.warnings],
        "changes": changes,
    }


def _change_json(change: Change) -> dict[str, object]:
    why = change.why
    return {
        "kind": change.name.kind.value,
        "id": change.name.id,
        "key": change.name.key,
        "remote_name": change.remote_name,
        "action": change.action.value,
        "secret": change.secret,
        "reason": why and {"code": why.reason.value, "text": why.about, "ways_out": list(why.ways_out)},
        "result": change.result.value,
    }


def _notice_json(notice: Notice) -> dict[str, object]:
    return {"code": notice.code.value, "key": notice.key, "message": notice.about}


def lines_of(outcome: RunOutcome, *, verbose: bool) -> list[str]:
    """Return a line for each key and place."""
    lines = []
    for place in outcome.places:
        for change in place.changes:
            if verbose or change.action not in _QUIET or change.result is not Result.PLANNED:
                why = f" {change.why.reason.value} {change.why.about}" if change.why else ""
                lines.append(f"{change.action.value:10} {printable(change.name.variable)}{why} [{change.result.value}]")
        lines += [f"{each.match.value:10} {printable(each.name.variable)}" for each in place.compared]
        lines.append(f"{place.title}: {count(change.action for change in place.changes)}")
    return lines


def count(actions: Iterable[Action]) -> str:
    """Return how often each action is there."""
    counts = Counter(actions)
    return ", ".join(f"{counts[action]} {action.value}" for action in Action if counts[action])
