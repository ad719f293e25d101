"""Fixtures that every test may use."""

import compileall
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox import FIXTURES, Sandbox
from warm import Quick, Warm

# The same examples in every run, so that a change is judged by what it changes; however slow the machine is.
# New ones: scripts/test --all --hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture
def sandbox(tmp_path: Path, warm: Warm, quick_astro: Path) -> Sandbox:
    """Return a fresh project with the stand-in in front of it, in which a run costs little."""
    return Quick(tmp_path / "sandbox", warm, quick_astro)


@pytest.fixture
def cold_sandbox(tmp_path: Path) -> Sandbox:
    """Return the same where each run is a process of its own, started as a person starts it."""
    return Sandbox(tmp_path / "sandbox")


@pytest.fixture
def plain_folder(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox whose folder is no Astro project: the commands on files work there, and ask no `astro`."""
    (sandbox.project / ".astro" / "config.yaml").unlink()
    return sandbox


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Return what runs astro-sync without starting Python for it."""
    server = Warm()
    yield server
    server.close()


@pytest.fixture(scope="session")
def quick_astro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an `astro` that starts the stand-in, compiled, without looking for anything else.

    It notes the environment of each call beside the stand-in's record.
    """
    compileall.compile_dir(FIXTURES / "astro_stand_in", quiet=1)
    program = tmp_path_factory.mktemp("quick") / "bin" / "astro"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable} -IS\n"
        "import os, sys\n"
        'with open(os.environ["ASTRO_STANDIN_RECORD"] + ".environ", "ab") as noted:\n'
        '    noted.writelines(name + b"=" + text + b"\\n" for name, text in os.environb.items())\n'
        f"sys.path.append({str(FIXTURES)!r})\n"
        "from astro_stand_in.program import main\n"
        "sys.exit(main())\n"
    )
    program.chmod(0o755)
    return program.parent
