"""What is on the disk after a kill, or after an error of the system, at each call in turn.

Run as a program this file is the process that dies: it forks for each case that it reads from stdin (JSON), does the
work, and lets one system call kill it or fail.
"""

import contextlib
import errno
import fcntl
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load, locked, replace
from astro_sync.storage.backup import keep
from astro_sync.storage.private import private_folder, write_private

OLD = b"\xef\xbb\xbf# kept\r\nA=old\r\n"
NEW = b"\xef\xbb\xbf# kept\r\nA=new and longer than before\r\n"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES")
CALLS = (
    *("open", "read", "write", "fsync", "close", "stat", "lstat", "fstat", "fchmod", "fchown", "chmod"),
    *("replace", "rename", "unlink", "rmdir", "mkdir", "listdir", "scandir", "readlink", "setxattr", "removexattr"),
)
Case = dict[str, Any]
Result = dict[str, Any]


# Only in the process that dies.


def replace_env(folder: Path) -> None:
    with locked(folder, 1, lambda _: None):
        replace(load(folder / ".env"), NEW)


def keep_backup(folder: Path) -> None:
    keep(folder / "state" / "backups", "/project/.env", NEW, NOW)


def use_private_folder(folder: Path) -> None:
    with private_folder(folder, lambda _folder: None) as private:
        write_private(private / "values", NEW)


WORK: dict[str, Callable[[Path], None]] = {
    "replace": replace_env,
    "keep": keep_backup,
    "private": use_private_folder,
}


def run_cases() -> None:
    for case in json.load(sys.stdin):
        child = os.fork()
        if not child:
            run_case(case)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            os.write(1, json.dumps({"end": "killed"}).encode() + b"\n")


def run_case(case: Case) -> NoReturn:
    calls: list[str] = []
    say = functools.partial(os.write, 1)
    os.umask(int(case["umask"], 8))
    for name in CALLS:
        setattr(os, name, with_fault(getattr(os, name), calls, case))
    fcntl.flock = with_fault(fcntl.flock, calls, case)
    result: Result = {"end": "done"}
    try:
        WORK[case["work"]](Path(case["folder"]))
    except AstroSyncError as error:
        result = {"end": "error", "message": str(error), "hint": error.hint, "exit_code": int(error.exit_code)}
    except BaseException as error:  # noqa: BLE001 - anything else is what the test looks for
        result = {"end": "bug", "message": repr(error)}
    say(json.dumps({**result, "calls": calls}).encode() + b"\n")
    os._exit(0)


def with_fault(call: Callable[..., Any], calls: list[str], case: Case) -> Callable[..., Any]:
    @functools.wraps(call)
    def faulty(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - stands for any call
        calls.append(call.__name__)
        hit = len(calls) - 1 == case["at"]
        if hit and case["fault"] in ERRORS:
            number = getattr(errno, case["fault"])
            raise OSError(number, os.strerror(number))
        if hit and case["fault"] == "kill before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return call(*arguments, **options)
        finally:
            if hit and case["fault"] == "kill after":
                os.kill(os.getpid(), signal.SIGKILL)

    return faulty


# The tests.


def put_file(folder: Path) -> None:
    (folder / ".env").write_bytes(OLD)
    (folder / ".env").chmod(0o640)


def put_nothing(folder: Path) -> None:
    del folder


def put_link(folder: Path) -> None:
    (folder / "real").mkdir()
    put_file(folder / "real")
    (folder / ".env").symlink_to("real/.env")


def put_file_and_stray(folder: Path) -> None:
    put_file(folder)
    (folder / ".env.astro-sync-0123456789abcdef.tmp").write_bytes(b"half")


def put_abandoned_folder(folder: Path) -> None:
    (folder / ("astro-sync-" + "0" * 32)).mkdir()
    (folder / ("astro-sync-" + "0" * 32) / "values").write_bytes(NEW)


BEFORE = {
    "a file": put_file,
    "no file": put_nothing,
    "a symlink": put_link,
    "a file and a stray one": put_file_and_stray,
}


def run(cases: list[Case]) -> list[Result]:
    # Coverage that starts itself in a child would make system calls of its own, which would be counted and failed.
    outside = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
    ended = subprocess.run(
        [sys.executable, __file__],
        env=outside,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(results) == len(cases)
    return results


def run_each(
    work: str, tmp_path: Path, put: Callable[[Path], None], faults: tuple[str, ...], umask: str = "022"
) -> Iterator[tuple[Case, Path, Result]]:
    """Let each call of the work fail in turn, each time in a new folder; yield what came of it."""

    def new_case(name: str, at: int, fault: str) -> Case:
        folder = tmp_path / name
        folder.mkdir()
        put(folder)
        return {"work": work, "folder": str(folder), "at": at, "fault": fault, "umask": umask}

    clean = run([new_case("clean", -1, "")])[0]
    assert clean["end"] == "done", clean
    cases = [new_case(f"{at} {fault}", at, fault) for at in range(len(clean["calls"])) for fault in faults]
    assert len(cases) > 10
    for case, result in zip(cases, run(cases), strict=True):
        yield {**case, "name": clean["calls"][case["at"]]}, Path(case["folder"]), result


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


@pytest.mark.long
@pytest.mark.parametrize("before", BEFORE)
def test_a_kill_at_any_call_leaves_the_old_file_or_the_new_one_whole(before: str, tmp_path: Path) -> None:
    put = BEFORE[before]
    old = b"" if before == "no file" else OLD
    seen = set()
    for case, folder, result in run_each("replace", tmp_path, put, ("kill before", "kill after")):
        assert result["end"] == "killed", case
        assert content(folder / ".env") in {old, NEW}, case
        seen.add(content(folder / ".env"))
        real = (folder / ".env").resolve().parent
        for path in real.glob(".env*.tmp"):
            assert path.stat().st_mode & 0o137 == 0 or before == "a file and a stray one", case
        # The next run, undisturbed.
        with locked(real, 0, pytest.fail):
            replace(load(folder / ".env"), b"A=next\n")
        assert list(files_below(real).values()) == [b"A=next\n"], case
        if before != "no file":
            assert (real / ".env").stat().st_mode & 0o777 == 0o640, case
    assert seen == {old, NEW}


@pytest.mark.long
@pytest.mark.parametrize("before", BEFORE)
def test_an_error_at_any_call_keeps_the_old_content_and_says_so(before: str, tmp_path: Path) -> None:
    put = BEFORE[before]
    old = b"" if before == "no file" else OLD
    messages = set()
    for case, folder, result in run_each("replace", tmp_path, put, ERRORS if before == "a file" else ERRORS[:1]):
        now = content(folder / ".env")
        real = (folder / ".env").resolve().parent
        if result["end"] == "done":  # what the file does not depend on: the lock's end, an access list, a stray file
            assert now == NEW, case
            harmless = {"close", "removexattr", "listdir", "scandir", "lstat"}
            if before == "a file and a stray one":
                harmless |= {"stat", "unlink"}
            assert case["name"] in harmless, case
        else:
            assert result["end"] == "error", (case, result)
            no_right = case["fault"] in {"EACCES", "EPERM", "EROFS"}
            assert result["exit_code"] == (4 if no_right else 1), (case, result)
            assert str(real.parent if before == "a symlink" else real) in result["message"], (case, result)
            assert result["hint"], (case, result)
            in_place = "has its new content" in result["message"]
            assert now == (NEW if in_place else old), (case, result)
            messages.add(result["message"].replace(str(tmp_path), "").rpartition(": ")[0])
        left = [path.name for path in real.glob("*.tmp")]
        assert left == [] or (before == "a file and a stray one" and len(left) == 1), (case, left)
    assert len(messages) > 3  # each step names itself


def test_what_is_written_is_on_the_disk_before_the_name_is(tmp_path: Path) -> None:
    put_file(tmp_path)
    case = {"work": "replace", "folder": str(tmp_path), "at": -1, "fault": "", "umask": "022"}
    calls = [name for name in run([case])[0]["calls"] if name in {"flock", "write", "fchmod", "fsync", "replace"}]
    assert calls == ["flock", "write", "fchmod", "fsync", "replace", "fsync"]


@pytest.mark.parametrize("umask", ["000", "777"])
def test_no_umask_opens_or_closes_a_file(umask: str, tmp_path: Path) -> None:
    for work in WORK:
        folder = tmp_path / work
        folder.mkdir()
        case = {"work": work, "folder": str(folder), "at": -1, "fault": "", "umask": umask}
        assert run([case])[0]["end"] == "done"
    modes = {
        str(path.relative_to(tmp_path)).partition(".")[0]: path.stat().st_mode & 0o777
        for path in tmp_path.rglob("*")
        if path.parent != tmp_path
    }
    backup = next(name for name in modes if name.startswith("keep/state/backups/"))
    assert modes == {"replace/": 0o600, "keep/state": 0o700, "keep/state/backups": 0o700, backup: 0o600}


@pytest.mark.long
def test_a_kill_at_any_call_leaves_a_whole_backup_or_none(tmp_path: Path) -> None:
    seen = set()
    for case, folder, result in run_each("keep", tmp_path, put_nothing, ("kill before", "kill after")):
        assert result["end"] == "killed", case
        backups = {name: data for name, data in files_below(folder).items() if name.endswith(".env")}
        assert list(backups.values()) in ([], [NEW]), case
        seen.add(len(backups))
        keep(folder / "state" / "backups", "/project/.env", b"next", NOW)
        assert sorted(files_below(folder).values()) == sorted([*backups.values(), b"next"]), case
    assert seen == {0, 1}


@pytest.mark.long
def test_an_error_at_any_call_of_a_backup_is_told(tmp_path: Path) -> None:
    for case, folder, result in run_each("keep", tmp_path, put_nothing, ERRORS):
        if result["end"] == "done":
            assert list(files_below(folder).values()) == [NEW], case
        else:
            assert result["end"] == "error", (case, result)
            assert result["exit_code"] == 1, case
            assert "--no-backup" in result["hint"], case
            assert "No backup could be kept" in result["message"], case


@pytest.mark.long
def test_a_kill_at_any_call_leaves_nothing_private_after_the_next_run(tmp_path: Path) -> None:
    seen = set()
    for case, folder, result in run_each("private", tmp_path, put_abandoned_folder, ("kill before", "kill after")):
        assert result["end"] == "killed", case
        for path in folder.iterdir():
            if path.name != "astro-sync-" + "0" * 32:
                assert path.stat().st_mode & 0o077 == 0, case
        seen.add(len(list(folder.iterdir())))
        with private_folder(folder, lambda _folder: None) as private:
            assert list(folder.iterdir()) == [private], case
        assert list(folder.iterdir()) == [], case
    assert seen == {0, 1}


@pytest.mark.long
def test_an_error_at_any_call_leaves_nothing_private_or_says_where(tmp_path: Path) -> None:
    for case, folder, result in run_each("private", tmp_path, put_nothing, ERRORS):
        assert result["end"] in {"done", "error"}, (case, result)
        left = [path for path in folder.iterdir() if files_below(path)]
        assert left == [] or str(left[0]) in result["message"], (case, result)
        with contextlib.suppress(AstroSyncError), private_folder(folder, lambda _folder: None):
            pass
        assert list(folder.iterdir()) == [], case


if __name__ == "__main__":
    run_cases()
