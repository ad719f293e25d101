"""Find in a `.env` what will bite: one module for each check, listed here. Nothing is read from or written to disk."""

from collections.abc import Collection, Sequence
from typing import Final

from astro_sync.checks import (
    case_twins,
    duplicate_key,
    empty_value,
    ignored_line,
    load_cannot_carry,
    local_host,
    not_ignored,
    not_posix_name,
    not_upper_case,
    placeholder,
    readable_by_others,
    readers_differ,
    rejected_file,
    reserved_key,
    tracked_by_git,
    unsound_connection,
)
from astro_sync.checks.subject import Check, Fix, Problem, Subject, shown
from astro_sync.checks.surroundings import Surroundings, look_around
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
    rejected_file.CHECK,
    ignored_line.CHECK,
    duplicate_key.CHECK,
    readers_differ.CHECK,
    load_cannot_carry.CHECK,
    not_posix_name.CHECK,
    not_upper_case.CHECK,
    case_twins.CHECK,
    reserved_key.CHECK,
    placeholder.CHECK,
    empty_value.CHECK,
    unsound_connection.CHECK,
    local_host.CHECK,
    tracked_by_git.CHECK,
    not_ignored.CHECK,
    readable_by_others.CHECK,
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
        Problem(check.code, file, found.line, shown(found.key), found.message, found.fixable)
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
