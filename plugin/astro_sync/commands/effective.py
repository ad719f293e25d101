"""`list --effective`: which store on a Deployment answers for each key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from astro_sync.airflow.names import BACKEND
from astro_sync.commands.context import RunContext
from astro_sync.commands.outcome import source_outcome
from astro_sync.concurrency import each
from astro_sync.config.options import ReadOptions
from astro_sync.console.objects import effective_lines
from astro_sync.core.effective import Effective, Store, effective
from astro_sync.core.filters import Wanted
from astro_sync.core.model import Kind, Name, Secrets, Snapshot
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import AstroSyncError, UnusableError, UsageError
from astro_sync.places.base import AnyPlace, Role

# In Airflow's look-up order: the word of each store in the JSON, and its name for people.
STORES: Final[Mapping[str, str]] = {
    "backend": "secrets backend",
    "env-manager": "Environment Manager",
    "deployment": "environment variables",
    "airflow": "metadata database",
}
_IN_ENVIRONMENT: Final = frozenset({"env-manager", "deployment"})


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of one store: the place with what it holds, or why it was not read."""

    word: str
    place: AnyPlace | None = None
    held: Snapshot | None = None
    error: AstroSyncError | None = None


def list_effective(context: RunContext[ReadOptions], named: str, wanted: Wanted) -> RunOutcome:
    """Read every store of a Deployment that can be read, and tell which of them answers for each key.

    Raises UsageError for what names no Deployment, UnusableError where none of its stores could be read.
    """
    rest = named.removeprefix("deployment:")
    if not rest or ":" in rest or "/" in rest:
        hint = "Write astro-sync list --effective @TARGET, or deployment:ID."
        raise UsageError(f"{named} names no Deployment.", hint=hint)
    table = context.settings.target(rest[1:]) if rest.startswith("@") else {}
    deployment = _read("deployment", lambda: context.place(f"deployment:{rest}", Role.SOURCE), wanted)
    entity = deployment.place.address.partition(":")[2] if deployment.place and deployment.held else rest
    which = entity if entity.startswith("@") else f"deployment/{entity}"
    addresses = {"env-manager": f"env-manager:{which}", "airflow": f"airflow:{which}"}
    if table.get("backend"):
        addresses["backend"] = f"backend:{rest}"
    others = each(
        lambda word: _read(word, lambda: context.place(addresses[word], Role.SOURCE), wanted),
        list(addresses),
        at_once=len(addresses),
    )
    reads = {read.word: read for read in (*others, deployment)}
    if "backend" not in reads and deployment.held and Name(Kind.ENVIRONMENT, BACKEND) in deployment.held.entries:
        reads["backend"] = _Read("backend", error=_not_configured(rest))
    return _outcome([reads[word] for word in STORES if word in reads], wanted)


def _read(word: str, open_it: Callable[[], AnyPlace], wanted: Wanted) -> _Read:
    try:
        place = open_it()
        with place:
            return _Read(word, place, place.read(wanted))
    except AstroSyncError as error:
        return _Read(word, error=error)


def _not_configured(rest: str) -> AstroSyncError:
    where = f"[targets.{rest[1:]}]" if rest.startswith("@") else "a target of .astro-sync.toml"
    hint = f'Name the file that configures it: backend = ".env.prod" in {where}.'
    return UnusableError("The Deployment has one, and nothing here tells how to read it.", hint=hint)


def _outcome(reads: list[_Read], wanted: Wanted) -> RunOutcome:
    done = [(read.word, read.place, read.held) for read in reads if read.place is not None and read.held is not None]
    unread = [(read.word, read.error) for read in reads if read.error is not None]
    if not done:
        raise unread[0][1]
    stores = [
        Store(word, place.traits, _wanted(held, wanted), in_environment=word in _IN_ENVIRONMENT)
        for word, place, held in done
    ]
    rows = [_row(found, {word: place for word, place, _ in done}) for found in effective(stores)]
    told = [(STORES[word], str(error), error.hint or "") for word, error in unread]
    columns = {word: name for word, name in STORES.items() if any(word == store.word for store in stores)}
    return RunOutcome(
        command="list",
        places=tuple(source_outcome(place, held.warnings) for _, place, held in done),
        lines=tuple(effective_lines(rows, columns, told)),
        details={
            "objects": rows,
            "not_read": [{"store": word, "message": str(e), "hint": e.hint} for word, e in unread],
        },
    )


def _wanted(held: Snapshot, wanted: Wanted) -> Snapshot:
    return replace(held, entries={name: entry for name, entry in held.entries.items() if wanted.wants(name)})


def _row(found: Effective, places: Mapping[str, AnyPlace]) -> dict[str, object]:
    entry = found.entries[found.wins] if found.wins else next(iter(found.entries.values()))
    place = places[found.wins or next(iter(found.entries))]
    return {
        "kind": found.name.kind.value,
        "id": found.name.id,
        "key": found.name.key,
        "remote_name": place.remote_name(entry.name),
        "secret": entry.secret or place.traits.secrets is Secrets.ALL,
        "updated_at": entry.updated_at or None,
        "held_by": list(found.entries),
        "wins": found.wins,
    }
