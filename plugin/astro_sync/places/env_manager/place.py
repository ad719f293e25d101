"""The Environment Manager's objects of one Workspace or Deployment, read and written through `astro api cloud`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from astro_sync.airflow.connection import defect, parse_connection, to_json
from astro_sync.concurrency import each as run_each
from astro_sync.core.filters import Wanted
from astro_sync.core.model import (
    Entry,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Refusal,
    Secrets,
    Snapshot,
    Traits,
    Value,
    Write,
    Written,
    name_of,
)
from astro_sync.core.secrecy import is_sensitive
from astro_sync.errors import UsageError
from astro_sync.places.airflow_api.astro_transport import AstroTransport
from astro_sync.places.airflow_api.connection_text import text_of
from astro_sync.places.airflow_api.report import Report
from astro_sync.places.airflow_api.transport import ApiError
from astro_sync.places.base import Prepared, Role, Surroundings
from astro_sync.places.common import EntryBackups, OpenPlace
from astro_sync.places.deployment import identify, select
from astro_sync.places.env_manager.bulk import MOST_KEYS, batches
from astro_sync.places.env_manager.client import EnvManagerClient
from astro_sync.places.env_manager.objects import RemoteObject, Scope, Unfit, WriteObject, unfit

_TRAITS: Final = Traits(Names.AIRFLOW, secrets=Secrets.HIDDEN, shared=True, as_fields=True, descriptions=True)
# of two that Airflow looks up under one name, the first wins
_ORDER: Final = (Kind.CONNECTION, Kind.VARIABLE, Kind.ENVIRONMENT)
_HINT: Final = "Write env-manager:workspace/ID, env-manager:deployment/ID or env-manager:@TARGET."


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedObjects(Prepared):
    """The objects as the API wants them, by calls; which of them are new, and the names of the entries they hold."""

    batches: tuple[tuple[WriteObject, ...], ...]
    create: frozenset[Name]
    names: Mapping[Name, Name]


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class EnvManager(OpenPlace, EntryBackups):
    """The environment objects of one scope for one run; a Deployment sees those of its Workspace that are linked.

    With environment variables as its only `kinds` it keeps Airflow's connections and variables under their names there.
    """

    client: EnvManagerClient
    label: str
    around: Surroundings
    kinds: tuple[Kind, ...] = _ORDER
    kind: str = field(default="env-manager", init=False)
    traits: Traits = field(default=_TRAITS, init=False)
    held: Snapshot = field(default_factory=Snapshot, init=False)
    _shown: Mapping[Name, RemoteObject] = field(default_factory=dict, init=False)
    _written: dict[Name, bool] = field(default_factory=dict, init=False)

    def __str__(self) -> str:
        return self.client.name

    @property
    def address(self) -> str:
        """Return its address, by ids."""
        scope = self.client.scope
        return f"env-manager:{'deployment' if scope.deployment else 'workspace'}/{scope.entity}"

    def read(self, wanted: Wanted) -> Snapshot:
        """Return its objects; a secret has no value unless secrets were asked for.

        Raises UnusableError if it cannot be reached, or gives out no secrets that were asked for.
        """
        options, linked = self.around.options, self.client.scope.deployment
        # an environment variable may be one of Airflow's by its name
        kinds = [kind for kind in self.kinds if kind is Kind.ENVIRONMENT or wanted.wants_kind(kind)]
        listed = run_each(
            lambda kind: self.client.read([kind], with_secrets=options.with_secrets, linked=linked),
            kinds,
            at_once=options.jobs,
        )
        shown: dict[Name, RemoteObject] = {}
        for found in (each for part in listed for each in part):
            name = name_of(found.name.id) if found.name.kind is Kind.ENVIRONMENT else found.name
            if wanted.wants(name):
                shown.setdefault(name, found)
        self._shown = shown
        entries = {name: self._entry(name, found) for name, found in shown.items()}
        self.held = Snapshot(entries, complete=wanted.only is None)
        return self.held

    def refusal(self, write: Write) -> Refusal | None:
        """Return why the Environment Manager cannot hold this as it is."""
        shown = self._shown.get(write.name)
        if shown is not None and shown.inherited:
            source = shown.raw.get("sourceScopeEntityId") or "ID"
            about = f"it is linked from the Workspace; change it there: env-manager:workspace/{source}"
            return Refusal(Reason.CANNOT_HOLD, about)
        wanted = self._object(write)
        if wanted is None:
            return Refusal(Reason.UNSOUND_CONNECTION, defect(write.value.reveal()) or "")
        if (why := unfit(wanted)) is not None:
            return _REFUSALS[why]
        gone = wanted.connection is not None and not wanted.connection.password
        if gone and shown is not None and _has_password(shown):
            about = "the password that it has there cannot be emptied; delete the connection there first"
            return Refusal(Reason.CANNOT_HOLD, about)
        return None

    def prepare(self, plan: Plan) -> PreparedObjects:
        """Turn the writes into objects, and part these into calls: new variables go together, others by themselves."""
        pairs = [(write, wanted) for write in plan.writes if (wanted := self._object(write)) is not None]
        create = frozenset(wanted.name for write, wanted in pairs if write.old is None)
        # the time limit is for a call, which has a second for each of its keys
        most = max(1, min(MOST_KEYS, int(self.around.timeout)))
        parts = batches([wanted for _, wanted in pairs], create, most)
        names = {wanted.name: write.name for write, wanted in pairs}
        return PreparedObjects(writes=plan.writes, calls=len(parts), batches=parts, create=create, names=names)

    def apply(self, prepared: PreparedObjects) -> Written:
        """Write call by call all but what somebody changed since it was read; what links to an object is echoed."""
        known = {found.name: found.updated_at for found in self._shown.values()}
        self._written |= {write.name: write.secret for write in prepared.writes}
        try:
            report = self.client.write(prepared.batches, create=prepared.create, known=known)
            results = {prepared.names[name]: result for name, result in report.results.items()}
            return Report(results, report.failure).written()
        except ApiError as error:
            return Written(failure=error)

    def _entry(self, name: Name, found: RemoteObject) -> Entry:
        if found.connection is None:
            value = None if found.text is None else Value(found.text)
            return Entry(name, value, found.secret, found.description, updated_at=found.updated_at)
        text = text_of(found.connection)
        if isinstance(text, Refusal):
            return Entry(name, None, problem=text)
        value = None if found.hidden else Value(text)
        # A connection has no mark of its own: whether it is a secret was decided when it was written.
        secret = self._written.get(name, value is None or is_sensitive(name.key, value))
        visible = Value(to_json(found.connection)) if found.hidden else None
        return Entry(name, value, secret, visible=visible, updated_at=found.updated_at)

    def _new_name(self, name: Name) -> Name:
        return name if name.kind in self.kinds else Name(Kind.ENVIRONMENT, name.variable)

    def _object(self, write: Write) -> WriteObject | None:
        """Return a write as the API wants it; None for a connection that Airflow cannot read."""
        new = write.old is None
        auto_link = True if new and self.around.options.auto_link else None
        shown = self._shown.get(write.name)
        wanted = WriteObject(
            shown.name if shown else self._new_name(write.name),
            write.value.reveal(),
            secret=write.secret,
            description=write.description,
            auto_link=auto_link,
        )
        if wanted.name.kind is not Kind.CONNECTION:
            return wanted
        connection = parse_connection(wanted.text)
        if connection is None:
            return None
        description = connection.description or write.description
        return replace(wanted, text="", connection=connection, description=description)


def open_env_manager(rest: str, role: Role, around: Surroundings) -> EnvManager:
    """Return the objects of `workspace/ID`, `deployment/ID` or `@TARGET`; raises UsageError for anything else."""
    scope, label = _scope(rest, around)
    if scope.deployment and around.options.auto_link and role is Role.DESTINATION:
        raise UsageError(
            "--auto-link is for objects of a Workspace, not of a Deployment.", hint="Write env-manager:workspace/ID."
        )
    name = f"Environment Manager of {'Deployment' if scope.deployment else 'Workspace'} {label}"
    astro = around.astro()
    client = EnvManagerClient(
        AstroTransport(astro, "cloud", (), name),
        lambda words, stdin: astro.run(*words, stdin=stdin),
        scope,
        name,
        around.options.jobs,
    )
    return EnvManager(client=client, label=label, around=around)


def _scope(rest: str, around: Surroundings) -> tuple[Scope, str]:
    kind, _, entity = rest.partition("/")
    if kind == "workspace" and entity:
        return Scope(entity, deployment=False), entity
    by_id = kind == "deployment" and bool(entity)
    if not by_id and not rest.startswith("@"):
        raise UsageError(f"The address env-manager:{rest} names no Workspace or Deployment.", hint=_HINT)
    if selector := select(entity if by_id else rest, around):
        found = identify(selector, around)
        return Scope(found.deployment_id, deployment=True), found.name or (entity if by_id else rest[1:])
    workspace = around.target(rest[1:]).get("workspace_id")
    if isinstance(workspace, str) and workspace:
        return Scope(workspace, deployment=False), rest[1:]
    raise UsageError(f"The target {rest[1:]} names no Deployment and no Workspace.", hint=_HINT)


def _has_password(shown: RemoteObject) -> bool:
    return "password" in shown.hidden or bool(shown.connection and shown.connection.password)


_REFUSALS: Final = {
    Unfit.NO_TYPE: Refusal(Reason.UNSOUND_CONNECTION, "it has no type"),
    Unfit.EXTRA_NO_OBJECT: Refusal(Reason.UNSOUND_CONNECTION, "its extra is not a JSON object"),
    Unfit.NUMBER: Refusal(Reason.NOT_EXACT, "a number in its extra would change: it is kept as a 64-bit float"),
    Unfit.EMPTY_SECRET: Refusal(Reason.EMPTY, "an empty secret means no change there"),
}
