"""Names that would disturb a terminal, a table, a shell, JSON or the arguments of `astro`."""

import json
import unicodedata

import pytest

from sandbox import Result, Sandbox
from warm import Warm

ODD = {
    "clear screen": "A\x1b[2J\x1b[1;1H",
    "title": "A\x1b]0;owned\x07",
    "newline": "A\nB  create  secret",
    "carriage return": "A\rDone.",
    "backspace": "AB\x08\x08",
    "eight-bit CSI": "A\x9b31m",
    "right to left": "A\u202etxt.exe",
    "isolate": "A\u2066x",
    "line separator": "A\u2028B",
    "zero width": "A\u200bB",
    "tab": "A\tB",
    "shell": "$(touch pwned);`touch pwned`|'\"&>pwned",
    "dash": "--secret",
    "short dash": "-s",
    "glob": "*[a]?",
    "blank": "A B",
    "percent": "%s%n{0}{key}",
    "emoji": "\U0001f680\u0301",
    "markup": "<b>[red]x[/red]",
    "not UTF-8": "A\udcff",
}
IN_A_FILE = {name for name, text in ODD.items() if not set(text) & set("\n\r\t #'\"")}
RUNS = [
    ("local-to-deploy", "-d", "dep-1", "--yes", "--partial", "--no-export"),
    ("local-to-deploy", "-d", "dep-1", "--yes", "--partial", "--on-conflict", "overwrite"),
    ("deploy-to-local", "-d", "dep-1", "--yes", "--partial", "--on-conflict", "overwrite"),
    ("diff", "-d", "dep-1"),
    ("diff", "-d", "dep-1", "--export"),
]


def assert_quiet(result: Result) -> None:
    """Check that no character of the output does anything but stand there, and that each line is ours."""
    for text in (result.stdout, result.stderr):
        bad = [char for char in text if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"}]
        assert bad == [], ascii(text)
    assert "Traceback" not in result.stderr
    assert "bug in astro-sync" not in result.stderr
    for line in result.stdout.splitlines():
        assert not line.startswith(("B  create", "Done.\t", "owned")), line


def _run_all(sandbox: Sandbox, warm: Warm, **options: object) -> None:
    before = {path.name for path in sandbox.project.iterdir()} | {".env"}
    for words in RUNS:
        for verbosity in ((), ("-v",), ("--json",)):
            result = warm.run(sandbox, *words, *verbosity, **options)  # type: ignore[arg-type]
            assert result.code in {0, 3, 4, 6, 7}, (words, result)
            if verbosity == ("--json",):
                json.loads(result.stdout)
                assert result.stdout.isascii()
            assert_quiet(result)
    assert {path.name for path in sandbox.project.iterdir()} == before


# What the API would not take, or what this process could not pass on.
ELSEWHERE = [text for name, text in ODD.items() if name != "not UTF-8"]


@pytest.mark.long
def test_keys_of_a_deployment_disturb_nothing(sandbox: Sandbox, warm: Warm) -> None:
    for text in ELSEWHERE:
        sandbox.set_variable(text, "x")
        if "\n" not in text:
            sandbox.set_variable(f"{text}_S", "x", secret=True)
    sandbox.write_env("OWN=1\n")
    _run_all(sandbox, warm)
    assert sandbox.deployment()["OWN"] == ("1", False)


@pytest.mark.long
def test_names_in_local_airflow_disturb_nothing(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.set_airflow(dict.fromkeys([*ELSEWHERE, "fine"], "x"), {"fine": "http://h"})
    sandbox.write_env("OWN=1\n")
    _run_all(sandbox, warm)
    assert sandbox.deployment()["AIRFLOW_VAR_FINE"] == ("x", False)


@pytest.mark.long
@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_keys_in_the_file_disturb_nothing(sandbox: Sandbox, warm: Warm, mode: str) -> None:
    sandbox.use_mode(mode)
    lines = [f"{ODD[name]}=2\n" for name in sorted(IN_A_FILE)]
    for line in (*lines, "".join(lines)):
        sandbox.write_env(f"OWN=1\n{line}".encode("utf-8", "surrogateescape"))
        for words in (RUNS[0], ("check",), ("merge", ".env", "other.env", "--partial")):
            result = warm.run(sandbox, *words, "-v")
            assert result.code in {0, 3, 5, 7}, (line, result)
            assert_quiet(result)
        (sandbox.project / "other.env").unlink(missing_ok=True)
    _run_all(sandbox, warm)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(ODD) - {"not UTF-8"}))
def test_a_name_of_a_deployment_disturbs_nothing(sandbox: Sandbox, warm: Warm, name: str) -> None:
    with sandbox.change() as state:
        state["deployments"][0]["name"] = ODD[name]
        state["workspaces"]["ws-1"]["name"] = ODD[name]
    sandbox.set_variable("THEIRS", "x")
    sandbox.write_env("OWN=1\n")
    for words in ((*RUNS[0], "-v"), (*RUNS[2], "-v"), ("diff", "-d", "dep-1", "--json")):
        result = warm.run(sandbox, *words)
        assert result.code == 0, result
        assert_quiet(result)
    assert "OWN" in sandbox.deployment()


@pytest.mark.parametrize("name", ["dash", "short dash", "shell", "glob", "blank", "percent"])
def test_a_deployment_is_found_by_an_odd_name(sandbox: Sandbox, warm: Warm, name: str) -> None:
    with sandbox.change() as state:
        state["deployments"][0]["name"] = ODD[name]
    sandbox.write_env("OWN=1\n")
    result = warm.run(sandbox, "local-to-deploy", "--no-export", "--yes", f"--deployment-name={ODD[name]}")
    assert result.code == 0, result
    assert sandbox.deployment() == {"OWN": ("1", False)}
    assert not any(call["argv"][-1] == "--secret" for call in sandbox.writing_calls())


@pytest.mark.long
@pytest.mark.parametrize("option", ["--deployment-id", "--deployment-name", "--workspace-id"])
def test_an_odd_name_that_was_typed_disturbs_nothing(sandbox: Sandbox, warm: Warm, option: str) -> None:
    sandbox.write_env("OWN=1\n")
    named = () if option != "--workspace-id" else ("-d", "dep-1")
    for text in ELSEWHERE:
        result = warm.run(sandbox, "diff", *named, f"{option}={text}")
        assert result.code == 4, (text, result)
        assert_quiet(result)


@pytest.mark.long
@pytest.mark.parametrize("name", ["clear screen", "newline", "right to left", "shell", "dash", "blank", "percent"])
def test_an_odd_file_name_disturbs_nothing(sandbox: Sandbox, warm: Warm, name: str) -> None:
    file = ODD[name].replace("/", "_")
    sandbox.write_env("OWN=1\nOWN=2\n", name=file)
    sandbox.set_variable("THEIRS", "x")
    for words in (
        ("local-to-deploy", "-d", "dep-1", "--yes", "--no-export", f"--env={file}"),
        ("deploy-to-local", "-d", "dep-1", "--yes", f"--env={file}"),
        ("diff", "-d", "dep-1", f"--env={file}"),
        ("merge", "--", file, "other.env"),
        ("check", "--", file),
        ("dedupe", "--", file),
    ):
        result = warm.run(sandbox, *words)
        assert result.code in {0, 5}, result
        assert_quiet(result)
    assert sandbox.deployment()["OWN"] == ("2", False)
    assert {path.name for path in sandbox.project.iterdir()} == {".astro", file, "other.env"}
