"""Let a person pick a Deployment where none was named."""

from collections.abc import Callable, Sequence

from astro_sync.console.layout import printable
from astro_sync.errors import DeclinedError, UsageError
from astro_sync.places.astro_cli import Astro
from astro_sync.places.deployment import Selector
from astro_sync.places.deployment_answers import Listed, parse_listed


def pick_deployment(
    astro: Astro, tell: Callable[[str], None], ask: Callable[[str], str], workspace: str | None
) -> Selector:
    """Show the Deployments of the workspace and return the one whose number is typed.

    Raises UsageError where there is none, DeclinedError for an answer that is no number of the list.
    """
    words = ("--workspace-id", workspace) if workspace else ()
    listed = parse_listed(astro.ask("deployment", "list", *words).stdout)
    if not listed:
        hint = "Name one with --deployment-id ID, or another workspace with --workspace-id ID."
        raise UsageError("No Deployment was named, and the workspace has none to pick from.", hint=hint)
    for line in _lines(listed):
        tell(line)
    typed = ask(f"Which Deployment? [1-{len(listed)}]")
    if not typed.isdecimal() or not 1 <= int(typed) <= len(listed):
        raise DeclinedError("Nothing was changed: no Deployment was picked.")
    return Selector(listed[int(typed) - 1].deployment_id, None, workspace)


def _lines(listed: Sequence[Listed]) -> list[str]:
    width = max(len(each.name) for each in listed)
    count = len(str(len(listed)))
    return [
        printable(f"{number:>{count}}  {each.name:<{width}}  {each.deployment_id}  {each.workspace}".rstrip())
        for number, each in enumerate(listed, 1)
    ]
