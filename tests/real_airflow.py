"""A real Apache Airflow with a metadata database of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from astro_stand_in.dev import FERNET_KEY

INSIDE = Path(__file__).parent / "airflow" / "inside.py"
PROGRAM = "ASTRO_SYNC_TEST_AIRFLOW"

Json = dict[str, Any]


class RealAirflow:
    """Keep one AIRFLOW_HOME of a real Airflow; its database is SQLite and begins empty."""

    def __init__(self, program: Path, home: Path) -> None:
        self.program = program
        self.home = home
        home.mkdir(parents=True)
        self.run("db", "migrate")

    def another(self, home: Path) -> "RealAirflow":
        """Return one more of the same program; only an empty one, since it is a copy of the database."""
        shutil.copytree(self.home, home, ignore=shutil.ignore_patterns("airflow.cfg", "logs"))
        twin = object.__new__(RealAirflow)
        twin.program, twin.home = self.program, home
        return twin

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Run an `airflow` command."""
        return self._execute([str(self.program), *words], environment or {})

    def store(self, variables: Sequence[Json], connections: Sequence[Json]) -> None:
        """Put entries into the database, each field as it is."""
        self._ask("store", {"variables": variables, "connections": connections}, {})

    def look_up(
        self, variables: Sequence[str], connections: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Json:
        """Look names up in one process with this environment besides its own.

        The answer is {"core": {"variables": {name: text}, "connections": {name: fields}}, "tasks": the same}.
        """
        return self._ask("look-up", {"variables": variables, "connections": connections}, environment or {})

    def _ask(self, act: str, question: Json, environment: Mapping[str, str]) -> Json:
        file = self.home / "question.json"
        file.write_text(json.dumps(question))
        self._execute([str(self.program.with_name("python")), "-P", str(INSIDE), act, str(file)], environment)
        answer: Json = json.loads(file.read_text())
        return answer

    def _execute(self, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        own = {
            "PATH": f"{self.program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": FERNET_KEY,  # the CLI's own, else it could not read what is stored here
        }
        return subprocess.run(
            command, cwd=self.home, env={**environment, **own}, capture_output=True, text=True, check=True, timeout=120
        )
