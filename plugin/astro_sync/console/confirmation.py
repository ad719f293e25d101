"""Ask for the one confirmation of a run, and for the name of a protected target."""

import shlex
from collections.abc import Iterator, Sequence

from astro_sync.config.settings import Match, Settled
from astro_sync.console.report import count_actions
from astro_sync.console.terminal import Terminal
from astro_sync.core.model import WRITES, Plan
from astro_sync.errors import DeclinedError, UsageError
from astro_sync.places.base import Endpoint
from astro_sync.places.deployment import Deployment
from astro_sync.sync.step import Leg


def confirmed(legs: Sequence[Leg], settled: Settled, terminal: Terminal, *, must_confirm: bool) -> bool:
    """Show what is about to happen and return the answer.

    Without a terminal an option takes its place, and UsageError is raised if it is missing and `must_confirm`.
    """
    options = settled.options
    if not must_confirm and not terminal.interactive:
        return True
    named = dict(_protected(legs, settled, terminal))
    protected = [name for name in named if name not in options.yes_protected]
    if not terminal.interactive and (protected or not options.yes):
        for leg in legs:
            terminal.show_plan(str(leg.destination), leg.plan.changes)
    if protected and not terminal.interactive:
        hint = f"Confirm by name: {' '.join(f'--yes-protected {shlex.quote(name)}' for name in protected)}."
        which = f"target {protected[0]} is" if len(protected) == 1 else f"targets {', '.join(protected)} are"
        raise UsageError(f"Nothing was changed: {which} protected, --yes is not enough.", hint=hint)
    if terminal.interactive and (protected or not options.yes):
        for leg in legs:
            terminal.show_plan(str(leg.destination), leg.plan.changes)
    for name in protected:
        typed = terminal.type_name(f"Target {name} is protected. Type its name to change it")
        if typed != name:
            raise DeclinedError(f'Nothing was changed: you typed "{typed}", the target is "{name}".')
    if len(set(named.values())) == len([leg for leg in legs if isinstance(leg.destination, Deployment)]) > 0:
        # Whoever named them all has said yes to all.
        return True
    questions = [_describe(leg.destination, leg.plan) for leg in legs]
    return terminal.confirm(*questions, "Go on?")


def _protected(legs: Sequence[Leg], settled: Settled, terminal: Terminal) -> Iterator[tuple[str, str]]:
    """Yield the protected targets that would be changed, however they were named, and the ids of their Deployments."""
    for leg in legs:
        if isinstance(leg.destination, Deployment):
            details = leg.destination.details
            for name, match in settled.protection(details.deployment_id, details.name):
                if match is Match.EXACT:
                    yield name, details.deployment_id
                else:
                    text = f"Target {name} does not protect {leg.destination}: the two differ in upper and lower case."
                    terminal.tell(f"{text} Correct the target in .astro-sync.toml if it is meant to.")


def _describe(destination: Endpoint, plan: Plan) -> str:
    """Return what a person is asked to allow, for a Deployment with the number of writing calls."""
    count = count_actions(change.action for change in plan.changes if change.action in WRITES)
    if not isinstance(destination, Deployment):
        return f"{destination}: {count or 'a comment for each secret'}."
    calls = len({change.secret for change in plan.writes})
    workspace = destination.details.workspace
    where = f"workspace {workspace}" if workspace else "the current workspace"
    times = "1 writing call, which restarts it" if calls == 1 else f"{calls} writing calls, each of which restarts it"
    text = f"{destination} in {where}: {count}, in {times}."
    if seen := destination.in_argv(plan):
        text += f" The values of {', '.join(seen)} show in the process list for a moment."
    return text
