import json
from pathlib import Path
from typing import Any

import pytest

from astro_sync.console.document import to_json
from astro_sync.core.compare import Match
from astro_sync.core.model import Action, Change, Kind, Name, Notice, Reason, Result, WarningCode
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, ExitCode, RefusedError
from console.outcomes import (
    HERE,
    NOW,
    THERE,
    amiss,
    compared,
    compared_place,
    conflict,
    created,
    decided,
    place,
    refused,
)


def parsed(outcome: RunOutcome) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_json(outcome, NOW))
    return document


def change_of(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = parsed(RunOutcome(command="merge", places=(place("prod", [change]),)))["places"][0]
    only: dict[str, Any] = found["changes"][0]
    return only


def test_the_json_has_the_documented_shape_with_sorted_keys() -> None:
    where = place("prod", [created("AIRFLOW_VAR_X")], (Notice(WarningCode.LOCAL_HOST, "K"),), applied=True)._replace(
        backup=Path("/b/prod")
    )
    outcome = RunOutcome(
        command="merge", places=(where,), warnings=(Notice(WarningCode.UNMATCHED, None, "--include Z"),)
    )
    text = to_json(outcome, NOW)
    assert json.loads(text) == {
        "version": 1,
        "command": "merge",
        "dry_run": False,
        "exit_code": 0,
        "error": None,
        "places": [
            {
                "address": "deployment:prod",
                "kind": "deployment",
                "name": "prod",
                "role": "destination",
                "applied": True,
                "backup": "/b/prod",
                "warnings": [
                    {
                        "code": "local-host",
                        "key": "K",
                        "message": "its host exists only on this machine; leave it out with --exclude K",
                    }
                ],
                "changes": [
                    {
                        "kind": "variable",
                        "id": "X",
                        "key": "AIRFLOW_VAR_X",
                        "remote_name": None,
                        "action": "create",
                        "secret": False,
                        "reason": None,
                        "result": "planned",
                    }
                ],
            }
        ],
        "warnings": [
            {"code": "unmatched", "key": None, "message": "--include Z matches nothing; look for a typing error"}
        ],
    }
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            refused("K", Reason.LINE_BREAK, "--allow-argv K"),
            {"code": "line-break", "text": "holds line breaks", "ways_out": ["--allow-argv K"]},
        ),
        (
            conflict("AIRFLOW_CONN_C", "postgres://u:p@one/db", "postgres://u:p@two/db"),
            {
                "code": "differs",
                "text": "differs; host; changed there 2 days ago",
                "ways_out": ["--on-conflict keep|overwrite"],
            },
        ),
        (
            created("K", marks=(Reason.ON_ONE_LINE,)),
            {"code": "on-one-line", "text": "on one line", "ways_out": []},
        ),
        (
            amiss(created("K"), Result.UNKNOWN),
            {"code": "not-known", "text": "may or may not be written, or still arrive", "ways_out": []},
        ),
    ],
)
def test_a_reason_has_a_code_a_text_and_the_ways_out(change: Change, reason: dict[str, Any]) -> None:
    assert change_of(change)["reason"] == reason


@pytest.mark.parametrize("action", Action)
def test_every_action_stands_under_its_own_word(action: Action) -> None:
    assert change_of(decided("K", action))["action"] == action.value


@pytest.mark.parametrize("result", Result)
def test_every_result_stands_under_its_own_word(result: Result) -> None:
    assert change_of(created("K")._replace(result=result))["result"] == result.value


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_stands_as_its_number(code: ExitCode) -> None:
    assert parsed(RunOutcome(command="merge", exit_code=code))["exit_code"] == int(code)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (AstroSyncError("It failed.", hint="Try."), {"code": "failed", "message": "It failed.", "hint": "Try."}),
        (RefusedError("No."), {"code": "refused", "message": "No.", "hint": ""}),
    ],
)
def test_an_error_stands_with_its_code_and_what_to_type_next(error: AstroSyncError, shown: dict[str, str]) -> None:
    assert parsed(RunOutcome(command="merge", error=error))["error"] == shown


def test_details_of_a_command_add_to_the_document_and_change_nothing_of_it() -> None:
    document = parsed(RunOutcome(command="check", details={"problems": [1], "version": 9}))
    assert (document["problems"], document["version"]) == ([1], 1)


def test_an_exact_remote_name_stands_beside_the_id() -> None:
    change = created("AIRFLOW_VAR_X")._replace(name=Name(Kind.VARIABLE, "x"), remote_name="airflow/variables/x")
    found = change_of(change)
    assert (found["id"], found["key"], found["remote_name"]) == ("x", "AIRFLOW_VAR_X", "airflow/variables/x")


@pytest.mark.parametrize(
    ("match", "action", "code"),
    [
        (Match.SAME, "unchanged", None),
        (Match.DIFFERENT, "update", "differs"),
        (Match.ONLY_SOURCE, "create", None),
        (Match.ONLY_DESTINATION, "destination-only", None),
        (Match.NOT_KNOWN, "secret-kept", "secret-not-compared"),
    ],
)
def test_a_comparison_uses_the_words_of_a_plan(match: Match, action: str, code: str | None) -> None:
    there = None if match is Match.NOT_KNOWN else THERE
    where = compared_place("prod", compared("K", match, there=there))
    found = parsed(RunOutcome(command="diff", places=(where,)))["places"][0]["changes"][0]
    assert (found["action"], (found["reason"] or {"code": None})["code"]) == (action, code)


def test_the_json_keeps_odd_keys_whole_disturbs_no_terminal_and_holds_no_value() -> None:
    evil = "K\x1b[2J\u202e\ud800"
    changes = [created(evil), conflict(evil), refused(evil)]
    text = to_json(
        RunOutcome(command="merge", places=(place("p", changes), compared_place("q", compared(evil, Match.DIFFERENT)))),
        NOW,
    )
    assert json.loads(text)["places"][0]["changes"][0]["key"] == evil
    assert text.isascii()
    assert HERE not in text
    assert THERE not in text
