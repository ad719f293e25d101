import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astro_sync.errors import ExitCode
from astro_sync.storage.backup import KEPT, BackupError, folder, keep

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
HOME = Path("/home/ada")
KEEP_FIVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from astro_sync.storage.backup import keep
for n in range(5):
    keep(Path(sys.argv[1]), sys.argv[2], b"x%d" % n, datetime(2026, 1, 1, tzinfo=UTC))
"""
DEFAULT = HOME / ".local/state/astro-sync/backups"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, DEFAULT),
        ("", DEFAULT),
        ("state", DEFAULT),
        ("./state", DEFAULT),
        ("~/state", DEFAULT),
        ("/var/state", Path("/var/state/astro-sync/backups")),
    ],
)
def test_backups_lie_where_the_xdg_specification_puts_state(state: str | None, expected: Path) -> None:
    assert folder({} if state is None else {"XDG_STATE_HOME": state}, HOME) == expected


def test_a_backup_is_its_owners_alone_and_so_are_the_folders_made_for_it(tmp_path: Path) -> None:
    backups = tmp_path / "state" / "astro-sync" / "backups"
    path = keep(backups, "/project/.env", b"\xef\xbb\xbfA=1\r\n", NOW)
    assert path.read_bytes() == b"\xef\xbb\xbfA=1\r\n"
    assert path.parent == backups
    assert path.stat().st_mode & 0o777 == 0o600
    for made in (backups, backups.parent, backups.parent.parent):
        assert made.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_is_closed_to_others_and_those_above_it_stay(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    backups.chmod(0o755)
    tmp_path.chmod(0o755)
    keep(backups, "/project/.env", b"", NOW)
    assert backups.stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("/home/ada/shop/.env", "shop-env"),
        ("/home/ada/shop/prod.env", "shop-prod-env"),
        ("clx0r8b2m00", "clx0r8b2m00"),
        ("/home/ada/\x1b[31m\n../\u202e.env", "31m-env"),
        ("///", "env"),
        ("\ud800", "env"),
        ("/" + "d" * 300 + "/" + "f" * 300, "f" * 40),
    ],
)
def test_a_backup_tells_whose_it_is_and_when(name: str, slug: str, tmp_path: Path) -> None:
    path = keep(tmp_path, name, b"", NOW)
    assert re.fullmatch(re.escape(slug) + r"-[0-9a-f]{8}\.20260102T030405\.000678Z\.env", path.name)


def test_the_time_is_that_of_greenwich(tmp_path: Path) -> None:
    path = keep(tmp_path, "x", b"", NOW.astimezone(timezone(timedelta(hours=5))))
    assert ".20260102T030405.000678Z." in path.name


def test_the_last_ten_of_each_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.env").write_bytes(b"somebody's own")
    others = [keep(tmp_path, other, b"", NOW) for other in ("/other/project/.env", "/project/x.env", "dep")]
    paths = [keep(tmp_path, "/project/.env", b"%d" % n, NOW + timedelta(hours=n)) for n in range(KEPT + 3)]
    left = set(tmp_path.iterdir()) - {*others, tmp_path / "notes.env"}
    assert left == set(paths[3:])
    assert (tmp_path / "notes.env").exists()
    assert all(other.exists() for other in others)


def test_backups_of_one_moment_all_stay(tmp_path: Path) -> None:
    paths = [keep(tmp_path, "dep", b"%d" % n, NOW) for n in range(5)]
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2", b"3", b"4"]
    assert sorted(paths) == paths


def test_backups_of_several_processes_at_one_moment_all_stay(tmp_path: Path) -> None:
    names = ("one", "one", "two", "two")
    runs = [subprocess.Popen([sys.executable, "-c", KEEP_FIVE, str(tmp_path / "new"), name]) for name in names]
    assert [run.wait(30) for run in runs] == [0, 0, 0, 0]
    contents = sorted(path.read_bytes() for path in (tmp_path / "new").iterdir())
    assert contents == sorted([b"x0", b"x1", b"x2", b"x3", b"x4"] * 4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(data=st.binary(max_size=200), name=st.text(min_size=1))
def test_whatever_is_kept_is_read_back(data: bytes, name: str, tmp_path: Path) -> None:
    path = keep(tmp_path, name, data, NOW)
    assert path.read_bytes() == data
    assert path.parent == tmp_path


def test_a_backup_that_cannot_be_written_is_an_error_that_names_the_way_on(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file where a folder should be")
    with pytest.raises(BackupError) as caught:
        keep(tmp_path / "state" / "backups", "dep", b"A=hunter2", NOW)
    assert str(tmp_path / "state" / "backups") in str(caught.value)
    assert "--no-backup" in caught.value.hint
    assert caught.value.exit_code == ExitCode.FAILED
    assert "hunter2" not in str(caught.value)


def test_a_link_to_nothing_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "backups").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BackupError):
        keep(tmp_path / "backups", "dep", b"", NOW)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a folder somebody else's")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, 1234, 1234)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BackupError, match="belongs to another user"):
        keep(tmp_path, "dep", b"", NOW)
    assert list(tmp_path.iterdir()) == []
