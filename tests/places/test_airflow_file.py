import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_names import airflow_name
from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import (
    Action,
    Change,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Snapshot,
    Traits,
    Value,
    Write,
)
from astro_sync.core.model import Entry as Held
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.errors import AstroSyncError, ExitCode, RefusedError, UsageError
from astro_sync.places.airflow_file import AirflowFile, open_named_file
from astro_sync.places.astro_cli import Astro
from astro_sync.places.base import Role, Surroundings

OVERWRITE, KEEP = (Policy(on_conflict=each) for each in (OnConflict.OVERWRITE, OnConflict.KEEP))
NOW = datetime(2026, 8, 1, tzinfo=UTC)
NAMES = ["variables.json", "connections.json", "connections.yaml", "connections.env", "airflow_settings.yaml"]
CONN = "AIRFLOW_CONN_A"
SETTINGS = """airflow:
  connections:
    - conn_id: a
      conn_type: ssh
      conn_host: h
  pools:
    - pool_name: p
  variables:
    - variable_name: b
      variable_value: x
"""


def no_astro() -> Astro:
    raise AssertionError("a file needs no astro")


def place(path: Path, role: Role = Role.DESTINATION) -> AirflowFile:
    around = Surroundings(
        environ={},
        cwd=path.parent,
        project=path.parent,
        folder=path.parent,
        state=path.parent,
        timeout=5,
        tell=lambda _sentence: None,
        stdin=lambda: b"",
        astro=no_astro,
        mode=lambda: "docker",
        target=lambda _name: {},
    )
    found = open_named_file(path.name, role, around)
    assert isinstance(found, AirflowFile)
    return found


def read(path: Path) -> Snapshot:
    with place(path) as file:
        return file.read(EVERYTHING)


def texts(snapshot: Snapshot) -> dict[str, str]:
    return {name.variable: entry.value.reveal() for name, entry in snapshot.entries.items() if entry.value is not None}


def plan(**values: str) -> Plan:
    writes = [Write(airflow_name(key), Value(text)) for key, text in values.items()]
    return Plan(tuple(Change(write.name, write.action, write=write) for write in writes))


def merged(source: Side, path: Path, policy: Policy | None = None) -> Plan:
    """Merge into a file as a run does, and return what was planned."""
    with place(path) as file:
        before = Side(file.traits, file.read(EVERYTHING))
        found = make_plan(source, before, policy or Policy(), file.refusal)
        if found.changes_something:
            file.apply(file.prepare(found))
    return found


def holding(**values: str) -> Side:
    names = [(airflow_name(key), text) for key, text in values.items()]
    return Side(Traits(Names.ENVIRONMENT), Snapshot({name: Held(name, Value(text)) for name, text in names}))


def own(path: Path) -> str:
    """Return a variable that the file can hold."""
    return "AIRFLOW_VAR_A" if path.name == "variables.json" else CONN


# --- reading ---


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        (
            "variables.json",
            '{"a": "x", "b": 42, "c": {"value": [1], "description": "d"}, "Up": null}',
            {"AIRFLOW_VAR_a": "x", "AIRFLOW_VAR_b": "42", "AIRFLOW_VAR_c": "[\n  1\n]", "AIRFLOW_VAR_Up": "null"},
        ),
        (
            "connections.json",
            '{"a": "http://h", "b": {"conn_type": "ssh", "host": "h"}}',
            {"AIRFLOW_CONN_a": "http://h", "AIRFLOW_CONN_b": "ssh://h"},
        ),
        (
            "connections.yaml",
            "a: http://h\nb:\n  conn_type: ssh\n  host: h\n",
            {"AIRFLOW_CONN_a": "http://h", "AIRFLOW_CONN_b": "ssh://h"},
        ),
        ("connections.env", "a=http://h\n# b=c\n", {"AIRFLOW_CONN_a": "http://h"}),
        (
            "airflow_settings.yaml",
            SETTINGS,
            {"AIRFLOW_CONN_a": "ssh://h", "AIRFLOW_VAR_b": "x"},
        ),
    ],
)
def test_each_file_is_read_under_its_own_ids(tmp_path: Path, name: str, text: str, found: dict[str, str]) -> None:
    (tmp_path / name).write_text(text)
    snapshot = read(tmp_path / name)
    assert texts(snapshot) == found
    assert not any(entry.secret or entry.problem for entry in snapshot.entries.values())
    assert {entry.name.kind for entry in snapshot.entries.values()} <= place(tmp_path / name).traits.kinds


def test_the_description_of_a_variable_is_read(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text('{"c": {"value": "x", "description": "why"}}')
    assert read(tmp_path / "variables.json").entries[Name(Kind.VARIABLE, "c")].description == "why"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path, name: str) -> None:
    assert texts(read(tmp_path / name)) == {}
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_source_must_be_there(tmp_path: Path, name: str) -> None:
    with place(tmp_path / name, Role.SOURCE) as file, pytest.raises(UsageError, match=name):
        file.read(EVERYTHING)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("variables.json", '["pl4nted"]'),
        ("variables.json", '{"a": "pl4nted"'),
        ("connections.json", '"pl4nted"'),
        ("connections.yaml", "- pl4nted\n"),
        ("connections.yaml", "a: [pl4nted\n"),
        ("connections.env", "pl4nted\n"),
        ("connections.env", "a=http://pl4nted\na=http://x\n"),
        ("airflow_settings.yaml", "- pl4nted\n"),
        ("airflow_settings.yaml", "a: 'pl4nted\n"),
        ("variables.json", '{"a": "\udcff pl4nted"}'),
    ],
)
def test_a_file_that_its_reader_would_reject_is_refused_without_a_value(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RefusedError) as told:
        read(tmp_path / name)
    assert told.value.exit_code is ExitCode.REFUSED
    assert "pl4nted" not in f"{told.value}{told.value.hint}{told.value.__cause__!r}"


def test_an_entry_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text('{"a": {"conn_type": "x", "pl4nted": 1}, "b": "http://h", "c": "http://h", "C": "ftp://x"}')
    snapshot = read(path)
    assert texts(snapshot).keys() == {"AIRFLOW_CONN_b", "AIRFLOW_CONN_c", "AIRFLOW_CONN_C"}
    problem = snapshot.entries[Name(Kind.CONNECTION, "a")].problem
    assert problem
    assert problem.reason is Reason.UNREADABLE
    assert "pl4nted" not in repr(snapshot)


# --- refusing ---


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rest", ["", "x" * 251])
def test_a_name_that_airflow_does_not_take_is_refused(tmp_path: Path, name: str, rest: str) -> None:
    path = tmp_path / name
    kind = airflow_name(own(path)).kind
    assert place(path).refusal(Write(Name(kind, rest), Value("http://pl4nted"))) is not None


@pytest.mark.parametrize("name", [name for name in NAMES if name != "variables.json"])
@pytest.mark.parametrize("text", ["no connection", "", "{", '{"host": "h"}', "http://h?__extra__=[1]"])
def test_a_connection_that_airflow_cannot_read_enters_no_file_of_connections(
    tmp_path: Path, name: str, text: str
) -> None:
    refusal = place(tmp_path / name).refusal(Write(airflow_name(CONN), Value(text)))
    assert refusal
    assert refusal.reason is Reason.UNSOUND_CONNECTION


def test_what_no_uri_can_say_does_not_enter_a_file_of_uris(tmp_path: Path) -> None:
    text = '{"conn_type": "HTTP", "host": "UPPER", "description": "d"}'
    reasons = {name: place(tmp_path / name).refusal(Write(airflow_name(CONN), Value(text))) for name in NAMES[1:4]}
    assert [name for name, reason in reasons.items() if reason] == ["connections.env"]


# --- merging ---


@pytest.mark.parametrize("name", NAMES)
def test_names_that_a_file_is_not_made_for_are_left_out_and_that_is_no_fault(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    source = holding(PLAIN="x", AIRFLOW__CORE__X="y", AIRFLOW_VAR_A="text", AIRFLOW_CONN_A="http://h")
    found = merged(source, path)
    kinds = place(path).traits.kinds
    wanted = {name for name in source.snapshot.entries if name.kind in kinds}
    assert {name.key for name in read(path).entries} == {name.key for name in wanted}
    skipped = {change.name.key: change.why for change in found.changes if change.action is Action.SKIP}
    assert skipped.keys() == {name.key for name in source.snapshot.entries.keys() - wanted}
    assert {why.reason for why in skipped.values() if why} == {Reason.OTHER_KIND}
    assert found.refusals == ()


@pytest.mark.parametrize("name", ["connections.json", "connections.yaml", "connections.env"])
def test_a_connection_in_another_spelling_is_the_same_and_stays_as_it_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(AIRFLOW_CONN_A="postgresql://u:p@h:1/d?x=y"), path)
    before = path.read_bytes()
    fields = {"login": "u", "password": "p", "host": "h", "port": 1, "schema": "d", "extra": {"x": "y"}}
    other = json.dumps({"conn_type": "postgres", **fields})
    found = merged(holding(AIRFLOW_CONN_A=other), path)
    assert [change.action for change in found.changes] == [Action.UNCHANGED]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("variables.json", '{"MixedCase": "old"}'),
        ("connections.json", '{"MixedCase": "http://old"}'),
        ("connections.yaml", "MixedCase: http://old\n"),
        ("connections.env", "MixedCase=http://old\n"),
        (
            "airflow_settings.yaml",
            "airflow:\n  variables:\n    - variable_name: MixedCase\n      variable_value: old\n",
        ),
    ],
)
def test_the_entry_that_airflow_looks_up_under_a_name_is_the_one_that_changes(
    tmp_path: Path, name: str, old: str
) -> None:
    path = tmp_path / name
    path.write_text(old)
    [name_there] = read(path).entries
    merged(holding(**{name_there.key: "http://new"}), path, OVERWRITE)
    assert texts(read(path)) == {name_there.variable: "http://new"}
    assert "MixedCase" in path.read_text()
    assert "mixedcase" not in path.read_text()


def test_a_new_entry_gets_the_lower_case_that_people_write(tmp_path: Path) -> None:
    merged(holding(AIRFLOW_VAR_MY_KEY="x"), tmp_path / "variables.json")
    assert '"my_key"' in (tmp_path / "variables.json").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_conflict_is_one_in_a_file_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://mine"}), path)
    theirs = holding(**{own(path): "http://theirs"})
    assert [change.name.key for change in merged(theirs, path).conflicts] == [own(path)]
    for policy in (None, KEEP):
        merged(theirs, path, policy)
        assert list(texts(read(path)).values()) == ["http://mine"]


# --- writing ---


@pytest.mark.parametrize("name", NAMES)
def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://h"}), path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    merged(holding(**{own(path): "http://i"}), path, OVERWRITE)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_someone_else_changed_meanwhile_is_left_as_they_made_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with place(path) as file:
        file.read(EVERYTHING)
        path.write_text("theirs")
        with pytest.raises(AstroSyncError):
            file.apply(file.prepare(plan(**{own(path): "http://h"})))
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_write_leaves_the_file_untouched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://h"}), path)
    before = path.stat()
    with place(path) as file:
        (name_there,) = file.read(EVERYTHING).entries
        file.apply(file.prepare(plan(**{name_there.variable: "http://h"})))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_not_read_is_not_changed(tmp_path: Path, name: str) -> None:
    with place(tmp_path / name) as file, pytest.raises(RuntimeError, match="read before it is changed"):
        file.apply(file.prepare(plan(**{own(tmp_path / name): "http://h"})))
    assert not (tmp_path / name).exists()


def test_a_backup_is_the_file_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.write_text('{"a":   "old"}')
    with place(path) as file:
        file.read(EVERYTHING)
        file.apply(file.prepare(plan(AIRFLOW_VAR_A="new")))
        backup = file.keep_backup(tmp_path / "backups", NOW)
    assert backup is not None
    assert backup.read_text() == '{"a":   "old"}'
    assert texts(file.read_backup(backup)) == {"AIRFLOW_VAR_a": "old"}


def test_between_two_files_an_id_keeps_its_case_and_a_variable_its_description(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text('{"MyVar": {"value": "x", "description": "why"}}')
    other = tmp_path / "other" / "variables.json"
    other.parent.mkdir()
    other.write_text('{"myvar": "y"}')
    source = place(tmp_path / "variables.json", Role.SOURCE)
    merged(Side(source.traits, read(tmp_path / "variables.json")), other)
    assert json.loads(other.read_text()) == {"myvar": "y", "MyVar": {"value": "x", "description": "why"}}
