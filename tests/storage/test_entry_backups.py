"""Backups of shared places, and which of them stay."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astro_sync.core.model import Entry, Kind, Name, Value
from astro_sync.storage.backup import KEPT, BackupError, keep, keep_entries, load_entries

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
PLACE = "deployment:clx1"
NAMES = st.builds(Name, st.sampled_from(Kind), st.text())
VALUES = st.none() | st.builds(Value, st.text())
ENTRIES = st.tuples(NAMES, VALUES, st.booleans(), st.none() | st.text(), st.booleans()).map(
    lambda fields: Entry(*fields[:4], exact=fields[4])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(entries=st.lists(ENTRIES))
def test_all_that_a_place_held_comes_back_whatever_its_names_and_values(entries: list[Entry], tmp_path: Path) -> None:
    path = keep_entries(tmp_path, PLACE, entries, NOW)
    assert load_entries(path) == entries
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_backup_of_an_older_version_does_not_tell_what_is_exact(tmp_path: Path) -> None:
    entry = Entry(Name(Kind.VARIABLE, "n"), Value("100.0"), exact=False)
    path = keep_entries(tmp_path, PLACE, [entry], NOW)
    document = json.loads(path.read_text())
    del document["entries"][0]["exact"]
    path.write_text(json.dumps(document))
    assert load_entries(path) == [entry._replace(exact=True)]


@pytest.mark.parametrize(
    "data", [b"", b"A=hunter2", b"[]", b"{}", b'{"entries": [{"kind": "x"}]}', b"[" * 100_000, None]
)
def test_what_is_no_backup_of_entries_is_an_error_without_its_content(data: bytes | None, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "x").write_bytes(data)
    with pytest.raises(BackupError) as caught:
        load_entries(tmp_path / "x")
    assert str(tmp_path / "x") in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_after_the_clock_went_back_the_backups_written_since_stay(tmp_path: Path) -> None:
    for day in range(KEPT):
        keep(tmp_path, "/project/.env", b"ahead", NOW + timedelta(days=365 + day))
    since = [keep(tmp_path, "/project/.env", b"since", NOW + timedelta(days=day)) for day in range(KEPT + 2)]
    assert sorted(tmp_path.iterdir()) == since[-KEPT:]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a folder somebody else's")
def test_the_hint_for_a_folder_of_somebody_else_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, 1234, 1234)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BackupError) as caught:
        keep(tmp_path, "dep", b"", NOW)
    assert caught.value.hint == BackupError.hint
