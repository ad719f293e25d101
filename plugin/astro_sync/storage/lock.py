"""Lock files and folders against other processes, with nothing left behind by a process that is killed."""

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from astro_sync.errors import AstroSyncError, UnusableError
from astro_sync.storage.syscalls import digest_of, make_private, sentence_for

_POLL_SECONDS: Final = 0.05
# What flock says where a file system has no locks: NFS before 4 without a lock daemon (ENOLCK), NFS in general (EBADF:
# the kernel maps flock to a record lock, which wants a descriptor open for writing, and a folder has none), FUSE, SMB.
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_held: Final[set[tuple[int, int]]] = set()  # folders that this process has locked, as (device, inode)


class NoLocksError(Exception):
    """Say that the file system of a descriptor knows no locks."""


def try_lock(descriptor: int) -> bool:
    """Lock an open file or folder against other processes, or return False at once where another one has it.

    The lock goes with the descriptor: a killed process leaves none behind, and no file is made for it.
    Raises NoLocksError where the file system has none.
    """
    try:
        # Imported here: Windows has no fcntl, and there every command is to end with a sentence, not with a traceback.
        import fcntl
    except ImportError:
        raise UnusableError(
            "astro-sync cannot lock files on this system.", hint="On Windows, run it inside WSL."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise NoLocksError from error
        raise
    return True


@contextmanager
def hold(folder: Path, timeout: float, tell: Callable[[str], None], name: str = "") -> Iterator[bool]:
    """Keep other runs of astro-sync out of a folder; yield whether none can be in it.

    Waits up to `timeout` seconds for another run, and tells so once. False is a file system without locks (told too),
    or a folder that this process holds already: locks of several folders, or of one folder twice, must be nested.
    `name` is what the messages call it. Raises AstroSyncError when the time is over, or for a folder that cannot be
    opened.
    """
    descriptor, identity = _open_folder(folder)
    try:
        if identity in _held:
            yield False
            return
        alone = _wait_for(descriptor, name or str(folder), timeout, tell)
        _held.add(identity)
        try:
            yield alone
        finally:
            _held.discard(identity)
    finally:
        with suppress(OSError):
            os.close(descriptor)


@contextmanager
def hold_shared(
    folder: Path, identities: Iterable[str], timeout: float, tell: Callable[[str], None]
) -> Iterator[frozenset[str]]:
    """Keep other runs of this machine away from several shared places; yield those that had to be waited for.

    Every run takes them in the same order, so that no two wait for each other.
    """
    waited: set[str] = set()
    with ExitStack() as stack:
        for identity in sorted(set(identities)):
            if stack.enter_context(_hold_one(folder, identity, timeout, tell)):
                waited.add(identity)
        yield frozenset(waited)


@contextmanager
def _hold_one(folder: Path, identity: str, timeout: float, tell: Callable[[str], None]) -> Iterator[bool]:
    waited: list[str] = []

    def tell_once(sentence: str) -> None:
        waited.append(sentence)
        tell(sentence)

    # A folder for each place, never removed: to remove one would let two runs lock two folders of one name.
    own = folder / digest_of(identity)[:32]
    try:
        make_private(own)
    except OSError as error:
        raise sentence_for(f"The folder {own} for locks cannot be made", error) from error
    with hold(own, timeout, tell_once, name=identity) as alone:
        yield bool(waited) and alone


def _open_folder(folder: Path) -> tuple[int, tuple[int, int]]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        status = os.fstat(descriptor)
    except OSError as error:
        hint = "Name a file in a folder that is there and that you can read."
        raise sentence_for(f"The folder {folder} cannot be opened", error, hint=hint) from error
    return descriptor, (status.st_dev, status.st_ino)


def _wait_for(descriptor: int, name: str, timeout: float, tell: Callable[[str], None]) -> bool:
    """Return True with the lock taken, False where there are no locks."""
    deadline = time.monotonic() + timeout
    told = False
    try:
        while not try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise AstroSyncError(
                    f"Another astro-sync is still working on {name} after {timeout:g} s.",
                    hint="Wait until it has ended, or end it, then try again; `--timeout SECONDS` waits longer.",
                )
            if not told:
                tell(f"Another astro-sync is working on {name}; waiting up to {timeout:g} s.")
                told = True
            time.sleep(_POLL_SECONDS)
    except NoLocksError:
        # Still safe against half files and an editor; only two runs at once are not kept apart.
        tell(f"The file system has no locks for {name}: let no other astro-sync work there until this one has ended.")
        return False
    except OSError as error:
        raise sentence_for(f"The folder {name} cannot be locked", error) from error
    return True
