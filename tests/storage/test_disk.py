"""Disks and files that say no, as the whole command meets them: the old content stays, and a sentence says why."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from processes import assert_nothing_left
from sandbox import Result, Sandbox

PUSH = ("local-to-deploy", "-d", "dep-1", "--yes")
PULL = ("deploy-to-local", "-d", "dep-1", "--yes")
MERGE = ("merge", "other.env", ".env")
DEDUPE = ("dedupe",)
COMMANDS = [PUSH, PULL, MERGE, DEDUPE]
OLD = "# mine\nOWN=0\nOWN=1\n"

needs_a_user = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")


@pytest.fixture
def ready(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox in which every command has something to write into `.env`."""
    sandbox.write_env(OLD)
    sandbox.write_env("OTHER=1\n", name="other.env")
    sandbox.set_variable("THEIRS", "x" * 9_000)
    sandbox.set_airflow({"new": "y" * 9_000})
    return sandbox


def check(sandbox: Sandbox, result: Result, code: int, *words: str) -> None:
    """Check the exit code, the sentence, that nothing was sent and that nothing is left."""
    assert result.code == code, result
    assert "Traceback" not in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert "Next: " in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr
    assert not sandbox.writing_calls()
    assert_nothing_left(sandbox)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.env")


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_loop(path: Path) -> None:
    path.symlink_to(".env")


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a folder": (a_folder, "is a folder"),
    "a named pipe": (a_pipe, "is a named pipe"),
    "a dangling link": (a_dangling_link, "symbolic link"),
    "a link to a device": (a_link_to_a_device, "is a device"),
    "a loop of links": (a_loop, ".env"),
}


@pytest.mark.parametrize("words", [*COMMANDS, ("diff", "-d", "dep-1"), ("check",)], ids=lambda words: words[0])
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_refused_at_once(ready: Sandbox, kind: str, words: tuple[str, ...]) -> None:
    path = ready.project / ".env"
    path.unlink()
    put, reason = ODD[kind]
    put(path)
    before = os.lstat(path)
    result = ready.run(*words, timeout=20)
    assert result.code in {1, 2, 3}, result
    if kind != "a loop of links":
        assert result.code == 3, result
    check(ready, result, result.code, reason)
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert not (ready.project / "nowhere.env").exists()


@pytest.mark.parametrize("words", [PUSH, PULL], ids=lambda words: words[0])
def test_a_folder_that_is_not_there_is_named(ready: Sandbox, words: tuple[str, ...]) -> None:
    result = ready.run(*words, "-e", "no/such/.env")
    assert result.code in {1, 2}, result
    check(ready, result, result.code, "no/such")
    assert not (ready.project / "no").exists()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_file_limit_in_the_midst_of_writing_keeps_the_old_file(ready: Sandbox, words: tuple[str, ...]) -> None:
    # EFBIG in the midst of a write, where a full disk would say ENOSPC; Python ignores the signal.
    ready.write_env(f"{OLD}# {'z' * 9_000}\n")
    before = ready.read_env()
    result = _limited(ready, words, 4_096)
    check(ready, result, 1)
    assert ready.read_env() == before


def _limited(sandbox: Sandbox, words: tuple[str, ...], size: int) -> Result:
    code = (
        "import resource, runpy, sys, astro_sync.cli.session, astro_sync.storage.atomic as store\n"
        "real = store.write_whole\n"
        "def limited(*arguments):\n"
        f"    resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        return real(*arguments)\n"
        "    finally:\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "store.write_whole = limited\n"
        "sys.argv = ['astro-sync', *sys.argv[1:]]\n"
        "runpy.run_module('astro_sync', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=sandbox.project,
        env=sandbox.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.stdout, done.stderr, done.returncode)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_backup_that_cannot_be_kept_stops_the_run(ready: Sandbox, words: tuple[str, ...]) -> None:
    (ready.state_home / "astro-sync").mkdir()
    (ready.state_home / "astro-sync" / "backups").write_text("in the way")
    result = ready.run(*words)
    check(ready, result, 1, "No backup could be kept", "--no-backup")
    assert ready.read_env() == OLD
    assert ready.run(*words, "--no-backup").code == 0


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_without_a_place_for_temporary_files_nothing_begins(ready: Sandbox, words: tuple[str, ...]) -> None:
    ready.temporary.rmdir()
    result = ready.run(*words)
    assert result.code == 1, result
    assert "TMPDIR" in result.stderr
    assert ready.read_env() == OLD
    assert not ready.calls()


MOUNTS = {
    "full": 'cp -a . "$1"; mount -t tmpfs -o size=64k none .; cd "$PWD"; cp -a "$1/." .; '
    "dd if=/dev/zero of=fill bs=1k count=128 2>/dev/null || true",
    "read-only": 'mount --bind . .; mount -o remount,bind,ro .; cd "$PWD"',
}


@pytest.mark.long
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("kind", MOUNTS)
def test_a_disk_that_takes_nothing_keeps_the_file(ready: Sandbox, kind: str, words: tuple[str, ...]) -> None:
    _skip_without_mounts()
    work = 'out=$1; shift; code=0; "$@" || code=$?; cat .env >"$out/env"; ls -a >"$out/names"; exit $code'
    copy = ready.folder / "copy"
    copy.mkdir()
    done = subprocess.run(
        [*_OWN_MOUNTS, f"{MOUNTS[kind]}; {work}", "sh", str(copy), sys.executable, "-m", "astro_sync", *words],
        cwd=ready.project,
        env=ready.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # A sync tells of its failed write, exit 1; a command that only rewrites the file has no right to, exit 4.
    code = 4 if kind == "read-only" and words[0] == "dedupe" else 1
    check(ready, Result(done.stdout, done.stderr, done.returncode), code, ".env")
    assert (copy / "env").read_text() == OLD
    assert {*(copy / "names").read_text().split()} <= {".", "..", ".astro", ".env", "other.env", "fill"}


_OWN_MOUNTS = ("unshare", "--map-root-user", "--mount", "sh", "-ec")


def _skip_without_mounts() -> None:
    try:
        subprocess.run([*_OWN_MOUNTS, "mount -t tmpfs none /mnt"], capture_output=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"this system lets nobody mount for himself: {error}")


@needs_a_user
@pytest.mark.parametrize("mode", [0o400, 0o000])
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_protected_file_is_respected(ready: Sandbox, words: tuple[str, ...], mode: int) -> None:
    path = ready.project / ".env"
    path.chmod(mode)
    check(ready, ready.run(*words), 1, ".env")
    path.chmod(0o600)
    assert ready.read_env() == OLD


@pytest.mark.long
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("words", [PUSH, (*PUSH, "--json")], ids=["table", "json"])
def test_a_full_disk_under_the_report_shows_no_traceback(ready: Sandbox, words: tuple[str, ...], stream: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = _run_into(ready, words, **{stream: full})
    assert b"Traceback" not in done
    assert ready.deployment().keys() >= {"OWN", "AIRFLOW_VAR_NEW"}
    assert_nothing_left(ready)


@pytest.mark.long
@pytest.mark.parametrize(
    "words", [PUSH, (*PUSH, "--json"), ("diff", "-d", "dep-1", "-v")], ids=["table", "json", "diff"]
)
def test_a_reader_that_went_away_shows_no_traceback(ready: Sandbox, words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = _run_into(ready, words, stdout=writing)
    finally:
        os.close(writing)
    assert b"Traceback" not in done
    assert b"BrokenPipe" not in done
    assert_nothing_left(ready)


def _run_into(sandbox: Sandbox, words: tuple[str, ...], **streams: object) -> bytes:
    """Run with one of the streams led elsewhere; return what the other one got."""
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    done = subprocess.run(
        [sys.executable, "-m", "astro_sync", *words],
        cwd=sandbox.project,
        env=sandbox.environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
        **given,  # type: ignore[call-overload]
    )
    return bytes((done.stdout or b"") + (done.stderr or b""))
