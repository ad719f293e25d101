"""A sandbox in which a run costs little, since every test here is one of the real command line."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hardening.warm import Warm
from sandbox import Result, Sandbox


class Quick(Sandbox):
    """Run astro-sync without starting Python for it, but on a terminal; the stand-in is compiled."""

    def __init__(self, folder: Path, warm: Warm, astro: Path) -> None:
        super().__init__(folder)
        self.environment["PATH"] = f"{astro}:{self.environment['PATH']}"
        self._warm = warm

    def run(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - as in the class above
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        tty: bool = False,
    ) -> Result:
        """Run `astro-sync` in the project."""
        if tty:
            return super().run(*args, input=input, env=env, timeout=timeout, tty=True)
        return self._warm.run(self, *args, text=input or "", env=env)


@pytest.fixture(scope="session")
def quick_astro(tmp_path_factory: pytest.TempPathFactory, compiled_astro: Path) -> Path:
    """Return a folder with the stand-in, compiled once."""
    folder = tmp_path_factory.mktemp("quick")
    program = folder / "bin" / "astro"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{compiled_astro}" "$@"\n')
    program.chmod(0o755)
    return program.parent


@pytest.fixture
def sandbox(tmp_path: Path, warm: Warm, quick_astro: Path) -> Sandbox:
    """Return a fresh project with the stand-in in front of it."""
    return Quick(tmp_path / "sandbox", warm, quick_astro)


@pytest.fixture
def plain_folder(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox whose folder is no Astro project: the commands on files work there, and ask no `astro`."""
    (sandbox.project / ".astro" / "config.yaml").unlink()
    return sandbox
