"""AS202: a variable or connection whose name is not in upper case, so that Airflow never looks it up."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.checks.subject import Fix, Problem, Subject, check
from astro_sync.core.secrecy import is_placeholder
from astro_sync.envfile.document import Change, encode, require_reading, splice

_REFERENCE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _fix(subject: Subject) -> Fix:
    document = subject.document
    renamable = _renamable(subject)
    data = encode(splice(document.text, _rename(subject, renamable)))
    expected = {key.upper() if key in renamable else key: value for key, value in document.values().items()}
    require_reading(data, document, expected)
    return Fix(data)


@check(
    "AS202",
    "not-upper-case",
    "An AIRFLOW_VAR_ or AIRFLOW_CONN_ name that is not in upper case: Airflow never looks it up.",
    fix=_fix,
)
def not_upper_case(subject: Subject) -> Iterator[Problem]:
    """Find each such name."""
    renamable = _renamable(subject)
    message = "Airflow looks it up in upper case only, so it never finds this one"
    for key, (line, _) in subject.effective.items():
        if _is_overlooked(key):
            yield Problem(line, key, message, fixable=key in renamable)


def _rename(subject: Subject, renamable: frozenset[str]) -> Iterator[Change]:
    text = subject.document.text
    for assignment in subject.assignments:
        if assignment.key in renamable:
            start = text.index(assignment.key, assignment.start, assignment.end)
            yield Change(start, start + len(assignment.key), assignment.key.upper())


def _is_overlooked(key: str) -> bool:
    upper = key.upper()
    return key != upper and upper.startswith((CONNECTION, VARIABLE))


def _renamable(subject: Subject) -> frozenset[str]:
    """Return the names that can be put in upper case: what Airflow then finds is theirs alone, and a real value.

    A name that a `$NAME` refers to stays, and one without a value in the file.
    """
    spelled_alike = Counter(key.upper() for key in {assignment.key for assignment in subject.assignments})
    referred_to = set(_REFERENCE.findall(subject.document.text))
    inherited = {assignment.key for assignment in subject.assignments if not assignment.has_separator}
    return frozenset(
        key
        for key, (_, value) in subject.effective.items()
        if _is_overlooked(key)
        and _NAME.fullmatch(key)
        and value
        and not is_placeholder(value)
        and spelled_alike[key.upper()] == 1
        and key not in referred_to | inherited
    )
