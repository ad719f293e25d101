from astro_sync.console.comparison import show_comparison
from astro_sync.console.report import View
from astro_sync.core.compare import Match
from astro_sync.core.model import Kind, Name
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError
from console.outcomes import HERE, NOW, THERE, compared, compared_place

VIEW = View(now=NOW)
PAGE = VIEW._replace(markdown=True)
PG_HERE, PG_THERE = "postgres://u:p1@one/db", "postgres://u:p2@two/db"


def outcome_of(*labels: str) -> RunOutcome:
    found = (
        compared("SAME", Match.SAME),
        compared("THERE", Match.ONLY_DESTINATION),
        compared("HIDDEN", Match.NOT_KNOWN, there=None),
        compared("HERE", Match.ONLY_SOURCE),
        compared("AIRFLOW_CONN_PG", Match.DIFFERENT, PG_HERE, PG_THERE),
    )
    return RunOutcome(command="diff", places=tuple(compared_place(label, *found) for label in labels))


def test_two_places_are_compared_in_a_table_that_only_counts_what_is_the_same() -> None:
    assert show_comparison(outcome_of("prod"), VIEW) == [
        "KEY              prod          NOTE",
        "AIRFLOW_CONN_PG  ≠ different   host, password",
        "HERE             – missing",  # noqa: RUF001
        "HIDDEN           * not known   secret, not compared",
        "THERE            + only there",
        "prod: 1 different, 1 missing, 1 not known, 1 only there, 1 the same.",
    ]


def test_all_is_listed_when_verbose_and_nothing_when_quiet() -> None:
    verbose = show_comparison(outcome_of("prod"), VIEW._replace(verbose=True))
    assert [line.split()[0] for line in verbose[1:-1]] == ["AIRFLOW_CONN_PG", "HERE", "HIDDEN", "THERE", "SAME"]
    assert len(show_comparison(outcome_of("prod"), VIEW._replace(quiet=True))) == 0


def test_several_deployments_make_a_matrix_of_marks_with_a_legend() -> None:
    lines = show_comparison(outcome_of("eu", "us", "ap"), VIEW)
    assert lines[:6] == [
        "KEY              eu  us  ap",
        "AIRFLOW_CONN_PG  ≠   ≠   ≠",
        "HERE             –   –   –",  # noqa: RUF001
        "HIDDEN           *   *   *",
        "THERE            +   +   +",
        "≠ different, – missing, + only there, * not known",  # noqa: RUF001
    ]
    assert len(lines) == 6 + 3


def test_twelve_deployments_fit_a_narrow_terminal_by_their_numbers() -> None:
    labels = [f"deployment-{number}" for number in range(1, 13)]
    lines = show_comparison(outcome_of(*labels), VIEW._replace(width=60))
    assert max(map(len, lines)) <= 60 + len("deployment-12: ")
    heading = next(line for line in lines if line.startswith("KEY"))
    assert heading.split()[1:] == [str(number) for number in range(1, 13)]
    assert "12 deployment-12" in " ".join(line.strip() for line in lines)


def test_a_key_that_one_place_alone_has_leaves_the_others_blank() -> None:
    only = RunOutcome(
        command="diff",
        places=(
            compared_place("eu", compared("K", Match.ONLY_DESTINATION)),
            compared_place("us"),
            compared_place("ap"),
        ),
    )
    assert show_comparison(only, VIEW)[1] == "K    +"


def test_an_error_before_anything_was_read_is_not_called_nothing_to_compare() -> None:
    failed = RunOutcome(command="diff", error=AstroSyncError("There is no .env here."))
    assert show_comparison(failed, VIEW) == []


def test_nothing_on_either_side_is_said() -> None:
    assert show_comparison(RunOutcome(command="diff", places=(compared_place("prod"),)), VIEW) == [
        "Nothing to compare."
    ]


def test_the_matrix_stands_in_markdown_too() -> None:
    lines = show_comparison(outcome_of("eu", "us", "ap"), PAGE)
    assert lines[1:7] == [
        "| KEY | eu | us | ap |",
        "| --- | --- | --- | --- |",
        "| AIRFLOW_CONN_PG | ≠ | ≠ | ≠ |",
        "| HERE | – | – | – |",  # noqa: RUF001
        r"| HIDDEN | \* | \* | \* |",
        "| THERE | + | + | + |",
    ]


def test_two_ids_of_one_key_are_told_apart() -> None:
    twins = [compared("K", Match.ONLY_SOURCE)._replace(name=Name(Kind.CONNECTION, each)) for each in ("PG", "pg", "x")]
    lines = show_comparison(RunOutcome(command="diff", places=(compared_place("file", *twins),)), VIEW)
    keys = [line.partition("  ")[0] for line in lines[1:-1]]
    assert keys == ["AIRFLOW_CONN_PG (PG)", "AIRFLOW_CONN_PG (pg)", "AIRFLOW_CONN_X"]


def test_no_comparison_shows_a_value() -> None:
    for labels in (["prod"], ["eu", "us"], ["eu", "us", "ap"]):
        text = "\n".join([*show_comparison(outcome_of(*labels), VIEW), *show_comparison(outcome_of(*labels), PAGE)])
        assert HERE not in text
        assert THERE not in text
        assert "p1" not in text
