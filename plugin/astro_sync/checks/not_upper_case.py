"""AS202: a variable or connection whose name is not in upper case, so that Airflow never looks it up."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from astro_sync.airflow.names import CONNECTION, VARIABLE
from astro_sync.checks.subject import Check, Finding, Fix, Subject
from astro_sync.core.model import Value
from astro_sync.core.secrecy import is_placeholder
from astro_sync.envfile.document import Change, encode, require_reading, splice

_REFERENCE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _find(subject: Subject) -> Iterable[Finding]:
    renamable = _renamable(subject)
    for key, (made, _) in subject.effective.items():
        if _is_overlooked(key):
            message = "Airflow looks it up in upper case only, so it never finds this one"
            yield Finding(made.line, key, message, fixable=key in renamable)


def _fix(subject: Subject) -> Fix:
    document = subject.document
    renamable = _renamable(subject)
    data = encode(splice(document.text, _rename(subject, renamable)))
    expected = {key.upper() if key in renamable else key: value for key, value in document.values().items()}
    require_reading(data, document, expected)
    return Fix(data)


def _rename(subject: Subject, renamable: frozenset[str]) -> Iterator[Change]:
    text = subject.document.text
    for made in subject.assignments:
        if made.key in renamable:
            start = text.index(made.key, made.start, made.end)
            yield Change(start, start + len(made.key), made.key.upper())


def _is_overlooked(key: str) -> bool:
    upper = key.upper()
    return key != upper and upper.startswith((CONNECTION, VARIABLE))


def _renamable(subject: Subject) -> frozenset[str]:
    """Return the names that can be put in upper case: what Airflow then finds is theirs alone, and a real value.

    A name that a `$NAME` refers to stays, and one without a value in the file.
    """
    spelled_alike = Counter(key.upper() for key in {made.key for made in subject.assignments})
    referred_to = set(_REFERENCE.findall(subject.document.text))
    inherited = {made.key for made in subject.assignments if not made.has_separator}
    return frozenset(
        key
        for key, (_, value) in subject.effective.items()
        if _is_overlooked(key)
        and _NAME.fullmatch(key)
        and value
        and not is_placeholder(Value(value))
        and spelled_alike[key.upper()] == 1
        and key not in referred_to | inherited
    )


CHECK = Check(
    code="AS202",
    name="not-upper-case",
    title="An AIRFLOW_VAR_ or AIRFLOW_CONN_ name that is not in upper case: Airflow never looks it up.",
    find=_find,
    fix=_fix,
)
