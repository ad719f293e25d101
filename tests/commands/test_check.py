"""`check` at the command line: its lines, its JSON, which checks are made, and what --fix leaves."""

import os
import re
import stat
import subprocess
from collections.abc import Mapping

import pytest

from astro_sync.checks import CHECKS
from runs import document
from sandbox import Json, Result, Sandbox

LINE = re.compile(r"^(?P<file>\S+?):(?P<line>\d+): (?P<code>AS\d{3}) (?:(?P<key>\S+): )?(?P<message>.+)$")

# One text for each thing that bites, the key that it is about, and the line.
BITES: dict[str, tuple[str, str | None, int]] = {
    "duplicate keys": ("A=1\nA=2\n", "A", 1),
    "readers differ": ("A=one # two\n", "A", 1),
    "a placeholder": ("A='# secret'\n", "A", 1),
    "a redacted value": ("A=****\n", "A", 1),
    "an ignored line": ("OK=1\nNO_VALUE_HERE\n", None, 2),
    "no POSIX name": ("AIRFLOW_VAR_A-B=1\n", "AIRFLOW_VAR_A-B", 1),
    "never looked up": ("airflow_var_x=1\n", "airflow_var_x", 1),
    "a prefix in upper case only": ("AIRFLOW_CONN_pg=http://db.example.com\n", "AIRFLOW_CONN_pg", 1),
    "differ only in case": ("Name=1\nNAME=2\n", "NAME", 2),
    "no connection": ("AIRFLOW_CONN_X=neither\n", "AIRFLOW_CONN_X", 1),
    "JSON without a type": ('AIRFLOW_CONN_X=\'{"host": "h"}\'\n', "AIRFLOW_CONN_X", 1),
    "an unescaped slash in a password": ("AIRFLOW_CONN_X=postgres://u:p/w@db.example.com/x\n", "AIRFLOW_CONN_X", 1),
    "an unescaped at sign in a password": ("AIRFLOW_CONN_X=postgres://u:p@w@db.example.com/x\n", "AIRFLOW_CONN_X", 1),
    "an unescaped hash in a password": ("AIRFLOW_CONN_X=postgres://u:p#w@db.example.com/x\n", "AIRFLOW_CONN_X", 1),
    "load cannot carry it": ('A="one\\ntwo"\n', "A", 1),
    "a reserved key": ("ASTRO_DEPLOYMENT_ID=1\n", "ASTRO_DEPLOYMENT_ID", 1),
    "a host of this machine": ("AIRFLOW_CONN_X=postgres://u:p@localhost/x\n", "AIRFLOW_CONN_X", 1),
    "an empty variable": ("AIRFLOW_VAR_X=\n", "AIRFLOW_VAR_X", 1),
    "an empty connection": ("AIRFLOW_CONN_X=\n", "AIRFLOW_CONN_X", 1),
    "a malformed line": ("A=1\nsome words\n", None, 2),
}


def problems(result: Result) -> list[Json]:
    found: list[Json] = document(result)["problems"]
    return found


def git(sandbox: Sandbox, *words: str) -> None:
    subprocess.run(["git", *words], cwd=sandbox.project, env=sandbox.environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def bitten(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return what one run says of a file for each sentence."""
    sandbox = Sandbox(tmp_path_factory.mktemp("bitten") / "sandbox")
    (sandbox.project / ".astro" / "config.yaml").unlink()
    for number, (text, _, _) in enumerate(BITES.values()):
        sandbox.write_env(text, f"{number}.env")
    return sandbox.run("check", *(f"{number}.env" for number in range(len(BITES))))


@pytest.mark.parametrize("number", range(len(BITES)), ids=BITES)
def test_what_bites_is_found_at_its_line(bitten: Result, number: int) -> None:
    _, key, line = list(BITES.values())[number]
    found = [match.groupdict() for printed in bitten.stdout.splitlines() if (match := LINE.match(printed))]
    places = [(place["key"], int(place["line"])) for place in found if place["file"] == f"{number}.env"]
    assert (key, line) in places


def test_each_problem_is_a_line_of_one_form_and_the_last_line_counts_them(bitten: Result) -> None:
    *lines, last = bitten.stdout.splitlines()
    assert bitten.code == 5
    assert [line for line in lines if not LINE.match(line)] == []
    assert last.startswith(f"{len(lines)} problems")


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("A=****\n", "1 problem."),
        ("A=1\nA=2\n", "1 problem; --fix mends it."),
        ("A=1\nA=2\nB=****\n", "2 problems; --fix mends 1 of them."),
        ("A=1\nA=2\nB=1\nB=2\n", "2 problems; --fix mends 2 of them."),
    ],
)
def test_the_last_line_tells_how_many_fix_would_mend(plain_folder: Sandbox, text: str, last: str) -> None:
    plain_folder.write_env(text)
    assert plain_folder.run("check").stdout.splitlines()[-1] == last


def test_no_value_is_shown(sandbox: Sandbox) -> None:
    sandbox.write_env(
        "A=planted # x\nA=planted2 # y\nAIRFLOW_CONN_X=http://planted/p#x@localhost\nplanted-3\nB='planted-4\n"
    )
    for words in ((), ("--json",), ("-v",), ("--fix",)):
        result = sandbox.run("check", *words)
        assert result.code == 5
        assert "planted" not in result.stdout + result.stderr


def test_readers_that_differ_are_named(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=one # two\n")
    printed = plain_folder.run("check").stdout
    assert "standalone" in printed
    assert "--load" in printed


def test_a_sound_file_has_no_problems(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=1\nAIRFLOW_CONN_X=postgres://u:p%2Fw@db.example.com/x\n# a comment\n\n")
    result = plain_folder.run("check")
    assert (result.code, result.stdout, result.stderr) == (0, "No problems.\n", "")


def test_several_files_are_told_apart(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=1\n", ".env")
    plain_folder.write_env("B=****\n", "b.env")
    plain_folder.write_env("C=****\n", "c.env")
    result = plain_folder.run("check", "b.env", ".env", "c.env", "b.env")
    assert result.code == 5
    assert [line.split(":")[0] for line in result.stdout.splitlines()[:-1]] == ["b.env", "c.env"]
    assert result.stdout.splitlines()[-1].startswith("2 problems")


def test_a_file_is_named_as_it_was_typed(plain_folder: Sandbox) -> None:
    path = plain_folder.write_env("B=****\n")
    assert plain_folder.run("check", str(path)).stdout.startswith(f"{path}:1: ")
    (plain_folder.project / "sub").mkdir()
    plain_folder.write_env("B=****\n", "sub/.env")
    assert plain_folder.run("check", "sub/.env").stdout.startswith("sub/.env:1: ")


def test_a_file_elsewhere_can_be_named_from_here(plain_folder: Sandbox) -> None:
    plain_folder.write_env("B=****\n", "../other.env")
    assert plain_folder.run("check", "../other.env").stdout.startswith("../other.env:1: ")


@pytest.mark.parametrize("words", [(), ("absent.env",), (".env", "absent.env")])
def test_a_file_that_is_not_there_is_a_usage_error(plain_folder: Sandbox, words: tuple[str, ...]) -> None:
    if len(words) > 1:
        plain_folder.write_env("A=1\n")
    result = plain_folder.run("check", *words)
    assert (result.code, result.stdout) == (2, "")
    assert (words[-1] if words else ".env") in result.stderr


TWO = "B=****\nA=1\nA=2\n"


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ((), {"duplicate-key", "placeholder"}),
        (("--select", "duplicate-key"), {"duplicate-key"}),
        (("--ignore", "duplicate-key"), {"placeholder"}),
        (("--select", "placeholder", "--select", "duplicate-key"), {"duplicate-key", "placeholder"}),
        (("--select", "duplicate-key", "--ignore", "duplicate-key"), set()),
        (("--ignore", "AS1", "--ignore", "AS3"), set()),
        (("--select", "as1"), {"duplicate-key"}),
    ],
)
def test_checks_are_selected_and_ignored(plain_folder: Sandbox, words: tuple[str, ...], codes: set[str]) -> None:
    plain_folder.write_env(TWO)
    names = {check.code: check.name for check in CHECKS}
    result = plain_folder.run("check", "--json", *words)
    assert {names[problem["code"]] for problem in problems(result)} == codes
    assert result.code == (5 if codes else 0)


def test_a_code_that_there_is_none_of_is_a_usage_error(plain_folder: Sandbox) -> None:
    plain_folder.write_env(TWO)
    for option in ("--select", "--ignore"):
        result = plain_folder.run("check", option, "XX999")
        assert (result.code, result.stdout) == (2, "")
        assert "XX999" in result.stderr
        assert "check --help" in result.stderr


def test_help_explains_every_code_in_one_line(sandbox: Sandbox) -> None:
    text = " ".join(sandbox.run("check", "--help").stdout.split())
    for check in CHECKS:
        assert f"{check.code} {check.name}" in text
        assert check.title in text


def test_the_json_has_the_problems_beside_the_rest(plain_folder: Sandbox) -> None:
    plain_folder.write_env(TWO)
    found = document(plain_folder.run("check", "--json"))
    assert (found["command"], found["exit_code"], found["places"], found["error"]) == ("check", 5, [], None)
    for problem in found["problems"]:
        assert {"line", "code", "key", "message"} <= set(problem)
        assert problem["file"] == ".env"
    assert [(problem["line"], problem["key"]) for problem in found["problems"]] == [(1, "B"), (2, "A")]


def test_a_sound_file_has_an_empty_list_in_the_json(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=1\n")
    found = document(plain_folder.run("check", "--json"))
    assert (found["problems"], found["exit_code"]) == ([], 0)


def test_fix_mends_what_is_safe_and_tells_the_rest(sandbox: Sandbox) -> None:
    path = sandbox.write_env("# one\nA=1\nA=2 # two\nairflow_var_x=3\nB=****\n")
    path.chmod(0o644)
    result = sandbox.run("check", "--fix")
    assert result.code == 5
    text = sandbox.read_env()
    assert text.count("A=") == 1
    assert "AIRFLOW_VAR_X=3" in text
    assert "B=****" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [match["key"] for line in result.stdout.splitlines() if (match := LINE.match(line))] == ["B"]
    (backup,) = [found for found in sandbox.state_home.rglob("*") if found.is_file()]
    assert backup.read_text() == "# one\nA=1\nA=2 # two\nairflow_var_x=3\nB=****\n"
    assert str(backup) in result.stdout


def test_fixing_again_changes_nothing(plain_folder: Sandbox) -> None:
    path = plain_folder.write_env("A=1\nA=2\n")
    assert plain_folder.run("check", "--fix").code == 0
    before = path.stat()
    result = plain_folder.run("check", "--fix")
    assert (result.code, result.stdout) == (0, "No problems.\n")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_fix_keeps_no_backup_if_none_is_wanted_and_mends_only_what_is_selected(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=1\nA=2\nairflow_var_x=3\n")
    assert plain_folder.run("check", "--fix", "--no-backup", "--select", "duplicate-key").code == 0
    assert plain_folder.read_env() == "A=2\nairflow_var_x=3\n"
    assert not [path for path in plain_folder.state_home.rglob("*") if path.is_file()]


def test_fix_never_rewrites_a_file_that_the_runtime_rejects(sandbox: Sandbox) -> None:
    text = "A=1\nA=2\nB='open\n"
    sandbox.write_env(text)
    assert sandbox.run("check", "--fix").code == 5
    assert sandbox.read_env() == text


def test_without_fix_nothing_is_touched(plain_folder: Sandbox) -> None:
    path = plain_folder.write_env(TWO)
    before = path.stat()
    plain_folder.run("check")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not list(plain_folder.state_home.rglob("*"))


@pytest.mark.parametrize(
    ("ignored", "tracked", "names"),
    [
        (False, True, {"tracked-by-git"}),
        (False, False, {"not-ignored-by-git"}),
        (True, False, set()),
    ],
)
def test_a_file_that_git_would_take_is_found(
    plain_folder: Sandbox, *, ignored: bool, tracked: bool, names: set[str]
) -> None:
    plain_folder.write_env("A=1\n")
    git(plain_folder, "init", "-q")
    if tracked:
        git(plain_folder, "add", "-f", ".env")
    if ignored:
        (plain_folder.project / ".gitignore").write_text(".env\n")
    by_code = {check.code: check.name for check in CHECKS}
    result = plain_folder.run("check", "--json")
    assert {by_code[problem["code"]] for problem in problems(result)} == names


def test_a_file_that_others_may_read_is_found_and_closed(plain_folder: Sandbox) -> None:
    path = plain_folder.write_env("A=1\n")
    path.chmod(0o644)
    found = plain_folder.run("check")
    assert (found.code, len(found.stdout.splitlines())) == (5, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert plain_folder.run("check", "--fix").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("mode", "code"), [("docker", 5), ("standalone", 0)])
def test_the_local_runtime_in_force_decides_what_is_malformed(sandbox: Sandbox, mode: str, code: int) -> None:
    sandbox.use_mode(mode)
    sandbox.write_env("B=${open\n")
    assert sandbox.run("check", "--select", "rejected-file").code == code


def test_check_needs_no_astro_at_all(sandbox: Sandbox, environment: Mapping[str, str]) -> None:
    sandbox.write_env("A=1\n")
    result = sandbox.run("check", env=environment)
    assert (result.code, result.stdout) == (0, "No problems.\n")


@pytest.fixture
def environment() -> Mapping[str, str]:
    return {"PATH": os.pathsep.join(["/nowhere"])}


def test_a_rejected_file_is_told_whichever_checks_were_selected(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\nB='never closed\nAIRFLOW_VAR_M=# secret\n")
    result = sandbox.run("check", "--select", "placeholder")
    assert result.code == 5
    assert ".env:2: AS101" in result.stdout
    for ignored in ("AS101", "AS1", "rejected-file"):
        assert sandbox.run("check", "--select", "placeholder", "--ignore", ignored).code == 0
    (sandbox.project / ".env").chmod(0o644)
    assert ": AS101" in sandbox.run("check", "--select", "readable-by-others").stdout
