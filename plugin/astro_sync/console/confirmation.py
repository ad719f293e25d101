"""Ask for the one confirmation of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from astro_sync.console.terminal import Terminal
from astro_sync.errors import UsageError
from astro_sync.sync.pipeline import Step


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was said in advance."""

    yes: bool = False
    yes_protected: tuple[str, ...] = ()
    protected: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def confirmed(steps: Sequence[Step], confirmation: Confirmation, terminal: Terminal) -> bool:
    """Return the answer."""
    shared = any(not step.place.traits.atomic for step in steps)
    if confirmation.yes or (not terminal.interactive and not shared):
        return True
    if not terminal.interactive:
        raise UsageError("Nothing was changed: there is no terminal to ask on.", hint="Confirm with --yes.")
    return terminal.confirm("Go on?")
