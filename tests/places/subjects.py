"""What the contract tests need to know of each place: how it is set up, and what it holds then."""

import itertools
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from astro_sync.core.model import Entry, Kind, Name, Value, name_of
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.base import AnyPlace, PlaceOptions, Role, Surroundings
from astro_sync.places.registry import open_place
from sandbox import Sandbox

URI = "postgres://anna:s3cret%40pw@db.example.com:5432/sales?sslmode=require"
BOTH = frozenset({Kind.CONNECTION, Kind.VARIABLE})
ALL = frozenset(Kind)


@dataclass(frozen=True)
class Subject:
    """One place under test: `begin` puts in it what it holds at first, `own`, under names that no test writes.

    `untouched` returns in a comparable form all that merging must leave alone, `hidden` the values of its secrets.
    `examples` is how many it bears in a second. `prepare` starts what it needs and returns additions to the environment.
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

    def open(self, sandbox: Sandbox, role: Role = Role.DESTINATION) -> AnyPlace:
        """Return the place, opened as every command does."""
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
]


def _write(sandbox: Sandbox, name: str, data: bytes) -> None:
    sandbox.write_env(data, name)
