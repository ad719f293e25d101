"""What the contract tests need to know of each place: how it is set up, and what it holds then."""

import copy
import itertools
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from astro_sync.airflow.connection import Connection, to_json
from astro_sync.core.model import Entry, Kind, Name, Value, name_of
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.base import AnyPlace, PlaceOptions, Role, Surroundings
from astro_sync.places.env_manager.objects import TYPES
from astro_sync.places.registry import open_place
from sandbox import Json, Sandbox

URI = "postgres://anna:s3cret%40pw@db.example.com:5432/sales?sslmode=require"
BOTH = frozenset({Kind.CONNECTION, Kind.VARIABLE})
ALL = frozenset(Kind)


@dataclass(frozen=True)
class Subject:
    """One place under test: `begin` puts in it what it holds at first, `own`, under names that no test writes.

    `untouched` returns in a comparable form all that merging must leave alone, `hidden` the values of its secrets.
    `examples` is how many it bears in a second. `masks`: it decides itself what it shows as a secret.
    `allow` settles before each opening what is not the place's own to say.
    """

    name: str
    address: str
    kinds: frozenset[Kind]
    own: Mapping[Name, str]
    begin: Callable[[Sandbox], None]
    untouched: Callable[[Sandbox], object]
    hidden: Callable[[Sandbox], Mapping[Name, str]] = lambda _sandbox: {}
    mode: str = "docker"
    options: PlaceOptions = field(default_factory=PlaceOptions)
    upper_ids: bool = False
    examples: int = 25
    masks: bool = False
    allow: Callable[[Sandbox], None] = lambda _sandbox: None

    def open(self, sandbox: Sandbox, role: Role = Role.DESTINATION) -> AnyPlace:
        """Return the place, opened as every command does."""
        self.allow(sandbox)
        return open_place(self.address, role, surroundings(sandbox, self.mode, self.options))

    def named(self, kind: Kind, word: str) -> Name:
        """Return a name as this place spells it."""
        return Name(kind, word.upper() if self.upper_ids or kind is Kind.ENVIRONMENT else word)

    def entries(self) -> dict[Name, Entry]:
        """Return a few entries that it can hold."""
        texts: dict[Name, str] = {}
        if Kind.VARIABLE in self.kinds:
            for word, text in (("new", "plain text"), ("other", 'it\'s "quoted" # $HOME \\ é'), ("number", "42")):
                texts[self.named(Kind.VARIABLE, word)] = text
        if Kind.CONNECTION in self.kinds:
            texts[self.named(Kind.CONNECTION, "new")] = URI
            fields = '{"conn_type": "http", "host": "h", "extra": {"a": [1]}}'
            texts[self.named(Kind.CONNECTION, "other")] = fields
        return {name: Entry(name, Value(text)) for name, text in texts.items()}


def surroundings(sandbox: Sandbox, mode: str = "docker", options: PlaceOptions | None = None) -> Surroundings:
    """Return what surrounds the places of a run in a sandbox."""
    folder = Path(tempfile.mkdtemp(dir=sandbox.temporary))
    astro = Astro(
        find_astro(None, sandbox.environment),
        environ=sandbox.environment,
        cwd=sandbox.project,
        timeout=30,
        private=folder,
        watch=lambda _text: nullcontext(),
    )
    return Surroundings(
        environ=sandbox.environment,
        cwd=sandbox.project,
        project=sandbox.project,
        folder=folder,
        state=sandbox.state_home / "astro-sync",
        timeout=30,
        tell=lambda _sentence: None,
        stdin=lambda: b"",
        astro=lambda: astro,
        mode=lambda: mode,
        target=lambda _name: {},
        options=options or PlaceOptions(),
        numbers=itertools.count(1),
    )


def _named(texts: Mapping[str, str]) -> dict[Name, str]:
    return {name_of(key): text for key, text in texts.items()}


def env_file(mode: str) -> Subject:
    """Return a `.env` with a BOM, comments and both line ends."""
    head, tail = b"\xef\xbb\xbf# our settings\r\n\nAIRFLOW_VAR_OWN='kept'   # why\n", b"export PLAIN_OWN=x\n"
    docker = {"AIRFLOW_VAR_OWN": "kept", "PLAIN_OWN": "x"}
    return Subject(
        name=f".env in {mode} mode",
        address=".env",
        kinds=ALL,
        own=_named(docker if mode == "docker" else {"AIRFLOW_VAR_OWN": "'kept'   # why"}),
        begin=lambda sandbox: _write(sandbox, ".env", head + tail),
        untouched=lambda sandbox: (sandbox.project / ".env").read_bytes().startswith(head + tail),
        mode=mode,
        upper_ids=True,
    )


def airflow_file(
    address: str, kinds: frozenset[Kind], own: Mapping[Name, str], data: str, kept: tuple[str, ...]
) -> Subject:
    """Return one of Airflow's files; all lines of `kept` are to stay in it."""
    return Subject(
        name=address,
        address=address,
        kinds=kinds,
        own=own,
        begin=lambda sandbox: _write(sandbox, address, data.encode()),
        untouched=lambda sandbox: [line for line in kept if line not in (sandbox.project / address).read_text()],
    )


def deployment(name: str, options: PlaceOptions | None = None) -> Subject:
    """Return a Deployment with a plain variable and a secret of its own."""

    def begin(sandbox: Sandbox) -> None:
        with sandbox.change() as state:
            state["deployments"][0]["variables"] = []
        sandbox.set_variable("PLAIN_OWN", "kept")
        sandbox.set_variable("HIDDEN_OWN", "kept too", secret=True)

    return Subject(
        name=name,
        address="deployment:dep-1",
        kinds=ALL,
        own=_named({"PLAIN_OWN": "kept", "HIDDEN_OWN": "kept too"}),
        begin=begin,
        untouched=lambda sandbox: {k: v for k, v in sandbox.deployment().items() if k.endswith("_OWN")},
        hidden=lambda sandbox: {name_of(key): text for key, (text, secret) in sandbox.deployment().items() if secret},
        options=options or PlaceOptions(),
        upper_ids=True,
        examples=3,
    )


_C = frozenset({Kind.CONNECTION})
_SSH = '{"conn_type": "ssh", "host": "h", "port": 22}'
_OWN = Name(Kind.CONNECTION, "own")
_FIELDS_OWN = Name(Kind.CONNECTION, "Fields_Own")

_OWN_ROWS: Json = {
    "variables": [{"key": "own", "val": "kept", "description": "why"}, {"key": "own_token", "val": "kept too"}],
    "connections": [{"conn_id": "own", "conn_type": "ssh", "host": "h", "port": 22, "password": "kept"}],
}
_OWN_ENTRIES = {
    Name(Kind.VARIABLE, "own"): "kept",
    Name(Kind.VARIABLE, "own_token"): "kept too",
    _OWN: "ssh://:kept@h:22",
}


def metadata_database(name: str, address: str, database: Callable[[Json], Json], version: str = "3.3.2") -> Subject:
    """Return the metadata database of an Airflow behind `astro api airflow`; `database` finds it in the state."""

    def begin(sandbox: Sandbox) -> None:
        with sandbox.change() as state:
            state["airflow_version"] = state["deployments"][0]["airflow_version"] = version
            database(state).update(copy.deepcopy(_OWN_ROWS))

    def stored(sandbox: Sandbox) -> dict[Name, str]:
        held = database(sandbox.state)
        found = {Name(Kind.VARIABLE, row["key"]): str(row["val"]) for row in held.get("variables", ())}
        for row in held.get("connections", ()):
            fields = {name: row.get(name) for name in Connection._fields}
            found[Name(Kind.CONNECTION, row["conn_id"])] = to_json(Connection(**fields))
        return found

    return Subject(
        name=name,
        address=address,
        kinds=BOTH,
        own=_OWN_ENTRIES,
        begin=begin,
        untouched=lambda sandbox: {name: text for name, text in stored(sandbox).items() if name.id.startswith("own")},
        hidden=stored,
        examples=3,
        masks=True,
    )


def env_manager(scope: str, *, with_secrets: bool) -> Subject:
    """Return a scope of the Environment Manager with a plain variable, a secret and a connection of its own."""
    kind, _, entity = scope.partition("/")
    own = {
        Name(Kind.VARIABLE, "own"): "kept",
        Name(Kind.VARIABLE, "own_token"): "kept too",
        Name(Kind.ENVIRONMENT, "PLAIN_OWN"): "kept",
        _OWN: "ssh://:kept@h:22",
    }
    bodies: dict[Name, Json] = {
        Name(Kind.VARIABLE, "own"): {"airflowVariable": {"value": "kept", "isSecret": False}, "description": "why"},
        Name(Kind.VARIABLE, "own_token"): {"airflowVariable": {"value": "kept too", "isSecret": True}},
        Name(Kind.ENVIRONMENT, "PLAIN_OWN"): {"environmentVariable": {"value": "kept", "isSecret": False}},
        _OWN: {"connection": {"type": "ssh", "host": "h", "port": 22, "password": "kept"}},
    }

    def allow(sandbox: Sandbox) -> None:
        with sandbox.change() as state:
            state["secrets_fetching"] = True

    def begin(sandbox: Sandbox) -> None:
        with sandbox.change() as state:
            state["environment_objects"] = [
                {
                    "id": f"own-{number}",
                    "objectKey": name.id,
                    "objectType": TYPES[name.kind],
                    "scope": kind.upper(),
                    "scopeEntityId": entity,
                    **body,
                }
                for number, (name, body) in enumerate(bodies.items())
            ]

    def stored(sandbox: Sandbox) -> dict[Name, str]:
        found = {}
        for each in sandbox.state.get("environment_objects", ()):
            name = Name(next(k for k, word in TYPES.items() if word == each["objectType"]), each["objectKey"])
            body = each.get("airflowVariable") or each.get("environmentVariable")
            if body is not None:
                found[name] = str(body["value"])
                continue
            fields = {field: each["connection"].get(field) for field in Connection._fields}
            extra = each["connection"].get("extra")
            described = {"conn_type": each["connection"]["type"], "description": each.get("description")}
            fields |= {**described, "extra": json.dumps(extra) if extra else None}
            found[name] = to_json(Connection(**fields))
        return found

    return Subject(
        name=f"env-manager:{scope}{' with secrets' if with_secrets else ''}",
        address=f"env-manager:{scope}",
        kinds=ALL,
        own=own,
        begin=begin,
        untouched=lambda sandbox: {name: text for name, text in stored(sandbox).items() if "own" in name.id.lower()},
        hidden=stored,
        options=PlaceOptions(with_secrets=with_secrets),
        examples=3,
        allow=allow,
    )


SUBJECTS = [
    env_file("docker"),
    env_file("standalone"),
    airflow_file(
        "variables.json",
        frozenset({Kind.VARIABLE}),
        {
            Name(Kind.VARIABLE, "own"): "kept",
            Name(Kind.VARIABLE, "Typed_Own"): "1.50",
            Name(Kind.VARIABLE, "described_own"): "x",
        },
        '{"own": "kept",\n "Typed_Own": "1.50",\n  "described_own": {"value": "x", "description": "why"}}\n',
        ('"own": "kept"', '"Typed_Own": "1.50"', '"description": "why"'),
    ),
    airflow_file(
        "connections.json",
        _C,
        {_OWN: "ftp://u@h", _FIELDS_OWN: _SSH},
        '{"own": "ftp://u@h",\n "Fields_Own": {"conn_type": "ssh", "host": "h", "port": 22}}\n',
        ('"own": "ftp://u@h"', '"Fields_Own": {'),
    ),
    airflow_file(
        "connections.yaml",
        _C,
        {_OWN: "ftp://u@h", _FIELDS_OWN: _SSH},
        "# ours\nown: ftp://u@h  # why\nFields_Own:\n  conn_type: ssh\n  host: 'h'\n  port: 22\n",
        ("# ours\nown: ftp://u@h  # why\nFields_Own:\n  conn_type: ssh\n  host: 'h'\n  port: 22\n",),
    ),
    airflow_file("connections.env", _C, {_OWN: "ftp://u@h"}, "# ours\nown=ftp://u@h\n", ("# ours\nown=ftp://u@h\n",)),
    airflow_file(
        "airflow_settings.yaml",
        BOTH,
        {Name(Kind.VARIABLE, "own"): "kept", _OWN: _SSH},
        "# ours\nairflow:\n  connections:\n    - conn_id: own\n      conn_type: ssh\n      conn_host: h\n"
        "      conn_port: 22  # why\n  pools:\n    - pool_name: p\n      pool_slot: 3\n"
        "  variables:\n    - variable_name: own\n      variable_value: kept\n",
        (
            "# ours\nairflow:\n  connections:\n    - conn_id: own\n      conn_type: ssh\n      conn_host: h\n",
            "conn_port: 22  # why\n",
            "  pools:\n    - pool_name: p\n      pool_slot: 3\n",
            "    - variable_name: own\n      variable_value: kept\n",
        ),
    ),
    deployment("a Deployment"),
    deployment("a Deployment with positional values", PlaceOptions(allow_argv=("*",))),
    metadata_database("local Airflow 3", "airflow:", lambda state: state["airflow"]),
    metadata_database("local Airflow 2", "airflow:", lambda state: state["airflow"], "2.11.2"),
    metadata_database(
        "a Deployment's Airflow 3",
        "airflow:deployment/dep-1",
        lambda state: state["deployments"][0].setdefault("airflow", {}),
    ),
    metadata_database(
        "a Deployment's Airflow 2",
        "airflow:deployment/dep-1",
        lambda state: state["deployments"][0].setdefault("airflow", {}),
        "2.11.2",
    ),
    env_manager("deployment/dep-1", with_secrets=False),
    env_manager("deployment/dep-1", with_secrets=True),
    env_manager("workspace/ws-1", with_secrets=True),
]
# The code of another one with another answer: only scripts/test --all has time for both.
ALIKE = {
    "local Airflow 2",
    "a Deployment's Airflow 2",
    "a Deployment with positional values",
    "a Deployment's Airflow 3",
    "env-manager:deployment/dep-1",
    "env-manager:deployment/dep-1 with secrets",
    "env-manager:workspace/ws-1 with secrets",
}


def _write(sandbox: Sandbox, name: str, data: bytes) -> None:
    sandbox.write_env(data, name)
