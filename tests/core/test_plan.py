from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.core.model import WRITES, Action, Change, Note, OnConflict, Plan, Snapshot, Value, Variable
from astro_sync.core.plan import DIFFERS, Policy, is_reserved, make_plan, matches, unmatched
from astro_sync.errors import GO_ON

KEEP, OVERWRITE, ASK, FAIL = OnConflict.KEEP, OnConflict.OVERWRITE, OnConflict.ASK, OnConflict.FAIL
REFUSED = "a line end goes through no file; go on with --exclude K"
PLACEHOLDERS = ("# secret", "****", "# secret on the Deployment, set it here")
SECRET = Variable("?", None, secret=True)
Side = str | Variable | None


def side(texts: Mapping[str, Side], *, file: bool = False, deployment: bool = False) -> Snapshot:
    """Make a snapshot of texts; SECRET stands for a secret of a Deployment, None for nothing."""
    found = {}
    for key, text in texts.items():
        if isinstance(text, str):
            found[key] = Variable(key, Value(text))
        elif text is not None:
            found[key] = replace(text, key=key)
    return Snapshot(found, blank_means_lost=file, keeps_secrets=deployment)


def hold_all(_variable: Variable) -> None:
    """Refuse nothing."""


def hold_no_lines(variable: Variable) -> str | None:
    """Refuse what the Astro CLI's file form refuses first of all."""
    return REFUSED if variable.value and "\n" in variable.value.reveal() else None


@dataclass(frozen=True)
class Push:
    """Say what stands at one key of a `.env` and of a Deployment, and what the user said."""

    local: Side
    there: Side
    policy: Policy = field(default_factory=Policy)
    key: str = "K"


def push(case: Push) -> Change:
    local, there = side({case.key: case.local}, file=True), side({case.key: case.there}, deployment=True)
    return only(make_plan(local, there, case.policy, hold_no_lines))


def pull(there: Side, local: Side, policy: Policy | None = None, key: str = "K") -> Change:
    source, destination = side({key: there}, deployment=True), side({key: local}, file=True)
    return only(make_plan(source, destination, policy or Policy(), hold_all))


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def notes(plan: Plan) -> list[tuple[Note, str | None]]:
    return [(warn.code, warn.key) for warn in plan.warnings]


# --- from a .env to a Deployment ---


@pytest.mark.parametrize(
    ("case", "action"),
    [
        (Push("new", None), Action.CREATE),
        (Push("", None), Action.CREATE),
        (Push("same", "same"), Action.UNCHANGED),
        (Push("", ""), Action.UNCHANGED),
        (Push("here", "there", Policy(OVERWRITE)), Action.UPDATE),
        (Push("here", "there", Policy(KEEP)), Action.KEEP),
        (Push("here", "there", Policy(FAIL)), Action.REFUSED),
        (Push("here", "there", Policy(ASK)), Action.REFUSED),
        (Push("here", "there", Policy(ASK, decided={"K": OVERWRITE})), Action.UPDATE),
        (Push("here", "there", Policy(ASK, decided={"K": KEEP})), Action.KEEP),
        (Push("here", "there", Policy(OVERWRITE, decided={"K": KEEP})), Action.KEEP),
        (Push("here", "there", Policy(ASK, decided={"OTHER": OVERWRITE})), Action.REFUSED),
        (Push("here", "", Policy(FAIL)), Action.REFUSED),
        (Push("", "there", Policy(OVERWRITE)), Action.UPDATE),
        (Push(" x", "x", Policy(FAIL)), Action.REFUSED),
        (Push("x\r", "x", Policy(OVERWRITE)), Action.UPDATE),
        (Push("e\u0301", "\u00e9", Policy(OVERWRITE)), Action.UPDATE),
        # what the destination cannot hold is refused, unless nothing is to be written
        (Push("two\nlines", None), Action.REFUSED),
        (Push("two\nlines", "there", Policy(OVERWRITE)), Action.REFUSED),
        (Push("two\nlines", "there", Policy(KEEP)), Action.KEEP),
        (Push("two\nlines", "two\nlines", Policy(OVERWRITE)), Action.UNCHANGED),
        (Push("two\nlines", SECRET), Action.SECRET_KEPT),
        (Push("two\nlines", SECRET, Policy(rotate=("K",))), Action.REFUSED),
        (Push("two\nlines", None, Policy(exclude=("K",))), Action.SKIP),
        # a secret's value is never touched without --rotate, whatever the policy
        (Push("here", SECRET, Policy(KEEP)), Action.SECRET_KEPT),
        (Push("here", SECRET, Policy(OVERWRITE)), Action.SECRET_KEPT),
        (Push("here", SECRET, Policy(OVERWRITE, decided={"K": OVERWRITE})), Action.SECRET_KEPT),
        (Push("here", SECRET, Policy(OVERWRITE, rotate=("OTHER*",))), Action.SECRET_KEPT),
        (Push("here", SECRET, Policy(OVERWRITE, rotate=("k",))), Action.SECRET_KEPT),
        (Push("here", SECRET, Policy(KEEP, rotate=("K",))), Action.UPDATE),
        (Push("here", SECRET, Policy(FAIL, rotate=("?",))), Action.UPDATE),
        (Push("here", SECRET, Policy(FAIL, rotate=("K",), exclude=("*",))), Action.SKIP),
        # ... and a real local value
        (Push("", SECRET, Policy(OVERWRITE, rotate=("*",))), Action.SKIP),
        (Push("# secret", SECRET, Policy(OVERWRITE, rotate=("*",))), Action.SKIP),
        (Push(" ", SECRET, Policy(FAIL, rotate=("*",))), Action.UPDATE),
        # --rotate means nothing to what is no secret
        (Push("here", "there", Policy(FAIL, rotate=("*",))), Action.REFUSED),
        (Push("here", None, Policy(FAIL, rotate=("*",))), Action.CREATE),
        # a placeholder on the Deployment gives way without a conflict
        (Push("here", "# secret", Policy(FAIL)), Action.UPDATE),
        (Push("here", "****", Policy(KEEP)), Action.UPDATE),
        # what a raw export left in the .env never wins over the Deployment
        (Push("", "there", Policy(OVERWRITE), "AIRFLOW_VAR_X"), Action.SKIP),
        (Push("", "there", Policy(OVERWRITE), "AIRFLOW_CONN_X"), Action.SKIP),
        (Push("", "", Policy(OVERWRITE), "AIRFLOW_VAR_X"), Action.UNCHANGED),
        (Push("", None, Policy(OVERWRITE), "AIRFLOW_VAR_X"), Action.CREATE),
        (Push("", "there", Policy(OVERWRITE), "AIRFLOW__X__Y"), Action.UPDATE),
        # an empty variable of the Deployment was not left by an export
        (Push("here", "", Policy(FAIL), "AIRFLOW_VAR_X"), Action.REFUSED),
    ],
)
def test_each_pair_of_values_and_policy_has_its_action_on_the_way_up(case: Push, action: Action) -> None:
    assert push(case).action is action


@pytest.mark.parametrize("local", ["here", "", "# secret", "two\nlines"])
def test_a_secret_that_is_kept_is_shown_as_a_secret(local: str) -> None:
    assert push(Push(local, SECRET)) == Change("K", Action.SECRET_KEPT, secret=True)


def test_a_key_that_only_the_deployment_has_is_listed_last_and_never_touched() -> None:
    there = side({"T": "x", "S": SECRET, "K": "1"}, deployment=True)
    plan = make_plan(side({"N": "1", "K": "1"}), there, Policy(OVERWRITE, rotate=("*",)), hold_all)
    assert [(change.key, change.action, change.secret) for change in plan.changes] == [
        ("N", Action.CREATE, False),
        ("K", Action.UNCHANGED, False),
        ("T", Action.DESTINATION_ONLY, False),
        ("S", Action.DESTINATION_ONLY, True),
    ]


def test_a_key_that_only_the_destination_has_and_no_filter_wants_is_not_listed() -> None:
    plan = make_plan(side({}), side({"T": "x", "AIRFLOW_VAR_T": "y"}), Policy(only=("AIRFLOW_VAR_*",)), hold_all)
    assert [change.key for change in plan.changes] == ["AIRFLOW_VAR_T"]


def test_a_write_holds_the_new_value_and_the_old_one() -> None:
    assert push(Push("here", "there", Policy(OVERWRITE))) == Change(
        "K", Action.UPDATE, value=Value("here"), old=Value("there")
    )
    assert push(Push("here", None)) == Change("K", Action.CREATE, value=Value("here"))


def test_a_key_that_is_kept_holds_both_values_so_that_the_report_can_tell_them_apart() -> None:
    assert push(Push("here", "there", Policy(KEEP))) == Change(
        "K", Action.KEEP, value=Value("here"), old=Value("there")
    )


@pytest.mark.parametrize("policy", [FAIL, ASK])
def test_an_undecided_conflict_is_a_refusal_of_its_own_kind_that_names_the_way_out(policy: OnConflict) -> None:
    plan = make_plan(side({"K": "here"}), side({"K": "there"}), Policy(policy), hold_all)
    assert plan.conflicts == (
        Change("K", Action.REFUSED, reason=DIFFERS, value=Value("here"), old=Value("there"), conflict=True),
    )
    assert plan.refusals == ()
    assert "--on-conflict" in DIFFERS


def test_what_the_destination_cannot_hold_is_no_conflict_since_no_policy_would_help() -> None:
    change = push(Push("two\nlines", "there", Policy(FAIL)))
    assert (change.action, change.conflict, change.reason) == (Action.REFUSED, False, REFUSED)
    assert change.value is None


def test_the_destination_is_asked_whether_it_can_hold_what_would_really_be_written() -> None:
    asked: list[Variable] = []

    def refuse(variable: Variable) -> str:
        asked.append(variable)
        return "no"

    source = side({"NEW": "1", "SAME": "1", "OLD": "1", "S": "1", "KEPT": "1", "HOLE": "# secret"})
    there = side({"SAME": "1", "OLD": "2", "S": SECRET, "KEPT": SECRET}, deployment=True)
    make_plan(source, there, Policy(OVERWRITE, rotate=("S",)), refuse)
    assert asked == [
        Variable("NEW", Value("1")),
        Variable("OLD", Value("1")),
        Variable("S", Value("1"), secret=True),
    ]


# --- from a Deployment to a .env ---


@pytest.mark.parametrize(
    ("there", "local", "action"),
    [
        ("x", None, Action.CREATE),
        ("x", "x", Action.UNCHANGED),
        ("x", "y", Action.REFUSED),
        (SECRET, None, Action.SECRET_KEPT),
        (SECRET, "mine", Action.SECRET_KEPT),
        (SECRET, "", Action.SECRET_KEPT),
        (SECRET, "# secret", Action.SECRET_KEPT),
        ("# secret", None, Action.SKIP),
        ("# secret", "mine", Action.SKIP),
        ("x", "# secret", Action.UPDATE),
        ("x", "  ****\t", Action.UPDATE),
        ("", None, Action.CREATE),
        ("", "mine", Action.REFUSED),
    ],
)
def test_each_pair_of_values_has_its_action_on_the_way_down(there: Side, local: Side, action: Action) -> None:
    assert pull(there, local).action is action


@pytest.mark.parametrize("policy", list(OnConflict))
@pytest.mark.parametrize("rotate", [(), ("*",)])
def test_pulling_a_secret_writes_no_value_whatever_was_said(policy: OnConflict, rotate: tuple[str, ...]) -> None:
    for local in (None, "mine", "", "# secret"):
        change = pull(SECRET, local, Policy(policy, rotate=rotate))
        assert (change.action, change.value, change.secret) == (Action.SECRET_KEPT, None, True)


@pytest.mark.parametrize(("local", "noted"), [(None, True), ("mine", False), ("", False), ("# secret", False)])
def test_a_pulled_secret_is_recorded_as_a_comment_only_where_no_line_has_its_key(local: Side, *, noted: bool) -> None:
    assert pull(SECRET, local).noted is noted


def test_a_secret_whose_name_no_line_can_show_is_not_recorded() -> None:
    for key in ("A\nB", "A\x1b[31m", "A\u202eB"):
        assert pull(SECRET, None, key=key) == Change(key, Action.SECRET_KEPT, secret=True)


def test_a_secret_that_a_comment_records_is_not_recorded_again() -> None:
    local = Snapshot(noted=frozenset({"K"}))
    assert not only(make_plan(side({"K": SECRET}), local, Policy(), hold_all)).noted


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_X", "AIRFLOW_CONN_X"])
@pytest.mark.parametrize("policy", list(OnConflict))
def test_an_empty_airflow_line_in_the_file_gives_way_to_a_real_value(key: str, policy: OnConflict) -> None:
    assert pull("real", "", Policy(policy), key).action is Action.UPDATE


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_X", "AIRFLOW_CONN_X"])
def test_an_empty_airflow_variable_of_a_deployment_is_a_value_like_any_other(key: str) -> None:
    assert pull("", "mine", Policy(FAIL), key).conflict
    assert pull("", "mine", Policy(OVERWRITE), key).action is Action.UPDATE


def test_any_other_empty_line_in_the_file_is_a_value_like_any_other() -> None:
    assert pull("real", "", Policy(FAIL), "MY_FLAG").conflict
    assert pull("real", "", Policy(KEEP), "MY_FLAG").action is Action.KEEP


def test_a_file_makes_no_secrets() -> None:
    assert pull("postgres://u:p@h/x", None, key="AIRFLOW_CONN_X") == Change(
        "AIRFLOW_CONN_X", Action.CREATE, value=Value("postgres://u:p@h/x")
    )
    assert not pull("x", None, Policy(secret=("*",))).secret


# --- placeholders ---


@pytest.mark.parametrize("outer", ["{}", " {}", "{}  ", "\t{}\n"])
@pytest.mark.parametrize("text", PLACEHOLDERS)
@pytest.mark.parametrize("policy", [Policy(OVERWRITE), Policy(OVERWRITE, rotate=("*",))])
def test_a_placeholder_is_skipped_and_named_in_every_direction(text: str, outer: str, policy: Policy) -> None:
    for there in (None, "real", ""):
        for deployment in (True, False):
            source = side({"K": outer.format(text)}, file=deployment, deployment=not deployment)
            plan = make_plan(source, side({"K": there}, deployment=deployment), policy, hold_all)
            change = only(plan)
            assert (change.action, change.placeholder) == (Action.SKIP, True)
            assert change.reason
            assert notes(plan) == [(Note.PLACEHOLDER, "K")]


@pytest.mark.parametrize("text", ["# secrets", "# Secret", "#secret", "*****", "***", "x # secret", "# secret x"])
def test_what_only_resembles_a_placeholder_is_carried(text: str) -> None:
    assert push(Push(text, None)).action is Action.CREATE


@pytest.mark.parametrize(
    ("local", "there", "allowed", "action"),
    [
        ("# secret", None, "K", Action.CREATE),
        ("****", "there", "K", Action.UPDATE),
        ("# secret", SECRET, "K", Action.UPDATE),
        ("", SECRET, "K", Action.UPDATE),
        ("# secret", None, "*", Action.SKIP),
        ("# secret", None, "OTHER", Action.SKIP),
    ],
)
def test_a_placeholder_is_carried_when_its_key_is_allowed_by_name(
    local: str, there: Side, allowed: str, action: Action
) -> None:
    policy = Policy(OVERWRITE, rotate=("*",), allow_placeholder=frozenset({allowed}))
    assert push(Push(local, there, policy)).action is action


# --- filters ---


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (Policy(), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B", "airflow_var_c", "MY.D"}),
        (Policy(include=("AIRFLOW_*",)), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B"}),
        (Policy(include=("AIRFLOW_VAR_B", "MY.?")), {"AIRFLOW_VAR_B", "MY.D"}),
        (Policy(include=("AIRFLOW",)), set()),
        (Policy(exclude=("AIRFLOW_*",)), {"airflow_var_c", "MY.D"}),
        (Policy(include=("AIRFLOW_*",), exclude=("*_B",)), {"AIRFLOW_CONN_A"}),
        (Policy(include=("*_B",), exclude=("*_B",)), set()),
        (Policy(only=("AIRFLOW_CONN_*", "AIRFLOW_VAR_*")), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B"}),
        (Policy(include=("*_B", "MY*"), only=("AIRFLOW_CONN_*", "AIRFLOW_VAR_*")), {"AIRFLOW_VAR_B"}),
        (Policy(include=("[AM]*",), exclude=("MY[.]*",)), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B"}),
    ],
)
def test_only_keys_that_the_filters_want_go_anywhere(policy: Policy, wanted: set[str]) -> None:
    source = side(dict.fromkeys(("AIRFLOW_CONN_A", "AIRFLOW_VAR_B", "airflow_var_c", "MY.D"), "aws://"))
    plan = make_plan(source, side({}), policy, hold_all)
    assert {change.key for change in plan.writes} == wanted
    assert {change.action for change in plan.changes if change.key not in wanted} <= {Action.SKIP}
    assert not plan.warnings, "a filter is no news"


def test_a_filter_goes_before_every_other_rule() -> None:
    source = replace(
        side({"HOLE": "# secret", "DIFFERS": "1", "SECRET": "1", "AIRFLOW_HOME": "/x", "PULLED": SECRET}),
        unreadable={"LOST": "the export lost it"},
    )
    there = side({"DIFFERS": "2", "SECRET": SECRET}, deployment=True)
    plan = make_plan(source, there, Policy(exclude=("*",), rotate=("*",)), hold_all)
    assert [change.action for change in plan.changes] == [Action.SKIP] * 6
    assert plan.warnings == ()


def test_a_key_that_a_filter_leaves_out_is_not_said_to_look_like_a_secret() -> None:
    source, there = side({"MY_TOKEN": "new"}), side({"MY_TOKEN": "old"}, deployment=True)
    assert make_plan(source, there, Policy(OVERWRITE, exclude=("*",)), hold_all).warnings == ()


@pytest.mark.parametrize(
    ("key", "globs", "hit"),
    [
        ("K", (), False),
        ("K", ("K",), True),
        ("K", ("k",), False),
        ("K1", ("K",), False),
        ("AB", ("?B",), True),
        ("A", ("X", "A"), True),
        ("A\nB", ("A*",), True),
    ],
)
def test_a_glob_matches_the_whole_key_case_and_all(key: str, globs: tuple[str, ...], *, hit: bool) -> None:
    assert matches(key, globs) is hit


# --- reserved and shared keys ---


@pytest.mark.parametrize("key", ["AIRFLOW_HOME", "AIRFLOW__CORE__FERNET_KEY", "ASTRO_X", "COMPOSE_FILE", "DOCKER_HOST"])
@pytest.mark.parametrize("deployment", [True, False])
def test_a_reserved_key_stays_home_and_is_named_in_both_directions(key: str, *, deployment: bool) -> None:
    for there in (None, "other", SECRET):
        plan = make_plan(
            side({key: "/x"}), side({key: there}, deployment=deployment), Policy(OVERWRITE, rotate=("*",)), hold_all
        )
        change = only(plan)
        assert change.action is Action.SKIP
        assert f"--allow-reserved {key}" in str(change.reason)
        assert notes(plan) == [(Note.RESERVED, key)]


def test_a_reserved_secret_is_not_recorded_as_a_comment_either() -> None:
    assert pull(SECRET, None, key="DOCKER_X") == Change(
        "DOCKER_X", Action.SKIP, reason="Astro sets it itself; --allow-reserved DOCKER_X permits it", secret=True
    )


def test_a_reserved_key_goes_like_any_other_when_it_is_allowed_by_its_name() -> None:
    def action(*allowed: str) -> Action:
        policy = Policy(allow_reserved=frozenset(allowed))
        return only(make_plan(side({"AIRFLOW_HOME": "/x"}), side({}), policy, hold_all)).action

    assert action("AIRFLOW_HOME") is Action.CREATE
    assert action("AIRFLOW_*") is Action.SKIP, "it is a name, not a glob"
    assert action("DOCKER_HOST") is Action.SKIP


@pytest.mark.parametrize(
    ("key", "reserved"),
    [
        ("AIRFLOW_HOME", True),
        ("AIRFLOW_HOMES", False),
        ("airflow_home", False),
        ("ASTRONOMER_ENVIRONMENT", True),
        ("ASTRO_", True),
        ("ASTRO", False),
        ("MY_ASTRO_X", False),
        ("AWS_DEFAULT_REGION", False),
        ("AIRFLOW_VAR_ASTRO_X", False),
    ],
)
def test_a_key_is_reserved_by_its_name_or_by_a_pattern(key: str, *, reserved: bool) -> None:
    assert is_reserved(key) is reserved


@pytest.mark.parametrize(("there", "told"), [(None, True), ("other", True), ("mine", False), (SECRET, False)], ids=str)
def test_a_shared_key_is_named_when_it_is_written_to_a_deployment(there: Side, *, told: bool) -> None:
    plan = make_plan(
        side({"OPENLINEAGE_URL": "mine"}),
        side({"OPENLINEAGE_URL": there}, deployment=True),
        Policy(OVERWRITE),
        hold_all,
    )
    assert ((Note.SHARED, "OPENLINEAGE_URL") in notes(plan)) is told


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "postgres", "host.docker.internal"])
def test_a_connection_to_the_users_own_machine_is_named_when_it_is_written(host: str) -> None:
    source = side({"AIRFLOW_CONN_DB": f"mysql://{host}:3306/x"})
    plan = make_plan(source, side({}, deployment=True), Policy(), hold_all)
    assert notes(plan) == [(Note.LOCAL_HOST, "AIRFLOW_CONN_DB")]
    assert only(plan).action is Action.CREATE
    same = make_plan(source, replace(source, keeps_secrets=True), Policy(), hold_all)
    assert notes(same) == []


def test_a_connection_to_any_other_host_is_not_named() -> None:
    source = side({"AIRFLOW_CONN_DB": "mysql://db.example.com:3306/x", "AIRFLOW_CONN_BAD": "://"})
    plan = make_plan(source, side({}, deployment=True), Policy(), hold_all)
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.CREATE]
    assert notes(plan) == [(Note.UNSOUND, "AIRFLOW_CONN_BAD")]


def test_a_glob_that_matches_nothing_is_named_since_a_typing_error_would_pass_for_success() -> None:
    source, there = side({"A": "1"}), Snapshot({"S": Variable("S", None, secret=True)}, keeps_secrets=True)
    policy = Policy(include=("A", "NOPE"), rotate=("S", "A", "T*"))
    messages = [warn.message for warn in unmatched(source, there, policy)]
    assert [message.split(" matches")[0] for message in messages] == ["--include NOPE", "--rotate A", "--rotate T*"]
    assert list(unmatched(source, side({}, file=True), policy)) == []


def test_what_matters_on_a_deployment_only_is_not_said_of_a_file() -> None:
    source = side({"AIRFLOW_CONN_DB": "mysql://u:p@localhost/x", "OPENLINEAGE_URL": "x", "MY_TOKEN": "new"})
    plan = make_plan(source, side({"MY_TOKEN": "old"}, file=True), Policy(OVERWRITE), hold_all)
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.CREATE, Action.UPDATE]
    assert notes(plan) == []


# --- which new keys are secret ---


@pytest.mark.parametrize(
    ("key", "text", "policy", "secret"),
    [
        ("MY_TOKEN", "x", Policy(), True),
        ("MY_FLAG", "x", Policy(), False),
        ("NO_PROXY", "x", Policy(), False),
        ("MY_FLAG", "x", Policy(secret=("MY_*",)), True),
        ("MY_TOKEN", "x", Policy(plain=("MY_*",)), False),
        ("MY_TOKEN", "x", Policy(plain=("*",), secret=("*",)), False),
        ("MY_TOKEN", "x", Policy(secret=("OTHER",)), True),
        ("MY_FLAG", "-----BEGIN PRIVATE KEY-----", Policy(), True),
        ("AIRFLOW_CONN_A", "mysql://u:p@h/x", Policy(), True),
        ("AIRFLOW_CONN_A", "mysql://u@h/x", Policy(), False),
        ("AIRFLOW_CONN_A", "mysql://u:p@h/x", Policy(plain=("AIRFLOW_CONN_A",)), False),
    ],
)
def test_a_new_key_is_secret_by_its_name_and_value_unless_the_user_says_otherwise(
    key: str, text: str, policy: Policy, *, secret: bool
) -> None:
    assert push(Push(text, None, policy, key)) == Change(key, Action.CREATE, secret, value=Value(text))


def test_a_plain_key_stays_plain_and_is_named_if_it_looks_like_a_secret() -> None:
    for local, policy in [("new", OVERWRITE), ("old", OVERWRITE), ("new", KEEP), ("new", FAIL)]:
        plan = make_plan(
            side({"MY_TOKEN": local}), side({"MY_TOKEN": "old"}, deployment=True), Policy(policy), hold_all
        )
        assert only(plan).secret is False
        assert notes(plan) == [(Note.STAYS_PLAIN, "MY_TOKEN")]


def test_an_existing_secret_stays_secret_when_it_is_written_anew() -> None:
    for policy in (Policy(rotate=("K",)), Policy(rotate=("K",), plain=("K",))):
        change = push(Push("here", SECRET, policy))
        assert change == Change("K", Action.UPDATE, secret=True, value=Value("here"), old=None)


def test_a_secret_that_is_written_anew_is_not_said_to_be_plain() -> None:
    there = side({"MY_TOKEN": SECRET}, deployment=True)
    assert notes(make_plan(side({"MY_TOKEN": "x"}), there, Policy(rotate=("*",)), hold_all)) == []


# --- warnings about secrets ---


@pytest.mark.parametrize(
    ("source", "destination", "note", "words"),
    [
        (side({"K": "x"}), side({"K": SECRET}, deployment=True), Note.SECRET_KEPT, "--rotate K writes the local value"),
        (side({"K": "****"}), side({"K": SECRET}, deployment=True), Note.PLACEHOLDER, "only a placeholder here"),
        (side({"K": SECRET}, deployment=True), side({}), Note.SECRET_KEPT, "comment"),
        (side({"K": SECRET}, deployment=True), side({"K": "mine"}), Note.SECRET_KEPT, "local-to-deploy --rotate K"),
        (side({"K": SECRET}, deployment=True), side({"K": "# secret"}), Note.PLACEHOLDER, "real value"),
    ],
)
def test_a_secret_that_was_not_compared_is_named_with_the_way_to_write_it(
    source: Snapshot, destination: Snapshot, note: Note, words: str
) -> None:
    (warn,) = make_plan(source, destination, Policy(), hold_all).warnings
    assert (warn.code, warn.key) == (note, "K")
    assert words in warn.message


# --- keys that the source could not read ---


def test_a_key_that_could_not_be_read_is_refused_with_its_reason_and_the_way_on() -> None:
    plan = make_plan(Snapshot(unreadable={"A B": "the export lost it"}), side({}), Policy(OVERWRITE), hold_all)
    assert plan.refusals == (
        Change("A B", Action.REFUSED, reason=f"the export lost it{GO_ON}--exclude 'A B' or --partial"),
    )
    assert plan.conflicts == ()


def test_a_reason_that_already_names_the_way_on_is_not_given_a_second_one() -> None:
    reason = f"too long{GO_ON}--allow-argv"
    assert only(make_plan(Snapshot(unreadable={"K": reason}), side({}), Policy(), hold_all)).reason == reason


@pytest.mark.parametrize(
    ("there", "policy", "action"),
    [
        (None, KEEP, Action.REFUSED),
        ("mine", KEEP, Action.KEEP),
        ("", KEEP, Action.REFUSED),
        ("mine", OVERWRITE, Action.REFUSED),
        ("mine", FAIL, Action.REFUSED),
        ("mine", ASK, Action.REFUSED),
        (SECRET, OVERWRITE, Action.SECRET_KEPT),
    ],
)
def test_a_key_that_could_not_be_read_is_kept_where_the_destination_keeps_its_own(
    there: Side, policy: OnConflict, action: Action
) -> None:
    plan = make_plan(Snapshot(unreadable={"K": "why"}), side({"K": there}, deployment=True), Policy(policy), hold_all)
    assert only(plan).action is action


def test_a_key_that_was_read_and_is_still_called_unreadable_is_refused() -> None:
    source = replace(side({"K": "x"}), unreadable={"K": "two names become one"})
    assert only(make_plan(source, side({}), Policy(), hold_all)).action is Action.REFUSED


# --- keys that the destination could not read ---


@pytest.mark.parametrize(
    ("local", "policy", "action"),
    [
        ("x", FAIL, Action.REFUSED),
        ("x", ASK, Action.REFUSED),
        ("x", OVERWRITE, Action.REFUSED),
        ("x", KEEP, Action.KEEP),
        ("# secret", OVERWRITE, Action.SKIP),
        (SECRET, OVERWRITE, Action.SECRET_KEPT),
    ],
)
def test_what_could_not_be_read_on_the_destination_is_never_replaced(
    local: Side, policy: OnConflict, action: Action
) -> None:
    there = Snapshot(unreadable={"K": "its line is broken"})
    assert only(make_plan(side({"K": local}), there, Policy(policy), hold_all)).action is action


def test_the_reason_why_the_destination_could_not_be_read_is_told_with_the_way_on() -> None:
    plan = make_plan(side({"K": "x", "L": "x"}), Snapshot(unreadable={"K": "why"}), Policy(OVERWRITE), hold_all)
    assert plan.refusals == (
        Change(
            "K",
            Action.REFUSED,
            reason=f"what stands there cannot be read: why{GO_ON}--exclude K or --partial",
        ),
    )
    assert [change.key for change in plan.writes] == ["L"]


def test_a_value_that_was_read_counts_though_another_line_of_its_key_was_not() -> None:
    there = replace(side({"K": "x"}), unreadable={"K": "why"})
    assert only(make_plan(side({"K": "x"}), there, Policy(), hold_all)).action is Action.UNCHANGED
    assert only(make_plan(side({"K": "y"}), there, Policy(OVERWRITE), hold_all)).action is Action.UPDATE


# --- destinations that hold only some names, or connections as fields ---


def test_a_key_that_the_destination_has_no_place_for_is_skipped_without_a_warning() -> None:
    there = replace(side({}), prefixes=("AIRFLOW_CONN_",))
    plan = make_plan(side({"AIRFLOW_CONN_A": "aws://", "AIRFLOW_VAR_B": "x", "C": "x"}), there, Policy(), hold_all)
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.SKIP, Action.SKIP]
    assert plan.changes[1].reason == "such a file only holds AIRFLOW_CONN_*"
    assert plan.warnings == ()


def test_all_the_names_that_the_destination_holds_are_told() -> None:
    there = replace(side({}), prefixes=("AIRFLOW_CONN_", "AIRFLOW_VAR_"))
    plan = make_plan(side({"AIRFLOW_VAR_B": "x", "C": "x"}), there, Policy(), hold_all)
    assert [(change.action, change.reason) for change in plan.changes] == [
        (Action.CREATE, None),
        (Action.SKIP, "such a file only holds AIRFLOW_CONN_* and AIRFLOW_VAR_*"),
    ]


URI, JSON = "postgres://u@h:5432/x", '{"conn_type": "postgres", "login": "u", "host": "h", "port": 5432, "schema": "x"}'


@pytest.mark.parametrize(
    ("key", "one", "other", "same"),
    [
        ("AIRFLOW_CONN_X", URI, JSON, True),
        ("AIRFLOW_CONN_X", URI, URI, True),
        ("AIRFLOW_CONN_X", URI, JSON.replace("5432", "5433"), False),
        ("AIRFLOW_VAR_X", URI, JSON, False),
        ("AIRFLOW_VAR_X", "1", "1.0", False),
    ],
)
def test_two_spellings_of_a_connection_are_the_same_only_where_a_side_keeps_them_as_fields(
    key: str, one: str, other: str, *, same: bool
) -> None:
    here, there = side({key: one}), side({key: other})
    exact = only(make_plan(here, there, Policy(), hold_all)).action
    assert exact is (Action.UNCHANGED if one == other else Action.REFUSED)
    for sides in ((replace(here, by_meaning=True), there), (here, replace(there, by_meaning=True))):
        assert (only(make_plan(*sides, Policy(), hold_all)).action is Action.UNCHANGED) is same


def test_a_secret_cannot_be_compared_by_its_meaning_either() -> None:
    source = replace(side({"AIRFLOW_CONN_X": URI}), by_meaning=True)
    there = side({"AIRFLOW_CONN_X": SECRET}, deployment=True)
    assert only(make_plan(source, there, Policy(rotate=("*",)), hold_all)).action is Action.UPDATE


# --- properties ---

KEYS = ["AIRFLOW_VAR_A", "AIRFLOW_CONN_B", "MY_TOKEN", "C", "AIRFLOW_HOME", "OPENLINEAGE_URL"]
TEXTS = ["", "x", "y", "two\nlines", "# secret", " **** ", "mysql://u:hunter2@localhost/x", PLACEHOLDERS[2]]
sides_of_a_file = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)).map(
    lambda found: side(found, file=True)
)
here_or_there: list[Side] = [*TEXTS, SECRET]
sides_of_a_deployment = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(here_or_there)).map(
    lambda found: side(found, deployment=True)
)
globs = st.lists(st.sampled_from([*KEYS, "*", "AIRFLOW_*", "?"]), max_size=2).map(tuple)
policies = st.builds(
    Policy,
    st.sampled_from(OnConflict),
    include=globs,
    exclude=globs,
    rotate=globs,
    secret=globs,
    plain=globs,
    allow_reserved=st.frozensets(st.sampled_from(KEYS)),
    decided=st.dictionaries(st.sampled_from(KEYS), st.sampled_from([KEEP, OVERWRITE])),
)
pairs = st.one_of(
    st.tuples(sides_of_a_file, sides_of_a_deployment),
    st.tuples(sides_of_a_deployment, sides_of_a_file),
    st.tuples(sides_of_a_file, sides_of_a_file),
)


@given(pairs, policies)
@settings(max_examples=300)
def test_every_key_of_both_sides_has_just_one_decision_that_the_report_can_show(
    pair: tuple[Snapshot, Snapshot], policy: Policy
) -> None:
    source, destination = pair
    plan = make_plan(source, destination, policy, hold_no_lines)
    decided = [change.key for change in plan.changes]
    assert len(set(decided)) == len(decided)
    assert decided[: len(source.variables)] == list(source.variables)
    assert set(decided) | {key for key in destination.variables if not policy.wants(key)} == {
        *source.variables,
        *destination.variables,
    }
    assert "hunter2" not in repr(plan)
    assert all(change.reason for change in plan.changes if change.action in {Action.REFUSED, Action.SKIP})
    assert {warn.key for warn in plan.warnings} <= set(decided)


@given(pairs, policies)
@settings(max_examples=300)
def test_a_placeholder_or_an_unknown_value_is_never_written(pair: tuple[Snapshot, Snapshot], policy: Policy) -> None:
    for change in make_plan(*pair, policy, hold_no_lines).writes:
        assert change.value is not None
        assert change.value.reveal().strip() not in PLACEHOLDERS
        assert change.value == pair[0].variables[change.key].value


@given(pairs, policies)
@settings(max_examples=300)
def test_a_secrets_value_is_never_touched_without_rotate_and_never_becomes_plain(
    pair: tuple[Snapshot, Snapshot], policy: Policy
) -> None:
    source, destination = pair
    for change in make_plan(source, destination, policy, hold_no_lines).writes:
        there = destination.variables.get(change.key)
        if there and there.secret:
            assert matches(change.key, policy.rotate)
            assert change.secret
            assert change.value, "a blank never replaces a secret"
        if there and not there.secret:
            assert not change.secret, "a plain key stays plain"


@given(pairs, policies)
@settings(max_examples=300)
def test_only_what_the_user_permits_is_written(pair: tuple[Snapshot, Snapshot], policy: Policy) -> None:
    for change in make_plan(*pair, policy, hold_no_lines).changes:
        if change.action in WRITES or change.noted:
            assert policy.wants(change.key)
            assert not is_reserved(change.key) or change.key in policy.allow_reserved
        if change.action in WRITES and change.value:
            assert "\n" not in change.value.reveal()


@given(pairs, policies)
@settings(max_examples=300)
def test_what_stands_on_the_destination_is_replaced_only_by_a_decision_or_when_it_is_a_placeholder(
    pair: tuple[Snapshot, Snapshot], policy: Policy
) -> None:
    for change in make_plan(*pair, policy, hold_no_lines).writes:
        if change.old is not None and policy.conflict(change.key) is not OVERWRITE:
            assert change.old.reveal().strip() in {"", *PLACEHOLDERS}
            assert change.old.reveal() or change.key.startswith(("AIRFLOW_VAR_", "AIRFLOW_CONN_"))


@given(pairs, policies)
@settings(max_examples=300)
def test_planning_again_after_a_plan_was_carried_out_writes_nothing(
    pair: tuple[Snapshot, Snapshot], policy: Policy
) -> None:
    source, destination = pair
    first = make_plan(source, destination, policy, hold_no_lines)
    again = make_plan(source, first.applied_to(destination), policy, hold_no_lines)
    assert again.writes == ()
    rest = {change.key: change.action for change in first.changes if change.action not in WRITES}
    assert {change.key: change.action for change in again.changes} == {
        change.key: rest.get(change.key, Action.UNCHANGED) for change in first.changes
    }


def test_an_empty_value_that_goes_to_a_deployment_is_named_like_any_other() -> None:
    source = side({"OPENLINEAGE_URL": "", "MY_TOKEN": ""})
    there = side({"OPENLINEAGE_URL": "http://x", "MY_TOKEN": "old"}, deployment=True)
    plan = make_plan(source, there, Policy(OVERWRITE), hold_all)
    assert sorted(notes(plan)) == [(Note.SHARED, "OPENLINEAGE_URL"), (Note.STAYS_PLAIN, "MY_TOKEN")]


def test_an_empty_value_beside_a_secret_is_not_said_to_be_worth_rotating() -> None:
    there = Snapshot({"K": Variable("K", None, secret=True)}, keeps_secrets=True)
    (warn,) = make_plan(side({"K": ""}), there, Policy(), hold_all).warnings
    assert (warn.code, "--rotate" in warn.message) == (Note.PLACEHOLDER, False)
