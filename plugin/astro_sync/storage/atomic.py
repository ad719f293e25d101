"""Read a file once, and put a new one in its place so that at every moment the old or the new one is there, whole."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from astro_sync.errors import AstroSyncError, RefusedError
from astro_sync.storage.lock import hold
from astro_sync.storage.syscalls import (
    PRIVATE_FILE,
    flush,
    flush_folder,
    restore_access,
    sentence_for,
    write_whole,
)

_READ_BYTES: Final = 1 << 20
_TEMPORARY: Final = re.compile(r"\..+\.astro-sync-[0-9a-f]{16}\.tmp", re.DOTALL)
_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class ChangedError(AstroSyncError):
    """Stop because somebody else wrote the file between our reading and our writing."""

    code = "file-changed"
    hint = "Look at what changed there, then run the command again."


class Loaded(NamedTuple):
    """A file as it was read; `path` as the user named it, `target` absolute and without symlinks.

    Where there is no file, `data` is empty and `status` None.
    """

    path: Path
    target: Path
    data: bytes
    status: os.stat_result | None = None

    def __repr__(self) -> str:
        return f"Loaded({str(self.target)!r})"

    @property
    def exists(self) -> bool:
        """Tell whether there was a file."""
        return self.status is not None


def load(path: Path) -> Loaded:
    """Read a file without ever waiting for one that is a pipe or a device.

    Raises RefusedError for anything but a plain file or nothing, AstroSyncError for what cannot be read.
    """
    target = _target(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        if os.path.lexists(path):
            raise RefusedError(
                f"{path} is a symbolic link to {target}, and there is no such file.",
                hint="Create the file that the link names, or remove the link.",
            ) from None
        if os.path.lexists(target):
            hint = f"Name it {target}."
            raise RefusedError(f"{path} leads through a folder that is not there.", hint=hint) from None
        return Loaded(path, target, b"")
    except OSError as error:
        raise sentence_for(f"{path} cannot be read", error) from error
    # Before opening as well as after: to open a device can have effects.
    _refuse_special(path, status)
    try:
        # O_NONBLOCK: a named pipe that took the file's place since would keep us waiting for its writer.
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            _refuse_special(path, status)
            data = _read_whole(descriptor)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise sentence_for(
            f"{path} cannot be read", error, hint="Make the file readable for you, then try again."
        ) from error
    if _signature(status) != _signature(after):
        raise ChangedError(f"{path} was being written while astro-sync read it.")
    return Loaded(path, target, data, status)


def folder_of(path: Path) -> Path:
    """Return the folder to lock for a file: the one that its target lies in, whichever link names it."""
    return _target(path).parent


def replace(loaded: Loaded, data: bytes) -> None:
    """Put `data` in the place of what was loaded: at every moment the old file is there or the new one, whole.

    The file that a symlink names is what changes; another hard link keeps the old content. A file that has this content
    already is not touched. Owner, group and mode stay where permitted; a new file is its owner's alone (0600).
    Raises ChangedError when the file is not any more what was loaded, AstroSyncError when it cannot be written;
    the old content is then intact, unless the message says that the new one is in place.
    """
    if loaded.exists and data == loaded.data:
        return
    try:
        _stop_if_changed(loaded)
        if loaded.exists:
            _refuse_read_only(loaded.target)
        # Opened before anything changes, so that nothing but the disk itself can fail after the change.
        folder = os.open(loaded.target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _put_in_place(loaded, data)
            _make_durable(loaded, folder)
        finally:
            with suppress(OSError):
                os.close(folder)
    except OSError as error:
        hint = "It is mounted by itself: run astro-sync where its folder is." if error.errno == errno.EBUSY else ""
        raise sentence_for(f"{loaded.path} cannot be written, nothing changed", error, hint=hint) from error


@contextmanager
def locked(folder: Path, timeout: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Keep other runs of astro-sync out of a folder, and remove the temporary files that a killed run left in it.

    Waits, tells and raises as `astro_sync.storage.lock.hold` does; take the lock before the first `load`.
    """
    with hold(folder, timeout, tell) as alone:
        if alone:
            _remove_strays(folder, tell)
        yield


def _target(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError as error:
        raise sentence_for(f"{path} cannot be followed to its file", error) from error


def _refuse_special(path: Path, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")
    raise RefusedError(f"{path} is {kind}, not a file.", hint="Name a plain file.")


def _read_whole(descriptor: int) -> bytes:
    pieces = []
    while piece := os.read(descriptor, _READ_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


def _signature(status: os.stat_result | None) -> tuple[int, ...] | None:
    # Without the inode: some network and container file systems number a file anew at each look, and content counts.
    if status is None:
        return None
    return status.st_size, status.st_mtime_ns, status.st_mode, status.st_uid, status.st_gid


def _refuse_read_only(target: Path) -> None:
    """Respect a file that its owner protected: a rename asks only for rights on the folder."""
    os.close(os.open(target, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC))


def _put_in_place(loaded: Loaded, data: bytes) -> None:
    name = loaded.target.name.lstrip(".")[:50]  # a name has at most 255 bytes
    temporary = loaded.target.with_name(f".{name}.astro-sync-{os.urandom(8).hex()}.tmp")
    try:
        _write_temporary(temporary, data, loaded)
        # As late as can be: what is written between this look and the rename is lost, and no call closes that gap.
        _stop_if_changed(loaded)
        temporary.replace(loaded.target)
    except BaseException:  # an interrupt too
        with suppress(OSError):
            temporary.unlink()
        raise


def _write_temporary(temporary: Path, data: bytes, loaded: Loaded) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, PRIVATE_FILE)
    try:
        write_whole(descriptor, data)
        if loaded.status is None:
            os.fchmod(descriptor, PRIVATE_FILE)  # a umask may have left less
        else:
            restore_access(descriptor, loaded.status, loaded.target)
        flush(descriptor)
    finally:
        os.close(descriptor)


def _stop_if_changed(loaded: Loaded) -> None:
    now = load(loaded.path)
    if (now.target, _signature(now.status), now.data) != (loaded.target, _signature(loaded.status), loaded.data):
        raise ChangedError(f"{loaded.path} was changed by somebody else after astro-sync read it; nothing was written.")


def _make_durable(loaded: Loaded, folder: int) -> None:
    try:
        flush_folder(folder)
    except OSError as error:
        raise sentence_for(
            f"{loaded.path} has its new content, but the disk does not confirm that it would survive a power cut",
            error,
            hint="Check the disk, then the file.",
        ) from error


def _remove_strays(folder: Path, tell: Callable[[str], None]) -> None:
    """Remove the temporary files of killed runs; whoever has the lock knows that nobody else is writing one."""
    try:
        for stray in folder.iterdir():
            if _TEMPORARY.fullmatch(stray.name) and stat.S_ISREG(stray.lstat().st_mode):
                stray.unlink()
    except OSError as error:
        tell(f"A file that a killed astro-sync left in {folder} could not be removed: {error.strerror}.")
