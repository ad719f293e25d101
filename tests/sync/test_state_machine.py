"""Random sequences of edits, syncs, faults and kills against a small model: the one promise, checked after each.

ASTRO_SYNC_TEST_EXAMPLES sets how many sequences are tried; with it they are chosen anew each time, and a failure prints
how to see it again.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from astro_sync.envfile.dialects import RUNTIMES
from processes import end_orphans, start
from runs import env_changes, targets
from sandbox import Json, Result, Sandbox
from warm import Warm

EXAMPLES = os.environ.get("ASTRO_SYNC_TEST_EXAMPLES")
KEYS = ("A", "B_TOKEN", "AIRFLOW_VAR_C", "AIRFLOW_CONN_D")
VALUES = ("1", "two words", "it's", 'say "hi"', "a#b # c", "$A ${B}", "back\\slash\\n", "é\u00a0", "postgres://u:p@h/x")
ODD_VALUES = (*VALUES, "", " padded ", "two\nlines", "# secret", "****")
LINES = (
    *("# a comment\n", "# A=  # secret\n", "\n"),
    *("export A=9\n", "A=8\n", "A='q'\n", "B_TOKEN=x y # z\n", 'B_TOKEN="q $A"\n', "E=1"),
    *("AIRFLOW_VAR_C=\n", 'AIRFLOW_VAR_C={"j": 1}\n'),
    *("AIRFLOW_CONN_D=# secret\n", "AIRFLOW_CONN_D=http://u:p@h\r\n"),
)
FAULTS: tuple[Json, ...] = (
    {"name": "lost-write", "command": "deployment variable"},
    {"name": "write-refused", "command": "deployment variable"},
    {"name": "crash", "command": "deployment variable", "at": "before-write"},
    {"name": "crash", "command": "deployment variable", "at": "after-write", "exit": 0},
    {"name": "crash", "command": "deployment variable", "at": "after-write", "signal": 9},
    {"name": "crash", "command": "deployment inspect"},
    {"name": "crash", "command": "dev object"},
    {"name": "concurrent-key", "command": "deployment variable", "key": "A", "value": "theirs"},
    {"name": "save-unwritable"},
    {"name": "noise"},
    {"name": "truncate", "bytes": 60},
    {"name": "offline"},
    {"name": "half-export", "fails": "variables"},
    {"name": "killed-export", "during": "connections"},
    {"name": "not-running"},
)
VARIABLES = st.dictionaries(
    st.sampled_from((*KEYS, "F")), st.tuples(st.sampled_from(ODD_VALUES), st.booleans()), min_size=1, max_size=3
)
EDITS = st.lists(st.sampled_from(LINES), min_size=1, max_size=3)
ENTRIES = st.dictionaries(st.sampled_from(("c", "C", "other")), st.sampled_from(ODD_VALUES), max_size=2)
POLICIES = ("keep", "overwrite", "fail")
PLACEHOLDERS = {"# secret", "****"}
WRITTEN = {"create", "update", "unchanged"}
Variables = dict[str, tuple[str, bool]]

_warm: list[Warm] = []
_quick: list[Path] = []


@pytest.fixture(autouse=True)
def _shared(warm: Warm, quick_astro: Path) -> None:
    """Hand the fixtures to a machine, which gets none."""
    _warm[:] = [warm]
    _quick[:] = [quick_astro]


class Syncing(RuleBasedStateMachine):
    """Drive one project and one Deployment; what there is is noted before each run and compared after it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.sandbox = Sandbox(Path(self.folder.name) / "sandbox")
        self.sandbox.environment["PATH"] = f"{_quick[0]}:{self.sandbox.environment['PATH']}"

    def teardown(self) -> None:
        """Remove the project."""
        self.folder.cleanup()

    # --- others change things ---

    @initialize(mode=st.sampled_from(("docker", "standalone")), seed=st.integers(0, 99), there=VARIABLES)
    def begin(self, mode: str, seed: int, there: Variables) -> None:
        self.sandbox.use_mode(mode)
        self.mode = mode
        with self.sandbox.change() as state:
            state["order_seed"] = seed
        self._set_there(there)

    @rule(lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=5))
    def write_the_file(self, lines: list[str]) -> None:
        self.sandbox.write_env("".join(lines))

    @rule(key=st.sampled_from(KEYS))
    def remove_from_the_deployment(self, key: str) -> None:
        with self.sandbox.change() as state:
            variables = state["deployments"][0]["variables"]
            variables[:] = [variable for variable in variables if variable["key"] != key]

    # --- runs ---

    @rule(
        edits=EDITS,
        entries=st.none() | ENTRIES,
        policy=st.sampled_from(POLICIES),
        partial=st.booleans(),
        rotate=st.booleans(),
        fault=st.none() | st.sampled_from(FAULTS),
    )
    def push(  # noqa: PLR0913 - one for each thing that is drawn
        self,
        edits: list[str],
        entries: dict[str, str] | None,
        policy: str,
        fault: Json | None,
        *,
        partial: bool,
        rotate: bool,
    ) -> None:
        old = self.sandbox.read_env() if self._has_file else ""
        self.sandbox.write_env(old + ("" if old.endswith("\n") or not old else "\n") + "".join(edits))
        self.sandbox.set_airflow(entries or {}, {"d": "http://u:p@h"})
        words = ["local-to-deploy", "-d", "dep-1", "--yes", "--on-conflict", policy]
        words += ["--partial"] if partial else []
        words += ["--no-export"] if entries is None else []
        words += ["--rotate", "*"] if rotate else []
        before, there = self._env(), self.sandbox.deployment()
        document = self._run(words, fault)
        self._check_deployment(document, before, there, rotate=rotate)

    @rule(
        changed=VARIABLES,
        policy=st.sampled_from(POLICIES),
        partial=st.booleans(),
        fault=st.none() | st.sampled_from(FAULTS),
    )
    def pull(self, changed: Variables, policy: str, fault: Json | None, *, partial: bool) -> None:
        self._set_there(changed)
        words = [
            "deploy-to-local",
            "-d",
            "dep-1",
            "--yes",
            "--on-conflict",
            policy,
            *(["--partial"] if partial else []),
        ]
        there, before = self.sandbox.deployment(), self._env()
        document = self._run(words, fault)
        if not (fault and fault["name"] == "concurrent-key"):
            assert self.sandbox.deployment() == there
        self._check_file(document, before, {key: value for key, (value, secret) in there.items() if not secret})

    @rule(policy=st.sampled_from(POLICIES), text=st.sampled_from(("A=1\nA=3\n", "B_TOKEN='x y'\nNEW=2\n")))
    def merge(self, policy: str, text: str) -> None:
        self.sandbox.write_env(text, name="other.env")
        before = self._env()
        source = RUNTIMES[self.mode].read(text, self.sandbox.environment).values()
        document = self._run(["merge", "other.env", ".env", "--on-conflict", policy], None)
        for change in env_changes(document):
            if document["exit_code"] == 0 and change["action"] in {"create", "update", "unchanged"}:
                assert self._env()[change["key"]] == source[change["key"]]
        assert before.keys() <= self._env().keys()

    @rule()
    def dedupe(self) -> None:
        if self._has_file:
            before = self._env()
            self._run(["dedupe"], None)
            assert self._env() == before

    @rule(command=st.sampled_from(("dev object", "deployment inspect", "deployment variable", "config get")))
    def kill_a_push(self, command: str) -> None:
        if not self._has_file:
            return
        there, text = self.sandbox.deployment(), self.sandbox.read_env()
        self.sandbox.forget_calls()
        at = {"at": "before-write"} if command == "deployment variable" else {}
        self.sandbox.fault("hang", command=command, **at)
        running = start(self.sandbox, "local-to-deploy", "-d", "dep-1", "--yes", "--on-conflict", "keep", "--partial")
        while running.process.poll() is None and not self.sandbox.calls(command):
            time.sleep(0.01)
        running.process.kill()
        running.end()
        end_orphans(self.sandbox)
        self.sandbox.clear_faults()
        assert self.sandbox.deployment() == there
        for line in text.splitlines():
            assert line in self.sandbox.read_env().splitlines() or "=" in line

    # --- what always holds ---

    @invariant()
    def nothing_lies_about(self) -> None:
        left = {path.name for path in self.sandbox.project.iterdir()} - {".astro", ".env", "other.env"}
        assert {name for name in left if not name.startswith("tmp.")} == set()

    def _set_there(self, variables: Variables) -> None:
        for key, (value, secret) in variables.items():
            self.sandbox.set_variable(key, value, secret=secret)

    @property
    def _has_file(self) -> bool:
        return (self.sandbox.project / ".env").exists()

    def _env(self) -> dict[str, str]:
        """Return what local Airflow reads from the file."""
        if not self._has_file:
            return {}
        return dict(RUNTIMES[self.mode].read(self.sandbox.read_env(), self.sandbox.environment).values())

    def _run(self, words: list[str], fault: Json | None) -> Json:
        self.sandbox.clear_faults()
        self.sandbox.forget_calls()
        if fault:
            self.sandbox.fault(**fault)
        result: Result = _warm[0].run(self.sandbox, *words, "--json")
        self.sandbox.clear_faults()
        assert result.code in {0, 1, 3, 4, 6, 7}, result
        assert "Traceback" not in result.stderr, result
        assert not list(self.sandbox.temporary.iterdir())
        document: Json = json.loads(result.stdout)
        assert document["exit_code"] == result.code
        return document

    def _check_deployment(self, document: Json, before: dict[str, str], there: Variables, *, rotate: bool) -> None:
        after, env, code = self.sandbox.deployment(), self._env(), document["exit_code"]
        changes = [change for target in targets(document) for change in target["changes"]]
        for key in there:
            self._check_key(key, there[key], after[key])
        if code in {0, 7}:
            named = {_shown(key) for key in env.keys() | there.keys()}
            assert {change["key"] for change in changes} >= named, "each key is in the report"
            for change in changes:
                _check_change(change, env, there, after)
                assert change["action"] != "update" or not there[change["key"]][1] or rotate
        elif code == 6:
            trusted = [change for change in changes if change["action"] in WRITTEN and not change["reason"]]
            for change in trusted:
                assert after[change["key"]][0] == env[change["key"]], (change, after)
            assert document["error"]
        else:
            # What another client wrote meanwhile aside: those faults all write this key.
            assert {key for key in after if after[key] != there.get(key)} <= {"A"}, document
        if code in {3, 4}:
            assert env == before

    def _check_key(self, key: str, before: tuple[str, bool], after: tuple[str, bool]) -> None:
        assert after[1] or not before[1] or key == "A", f"{key} is no secret any more"
        assert after[0] not in PLACEHOLDERS or after == before, f"a placeholder won over {key}"

    def _check_file(self, document: Json, before: dict[str, str], source: dict[str, str]) -> None:
        after, code = self._env(), document["exit_code"]
        assert before.keys() <= after.keys()
        if code in {1, 3, 4}:
            assert after == before
        for change in (change for target in targets(document) for change in target["changes"]):
            if code in {0, 7} and change["action"] in WRITTEN:
                assert after[change["key"]] == source[change["key"]], change
            elif code in {0, 7}:
                assert after.get(change["key"]) == before.get(change["key"]), change
        for key, value in after.items():
            assert value not in PLACEHOLDERS or before.get(key) == value


def _shown(key: str) -> str:
    """Return a key as a report names it; one that is no name may be a piece of a value, so it is masked."""
    return key if key.isidentifier() else "***"


def _check_change(change: Json, env: dict[str, str], there: Variables, after: Variables) -> None:
    """Check one key of a run that went as planned."""
    key = change["key"]
    if change["action"] in WRITTEN:
        assert after[key][0] == env[key], (change, after, env)
        assert after[key][1] is change["secret"], change
    elif change["action"] != "destination-only":  # that one another client may have changed
        assert after.get(key) == there.get(key), change
        assert change["reason"] or change["action"] in {"secret-kept", "keep"}, change


@pytest.mark.long
def test_the_promise_holds_for_any_sequence() -> None:
    run_state_machine_as_test(
        Syncing,
        settings=settings(
            max_examples=int(EXAMPLES or 40),
            stateful_step_count=15,
            derandomize=EXAMPLES is None,
            deadline=None,
            print_blob=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate] if EXAMPLES is None else [Phase.generate, Phase.shrink],
        ),
    )
