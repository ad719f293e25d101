"""Fixtures that every test may use."""

import compileall
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardening.warm import Warm
from sandbox import FIXTURES, Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a fresh project with the stand-in in front of it."""
    return Sandbox(tmp_path / "sandbox")


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Return what runs astro-sync without starting Python for it."""
    server = Warm()
    yield server
    server.close()


@pytest.fixture(scope="session")
def compiled_astro() -> Path:
    """Return the stand-in, its modules compiled, so that it starts fast."""
    compileall.compile_dir(FIXTURES / "astro_stand_in", quiet=1)
    return FIXTURES / "bin" / "astro"
