"""What files need care for: names, whole writes, writes that survive a power cut, access rights."""

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from astro_sync.errors import AstroSyncError, UnusableError

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700

# What fsync says of a folder where a file system cannot flush one (SMB, some of FUSE): nothing is wrong with the disk.
_NO_FLUSH: Final = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_RIGHT: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_ACL: Final = frozenset({errno.ENODATA, errno.ENOTSUP}) if sys.platform == "linux" else frozenset()
_ACL: Final = "system.posix_acl_access"
_GROUP_BITS: Final = 0o070


def digest_of(text: str) -> str:
    """Return a name for a file that stands for a text: hexadecimal, and no other text's."""
    import hashlib  # 5 ms with OpenSSL, and a run that changes nothing needs no such name

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def make_private(folder: Path) -> None:
    """Make the folder and the missing ones above it, whatever the umask says; an existing one is closed to others."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(PRIVATE_FOLDER, exist_ok=True)
        path.chmod(PRIVATE_FOLDER)
    status = folder.stat()
    if os.geteuid() not in {status.st_uid, 0}:
        raise AstroSyncError(f"The folder {folder} belongs to another user.")
    if status.st_mode & 0o077:
        folder.chmod(PRIVATE_FOLDER)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write all of `data`, in as many pieces as the system takes it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def flush(descriptor: int) -> None:
    """Return when the content of an open file is on the disk."""
    if sys.platform == "darwin":
        import fcntl

        # There fsync leaves the data in the drive's own cache; network and foreign disks refuse the stronger call.
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def flush_folder(descriptor: int) -> None:
    """Return when the names in an open folder are on the disk, or where its file system cannot tell."""
    try:
        flush(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def restore_access(descriptor: int, was: os.stat_result, path: str | os.PathLike[str]) -> None:
    """Give an open new file the owner, group, mode and Linux access list that the file at `path` has; never more.

    `was` is the status of the file at `path`. A group or an access list that cannot be restored costs the group's
    rights: the bits were meant for others than those who would get them.
    """
    mode = stat.S_IMODE(was.st_mode) & 0o777
    if not (_restore_owner(descriptor, was) and _restore_access_list(descriptor, path)):
        mode &= ~_GROUP_BITS
    # After owner and list: at no moment does the wrong group read the file.
    os.fchmod(descriptor, mode)


def sentence_for(what: str, error: OSError, *, hint: str = "") -> AstroSyncError:
    """Make an error for people of one that the system gave; `what` says in a clause what could not be done."""
    if not hint:
        hint = "Try again when the cause is gone."
        if error.errno in _NO_ROOM:
            hint = "Make room there, then try again."
        elif error.errno in _NO_RIGHT:
            hint = "Make the file and its folder writable for you, then try again."
    kind = UnusableError if error.errno in _NO_RIGHT else AstroSyncError
    return kind(f"{what}: {error.strerror or type(error).__name__}.", hint=hint)


def _restore_owner(descriptor: int, was: os.stat_result) -> bool:
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) == (was.st_uid, was.st_gid):
        return True
    for owner in (was.st_uid, -1):  # only root may give a file away; its own groups anyone may choose from
        with suppress(PermissionError):
            os.fchown(descriptor, owner, was.st_gid)
            return True
    return now.st_gid == was.st_gid


def _restore_access_list(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Copy the access list, or drop the one that the folder's default gave; False where one is lost.

    A file with a list shows the list's upper bound as its group bits, so these alone would mean another thing.
    """
    if sys.platform != "linux":
        return True
    try:
        access_list = os.getxattr(path, _ACL)
    except OSError as error:
        if error.errno not in _NO_ACL:
            return False
        with suppress(OSError):
            os.removexattr(descriptor, _ACL)
        return True
    try:
        os.setxattr(descriptor, _ACL, access_list)
    except OSError:
        return False
    return True
