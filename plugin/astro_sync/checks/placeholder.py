"""AS301: a text that only stands for a secret (design, rule 1)."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.core.model import Value
from astro_sync.core.secrecy import is_placeholder


def _find(subject: Subject) -> Iterable[Finding]:
    for key, (made, value) in subject.effective.items():
        if is_placeholder(Value(value)):
            yield Finding(made.line, key, "holds only a placeholder: set its real value, or remove the line")


CHECK = Check(
    code="AS301",
    name="placeholder",
    title="A placeholder where a secret belongs, such as the Astro CLI leaves when it saves a Deployment's variables.",
    find=_find,
)
