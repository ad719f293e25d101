"""AS204: a name that Astro sets itself (CONTRIBUTING, rule 10)."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.core.filters import is_reserved


@check(
    "AS204",
    "reserved-key",
    "A name that Astro sets itself, or that steers a tool of this machine: it is never sent to a Deployment.",
)
def reserved_key(subject: Subject) -> Iterator[Problem]:
    """Find each reserved name."""
    message = "Astro sets it itself, or it steers a tool: it stays on this machine without --allow-reserved"
    for key, (line, _) in subject.effective.items():
        if is_reserved(key):
            yield Problem(line, key, message)
