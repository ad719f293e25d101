"""What every endpoint promises, whatever it is made of: the same tests run over each of them."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.airflow.connection import Connection, means_the_same, to_json, to_text
from astro_sync.core.model import Change, OnConflict, Plan, Snapshot, Value, Variable
from astro_sync.core.plan import Policy, make_plan
from astro_sync.core.secrecy import secret_comment
from astro_sync.places.airflow_file import AirflowFile
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.base import Endpoint
from astro_sync.places.deployment import Deployment, Selector
from astro_sync.places.env_file import EnvFile
from astro_sync.places.registry import KINDS, find_format
from env_texts import ENVIRONMENT, values
from sandbox import Sandbox

NOW = datetime(2026, 8, 1, tzinfo=UTC)
VAR, CONN = "AIRFLOW_VAR_", "AIRFLOW_CONN_"
URI = "postgres://anna:s3cret%40pw@db.example.com:5432/sales?sslmode=require"
PLACEHOLDERS = ("# secret", "****", " **** ", "# secret on the Deployment, set it here")

# --- the places ---


@dataclass(frozen=True)
class Place:
    """Tell how to set one endpoint up: `begin` puts in it what it holds at first, `open` makes the endpoint.

    `own` is what it then holds, under names that the tests do not write; `untouched` returns, in one comparable form,
    all that merging must leave alone beside the variables, and `hidden` the values of its secrets. `examples` is how
    many it bears within a second.
    """

    name: str
    prefixes: tuple[str, ...]
    own: Mapping[str, str]
    begin: Callable[[Sandbox], None]
    open: Callable[[Sandbox], Endpoint]
    untouched: Callable[[Sandbox], object]
    hidden: Callable[[Sandbox], Mapping[str, str]] = lambda _sandbox: {}
    examples: int = 25

    def texts(self) -> dict[str, str]:
        """Return a few variables that it can hold."""
        found = {}
        if VAR in self.prefixes or not self.prefixes:
            found = {f"{VAR}NEW": "plain text", f"{VAR}OTHER": 'it\'s "quoted" # $HOME \\ é', f"{VAR}NUMBER": "42"}
        if CONN in self.prefixes or not self.prefixes:
            found |= {f"{CONN}NEW": URI, f"{CONN}OTHER": '{"conn_type": "http", "host": "h", "extra": {"a": [1]}}'}
        return found


def env_file(mode: str) -> Place:
    head, tail = b"\xef\xbb\xbf# our settings\r\n\nAIRFLOW_VAR_OWN='kept'   # why\n", b"export PLAIN_OWN=x\n"
    return Place(
        f".env in {mode} mode",
        (),
        {f"{VAR}OWN": "kept", "PLAIN_OWN": "x"}
        if mode == "docker"
        else {f"{VAR}OWN": "'kept'   # why", "export PLAIN_OWN": "x"},
        begin=lambda sandbox: _write(sandbox, ".env", head + tail),
        open=lambda sandbox: EnvFile(
            path=sandbox.project / ".env",
            name=".env",
            mode=lambda: mode,
            environ=ENVIRONMENT,
            timeout=10,
            tell=_tell_nothing,
        ),
        untouched=lambda sandbox: (sandbox.project / ".env").read_bytes().startswith(head + tail),
    )


def airflow_file(kind: str, name: str, own: Mapping[str, str], data: str, kept: tuple[str, ...]) -> Place:
    """Return a place for one of Airflow's files; all lines of `kept` are to stay in it."""
    return Place(
        name,
        KINDS[kind].prefixes,
        own,
        begin=lambda sandbox: _write(sandbox, name, data.encode()),
        open=lambda sandbox: AirflowFile(
            path=sandbox.project / name,
            name=name,
            timeout=10,
            tell=_tell_nothing,
            format=find_format(KINDS[kind], name),
            prefixes=KINDS[kind].prefixes,
        ),
        untouched=lambda sandbox: [line for line in kept if line not in (sandbox.project / name).read_text()],
    )


def deployment(name: str, *, saved: bool = False, allow_argv: bool = False) -> Place:
    def begin(sandbox: Sandbox) -> None:
        with sandbox.change() as state:
            state["deployments"][0]["variables"] = []
        sandbox.set_variable("PLAIN_OWN", "kept")
        sandbox.set_variable("HIDDEN_OWN", "kept too", secret=True)

    def untouched(sandbox: Sandbox) -> object:
        return {key: there for key, there in sandbox.deployment().items() if key.endswith("_OWN")}

    def make(sandbox: Sandbox) -> Endpoint:
        folder = Path(tempfile.mkdtemp(dir=sandbox.temporary))
        selector = Selector("dep-1")
        return Deployment(_astro(sandbox), selector, folder, allow_argv=allow_argv, saved=saved)

    def hidden(sandbox: Sandbox) -> Mapping[str, str]:
        return {key: text for key, (text, secret) in sandbox.deployment().items() if secret}

    own = {"PLAIN_OWN": "kept", "HIDDEN_OWN": "kept too"}
    return Place(name, (), own, begin, make, untouched, hidden, examples=3)


PLACES = [
    env_file("docker"),
    env_file("standalone"),
    airflow_file(
        "variables",
        "variables.json",
        {f"{VAR}OWN": "kept", f"{VAR}TYPED_OWN": "1.50", f"{VAR}DESCRIBED_OWN": "x"},
        '{"own": "kept",\n "typed_own": "1.50",\n  "described_own": {"value": "x", "description": "why"}}\n',
        ('"own": "kept"', '"typed_own": "1.50"', '"described_own": {"value": "x", "description": "why"}'),
    ),
    airflow_file(
        "connections",
        "connections.json",
        {f"{CONN}OWN": "ftp://u@h", f"{CONN}FIELDS_OWN": '{"conn_type": "ssh", "host": "h", "port": 22}'},
        '{"own": "ftp://u@h",\n "fields_own": {"conn_type": "ssh", "host": "h", "port": 22}}\n',
        ('"own": "ftp://u@h"', '"fields_own": {"conn_type": "ssh", "host": "h", "port": 22}'),
    ),
    airflow_file(
        "connections",
        "connections.yaml",
        {f"{CONN}OWN": "ftp://u@h", f"{CONN}FIELDS_OWN": '{"conn_type": "ssh", "host": "h", "port": 22}'},
        "# ours\nown: ftp://u@h  # why\nfields_own:\n  conn_type: ssh\n  host: 'h'\n  port: 22\n",
        ("# ours\nown: ftp://u@h  # why\nfields_own:\n  conn_type: ssh\n  host: 'h'\n  port: 22\n",),
    ),
    airflow_file(
        "connections",
        "connections.env",
        {f"{CONN}OWN": "ftp://u@h"},
        "# ours\nown=ftp://u@h\n",
        ("# ours\nown=ftp://u@h\n",),
    ),
    airflow_file(
        "settings",
        "airflow_settings.yaml",
        {f"{VAR}OWN": "kept", f"{CONN}OWN": '{"conn_type": "ssh", "host": "h", "port": 22}'},
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
]
OTHER_WAYS = [
    deployment("a Deployment that is read with list --save", saved=True),
    deployment("a Deployment with positional values", allow_argv=True),
]


@pytest.fixture(params=PLACES, ids=lambda place: place.name)
def place(request: pytest.FixtureRequest) -> Place:
    """Return each place in turn."""
    found: Place = request.param
    return found


def test_every_kind_and_format_of_the_registry_is_held_to_the_contract() -> None:
    held = {endpoint.name.partition(".")[2] for endpoint in PLACES}
    formats = {suffix.removeprefix(".") for kind in KINDS.values() for suffix in kind.formats} - {"yml"}
    assert formats <= held
    names = {place.prefixes for place in PLACES}
    assert {kind.prefixes for kind in KINDS.values()} <= names


# --- the odd things that are written ---

_words = st.one_of(
    st.sampled_from(["a", "x y", "a@b", "p/q", "k=v", "1", "é", "%41", "#", "?", ":", "$A", "'", '"', "\\", "true"]),
    st.text(st.sampled_from("ab1:/@?#%&=+ é\"'\\$~[]"), min_size=1, max_size=6),
)
_extras = st.dictionaries(
    _words,
    st.one_of(_words, st.integers(), st.booleans(), st.none(), st.lists(_words, max_size=2)),
    min_size=1,
    max_size=2,
)
_connections = st.builds(
    Connection,
    conn_type=st.sampled_from(["postgres", "http", "google_cloud_platform", "x"]),
    host=st.none() | _words | st.just("https://h.example.com"),
    login=st.none() | _words,
    password=st.none() | _words,
    port=st.none() | st.integers(1, 65535),
    schema=st.none() | _words,
    description=st.none() | _words,
    extra=st.none() | _extras.map(json.dumps),
)
_connection_texts = st.one_of(
    _connections.map(to_text),
    _connections.map(to_json),
    st.sampled_from([URI, "http://", "http://?a=1", "x://u:p@/?__extra__=%7B%7D", "  http://h\n", "{", "no uri", ""]),
)
_names = st.sampled_from(["A", "A_B", "B1", "C", "MY-VAR.X", "WITH BLANK", "É", "ß", "lower", "A#B", "", "Q'Q", "İ"])
_pairs = {
    VAR: st.tuples(_names.map(VAR.__add__), values),
    CONN: st.tuples(_names.map(CONN.__add__), _connection_texts | _connection_texts | values),
    "": st.tuples(_names, values),
}


def odd_variables(place: Place) -> st.SearchStrategy[dict[str, str]]:
    """Return names and texts of each kind that the place is made for, whether it can hold them or not."""
    pairs = st.one_of([_pairs[prefix] for prefix in place.prefixes or _pairs])
    return st.lists(pairs, min_size=2, max_size=8, unique_by=lambda pair: pair[0]).map(dict)


# --- the contract ---


@pytest.mark.parametrize("place", [*PLACES, *OTHER_WAYS], ids=lambda place: place.name)
def test_what_was_written_is_what_is_read(place: Place, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox")
    written: list[Change] = []

    @settings(max_examples=place.examples, deadline=None, derandomize=True)
    @given(odd_variables(place))
    def check(texts: dict[str, str]) -> None:
        place.begin(sandbox)
        plan, before = _write_all(place, sandbox, texts)
        after, held = _read(place, sandbox), _held(place, sandbox)
        for change in plan.writes:
            assert change.value is not None
            assert after.variables[change.key].secret is change.secret
            assert _same(change.key, held[change.key], change.value.reveal())
        assert after.variables.keys() == {*before.variables, *(change.key for change in plan.writes)}
        written.extend(plan.writes)

    check()
    assert len(written) > place.examples // 4, "nearly all that was tried was refused: nothing was shown"


def test_the_places_own_stays_when_something_is_merged_into_it(place: Place, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox")
    place.begin(sandbox)
    before = place.untouched(sandbox)
    _write_all(place, sandbox, place.texts())
    assert place.untouched(sandbox) == before
    assert _missing(place, sandbox, {**place.own, **place.texts()}) == []
    assert _held(place, sandbox).keys() == {*place.own, *place.texts()}


def test_an_entry_is_changed_and_nothing_beside_it(place: Place, sandbox: Sandbox) -> None:
    place.begin(sandbox)
    _write_all(place, sandbox, place.texts())
    before = _read(place, sandbox)
    key, text = next(iter(place.texts().items()))
    changed = f"{text}9"
    _write_all(place, sandbox, {key: changed})
    after = _read(place, sandbox)
    assert _held(place, sandbox)[key] == changed
    assert {**after.variables, key: None} == {**before.variables, key: None}


def test_the_second_time_there_is_nothing_to_do(place: Place, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox")

    @settings(max_examples=place.examples // 2, deadline=None, derandomize=True)
    @given(odd_variables(place))
    def check(texts: dict[str, str]) -> None:
        place.begin(sandbox)
        _write_all(place, sandbox, texts)
        with _opened(place, sandbox) as endpoint:
            again = _plan(endpoint, texts, endpoint.read())
        assert not again.changes_something

    check()


def test_what_it_is_read_for_again_is_written_back_without_a_change(place: Place, sandbox: Sandbox) -> None:
    place.begin(sandbox)
    _write_all(place, sandbox, place.texts())
    first = _read(place, sandbox)
    plan, _ = _write_all(place, sandbox, _known(first))
    assert plan.writes == ()
    assert _read(place, sandbox) == first
    assert len(plan.changes) >= len(place.own)


def test_no_text_form_of_anything_shows_a_value(place: Place, sandbox: Sandbox) -> None:
    planted = "pl4nted-v4lue"
    texts = {
        f"{VAR}TOKEN": planted,
        f"{CONN}DB": f"http://u:{planted}@h/",
        f"{VAR}A B": f"{planted}\0",
        f"{VAR}L": f"{planted}\n",
    }
    place.begin(sandbox)
    shown = []
    with _opened(place, sandbox) as endpoint:
        before = endpoint.read()
        plan = _plan(endpoint, texts, before)
        written = endpoint.apply(plan)
        after = endpoint.read()
        backup = endpoint.keep_backup(sandbox.folder / "backups", NOW)
        refusals = [endpoint.refusal(Variable(key, Value(text))) for key, text in texts.items()]
        shown = [endpoint, before, plan, written, after, refusals, endpoint.warnings, plan.warnings, backup]
    forms = [form(thing) for thing in shown for form in (str, repr)]
    assert plan.writes, "something was written"
    assert [form for form in forms if planted in form] == []


def test_a_value_that_nobody_knows_is_refused(place: Place, sandbox: Sandbox) -> None:
    place.begin(sandbox)
    with _opened(place, sandbox) as endpoint:
        endpoint.read()
        reasons = {endpoint.refusal(Variable(key, None, secret=True)) for key in place.texts()}
    assert reasons == {"its value is not known"}


def test_a_secret_of_another_place_enters_none_as_a_value(place: Place, sandbox: Sandbox) -> None:
    place.begin(sandbox)
    held, *_ = place.texts()
    _write_all(place, sandbox, {held: place.texts()[held]})
    before = _read(place, sandbox)
    keys = (held, *(f"{prefix}HIDDEN" for prefix in place.prefixes or (VAR, CONN, "")))
    with _opened(place, sandbox) as endpoint:
        here = endpoint.read()
        there = Snapshot({key: Variable(key, None, secret=True) for key in keys}, keeps_secrets=True)
        endpoint.apply(make_plan(there, here, Policy(OnConflict.OVERWRITE), endpoint.refusal))
    assert _read(place, sandbox).variables == before.variables


def test_a_placeholder_never_wins(place: Place, sandbox: Sandbox) -> None:
    place.begin(sandbox)
    texts = {f"{key}_{number}": text for key, text in place.texts().items() for number in range(len(PLACEHOLDERS))}
    _write_all(place, sandbox, texts)
    before = _read(place, sandbox)
    poor = dict(zip(texts, cycle(PLACEHOLDERS), strict=False))
    plan, _ = _write_all(place, sandbox, poor | {f"{key}_NEW": text for key, text in poor.items()})
    assert plan.writes == ()
    assert _read(place, sandbox) == before


def test_an_empty_place_takes_all(place: Place, sandbox: Sandbox) -> None:
    _write_all(place, sandbox, place.texts())
    assert _missing(place, sandbox, place.texts()) == []


def test_a_backup_holds_what_was_read_and_is_private(place: Place, sandbox: Sandbox) -> None:
    place.begin(sandbox)
    with _opened(place, sandbox) as endpoint:
        endpoint.read()
        backup = endpoint.keep_backup(sandbox.folder / "backups", NOW)
    assert backup is not None
    assert backup.stat().st_mode & 0o777 == 0o600
    assert backup.parent.stat().st_mode & 0o777 == 0o700
    assert "kept" in backup.read_text() or "ftp://u@h" in backup.read_text()
    assert secret_comment("HIDDEN_OWN") not in backup.read_text()


# --- steps ---


@contextmanager
def _opened(place: Place, sandbox: Sandbox) -> Iterator[Endpoint]:
    with place.open(sandbox) as endpoint:
        yield endpoint


def _read(place: Place, sandbox: Sandbox) -> Snapshot:
    with _opened(place, sandbox) as endpoint:
        return endpoint.read()


def _plan(endpoint: Endpoint, texts: Mapping[str, str], before: Snapshot) -> Plan:
    there = Snapshot({key: Variable(key, Value(text)) for key, text in texts.items()})
    return make_plan(there, before, Policy(OnConflict.OVERWRITE), endpoint.refusal)


def _write_all(place: Place, sandbox: Sandbox, texts: Mapping[str, str]) -> tuple[Plan, Snapshot]:
    """Write what the place can hold of it, and return the plan and what stood there."""
    with _opened(place, sandbox) as endpoint:
        before = endpoint.read()
        plan = _plan(endpoint, texts, before)
        if plan.changes_something:
            assert endpoint.apply(plan).failure is None
    return plan, before


def _known(snapshot: Snapshot) -> dict[str, str]:
    return {key: there.value.reveal() for key, there in snapshot.variables.items() if there.value is not None}


def _held(place: Place, sandbox: Sandbox) -> dict[str, str]:
    """Return every value that is there, those of secrets too."""
    return {**_known(_read(place, sandbox)), **place.hidden(sandbox)}


def _missing(place: Place, sandbox: Sandbox, texts: Mapping[str, str]) -> list[str]:
    """Return the keys that do not have these values."""
    held = _held(place, sandbox)
    return [key for key, text in texts.items() if key not in held or not _same(key, held[key], text)]


def _same(key: str, one: str, two: str) -> bool:
    return one == two or (key.startswith(CONN) and means_the_same(one, two))


def _write(sandbox: Sandbox, name: str, data: bytes) -> None:
    sandbox.write_env(data, name)


def _tell_nothing(_sentence: str) -> None:
    """Say nothing: nobody waits for a lock here."""


def _astro(sandbox: Sandbox) -> Astro:
    return Astro(
        find_astro(None, sandbox.environment),
        environ=sandbox.environment,
        cwd=sandbox.project,
        timeout=30,
        private=sandbox.temporary,
        watch=lambda _text: nullcontext(),
    )
