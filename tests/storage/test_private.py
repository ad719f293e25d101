import errno
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from astro_sync.errors import AstroSyncError, ExitCode
from astro_sync.storage.lock import try_lock
from astro_sync.storage.private import private_folder, write_private


def fail(folder: Path) -> None:
    pytest.fail(f"{folder} was left behind")


ABANDONED = "astro-sync-" + "0" * 32
HOLD = """
import sys, time
from pathlib import Path
from astro_sync.storage.private import private_folder, write_private
with private_folder(Path(sys.argv[1]), print) as folder:
    write_private(folder / "values", b"A=hunter2")
    print(folder, flush=True)
    time.sleep(30)
"""


def test_the_folder_is_its_owners_alone_empty_and_gone_afterwards(tmp_path: Path) -> None:
    with private_folder(tmp_path, fail) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []
        (folder / "a" / "b").mkdir(parents=True)
        write_private(folder / "a" / "b" / "values", b"A=1")
    assert list(tmp_path.iterdir()) == []


def test_a_narrow_umask_closes_nothing_to_the_owner(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        with private_folder(tmp_path, fail) as folder:
            write_private(folder / "values", b"A=1")
            assert folder.stat().st_mode & 0o777 == 0o700
            assert (folder / "values").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_folder_taken_for_abandoned_before_it_was_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def lock_late(descriptor: int) -> bool:
        made.append(next(tmp_path.iterdir()))
        if len(made) == 1:
            made[0].rmdir()  # as another run does that looks at this moment
        return try_lock(descriptor) and len(made) != 2  # and the second time it is at work

    monkeypatch.setattr("astro_sync.storage.private.try_lock", lock_late)
    with private_folder(tmp_path, fail) as folder:
        assert folder.exists()
        assert len(made) == 3


@pytest.mark.parametrize("way_out", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_the_folder_is_removed_on_every_way_out(way_out: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(way_out):
        write_and_leave(tmp_path, way_out)
    assert list(tmp_path.iterdir()) == []


def write_and_leave(temp_root: Path, way_out: type[BaseException]) -> None:
    with private_folder(temp_root, fail) as folder:
        write_private(folder / "values", b"A=1")
        raise way_out


def test_the_path_holds_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with private_folder(Path(), fail) as folder:
        monkeypatch.chdir("other")
        write_private(folder / "values", b"A=1")
        assert folder.is_absolute()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_two_folders_live_side_by_side(tmp_path: Path) -> None:
    with private_folder(tmp_path, fail) as one:
        with private_folder(tmp_path, fail) as other:
            assert one != other
            assert one.exists()
        assert one.exists()
        assert not other.exists()


def test_a_living_run_keeps_its_folder_and_a_killed_one_loses_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        theirs = Path(run.stdout.readline().strip())
        with private_folder(tmp_path, fail):
            assert (theirs / "values").read_bytes() == b"A=hunter2"
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert (theirs / "values").exists()
        with private_folder(tmp_path, fail) as ours:
            assert list(tmp_path.iterdir()) == [ours]
    assert list(tmp_path.iterdir()) == []


def test_only_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    kept = ["astro-sync-checkout", "astro-sync-" + "0" * 31, "astro-sync-" + "0" * 33, "other", ABANDONED.upper()]
    for name in [*kept, ABANDONED]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"")
    (tmp_path / ("astro-sync-" + "1" * 32)).write_bytes(b"a file")
    (tmp_path / ("astro-sync-" + "2" * 32)).symlink_to("other")
    with private_folder(tmp_path, fail) as folder:
        left = {path.name for path in tmp_path.iterdir()} - {folder.name}
    assert left == {*kept, "astro-sync-" + "1" * 32, "astro-sync-" + "2" * 32}
    assert (tmp_path / "other" / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a folder somebody else's")
def test_the_folder_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / ABANDONED).mkdir()
    os.chown(tmp_path / ABANDONED, 1234, 1234)
    with private_folder(tmp_path, fail):
        assert (tmp_path / ABANDONED).exists()


def test_no_place_for_the_folder_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(AstroSyncError, match="No temporary folder") as caught,
        private_folder(tmp_path / "nowhere", fail),
    ):
        pytest.fail("made")
    assert "TMPDIR" in caught.value.hint


def test_a_folder_that_somebody_removed_meanwhile_is_no_error(tmp_path: Path) -> None:
    with private_folder(tmp_path, fail) as folder:
        folder.rmdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way_out", [None, ValueError, KeyboardInterrupt])
def test_a_folder_that_cannot_be_removed_is_told_and_ends_nothing(
    way_out: type[BaseException] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    told: list[Path] = []
    with (
        monkeypatch.context() as patched,
        suppress(ValueError, KeyboardInterrupt),
        private_folder(tmp_path, told.append) as folder,
    ):
        write_private(folder / "values", b"A=1")
        patched.setattr(os, "unlink", refuse)
        patched.setattr(os, "rmdir", refuse)
        if way_out:
            raise way_out
    assert told == [folder] == list(tmp_path.iterdir())


def test_what_is_put_back_while_it_is_removed_is_removed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = shutil.rmtree, []

    def put_back_once(folder: Path, **options: Any) -> None:  # noqa: ANN401 - stands for any call
        real(folder, **options)
        calls.append(folder)
        if len(calls) == 1:
            folder.mkdir()  # as a process does that `astro` left running

    with private_folder(tmp_path, fail):
        monkeypatch.setattr(shutil, "rmtree", put_back_once)
    assert list(tmp_path.iterdir()) == []
    assert len(calls) == 2


# Its files.


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_private(tmp_path / "values", b"A=1\r\n\xff")
    assert (tmp_path / "values").read_bytes() == b"A=1\r\n\xff"
    assert (tmp_path / "values").stat().st_mode & 0o777 == 0o600


def test_a_private_file_takes_no_other_files_place(tmp_path: Path) -> None:
    (tmp_path / "values").write_bytes(b"there")
    (tmp_path / "link").symlink_to("new")
    for name in ("values", "link"):
        with pytest.raises(AstroSyncError, match="File exists") as caught:
            write_private(tmp_path / name, b"A=hunter2")
        assert caught.value.exit_code == ExitCode.FAILED
        assert "hunter2" not in str(caught.value)
    assert (tmp_path / "values").read_bytes() == b"there"
    assert not (tmp_path / "new").exists()
