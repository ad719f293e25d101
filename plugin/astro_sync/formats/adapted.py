"""Formats that still speak environment names, adapted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from astro_sync.core.model import Kind, Name, Reason, Refusal, name_of
from astro_sync.formats.content import FileContent, FileEntry, FileWrite


class Old(Protocol):
    """A format with environment names."""

    def read(self, data: bytes) -> FileContent: ...

    def write(self, old: bytes, changes: Mapping[str, str]) -> bytes: ...

    def refusal(self, key: str, value: str) -> str | None: ...


@dataclass
class Adapted:
    """A format with ids."""

    old: Old
    KINDS: frozenset[Kind]
    DESCRIPTIONS: bool = False

    def read(self, data: bytes) -> Sequence[FileEntry]:
        """Return what the file holds."""
        found = self.old.read(data)
        known = [FileEntry(_lower(key), text) for key, text in found.values.items()]
        return [*known, *(FileEntry(_lower(key), None, problem=why) for key, why in found.unreadable.items())]

    def write(self, old: bytes, changes: Sequence[FileWrite]) -> bytes:
        """Return the file with these entries set."""
        return self.old.write(old, {each.name.key: each.text for each in changes})

    def refusal(self, write: FileWrite) -> Refusal | None:
        """Return why the file cannot hold an entry, or None."""
        why = self.old.refusal(write.name.key, write.text)
        return Refusal(Reason.CANNOT_HOLD, why) if why else None


def _lower(key: str) -> Name:
    name = name_of(key)
    return Name(name.kind, name.id.lower())
