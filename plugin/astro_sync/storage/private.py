"""Give a run a folder of its own for what must not outlive it."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from astro_sync.storage.lock import NoLocksError, try_lock
from astro_sync.storage.syscalls import PRIVATE_FILE, PRIVATE_FOLDER, sentence_for, write_whole

# Long and random enough that nobody's own folder is taken for one that a killed run left.
_NAME: Final = re.compile(r"astro-sync-[0-9a-f]{32}")
_ATTEMPTS: Final = 5
_PAUSE_SECONDS: Final = 0.05


@contextmanager
def private_folder(temp_root: Path, left_behind: Callable[[Path], None]) -> Iterator[Path]:
    """Make a folder (0700) below `temp_root` and remove it on every way out; tell `left_behind` where that fails.

    What a killed run left there is removed first: a living run holds a lock on its folder, which ends with its process.
    Raises AstroSyncError when no folder can be made.
    """
    _remove_abandoned(temp_root)
    folder, descriptor = _make_locked(temp_root)
    try:
        yield folder
    finally:
        if not _remove(folder):
            left_behind(folder)
        with suppress(OSError):
            os.close(descriptor)


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that its owner alone may read (0600), whatever the umask; one that is there is an error."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, PRIVATE_FILE)
        try:
            os.fchmod(descriptor, PRIVATE_FILE)
            write_whole(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise sentence_for(f"The temporary file {path} cannot be written", error) from error


def _remove_abandoned(temp_root: Path) -> None:
    """Remove the folders of killed runs; whatever cannot be removed is not in the way."""
    with suppress(OSError):
        for folder in temp_root.iterdir():
            if _NAME.fullmatch(folder.name):
                with suppress(OSError, NoLocksError):
                    _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid() and try_lock(descriptor):
            shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def _make_locked(temp_root: Path) -> tuple[Path, int]:
    """Make the folder and return it with the descriptor that holds its lock."""
    while True:
        folder = Path(os.path.realpath(temp_root)) / f"astro-sync-{os.urandom(16).hex()}"
        try:
            folder.mkdir(PRIVATE_FOLDER)
            # Another run may take the folder for an abandoned one until it is locked; then the next one is ours.
            with suppress(FileNotFoundError):
                folder.chmod(PRIVATE_FOLDER)  # a umask may have left less
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                if _is_ours(folder, descriptor):
                    return folder, descriptor
                os.close(descriptor)
        except OSError as error:
            hint = "Make room there, or name another folder in TMPDIR."
            raise sentence_for(f"No temporary folder can be made in {temp_root}", error, hint=hint) from error


def _is_ours(folder: Path, descriptor: int) -> bool:
    try:
        locked = try_lock(descriptor)
    except NoLocksError:  # then nobody else's lock succeeds either, and nobody removes it
        locked = True
    return locked and folder.exists()


def _remove(folder: Path) -> bool:
    """Remove the folder and tell whether it is gone; what `astro` left running may put files back for a moment."""
    for _ in range(_ATTEMPTS):
        with suppress(OSError):  # `ignore_errors` does not hold for each of its calls
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.lstat()
        except FileNotFoundError:
            return True
        except OSError:  # nothing tells that it is gone
            pass
        time.sleep(_PAUSE_SECONDS)
    return False
