import json
import pkgutil
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astro_sync.checks
from astro_sync.airflow.json_text import one_line
from astro_sync.checks import (
    CHECKS,
    Check,
    Fix,
    Subject,
    Surroundings,
    check_file,
    choose,
    explanations,
    fix_file,
)
from astro_sync.checks.surroundings import GitState
from astro_sync.envfile.dialects import COMPOSE, RUNTIMES
from astro_sync.envfile.document import Document
from astro_sync.errors import UsageError

NOUNS = {"common_line", "subject", "surroundings"}


def subject(text: str, runtime: str = "docker", surroundings: Surroundings | None = None) -> Subject:
    data = text.encode("utf-8", "surrogateescape")
    document = Document(data, RUNTIMES[runtime], {"HOME": "/home/me"})
    return Subject(Path("my.env"), document, surroundings or Surroundings())


def by_code(*codes: str) -> list[Check]:
    return [check for check in CHECKS if check.code in codes]


def test_every_module_is_a_check_of_the_list_and_every_check_has_its_test() -> None:
    modules = {module.name for module in pkgutil.iter_modules(astro_sync.checks.__path__)} - NOUNS
    assert {check.find.__module__.rpartition(".")[2] for check in CHECKS} == modules
    assert {name for name in modules if not (Path(__file__).parent / f"test_{name}.py").exists()} == set()


def test_codes_and_names_are_unique_and_each_check_explains_itself_in_one_sentence() -> None:
    assert len({check.code for check in CHECKS}) == len({check.name for check in CHECKS}) == len(CHECKS)
    assert [check.code for check in CHECKS] == sorted(check.code for check in CHECKS)
    for check, (name, sentence) in zip(CHECKS, explanations(), strict=True):
        assert name == f"{check.code} {check.name}"
        assert re.fullmatch(r"AS[1-4]\d\d [a-z]+(-[a-z]+)*", name)
        assert re.fullmatch(r"[^\n.]+\.( \(--fix\))?", sentence)
        assert sentence.endswith("(--fix)") is (check.fix is not None)


@pytest.mark.parametrize(
    ("select", "ignore", "codes"),
    [
        (["AS103"], [], ["AS103"]),
        (["as103", "duplicate-key", "case-twins"], [], ["AS103", "AS203"]),
        (["AS4"], ["AS402"], ["AS401", "AS403"]),
        ([], ["AS1", "AS2", "AS3"], ["AS401", "AS402", "AS403"]),
        (["AS103"], ["AS"], []),
    ],
)
def test_checks_are_chosen_by_code_by_the_beginning_of_codes_or_by_name(
    select: list[str], ignore: list[str], codes: list[str]
) -> None:
    assert [check.code for check in choose(select, ignore)] == codes


@pytest.mark.parametrize("word", ["AS999", "", "duplicate", "1"])
def test_a_word_that_names_no_check_is_not_accepted(word: str) -> None:
    with pytest.raises(UsageError):
        choose(select=[word])
    with pytest.raises(UsageError):
        choose(ignore=[word])


def test_problems_are_told_by_line_then_by_code() -> None:
    found = check_file(subject("A=1\na = # secret\nA=2\n", surroundings=Surroundings(0o644, GitState.TRACKED)))
    assert [(problem.line, problem.code) for problem in found] == [
        (1, "AS103"), (1, "AS401"), (1, "AS403"), (2, "AS104"), (2, "AS203"), (2, "AS301"),
    ]  # fmt: skip


def test_a_rejected_file_has_that_one_problem_and_those_of_the_file_itself() -> None:
    rejected = subject("A=1\nA=\nmy-key=1\nB='x\n", surroundings=Surroundings(0o644, GitState.UNTRACKED))
    assert [(problem.line, problem.code) for problem in check_file(rejected)] == [
        (1, "AS402"), (1, "AS403"), (4, "AS101"),
    ]  # fmt: skip
    assert fix_file(rejected) == Fix(None, 0o600)


def test_fixes_are_made_one_after_the_other() -> None:
    text = "A=1\nexport A = 2 # note\nAIRFLOW_VAR_x: 1\nB=$A\n"
    fix = fix_file(subject(text, surroundings=Surroundings(0o644)))
    assert fix == Fix(b"# note\nA=2\nAIRFLOW_VAR_X=1\nB=$A\n", 0o600)
    assert fix_file(subject(text), by_code("AS103")).data == text.partition("\n")[2].encode()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_sound_file_has_no_problem_and_needs_no_fix(runtime: str) -> None:
    text = "# mine\n\nAIRFLOW_VAR_A='1 2'\nAIRFLOW_CONN_B=http://u:p%40@example.com\nC=\"it's\"\n"
    sound = subject(text, runtime, Surroundings(0o600, GitState.IGNORED))
    assert check_file(sound) == []
    assert fix_file(sound) == Fix()


def test_neither_a_fix_nor_a_subject_shows_the_file() -> None:
    assert "hunter2" not in repr(subject("A=hunter2\n")) + repr(Fix(b"A=hunter2\n"))


WORDS = ["A", "a", "AIRFLOW_VAR_x", "AIRFLOW_VAR_X", "AIRFLOW_CONN_A", "ASTRO_B", "my-key", "export ", "http://u:p/w@x"]
SIGNS = [
    "=",
    ": ",
    " = ",
    "\n",
    "\r\n",
    " # ",
    "'",
    '"',
    "\\",
    "$A",
    "${HOME}",
    "$$",
    "****",
    "# secret",
    "\ufeff",
    "\udcff",
]
PIECES = st.sampled_from([*WORDS, *SIGNS])


@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(list(RUNTIMES)))
@settings(max_examples=500, deadline=None)
def test_fixes_keep_what_the_runtime_reads_leave_nothing_fixable_and_are_made_once(text: str, runtime: str) -> None:
    before = subject(text, runtime)
    kept = fix_file(before, by_code("AS103", "AS104"))
    after = before.with_data(kept.data if kept.data is not None else before.document.data)
    assert after.document.values() == before.document.values()
    fixed = fix_file(before)
    done = before.with_data(fixed.data if fixed.data is not None else before.document.data)
    # while compose rejects a file of the standalone mode, its disagreements do not show
    if before.readings[COMPOSE].rejected is None:
        assert not any(problem.fixable for problem in check_file(done))
        assert fix_file(done) == Fix()


@given(
    st.lists(
        st.sampled_from(["{}", "K", "=", "\n", "'", '"', " ", "#", "/", "@", ":", "$", "\\", "AIRFLOW_CONN_K=", "x://"])
    )
)
@settings(max_examples=300, deadline=None)
def test_no_value_stands_in_any_message(pieces: list[str]) -> None:
    text = "AIRFLOW_CONN_A='{}'\nB: {} # {}\nB={}\nC=\"".format(*["hunter2"] * 4) + "".join(pieces).replace(
        "{}", "hunter2"
    )
    # what a `$NAME` refers to is named, even where the $ was meant to be a part of a password
    found = [problem for problem in check_file(subject(text)) if problem.code not in {"AS106", "AS107"}]
    assert all("hunter2" not in problem.message for problem in found)


_TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["x", "a b", "#", " # ", "$X", "\\", "\n", "ž", "a@b:/"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["a", "b c", "#"]), below, max_size=3),
    max_leaves=8,
)


@given(_TREES.filter(lambda tree: isinstance(tree, dict | list)), st.sampled_from([2, None]))
@settings(max_examples=200, deadline=None)
def test_nothing_is_found_in_json_that_was_written_on_one_line(tree: object, indent: int | None) -> None:
    line = one_line(json.dumps(tree, indent=indent))
    assert line is not None
    for runtime in RUNTIMES.values():
        edit = Document(b"# mine\n", runtime, {}).edit({"AIRFLOW_VAR_X": line})
        written = Subject(Path("my.env"), Document(edit.data, runtime, {}))
        assert written.document.values() == {"AIRFLOW_VAR_X": line}
        if not edit.particular:  # a key of which another reader would make something else is named when it is written
            assert check_file(written) == []
        assert not edit.particular or "\\\\" in line
