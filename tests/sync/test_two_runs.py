"""Several runs on one `.env` at once: they take turns, and none loses what another did."""

import json
import signal
from functools import partial

import pytest

from processes import Running, assert_nothing_left, end_orphans, lock_of, start, wait_until
from runs import targets
from sandbox import Sandbox

PULL = ("deploy-to-local", "--yes")


@pytest.fixture
def two(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with two Deployments that hold different keys."""
    sandbox.set_variable("FIRST", "1")
    sandbox.add_deployment("dep-2", "stage", variables=[{"key": "SECOND", "value": "2", "is_secret": False}])
    sandbox.write_env("# mine\n")
    return sandbox


def test_a_run_that_waits_says_so_and_works_on_what_the_one_before_left(two: Sandbox) -> None:
    with lock_of(two.project):
        runs = [start(two, *PULL, "-d", deployment_id) for deployment_id in ("dep-1", "dep-2")]
        for run in runs:
            wait_until(partial(_waits, run))
            assert str(two.project) in run.told
            assert "waiting up to 120 s" in run.told
    assert [run.end().code for run in runs] == [0, 0]
    header, *keys = two.read_env().splitlines()
    assert (header, sorted(keys)) == ("# mine", ["FIRST=1", "SECOND=2"])
    assert_nothing_left(two)


def test_with_json_waiting_is_still_told_and_stdout_stays_one_document(two: Sandbox) -> None:
    with lock_of(two.project):
        second = start(two, *PULL, "-d", "dep-2", "--json")
        wait_until(lambda: "waiting up to" in second.told)
    result = second.end()
    assert result.code == 0
    assert json.loads(result.stdout)["exit_code"] == 0


@pytest.mark.long
def test_four_pulls_at_once_all_end_well(sandbox: Sandbox) -> None:
    sandbox.write_env("# mine\n")
    for number in range(1, 5):
        if number > 1:
            sandbox.add_deployment(f"dep-{number}", f"stage-{number}")
        for key in ("A", "B"):
            sandbox.set_variable(f"{key}{number}", "x", deployment_id=f"dep-{number}")
    runs = [start(sandbox, *PULL, "-d", f"dep-{number}") for number in range(1, 5)]
    assert [run.end().code for run in runs] == [0, 0, 0, 0]
    lines = sandbox.read_env().splitlines()
    assert lines[0] == "# mine"
    assert sorted(lines[1:]) == sorted(f"{key}{number}=x" for number in range(1, 5) for key in ("A", "B"))
    assert_nothing_left(sandbox)


def test_four_pulls_of_the_same_keys_write_them_once(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    runs = [start(sandbox, *PULL, "-d", "dep-1", "--json") for _ in range(4)]
    results = [run.end() for run in runs]
    assert [result.code for result in results] == [0, 0, 0, 0]
    actions = sorted(targets(json.loads(result.stdout))[0]["changes"][0]["action"] for result in results)
    assert actions == ["create", "unchanged", "unchanged", "unchanged"]
    assert sandbox.read_env() == "A=1\n"


def test_a_push_and_a_pull_on_one_file_take_turns(sandbox: Sandbox) -> None:
    sandbox.write_env("OWN=1\n")
    sandbox.set_variable("THEIRS", "2")
    sandbox.set_airflow({"new": "3"})
    runs = [start(sandbox, *PULL, "-d", "dep-1"), start(sandbox, "local-to-deploy", "-d", "dep-1", "--yes")]
    assert [run.end().code for run in runs] == [0, 0]
    assert {"OWN=1", "THEIRS=2", "AIRFLOW_VAR_NEW=3"} == set(sandbox.read_env().split())
    assert {"OWN", "THEIRS", "AIRFLOW_VAR_NEW"} == set(sandbox.deployment())


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    [
        (*PULL, "-d", "dep-1"),
        ("local-to-deploy", "-d", "dep-1", "--yes"),
        ("merge", "other.env", ".env"),
        ("dedupe",),
    ],
    ids=" ".join,
)
def test_waiting_too_long_ends_with_what_to_do(two: Sandbox, words: tuple[str, ...]) -> None:
    two.write_env("A=1\nA=2\n")
    two.write_env("B=1\n", name="other.env")
    with lock_of(two.project):
        result = start(two, *words, "--timeout", "0.6").end()
    assert result.code == 1, result
    assert "Another astro-sync is still working" in result.stderr
    assert "--timeout" in result.stderr
    assert two.read_env() == "A=1\nA=2\n"
    assert not two.writing_calls()


def test_reading_only_waits_for_nobody(two: Sandbox) -> None:
    two.write_env("A=1\n")
    with lock_of(two.project):
        assert start(two, "diff", "-d", "dep-1", "--timeout", "15").end().code == 0
        assert start(two, "check").end().code in {0, 5}
        push = start(two, "local-to-deploy", "-d", "dep-1", "--yes", "--no-export", "--timeout", "15")
        assert push.end().code == 0, "it only reads the file"
    assert two.deployment()["A"] == ("1", False)


@pytest.mark.long
def test_a_killed_run_blocks_nobody(two: Sandbox) -> None:
    two.fault("hang", command="deployment variable list", nth=1)
    first = start(two, *PULL, "-d", "dep-1")
    wait_until(lambda: two.calls("deployment variable list"))
    second = start(two, *PULL, "-d", "dep-2")
    wait_until(lambda: "waiting up to" in second.told)
    first.signal(signal.SIGKILL)
    first.end()
    assert second.end().code == 0
    end_orphans(two)
    assert start(two, *PULL, "-d", "dep-1", "--timeout", "5").end().code == 0
    assert two.read_env() == "# mine\nSECOND=2\nFIRST=1\n"


def test_links_to_one_file_are_one_file(two: Sandbox) -> None:
    elsewhere = two.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.env").symlink_to(two.project / ".env")
    with lock_of(two.project):
        result = start(two, *PULL, "-d", "dep-1", "-e", str(elsewhere / "link.env"), "--timeout", "0.6").end()
    assert result.code == 1, result
    assert "Another astro-sync" in result.stderr


def _waits(run: Running) -> bool:
    return "Another astro-sync is working" in run.told
