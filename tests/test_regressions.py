"""Rules that a first version broke."""

import logging
from contextlib import nullcontext
from pathlib import Path

import pytest

from astro_sync.config.file import load
from astro_sync.core.model import Note, Snapshot, Value, Variable
from astro_sync.core.plan import Policy, make_plan
from astro_sync.errors import UsageError
from astro_sync.places.airflow_answers import StoredVariable
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.metadata_database import MetadataDatabase, Request
from sandbox import Sandbox


@pytest.mark.parametrize("setting", ["['keep']", "{}", "[]"])
def test_a_list_or_table_as_conflict_policy_is_rejected_as_of_the_wrong_type(tmp_path: Path, setting: str) -> None:
    # config._typed: `setting in {…}` raises TypeError for what has no hash: exit 70
    (tmp_path / ".astro-sync.toml").write_text(f"[defaults]\non_conflict = {setting}\n")
    with pytest.raises(UsageError):
        load(tmp_path)


@pytest.mark.parametrize("number", ["inf", "1e300"])
def test_a_time_limit_that_no_call_can_wait_for_is_rejected(tmp_path: Path, number: str) -> None:
    (tmp_path / ".astro-sync.toml").write_text(f"[defaults]\ntimeout = {number}\n")
    with pytest.raises(UsageError):
        load(tmp_path)


def test_no_argument_enters_the_log(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    # plumbum.local logs the whole argv at DEBUG (design, "Known traps"): with --allow-argv a value
    caplog.set_level(logging.DEBUG)
    run_astro(sandbox, timeout=30).run("version", "K=hunter2")
    assert "hunter2" not in caplog.text


def test_a_text_that_is_a_json_string_keeps_its_quotes_from_an_older_airflow(sandbox: Sandbox) -> None:
    # Airflow before 3.3 exports the stored text `"text"` as `text`; raw file and fallback take that for exact
    with sandbox.change() as state:
        state["airflow_version"] = "2.10.5"
    sandbox.set_airflow({"x": '"text"'})
    database = MetadataDatabase(run_astro(sandbox, timeout=30), sandbox.project, sandbox.temporary)
    reading = database.read(Request(connections=False)).variables
    assert reading.found == (StoredVariable("x", '"text"'),)


def test_a_comment_that_a_plan_records_stands_there_afterwards() -> None:
    # Plan.applied_to leaves `noted` as it was, so planning again records the comment again
    secret = Snapshot({"K": Variable("K", None, secret=True)}, keeps_secrets=True)
    plan = make_plan(secret, Snapshot(), Policy(), lambda _: None)
    assert plan.applied_to(Snapshot()).noted == {"K"}


@pytest.mark.parametrize(("policy", "named"), [(Policy(secret=("K",)), True), (Policy(plain=("*",)), False)])
def test_a_plain_key_is_named_when_it_would_have_become_secret_with_the_users_words(
    policy: Policy, *, named: bool
) -> None:
    # rule 1: "when rule 11 would have made it secret"; that rule holds --secret and --plain, is_sensitive neither
    key = "K" if named else "MY_TOKEN"
    side = Snapshot({key: Variable(key, Value("x"))}, keeps_secrets=True)
    warnings = make_plan(side, side, policy, lambda _: None).warnings
    assert (Note.STAYS_PLAIN in {warn.code for warn in warnings}) is named


def test_a_placeholder_is_not_said_to_be_worth_rotating() -> None:
    # "--rotate K writes the local value anew" is untrue of `# secret`: with --rotate it is skipped (rule 1)
    local = Snapshot({"K": Variable("K", Value("# secret"))}, blank_means_lost=True)
    there = Snapshot({"K": Variable("K", None, secret=True)}, keeps_secrets=True)
    (warn,) = make_plan(local, there, Policy(), lambda _: None).warnings
    assert warn.code is Note.PLACEHOLDER


def run_astro(sandbox: Sandbox, timeout: float) -> Astro:
    program = find_astro(None, sandbox.environment)
    return Astro(
        program,
        environ=sandbox.environment,
        cwd=sandbox.project,
        timeout=timeout,
        private=sandbox.temporary,
        watch=lambda _text: nullcontext(),
    )
