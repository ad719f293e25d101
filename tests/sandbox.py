"""A temporary Astro project with the stand-in `astro` in front of it."""

import fcntl
import json
import os
import re
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astro_sync.envfile.dialects import COMPOSE

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
RECORDED_AIRFLOW = FIXTURES / "airflow-3.3.2"

Json = dict[str, Any]

# what the CLI leaves in `config.yaml` at its first call
TELEMETRY = 'telemetry:\n    anonymous_id: 00000000-0000-4000-8000-000000000000\n    notice_shown: "true"\n'


@dataclass(frozen=True)
class Result:
    """Hold what a program printed and how it ended."""

    stdout: str
    stderr: str
    code: int


class Sandbox:
    """Keep a project, a home and the stand-in's state in one folder.

    It begins with one workspace `ws-1` ("Main"), one empty Deployment `dep-1` ("prod"), logged in, Docker mode, and an
    empty Airflow that runs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.home = folder / "home"
        self.state_home = folder / "state"
        self.temporary = folder / "tmp"
        self.state_file = folder / "standin-state.json"
        self.record_file = folder / "standin-record.jsonl"
        self.astro_program = FIXTURES / "bin" / "astro"
        self.environment = self._clean_environment()
        for place in (self.project, self.home, self.state_home, self.temporary):
            place.mkdir(parents=True)
        self.use_mode("docker", scope="user")
        self.use_mode(None, scope="project")
        self.save(_first_state())

    def _clean_environment(self) -> dict[str, str]:
        # PATH holds the stand-in and what a shell needs, never a real astro
        path = os.pathsep.join([str(FIXTURES / "bin"), str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        return {
            "PATH": path,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.state_home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
            "PYTHONWARNINGS": "error",
            "ASTRO_STANDIN_STATE": str(self.state_file),
            "ASTRO_STANDIN_RECORD": str(self.record_file),
        } | {
            name: os.environ[name]
            for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
            if name in os.environ
        }

    # --- files of the project ---

    def write_env(self, content: str | bytes, name: str = ".env") -> Path:
        """Write a file of the project, with mode 0600."""
        path = self.project / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    def read_env(self, name: str = ".env") -> str:
        """Return the text of a file of the project, line ends and all."""
        return (self.project / name).read_bytes().decode()

    def use_mode(self, mode: str | None, *, scope: str = "project") -> None:
        """Set `dev.mode` of the project or of the user; None sets none."""
        if scope == "project":
            _write(self.project / ".astro" / "config.yaml", f"project:\n    name: sandbox\n{_dev(mode)}")
        else:
            self._user_config(mode=mode)

    def log_out(self, *, context: bool = True) -> None:
        """Take the login away; with `context` the CLI knows where to log in and opens a browser, else it just fails."""
        if context:
            self._user_config(login="")
        else:
            _write(self.user_config, f"dev:\n    mode: docker\n{TELEMETRY}")

    def choose_workspace(self, workspace_id: str) -> None:
        """Make a workspace the current one, as `astro workspace switch` does; empty means none."""
        self._user_config(workspace=workspace_id)

    @property
    def user_config(self) -> Path:
        """Return the path of the user's `config.yaml`."""
        return self.home / ".astro" / "config.yaml"

    def _user_config(
        self, *, login: str = "Bearer session-token", workspace: str = "ws-1", mode: str | None = "docker"
    ) -> None:
        _write(
            self.user_config,
            "context: astronomer.io\ncontexts:\n    astronomer_io:\n        domain: astronomer.io\n"
            f'        token: "{login}"\n        workspace: "{workspace}"\n        organization: org-1\n'
            f"{_dev(mode)}{TELEMETRY}",
        )

    # --- the stand-in's state ---

    @property
    def state(self) -> Json:
        """Return the state as it is now."""
        state: Json = json.loads(self.state_file.read_bytes())
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the state."""
        scratch = self.state_file.with_suffix(".new")
        scratch.write_text(json.dumps(state, indent=1))
        scratch.replace(self.state_file)

    @contextmanager
    def change(self) -> Iterator[Json]:
        """Give the state to a block that changes it, and save it; calls of the stand-in wait meanwhile."""
        with Path(f"{self.state_file}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.state
            yield state
            self.save(state)

    def fault(self, name: str, **options: object) -> None:
        """Switch a fault of the stand-in on.

        `command` limits it to commands that begin with these words, `nth` to the n-th such call. `at` says when to be
        slow, hang or crash: start, before-write or after-write. The rest are the fault's own options:

        slow (seconds), hang (child, ignore_term, seconds), crash (exit or signal), not-logged-in (seconds), no-context,
        token-expired, token-malformed, offline (cause), not-running (how), noise (kind; before, after), upgrade-notice,
        lost-write, late-write (seconds until the API has written, even if the call was killed meanwhile),
        concurrent-key (key, value, is_secret), write-refused (message), save-unwritable, truncate (bytes),
        killed-export (during: variables or connections), half-export (fails: variables or connections), stdin-reset.

        Of requests to an API, each with `page` for the n-th request of a call alone: http-status (status; body, html,
        echo: the answer repeats what was sent; headers; after: what was asked for is done all the same), http-cut
        (noticed or not; bytes), http-slow (seconds; the state's `api_limit` is what the CLI waits, what it sent is
        done all the same), listing-changes (kind: variables or connections; add: rows, remove: keys; deployment_id).
        """
        with self.change() as state:
            state["faults"].append({"name": name, **options})

    def clear_faults(self) -> None:
        """Switch all faults off."""
        with self.change() as state:
            state["faults"] = []

    def add_deployment(
        self, deployment_id: str, name: str, workspace_id: str = "ws-1", variables: Sequence[Mapping[str, object]] = ()
    ) -> None:
        """Add a Deployment, and its workspace where that is new."""
        with self.change() as state:
            state["workspaces"].setdefault(workspace_id, {"name": f"Workspace {workspace_id}"})
            state["deployments"].append(
                {"id": deployment_id, "name": name, "workspace_id": workspace_id, "variables": list(variables)}
            )

    def set_variable(self, key: str, value: str, *, secret: bool = False, deployment_id: str = "dep-1") -> None:
        """Create or change a variable of a Deployment behind the CLI's back."""
        with self.change() as state:
            variables = _deployment(state, deployment_id)["variables"]
            variables[:] = [variable for variable in variables if variable["key"] != key]
            variables.append({"key": key, "value": value, "is_secret": secret, "updated_at": "2026-08-01T00:00:00Z"})

    def deployment(self, deployment_id: str = "dep-1") -> dict[str, tuple[str, bool]]:
        """Return a Deployment's variables as {key: (value, is_secret)}, real values of secrets included."""
        variables = _deployment(self.state, deployment_id)["variables"]
        return {variable["key"]: (variable["value"], variable["is_secret"]) for variable in variables}

    def writes(self, deployment_id: str = "dep-1") -> int:
        """Return how often a Deployment's list was written, each time a restart."""
        count: int = _deployment(self.state, deployment_id).get("writes", 0)
        return count

    def set_airflow(
        self,
        variables: Mapping[str, str] | None = None,
        connections: Mapping[str, str | Mapping[str, object]] | None = None,
        descriptions: Mapping[str, str] | None = None,
    ) -> None:
        """Replace the metadata database: stored texts of variables, and URIs or stored fields of connections."""
        with self.change() as state:
            state["airflow"] |= _rows(variables or {}, connections or {}, descriptions or {})

    def use_airflow(self, program: Path, home: Path, version: str = "3.3.2") -> None:
        """Take the metadata database of a real Airflow: its `airflow`, and its AIRFLOW_HOME."""
        with self.change() as state:
            state["airflow_version"] = version
            state["airflow"] |= {"program": str(program), "home": str(home)}

    def restart_airflow(self) -> None:
        """Give the container the `.env` of this moment, as `astro dev restart` does in Docker mode."""
        reading = COMPOSE.read(self.read_env(), self.environment)
        with self.change() as state:
            state["airflow"]["container_environment"] = reading.values()

    def load_airflow_export(self, folder: Path = RECORDED_AIRFLOW) -> None:
        """Import the recorded variables and connections as `airflow variables import` and `connections add` did.

        A text is stored as it is and anything else as JSON; an object with `value` is a variable with a description.
        """
        variables: dict[str, str] = {}
        descriptions: dict[str, str] = {}
        for key, value in json.loads((folder / "variables-imported.json").read_bytes()).items():
            stored = value
            if isinstance(value, dict) and "value" in value:
                stored, descriptions[key] = value["value"], value.get("description", "")
            variables[key] = stored if isinstance(stored, str) else json.dumps(stored, indent=2)
        lines = (folder / "connections-export.env").read_text().splitlines()
        self.set_airflow(variables, dict(line.split("=", 1) for line in lines), descriptions)

    # --- metadata databases behind the REST API, and the Environment Manager ---

    def stop_airflow(self, how: str = "stopped") -> None:
        """Let the local Airflow not run: "stopped", "no-containers", "no-docker", "no-runtime" or "no-venv"."""
        with self.change() as state:
            state["airflow"]["running"] = how

    def set_metadata(
        self,
        deployment_id: str,
        variables: Mapping[str, str] | None = None,
        connections: Mapping[str, str | Mapping[str, object]] | None = None,
        descriptions: Mapping[str, str] | None = None,
        version: str = "3.3.2",
    ) -> None:
        """Replace the metadata database of a Deployment, as `set_airflow` does that of the local Airflow."""
        with self.change() as state:
            deployment = _deployment(state, deployment_id)
            deployment["airflow_version"] = version
            deployment["airflow"] = _rows(variables or {}, connections or {}, descriptions or {})

    def metadata(self, deployment_id: str | None = None) -> Json:
        """Return a metadata database as it is, of the local Airflow or of a Deployment.

        The answer is {"variables": {key: (text, description)}, "connections": {id: fields}}.
        """
        from astro_stand_in.connections import fields_of  # pytest alone finds it

        state = self.state
        found = state["airflow"] if deployment_id is None else _deployment(state, deployment_id).get("airflow", {})
        return {
            "variables": {row["key"]: (row["val"], row.get("description")) for row in found.get("variables", [])},
            "connections": {row["conn_id"]: fields_of(row) for row in found.get("connections", [])},
        }

    def serve_airflow(self, url: str, deployment_id: str | None = None, version: str = "3.3.2") -> None:
        """Let a real Airflow on this machine answer `astro api airflow`, locally or for a Deployment."""
        with self.change() as state:
            owner = state
            if deployment_id is not None:
                owner = _deployment(state, deployment_id)
                owner["airflow_version"] = version
            owner.setdefault("airflow", {})["api"] = url

    def add_object(self, kind: str, key: str, fields: Mapping[str, object], **more: object) -> str:
        """Put an object into the Environment Manager and return its id.

        `kind` is variable, airflow-variable or connection; `fields` its own body, real secrets included; it belongs to
        workspace `ws-1` unless `deployment_id` or `workspace_id` is given; `links`, `excludeLinks`,
        `autoLinkDeployments` and `description` as the API has them.
        """
        object_type, field = _KINDS[kind]
        workspace, deployment = more.pop("workspace_id", "ws-1"), more.pop("deployment_id", None)
        with self.change() as state:
            objects = state.setdefault("environment_objects", [])
            added: Json = {
                "id": f"c{len(objects):024d}",
                "objectKey": key,
                "objectType": object_type,
                field: dict(fields),
            }
            added |= {"scope": "DEPLOYMENT" if deployment else "WORKSPACE", "scopeEntityId": deployment or workspace}
            stamps = {"createdAt": "2026-08-01T00:00:00Z", "updatedAt": "2026-08-01T00:00:00Z"}
            objects.append(added | stamps | more)
        return str(added["id"])

    def objects(self) -> list[Json]:
        """Return the Environment Manager's objects as they are, real secrets included."""
        found: list[Json] = self.state.get("environment_objects", [])
        return found

    def fetch_secrets(self, *, allowed: bool) -> None:
        """Say whether the organization lets its secrets be read back."""
        with self.change() as state:
            state["secrets_fetching"] = allowed

    # --- what was called ---

    def calls(self, prefix: str | None = None) -> list[Json]:
        """Return the recorded calls of the stand-in in order of their start, each as one mapping.

        `prefix` picks those whose argv begins with these words. A call that was killed has no `end` and no `exit`.
        """
        if not self.record_file.exists():
            return []
        merged: dict[str, Json] = {}
        for line in self.record_file.read_text().splitlines():
            facts = json.loads(line)
            merged.setdefault(facts.pop("id"), {}).update(facts)
        wanted = prefix.split() if prefix else []
        return [call for call in merged.values() if call["argv"][: len(wanted)] == wanted]

    def writing_calls(self) -> list[Json]:
        """Return the calls that write: to a Deployment, or through an API."""
        through_api = [
            call
            for call in [*self.calls("api"), *self.calls("env")]
            if any(sent["method"] != "GET" for sent in requests(call))
        ]
        return [*self.calls("deployment variable create"), *self.calls("deployment variable update"), *through_api]

    def wait_for(self, fact: str, timeout: float = 20) -> object:
        """Wait until some call has recorded a fact, and return it; for calls that still run."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for call in self.calls():
                if fact in call:
                    return call[fact]
            time.sleep(0.01)
        raise TimeoutError(f"no call recorded {fact}")

    def start(self, *args: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        """Start the stand-in in the project without waiting for it."""
        return subprocess.Popen(
            [str(self.astro_program), *args],
            cwd=self.project,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def forget_calls(self) -> None:
        """Empty the record."""
        self.record_file.unlink(missing_ok=True)

    # --- running programs ---

    def run(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - the word that subprocess uses
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        tty: bool = False,
    ) -> Result:
        """Run `astro-sync` in the project; `tty` gives it a terminal on all streams, stdout then holds both outputs.

        On a terminal each line of `input` answers one question, a single key press where one is asked for.
        """
        command = [sys.executable, "-m", "astro_sync", *args]
        environment = self.environment | dict(env or {})
        if tty:
            return _run_on_terminal(command, self.project, environment, input or "", timeout)
        return _execute(command, self.project, environment, input, timeout)

    def astro(
        self,
        *args: str,
        input: str | None = "y\n",  # noqa: A002 - as above
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        cwd: Path | None = None,
    ) -> Result:
        """Run the stand-in itself in the project."""
        command = [str(self.astro_program), *args]
        return _execute(command, cwd or self.project, self.environment | dict(env or {}), input, timeout)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until a condition holds, and tell whether it does."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return held


def requests(call: Json) -> list[Json]:
    """Return the requests to an API that a recorded call has made."""
    return [call[name] for name in sorted(call) if name.startswith("request_")]


_KINDS = {
    "variable": ("ENVIRONMENT_VARIABLE", "environmentVariable"),
    "airflow-variable": ("AIRFLOW_VARIABLE", "airflowVariable"),
    "connection": ("CONNECTION", "connection"),
}


def _rows(
    variables: Mapping[str, str],
    connections: Mapping[str, str | Mapping[str, object]],
    descriptions: Mapping[str, str],
) -> Json:
    return {
        "variables": [
            {"key": key, "val": text, "description": descriptions.get(key)} for key, text in variables.items()
        ],
        "connections": [
            {"conn_id": conn_id} | ({"uri": parts} if isinstance(parts, str) else dict(parts))
            for conn_id, parts in connections.items()
        ],
    }


def _first_state() -> Json:
    return {
        "cli_version": "1.45.0",
        "airflow_version": "3.3.2",
        "session": "valid",
        "workspaces": {"ws-1": {"name": "Main"}},
        "deployments": [{"id": "dep-1", "name": "prod", "workspace_id": "ws-1", "variables": []}],
        "api_token": {"workspace_id": "ws-1"},
        "airflow": {"running": True, "variables": [], "connections": [], "container_environment": {}},
        "faults": [],
    }


def _deployment(state: Json, deployment_id: str) -> Json:
    found: Json = next(deployment for deployment in state["deployments"] if deployment["id"] == deployment_id)
    return found


def _dev(mode: str | None) -> str:
    return "" if mode is None else f"dev:\n    mode: {mode}\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


def _execute(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], text: str | None, timeout: float
) -> Result:
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        input=(text or "").encode(),
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Result(_text(done.stdout), _text(done.stderr), done.returncode)


TERMINAL = (50, 200)  # rows, columns
_QUESTION = re.compile(r"(?P<key>\[q\]uit) $|\[y/N\]: $|to change (it|them): $")


class Conversation:
    """Answer the questions of a program on a terminal: one line of `text` each, a key press where one is asked for."""

    def __init__(self, text: str, terminal: int) -> None:
        self._terminal = terminal
        self._answers = text
        self.printed = ""
        self._data = b""

    def hear(self, data: bytes) -> None:
        """Take what was printed, and answer if it ends with a question."""
        self._data += data
        self.printed = _text(self._data)
        asked = _QUESTION.search(_BLANKED.sub("", self.printed.rpartition("\n")[2]))
        if not asked or not self._answers:
            return
        if asked["key"]:
            # A key that is pressed before the program waits for one may be dropped.
            wait_until(lambda: not termios.tcgetattr(self._terminal)[3] & termios.ICANON)
            answer, self._answers = self._answers[0], self._answers[1:].removeprefix("\n")
        else:
            line, end, self._answers = self._answers.partition("\n")
            answer = line + end
        os.write(self._terminal, answer.encode())


_BLANKED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def _run_on_terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], text: str, timeout: float
) -> Result:
    import pexpect  # only the few tests with a terminal need it

    child = pexpect.spawn(
        command[0], list(command[1:]), cwd=str(folder), env=dict(environment), timeout=timeout, dimensions=TERMINAL
    )
    conversation = Conversation(text, child.child_fd)
    with suppress(pexpect.EOF):
        while True:
            conversation.hear(child.read_nonblocking(65536, timeout))
    child.close()
    code = -child.signalstatus if child.signalstatus else child.exitstatus
    return Result(conversation.printed.replace("\r\n", "\n"), "", code)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
