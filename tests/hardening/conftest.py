"""Fixtures of the attacks: a warm astro-sync, and a stand-in that starts fast and notes its environment."""

import sys
from pathlib import Path

import pytest

from sandbox import Sandbox


@pytest.fixture(scope="session")
def quick_astro(tmp_path_factory: pytest.TempPathFactory, compiled_astro: Path) -> Path:
    """Return a folder with the stand-in, compiled once, that notes the environment of each call beside its record."""
    folder = tmp_path_factory.mktemp("quick")
    (folder / "bin").mkdir()
    program = folder / "bin" / "astro"
    program.write_text(
        f'#!/bin/sh\nenv >>"$ASTRO_STANDIN_RECORD.environ"\nexec "{sys.executable}" -IS "{compiled_astro}" "$@"\n'
    )
    program.chmod(0o755)
    return program.parent


@pytest.fixture
def quick(sandbox: Sandbox, quick_astro: Path) -> Sandbox:
    """Return a sandbox whose stand-in starts fast."""
    sandbox.environment["PATH"] = f"{quick_astro}:{sandbox.environment['PATH']}"
    return sandbox
