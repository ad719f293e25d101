"""AS301: a text that only stands for a secret (CONTRIBUTING, rule 1)."""

from collections.abc import Iterator

from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.core.secrecy import is_placeholder


@check(
    "AS301",
    "placeholder",
    "A placeholder where a secret belongs, such as the Astro CLI leaves when it saves a Deployment's variables.",
)
def placeholder(subject: Subject) -> Iterator[Problem]:
    """Find each placeholder."""
    for key, (line, value) in subject.effective.items():
        if is_placeholder(value):
            yield Problem(line, key, "holds only a placeholder: set its real value, or remove the line")
