"""Several runs on one folder.

Run as a program this file is one of the runs: `hold FOLDER SECONDS` or `count FILE TIMES`.
"""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astro_sync.errors import AstroSyncError, ExitCode, UnusableError
from astro_sync.storage.atomic import load, locked, replace

STRAY = ".env.astro-sync-0123456789abcdef.tmp"


# Only in the other run.


def hold_folder(folder: Path, seconds: float) -> None:
    with locked(folder, 0, lambda _: None):
        child = subprocess.Popen(["sleep", "30"])  # as a run has `astro` for a child
        sys.stdout.write(f"{child.pid}\n")
        sys.stdout.flush()
        time.sleep(seconds)
        child.kill()
        child.wait()


def count_up(path: Path, times: int) -> None:
    for _ in range(times):
        with locked(path.parent, 60, lambda _: None):
            loaded = load(path)
            replace(loaded, b"%d" % (int(loaded.data) + 1))


# The tests.


@contextmanager
def other_run(folder: Path, seconds: float) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a run that holds the folder; give it and the id of its child."""
    command = [sys.executable, __file__, "hold", str(folder), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        child = int(run.stdout.readline())
        try:
            yield run, child
        finally:
            run.kill()
            run.wait()
            with_no_child(child)


def with_no_child(child: int) -> None:
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_a_free_folder_is_had_at_once_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    said: list[str] = []
    with locked(tmp_path, 0, said.append):
        assert list(tmp_path.iterdir()) == []
    with locked(tmp_path, 0, said.append):
        pass
    assert said == []


def test_the_second_run_says_once_that_it_waits_and_then_works(tmp_path: Path) -> None:
    said: list[str] = []
    with other_run(tmp_path, 0.4) as (run, _), locked(tmp_path, 20, said.append):
        (tmp_path / ".env").write_bytes(b"")
        assert run.wait(5) == 0
    assert said == [f"Another astro-sync is working on {tmp_path}; waiting up to 20 s."]


def test_the_second_run_gives_up_when_the_time_is_over(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        other_run(tmp_path, 30),
        pytest.raises(AstroSyncError, match=r"after 0\.2 s") as caught,
        locked(tmp_path, 0.2, said.append),
    ):
        pytest.fail("two runs in one folder")
    assert caught.value.exit_code == ExitCode.FAILED
    assert "--timeout" in caught.value.hint
    assert len(said) == 1


def test_a_killed_run_blocks_nobody_though_its_child_lives_on(tmp_path: Path) -> None:
    with other_run(tmp_path, 30) as (run, child):
        run.kill()
        run.wait()
        os.kill(child, 0)
        with locked(tmp_path, 0, pytest.fail):
            replace(load(tmp_path / ".env"), b"A=1\n")
    assert (tmp_path / ".env").read_bytes() == b"A=1\n"


def test_four_runs_at_once_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"0")
    runs = [subprocess.Popen([sys.executable, __file__, "count", str(path), "25"]) for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0, 0, 0, 0]
    assert path.read_bytes() == b"100"
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_is_not_in_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with locked(tmp_path, 0, pytest.fail):
        with locked(tmp_path / "link", 0, pytest.fail):
            (tmp_path / STRAY).write_bytes(b"being written")
        with locked(tmp_path, 0, pytest.fail):
            assert (tmp_path / STRAY).exists()
        with pytest.raises(AstroSyncError), locked_in_another_process(tmp_path):
            pytest.fail("the inner lock's end opened the folder")


@contextmanager
def locked_in_another_process(folder: Path) -> Iterator[None]:
    command = [sys.executable, __file__, "hold", str(folder), "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    if ended.returncode:
        assert "AstroSyncError: Another astro-sync is still working" in ended.stderr
        raise AstroSyncError("locked out")
    yield


def test_an_error_within_opens_the_folder_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locked(tmp_path, 0, pytest.fail):
        raise KeyboardInterrupt
    with locked_in_another_process(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [
        ".env",
        ".env.tmp",
        "astro-sync-0123456789abcdef.tmp",
        f"{STRAY}.bak",
        ".env.astro-sync-0123456789ABCDEF.tmp",
    ]
    for name in [*kept, STRAY, ".prod.env.astro-sync-00000000000000ff.tmp", ".a\nb.astro-sync-00000000000000ff.tmp"]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".x.astro-sync-0123456789abcdef.tmp").mkdir()
    with locked(tmp_path, 0, pytest.fail):
        assert {path.name for path in tmp_path.iterdir()} == {*kept, ".x.astro-sync-0123456789abcdef.tmp"}


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_what_is_no_folder_cannot_be_locked(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(AstroSyncError, match=f"{name} cannot be opened") as caught,
        locked(tmp_path / name, 0, pytest.fail),
    ):
        pytest.fail("locked")
    assert caught.value.hint


def refuse_with(number: int) -> Callable[[int, int], None]:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EBADF, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_told_and_used(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse_with(number))
    (tmp_path / STRAY).write_bytes(b"somebody's, perhaps")
    said: list[str] = []
    with locked(tmp_path, 0, said.append):
        assert (tmp_path / STRAY).exists()
    assert len(said) == 1
    assert "has no locks" in said[0]


def test_a_system_without_locks_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(UnusableError) as caught, locked(tmp_path, 0, pytest.fail):
        pytest.fail("locked")
    assert "WSL" in caught.value.hint


def test_an_interrupt_ends_the_waiting(tmp_path: Path) -> None:
    def interrupt(_sentence: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with other_run(tmp_path, 30), pytest.raises(KeyboardInterrupt), locked(tmp_path, 20, interrupt):
            pytest.fail("locked")
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(tmp_path.iterdir()) == []


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold_folder(Path(sys.argv[2]), float(sys.argv[3]))
    else:
        count_up(Path(sys.argv[2]), int(sys.argv[3]))
