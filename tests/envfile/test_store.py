import os
import socket
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astro_sync.errors import AstroSyncError, ExitCode, RefusedError
from astro_sync.storage.atomic import ChangedError, folder_of, load, replace

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
NOBODY = 65534


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\n")
    return path


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[Path]:
    """Give a folder whose rights bind: those of root are not asked, so root becomes somebody else for a while."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    opened = [path for path in tmp_path.parents if path.stat().st_uid == 0 and not path.stat().st_mode & 0o001]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in opened}
    for path in opened:
        path.chmod(modes[path] | 0o011)
    os.chown(tmp_path, NOBODY, NOBODY)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield tmp_path
    finally:
        os.seteuid(0)
        os.setegid(0)
        for path, mode in modes.items():
            path.chmod(mode)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Reading.


def test_a_file_is_read_byte_for_byte(env: Path) -> None:
    env.write_bytes(b"\xef\xbb\xbfA=\xff\r\nB\x00\n")
    loaded = load(env)
    assert loaded.data == b"\xef\xbb\xbfA=\xff\r\nB\x00\n"
    assert loaded.exists
    assert (loaded.path, loaded.target) == (env, env)


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    loaded = load(tmp_path / ".env")
    assert (loaded.exists, loaded.data) == (False, b"")


def test_a_relative_path_keeps_its_name_and_finds_its_file_from_anywhere(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(env.parent)
    loaded = load(Path(".env"))
    assert (str(loaded.path), loaded.target) == (".env", env)


def test_no_text_form_of_a_loaded_file_shows_its_content(env: Path) -> None:
    env.write_bytes(b"A=hunter2\n")
    loaded = load(env)
    assert "hunter2" not in f"{loaded} {loaded!r} {loaded!s}"


@pytest.mark.parametrize(("kind", "word"), [("folder", "a folder"), ("pipe", "a named pipe"), ("socket", "a socket")])
@pytest.mark.parametrize("through_a_link", [False, True])
def test_what_is_no_plain_file_is_refused_at_once(
    kind: str, word: str, *, through_a_link: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    path = Path(".env")
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)  # with no writer: opening it to read would wait for ever
        else:
            listener.bind(str(path))
        if through_a_link:
            Path("link").symlink_to(path)
            path = Path("link")
        with pytest.raises(RefusedError, match=f"^{path} is {word}, not a file.$") as caught:
            load(path)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert caught.value.hint


def test_a_device_is_refused() -> None:
    with pytest.raises(RefusedError, match="/dev/null is a device"):
        load(Path("/dev/null"))


def test_a_link_to_nothing_is_refused_and_both_ends_are_named(tmp_path: Path) -> None:
    link = tmp_path / ".env"
    link.symlink_to("shared/.env")
    with pytest.raises(RefusedError) as caught:
        load(link)
    assert str(link) in str(caught.value)
    assert str(tmp_path / "shared" / ".env") in str(caught.value)


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    link = tmp_path / ".env"
    link.symlink_to(".env")
    with pytest.raises(AstroSyncError, match="cannot be read") as caught:
        load(link)
    assert caught.value.exit_code == ExitCode.FAILED


def test_a_file_that_may_not_be_read_is_an_error(as_nobody: Path) -> None:
    path = as_nobody / ".env"
    path.write_bytes(b"A=hunter2\n")
    path.chmod(0o200)
    with pytest.raises(AstroSyncError, match="cannot be read: Permission denied") as caught:
        load(path)
    assert caught.value.exit_code == ExitCode.UNUSABLE
    assert "readable" in caught.value.hint


def test_a_file_in_something_that_is_no_folder_is_an_error(env: Path) -> None:
    with pytest.raises(AstroSyncError, match="Not a directory"):
        load(env / ".env")


def test_the_folder_to_lock_is_where_the_link_leads(env: Path, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    link = tmp_path / "project" / ".env"
    link.symlink_to(env)
    assert folder_of(link) == folder_of(env) == tmp_path


def test_a_pipe_that_takes_the_files_place_keeps_nobody_waiting(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_it = os.open

    def open_after_the_swap(path: Path, flags: int) -> int:
        env.unlink()
        os.mkfifo(env)
        assert flags & os.O_NONBLOCK  # else the next line would wait for ever
        return open_it(path, flags)

    monkeypatch.setattr(os, "open", open_after_the_swap)
    with pytest.raises(RefusedError, match="a named pipe"):
        load(env)


# Writing.


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(old=st.binary(max_size=100), new=st.binary(max_size=100))
def test_whatever_is_written_is_read_back(env: Path, old: bytes, new: bytes) -> None:
    env.write_bytes(old)
    replace(load(env), new)
    assert load(env).data == new
    assert names_in(env.parent) == [".env"]


def test_a_large_file_is_written_whole(env: Path) -> None:
    data = b"AIRFLOW_VAR_X=" + b"x" * 5_000_000
    replace(load(env), data)
    assert load(env).data == data


def test_a_file_that_has_this_content_is_not_touched(env: Path) -> None:
    before = env.stat()
    replace(load(env), b"A=1\n")
    assert env.stat() == before


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    replace(load(tmp_path / ".env"), b"")
    assert (tmp_path / ".env").read_bytes() == b""
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o666, 0o700])
def test_the_mode_stays(env: Path, mode: int) -> None:
    env.chmod(mode)
    replace(load(env), b"A=2\n")
    assert env.stat().st_mode & 0o7777 == mode


@AS_ROOT
def test_owner_and_group_stay(env: Path) -> None:
    os.chown(env, 1234, 5678)
    env.chmod(0o640)
    replace(load(env), b"A=2\n")
    now = env.stat()
    assert (now.st_uid, now.st_gid, now.st_mode & 0o777) == (1234, 5678, 0o640)


@AS_ROOT
def test_rights_of_a_group_that_cannot_be_given_back_go_to_no_other_group(as_nobody: Path) -> None:
    path = as_nobody / ".env"
    os.seteuid(0)
    path.write_bytes(b"A=1\n")
    os.chown(path, 1234, 5678)
    path.chmod(0o666)
    os.seteuid(NOBODY)
    replace(load(path), b"A=2\n")
    now = path.stat()
    assert (now.st_uid, now.st_gid, now.st_mode & 0o777) == (NOBODY, NOBODY, 0o606)


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """Encode a Linux access list of (tag, rights, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NO_ID = 0xFFFFFFFF
SHARED = access_list((1, 6, NO_ID), (2, 4, 1234), (4, 0, NO_ID), (16, 4, NO_ID), (32, 0, NO_ID))


def set_access_list(path: Path, name: str) -> None:
    if sys.platform != "linux":
        pytest.skip("access lists of this kind are Linux's")
    try:
        os.setxattr(path, name, SHARED)
    except OSError as error:
        pytest.skip(f"this file system has no access lists: {error.strerror}")


def test_an_access_list_stays(env: Path) -> None:
    set_access_list(env, "system.posix_acl_access")
    replace(load(env), b"A=2\n")
    assert os.getxattr(env, "system.posix_acl_access") == SHARED
    assert env.stat().st_mode & 0o777 == 0o640


def test_the_folders_default_access_list_opens_no_file(env: Path) -> None:
    env.chmod(0o640)
    set_access_list(env.parent, "system.posix_acl_default")
    replace(load(env), b"A=2\n")
    assert "system.posix_acl_access" not in os.listxattr(env)
    assert env.stat().st_mode & 0o777 == 0o640


def test_the_file_behind_a_link_changes_and_the_link_stays(env: Path, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "middle").symlink_to(env)
    link = tmp_path / "project" / ".env"
    link.symlink_to("../middle")
    replace(load(link), b"A=2\n")
    assert (env.read_bytes(), env.is_symlink()) == (b"A=2\n", False)
    assert link.readlink() == Path("../middle")
    assert names_in(tmp_path / "project") == [".env"]


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "...", "a\nb.env", ".\x1b[31m"])
def test_any_name_of_a_file_will_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    replace(load(path), b"A=2\n")
    assert path.read_bytes() == b"A=2\n"
    assert names_in(tmp_path) == [name]


# Somebody else writes too.


def edit_in_place(path: Path) -> None:
    path.write_bytes(b"A=9\n")  # as long as before


def edit_by_rename(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(b"A=9\n")
    new.replace(path)


def edit_within_a_clock_tick(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"A=9\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap_for_a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def close_to_others(path: Path) -> None:
    path.chmod(0o400)


def save_the_same(path: Path) -> None:
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(0, 0))


EDITS = [
    edit_in_place,
    edit_by_rename,
    edit_within_a_clock_tick,
    swap_for_a_link,
    close_to_others,
    save_the_same,
    Path.unlink,
]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_between_reading_and_writing_is_noticed_and_kept(edit: Callable[[Path], None], env: Path) -> None:
    loaded = load(env)
    edit(env)
    after = env.read_bytes() if env.exists() else None
    with pytest.raises(ChangedError, match="changed by somebody else") as caught:
        replace(loaded, b"A=2\n")
    assert (env.read_bytes() if env.exists() else None) == after
    assert caught.value.exit_code == ExitCode.FAILED
    assert "again" in caught.value.hint
    assert not list(env.parent.glob("*.tmp"))


def test_an_edit_while_the_new_file_is_written_is_noticed_and_kept(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(env)
    monkeypatch.setattr(os, "fsync", lambda _: edit_within_a_clock_tick(env))
    with pytest.raises(ChangedError):
        replace(loaded, b"A=2\n")
    assert env.read_bytes() == b"A=9\n"
    assert names_in(env.parent) == [".env"]


def test_a_file_that_changes_while_it_is_read_is_not_believed(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = os.read

    def read_while_somebody_appends(descriptor: int, size: int) -> bytes:
        with env.open("ab") as file:
            file.write(b"B=2\n")
        return read(descriptor, size) if env.stat().st_size < 20 else b""

    monkeypatch.setattr(os, "read", read_while_somebody_appends)
    with pytest.raises(ChangedError, match="was being written"):
        load(env)


def test_a_file_made_between_reading_and_writing_is_noticed_and_kept(tmp_path: Path) -> None:
    loaded = load(tmp_path / ".env")
    (tmp_path / ".env").write_bytes(b"")
    with pytest.raises(ChangedError):
        replace(loaded, b"A=2\n")
    assert (tmp_path / ".env").read_bytes() == b""


def test_a_file_that_becomes_a_folder_is_refused(env: Path) -> None:
    loaded = load(env)
    env.unlink()
    env.mkdir()
    with pytest.raises(AstroSyncError, match="is a folder"):
        replace(loaded, b"A=2\n")
    assert names_in(env.parent) == [".env"]


# It cannot be written.


def test_a_file_that_its_owner_made_read_only_stays_as_it_is(as_nobody: Path) -> None:
    path = as_nobody / ".env"
    path.write_bytes(b"A=1\n")
    path.chmod(0o400)
    loaded = load(path)
    with pytest.raises(AstroSyncError, match="cannot be written, nothing changed: Permission denied") as caught:
        replace(loaded, b"A=2\n")
    assert path.read_bytes() == b"A=1\n"
    assert caught.value.exit_code == ExitCode.UNUSABLE
    assert "writable" in caught.value.hint


def test_a_folder_without_the_right_to_write_is_an_error(as_nobody: Path) -> None:
    path = as_nobody / ".env"
    path.write_bytes(b"A=1\n")
    as_nobody.chmod(0o500)
    try:
        with pytest.raises(AstroSyncError, match="cannot be written, nothing changed: Permission denied") as caught:
            replace(load(path), b"A=2\n")
    finally:
        as_nobody.chmod(0o700)
    assert path.read_bytes() == b"A=1\n"
    assert str(path) in str(caught.value)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AstroSyncError, match="No such file or directory"):
        replace(load(tmp_path / "nowhere" / ".env"), b"A=1\n")
    assert names_in(tmp_path) == []


def test_an_interrupt_leaves_the_old_file_and_nothing_beside_it(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    loaded = load(env)
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace(loaded, b"A=2\n")
    assert env.read_bytes() == b"A=1\n"
    assert names_in(env.parent) == [".env"]
