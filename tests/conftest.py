"""Fixtures that every test may use."""

from pathlib import Path

import pytest

from sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a fresh project with the stand-in in front of it."""
    return Sandbox(tmp_path / "sandbox")
