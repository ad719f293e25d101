"""An Astro CLI that cannot be used: exit 4 within the time limit, one sentence and what to type next."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runs import document, pull, push, results, state_of, targets, values
from sandbox import Result, Sandbox


def check(result: Result, *said: str) -> None:
    """Expect exit 4, one sentence and a line with what to type next."""
    assert result.code == 4
    error, following = result.stderr.strip().splitlines()
    assert error.startswith("Error: ")
    assert error.endswith(".")
    assert following.startswith("Next: ")
    for words in said:
        assert words in result.stderr


def missing(sandbox: Sandbox) -> None:
    sandbox.environment["PATH"] = "/usr/bin:/bin"


def missing_by_name(sandbox: Sandbox) -> None:
    sandbox.environment["ASTRO_SYNC_ASTRO_BIN"] = "/nowhere/astro"


def no_program(sandbox: Sandbox) -> None:
    broken = sandbox.folder / "broken"
    broken.write_bytes(b"\x7fnot a program")
    broken.chmod(0o755)
    sandbox.environment["ASTRO_SYNC_ASTRO_BIN"] = str(broken)


def browser(sandbox: Sandbox) -> None:
    sandbox.log_out()


def expired_session(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["session"] = "expired"


def bad_token(name: str) -> Callable[[Sandbox], None]:
    def use(sandbox: Sandbox) -> None:
        sandbox.environment["ASTRO_API_TOKEN"] = "tok-3n"
        sandbox.fault(name)

    return use


def offline(sandbox: Sandbox) -> None:
    sandbox.fault("offline")


CASES = [
    pytest.param(missing, ("astro", "--astro-bin"), id="missing"),
    pytest.param(missing_by_name, ("/nowhere/astro", "--astro-bin"), id="missing-by-name"),
    pytest.param(no_program, ("--astro-bin",), id="no-program"),
    pytest.param(browser, ("not logged in", "astro login"), id="browser"),
    pytest.param(expired_session, ("astro login",), id="expired-session"),
    pytest.param(bad_token("token-expired"), ("expired", "ASTRO_API_TOKEN"), id="token-expired"),
    pytest.param(bad_token("token-malformed"), ("malformed", "ASTRO_API_TOKEN"), id="token-malformed"),
    pytest.param(offline, ("could not be reached",), id="offline"),
]


@pytest.mark.parametrize(("spoil", "said"), CASES)
def test_an_astro_that_cannot_be_used(
    sandbox: Sandbox, spoil: Callable[[Sandbox], None], said: tuple[str, ...]
) -> None:
    sandbox.write_env("A=1\n")
    spoil(sandbox)
    before = state_of(sandbox)
    check(push(sandbox, "--no-export"), *said)
    check(pull(sandbox), *said)
    assert state_of(sandbox) == before
    assert not list(sandbox.temporary.iterdir())
    assert not any("browser_opened" in call for call in sandbox.calls())


def test_astro_bin_names_the_program_to_run(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    path = next(part for part in sandbox.environment["PATH"].split(":") if part.endswith("fixtures/bin"))
    sandbox.environment["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert push(sandbox, "--no-export", "--astro-bin", f"{path}/astro").code == 0
    assert values(sandbox) == {"A": "1"}


@pytest.mark.parametrize("words", [("-d", "nope"), ("-n", "nope")])
def test_an_unknown_deployment(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    sandbox.write_env("A=1\n")
    check(push(sandbox, "--no-export", *words), "There is no Deployment", "astro deployment list")
    check(pull(sandbox, *words), "There is no Deployment", "astro deployment list")


def test_a_name_that_two_deployments_have(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "prod")
    sandbox.write_env("A=1\n")
    check(push(sandbox, "--no-export", "-n", "prod"), "more than one", "--deployment-id")
    check(pull(sandbox, "-n", "prod"), "more than one", "--deployment-id")
    assert values(sandbox) == values(sandbox, "dep-2") == {}


def test_one_unknown_of_two_deployments_leaves_both_and_env_alone(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "1"})
    before = state_of(sandbox)
    check(push(sandbox, "-d", "dep-1", "-d", "nope"), "nope")
    assert state_of(sandbox) == before


@pytest.mark.parametrize(
    ("mode", "how"), [("docker", "no-containers"), ("docker", "stopped"), ("standalone", "no-venv")]
)
def test_a_local_airflow_that_does_not_run(sandbox: Sandbox, mode: str, how: str) -> None:
    sandbox.use_mode(mode)
    sandbox.set_airflow({"a": "1"}, {"pg": "postgres://db.example.com"})
    with sandbox.change() as state:
        state["airflow"]["running"] = how
    before = state_of(sandbox)
    check(push(sandbox), "not running", "astro dev start")
    assert state_of(sandbox) == before


def test_a_folder_that_is_no_project(sandbox: Sandbox) -> None:
    (sandbox.project / ".astro" / "config.yaml").unlink()
    check(push(sandbox), "not an Astro project")
    assert sandbox.writing_calls() == []


@pytest.mark.parametrize("command", ["dev object export", "deployment inspect"])
def test_a_call_that_hangs_is_ended_with_its_children(sandbox: Sandbox, command: str) -> None:
    sandbox.set_airflow({"a": "1"})
    sandbox.fault("hang", command=command, child=True)
    check(push(sandbox, "--timeout", "1"), "--timeout", "within 1 seconds")
    (call,) = sandbox.calls(command)
    assert not_running(call["pid"])
    assert not_running(call["child_pid"])
    assert not list(sandbox.temporary.iterdir())


@pytest.mark.long
def test_a_call_that_ignores_being_ended_is_killed(sandbox: Sandbox) -> None:
    sandbox.fault("hang", command="deployment variable list", ignore_term=True)
    check(pull(sandbox, "--timeout", "1"), "--timeout")
    (call,) = sandbox.calls("deployment variable list")
    assert not_running(call["pid"])


@pytest.mark.long
@pytest.mark.parametrize(("at", "code"), [("before-write", 6), ("after-write", 0)])
def test_a_writing_call_that_hangs_is_judged_by_what_is_there(sandbox: Sandbox, at: str, code: int) -> None:
    sandbox.write_env("A=1\n")
    sandbox.fault("hang", command="deployment variable create", at=at)
    result = push(sandbox, "--no-export", "--timeout", "1", "--json")
    assert result.code == code
    (place,) = targets(document(result))
    assert place["applied"] is (code == 0)
    # What was given up on may still arrive.
    assert results(place["changes"]) == {"A": "unknown" if code else "done"}
    assert values(sandbox) == ({} if code else {"A": "1"})


def test_no_call_has_a_terminal(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "42"})
    push(sandbox, yes=True, tty=True)
    assert len(sandbox.calls()) >= 5
    assert not any(call["stdin_is_tty"] for call in sandbox.calls())


def not_running(pid: int) -> bool:
    """Tell whether a process is gone, or only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
