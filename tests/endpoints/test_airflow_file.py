import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astro_sync.core.model import Action, Change, OnConflict, Plan, Snapshot, Value, Variable
from astro_sync.core.plan import Policy, make_plan
from astro_sync.errors import AstroSyncError, ExitCode, RefusedError, UsageError
from astro_sync.places.airflow_file import AirflowFile
from astro_sync.places.registry import find_format, find_kind

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


def place(path: Path, **flags: bool) -> AirflowFile:
    kind, name = find_kind(path.name)
    assert kind is not None
    return AirflowFile(
        path=path,
        name=name,
        timeout=5,
        tell=lambda _sentence: None,
        format=find_format(kind, name),
        prefixes=kind.prefixes,
        **flags,  # type: ignore[arg-type]
    )


def read(path: Path) -> Snapshot:
    with place(path) as endpoint:
        return endpoint.read()


def texts(snapshot: Snapshot) -> dict[str, str]:
    return {key: there.value.reveal() for key, there in snapshot.variables.items() if there.value is not None}


def plan(**values: str) -> Plan:
    return Plan(tuple(Change(key, Action.UPDATE, value=Value(text)) for key, text in values.items()))


def merged(source: Snapshot, path: Path, policy: Policy | None = None) -> Plan:
    """Merge into a file as a run does, and return what was planned."""
    with place(path) as endpoint:
        found = make_plan(source, endpoint.read(), policy or Policy(), endpoint.refusal)
        if found.changes_something:
            endpoint.apply(found)
    return found


def holding(**values: str) -> Snapshot:
    return Snapshot({key: Variable(key, Value(text)) for key, text in values.items()})


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
def test_each_file_is_read_in_the_names_of_an_environment(
    tmp_path: Path, name: str, text: str, found: dict[str, str]
) -> None:
    (tmp_path / name).write_text(text)
    snapshot = read(tmp_path / name)
    assert texts(snapshot) == found
    assert snapshot.unreadable == {}
    assert not any(there.secret for there in snapshot.variables.values())
    assert snapshot.by_meaning
    assert not snapshot.keeps_secrets
    assert all(key.startswith(snapshot.prefixes) for key in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path, name: str) -> None:
    assert texts(read(tmp_path / name)) == {}
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_source_must_be_there(tmp_path: Path, name: str) -> None:
    with place(tmp_path / name, must_exist=True, read_only=True) as endpoint, pytest.raises(UsageError, match=name):
        endpoint.read()


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
    assert texts(snapshot) == {"AIRFLOW_CONN_B": "http://h"}
    assert snapshot.unreadable.keys() == {CONN, "AIRFLOW_CONN_C"}
    assert "pl4nted" not in str(snapshot.unreadable)


# --- refusing ---


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rest", ["", "lower", "x" * 251, "ß"])
def test_a_name_that_airflow_would_never_look_up_is_refused_with_what_to_type(
    tmp_path: Path, name: str, rest: str
) -> None:
    path = tmp_path / name
    key = f"{own(path)[:-1]}{rest}"
    reason = place(path).refusal(Variable(key, Value("http://pl4nted")))
    assert reason is not None
    assert "; go on with --exclude " in reason
    assert reason.endswith(" or --partial")
    assert "pl4nted" not in reason


@pytest.mark.parametrize("name", [name for name in NAMES if name != "variables.json"])
@pytest.mark.parametrize("text", ["no connection", "", "{", '{"host": "h"}', "http://h?__extra__=[1]"])
def test_a_connection_that_airflow_cannot_read_enters_no_file_of_connections(
    tmp_path: Path, name: str, text: str
) -> None:
    reason = place(tmp_path / name).refusal(Variable(CONN, Value(text)))
    assert reason is not None
    assert "Airflow cannot read this connection" in reason


def test_what_no_uri_can_say_does_not_enter_a_file_of_uris(tmp_path: Path) -> None:
    text = '{"conn_type": "HTTP", "host": "UPPER", "description": "d"}'
    reasons = {name: place(tmp_path / name).refusal(Variable(CONN, Value(text))) for name in NAMES[1:4]}
    assert [name for name, reason in reasons.items() if reason] == ["connections.env"]


# --- merging ---


@pytest.mark.parametrize("name", NAMES)
def test_names_that_a_file_is_not_made_for_are_left_out_and_that_is_no_fault(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    source = holding(PLAIN="x", AIRFLOW__CORE__X="y", AIRFLOW_VAR_A="text", AIRFLOW_CONN_A="http://h")
    found = merged(source, path)
    wanted = {key for key in source.variables if key.startswith(read(path).prefixes)}
    assert read(path).variables.keys() == wanted
    skipped = {change.key: change.reason or "" for change in found.changes if change.action is Action.SKIP}
    assert skipped.keys() == source.variables.keys() - wanted
    assert all("only holds" in reason for reason in skipped.values())
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
    [key] = read(path).variables
    merged(holding(**{key: "http://new"}), path, Policy(OnConflict.OVERWRITE))
    assert texts(read(path)) == {key: "http://new"}
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
    assert [change.key for change in merged(theirs, path).conflicts] == [own(path)]
    assert texts(read(path)) == {own(path): "http://mine"}
    merged(theirs, path, Policy(OnConflict.KEEP))
    assert texts(read(path)) == {own(path): "http://mine"}


# --- writing ---


@pytest.mark.parametrize("name", NAMES)
def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://h"}), path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    merged(holding(**{own(path): "http://i"}), path, Policy(OnConflict.OVERWRITE))
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_someone_else_changed_meanwhile_is_left_as_they_made_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with place(path) as endpoint:
        endpoint.read()
        path.write_text("theirs")
        with pytest.raises(AstroSyncError):
            endpoint.apply(plan(**{own(path): "http://h"}))
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_write_leaves_the_file_untouched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    merged(holding(**{own(path): "http://h"}), path)
    before = path.stat()
    with place(path) as endpoint:
        endpoint.read()
        endpoint.apply(plan(**{own(path): "http://h"}))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_not_read_is_not_changed(tmp_path: Path, name: str) -> None:
    with place(tmp_path / name) as endpoint, pytest.raises(RuntimeError, match="read before it is changed"):
        endpoint.apply(plan(**{own(tmp_path / name): "http://h"}))
    assert not (tmp_path / name).exists()


def test_a_backup_is_the_file_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.write_text('{"a":   "old"}')
    with place(path) as endpoint:
        endpoint.read()
        endpoint.apply(plan(AIRFLOW_VAR_A="new"))
        backup = endpoint.keep_backup(tmp_path / "backups", NOW)
    assert backup is not None
    assert backup.read_text() == '{"a":   "old"}'
