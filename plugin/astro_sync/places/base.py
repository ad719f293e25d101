"""What every place can do, and what surrounds it (how to add one: .github/CONTRIBUTING.md)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Name, Notice, Plan, Refusal, Snapshot, Traits, Write, Written
from astro_sync.places.astro_cli import Astro


@dataclass(slots=True, kw_only=True, repr=False)
class Prepared:
    """What `apply` will write, decided before anybody is asked; a place adds what it needs.

    `calls` are the writing calls, `restarting` the names of each of them that restarts something. `in_argv` are the
    names whose values will show in the process list, `in_env_manager` those that go into a Deployment's Environment
    Manager. `warnings` are what the writing will bring up.
    """

    writes: tuple[Write, ...] = ()
    calls: int = 0
    restarting: tuple[frozenset[Name], ...] = ()
    in_argv: tuple[Name, ...] = ()
    in_env_manager: tuple[Name, ...] = ()
    warnings: tuple[Notice, ...] = ()


P = TypeVar("P", bound=Prepared)


class Place(Protocol[P]):
    """One place that holds connections, variables or environment variables, for one run.

    It is a context manager: what it holds for the run (a lock, temporary files) goes on every way out. Its text form
    names it to a person in full, `Deployment prod (clx1)`.
    """

    @property
    def address(self) -> str:
        """Return the address by which any command finds it again; two of one address are one place."""
        ...

    @property
    def kind(self) -> str:
        """Return what it is in one word, which stands in the JSON: `env`, `deployment`, `airflow`."""
        ...

    @property
    def label(self) -> str:
        """Return the short name that heads its column in a report: `.env`, `prod`."""
        ...

    @property
    def workspace(self) -> str:
        """Return the Astro workspace that was named for it, empty for none."""
        ...

    @property
    def traits(self) -> Traits:
        """Return what it is, whatever it holds."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self, wanted: Wanted) -> Snapshot:
        """Return what it holds now; what is not wanted may be left out where reading it costs a call.

        After a write it is asked again, with `wanted.only`. Raises AstroSyncError where it cannot be read.
        """
        ...

    def refusal(self, write: Write) -> Refusal | None:
        """Return why it cannot hold exactly this, or None. Pure."""
        ...

    def remote_name(self, name: Name) -> str | None:
        """Return the exact name under which it keeps an entry, where that is not the id. Pure."""
        ...

    def prepare(self, plan: Plan) -> P:
        """Decide how the plan will be written: spellings, calls, what warns. Pure; it was read before."""
        ...

    def apply(self, prepared: P) -> Written:
        """Write what was prepared, and decide nothing. An error that is raised may leave it half done."""
        ...

    def keep_backup(self, folder: Path, now: datetime) -> Path | None:
        """Keep what was read last in the backup folder and return the file, or None if there is nothing to keep.

        Raises AstroSyncError where it cannot keep everything that will be changed.
        """
        ...

    def read_backup(self, backup: Path) -> Snapshot:
        """Return what a backup of this place holds, as the source of an `undo`."""
        ...


AnyPlace = Place[Any]


class Role(StrEnum):
    """What a place is in a move; a source is never locked and never written."""

    SOURCE = "source"
    DESTINATION = "destination"


class PlaceOptions(NamedTuple):
    """The options that a place itself obeys.

    `wants_names`: a target may be protected by the name of its Deployment, which is then looked up by its id.
    """

    allow_argv: tuple[str, ...] = ()
    line_breaks: str = "refuse"
    with_secrets: bool = False
    auto_link: bool = False
    allow_http: bool = False
    jobs: int = 4
    workspace_id: str | None = None
    wants_names: bool = False


class Surroundings(NamedTuple):
    """What surrounds the places of a run; they look around nowhere else.

    `folder` is the run's private folder, `state` the user's state folder (locks of shared places). `astro` raises
    UnusableError where there is none. `mode` tells the local runtime, `docker` or `standalone`. `target` returns the
    settings of a target of the config by its name.
    """

    environ: Mapping[str, str]
    cwd: Path
    project: Path
    folder: Path
    state: Path
    timeout: float
    tell: Callable[[str], None]
    stdin: Callable[[], bytes]
    astro: Callable[[], Astro]
    mode: Callable[[], str]
    target: Callable[[str], Mapping[str, object]]
    options: PlaceOptions = PlaceOptions()
    numbers: Iterator[int] = count(1)

    def new_folder(self, purpose: str) -> Path:
        """Return the path of a folder below the private one that no other place has; the place makes it."""
        return self.folder / f"{purpose}-{next(self.numbers)}"
