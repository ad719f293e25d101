"""AS204: a name that Astro sets itself (design, rule 10)."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.core.filters import is_reserved


def _find(subject: Subject) -> Iterable[Finding]:
    for key, (made, _) in subject.effective.items():
        if is_reserved(key):
            yield Finding(
                made.line,
                key,
                "Astro sets it itself, or it steers a tool: it stays on this machine without --allow-reserved",
            )


CHECK = Check(
    code="AS204",
    name="reserved-key",
    title="A name that Astro sets itself, or that steers a tool of this machine: it is never sent to a Deployment.",
    find=_find,
)
