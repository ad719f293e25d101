"""No value of any variable is shown anywhere, and nothing that holds one outlives a run."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from runs import pull, push
from sandbox import Result, Sandbox

PLANTED = "pl4nted"  # in every value, however it is cut, quoted or escaped


def plant(sandbox: Sandbox) -> None:
    """Put values with the planted word everywhere: Airflow, `.env`, the Deployment; plain, secret, odd."""
    sandbox.set_airflow(
        {
            "same": f"{PLANTED}-same",
            "obj": f'{{"{PLANTED}": "{PLANTED}"}}',
            "differs": f"{PLANTED}-airflow",
            "multi": f"{PLANTED}\n{PLANTED}=x",
            "case": f"{PLANTED}-lower",
            "Case": f"{PLANTED}-upper",
            "new": f"{PLANTED}-new",
            "escape": f"\x1b[31m{PLANTED}",
        },
        {"pg": f"postgres://u:{PLANTED}@{PLANTED}.example.com/x", "broken": PLANTED},
        descriptions={"new": "about"},
    )
    sandbox.write_env(
        f"AIRFLOW_VAR_DIFFERS={PLANTED}-file\nOWN='{PLANTED} # x'\nMY_TOKEN={PLANTED}\nOPEN=a${{X}}{PLANTED}\n"
        f"AIRFLOW_CONN_LOCAL=postgres://u:{PLANTED}@localhost/x\nNEW={PLANTED}-n\nLONG={PLANTED}{'x' * 70_000}\n"
    )
    sandbox.set_variable("AIRFLOW_VAR_SAME", f"{PLANTED}-same")
    sandbox.set_variable("AIRFLOW_VAR_DIFFERS", f"{PLANTED}-deployment")
    sandbox.set_variable("MY_TOKEN", f"{PLANTED}-secret", secret=True)
    sandbox.set_variable("THEIRS", f"{PLANTED}\n{PLANTED}=y")
    sandbox.set_variable("THEIR_SECRET", f"{PLANTED}-s", secret=True)


def nothing(_sandbox: Sandbox) -> None:
    """Leave everything in order."""


def fault(name: str, **options: object) -> Callable[[Sandbox], None]:
    def switch(sandbox: Sandbox) -> None:
        sandbox.fault(name, **options)

    return switch


def rejected(sandbox: Sandbox) -> None:
    sandbox.write_env(f"A=1\nB='{PLANTED}\n{PLANTED}\n")


def bad_substitution(sandbox: Sandbox) -> None:
    sandbox.write_env(f"A=${{{PLANTED}:?{PLANTED}}}\n")


def token(sandbox: Sandbox) -> None:
    sandbox.environment["ASTRO_API_TOKEN"] = f"{PLANTED}-token"


PUSHES = [
    pytest.param(nothing, ("--on-conflict", "overwrite", "--partial", "--rotate", "*"), {7}, id="all"),
    pytest.param(nothing, ("--on-conflict", "keep", "--partial"), {7}, id="keep"),
    pytest.param(nothing, (), {3}, id="refused"),
    pytest.param(nothing, ("--dry-run", "--partial", "--on-conflict", "overwrite"), {7}, id="dry"),
    pytest.param(fault("lost-write"), ("--on-conflict", "overwrite", "--partial"), {6}, id="lost"),
    pytest.param(
        fault("crash", command="deployment variable update", at="after-write"),
        ("--on-conflict", "overwrite", "--partial", "--rotate", "*"),
        {6},
        id="crashed",
    ),
    pytest.param(
        fault("write-refused", message=f"invalid {PLANTED}"),
        ("--on-conflict", "overwrite", "--partial"),
        {1},
        id="write-refused",
    ),
    pytest.param(fault("crash", command="dev run"), ("--partial", "--on-conflict", "keep"), {7}, id="not-recovered"),
    pytest.param(rejected, ("--no-export",), {3}, id="rejected"),
    pytest.param(bad_substitution, ("--no-export",), {3}, id="bad-substitution"),
    pytest.param(fault("offline", cause=f"Get https://{PLANTED}: no such host"), (), {4}, id="offline"),
    pytest.param(token, ("--on-conflict", "keep", "--partial"), {7}, id="token"),
]


@pytest.mark.parametrize(("spoil", "words", "codes"), PUSHES)
def test_a_push_shows_no_value(
    sandbox: Sandbox, spoil: Callable[[Sandbox], None], words: tuple[str, ...], codes: set[int]
) -> None:
    plant(sandbox)
    spoil(sandbox)
    result = push(sandbox, "-v", *words)
    assert result.code in codes
    search(sandbox, result)


@pytest.mark.parametrize("words", [(), ("--on-conflict", "overwrite", "--partial", "--rotate", "*")])
@pytest.mark.parametrize("spoil", [nothing, fault("lost-write"), rejected])
def test_the_document_of_a_push_shows_no_value(
    sandbox: Sandbox, spoil: Callable[[Sandbox], None], words: tuple[str, ...]
) -> None:
    plant(sandbox)
    spoil(sandbox)
    result = push(sandbox, "--json", *words)
    assert result.code in {3, 6, 7}
    search(sandbox, result)


@pytest.mark.parametrize(
    ("spoil", "words", "codes"),
    [
        pytest.param(nothing, ("--on-conflict", "overwrite"), {0}, id="all"),
        pytest.param(nothing, (), {3}, id="refused"),
        pytest.param(fault("save-unwritable"), ("--on-conflict", "keep"), {0}, id="unwritable"),
        pytest.param(rejected, (), {3}, id="rejected"),
    ],
)
def test_a_pull_shows_no_value(
    sandbox: Sandbox, spoil: Callable[[Sandbox], None], words: tuple[str, ...], codes: set[int]
) -> None:
    plant(sandbox)
    spoil(sandbox)
    for output in (("-v",), ("--json",)):
        result = pull(sandbox, *output, *words)
        assert result.code in codes
        search(sandbox, result)


def test_a_terminal_sees_no_value_either(sandbox: Sandbox) -> None:
    plant(sandbox)
    words = ("--partial", "-v", "--on-conflict", "ask")
    result = push(sandbox, *words, yes=False, tty=True, input="y\ny\ny\ny\n")
    assert result.code in {1, 7}
    assert "Overwrite" in result.stdout
    search(sandbox, result)


def test_a_bug_shows_no_value(cold_sandbox: Sandbox) -> None:
    sandbox = cold_sandbox
    plant(sandbox)
    # Python runs a sitecustomize.py that it finds on its path before anything else
    broken = sandbox.folder / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import astro_sync.core.plan\n"
        "def broken(source, *others):\n"
        "    raise KeyError([entry.value.reveal() for entry in source.snapshot.entries.values()])\n"
        "import astro_sync.sync.pipeline\n"
        "astro_sync.sync.pipeline.make_plan = broken\n"
    )
    result = push(sandbox, "--no-export", "--json", "-v", env={"PYTHONPATH": str(broken)})
    assert result.code == 70
    assert "Traceback" not in result.stderr
    search(sandbox, result)
    for left in (sandbox.state_home / "astro-sync").rglob("bug*.txt"):
        assert PLANTED not in left.read_text()


def test_the_files_for_astro_are_private_and_gone_afterwards(sandbox: Sandbox) -> None:
    plant(sandbox)
    push(sandbox, "--on-conflict", "overwrite", "--partial", "--rotate", "*")
    pull(sandbox, "--on-conflict", "overwrite")
    seen = [call[moment] for call in sandbox.calls() for moment in ("env_before", "env_after") if call.get(moment)]
    assert len(seen) >= 6
    assert {(facts["mode"], facts["folder_mode"]) for facts in seen} == {(0o600, 0o700)}
    assert any(PLANTED in facts["content"] for facts in seen)
    assert not any(Path(facts["path"]).exists() for facts in seen)


def search(sandbox: Sandbox, result: Result) -> None:
    """Look for the planted word where none may be."""
    assert PLANTED not in result.stdout
    assert PLANTED not in result.stderr
    assert not any(PLANTED in word for call in sandbox.calls() for word in call["argv"])
    assert not list(sandbox.temporary.iterdir())
    noted = Path(f"{sandbox.record_file}.environ")
    kept = {sandbox.project / ".env", sandbox.state_file, sandbox.record_file, noted}
    for path in sandbox.folder.rglob("*"):
        if path.is_file() and path not in kept and "backups" not in path.parts:
            assert not re.search(PLANTED.encode(), path.read_bytes()), path
