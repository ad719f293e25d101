"""A bug ends with exit 70, a sentence and a report that can be attached to an issue; never with a value."""

import json
import stat

import pytest

from planting import EVERYTHING, LOCAL, PLANTED, assert_nothing_shown, plant
from runs import results, targets
from sandbox import Sandbox
from warm import Warm

MESSAGE = json.dumps(PLANTED)
PUSH = ("local-to-deploy", "-d", "dep-1", "--yes", "--on-conflict", "overwrite", "--partial")
PULL = ("deploy-to-local", "-d", "dep-1", "--yes", "--on-conflict", "overwrite")
# Where the bug is, on the way through a whole run.
BUGS = [
    ("astro_sync.config.file:load", PUSH),
    ("astro_sync.config.settings:resolve", PUSH),
    ("astro_sync.storage.atomic:load", PULL),
    ("astro_sync.places.deployment_answers:parse_inspect", PUSH),
    ("astro_sync.places.deployment_answers:parse_saved", PULL),
    ("astro_sync.places.raw_file:prove", PUSH),
    ("astro_sync.places.airflow_answers:parse_listed", PUSH),
    ("astro_sync.core.plan:make_plan", PUSH),
    ("astro_sync.core.secrecy:is_sensitive", PUSH),
    ("astro_sync.airflow.connection:parse_connection", PUSH),
    ("astro_sync.console.confirmation:confirmed", PUSH),
    ("astro_sync.storage.backup:keep", PULL),
    ("astro_sync.storage.atomic:replace", PULL),
    ("astro_sync.core.verify:verify", PUSH),
    ("astro_sync.envfile.dedupe:dedupe", ("dedupe", "--yes")),
    ("astro_sync.envfile.writing:quote", ("merge", "other.env", ".env", "--on-conflict", "overwrite")),
    ("astro_sync.storage.atomic:load", ("check",)),
]
IN_THE_REPORT = [
    ("astro_sync.console.report:show_changes", PUSH),
    ("astro_sync.console.report:show_warnings", PUSH),
    ("astro_sync.console.report:to_markdown", (*PUSH, "--format", "markdown")),
    ("astro_sync.console.document:to_json", (*PUSH, "--json")),
]

CASES = [pytest.param(*each, marks=pytest.mark.long if number % 4 else ()) for number, each in enumerate(BUGS)]


@pytest.mark.parametrize(("where", "words"), CASES, ids=lambda case: case if isinstance(case, str) else case[0])
@pytest.mark.parametrize("debugging", [False, pytest.param(True, marks=pytest.mark.long)], ids=["", "debugging"])
def test_a_bug_is_told_without_any_value(
    sandbox: Sandbox, warm: Warm, where: str, words: tuple[str, ...], *, debugging: bool
) -> None:
    plant(sandbox)
    env = {"ASTRO_SYNC_DEBUG": "1"} if debugging else {}
    for verbosity in ((), ("-v",), ("--json",)):
        result = warm.run(sandbox, *words, *verbosity, broken=(where, MESSAGE), env=env)
        assert result.code == 70, result
        assert "This is a bug in astro-sync" in result.stderr
        assert_nothing_shown(sandbox, result)
        assert ("RuntimeError" in result.stderr) is debugging
        if verbosity == ("--json",):
            assert json.loads(result.stdout)["error"]["code"] == "bug"
        plant(sandbox)


@pytest.mark.parametrize("words", [PUSH, (*PUSH, "--json")], ids=["", "json"])
def test_a_bug_while_writing_is_told_as_one_beside_what_was_done(
    sandbox: Sandbox, warm: Warm, words: tuple[str, ...]
) -> None:
    plant(sandbox)
    result = warm.run(sandbox, *words, "--timeout", "2", broken=("astro_sync.envfile.writing:load_lines", MESSAGE))
    assert result.code == 6, result
    assert "This is a bug in astro-sync" in result.stderr
    (path,) = (sandbox.state_home / "astro-sync" / "bugs").iterdir()
    assert "in Deployment._write" in path.read_text()
    assert_nothing_shown(sandbox, result)
    if "--json" in words:
        document = json.loads(result.stdout)
        assert (document["exit_code"], document["error"]["code"]) == (6, "bug")
        assert results(targets(document)[0]["changes"])["OWN"] == "unknown"


def test_the_report_of_a_bug_says_where_it_is_and_is_private(sandbox: Sandbox, warm: Warm) -> None:
    plant(sandbox)
    result = warm.run(sandbox, *PUSH, broken=("astro_sync.core.plan:make_plan", MESSAGE))
    (path,) = (sandbox.state_home / "astro-sync" / "bugs").iterdir()
    text = path.read_text()
    assert str(path) in result.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "RuntimeError" in text
    assert "ValueError" in text
    assert "astro_sync/sync/pipeline.py" in text
    assert "local-to-deploy" in text
    assert str(sandbox.home) not in text
    assert EVERYTHING.find(path.read_bytes()) is None


def test_without_a_place_for_the_report_the_sentence_stands_alone(sandbox: Sandbox, warm: Warm) -> None:
    plant(sandbox)
    (sandbox.state_home / "astro-sync").mkdir()
    (sandbox.state_home / "astro-sync" / "bugs").write_text("")
    result = warm.run(sandbox, *PUSH, broken=("astro_sync.core.plan:make_plan", MESSAGE))
    assert result.code == 70
    assert "ASTRO_SYNC_DEBUG=1" in result.stderr
    assert_nothing_shown(sandbox, result)


def test_a_bug_changes_nothing_before_the_confirmation(sandbox: Sandbox, warm: Warm) -> None:
    plant(sandbox)
    before = sandbox.read_env(), sandbox.deployment()
    for where in ("astro_sync.core.plan:make_plan", "astro_sync.console.confirmation:confirmed"):
        assert warm.run(sandbox, *PUSH, broken=(where, MESSAGE)).code == 70
        assert (sandbox.read_env(), sandbox.deployment()) == before
        assert LOCAL["OWN"] in sandbox.read_env()
