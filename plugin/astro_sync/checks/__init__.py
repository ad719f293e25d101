"""Find in a `.env` what will bite: one module for each check, listed here. Nothing is read from or written to disk."""

from collections.abc import Collection, Sequence
from typing import Final

from astro_sync.checks.case_twins import case_twins
from astro_sync.checks.duplicate_key import duplicate_key
from astro_sync.checks.empty_value import empty_value
from astro_sync.checks.ignored_line import ignored_line
from astro_sync.checks.load_cannot_carry import load_cannot_carry
from astro_sync.checks.local_host import local_host
from astro_sync.checks.not_ignored import not_ignored
from astro_sync.checks.not_posix_name import not_posix_name
from astro_sync.checks.not_upper_case import not_upper_case
from astro_sync.checks.outside_reference import outside_reference
from astro_sync.checks.placeholder import placeholder
from astro_sync.checks.readable_by_others import readable_by_others
from astro_sync.checks.readers_differ import readers_differ
from astro_sync.checks.rejected_file import rejected_file
from astro_sync.checks.reserved_key import reserved_key
from astro_sync.checks.subject import Check, Fix, Problem, Subject, shown
from astro_sync.checks.surroundings import Surroundings, look_around
from astro_sync.checks.tracked_by_git import tracked_by_git
from astro_sync.checks.unset_reference import unset_reference
from astro_sync.checks.unsound_connection import unsound_connection
from astro_sync.errors import UsageError

__all__ = [
    "CHECKS",
    "Check",
    "Fix",
    "Problem",
    "Subject",
    "Surroundings",
    "check_file",
    "choose",
    "explanations",
    "fix_file",
    "look_around",
]

# AS1: how the file is read; AS2: names; AS3: values; AS4: the file itself. Fixes are made in this order.
CHECKS: Final[tuple[Check, ...]] = (
    rejected_file,
    ignored_line,
    duplicate_key,
    readers_differ,
    load_cannot_carry,
    unset_reference,
    outside_reference,
    not_posix_name,
    not_upper_case,
    case_twins,
    reserved_key,
    placeholder,
    empty_value,
    unsound_connection,
    local_host,
    tracked_by_git,
    not_ignored,
    readable_by_others,
)


def choose(select: Collection[str] = (), ignore: Collection[str] = ()) -> tuple[Check, ...]:
    """Return the checks that `select` names, all if it is empty, without those that `ignore` names.

    A check is named by its code, by the beginning of some codes (`AS1`), or by its name. Raises UsageError for a word
    that names none.
    """
    for word in (*select, *ignore):
        if not any(_is_named(check, (word,)) for check in CHECKS):
            raise UsageError(f"There is no check {word}.", hint="`astro-sync check --help` lists them.")
    return tuple(check for check in CHECKS if (not select or _is_named(check, select)) and not _is_named(check, ignore))


def check_file(subject: Subject, checks: Sequence[Check] = CHECKS) -> list[Problem]:
    """Return what the checks find, by line, then by code."""
    file = str(subject.path)
    problems = [
        found._replace(code=check.code, file=file, key=None if found.key is None else shown(found.key, found.line))
        for check in _applicable(checks, subject)
        for found in check.find(subject)
    ]
    return sorted(problems, key=lambda problem: (problem.line, problem.code))


def fix_file(subject: Subject, checks: Sequence[Check] = CHECKS) -> Fix:
    """Return the bytes and the mode that the file has after the fixes of the checks; None where nothing is to do."""
    mode = None
    fixed = subject
    for check in _applicable(checks, subject):
        if check.fix is None:
            continue
        fix = check.fix(fixed)
        mode = fix.mode if fix.mode is not None else mode
        if fix.data is not None and fix.data != fixed.document.data:
            fixed = fixed.with_data(fix.data)
    return Fix(fixed.document.data if fixed is not subject else None, mode)


def explanations() -> tuple[tuple[str, str], ...]:
    """Return each check's code and name, and the sentence that explains it, for `--help` and the README."""
    fixable = {True: " (--fix)", False: ""}
    return tuple((f"{check.code} {check.name}", f"{check.title}{fixable[check.fix is not None]}") for check in CHECKS)


def _applicable(checks: Sequence[Check], subject: Subject) -> list[Check]:
    return [check for check in checks if not check.needs_reading or subject.document.rejection is None]


def _is_named(check: Check, words: Collection[str]) -> bool:
    return any(word and (check.code.startswith(word.upper()) or check.name == word) for word in words)
