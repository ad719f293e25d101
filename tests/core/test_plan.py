"""What becomes of each key: tables of what both sides hold and what the user decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.core.compare import SecretState
from astro_sync.core.filters import Filters, is_reserved, matches
from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Refusal,
    Secrets,
    Snapshot,
    Traits,
    Value,
    WarningCode,
    Write,
    name_of,
)
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, Undoing, make_plan, unmatched

KEEP, OVERWRITE, ASK, FAIL = OnConflict.KEEP, OnConflict.OVERWRITE, OnConflict.ASK, OnConflict.FAIL
REFUSED = Refusal(Reason.LINE_BREAK)
PLACEHOLDERS = ("# secret", "****", "# secret on the Deployment, set it here")


class _Secret:
    def __repr__(self) -> str:
        return "SECRET"


SECRET = _Secret()
LOST = Refusal(Reason.UNREADABLE, "the export lost it")
FILE = Traits(Names.ENVIRONMENT, empty_is_missing=True)
OTHER = Traits(Names.ENVIRONMENT)
DEPLOYMENT = Traits(Names.ENVIRONMENT, secrets=Secrets.HIDDEN, shared=True)
Held = object
WRITES = {Action.CREATE, Action.UPDATE}


def side(texts: Mapping[str, Held], traits: Traits = OTHER) -> Side:
    """Make a side of texts; SECRET stands for a hidden value, a Refusal for an unreadable one, None for nothing."""
    found = {}
    for key, held in texts.items():
        name = name_of(key)
        if isinstance(held, str):
            found[name] = Entry(name, Value(held))
        elif isinstance(held, Refusal):
            found[name] = Entry(name, None, problem=held)
        elif held is SECRET:
            found[name] = Entry(name, None, secret=True)
    return Side(traits, Snapshot(found))


def hold_all(_write: Write) -> None:
    """Refuse nothing."""


def hold_no_lines(write: Write) -> Refusal | None:
    """Refuse what the Astro CLI's file form refuses first of all."""
    return REFUSED if "\n" in write.value.reveal() else None


def rules(on_conflict: OnConflict = FAIL, **given: object) -> Policy:
    """Make a policy; filters are given by their own names."""
    filters = {each: given.pop(each) for each in ("include", "exclude", "airflow_only") if each in given}
    decided = {name_of(key): each for key, each in dict(given.pop("decided", {})).items()}  # type: ignore[call-overload]
    return Policy(Filters(**filters), on_conflict, decided=decided, **given)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Push:
    """What stands at one key of a `.env` and of a Deployment, and what the user said."""

    local: Held
    there: Held
    policy: Policy = field(default_factory=Policy)
    key: str = "K"


def push(case: Push) -> Change:
    local, there = side({case.key: case.local}, FILE), side({case.key: case.there}, DEPLOYMENT)
    return only(make_plan(local, there, case.policy, hold_no_lines))


def pull(there: Held, local: Held, decided: Policy | None = None, key: str = "K") -> Change:
    source, destination = side({key: there}, DEPLOYMENT), side({key: local}, FILE)
    return only(make_plan(source, destination, decided or rules(), hold_all))


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def notices(plan: Plan) -> list[tuple[WarningCode, str | None]]:
    return [(notice.code, notice.key) for notice in plan.warnings]


def reason(change: Change) -> Reason | None:
    return change.why.reason if change.why else None


def keys(changes: object) -> list[str]:
    return [change.name.variable for change in changes]  # type: ignore[attr-defined]


# --- from a .env to a Deployment ---


@pytest.mark.parametrize(
    ("case", "action"),
    [
        (Push("new", None), Action.CREATE),
        (Push("", None), Action.CREATE),
        (Push("same", "same"), Action.UNCHANGED),
        (Push("", ""), Action.UNCHANGED),
        (Push("here", "there", rules(OVERWRITE)), Action.UPDATE),
        (Push("here", "there", rules(KEEP)), Action.KEEP),
        (Push("here", "there", rules(FAIL)), Action.REFUSED),
        (Push("here", "there", rules(ASK)), Action.REFUSED),
        (Push("here", "there", rules(ASK, decided={"K": OVERWRITE})), Action.UPDATE),
        (Push("here", "there", rules(ASK, decided={"K": KEEP})), Action.KEEP),
        (Push("here", "there", rules(OVERWRITE, decided={"K": KEEP})), Action.KEEP),
        (Push("here", "there", rules(ASK, decided={"OTHER": OVERWRITE})), Action.REFUSED),
        (Push("here", "", rules(FAIL)), Action.REFUSED),
        (Push("", "there", rules(OVERWRITE)), Action.UPDATE),
        (Push(" x", "x", rules(FAIL)), Action.REFUSED),
        (Push("x\r", "x", rules(OVERWRITE)), Action.UPDATE),
        (Push("e\u0301", "\u00e9", rules(OVERWRITE)), Action.UPDATE),
        # what the destination cannot hold is refused, unless nothing is to be written
        (Push("two\nlines", None), Action.REFUSED),
        (Push("two\nlines", "there", rules(OVERWRITE)), Action.REFUSED),
        (Push("two\nlines", "there", rules(KEEP)), Action.KEEP),
        (Push("two\nlines", "two\nlines", rules(OVERWRITE)), Action.UNCHANGED),
        (Push("two\nlines", SECRET), Action.SECRET_KEPT),
        (Push("two\nlines", SECRET, rules(rotate=("K",))), Action.REFUSED),
        (Push("two\nlines", None, rules(exclude=("K",))), Action.SKIP),
        # a secret's value is never touched without --rotate, whatever the policy
        (Push("here", SECRET, rules(KEEP)), Action.SECRET_KEPT),
        (Push("here", SECRET, rules(OVERWRITE)), Action.SECRET_KEPT),
        (Push("here", SECRET, rules(OVERWRITE, decided={"K": OVERWRITE})), Action.SECRET_KEPT),
        (Push("here", SECRET, rules(OVERWRITE, rotate=("OTHER*",))), Action.SECRET_KEPT),
        (Push("here", SECRET, rules(OVERWRITE, rotate=("k",))), Action.SECRET_KEPT),
        (Push("here", SECRET, rules(KEEP, rotate=("K",))), Action.UPDATE),
        (Push("here", SECRET, rules(FAIL, rotate=("?",))), Action.UPDATE),
        (Push("here", SECRET, rules(FAIL, rotate=("K",), exclude=("*",))), Action.SKIP),
        # ... and a real local value
        (Push("", SECRET, rules(OVERWRITE, rotate=("*",))), Action.SKIP),
        (Push("# secret", SECRET, rules(OVERWRITE, rotate=("*",))), Action.SKIP),
        (Push(" ", SECRET, rules(FAIL, rotate=("*",))), Action.UPDATE),
        # --rotate means nothing to what is no secret
        (Push("here", "there", rules(FAIL, rotate=("*",))), Action.REFUSED),
        (Push("here", None, rules(FAIL, rotate=("*",))), Action.CREATE),
        # a placeholder on the Deployment gives way without a conflict
        (Push("here", "# secret", rules(FAIL)), Action.UPDATE),
        (Push("here", "****", rules(KEEP)), Action.UPDATE),
        # what a raw export left in the .env never wins over the Deployment
        (Push("", "there", rules(OVERWRITE), "AIRFLOW_VAR_X"), Action.SKIP),
        (Push("", "there", rules(OVERWRITE), "AIRFLOW_CONN_X"), Action.SKIP),
        (Push("", "", rules(OVERWRITE), "AIRFLOW_VAR_X"), Action.UNCHANGED),
        (Push("", None, rules(OVERWRITE), "AIRFLOW_VAR_X"), Action.CREATE),
        (Push("", "there", rules(OVERWRITE), "AIRFLOW__X__Y"), Action.UPDATE),
        # an empty variable of the Deployment was not left by an export
        (Push("here", "", rules(FAIL), "AIRFLOW_VAR_X"), Action.REFUSED),
    ],
)
def test_each_pair_of_values_and_policy_has_its_action_on_the_way_up(case: Push, action: Action) -> None:
    assert push(case).action is action


@pytest.mark.parametrize("local", ["here", "", "# secret", "two\nlines"])
def test_a_secret_that_is_kept_is_shown_as_a_secret(local: str) -> None:
    change = push(Push(local, SECRET))
    assert (change.action, change.secret, change.write) == (Action.SECRET_KEPT, True, None)


def test_a_key_that_only_the_deployment_has_is_listed_last_and_never_touched() -> None:
    there = side({"T": "x", "S": SECRET, "K": "1"}, DEPLOYMENT)
    plan = make_plan(side({"N": "1", "K": "1"}), there, rules(OVERWRITE, rotate=("*",)), hold_all)
    assert [(change.name.variable, change.action, change.secret) for change in plan.changes] == [
        ("N", Action.CREATE, False),
        ("K", Action.UNCHANGED, False),
        ("T", Action.DESTINATION_ONLY, False),
        ("S", Action.DESTINATION_ONLY, True),
    ]


def test_a_key_that_only_the_destination_has_and_no_filter_wants_is_not_listed() -> None:
    plan = make_plan(side({}), side({"T": "x", "AIRFLOW_VAR_T": "y"}), rules(include=("AIRFLOW_VAR_*",)), hold_all)
    assert [change.name.variable for change in plan.changes] == ["AIRFLOW_VAR_T"]


def test_a_write_holds_the_new_value_and_what_stands_there() -> None:
    name, old = Name(Kind.ENVIRONMENT, "K"), Entry(Name(Kind.ENVIRONMENT, "K"), Value("there"))
    update, create = push(Push("here", "there", rules(OVERWRITE))), push(Push("here", None))
    assert (update.action, update.write) == (Action.UPDATE, Write(name, Value("here"), old=old))
    assert (create.action, create.write) == (Action.CREATE, Write(name, Value("here")))


def test_a_key_that_is_kept_holds_both_values_so_that_the_report_can_tell_them_apart() -> None:
    change = push(Push("here", "there", rules(KEEP)))
    assert change.source
    assert change.old
    assert (change.action, change.source.value, change.old.value) == (Action.KEEP, Value("here"), Value("there"))
    assert change.write is None


@pytest.mark.parametrize("decision", [FAIL, ASK])
def test_an_undecided_conflict_is_a_refusal_of_its_own_kind_that_names_the_way_out(decision: OnConflict) -> None:
    plan = make_plan(side({"K": "here"}), side({"K": "there"}), rules(decision), hold_all)
    (conflict,) = plan.conflicts
    assert (conflict.action, reason(conflict)) == (Action.REFUSED, Reason.DIFFERS)
    assert conflict.why
    assert "--on-conflict" in conflict.why.ways_out[0]
    assert (plan.refusals, plan.writes) == ((), ())


def test_what_the_destination_cannot_hold_is_no_conflict_since_no_policy_would_help() -> None:
    change = push(Push("two\nlines", "there", rules(FAIL)))
    assert (change.action, change.is_conflict, change.why) == (Action.REFUSED, False, REFUSED)
    assert change.write is None


def test_the_destination_is_asked_whether_it_can_hold_what_would_really_be_written() -> None:
    asked: list[tuple[str, str, bool]] = []

    def refuse(write: Write) -> Refusal:
        asked.append((write.name.variable, write.value.reveal(), write.secret))
        return REFUSED

    source = side({"NEW": "1", "SAME": "1", "OLD": "1", "S": "1", "KEPT": "1", "HOLE": "# secret"})
    there = side({"SAME": "1", "OLD": "2", "S": SECRET, "KEPT": SECRET}, DEPLOYMENT)
    make_plan(source, there, rules(OVERWRITE, rotate=("S",)), refuse)
    assert asked == [
        ("NEW", "1", False),
        ("OLD", "1", False),
        ("S", "1", True),
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
        change = pull(SECRET, local, rules(policy, rotate=rotate))
        assert (change.action, change.write, change.secret) == (Action.SECRET_KEPT, None, True)


@pytest.mark.parametrize(("local", "noted"), [(None, True), ("mine", False), ("", False), ("# secret", False)])
def test_a_pulled_secret_is_recorded_as_a_comment_only_where_no_line_has_its_key(local: Side, *, noted: bool) -> None:
    assert pull(SECRET, local).is_recorded is noted


def test_a_secret_whose_name_no_line_can_show_is_not_recorded() -> None:
    for key in ("A\nB", "A\x1b[31m", "A\u202eB"):
        change = pull(SECRET, None, key=key)
        assert not change.is_recorded
        assert change.write is None


def test_a_secret_that_a_comment_records_is_not_recorded_again() -> None:
    local = Side(FILE, Snapshot(recorded=frozenset({name_of("K")})))
    assert not only(make_plan(side({"K": SECRET}), local, rules(), hold_all)).is_recorded


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_X", "AIRFLOW_CONN_X"])
@pytest.mark.parametrize("policy", list(OnConflict))
def test_an_empty_airflow_line_in_the_file_gives_way_to_a_real_value(key: str, policy: OnConflict) -> None:
    assert pull("real", "", rules(policy), key).action is Action.UPDATE


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_X", "AIRFLOW_CONN_X"])
def test_an_empty_airflow_variable_of_a_deployment_is_a_value_like_any_other(key: str) -> None:
    assert pull("", "mine", rules(FAIL), key).is_conflict
    assert pull("", "mine", rules(OVERWRITE), key).action is Action.UPDATE


def test_any_other_empty_line_in_the_file_is_a_value_like_any_other() -> None:
    assert pull("real", "", rules(FAIL), "MY_FLAG").is_conflict
    assert pull("real", "", rules(KEEP), "MY_FLAG").action is Action.KEEP


def test_a_file_makes_no_secrets() -> None:
    change = pull("postgres://u:p@h/x", None, key="AIRFLOW_CONN_X")
    assert (change.action, change.secret) == (Action.CREATE, False)
    assert not pull("x", None, rules(secret=("*",))).secret


# --- placeholders ---


@pytest.mark.parametrize("outer", ["{}", " {}", "{}  ", "\t{}\n"])
@pytest.mark.parametrize("text", PLACEHOLDERS)
@pytest.mark.parametrize("policy", [rules(OVERWRITE), rules(OVERWRITE, rotate=("*",))])
def test_a_placeholder_is_skipped_and_named_in_every_direction(text: str, outer: str, policy: Policy) -> None:
    for there in (None, "real", ""):
        for deployment in (True, False):
            source = side({"K": outer.format(text)}, FILE if deployment else DEPLOYMENT)
            plan = make_plan(source, side({"K": there}, DEPLOYMENT if deployment else FILE), policy, hold_all)
            assert (only(plan).action, reason(only(plan))) == (Action.SKIP, Reason.PLACEHOLDER)


@pytest.mark.parametrize("text", ["# secrets", "# Secret", "#secret", "*****", "**", "x # secret", "# secret x"])
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
    policy = rules(OVERWRITE, rotate=("*",), allow_placeholder=frozenset({allowed}))
    assert push(Push(local, there, policy)).action is action


# --- filters ---


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (rules(), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B", "airflow_var_c", "MY_D"}),
        (rules(include=("AIRFLOW_*",)), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B"}),
        (rules(include=("AIRFLOW_VAR_B", "MY_?")), {"AIRFLOW_VAR_B", "MY_D"}),
        (rules(include=("AIRFLOW",)), set()),
        (rules(exclude=("AIRFLOW_*",)), {"airflow_var_c", "MY_D"}),
        (rules(include=("AIRFLOW_*",), exclude=("*_B",)), {"AIRFLOW_CONN_A"}),
        (rules(include=("*_B",), exclude=("*_B",)), set()),
        (rules(airflow_only=True), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B"}),
        (rules(include=("*_B", "MY*"), airflow_only=True), {"AIRFLOW_VAR_B"}),
        (rules(include=("[AM]*",), exclude=("MY[_]*",)), {"AIRFLOW_CONN_A", "AIRFLOW_VAR_B"}),
    ],
)
def test_only_keys_that_the_filters_want_go_anywhere(policy: Policy, wanted: set[str]) -> None:
    source = side(dict.fromkeys(("AIRFLOW_CONN_A", "AIRFLOW_VAR_B", "airflow_var_c", "MY_D"), "aws://"))
    plan = make_plan(source, side({}), policy, hold_all)
    assert {write.name.variable for write in plan.writes} == wanted
    assert {change.action for change in plan.changes if change.name.variable not in wanted} <= {Action.SKIP}
    assert not plan.warnings, "a filter is no news"


def test_a_filter_goes_before_every_other_rule() -> None:
    texts = {"HOLE": "# secret", "DIFFERS": "1", "SECRET": "1", "AIRFLOW_HOME": "/x", "PULLED": SECRET, "LOST": LOST}
    source = side(texts)
    there = side({"DIFFERS": "2", "SECRET": SECRET}, DEPLOYMENT)
    plan = make_plan(source, there, rules(exclude=("*",), rotate=("*",)), hold_all)
    assert [change.action for change in plan.changes] == [Action.SKIP] * 6
    assert plan.warnings == ()


def test_a_key_that_a_filter_leaves_out_is_not_said_to_look_like_a_secret() -> None:
    source, there = side({"MY_TOKEN": "new"}), side({"MY_TOKEN": "old"}, DEPLOYMENT)
    assert make_plan(source, there, rules(OVERWRITE, exclude=("*",)), hold_all).warnings == ()


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
    assert matches(name_of(key), globs) is hit


# --- reserved and shared keys ---


@pytest.mark.parametrize("key", ["AIRFLOW_HOME", "AIRFLOW__CORE__FERNET_KEY", "ASTRO_X", "COMPOSE_FILE", "DOCKER_HOST"])
@pytest.mark.parametrize("traits", [DEPLOYMENT, FILE])
def test_a_reserved_key_stays_home_and_is_named_in_both_directions(key: str, traits: Traits) -> None:
    for there in (None, "other", SECRET):
        change = only(
            make_plan(side({key: "/x"}), side({key: there}, traits), rules(OVERWRITE, rotate=("*",)), hold_all)
        )
        assert (change.action, reason(change)) == (Action.SKIP, Reason.RESERVED)
        assert change.why
        assert change.why.ways_out == (f"--allow-reserved {key}",)


def test_a_reserved_secret_is_not_recorded_as_a_comment_either() -> None:
    change = pull(SECRET, None, key="DOCKER_X")
    assert (change.action, reason(change), change.is_recorded) == (Action.SKIP, Reason.RESERVED, False)


def test_a_reserved_key_goes_like_any_other_when_it_is_allowed_by_its_name() -> None:
    def action(*allowed: str) -> Action:
        policy = rules(allow_reserved=frozenset(allowed))
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
        side({"OPENLINEAGE_URL": there}, DEPLOYMENT),
        rules(OVERWRITE),
        hold_all,
    )
    assert ((WarningCode.SHARED, "OPENLINEAGE_URL") in notices(plan)) is told


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "postgres", "host.docker.internal"])
def test_a_connection_to_the_users_own_machine_is_named_when_it_is_written(host: str) -> None:
    source = side({"AIRFLOW_CONN_DB": f"mysql://{host}:3306/x"})
    plan = make_plan(source, side({}, DEPLOYMENT), rules(), hold_all)
    assert notices(plan) == [(WarningCode.LOCAL_HOST, "AIRFLOW_CONN_DB")]
    assert only(plan).action is Action.CREATE
    same = make_plan(source, Side(DEPLOYMENT, source.snapshot), rules(), hold_all)
    assert notices(same) == []


def test_a_connection_to_any_other_host_is_not_named() -> None:
    source = side({"AIRFLOW_CONN_DB": "mysql://db.example.com:3306/x", "AIRFLOW_CONN_BAD": "://"})
    plan = make_plan(source, side({}, DEPLOYMENT), rules(), hold_all)
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.CREATE]
    assert notices(plan) == [(WarningCode.UNSOUND_CONNECTION, "AIRFLOW_CONN_BAD")]


def test_a_glob_that_matches_nothing_is_named_since_a_typing_error_would_pass_for_success() -> None:
    source, there = side({"A": "1"}), side({"S": SECRET}, DEPLOYMENT)
    decided = rules(include=("A", "NOPE"), rotate=("S", "A", "T*"))  # A is new, and needs no --rotate
    assert [notice.about for notice in unmatched(source, there, decided)] == [
        "--include NOPE",
        "--rotate T*",
    ]
    assert list(unmatched(source, side({}, FILE), decided)) == []


def test_what_matters_on_a_deployment_only_is_not_said_of_a_file() -> None:
    source = side({"AIRFLOW_CONN_DB": "mysql://u:p@localhost/x", "OPENLINEAGE_URL": "x", "MY_TOKEN": "new"})
    plan = make_plan(source, side({"MY_TOKEN": "old"}, FILE), rules(OVERWRITE), hold_all)
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.CREATE, Action.UPDATE]
    assert notices(plan) == []


# --- which new keys are secret ---


@pytest.mark.parametrize(
    ("key", "text", "policy", "secret"),
    [
        ("MY_TOKEN", "x", rules(), True),
        ("MY_FLAG", "x", rules(), False),
        ("NO_PROXY", "x", rules(), False),
        ("MY_FLAG", "x", rules(secret=("MY_*",)), True),
        ("MY_TOKEN", "x", rules(plain=("MY_*",)), False),
        ("MY_TOKEN", "x", rules(plain=("*",), secret=("*",)), False),
        ("MY_TOKEN", "x", rules(secret=("OTHER",)), True),
        ("MY_FLAG", "-----BEGIN PRIVATE KEY-----", rules(), True),
        ("AIRFLOW_CONN_A", "mysql://u:p@h/x", rules(), True),
        ("AIRFLOW_CONN_A", "mysql://u@h/x", rules(), False),
        ("AIRFLOW_CONN_A", "mysql://u:p@h/x", rules(plain=("AIRFLOW_CONN_A",)), False),
    ],
)
def test_a_new_key_is_secret_by_its_name_and_value_unless_the_user_says_otherwise(
    key: str, text: str, policy: Policy, *, secret: bool
) -> None:
    change = push(Push(text, None, policy, key))
    assert (change.action, change.secret) == (Action.CREATE, secret)


def test_a_plain_key_stays_plain_and_is_named_if_it_looks_like_a_secret() -> None:
    for local, policy in [("new", OVERWRITE), ("old", OVERWRITE), ("new", KEEP), ("new", FAIL)]:
        plan = make_plan(side({"MY_TOKEN": local}), side({"MY_TOKEN": "old"}, DEPLOYMENT), rules(policy), hold_all)
        assert only(plan).secret is False
        assert notices(plan) == [(WarningCode.STAYS_PLAIN, "MY_TOKEN")]


def test_an_existing_secret_stays_secret_when_it_is_written_anew() -> None:
    for policy in (rules(rotate=("K",)), rules(rotate=("K",), plain=("K",))):
        change = push(Push("here", SECRET, policy))
        assert (change.action, change.secret) == (Action.UPDATE, True)
        assert change.write
        assert (change.write.secret, change.write.value) == (True, Value("here"))


def test_a_secret_that_is_written_anew_is_not_said_to_be_plain() -> None:
    there = side({"MY_TOKEN": SECRET}, DEPLOYMENT)
    assert notices(make_plan(side({"MY_TOKEN": "x"}), there, rules(rotate=("*",)), hold_all)) == []


# --- secrets that cannot be compared ---


@pytest.mark.parametrize(
    ("source", "destination", "action", "why", "ways_out"),
    [
        (
            side({"K": "x"}),
            side({"K": SECRET}, DEPLOYMENT),
            Action.SECRET_KEPT,
            Reason.SECRET_NOT_COMPARED,
            ("--rotate K",),
        ),
        (side({"K": "****"}), side({"K": SECRET}, DEPLOYMENT), Action.SECRET_KEPT, Reason.PLACEHOLDER, ()),
        (side({"K": ""}), side({"K": SECRET}, DEPLOYMENT), Action.SECRET_KEPT, Reason.PLACEHOLDER, ()),
        (side({"K": SECRET}, DEPLOYMENT), side({}, FILE), Action.SECRET_KEPT, Reason.SECRET_HIDDEN, ()),
        (side({"K": SECRET}, DEPLOYMENT), side({}, DEPLOYMENT), Action.SKIP, Reason.SECRET_HIDDEN, ()),
        (side({"K": SECRET}, DEPLOYMENT), side({"K": "mine"}), Action.SECRET_KEPT, Reason.SECRET_HIDDEN, ()),
    ],
)
def test_a_secret_that_was_not_compared_is_named_with_the_way_to_write_it(
    source: Side, destination: Side, action: Action, why: Reason, ways_out: tuple[str, ...]
) -> None:
    change = only(make_plan(source, destination, rules(), hold_all))
    assert (change.action, change.why) == (action, Refusal(why, "", ways_out))


@pytest.mark.parametrize(
    ("state", "decision", "action", "why"),
    [
        (SecretState.SAME, FAIL, Action.UNCHANGED, None),
        (SecretState.SAME, OVERWRITE, Action.UNCHANGED, None),
        (SecretState.CHANGED_HERE, FAIL, Action.REFUSED, Reason.SECRET_CHANGED_HERE),
        (SecretState.CHANGED_HERE, KEEP, Action.KEEP, Reason.SECRET_CHANGED_HERE),
        (SecretState.CHANGED_HERE, OVERWRITE, Action.UPDATE, Reason.SECRET_CHANGED_HERE),
        (SecretState.CHANGED_THERE, OVERWRITE, Action.SECRET_KEPT, Reason.SECRET_CHANGED_THERE),
        (SecretState.UNKNOWN, OVERWRITE, Action.SECRET_KEPT, Reason.SECRET_NOT_COMPARED),
    ],
)
def test_a_receipt_decides_what_becomes_of_a_hidden_value(
    state: SecretState, decision: OnConflict, action: Action, why: Reason | None
) -> None:
    there = side({"K": SECRET}, DEPLOYMENT)
    change = only(make_plan(side({"K": "x"}), there, rules(decision), hold_all, lambda _entry, _value: state))
    assert (change.action, reason(change)) == (action, why)
    assert (change.write is not None) is (action in {*WRITES, Action.REFUSED})


# --- keys that the source could not read ---


def test_a_key_that_could_not_be_read_is_refused_with_its_reason() -> None:
    plan = make_plan(side({"AIRFLOW_VAR_A B": LOST}), side({}), rules(OVERWRITE), hold_all)
    assert [change.why for change in plan.refusals] == [LOST]
    assert plan.conflicts == ()


@pytest.mark.parametrize(
    ("there", "policy", "action"),
    [
        (None, KEEP, Action.REFUSED),
        ("mine", KEEP, Action.KEEP),
        ("", KEEP, Action.REFUSED),
        ("mine", OVERWRITE, Action.REFUSED),
        ("mine", FAIL, Action.REFUSED),
        ("mine", ASK, Action.REFUSED),
        (SECRET, OVERWRITE, Action.REFUSED),
    ],
)
def test_a_key_that_could_not_be_read_is_kept_where_the_destination_keeps_its_own(
    there: Side, policy: OnConflict, action: Action
) -> None:
    plan = make_plan(side({"K": LOST}), side({"K": there}, DEPLOYMENT), rules(policy), hold_all)
    assert only(plan).action is action


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
    there = side({"K": LOST}, FILE)
    assert only(make_plan(side({"K": local}), there, rules(policy), hold_all)).action is action


def test_the_reason_why_the_destination_could_not_be_read_is_told() -> None:
    plan = make_plan(side({"K": "x", "L": "x"}), side({"K": LOST}), rules(OVERWRITE), hold_all)
    assert [change.why for change in plan.refusals] == [Refusal(Reason.UNREADABLE_THERE, LOST.about)]
    assert keys(plan.refusals) == ["K"]
    assert [write.name.variable for write in plan.writes] == ["L"]


# --- destinations that hold only some kinds, or connections as fields ---


def test_a_key_of_a_kind_that_the_destination_has_no_place_for_is_skipped_without_a_warning() -> None:
    there = side({}, OTHER._replace(kinds=frozenset({Kind.CONNECTION})))
    plan = make_plan(side({"AIRFLOW_CONN_A": "aws://", "AIRFLOW_VAR_B": "x", "C": "x"}), there, rules(), hold_all)
    assert [(change.action, reason(change)) for change in plan.changes] == [
        (Action.CREATE, None),
        (Action.SKIP, Reason.OTHER_KIND),
        (Action.SKIP, Reason.OTHER_KIND),
    ]
    assert plan.warnings == ()


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
    exact = only(make_plan(here, there, rules(), hold_all)).action
    assert exact is (Action.UNCHANGED if one == other else Action.REFUSED)
    fields = OTHER._replace(as_fields=True)
    for sides in ((Side(fields, here.snapshot), there), (here, Side(fields, there.snapshot))):
        assert (only(make_plan(*sides, rules(), hold_all)).action is Action.UNCHANGED) is same


def test_a_secret_cannot_be_compared_by_its_meaning_either() -> None:
    source = side({"AIRFLOW_CONN_X": URI}, OTHER._replace(as_fields=True))
    there = side({"AIRFLOW_CONN_X": SECRET}, DEPLOYMENT)
    assert only(make_plan(source, there, rules(rotate=("*",)), hold_all)).action is Action.UPDATE


# --- names ---

AIRFLOW = Traits(Names.AIRFLOW, as_fields=True, descriptions=True)


def held(traits: Traits, *entries: tuple[str, str]) -> Side:
    """Make a side of variables under the ids of Airflow."""
    names = [(Name(Kind.VARIABLE, each), text) for each, text in entries]
    return Side(traits, Snapshot({name: Entry(name, Value(text)) for name, text in names}))


@pytest.mark.parametrize(
    ("source", "destination", "id_case", "written"),
    [
        # between two places with Airflow names an id keeps its case, and is another than one of another case
        (held(AIRFLOW, ("MyVar", "1")), held(AIRFLOW), "lower", ["MyVar"]),
        (held(AIRFLOW, ("MyVar", "1")), held(AIRFLOW, ("myvar", "1")), "lower", ["MyVar"]),
        # into environment names
        (held(AIRFLOW, ("MyVar", "1")), side({}), "lower", ["MYVAR"]),
        (held(AIRFLOW, ("MyVar", "1"), ("myvar", "1")), side({}), "lower", ["MYVAR"]),
        # out of environment names: what is there, each of several, else a new id
        (side({"AIRFLOW_VAR_MYVAR": "2"}), held(AIRFLOW, ("MyVar", "1")), "lower", ["MyVar"]),
        (side({"AIRFLOW_VAR_MYVAR": "2"}), held(AIRFLOW, ("MyVar", "1"), ("myvar", "1")), "lower", ["MyVar", "myvar"]),
        (side({"AIRFLOW_VAR_MYVAR": "2"}), held(AIRFLOW), "lower", ["myvar"]),
        (side({"AIRFLOW_VAR_MYVAR": "2"}), held(AIRFLOW), "upper", ["MYVAR"]),
    ],
)
def test_each_entry_is_written_under_the_name_by_which_airflow_finds_it(
    source: Side, destination: Side, id_case: str, written: list[str]
) -> None:
    plan = make_plan(source, destination, rules(OVERWRITE, id_case=id_case), hold_all)
    assert [write.name.id for write in plan.writes] == written


def test_ids_that_become_one_name_with_different_values_are_refused_by_name() -> None:
    plan = make_plan(held(AIRFLOW, ("Case", "1"), ("case", "2")), side({}), rules(OVERWRITE), hold_all)
    assert [change.why for change in plan.refusals] == [Refusal(Reason.COLLISION, "'Case' and 'case'")]


def test_ids_that_the_destination_folds_into_one_are_refused_where_they_differ() -> None:
    folding = AIRFLOW._replace(fold=lambda name: name.id.lower().replace("_", "-"))
    plan = make_plan(held(AIRFLOW, ("a_b", "1"), ("a-b", "2"), ("c", "3")), held(folding), rules(OVERWRITE), hold_all)
    assert [reason(change) for change in plan.refusals] == [Reason.COLLISION]
    assert [write.name.id for write in plan.writes] == ["c"]


@pytest.mark.parametrize(("mine", "theirs", "action"), [("why", None, Action.UPDATE), ("why", "else", Action.REFUSED)])
def test_a_description_goes_along_and_replaces_no_other_without_a_decision(
    mine: str, theirs: str | None, action: Action
) -> None:
    name = Name(Kind.VARIABLE, "v")
    source = Side(AIRFLOW, Snapshot({name: Entry(name, Value("1"), description=mine)}))
    there = Side(AIRFLOW, Snapshot({name: Entry(name, Value("1"), description=theirs)}))
    assert only(make_plan(source, there, rules(FAIL), hold_all)).action is action


@pytest.mark.parametrize(
    ("traits", "kind", "named"),
    [
        (AIRFLOW._replace(descriptions=False), Kind.VARIABLE, True),
        (AIRFLOW._replace(descriptions=False), Kind.CONNECTION, False),  # it stands in the connection's own text
        (AIRFLOW, Kind.VARIABLE, False),
        (DEPLOYMENT, Kind.VARIABLE, False),  # an environment has no descriptions at all
    ],
)
def test_a_description_that_does_not_arrive_among_ids_is_named(traits: Traits, kind: Kind, *, named: bool) -> None:
    name = Name(kind, "pg")
    source = Side(AIRFLOW, Snapshot({name: Entry(name, Value("http://h"), description="why")}))
    plan = make_plan(source, Side(traits, Snapshot()), rules(), lambda _: None)
    assert [notice.code for notice in plan.warnings] == ([WarningCode.DESCRIPTION_LOST] if named else [])


# --- values that are special ---

INDENTED = '{\n  "a": 1,\n  "b": [\n    1e2\n  ]\n}'


def test_json_with_line_breaks_goes_into_an_environment_on_one_line() -> None:
    change = push(Push(INDENTED, None))
    assert (change.action, change.marks) == (Action.CREATE, (Reason.ON_ONE_LINE,))
    assert change.write
    assert change.write.value.reveal() == '{"a":1,"b":[1e2]}'


def test_json_that_says_the_same_stays_as_it_stands() -> None:
    assert push(Push(INDENTED, '{"a":1,"b":[1e2]}')).action is Action.UNCHANGED
    assert push(Push(INDENTED, '{"a":1,"b":[100.0]}')).action is Action.REFUSED


def test_exact_json_compares_and_carries_letters() -> None:
    assert reason(push(Push(INDENTED, None, rules(exact_json=True)))) is Reason.LINE_BREAK
    assert push(Push('{"a": 1}', '{"a":1}', rules(exact_json=True))).is_conflict


@pytest.mark.parametrize(
    ("allowed", "action"), [((), Action.REFUSED), (("K",), Action.CREATE), (("OTHER",), Action.REFUSED)]
)
def test_a_value_that_takes_something_from_outside_the_file_goes_nowhere_unasked(
    allowed: tuple[str, ...], action: Action
) -> None:
    name = name_of("K")
    source = Side(FILE, Snapshot({name: Entry(name, Value("x"), expands=("HOME",))}))
    change = only(make_plan(source, side({}, DEPLOYMENT), rules(allow_expansion=allowed), hold_all))
    assert change.action is action
    if action is Action.REFUSED:
        assert change.why == Refusal(Reason.EXPANSION, "$HOME", ("--allow-expansion K",))


def test_a_key_that_is_no_sound_name_is_refused_and_not_shown() -> None:
    plan = make_plan(side({"postgresql://u:S3cret@h/db?x": "y"}), side({}, DEPLOYMENT), rules(OVERWRITE), hold_all)
    assert reason(only(plan)) is Reason.UNSOUND_NAME
    assert "S3cret" not in str(only(plan).name)


@pytest.mark.parametrize(
    ("text", "action", "marks"), [("[1.5]", Action.CREATE, (Reason.RESPELLED,)), ("1.5", Action.REFUSED, ())]
)
def test_json_that_is_known_by_its_tokens_only_is_carried_as_an_object_or_array_and_marked(
    text: str, action: Action, marks: tuple[Reason, ...]
) -> None:
    name = Name(Kind.VARIABLE, "v")
    source = Side(AIRFLOW, Snapshot({name: Entry(name, Value(text), exact=False)}))
    change = only(make_plan(source, side({}), rules(), hold_all))
    assert (change.action, change.marks) == (action, marks)
    undo = only(make_plan(source, side({}), rules()._replace(undoing=Undoing()), hold_all))
    assert (undo.action, undo.marks) == (Action.CREATE, (Reason.RESPELLED,)), "an undo puts back what it has"


# --- properties ---

KEYS = ["AIRFLOW_VAR_A", "AIRFLOW_CONN_B", "MY_TOKEN", "C", "AIRFLOW_HOME", "OPENLINEAGE_URL"]
TEXTS = ["", "x", "y", "two\nlines", "# secret", " **** ", "mysql://u:hunter2@localhost/x", PLACEHOLDERS[2]]
sides_of_a_file = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)).map(lambda found: side(found, FILE))
here_or_there: list[Held] = [*TEXTS, SECRET]
sides_of_a_deployment = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(here_or_there)).map(
    lambda found: side(found, DEPLOYMENT)
)
globs = st.lists(st.sampled_from([*KEYS, "*", "AIRFLOW_*", "?"]), max_size=2).map(tuple)
policies = st.builds(
    rules,
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
    pair: tuple[Side, Side], policy: Policy
) -> None:
    source, destination = pair
    plan = make_plan(source, destination, policy, hold_no_lines)
    decided = [change.name for change in plan.changes]
    mine, theirs = source.snapshot.entries, destination.snapshot.entries
    assert len(set(decided)) == len(decided)
    assert decided[: len(mine)] == list(mine)
    assert set(decided) | {name for name in theirs if not policy.filters.wants(name)} == {*mine, *theirs}
    assert "hunter2" not in repr(plan)
    assert all(change.why for change in plan.changes if change.action in {Action.REFUSED, Action.SKIP})
    assert {notice.key for notice in plan.warnings} <= {name.key for name in decided}


@given(pairs, policies)
@settings(max_examples=300)
def test_a_placeholder_or_an_unknown_value_is_never_written(pair: tuple[Side, Side], policy: Policy) -> None:
    for write in make_plan(*pair, policy, hold_no_lines).writes:
        assert write.value.reveal().strip() not in PLACEHOLDERS
        assert write.value == pair[0].snapshot.entries[write.name].value


@given(pairs, policies)
@settings(max_examples=300)
def test_a_secrets_value_is_never_touched_without_rotate_and_never_becomes_plain(
    pair: tuple[Side, Side], policy: Policy
) -> None:
    source, destination = pair
    for write in make_plan(source, destination, policy, hold_no_lines).writes:
        there = destination.snapshot.entries.get(write.name)
        if there and there.secret:
            assert matches(write.name, policy.rotate)
            assert write.secret
            assert write.value, "a blank never replaces a secret"
        if there and not there.secret:
            assert not write.secret, "a plain key stays plain"


@given(pairs, policies)
@settings(max_examples=300)
def test_only_what_the_user_permits_is_written(pair: tuple[Side, Side], policy: Policy) -> None:
    plan = make_plan(*pair, policy, hold_no_lines)
    for name in (*(write.name for write in plan.writes), *plan.recorded):
        assert policy.filters.wants(name)
        assert not is_reserved(name.key) or name.key in policy.allow_reserved
    assert all("\n" not in write.value.reveal() for write in plan.writes)


@given(pairs, policies)
@settings(max_examples=300)
def test_what_stands_on_the_destination_is_replaced_only_by_a_decision_or_when_it_is_a_placeholder(
    pair: tuple[Side, Side], policy: Policy
) -> None:
    for write in make_plan(*pair, policy, hold_no_lines).writes:
        if write.old is not None and write.old.value is not None and policy.conflict(write.name) is not OVERWRITE:
            text = write.old.value.reveal()
            assert text.strip() in {"", *PLACEHOLDERS}
            assert text or write.name.kind is not Kind.ENVIRONMENT


@given(pairs, policies)
@settings(max_examples=300)
def test_planning_again_after_a_plan_was_applied_writes_nothing(pair: tuple[Side, Side], policy: Policy) -> None:
    source, destination = pair
    first = make_plan(source, destination, policy, hold_no_lines)
    after = first.applied_to(Snapshot({**destination.snapshot.entries}))
    kept = {name: entry for name, entry in after.entries.items() if entry.problem is None}
    there = {**destination.snapshot.entries, **kept}
    again = make_plan(source, Side(destination.traits, Snapshot(there, after.recorded)), policy, hold_no_lines)
    assert {write.name for write in again.writes} <= {write.name for write in first.writes if write.secret}


def test_an_empty_value_that_goes_to_a_deployment_is_named_like_any_other() -> None:
    source = side({"OPENLINEAGE_URL": "", "MY_TOKEN": ""})
    there = side({"OPENLINEAGE_URL": "http://x", "MY_TOKEN": "old"}, DEPLOYMENT)
    plan = make_plan(source, there, rules(OVERWRITE), hold_all)
    assert sorted(notices(plan)) == [(WarningCode.SHARED, "OPENLINEAGE_URL"), (WarningCode.STAYS_PLAIN, "MY_TOKEN")]


def test_a_comment_that_a_plan_records_is_recorded_afterwards() -> None:
    plan = make_plan(side({"K": SECRET}), side({}, FILE), Policy(), hold_all)
    assert plan.applied_to(Snapshot()).recorded == {name_of("K")}


@pytest.mark.parametrize(
    ("key", "policy", "named"),
    [
        ("K", Policy(), False),
        ("K", Policy(secret=("K",)), True),
        ("MY_TOKEN", Policy(), True),
        ("MY_TOKEN", Policy(plain=("*",)), False),
    ],
)
def test_a_plain_key_is_named_when_it_would_have_become_secret_with_the_users_words(
    key: str, policy: Policy, *, named: bool
) -> None:
    plan = make_plan(side({key: "x"}), side({key: "x"}, DEPLOYMENT), policy, hold_all)
    assert (WarningCode.STAYS_PLAIN in {notice.code for notice in plan.warnings}) is named


def test_a_placeholder_is_not_said_to_be_worth_rotating() -> None:
    # With --rotate it would be skipped, so no way out is told.
    change = push(Push("# secret", SECRET))
    assert (change.action, reason(change), change.why and change.why.ways_out) == (
        Action.SECRET_KEPT,
        Reason.PLACEHOLDER,
        (),
    )
