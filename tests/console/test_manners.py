"""What a person meets at a terminal, and what a script meets without one."""

import os
import re
import subprocess
import sys
import termios
from collections.abc import Callable

import pexpect
import pytest

from runs import document, state_of, values
from sandbox import Result, Sandbox, wait_until

ESCAPE = "\x1b["
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SIGNS = {"new": "+", "changed": "~", "kept": "<", "skipped": "-", "differs": "!", "the": "="}


@pytest.fixture
def mixed(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with a key for most actions."""
    sandbox.write_env("NEW=planted-1\nDIFFERS=planted-2\nSAME=1\nHOLE=****\n")
    sandbox.set_variable("DIFFERS", "planted-3")
    sandbox.set_variable("SAME", "1")
    return sandbox


def send(sandbox: Sandbox, *words: str, env: dict[str, str] | None = None, tty: bool = False, text: str = "") -> Result:
    return sandbox.run("local-to-deploy", "-d", "dep-1", "--no-export", *words, env=env, tty=tty, input=text)


# --- colour, and what stands beside it ---


@pytest.mark.parametrize(
    ("env", "tty", "coloured"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ({}, False, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colour_is_for_terminals_and_obeys_the_environment(
    mixed: Sandbox, env: dict[str, str], *, tty: bool, coloured: bool
) -> None:
    result = send(mixed, "--dry-run", "--on-conflict", "keep", env={"TERM": "xterm"} | env, tty=tty)
    assert result.code == 0
    assert bool(COLOUR.search(result.stdout)) == coloured


def test_json_is_never_coloured(mixed: Sandbox) -> None:
    result = send(mixed, "--dry-run", "--on-conflict", "keep", "--json", env={"FORCE_COLOR": "1"})
    assert document(result)["exit_code"] == 0
    assert ESCAPE not in result.stdout


def test_a_dumb_terminal_gets_no_escape_at_all(mixed: Sandbox) -> None:
    mixed.fault("slow", command="deployment inspect", seconds=0.7)
    result = send(mixed, "--on-conflict", "keep", "--yes", env={"TERM": "dumb"}, tty=True)
    assert result.code == 0
    assert ESCAPE not in result.stdout


@pytest.mark.parametrize("policy", ["keep", "overwrite", "fail"])
def test_each_row_has_a_sign_and_a_word_beside_any_colour(mixed: Sandbox, policy: str) -> None:
    result = send(mixed, "--dry-run", "-v", "--on-conflict", policy, env={"FORCE_COLOR": "1"})
    rows = [COLOUR.sub("", line).split() for line in result.stdout.splitlines()]
    shown = {row[0]: (row[1], row[2]) for row in rows if row and row[0] in {"NEW", "DIFFERS", "SAME", "HOLE"}}
    assert set(shown) == {"NEW", "DIFFERS", "SAME", "HOLE"}
    assert {word: sign for sign, word in shown.values()}.items() <= SIGNS.items()


# --- long tables ---


def test_many_successes_are_counted_and_verbose_shows_all(sandbox: Sandbox) -> None:
    sandbox.write_env("".join(f"KEY_{number:03}=1\n" for number in range(120)))
    short = send(sandbox, "--dry-run").stdout
    assert re.findall(r"KEY_\d{3}", short) == []
    assert "120 environment variables new" in short
    assert "--verbose" in short
    assert len(re.findall(r"KEY_\d{3}", send(sandbox, "--dry-run", "-v").stdout)) == 120


def test_what_needs_attention_is_never_cut(sandbox: Sandbox) -> None:
    keys = [f"KEY_{number:03}" for number in range(200)]
    sandbox.write_env("".join(f"{key}=here\n" for key in keys) + "".join(f"FINE_{number}=1\n" for number in range(90)))
    for key in keys:
        sandbox.set_variable(key, "there")
    refused = send(sandbox, "--dry-run")
    assert refused.code == 3
    overwritten = send(sandbox, "--on-conflict", "overwrite")
    assert overwritten.code == 2
    for printed in (refused.stdout, overwritten.stderr):
        assert set(re.findall(r"^KEY_\d{3}", printed, re.MULTILINE)) == set(keys)
        assert "FINE_" not in printed


def test_many_warnings_of_one_kind_are_one_line(sandbox: Sandbox) -> None:
    sandbox.write_env("".join(f"AIRFLOW_CONN_{number:03}=http://localhost/x\n" for number in range(50)))
    warned = [line for line in send(sandbox, "--dry-run").stderr.splitlines() if line.startswith("Warning")]
    assert len(warned) == 1
    assert "50 keys" in warned[0]
    everything = send(sandbox, "--dry-run", "-v").stderr
    assert "AIRFLOW_CONN_049" in everything


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_text_wraps_at_the_width_and_never_inside_a_key(sandbox: Sandbox, columns: str) -> None:
    keys = [f"AIRFLOW_VAR_QUITE_A_LONG_NAME_{number}" for number in range(5)]
    sandbox.write_env("".join(f"{key}=here\n" for key in keys) + 'MULTI="one\\ntwo"\nPADDED=" x"\n')
    for key in keys:
        sandbox.set_variable(key, "there and longer")
    result = send(sandbox, "--dry-run", env={"COLUMNS": columns})
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert max(map(len, lines)) <= int(columns)
    assert {key for key in keys if any(key in line for line in lines)} == set(keys)


@pytest.mark.parametrize("words", [("--dry-run",), ("--yes", "--on-conflict", "overwrite")])
def test_markdown_has_the_rows_of_the_table_and_what_to_do_next(mixed: Sandbox, words: tuple[str, ...]) -> None:
    page = send(mixed, "--dry-run", *words, "--format", "markdown")
    table = send(mixed, "--dry-run", *words)
    assert page.code == table.code
    assert page.stderr == table.stderr
    keys = [line.split("|")[1].strip() for line in page.stdout.splitlines() if line.startswith("|")]
    listed = [line.split()[0] for line in table.stdout.splitlines()]
    assert keys == ["KEY", "---", *(key for key in listed if key in {"NEW", "DIFFERS", "HOLE"})]
    assert len(keys) == 5
    ways = [line.strip().partition("  ")[0] for line in table.stderr.splitlines() if line.startswith("  --")]
    assert ways
    assert [way for way in ways if way.replace("|", "\\|") not in page.stdout] == []
    assert "planted" not in page.stdout


# --- what was written ---


@pytest.mark.parametrize(
    ("fault", "which", "code", "restarts"),
    [
        ("write-refused", {}, 1, ""),
        ("write-refused", {"nth": 2}, 6, "1 restart"),
        # The call went through, and somebody else's list took the place of ours.
        ("lost-write", {}, 6, "2 restarts"),
    ],
)
def test_restarts_are_told_of_the_calls_that_went_through(
    sandbox: Sandbox, fault: str, which: dict[str, int], code: int, restarts: str
) -> None:
    sandbox.write_env("A=1\nMY_TOKEN=planted\n")
    sandbox.fault(fault, command="deployment variable create", **which)
    result = send(sandbox, "--yes")
    assert result.code == code
    (end,) = [line for line in result.stdout.splitlines() if "not as planned" in line]
    assert end.rpartition("planned")[2].strip() == restarts


@pytest.mark.parametrize(("words", "backup"), [((), True), (("--no-backup",), False)])
def test_a_lost_write_says_what_to_do_next_and_names_a_backup_where_there_is_one(
    sandbox: Sandbox, words: tuple[str, ...], *, backup: bool
) -> None:
    sandbox.set_variable("OLD", "old")
    sandbox.write_env("A=1\nSKIPPED=****\n")
    sandbox.fault("lost-write")
    result = send(sandbox, "--yes", *words)
    assert result.code == 6
    (hint,) = [line for line in result.stderr.splitlines() if line.startswith("Next: ")]
    assert "run the same command again" in hint
    assert ("The backup holds" in hint) is backup


# --- progress ---


def test_a_terminal_is_told_what_takes_longer_than_half_a_second(sandbox: Sandbox) -> None:
    sandbox.fault("slow", command="deployment inspect", seconds=1.2)
    sandbox.write_env("A=1\n")
    result = sandbox.run("diff", "-d", "dep-1", tty=True)
    assert "astro deployment inspect" in result.stdout
    assert result.stdout.index("astro deployment inspect") < result.stdout.index("missing")


@pytest.mark.parametrize(("words", "tty"), [(("-q",), True), ((), False), (("--json",), False)])
def test_nobody_else_is(sandbox: Sandbox, words: tuple[str, ...], *, tty: bool) -> None:
    sandbox.fault("slow", command="deployment inspect", seconds=0.8)
    sandbox.write_env("A=1\n")
    result = sandbox.run("diff", "-d", "dep-1", *words, tty=tty)
    assert "astro deployment inspect" not in result.stdout + result.stderr


# --- questions ---


def test_a_conflict_is_asked_about_with_where_it_differs_and_no_value(mixed: Sandbox) -> None:
    mixed.write_env("AIRFLOW_CONN_PG=postgres://u:planted-1@planted-2/x\nDIFFERS=planted-3\n")
    mixed.set_variable("AIRFLOW_CONN_PG", "postgres://u:planted-4@planted-5/x")
    result = send(mixed, tty=True, text="q\n")
    assert result.code == 1
    (question,) = [line for line in result.stdout.splitlines() if "[k]eep all" in line]
    assert "1/1 AIRFLOW_CONN_PG: prod and .env differ in host, password" in question
    assert "Overwrite prod's? [y]es [N]o [a]ll [k]eep all [q]uit" in question
    assert "planted" not in result.stdout
    assert "othing was changed" in result.stdout
    assert values(mixed)["DIFFERS"] == "planted-3"


def test_an_answer_that_is_none_is_asked_again(mixed: Sandbox) -> None:
    result = send(mixed, tty=True, text="x\ny\ny\n")
    assert result.stdout.count("[k]eep all") == 2
    assert "planted" not in result.stdout


@pytest.mark.parametrize("text", ["\x04", "n\n\x04"], ids=["at a conflict", "at the confirmation"])
def test_the_end_of_the_input_is_a_no(mixed: Sandbox, text: str) -> None:
    before = state_of(mixed)
    result = send(mixed, tty=True, text=text)
    assert result.code == 1
    assert state_of(mixed) == before
    assert "Traceback" not in result.stdout


@pytest.mark.parametrize("questions", [["uit "], ["uit ", "Go on"]])
def test_an_interrupt_at_a_question_is_130_and_changes_nothing(mixed: Sandbox, questions: list[str]) -> None:
    before = state_of(mixed)
    command = [sys.executable, "-m", "astro_sync", "local-to-deploy", "-d", "dep-1", "--no-export"]
    child = pexpect.spawn(
        command[0], command[1:], cwd=str(mixed.project), env=dict(mixed.environment), timeout=20, dimensions=(50, 200)
    )
    for question in questions:
        child.expect(question)
        wait_to_type(child.child_fd, lines=question == "Go on")
        child.send("\x03" if question is questions[-1] else "y")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (130, None)
    assert state_of(mixed) == before
    assert b"Traceback" not in child.before
    assert not list(mixed.temporary.iterdir())


def wait_to_type(terminal: int, *, lines: bool) -> None:
    """Wait until a terminal hands over whole lines, or else each key: what is pressed before may be dropped."""
    wait_until(lambda: bool(termios.tcgetattr(terminal)[3] & termios.ICANON) is lines)


# --- without a terminal ---


def null(command: list[str]) -> list[str]:
    return ["sh", "-c", 'exec "$@" </dev/null', "sh", *command]


def pipe(command: list[str]) -> list[str]:
    return ["sh", "-c", 'yes | "$@"', "sh", *command]


@pytest.mark.long
@pytest.mark.parametrize("stdin", [null, pipe])
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("local-to-deploy", "-d", "dep-1", "--no-export", "--on-conflict", "overwrite"), 2, "--yes"),
        (("local-to-deploy", "-d", "dep-1", "--no-export", "--yes"), 3, "--on-conflict"),
        (("deploy-to-local", "-d", "dep-1", "--yes"), 3, "--on-conflict"),
        (("merge", ".env", "other.env"), 3, "--on-conflict"),
        (("local-to-deploy", "-d", "dep-1", "--no-export", "--on-conflict", "ask"), 2, "--on-conflict"),
        (("local-to-deploy", "--no-export"), 2, "--deployment-id"),
    ],
)
def test_what_would_be_asked_is_an_error_that_names_the_flag(
    mixed: Sandbox, stdin: Callable[[list[str]], list[str]], words: tuple[str, ...], code: int, said: str
) -> None:
    mixed.write_env("NEW=planted\n", "other.env")
    before = state_of(mixed)
    done = subprocess.run(
        stdin([sys.executable, "-m", "astro_sync", *words]),
        cwd=mixed.project,
        env=mixed.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "?" not in done.stdout + done.stderr
    assert state_of(mixed) == before


@pytest.mark.parametrize("stdin", [null, pipe])
@pytest.mark.parametrize("words", [("init",), ("dedupe", "twice.env"), ("merge", "twice.env", "new.env")])
def test_what_asks_only_out_of_courtesy_goes_ahead(
    sandbox: Sandbox, stdin: Callable[[list[str]], list[str]], words: tuple[str, ...]
) -> None:
    sandbox.write_env("A=1\nA=2\n", "twice.env")
    done = subprocess.run(
        stdin([sys.executable, "-m", "astro_sync", *words]),
        cwd=sandbox.project,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "?" not in done.stdout + done.stderr
    expected = {"init": "Makefile", "dedupe": "twice.env", "merge": "new.env"}[words[0]]
    assert (sandbox.project / expected).exists()


def test_a_terminal_for_the_output_alone_is_no_one_to_ask(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    script = f'{sys.executable} -m astro_sync local-to-deploy -d dep-1 --no-export < /dev/null; echo "code $?"'
    child = pexpect.spawn(
        "sh", ["-c", script], cwd=str(sandbox.project), env=dict(sandbox.environment), timeout=20, dimensions=(50, 200)
    )
    child.expect(pexpect.EOF)
    printed = child.before.decode()
    child.close()
    assert "code 2" in printed
    assert "--yes" in printed
    assert "[y/N]" not in printed
    assert values(sandbox) == {}


# --- what was mistyped, and nothing at all ---


def test_alone_it_prints_a_short_guide(sandbox: Sandbox) -> None:
    result = sandbox.run()
    assert (result.code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) < 20
    for command in ("doctor", "local-to-deploy", "deploy-to-local", "--help"):
        assert command in result.stdout
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("local-to-deply", "local-to-deploy"),
        ("local_to_deploy", "local-to-deploy"),
        ("deploy-to-loca", "deploy-to-local"),
        ("dif", "diff"),
        ("docter", "doctor"),
        ("dedup", "dedupe"),
        ("inti", "init"),
        ("chekc", "check"),
        ("merg", "merge"),
        ("completions", "completion"),
    ],
)
def test_a_mistyped_command_gets_the_nearest_one(sandbox: Sandbox, typed: str, meant: str) -> None:
    result = sandbox.run(typed)
    assert (result.code, result.stdout) == (2, "")
    assert f"'{meant}'" in result.stderr


@pytest.mark.parametrize(
    ("command", "typed", "meant"),
    [
        ("local-to-deploy", "--deployment", "--deployment-id"),
        ("local-to-deploy", "--dryrun", "--dry-run"),
        ("local-to-deploy", "--on-conflicts", "--on-conflict"),
        ("local-to-deploy", "--no-exports", "--no-export"),
        ("diff", "--exitcode", "--exit-code"),
        ("check", "--fixx", "--fix"),
        ("dedupe", "--chekc", "--check"),
        ("merge", "--includes", "--include"),
    ],
)
def test_a_mistyped_option_gets_the_nearest_one(sandbox: Sandbox, command: str, typed: str, meant: str) -> None:
    result = sandbox.run(command, typed)
    assert (result.code, result.stdout) == (2, "")
    assert meant in result.stderr


# --- every warning says what to do ---

# What tells someone what to do: an option, a command, or a verb in the imperative.
TO_DO = re.compile(r"--[a-z-]+|`[^`]+ [^`]+`|\b(set|delete|make|look|run|remove|restart|check|sync|nothing to do)\b")


def warnings_of(result: Result) -> list[tuple[str, str]]:
    found = document(result)
    every = [*found["warnings"], *(warning for place in found["places"] for warning in place["warnings"])]
    return [(warning["code"], warning["message"]) for warning in every]


def test_every_warning_says_what_to_do(sandbox: Sandbox) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"new": "1"}, {"pg": "postgres://u:p@localhost/db"})
    (sandbox.project / "tmp.var").write_text("{}")
    sandbox.write_env(
        "HOLE=****\nASTRO_DEPLOYMENT_ID=1\nMY_SECRET=1\nMY_TOKEN=1\nDIFFER=one # two\nOPENLINEAGE_DISABLED=1\n"
        "A=1\nAIRFLOW_VAR_NEW=\n"
    )
    sandbox.set_variable("MY_SECRET", "x", secret=True)
    sandbox.set_variable("MY_TOKEN", "x")
    up = sandbox.run("local-to-deploy", "-d", "dep-1", "--json", "--yes", "--partial", "--on-conflict", "overwrite")
    sandbox.set_variable("THEIRS", "x", secret=True)
    sandbox.set_variable("ODD", "a'b\"c $HOME \\")
    down = sandbox.run("deploy-to-local", "-d", "dep-1", "--json", "--yes", "--partial", "--on-conflict", "overwrite")
    warned = {*warnings_of(up), *warnings_of(down)}
    assert {"stays-plain", "local-host", "restart-local"} <= {code for code, _ in warned}
    assert [message for _, message in sorted(warned) if not TO_DO.search(message)] == []


def test_every_error_has_a_next_line(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    for words in (
        ("local-to-deploy", "--no-export"),
        ("local-to-deploy", "--no-export", "-d", "dep-9", "--yes"),
        ("local-to-deploy", "--no-export", "-d", "dep-1"),
        ("local-to-deploy", "-t", "dev"),
        ("deploy-to-local", "-d", "dep-1", "-e", "-"),
        ("check", "absent.env"),
        ("check", "--select", "nothing"),
        ("merge", "-", "x.env"),
        ("dedupe", "absent.env"),
    ):
        result = sandbox.run(*words)
        assert result.code in {2, 4}
        assert re.search(r"^Error: .+\nNext: .+", result.stderr, re.MULTILINE), (words, result.stderr)


# --- other promises of a quiet and a closed output ---


def test_quiet_still_tells_what_went_wrong(mixed: Sandbox) -> None:
    result = send(mixed, "-q", "--yes")
    assert result.code == 3
    assert "DIFFERS" in result.stdout, "the key that is the problem"
    assert "unchanged" not in result.stdout
    assert "planted" not in result.stdout
    assert "Error" in result.stderr


def test_a_reader_that_goes_away_is_no_bug(mixed: Sandbox) -> None:
    mixed.write_env("".join(f"KEY_{number:05}=1\n" for number in range(3000)))
    command = f"{sys.executable} -m astro_sync diff -d dep-1 -v | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=mixed.project, env=mixed.environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr.lower()


def test_a_narrow_terminal_and_an_odd_locale_do_not_matter(mixed: Sandbox) -> None:
    for env in ({"LANG": "C", "LC_ALL": "C"}, {"LANG": "POSIX", "PYTHONUTF8": "0"}, {"COLUMNS": "20"}):
        result = send(mixed, "--dry-run", "--on-conflict", "keep", env=env)
        assert result.code == 0
        assert "NEW" in result.stdout
    done = subprocess.run(
        [sys.executable, "-m", "astro_sync", "--help"],
        cwd=mixed.project,
        env=mixed.environment | {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.linesep.encode() in done.stdout


@pytest.mark.parametrize("protected", [False, True])
def test_where_nobody_can_confirm_the_plan_is_shown_all_the_same(sandbox: Sandbox, *, protected: bool) -> None:
    sandbox.write_env("NEW=planted\n")
    (sandbox.project / ".astro-sync.toml").write_text(
        f"[targets.t]\ndeployment_id = 'dep-1'\nprotected = {str(protected).lower()}\n"
    )
    result = sandbox.run("local-to-deploy", "--no-export", "-t", "t", *(["--yes"] if protected else []))
    assert result.code == 2
    assert re.search(r"NEW +\+ new", result.stderr)
    assert "planted" not in result.stdout + result.stderr
    assert values(sandbox) == {}


def test_a_glob_that_matches_nothing_is_named(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    result = sandbox.run("local-to-deploy", "-d", "dep-1", "--no-export", "--yes", "--include", "B", "--rotate", "S")
    assert result.code == 0
    assert "--include B matches nothing" in result.stderr
    assert "--rotate S matches nothing" in result.stderr
