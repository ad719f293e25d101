from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.console.report import (
    Need,
    Stage,
    View,
    need_of,
    show_changes,
    show_end,
    show_warnings,
    show_ways_out,
    to_markdown,
    ways_out,
)
from astro_sync.core.model import Action, Change, Kind, Name, Notice, Reason, Refusal, Result, WarningCode
from astro_sync.core.outcome import PlaceOutcome, RunOutcome
from astro_sync.errors import AstroSyncError, ExitCode, RefusedError
from console.outcomes import HERE, NOW, THERE, amiss, conflict, created, decided, place, refused, updated

VIEW = View(now=NOW)
PG_HERE, PG_THERE = "postgres://u:p1@one/db", "postgres://u:p2@two/db"
JSON_HERE, JSON_THERE = '{"retries": 1, "schedule": 2, "same": 3}', '{"retries": 9, "schedule": 8, "same": 3}'

IN_ORDER = [
    (amiss(created("N"), Result.NOT_WRITTEN), Need.AMISS),
    (amiss(created("O"), Result.UNKNOWN), Need.AMISS),
    (refused("R"), Need.REFUSED),
    (conflict("D"), Need.DIFFERS),
    (updated("W", why=Refusal(Reason.DIFFERS)), Need.DIFFERS),
    (decided("K", Action.KEEP, Reason.DIFFERS), Need.DIFFERS),
    (decided("P", Action.SKIP, Reason.PLACEHOLDER), Need.SKIPPED),
    (decided("T", Action.SECRET_KEPT, Reason.SECRET_CHANGED_THERE), Need.SKIPPED),
    (decided("H", Action.SECRET_KEPT, Reason.SECRET_HIDDEN)._replace(marks=(Reason.RECORDED,)), Need.SKIPPED),
    (created("S", secret=True), Need.BECOMES_SECRET),
    (created("C"), Need.WRITTEN),
    (updated("U"), Need.WRITTEN),
    (decided("UNCHANGED", Action.UNCHANGED), Need.NONE),
    (decided("FILTERED", Action.SKIP, Reason.FILTERED), Need.NONE),
    (decided("OTHER", Action.SKIP, Reason.OTHER_KIND), Need.NONE),
    (decided("NOT_COMPARED", Action.SECRET_KEPT, Reason.SECRET_NOT_COMPARED), Need.NONE),
    (decided("THERE", Action.DESTINATION_ONLY), Need.NONE),
]


def shown(places: Sequence[PlaceOutcome], stage: Stage = Stage.WHOLE, view: View = VIEW) -> list[str]:
    return show_changes(places, stage, view)


def keys_of(lines: Sequence[str]) -> list[str]:
    return [line.split()[0] for line in lines[1:]]


def page(outcome: RunOutcome, *, verbose: bool = False) -> list[str]:
    view = VIEW._replace(markdown=True, verbose=verbose)
    return to_markdown(outcome, [*shown(outcome.places, view=view), *show_end(outcome, view)], view)


def refusing(*places: PlaceOutcome) -> RunOutcome:
    return RunOutcome(command="merge", places=places, error=RefusedError("no"))


def sixty() -> list[Change]:
    found = [created(f"AIRFLOW_VAR_{number}") for number in range(50)]
    return [*found, *(created(f"AIRFLOW_CONN_{number}", secret=True) for number in range(10))]


@pytest.mark.parametrize(("change", "need"), IN_ORDER, ids=[change.name.id for change, _ in IN_ORDER])
def test_a_change_needs_so_much_attention(change: Change, need: Need) -> None:
    assert need_of(change) is need


def test_rows_stand_in_the_order_of_need_and_leave_out_what_needs_nothing() -> None:
    rows = [change for change, _ in reversed(IN_ORDER)]
    lines = [line for line in shown([place("prod", rows)]) if not line.startswith("prod:")]
    needs = {change.name.key: need for change, need in IN_ORDER}
    keys = keys_of(lines)
    assert sorted(keys, key=lambda key: needs[key]) == keys
    assert set(keys) == {key for key, need in needs.items() if need is not Need.NONE}


@pytest.mark.parametrize(
    ("change", "cell", "note"),
    [
        (created("K"), "+ new", ""),
        (created("K", secret=True), "+ new", "secret"),
        (created("K", marks=(Reason.ON_ONE_LINE,)), "+ new", "on one line"),
        (created("K", marks=(Reason.RESPELLED,)), "+ new", "JSON as Airflow's API spells it"),
        (
            updated("K", "1", "ab"),
            "~ changed",
            "text of 2 characters there, number of 1 character here; changed there 2 days ago",
        ),
        (conflict("AIRFLOW_CONN_PG", PG_HERE, PG_THERE), "! differs", "host, password; changed there 2 days ago"),
        (conflict("K", JSON_HERE, JSON_THERE), "! differs", "2 of 3: retries, schedule; changed there 2 days ago"),
        (refused("K"), "! refused", "holds line breaks"),
        (refused("K", Reason.EXPANSION, about="$HOME"), "! refused", "takes in what the file does not set: $HOME"),
        (decided("K", Action.SKIP, Reason.RESERVED), "- skipped", "reserved by Astro"),
        (decided("K", Action.KEEP, Reason.DIFFERS), "< kept", "differs"),
        (amiss(created("K"), Result.NOT_WRITTEN), "x NOT WRITTEN", ""),
        (amiss(created("K"), Result.OTHER_VALUE), "x OTHER VALUE", "another value stands there"),
        (amiss(created("K"), Result.UNKNOWN), "? NOT KNOWN", "may or may not be written, or still arrive"),
    ],
)
def test_a_row_says_what_and_why_and_no_value(change: Change, cell: str, note: str) -> None:
    _, row = shown([place("prod", [change])])
    assert row == f"{change.name.key.ljust(3)}  {cell}{'  ' + note if note else ''}"


def test_a_new_id_and_an_exact_remote_name_are_shown_before_they_are_made() -> None:
    new = created("AIRFLOW_CONN_PG_MAIN")._replace(name=Name(Kind.CONNECTION, "pg_main"))
    _, row = shown([place("store", [new._replace(remote_name="airflow/connections/pg_main")])])
    assert row.endswith("as pg_main; named airflow/connections/pg_main")


def test_one_table_has_a_column_for_each_place_up_to_four() -> None:
    places = [place(label, [created("K")]) for label in (".env", "prod", "eu", "us")]
    assert shown(places) == ["KEY  .env   prod   eu     us", "K    + new  + new  + new  + new"]
    many = [*places, place("ap", [refused("K")])]
    assert shown(many)[-3:] == ["Deployment ap (dep-ap):", "KEY  ap         NOTE", "K    ! refused  holds line breaks"]


def test_notes_of_several_places_name_them_only_where_they_differ() -> None:
    same = shown([place("eu", [refused("K")]), place("us", [refused("K")])])
    apart = shown([place("eu", [refused("K")]), place("us", [refused("K", Reason.TOO_LONG)])])
    assert same[1].endswith("  holds line breaks")
    assert apart[1].endswith("eu: holds line breaks; us: too long")


def test_two_ids_of_one_key_have_a_row_each() -> None:
    twins = [refused("X")._replace(name=Name(Kind.VARIABLE, each)) for each in ("MyVar", "myvar")]
    _, *rows = shown([place("prod", twins)])
    assert [row.partition("  ")[0] for row in rows] == ["AIRFLOW_VAR_MYVAR (MyVar)", "AIRFLOW_VAR_MYVAR (myvar)"]


def test_ids_of_one_key_are_counted_each_and_named_by_their_ids() -> None:
    names = [Name(Kind.VARIABLE, each) for each in ("MyVar", "myvar", "other")]
    rows = [
        change._replace(name=name)
        for change, name in zip([refused("X"), created("X"), created("X")], names, strict=True)
    ]
    where = place("file", rows, applied=True)
    assert dict(ways_out([where]))["--partial"] == "send the other 2, leave this one"
    assert "--exclude MyVar" in dict(ways_out([where]))
    assert show_end(RunOutcome(command="merge", places=(where,)), VIEW)[1:] == [
        "1 key stayed behind: AIRFLOW_VAR_MYVAR (MyVar)."
    ]


@pytest.mark.parametrize(("count", "listed"), [(20, 20), (21, 0)])
def test_successes_are_listed_up_to_twenty_and_else_counted(count: int, listed: int) -> None:
    lines = shown([place("prod", [created(f"AIRFLOW_VAR_{number}") for number in range(count)])])
    assert sum(line.startswith("AIRFLOW_VAR_") for line in lines) == listed
    assert (f"{count} variables new; --verbose lists them" in lines) is (listed == 0)


def test_sixty_clean_keys_take_at_most_20_lines_of_plan_and_5_afterwards() -> None:
    places = [place(".env", sixty(), applied=True), place("prod", sixty(), applied=True, restarts=2)]
    assert shown(places, Stage.PLAN) == ["50 variables, 10 connections new (10 secret); --verbose lists them"]
    outcome = RunOutcome(command="local-to-deploy", places=tuple(places), confirmed=True)
    assert shown(places, Stage.AFTER) == []
    assert show_end(outcome, VIEW) == [".env  60 new", "prod  60 new  2 restarts"]


@settings(deadline=None)
@given(st.lists(st.sampled_from([change for change, need in IN_ORDER if need <= Need.SKIPPED]), min_size=1, max_size=4))
def test_what_needs_attention_is_never_cut(attention: list[Change]) -> None:
    found = [change._replace(name=Name(Kind.ENVIRONMENT, f"KEY_{n}")) for n, change in enumerate(attention * 60)]
    lines = shown([place("prod", [*sixty(), *found])])
    assert {change.name.key for change in found} <= set(keys_of(lines))


def test_what_overwrites_something_on_a_shared_place_is_listed_before_the_question() -> None:
    found = [updated(f"K{number}", "a", "b") for number in range(30)]
    assert sum(line.startswith("K") for line in shown([place("prod", found)], Stage.PLAN)[1:]) == len(found)
    assert shown([place(".env", found)], Stage.PLAN) == ["30 environment variables changed; --verbose lists them"]
    assert shown([place("prod", found)], Stage.WHOLE) == ["30 environment variables changed; --verbose lists them"]


def test_after_a_confirmation_only_what_differs_from_the_plan_is_told() -> None:
    rows = [created("FINE"), refused("LEFT"), amiss(created("LOST"), Result.NOT_WRITTEN)]
    assert keys_of(shown([place("prod", rows)], Stage.AFTER)) == ["LOST"]


def test_a_quiet_report_shows_problems_only_and_a_verbose_one_all() -> None:
    rows = [change for change, _ in IN_ORDER]
    quiet = shown([place("prod", rows)], view=VIEW._replace(quiet=True))
    verbose = shown([place("prod", rows)], view=VIEW._replace(verbose=True))
    assert keys_of(quiet) == ["N", "O", "R", "D"]
    assert set(keys_of(verbose)) == {change.name.key for change in rows}


def test_what_is_so_from_run_to_run_is_one_line_and_none_when_quiet() -> None:
    rows = [
        *(decided(f"S{number}", Action.SECRET_KEPT, Reason.SECRET_NOT_COMPARED) for number in range(10)),
        *(decided(f"O{number}", Action.SKIP, Reason.OTHER_KIND) for number in range(17)),
    ]
    assert shown([place("prod", rows)]) == [
        "prod: 17 other keys cannot be kept there.",
        "prod: 10 secrets not compared; --rotate KEY writes one anew.",
    ]
    assert shown([place("prod", rows)], view=VIEW._replace(quiet=True)) == []


def test_each_way_out_stands_once_below_the_table() -> None:
    rows = [
        created("A"),
        created("B"),
        refused("PEM", Reason.LINE_BREAK, "--allow-argv PEM"),
        refused("PEM2", Reason.LINE_BREAK, "--allow-argv PEM2"),
        refused("X", Reason.EXPANSION, "--allow-expansion X"),
    ]
    assert show_ways_out(refusing(place("prod", rows), place("eu", rows)), VIEW) == [
        "Next, one of:",
        "  --allow-argv KEY     send it as it is; visible in ps for a moment",
        "  --allow-expansion X  send the value as this machine expands it",
        "  --partial            send the other 2, leave these",
        "  --exclude KEY        leave a key out",
    ]


def test_partial_is_no_way_out_where_it_was_taken() -> None:
    outcome = RunOutcome(command="merge", places=(place("prod", [created("A"), refused("K")], applied=True),))
    assert show_ways_out(outcome, VIEW) == ["Next:", "  --exclude K  leave a key out"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([refused("K")], None),
        ([refused("K"), decided("S", Action.SKIP, Reason.RESERVED)], None),
        ([refused("K"), conflict("D")], None),
        ([refused("K"), created("A")], "send the other one, leave this one"),
        ([refused("K"), created("A"), updated("B")], "send the other 2, leave this one"),
        ([refused("K"), refused("L"), created("A"), updated("B")], "send the other 2, leave these"),
    ],
)
def test_partial_is_a_way_out_where_something_else_would_go(rows: list[Change], told: str | None) -> None:
    assert dict(ways_out([place("prod", rows)])).get("--partial") == told


def test_files_are_named_without_their_folders_where_that_tells_them_apart() -> None:
    one, two = (place(".env", [created("K")])._replace(label=f"/project/{name}/.env") for name in "ab")
    assert shown([one])[0] == "KEY  .env"
    assert shown([one, two])[0] == "KEY  /project/a/.env  /project/b/.env"


def test_a_file_below_the_project_is_not_named_as_its_own() -> None:
    below = place("sub/.env", [created("K")], applied=True)
    assert shown([below])[0] == "KEY  sub/.env"
    assert show_end(RunOutcome(command="merge", places=(below,)), VIEW) == ["sub/.env  1 new"]


def test_what_an_undo_takes_out_is_no_change() -> None:
    taken = Change(Name(Kind.VARIABLE, "X"), Action.UPDATE, marks=(Reason.REMOVED,))
    where = place(".env", [taken], applied=True)
    assert shown([where])[1] == "AIRFLOW_VAR_X  ~ removed"
    assert show_end(RunOutcome(command="undo", places=(where,)), VIEW) == [".env  1 removed"]


def test_a_conflict_is_no_matter_for_partial() -> None:
    assert show_ways_out(refusing(place("prod", [conflict("K")])), VIEW)[1:] == [
        "  --on-conflict keep|overwrite  keep what stands there, or overwrite it",
        "  --exclude K                   leave a key out",
    ]
    assert show_ways_out(refusing(place("prod", [created("K")])), VIEW) == []


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_line_keeps_to_the_width_of_the_terminal(width: int) -> None:
    rows = [
        *(change for change, _ in IN_ORDER),
        refused("AIRFLOW_VAR_PEM", Reason.LINE_BREAK, "--allow-argv AIRFLOW_VAR_PEM"),
    ]
    notices = tuple(Notice(code, f"AIRFLOW_VAR_{code.name}", "about it") for code in WarningCode)
    places = [place(".env", rows, notices), place("prod", rows, notices)]
    view = VIEW._replace(width=width)
    outcome = RunOutcome(command="merge", places=tuple(places), dry_run=True)
    parts = [
        shown(places, view=view),
        show_ways_out(outcome, view),
        show_warnings(outcome, view),
        show_end(outcome, view),
    ]
    assert [line for part in parts for text in part for line in text.split("\n") if len(line) > width] == []


def test_a_warning_names_the_place_the_keys_and_what_to_do_once() -> None:
    notices = tuple(Notice(WarningCode.LOCAL_HOST, key) for key in "ABCDEFG")
    outcome = RunOutcome(command="merge", places=(place("prod", [], notices), place("eu", [], notices[:1])))
    assert show_warnings(outcome, VIEW) == [
        (
            "Warning: prod: 7 keys: A, B, C, D and 3 more: its host exists only on this machine; "
            "leave it out with --exclude KEY"
        ),
        "Warning: eu: A: its host exists only on this machine; leave it out with --exclude A",
    ]
    assert "E, F, G" in show_warnings(outcome, VIEW._replace(verbose=True))[0]


def test_what_never_changes_is_no_warning_and_nothing_when_quiet() -> None:
    notices = (Notice(WarningCode.STAYS_PLAIN, "K"), Notice(WarningCode.RESTART_LOCAL, None, ".env"))
    outcome = RunOutcome(command="merge", places=(place("prod", [], notices),))
    assert not any(line.startswith("Warning") for line in show_warnings(outcome, VIEW))
    assert show_warnings(outcome, VIEW._replace(quiet=True)) == []


@pytest.mark.parametrize(
    ("outcome", "lines"),
    [
        (
            RunOutcome(command="merge", places=(place("prod", [decided("K", Action.UNCHANGED)], applied=True),)),
            ["Nothing to do."],
        ),
        (
            RunOutcome(
                command="merge", dry_run=True, places=(place("prod", [created("A"), updated("B")], restarts=1),)
            ),
            ["prod  1 new, 1 changed  1 restart", "Nothing was changed."],
        ),
        (
            RunOutcome(command="merge", places=(place("prod", [created("A"), refused("B")], applied=True),)),
            ["prod  1 new", "1 key stayed behind: B."],
        ),
        (
            RunOutcome(
                command="merge",
                places=(
                    place("prod", [created("A")._replace(result=Result.DONE), amiss(created("B"), Result.UNKNOWN)]),
                ),
                exit_code=ExitCode.UNPLANNED,
                error=AstroSyncError("lost"),
            ),
            ["prod  1 new, 1 key not as planned"],
        ),
        (RunOutcome(command="merge", places=(place("prod", [refused("B")]),), error=RefusedError("no")), []),
    ],
)
def test_the_end_says_what_was_done_at_each_place(outcome: RunOutcome, lines: list[str]) -> None:
    assert show_end(outcome, VIEW) == lines


def test_ten_deployments_take_a_line_each_and_one_for_all() -> None:
    places = tuple(place(f"team{n}", [created(f"K{k}") for k in range(9)], applied=True, restarts=1) for n in range(10))
    lines = show_end(RunOutcome(command="local-to-deploy", places=places), VIEW)
    assert lines == [*(f"team{n}  9 new  1 restart" for n in range(10)), "10 places: 90 new."]


def test_markdown_has_the_rows_the_counts_the_error_and_the_ways_out() -> None:
    rows = [*sixty(), refused("R|R", Reason.LINE_BREAK, "--allow-argv R|R"), conflict("D")]
    outcome = RunOutcome(command="merge", places=(place("prod", rows, applied=True),), error=RefusedError("no"))
    there, here = (f"text of {len(text)} characters" for text in (THERE, HERE))
    assert page(outcome) == [
        "**astro-sync merge**",
        "",
        "| KEY | prod | NOTE |",
        "| --- | --- | --- |",
        r"| R\|R | ! refused | holds line breaks |",
        f"| D | ! differs | {there} there, {here} here; changed there 2 days ago |",
        "",
        "- 50 variables, 10 connections new (10 secret); --verbose lists them",
        "- prod 60 new",
        r"- 2 keys stayed behind: R\|R, D.",
        "",
        "**Error:** no",
        "",
        "**Next, one of:**",
        "",
        r"- --allow-argv R\|R: send it as it is; visible in ps for a moment",
        r"- --on-conflict keep\|overwrite: keep what stands there, or overwrite it",
        "- --partial: send the other 60, leave this one",
        "- --exclude KEY: leave a key out",
    ]


def test_markdown_tells_of_each_new_key_and_of_secrets_that_were_not_compared() -> None:
    new = [created("A", secret=True), created("B", marks=(Reason.ON_ONE_LINE,))]
    kept = [decided("S", Action.SECRET_KEPT, Reason.SECRET_NOT_COMPARED)]
    outcome = RunOutcome(command="merge", places=(place("prod", [*new, *kept], applied=True, restarts=2),))
    assert page(outcome)[2:] == [
        "| KEY | prod | NOTE |",
        "| --- | --- | --- |",
        "| A | + new | secret |",
        "| B | + new | on one line |",
        "",
        "- prod: 1 secret not compared; --rotate KEY writes one anew.",
        "- prod 2 new 2 restarts",
    ]


def test_markdown_heads_the_tables_of_many_places() -> None:
    places = tuple(place(f"team{n}", [created("K")], applied=True) for n in range(5))
    lines = page(RunOutcome(command="merge", places=places))
    assert lines[2:6] == ["**Deployment team0 (dep-team0):**", "", "| KEY | team0 |", "| --- | --- |"]
    assert "" not in {before or after for before, after in pairwise(lines)}, "two blank lines"


def test_markdown_tells_the_hint_of_an_error_and_no_blank_line_too_many() -> None:
    failed = RunOutcome(command="merge", error=AstroSyncError("no", hint="Try `this`."))
    assert page(failed) == ["**astro-sync merge**", "", "**Error:** no", "", r"**Next:** Try \`this\`."]


@given(st.lists(st.sampled_from([change for change, _ in IN_ORDER]), max_size=40), st.sampled_from([None, 60, 120]))
def test_no_report_shows_a_value(changes: list[Change], width: int | None) -> None:
    view = View(now=NOW, width=width, verbose=True)
    places = [place(".env", changes), place("prod", changes)]
    outcome = RunOutcome(command="merge", places=tuple(places))
    text = "\n".join([*shown(places, view=view), *show_end(outcome, view), *page(outcome, verbose=True)])
    assert HERE not in text
    assert THERE not in text


def test_an_odd_key_is_written_out_wherever_a_line_names_it() -> None:
    evil = "K\x1b[2J\nX"
    outcome = RunOutcome(
        command="merge", places=(place("prod", [refused(evil)], (Notice(WarningCode.LOCAL_HOST, evil),), applied=True),)
    )
    lines = [*shown(outcome.places), *show_ways_out(outcome, VIEW), *show_warnings(outcome, VIEW)]
    lines += [*show_end(outcome, VIEW), *page(outcome)]
    assert not any("\x1b" in line or "\n" in line for line in lines)
