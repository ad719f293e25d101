"""Disks that really are full or read-only.

Run as a program this file is the process that meets them; it tells on stdout (JSON) what came of it.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from astro_sync.errors import AstroSyncError
from astro_sync.storage.atomic import load, replace

OLD = b"A=old\n"
LARGE = b"A=" + b"x" * 200_000 + b"\n"


def meet(folder: Path, largest_file: int) -> None:
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    path = folder / ".env"
    result = {}
    try:
        replace(load(path), LARGE)
    except AstroSyncError as error:
        result = {"message": str(error), "hint": error.hint, "exit_code": int(error.exit_code)}
    result |= {"intact": path.read_bytes() == OLD, "names": [path.name for path in folder.iterdir()]}
    sys.stdout.write(json.dumps(result))


def run_in_own_mounts(mount: str, folder: Path) -> dict[str, object]:
    """Run this file where `mount`, a line of shell about `$1`, holds for nobody else."""
    script = f'mkdir -p "$1" && {mount} && exec "$2" "$3" "$1" 0'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    try:
        subprocess.run([*command, "mount -t tmpfs none /mnt"], capture_output=True, check=True, timeout=20)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this system lets nobody mount for himself: {error}")
    ended = subprocess.run(
        [*command, script, "sh", str(folder), sys.executable, __file__],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    result: dict[str, object] = json.loads(ended.stdout)
    return result


def assert_told(result: dict[str, object], folder: Path, cause: str, advice: str, code: int = 1) -> None:
    assert result["message"] == f"{folder / '.env'} cannot be written, nothing changed: {cause}."
    assert advice in str(result["hint"])
    assert result["exit_code"] == code
    assert result["intact"]
    assert result["names"] == [".env"]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    result = run_in_own_mounts('mount -t tmpfs -o size=64k none "$1" && printf "A=old\\n" > "$1/.env"', folder)
    assert_told(result, folder, "No space left on device", "Make room")


def test_a_disk_without_room_for_another_file_keeps_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    result = run_in_own_mounts('mount -t tmpfs -o nr_inodes=2 none "$1" && printf "A=old\\n" > "$1/.env"', folder)
    assert_told(result, folder, "No space left on device", "Make room")


def test_a_read_only_disk_keeps_the_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / ".env").write_bytes(OLD)
    result = run_in_own_mounts('mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"', folder)
    assert_told(result, folder, "Read-only file system", "writable", code=4)


def test_a_file_mounted_by_itself_keeps_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / ".env").write_bytes(OLD)
    result = run_in_own_mounts('mount --bind "$1/.env" "$1/.env"', folder)
    assert_told(result, folder, "Device or resource busy", "mounted by itself")


def test_a_limit_on_the_size_of_files_keeps_the_old_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(OLD)
    ended = subprocess.run(
        [sys.executable, __file__, str(tmp_path), "1000"], capture_output=True, text=True, check=True, timeout=20
    )
    assert_told(json.loads(ended.stdout), tmp_path, "File too large", "Make room")


if __name__ == "__main__":
    meet(Path(sys.argv[1]), int(sys.argv[2]))
