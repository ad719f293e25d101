"""A real Apache Airflow with a metadata database of its own."""

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astro_stand_in.dev import FERNET_KEY

INSIDE = Path(__file__).parent / "airflow" / "inside.py"
PROGRAM = "ASTRO_SYNC_TEST_AIRFLOW"
PROGRAM_2 = "ASTRO_SYNC_TEST_AIRFLOW2"
STARTS_WITHIN = 180  # seconds, on a machine that is busy with other tests

Json = dict[str, Any]


@dataclass(frozen=True)
class Served:
    """A real Airflow, where its REST API is, and who may use it."""

    airflow: "RealAirflow"
    url: str
    user: str
    password: str


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

    def clear(self) -> None:
        """Take all variables and connections out of the database; it may be served meanwhile."""
        with contextlib.closing(self._database()) as database, database:
            database.execute("DELETE FROM variable")
            database.execute("DELETE FROM connection")

    def take_over(self, other: "RealAirflow") -> None:
        """Hold what another one of the same program holds, and nothing else."""
        self.clear()
        with contextlib.closing(self._database()) as database:
            database.execute("ATTACH ? AS other", [str(other.home / "airflow.db")])
            with database:
                database.execute("INSERT INTO variable SELECT * FROM other.variable")
                database.execute("INSERT INTO connection SELECT * FROM other.connection")

    def descriptions(self) -> dict[str, str | None]:
        """Return the description of each variable, which Airflow's own look-up does not tell."""
        with contextlib.closing(self._database()) as database:
            return {key: text or None for key, text in database.execute("SELECT key, description FROM variable")}

    @functools.cached_property
    def version(self) -> str:
        """Return the version of the program."""
        return self.run("version").stdout.strip()

    @contextlib.contextmanager
    def serve(self) -> Iterator[Served]:
        """Start what serves the REST API, `api-server` or Airflow 2's `webserver`, and end it.

        Its user is the one that the Astro CLI takes for the Airflow of this machine.
        """
        (self.home / "simple_auth_manager_passwords.json.generated").write_text('{"admin": "admin"}\n')
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        is_2 = self.version.startswith("2.")
        if is_2:
            who = ("-u", "admin", "-p", "admin", "-f", "A", "-l", "B", "-r", "Admin", "-e", "admin@example.com")
            self.run("users", "create", *who)
        words = (
            f"webserver --hostname 127.0.0.1 --port {port}" if is_2 else f"api-server --host 127.0.0.1 --port {port}"
        )
        command = [str(self.program), *words.split(), "--workers", "1", *([] if is_2 else ["--apps", "core"])]
        with (self.home / "server.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=self.home, env=self._environment({}), stdout=log, stderr=log, start_new_session=True
            )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/api/{'v1' if is_2 else 'v2'}/version", process)
            yield Served(self, url, "admin", "admin")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.home / "airflow.db", timeout=30)

    def _ask(self, act: str, question: Json, environment: Mapping[str, str]) -> Json:
        file = self.home / "question.json"
        file.write_text(json.dumps(question))
        self._execute([str(self.program.with_name("python")), "-P", str(INSIDE), act, str(file)], environment)
        answer: Json = json.loads(file.read_text())
        return answer

    def _execute(self, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.home,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )

    def _environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        own = {
            "PATH": f"{self.program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": FERNET_KEY,  # the CLI's own, else it could not read what is stored here
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth",
        }
        return {**environment, **own}


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended, see server.log"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - ours
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise TimeoutError(url)
