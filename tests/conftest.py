"""Fixtures that every test may use."""

import py_compile
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
def compiled_astro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the stand-in, compiled once, so that it starts fast."""
    compiled = tmp_path_factory.mktemp("compiled") / "astro.pyc"
    py_compile.compile(str(FIXTURES / "bin" / "astro"), cfile=str(compiled), doraise=True)
    return compiled
