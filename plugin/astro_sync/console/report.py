"""Turn an outcome into text for people or into JSON. Pure; no value enters either."""

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.core.model import FILTERED, WRITES, Action, Change, Outcome, Value, Warn
from astro_sync.core.secrecy import fingerprint
from astro_sync.errors import GO_ON

# Never colour alone tells what happens: each action has a sign and its word.
SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.UNCHANGED: "=",
    Action.KEEP: "<",
    Action.SECRET_KEPT: "*",
    Action.DESTINATION_ONLY: ">",
    Action.SKIP: "-",
    Action.REFUSED: "!",
}
# What a comparison calls them.
COMPARED = {
    Action.CREATE: "only here",
    Action.UPDATE: "different",
    Action.UNCHANGED: "same",
    Action.DESTINATION_ONLY: "only there",
    Action.SECRET_KEPT: "unknown (secret)",
    Action.REFUSED: "unknown",
}
_QUIET = frozenset({Action.UNCHANGED, Action.DESTINATION_ONLY, Action.SECRET_KEPT})
NO_WORDS: Mapping[Action, str] = MappingProxyType({})
_SHORT = 40
_NAMED = 5

Paint = Callable[[Action, str], str]


def printable(text: str) -> str:
    r"""Return a text with everything that could disturb a terminal written as `\x1b` or `\u202e`."""
    return "".join(
        _escape(char) if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char for char in text
    )


def to_json(outcome: Outcome) -> str:
    """Return the one JSON document of a run, keys sorted (design, "The commands")."""
    error = outcome.error
    document = {
        "version": 1,
        "command": outcome.command,
        "env_file": outcome.env_file,
        "dry_run": outcome.dry_run,
        "env_changes": [_change_json(change) for change in outcome.env_changes],
        "targets": [
            {
                "deployment_id": target.deployment_id,
                "deployment_name": target.deployment_name,
                "applied": target.applied,
                "changes": [_change_json(change) for change in target.changes],
                "warnings": [_warn_json(warn) for warn in target.warnings],
            }
            for target in outcome.targets
        ],
        "warnings": [_warn_json(warn) for warn in outcome.warnings],
        "backups": [str(path) for path in outcome.backups],
        "error": error and {"code": error.code, "message": str(error), "hint": error.hint},
        "exit_code": int(outcome.exit_code),
        **outcome.details,
    }
    return json.dumps(document, sort_keys=True, indent=2)


def to_table(
    changes: Sequence[Change], *, words: Mapping[Action, str], verbose: bool, salt: bytes, paint: Paint
) -> str:
    """Return the changes as a table, and a line that counts what it leaves out; all of them with `verbose`.

    `words` are what actions are called here, if not by their own names.
    """
    shown = [change for change in changes if verbose or _is_news(change, compares=bool(words))]
    cut = shown if verbose or len(shown) <= _SHORT else shown[:_SHORT]
    rows = [
        [
            paint(change.action, SIGNS[change.action]),
            printable(change.key),
            paint(change.action, words.get(change.action, change.action.value)),
            _kind(change.key),
            "secret" if change.secret else "plain",
            _note(change, salt),
        ]
        for change in cut
    ]
    lines = []
    if rows:
        from tabulate import tabulate  # 40 ms that a run without a table need not wait for

        table = tabulate(rows, ["", "KEY", "ACTION", "KIND", "AS", "NOTE"], tablefmt="plain", disable_numparse=True)
        lines += [line.rstrip() for line in table.split("\n")]
    if left := Counter(change.action for change in changes) - Counter(change.action for change in cut):
        lines.append(f"({count_actions(left.elements(), words)}; --verbose shows them)")
    return "\n".join(lines)


def count_actions(actions: Iterable[Action], words: Mapping[Action, str] = NO_WORDS) -> str:
    """Return, for example, `2 create, 1 update`, in the order in which actions are listed."""
    counts = Counter(actions)
    return ", ".join(f"{counts[action]} {words.get(action, action.value)}" for action in Action if counts[action])


def sections(outcome: Outcome) -> list[tuple[str, Sequence[Change]]]:
    """Return a title and the changes for each place that the run was about."""
    pull = outcome.command == "deploy-to-local"
    found: list[tuple[str, Sequence[Change]]] = [(outcome.env_file, outcome.env_changes)] if outcome.env_changes else []
    for target in outcome.targets:
        name = f"Deployment {target.deployment_name} ({target.deployment_id})"
        found.append((f"{outcome.env_file} from {name}" if pull else name, target.changes))
    return found


def summarise_outcome(outcome: Outcome) -> str:
    """Return the last line: what was done, or would be."""
    if outcome.command == "diff":
        return _summarise_comparison(outcome)
    done, left = [], set()
    for title, changes in sections(outcome):
        counts = count_actions(change.action for change in changes if change.action in WRITES)
        noted = sum(change.noted for change in changes)
        parts = [counts] if counts else []
        if noted:
            parts.append(f"{noted} recorded as a comment")
        if parts:
            done.append(f"{title}: {', '.join(parts)}")
        left |= {change.key for change in changes if change.action is Action.REFUSED}
    rest = f" {len(left)} could not be carried, see above." if left else ""
    if not done:
        return f"Nothing to do.{rest}"
    text = "; ".join(done)
    return f"Would do: {text}. Nothing was changed.{rest}" if outcome.dry_run else f"Done: {text}.{rest}"


def _summarise_comparison(outcome: Outcome) -> str:
    actions = [change.action for _, changes in sections(outcome) for change in changes]
    counts = count_actions((action for action in actions if action is not Action.SKIP), COMPARED)
    return f"{counts or 'Nothing to compare'}."


def summarise(warnings: Iterable[Warn], *, verbose: bool) -> list[str]:
    """Return a line for each thing that the user should know, with the keys that it holds for; all with `verbose`."""
    grouped: dict[str, list[str]] = {}
    for warn in dict.fromkeys(warnings):
        message = warn.message.replace(warn.key, "KEY") if warn.key else warn.message
        grouped.setdefault(message, []).extend([printable(warn.key)] if warn.key else [])
    return [_summary(message, keys, verbose=verbose) for message, keys in grouped.items()]


def _summary(message: str, keys: Sequence[str], *, verbose: bool) -> str:
    named = keys if verbose or len(keys) <= _NAMED else [*keys[: _NAMED - 1], f"{len(keys) - _NAMED + 1} more"]
    text = message.replace("KEY", keys[0]) if len(keys) == 1 else message
    count = f"{len(keys)} keys: " if len(keys) > 1 else ""
    return f"{count}{', '.join(named)}: {printable(text)}" if keys else printable(text)


def is_problem(change: Change) -> bool:
    """Tell whether a key was refused, or is not as planned."""
    return change.action is Action.REFUSED or (change.reason or "").startswith("not as planned")


def fingerprints(change: Change, salt: bytes) -> tuple[str, str]:
    """Return what tells the value there and the wanted one apart, unseen."""
    return _print_of(change.old, salt), _print_of(change.value, salt)


def _is_news(change: Change, *, compares: bool) -> bool:
    if compares:
        return change.action not in {Action.UNCHANGED, Action.SKIP}
    if change.action is Action.SKIP:
        return change.reason != FILTERED
    return change.action not in _QUIET or change.noted or (change.reason or "").startswith("not as planned")


def _note(change: Change, salt: bytes) -> str:
    # What to type next is said once below the table; each reason holds it too, for the JSON.
    parts = [printable(change.reason.partition(GO_ON)[0])] if change.reason else []
    if change.old is not None and change.value is not None:
        old, new = fingerprints(change, salt)
        parts.append(f"{old} there, {new} wanted")
    if change.noted:
        parts.append("recorded as a comment")
    return "; ".join(parts)


def _print_of(value: Value | None, salt: bytes) -> str:
    return "unknown" if value is None else fingerprint(value, salt)


def _kind(key: str) -> str:
    if key.startswith(CONNECTION):
        return "connection"
    return "variable" if key.startswith(VARIABLE) else "environment"


def _change_json(change: Change) -> dict[str, object]:
    return {"key": change.key, "action": change.action.value, "secret": change.secret, "reason": change.reason}


def _warn_json(warn: Warn) -> dict[str, object]:
    return {"code": warn.code.value, "key": warn.key, "message": warn.message}


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode() if char != " " else char
