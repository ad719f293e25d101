import errno
import os
import struct
import sys
from pathlib import Path

import pytest

from astro_sync.errors import ExitCode, RefusedError
from astro_sync.storage.atomic import load
from astro_sync.storage.syscalls import flush_folder, restore_access, sentence_for, write_whole


@pytest.mark.parametrize("at_most", [1, 3, 1000])
def test_all_is_written_in_whatever_pieces_the_system_takes(
    at_most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    monkeypatch.setattr(os, "write", lambda to, data: write(to, data[:at_most]))
    write_whole(descriptor, b"A=1\nB=2\n")
    os.close(descriptor)
    assert (tmp_path / "file").read_bytes() == b"A=1\nB=2\n"


@pytest.mark.parametrize(
    ("number", "advice", "code"),
    [
        (errno.ENOSPC, "Make room", ExitCode.FAILED),
        (errno.EDQUOT, "Make room", ExitCode.FAILED),
        (errno.EFBIG, "Make room", ExitCode.FAILED),
        (errno.EACCES, "writable", ExitCode.UNUSABLE),
        (errno.EPERM, "writable", ExitCode.UNUSABLE),
        (errno.EROFS, "writable", ExitCode.UNUSABLE),
        (errno.EIO, "Try again", ExitCode.FAILED),
    ],
)
def test_an_error_of_the_system_says_what_and_why_and_what_next(number: int, advice: str, code: ExitCode) -> None:
    error = sentence_for(".env cannot be written", OSError(number, os.strerror(number), "/some/path"))
    assert str(error) == f".env cannot be written: {os.strerror(number)}."
    assert advice in error.hint
    assert error.exit_code is code


def test_advice_of_ones_own_comes_first() -> None:
    assert sentence_for("x", OSError(errno.EACCES, "no"), hint="Ask Ada.").hint == "Ask Ada."


def refuse_with(number: int, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)


def test_a_disk_that_cannot_flush_a_folder_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        refuse_with(errno.EINVAL, monkeypatch, "fsync")
        flush_folder(descriptor)
        refuse_with(errno.EIO, monkeypatch, "fsync")
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            flush_folder(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.skipif(sys.platform != "linux", reason="access lists of this kind are Linux's")
@pytest.mark.parametrize(
    ("getting", "setting", "mode"),
    [(None, None, 0o640), (None, errno.EPERM, 0o600), (errno.EIO, None, 0o600), (errno.ENOTSUP, None, 0o640)],
)
def test_the_group_gets_nothing_where_an_access_list_is_lost(
    getting: int | None, setting: int | None, mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"")
    old.chmod(0o640)
    # A list of the owner, the group and the others alone, which every file system holds: it is the mode itself.
    plain = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, rights, 0xFFFFFFFF) for tag, rights in [(1, 6), (4, 4), (32, 0)]
    )
    monkeypatch.setattr(os, "getxattr", lambda *_: plain)
    monkeypatch.setattr(os, "setxattr", lambda *_: None)
    if getting:
        refuse_with(getting, monkeypatch, "getxattr")
    if setting:
        refuse_with(setting, monkeypatch, "setxattr")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT, 0o600)
    restore_access(descriptor, old.stat(), old)
    os.close(descriptor)
    assert new.stat().st_mode & 0o777 == mode


def test_a_path_through_a_missing_folder_to_a_file_that_is_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    with pytest.raises(RefusedError, match="leads through a folder that is not there"):
        load(tmp_path / "config" / ".." / ".env")
    assert not load(tmp_path / "config" / ".." / "new.env").exists
