"""A Deployment together with its Environment Manager, which takes the values that a Deployment's variables cannot hold.

They become environment variables there, under the same names (`--line-breaks env-manager`).
"""

from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from astro_sync.core.filters import Wanted
from astro_sync.core.model import Kind, Name, Plan, Reason, Refusal, Snapshot, Traits, Write, Written
from astro_sync.places.base import Prepared, Role, Surroundings
from astro_sync.places.common import EntryBackups
from astro_sync.places.deployment import Deployment, PreparedCalls
from astro_sync.places.env_manager.place import EnvManager, PreparedObjects, open_env_manager


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedBoth(Prepared):
    """What goes into the Deployment's own variables, and what into its Environment Manager."""

    own: PreparedCalls
    beside: PreparedObjects | None


@dataclass(slots=True, eq=False, repr=False)
class DeploymentAndManager(EntryBackups):
    """One Deployment's environment variables, its own and those that its Environment Manager sets."""

    deployment: Deployment
    around: Surroundings
    _manager: EnvManager | None = field(default=None, init=False)
    _beside: frozenset[Name] = field(default=frozenset(), init=False)
    held: Snapshot = field(default_factory=Snapshot, init=False)

    def __enter__(self) -> Self:
        self.deployment.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.deployment.__exit__(kind, error, trace)

    def __str__(self) -> str:
        return str(self.deployment)

    @property
    def address(self) -> str:
        """Return the Deployment's address."""
        return self.deployment.address

    @property
    def kind(self) -> str:
        """Return what a Deployment is."""
        return self.deployment.kind

    @property
    def label(self) -> str:
        """Return the Deployment's name."""
        return self.deployment.label

    @property
    def workspace(self) -> str:
        """Return the workspace that was named."""
        return self.deployment.workspace

    @property
    def traits(self) -> Traits:
        """Return what a Deployment is."""
        return self.deployment.traits

    def remote_name(self, name: Name) -> str | None:
        """Return where a name that the Environment Manager holds is found."""
        return f"{self._manager.address} {name.variable}" if self._manager and name in self._beside else None

    def read(self, wanted: Wanted) -> Snapshot:
        """Return the Deployment's variables, and those beside them; its own win."""
        own = self.deployment.read(wanted)
        if self._manager is None:
            scope = f"deployment/{self.deployment.details.deployment_id}"
            opened = open_env_manager(scope, Role.SOURCE, self.around)
            self._manager = replace(opened, kinds=(Kind.ENVIRONMENT,))
        beside = self._manager.read(wanted)
        self._beside = frozenset(beside.entries.keys() - own.entries.keys())
        entries = {**{name: beside.entries[name] for name in self._beside}, **own.entries}
        self.held = own._replace(entries=entries)
        return self.held

    def refusal(self, write: Write) -> Refusal | None:
        """Return why neither can hold this."""
        why = self.deployment.refusal(write)
        return self._manager.refusal(write) if self._manager and self._goes_beside(write) else why

    def prepare(self, plan: Plan) -> PreparedBoth:
        """Part the writes, and prepare each part."""
        beside = [change for change in plan.changes if change.write and self._goes_beside(change.write)]
        rest = [change for change in plan.changes if change not in beside]
        own = self.deployment.prepare(plan._replace(changes=tuple(rest)))
        objects = None
        if self._manager and any(change.write for change in beside):
            objects = self._manager.prepare(plan._replace(changes=tuple(beside)))
        return PreparedBoth(
            writes=plan.writes,
            calls=own.calls + (objects.calls if objects else 0),
            restarting=own.restarting,
            in_argv=own.in_argv,
            in_env_manager=tuple(write.name for write in objects.writes) if objects else (),
            warnings=own.warnings,
            own=own,
            beside=objects,
        )

    def apply(self, prepared: PreparedBoth) -> Written:
        """Write the Deployment's own variables, then those beside them unless the first did not end well."""
        own = self.deployment.apply(prepared.own)
        if own.failure or prepared.beside is None or self._manager is None:
            return own
        beside = self._manager.apply(prepared.beside)
        return beside._replace(trusted=own.trusted | beside.trusted, failed={**own.failed, **beside.failed})

    def _goes_beside(self, write: Write) -> bool:
        """Tell whether a write is for the Environment Manager: what it holds already, and what is new and has lines.

        The Deployment's own variable of that name would stay beside it, and only one of them wins.
        """
        if write.old is not None:
            return write.name in self._beside
        why = self.deployment.refusal(write)
        return why is not None and why.reason is Reason.LINE_BREAK
