"""What every vendor's store of secrets can do. Nothing here knows of Airflow."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from astro_sync.errors import UnusableError

Content = str | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Held:
    """One secret as a store gives it out: a text, or the fields of a Vault secret.

    `version` tells one state from the next, `updated_at` when that was, where the store says so. `keep` is what an
    update has to hand on, or the store would reset it. None of them shows the content.
    """

    content: Content = field(repr=False)
    version: str = ""
    updated_at: str = ""
    keep: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)


class Trouble(StrEnum):
    """What stands between us and one secret, while the others of the store are fine."""

    DELETED = "deleted"  # and can be recovered
    FORBIDDEN = "forbidden"
    UNREADABLE = "unreadable"  # binary, disabled, or its key cannot be used
    CHANGED = "changed"  # by somebody else, since it was read
    REJECTED = "rejected"  # the store does not take it
    UNSURE = "unsure"  # the call was given up on, it may still take effect


class Fault(NamedTuple):
    """What is wrong with one secret; `about` is the store's word for it or the permission needed, never a value."""

    trouble: Trouble
    about: str = ""
    version: str = ""


Found = Held | Fault


class Store(Protocol):
    """A vendor's store of secrets, with the person's own login.

    Every method raises StoreError for what concerns the whole store (no login, no network, no right to list), and
    returns a Fault for what concerns one secret. `jobs` is how many calls may be under way at once, at first by the
    store's own limits.
    """

    jobs: int

    @property
    def where(self) -> str:
        """Return whose store this is, for the confirmation: the account or project, the region or the vault."""
        ...

    @property
    def identity(self) -> str:
        """Return by which login it is used, in words that show no credential."""
        ...

    def scan(self, prefix: str, wanted: Callable[[str], bool]) -> Mapping[str, Found]:
        """Return the secrets whose name begins with a prefix and is wanted; a deleted one that blocks its name too."""
        ...

    def read(self, names: Sequence[str]) -> Mapping[str, Found]:
        """Return these secrets, each by its name and not by a listing, which may lag; a missing one is left out."""
        ...

    def create(self, name: str, content: Content, *, recover: bool = False) -> Fault | None:
        """Create a secret that must not exist; `recover` brings a deleted one back under its new value."""
        ...

    def update(self, name: str, content: Content, held: Held) -> Fault | None:
        """Change a secret that still is what was read."""
        ...


class StoreError(UnusableError):
    """Say that a store cannot be used, and what to type next."""

    code = "store-unusable"


def require(vendor: str, extra: str, error: ImportError) -> StoreError:
    """Return the error for a missing SDK."""
    what = f"{vendor} needs the Python package {error.name or 'of its vendor'}, which is not installed."
    hint = (
        f"Install it: pip install 'astro-sync[{extra}]', with pipx: pipx inject astro-sync 'astro-sync[{extra}]', "
        f"with uv: uv tool install 'astro-sync[{extra}]'."
    )
    return StoreError(what, hint=hint)


def silence(names: Iterable[str]) -> None:
    """Keep the loggers of an SDK from writing; they log headers and bodies (CONTRIBUTING, rule 9)."""
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def without_login(url: str) -> str:
    """Return an address without a user and password that stand in it, escaped or not."""
    return re.sub(r"//.*@", "//", url, count=1, flags=re.DOTALL)


def in_chunks(names: Sequence[str], size: int) -> list[Sequence[str]]:
    """Return the names in lists of at most `size`."""
    return [names[start : start + size] for start in range(0, len(names), size)]
