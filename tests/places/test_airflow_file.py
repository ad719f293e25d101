import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import (
    Action,
    Change,
    Entry,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Snapshot,
    Traits,
    Value,
    Write,
    name_of,
)
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.errors import AstroSyncError, ExitCode, RefusedError, UsageError
from astro_sync.places.airflow_file import FORMATS, AirflowFile

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


SCHEMES = {"airflow_settings": "settings"}
ENVIRONMENT = Traits(Names.ENVIRONMENT)


def place(path: Path, **flags: bool) -> AirflowFile:
    kind = SCHEMES.get(path.stem, path.stem)
    return AirflowFile(
        path=path,
        label=path.name,
        timeout=5,
        tell=lambda _sentence: None,
        format=FORMATS[kind][path.suffix],
        kind=kind,
        **flags,  # type: ignore[arg-type]
    )


def read(path: Path) -> Snapshot:
    with place(path) as endpoint:
        return endpoint.read(EVERYTHING)


def texts(snapshot: Snapshot) -> dict[str, str]:
    """Return the known values by the keys under which Airflow looks them up."""
    return {name.key: entry.value.reveal() for name, entry in snapshot.entries.items() if entry.value is not None}


def plan(**values: str) -> Plan:
    """Return a plan that writes values under lower-case ids."""
    names = {name_of(key): text for key, text in values.items()}
    writes = [Write(Name(name.kind, name.id.lower()), Value(text)) for name, text in names.items()]
    return Plan(tuple(Change(write.name, Action.UPDATE, write=write) for write in writes))


def merged(source: Snapshot, path: Path, policy: Policy | None = None, traits: Traits = ENVIRONMENT) -> Plan:
    """Merge into a file as a run does, and return what was planned."""
    with place(path) as endpoint:
        side = Side(endpoint.traits, endpoint.read(EVERYTHING))
        found = make_plan(Side(traits, source), side, policy or Policy(), endpoint.refusal)
        if found.changes_something:
            endpoint.apply(endpoint.prepare(found))
    return found


def holding(**values: str) -> Snapshot:
    return Snapshot({name_of(key): Entry(name_of(key), Value(text)) for key, text in values.items()})


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
            {"AIRFLOW_VAR_A": "x", "AIRFLOW_VAR_B": "42", "AIRFLOW_VAR_C": "[\n  1\n]", "AIRFLOW_VAR_UP": "null"},
        ),
        (
            "connections.json",
            '{"a": "http://h", "b": {"conn_type": "ssh", "host": "h"}}',
            {CONN: "http://h", "AIRFLOW_CONN_B": "ssh://h"},
        ),
        (
            "connections.yaml",
            "a: http://h\nb:\n  conn_type: ssh\n  host: h\n",
            {CONN: "http://h", "AIRFLOW_CONN_B": "ssh://h"},
        ),
        ("connections.env", "a=http://h\n# b=c\n", {CONN: "http://h"}),
        (
            "airflow_settings.yaml",
            SETTINGS,
            {CONN: "ssh://h", "AIRFLOW_VAR_B": "x"},
        ),
    ],
)
def test_each_file_is_read_as_airflow_would_read_it(
    tmp_path: Path, name: str, text: str, found: dict[str, str]
) -> None:
    (tmp_path / name).write_text(text)
    snapshot = read(tmp_path / name)
    assert texts(snapshot) == found
    assert not any(entry.secret or entry.problem for entry in snapshot.entries.values())
    traits = place(tmp_path / name).traits
    assert (traits.names, traits.as_fields, traits.atomic) == (Names.AIRFLOW, True, True)
    assert {entry.kind for entry in snapshot.entries} <= traits.kinds


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path, name: str) -> None:
    assert texts(read(tmp_path / name)) == {}
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_source_must_be_there(tmp_path: Path, name: str) -> None:
    with place(tmp_path / name, must_exist=True, read_only=True) as endpoint, pytest.raises(UsageError, match=name):
        endpoint.read(EVERYTHING)


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
    assert {name.id: entry.problem is None for name, entry in snapshot.entries.items()} == {
        "a": False,
        "b": True,
        "c": True,
        "C": True,
    }
    assert "pl4nted" not in str(snapshot)


def test_two_ids_that_differ_in_case_are_two_here_and_one_in_an_environment(tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text('{"c": "http://h", "C": "ftp://x"}')
    found = make_plan(Side(place(path).traits, read(path)), Side(ENVIRONMENT, Snapshot()), Policy(), lambda _: None)
    assert [(change.action, change.why and change.why.reason) for change in found.changes] == [
        (Action.REFUSED, Reason.COLLISION)
    ]


# --- refusing ---


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rest", ["", "x" * 251])
def test_an_id_that_airflow_cannot_store_is_refused_without_its_value(tmp_path: Path, name: str, rest: str) -> None:
    path = tmp_path / name
    kind = name_of(own(path)).kind
    refusal = place(path).refusal(Write(Name(kind, rest), Value("http://pl4nted")))
    assert refusal is not None
    assert "pl4nted" not in str(refusal)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "variables.json"])
@pytest.mark.parametrize("text", ["no connection", "", "{", '{"host": "h"}', "http://h?__extra__=[1]"])
def test_a_connection_that_airflow_cannot_read_enters_no_file_of_connections(
    tmp_path: Path, name: str, text: str
) -> None:
    refusal = place(tmp_path / name).refusal(Write(name_of(CONN), Value(text)))
    assert refusal is not None
    assert refusal.reason is Reason.UNSOUND_CONNECTION


def test_what_no_uri_can_say_does_not_enter_a_file_of_uris(tmp_path: Path) -> None:
    text = '{"conn_type": "HTTP", "host": "UPPER", "description": "d"}'
    write = Write(name_of(CONN), Value(text))
    refused = [name for name in NAMES[1:4] if place(tmp_path / name).refusal(write)]
    assert refused == ["connections.env"]


# --- merging ---


@pytest.mark.parametrize("name", NAMES)
def test_names_that_a_file_is_not_made_for_are_left_out_and_that_is_no_fault(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    source = holding(PLAIN="x", AIRFLOW__CORE__X="y", AIRFLOW_VAR_A="text", AIRFLOW_CONN_A="http://h")
    found = merged(source, path)
    kinds = place(path).traits.kinds
    assert read(path).entries.keys() == {Name(n.kind, n.id.lower()) for n in source.entries if n.kind in kinds}
    skipped = {change.name.key for change in found.changes if change.why and change.why.reason is Reason.OTHER_KIND}
    assert skipped == {name.key for name in source.entries if name.kind not in kinds}
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
    [key] = texts(read(path))
    merged(holding(**{key: "http://new"}), path, Policy(on_conflict=OnConflict.OVERWRITE))
    assert texts(read(path)) == {key: "http://new"}
    assert "MixedCase" in path.read_text()
    assert "mixedcase" not in path.read_text()


def test_between_two_places_with_airflow_names_an_id_keeps_its_case_and_its_description(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    mine = Name(Kind.VARIABLE, "MyVar")
    source = Snapshot({mine: Entry(mine, Value("x"), description="what it is for")})
    merged(source, path, traits=place(path).traits)
    assert read(path).entries == source.entries


def test_a_new_entry_gets_the_lower_case_that_people_write(tmp_path: Path) -> None:
    merged(holding(AIRFLOW_VAR_MY_KEY="x"), tmp_path / "variables.json")
    assert '"my_key"' in (tmp_path / "variables.json").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_conflict_is_one_in_a_file_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://mine"}), path)
    theirs = holding(**{own(path): "http://theirs"})
    assert [change.name.key for change in merged(theirs, path).conflicts] == [own(path)]
    assert texts(read(path)) == {own(path): "http://mine"}
    merged(theirs, path, Policy(on_conflict=OnConflict.KEEP))
    assert texts(read(path)) == {own(path): "http://mine"}


# --- writing ---


@pytest.mark.parametrize("name", NAMES)
def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://h"}), path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    merged(holding(**{own(path): "http://i"}), path, Policy(on_conflict=OnConflict.OVERWRITE))
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_someone_else_changed_meanwhile_is_left_as_they_made_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with place(path) as endpoint:
        endpoint.read(EVERYTHING)
        path.write_text("theirs")
        with pytest.raises(AstroSyncError):
            endpoint.apply(endpoint.prepare(plan(**{own(path): "http://h"})))
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_write_leaves_the_file_untouched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://h"}), path)
    before = path.stat()
    with place(path) as endpoint:
        endpoint.read(EVERYTHING)
        endpoint.apply(endpoint.prepare(plan(**{own(path): "http://h"})))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_not_read_is_not_changed(tmp_path: Path, name: str) -> None:
    with place(tmp_path / name) as endpoint, pytest.raises(RuntimeError, match="read before it is changed"):
        endpoint.apply(endpoint.prepare(plan(**{own(tmp_path / name): "http://h"})))
    assert not (tmp_path / name).exists()


def test_a_backup_is_the_file_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.write_text('{"a":   "old"}')
    with place(path) as endpoint:
        endpoint.read(EVERYTHING)
        endpoint.apply(endpoint.prepare(plan(AIRFLOW_VAR_A="new")))
        backup = endpoint.keep_backup(tmp_path / "backups", NOW)
    assert backup is not None
    assert backup.read_text() == '{"a":   "old"}'
