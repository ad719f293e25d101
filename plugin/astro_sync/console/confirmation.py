"""Ask for the one confirmation of a run, and for the names of protected targets."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from astro_sync.config.file import Settings
from astro_sync.config.settings import Match, find_protection
from astro_sync.console.layout import counted, printable
from astro_sync.console.terminal import Terminal
from astro_sync.core.model import Action
from astro_sync.core.outcome import PlaceOutcome
from astro_sync.errors import DeclinedError, UsageError
from astro_sync.sync.pipeline import Step


class ConfirmationOptions(NamedTuple):
    """What the user allowed beforehand; `protected` are the tables of the protected targets by their names.

    `real_file` returns the file that `backend:REST` reads, without links.
    """

    yes: bool = False
    yes_protected: tuple[str, ...] = ()
    protected: Mapping[str, Settings] = MappingProxyType({})
    real_file: Callable[[str], str] = str


def confirmed(steps: Sequence[Step], options: ConfirmationOptions, terminal: Terminal) -> bool:
    """Show what is about to happen and return the answer.

    Without a terminal an option takes its place: UsageError is raised if it is missing and a shared place would be
    changed. DeclinedError is raised for a name that was mistyped.
    """
    named = dict(_protected(steps, options, terminal))
    missing = [name for name in dict.fromkeys(named.values()) if name not in options.yes_protected]
    if not terminal.interactive:
        if not any(step.place.traits.shared for step in steps):
            return True
        if missing or not (options.yes or _all_named(steps, named)):
            terminal.show_plan([planned(step) for step in steps])
            raise _unconfirmed(missing)
        return True
    if options.yes and not missing:
        return True
    terminal.show_plan([planned(step) for step in steps], *map(_describe, steps))
    if missing:
        _ask_for_names(missing, terminal)
    # Whoever named them all has said yes to all.
    return options.yes or _all_named(steps, named) or terminal.confirm("Go on?")


def planned(step: Step) -> PlaceOutcome:
    """Return one step as a report shows it, before or after it was carried out."""
    place, prepared = step.place, step.prepared
    return PlaceOutcome(
        address=place.address,
        kind=place.kind,
        label=place.label,
        title=str(place),
        role="destination",
        changes=step.changes,
        warnings=step.warnings,
        backup=step.backup,
        calls=prepared.calls,
        restarts=step.restarts,
        in_argv=prepared.in_argv,
        is_file=place.traits.atomic,
    )


def _protected(steps: Sequence[Step], options: ConfirmationOptions, terminal: Terminal) -> Iterator[tuple[str, str]]:
    """Yield the address and the name of each protected target that would be changed, however it was named."""
    for place in (step.place for step in steps if step.place.traits.shared):
        for name, match in find_protection(options.protected, place.address, place.label, options.real_file):
            if match is Match.EXACT:
                yield place.address, name
            else:
                text = f"Target {name} does not protect {place}: the two differ in upper and lower case."
                terminal.tell(f"{text} Correct the target in .astro-sync.toml if it is meant to.")


def _all_named(steps: Sequence[Step], named: Mapping[str, str]) -> bool:
    shared = {step.place.address for step in steps if step.place.traits.shared}
    return bool(shared) and shared <= named.keys()


def _unconfirmed(missing: Sequence[str]) -> UsageError:
    if missing:
        hint = "Confirm by name: " + " ".join(f"--yes-protected {shlex.quote(name)}" for name in missing)
        which = f"target {missing[0]} is" if len(missing) == 1 else f"targets {', '.join(missing)} are"
        return UsageError(f"Nothing was changed: {which} protected, --yes is not enough.", hint=hint)
    return UsageError("Nothing was changed: there is no terminal to ask on.", hint="Confirm with --yes.")


def _ask_for_names(missing: Sequence[str], terminal: Terminal) -> None:
    """Ask for the names of all protected targets at once."""
    names = ", ".join(missing)
    one = len(missing) == 1
    typed = terminal.type_line(
        f"Target {names} is protected. Type its name to change it"
        if one
        else f"Targets {names} are protected. Type their names to change them"
    )
    if sorted(typed.replace(",", " ").split()) != sorted(missing):
        expected = f'the target is "{names}"' if one else f'the targets are "{names}"'
        if not typed:
            raise DeclinedError
        raise DeclinedError(f'Nothing was changed: you typed "{typed}", {expected}.')


def _describe(step: Step) -> str:
    """Return what a person is asked to allow: how much where, in how many calls, and what will show."""
    actions = [change.action for change in step.plan.changes]
    counts = [
        *((actions.count(Action.CREATE), "new"), (actions.count(Action.UPDATE), "changed")),
        (len(step.plan.recorded), "noted as a comment"),
    ]
    text = f"{step.place}: {', '.join(f'{count} {word}' for count, word in counts if count)}"
    prepared = step.prepared
    if not step.place.traits.atomic:
        text += f", {counted(prepared.calls, 'writing call')}"
    if step.restarts:
        text += f", {counted(step.restarts, 'restart')}"
    if prepared.in_argv:
        keys = ", ".join(printable(name.key) for name in prepared.in_argv)
        text += f". In the process list for a moment: {keys}"
    return f"{text}."
