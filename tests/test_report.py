import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.console.report import (
    COMPARED,
    NO_WORDS,
    SIGNS,
    count_actions,
    fingerprints,
    printable,
    sections,
    summarise,
    summarise_outcome,
    to_json,
    to_table,
)
from astro_sync.core.model import FILTERED, Action, Change, Note, Outcome, TargetOutcome, Value, Warn
from astro_sync.errors import GO_ON, AstroSyncError, ExitCode, RefusedError

SECRET = "hunter2-Zq9"
SALT = b"salt"
EVIL = "A\x1b[2J\r\nB\u202eC\u2028D\x85E\x00"
CREATE = Change("AIRFLOW_VAR_X", Action.CREATE, value=Value(SECRET))
UPDATE = Change("AIRFLOW_CONN_Y", Action.UPDATE, secret=True, value=Value(SECRET), old=Value("old"))
NOTED = Change("S", Action.SECRET_KEPT, secret=True, noted=True)
REFUSED = Change("R", Action.REFUSED, reason=f"too long{GO_ON}--exclude R")


def table(*changes: Change, verbose: bool = False, compares: bool = False) -> str:
    return to_table(
        changes,
        words=COMPARED if compares else NO_WORDS,
        verbose=verbose,
        salt=SALT,
        paint=lambda _action, text: text,
    )


def outcome(command: str = "local-to-deploy", *changes: Change, dry_run: bool = False) -> Outcome:
    target = TargetOutcome("dep-1", "prod", changes=changes)
    return Outcome(command, ".env", dry_run=dry_run, targets=(target,))


# --- JSON ---


def test_the_json_has_the_documented_shape_with_sorted_keys() -> None:
    warn = Warn(Note.SECRET_KEPT, "S", "secret on the Deployment")
    told = Outcome(
        "local-to-deploy",
        ".env",
        env_changes=(CREATE,),
        targets=(TargetOutcome("dep-1", "prod", applied=True, changes=(UPDATE, REFUSED), warnings=(warn,)),),
        warnings=(Warn(Note.RESTART, None, "restart"),),
        backups=(Path("/b/env"),),
    )
    text = to_json(told)
    assert json.loads(text) == {
        "version": 1,
        "command": "local-to-deploy",
        "env_file": ".env",
        "dry_run": False,
        "env_changes": [{"key": "AIRFLOW_VAR_X", "action": "create", "secret": False, "reason": None}],
        "targets": [
            {
                "deployment_id": "dep-1",
                "deployment_name": "prod",
                "applied": True,
                "changes": [
                    {"key": "AIRFLOW_CONN_Y", "action": "update", "secret": True, "reason": None},
                    {"key": "R", "action": "refused", "secret": False, "reason": f"too long{GO_ON}--exclude R"},
                ],
                "warnings": [{"code": "secret-kept", "key": "S", "message": "secret on the Deployment"}],
            }
        ],
        "warnings": [{"code": "restart-local", "key": None, "message": "restart"}],
        "backups": ["/b/env"],
        "error": None,
        "exit_code": 0,
    }
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2)


@pytest.mark.parametrize(
    ("error", "code", "message", "hint"),
    [
        (RefusedError("No.", hint="Do this."), "refused", "No.", "Do this."),
        (AstroSyncError("It failed."), "failed", "It failed.", ""),
    ],
)
def test_an_error_stands_in_the_json_with_its_code_and_what_to_type_next(
    error: AstroSyncError, code: str, message: str, hint: str
) -> None:
    found = json.loads(to_json(Outcome("diff", ".env", error=error, exit_code=error.exit_code)))
    assert found["error"] == {"code": code, "message": message, "hint": hint}
    assert found["exit_code"] == int(error.exit_code)


@pytest.mark.parametrize("action", Action)
def test_every_action_stands_in_the_json_under_its_own_word(action: Action) -> None:
    (change,) = json.loads(to_json(outcome("diff", Change("K", action))))["targets"][0]["changes"]
    assert change["action"] == action.value


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_stands_in_the_json_as_its_number(code: ExitCode) -> None:
    assert json.loads(to_json(Outcome("diff", ".env", exit_code=code)))["exit_code"] == code.value


def test_the_json_keeps_odd_keys_whole_and_disturbs_no_terminal() -> None:
    text = to_json(outcome("diff", Change(EVIL + "\udcff", Action.CREATE)))
    assert json.loads(text)["targets"][0]["changes"][0]["key"] == EVIL + "\udcff"
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


# --- no value, ever ---

changes_with_values = st.builds(
    Change,
    st.sampled_from(["A", "AIRFLOW_VAR_B", "AIRFLOW_CONN_C"]),
    st.sampled_from(Action),
    secret=st.booleans(),
    reason=st.sampled_from([None, "why", f"why{GO_ON}--partial", FILTERED, "not as planned: gone"]),
    value=st.sampled_from([None, Value(SECRET), Value(SECRET * 2)]),
    old=st.sampled_from([None, Value(SECRET), Value("x" + SECRET)]),
    conflict=st.booleans(),
    noted=st.booleans(),
    placeholder=st.booleans(),
)


@given(st.lists(changes_with_values, max_size=5), st.sampled_from(["local-to-deploy", "deploy-to-local", "diff"]))
def test_no_report_shows_a_value(changes: list[Change], command: str) -> None:
    told = outcome(command, *changes)
    shown = [to_json(told), summarise_outcome(told), repr(told), str(sections(told))]
    shown += [table(*changes, verbose=verbose, compares=other) for verbose in (False, True) for other in (False, True)]
    assert SECRET not in "\n".join(shown)
    assert SECRET[:4] not in "\n".join(shown)


# --- tables ---


def test_a_table_shows_sign_key_action_kind_and_whether_it_is_secret() -> None:
    assert [line.split() for line in table(CREATE, UPDATE, Change("E", Action.KEEP)).splitlines()] == [
        ["KEY", "ACTION", "KIND", "AS", "NOTE"],
        ["+", "AIRFLOW_VAR_X", "create", "variable", "plain"],
        [
            "~",
            "AIRFLOW_CONN_Y",
            "update",
            "connection",
            "secret",
            *"{} there, {} wanted".format(*fingerprints(UPDATE, SALT)).split(),
        ],
        ["<", "E", "keep", "environment", "plain"],
    ]


def test_every_action_has_a_sign_of_its_own_beside_its_word() -> None:
    assert set(SIGNS) == set(Action)
    assert len(set(SIGNS.values())) == len(SIGNS)


@pytest.mark.parametrize(
    ("change", "news"),
    [
        (CREATE, True),
        (UPDATE, True),
        (REFUSED, True),
        (Change("K", Action.KEEP), True),
        (Change("K", Action.UNCHANGED), False),
        (Change("K", Action.DESTINATION_ONLY), False),
        (Change("K", Action.SECRET_KEPT, secret=True), False),
        (NOTED, True),
        (Change("K", Action.SKIP, reason=FILTERED), False),
        (Change("K", Action.SKIP, reason="only a placeholder stands there", placeholder=True), True),
        (Change("K", Action.SKIP, reason="Astro sets it itself; --allow-reserved K permits it"), True),
        (Change("K", Action.UNCHANGED, reason="not as planned: gone from the destination"), True),
        (Change("K", Action.DESTINATION_ONLY, reason="not as planned: gone from the destination"), True),
    ],
)
def test_a_table_shows_what_is_news_and_all_when_verbose(change: Change, *, news: bool) -> None:
    shown = table(change)
    assert (f" {change.key} " in shown) is news
    if not news:
        assert shown == f"(1 {change.action.value}; --verbose shows them)"
    assert f" {change.key} " in table(change, verbose=True)
    assert "--verbose" not in table(change, verbose=True)


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (Action.CREATE, "only here"),
        (Action.UPDATE, "different"),
        (Action.DESTINATION_ONLY, "only there"),
        (Action.SECRET_KEPT, "unknown (secret)"),
        (Action.REFUSED, "unknown"),
    ],
)
def test_a_comparison_has_its_own_words(action: Action, word: str) -> None:
    assert f" {word} " in table(Change("K", action), compares=True)
    assert f" {action.value} " not in table(Change("K", action), compares=True)


def test_a_comparison_only_counts_what_is_the_same() -> None:
    changes = (CREATE, Change("K", Action.UNCHANGED), Change("L", Action.UNCHANGED))
    assert table(*changes, compares=True).splitlines()[-1] == "(2 same; --verbose shows them)"


@pytest.mark.parametrize(("rows", "shown"), [(1, 1), (40, 40), (41, 40), (500, 40)])
def test_a_long_table_is_cut_and_says_how_much(rows: int, shown: int) -> None:
    changes = [Change(f"K{number}", Action.CREATE, value=Value(SECRET)) for number in range(rows)]
    lines = table(*changes).splitlines()
    assert len([line for line in lines if line.startswith("+")]) == shown
    assert (f"({rows - shown} create; --verbose shows them)" in lines) is (rows > shown)
    assert len(table(*changes, verbose=True).splitlines()) == rows + 1


def test_an_empty_table_is_an_empty_text() -> None:
    assert table() == ""


def test_a_note_tells_the_reason_without_the_way_on_and_values_apart_unseen() -> None:
    assert "too long" in table(REFUSED)
    assert "--exclude" not in table(REFUSED)
    assert "recorded as a comment" in table(NOTED)
    old, new = fingerprints(UPDATE, SALT)
    assert f"{old} there, {new} wanted" in table(UPDATE)
    assert fingerprints(UPDATE, b"another run") != (old, new)


def test_numbers_in_keys_and_reasons_stay_as_they_are() -> None:
    shown = table(Change("1e5", Action.REFUSED, reason="0012"), Change("007", Action.CREATE))
    assert "1e5" in shown
    assert "0012" in shown
    assert "007" in shown


def test_a_painter_is_given_the_action_and_only_what_names_it() -> None:
    painted: list[tuple[Action, str]] = []

    def paint(action: Action, text: str) -> str:
        painted.append((action, text))
        return f"<{text}>"

    shown = to_table([CREATE], words=NO_WORDS, verbose=False, salt=SALT, paint=paint)
    assert painted == [(Action.CREATE, "+"), (Action.CREATE, "create")]
    assert "<create>" in shown


# --- what could disturb a terminal ---


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("AIRFLOW_VAR_X = ü 日本 😀 \\n", "AIRFLOW_VAR_X = ü 日本 😀 \\n"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x07\x08\x7f\x9b", "\\x00\\x07\\x08\\x7f\\x9b"),
        ("\u202eevil\u202c", "\\u202eevil\\u202c"),
        ("\u2066\u2069\u200f\u200e\u061c", "\\u2066\\u2069\\u200f\\u200e\\u061c"),
        ("\u200b\ufeff\u00ad", "\\u200b\\ufeff\\xad"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\udcff\ud800", "\\udcff\\ud800"),
        ("\U000e0041\ue000", "\\U000e0041\\ue000"),
    ],
)
def test_what_could_disturb_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_a_printable_text_is_one_line_without_control_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(char)[0] == "C" for char in shown)
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown
    shown.encode()


def test_an_odd_key_is_written_out_wherever_a_line_names_it() -> None:
    evil = printable(EVIL)
    for line in (
        *table(Change(EVIL, Action.REFUSED, reason=f"{EVIL} is odd")).splitlines(),
        *summarise([Warn(Note.PLACEHOLDER, EVIL, f"set {EVIL} first")], verbose=True),
        *summarise([Warn(Note.PLACEHOLDER, None, f"set {EVIL} first")], verbose=True),
    ):
        assert printable(line) == line
    assert evil in table(Change(EVIL, Action.CREATE))
    assert summarise([Warn(Note.PLACEHOLDER, EVIL, f"set {EVIL} first")], verbose=False) == [
        f"{evil}: set {evil} first"
    ]


# --- summaries ---


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (outcome("local-to-deploy"), "Nothing to do."),
        (outcome("local-to-deploy", Change("K", Action.UNCHANGED)), "Nothing to do."),
        (outcome("local-to-deploy", REFUSED), "Nothing to do. 1 could not be carried, see above."),
        (outcome("local-to-deploy", CREATE, UPDATE), "Done: Deployment prod (dep-1): 1 create, 1 update."),
        (
            outcome("local-to-deploy", CREATE, REFUSED),
            "Done: Deployment prod (dep-1): 1 create. 1 could not be carried, see above.",
        ),
        (
            outcome("local-to-deploy", CREATE, dry_run=True),
            "Would do: Deployment prod (dep-1): 1 create. Nothing was changed.",
        ),
        (
            outcome("deploy-to-local", CREATE, NOTED),
            "Done: .env from Deployment prod (dep-1): 1 create, 1 recorded as a comment.",
        ),
        (
            outcome("deploy-to-local", NOTED),
            "Done: .env from Deployment prod (dep-1): 1 recorded as a comment.",
        ),
        (Outcome("merge", "b.env", env_changes=(UPDATE, UPDATE)), "Done: b.env: 2 update."),
        (
            Outcome(
                "local-to-deploy",
                ".env",
                env_changes=(CREATE, REFUSED),
                targets=(
                    TargetOutcome("d1", "one", changes=(CREATE, REFUSED)),
                    TargetOutcome("d2", "two", changes=(CREATE,)),
                ),
            ),
            (
                "Done: .env: 1 create; Deployment one (d1): 1 create; Deployment two (d2): 1 create. "
                "1 could not be carried, see above."
            ),
        ),
        (outcome("diff"), "Nothing to compare."),
        (outcome("diff", Change("K", Action.SKIP, reason=FILTERED)), "Nothing to compare."),
        (
            outcome("diff", CREATE, UPDATE, Change("S", Action.SECRET_KEPT), Change("T", Action.DESTINATION_ONLY)),
            "1 only here, 1 different, 1 unknown (secret), 1 only there.",
        ),
    ],
)
def test_the_last_line_says_what_was_done_or_would_be(told: Outcome, line: str) -> None:
    assert summarise_outcome(told) == line


def test_actions_are_counted_in_one_order_whatever_the_order_of_the_keys() -> None:
    actions = [Action.REFUSED, Action.CREATE, Action.UPDATE, Action.CREATE]
    assert count_actions(actions) == "2 create, 1 update, 1 refused"
    assert count_actions(actions, {Action.CREATE: "only here"}) == "2 only here, 1 update, 1 refused"
    assert count_actions([]) == ""


def warn(key: str | None, message: str = "secret; --rotate {} sends it") -> Warn:
    return Warn(Note.SECRET_KEPT, key, message.format(key))


def test_one_thing_about_several_keys_is_said_once_with_their_number() -> None:
    assert summarise([warn("A1"), warn("B1")], verbose=False) == ["2 keys: A1, B1: secret; --rotate KEY sends it"]
    assert summarise([warn("A1")], verbose=False) == ["A1: secret; --rotate A1 sends it"]
    assert summarise([warn("A1"), warn("A1")], verbose=False) == ["A1: secret; --rotate A1 sends it"]
    assert summarise([warn(None, "restart")], verbose=False) == ["restart"]
    assert summarise([], verbose=False) == []


def test_only_the_first_of_many_keys_are_named_and_all_when_verbose() -> None:
    warnings = [warn(f"K{number}") for number in range(8)]
    assert summarise(warnings, verbose=False) == ["8 keys: K0, K1, K2, K3, 4 more: secret; --rotate KEY sends it"]
    assert summarise(warnings, verbose=True) == [
        "8 keys: K0, K1, K2, K3, K4, K5, K6, K7: secret; --rotate KEY sends it"
    ]
    assert summarise(warnings[:5], verbose=False) == ["5 keys: K0, K1, K2, K3, K4: secret; --rotate KEY sends it"]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=4), st.sampled_from(["set {} first", "a secret", "e"])
)
def test_what_is_said_about_one_key_is_said_in_its_own_words(key: str, message: str) -> None:
    text = message.format(key)
    (line,) = summarise([Warn(Note.PLACEHOLDER, key, text)], verbose=False)
    assert line == f"{printable(key)}: {printable(text)}"
