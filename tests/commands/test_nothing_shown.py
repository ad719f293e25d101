"""Every command, with every fault of the stand-in, at every verbosity: no value anywhere, in no form."""

import re

import pytest

from astro_stand_in.faults import FAULTS as KNOWN_FAULTS
from planting import EVERYTHING, FROM_FAULTS, LOCAL, THERE, Search, assert_nothing_shown, forms, plant
from sandbox import Sandbox
from warm import Warm

# How each command is run; a command that `--help` names and that is not here fails the first test.
CARRY = ("--yes", "--on-conflict", "overwrite", "--partial")
COMMANDS = {
    "local-to-deploy": ("-d", "dep-1", "--rotate", "*", "--allow-expansion", "*", *CARRY),
    "deploy-to-local": ("-d", "dep-1", *CARRY),
    "diff": ("-d", "dep-1", "--export"),
    "merge": ("other.env", ".env", *CARRY),
    "list": ("deployment:dep-1",),
    "undo": ("--yes",),
    "dedupe": ("--yes",),
    "check": (),
    "doctor": (),
    "init": ("--yes",),
}
# Without a fault all are tried; a fault is met once as text, the longest that there is, and once as JSON.
FORMS = (("-v",), ("--json",), (), ("-q",), ("--format", "markdown"))

# Where a fault bites; one that is not here strikes every call, without options.
WRITING = "deployment variable"
FAULTS: dict[str, list[dict[str, object]]] = {
    "slow": [{"seconds": 0.01, "command": "deployment"}],
    "hang": [{"command": WRITING, "at": "after-write"}, {"command": "dev object", "child": True}],
    "crash": [
        {"command": WRITING, "at": "before-write"},
        {"command": WRITING, "at": "after-write", "signal": 9},
        {"command": "deployment inspect", "exit": 1},
        {"command": "dev run"},
        {"command": "config get"},
    ],
    "not-logged-in": [{"command": "deployment", "seconds": 0.01}],
    "no-context": [{"command": "deployment"}],
    "token-expired": [{"command": "deployment"}],
    "token-malformed": [{"command": "deployment"}],
    "offline": [{"command": "deployment", "cause": f"Get https://{FROM_FAULTS}@api: no such host"}],
    "not-running": [{"command": "dev"}],
    "noise": [{"before": f"{FROM_FAULTS} {{\n", "after": f"\n{{ [ {FROM_FAULTS}\n"}],
    "upgrade-notice": [{"command": "deployment"}],
    "lost-write": [{"command": WRITING}],
    "concurrent-key": [{"command": "deployment", "key": "THEIR_NEW", "value": FROM_FAULTS}],
    "write-refused": [
        {"command": WRITING, "message": f"invalid value {value}"}
        for value in (LOCAL["MY_TOKEN"], THERE["AIRFLOW_VAR_DIFFERS"][0])
    ],
    "save-unwritable": [{"command": WRITING}],
    "truncate": [{"bytes": 150}],
    "killed-export": [{"command": "dev object", "during": half} for half in ("variables", "connections")],
    "half-export": [{"command": "dev object", "fails": half} for half in ("variables", "connections")],
    "stdin-reset": [{"command": "dev run"}],
}
NEEDS_TOKEN = {"token-expired", "token-malformed", "upgrade-notice"}
TOKEN = "a-token-of-the-user"


def _faults() -> list[object]:
    cases = [
        pytest.param(name, options, id=f"{name}-{number}")
        for name in sorted(KNOWN_FAULTS)
        for number, options in enumerate(FAULTS.get(name, [{}]), 1)
    ]
    return [pytest.param(None, {}, id="no fault"), *cases]


@pytest.fixture(scope="session")
def commands(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """Return the commands that there are, with their words."""
    printed = warm.run(Sandbox(tmp_path_factory.mktemp("help") / "sandbox"), "--help").stdout
    listed = printed.partition("Commands:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^  ([a-z][a-z-]*) ", listed, re.MULTILINE)
    assert len(names) >= 5
    return {name: COMMANDS[name] for name in names if name != "completion"}


@pytest.mark.long
@pytest.mark.parametrize(("fault", "options"), _faults())
def test_no_value_is_shown(
    sandbox: Sandbox, warm: Warm, commands: dict[str, tuple[str, ...]], fault: str | None, options: dict[str, object]
) -> None:
    if fault in NEEDS_TOKEN:
        sandbox.environment["ASTRO_API_TOKEN"] = TOKEN
    limit = ("--timeout", "1") if fault == "hang" else ()
    for command, words in commands.items():
        for verbosity in FORMS[:2] if fault else FORMS:
            plant(sandbox)
            sandbox.forget_calls()
            sandbox.clear_faults()
            if fault:
                sandbox.fault(fault, **options)
            result = warm.run(sandbox, command, *words, *verbosity, *limit)
            assert result.code in {0, 1, 3, 4, 5, 6, 7}, (command, result)
            assert_nothing_shown(sandbox, result)
            assert TOKEN not in sandbox.user_config.read_text() + result.stdout + result.stderr
            if fault and not sandbox.state["faults"][0].get("seen"):
                break  # the fault never met this command, which then runs as it does without one


def test_the_search_finds_what_it_looks_for() -> None:
    for value in EVERYTHING.values:
        for form in forms(value):
            if len(form) > 5:
                assert EVERYTHING.find(b"before " + form + b" behind")
    assert Search(("one",)).find(b"two") is None
