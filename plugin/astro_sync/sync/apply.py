"""Carry planned legs out: back up, write, read back, and say how it ended."""

from collections.abc import Callable, Sequence

from astro_sync.concurrency import each
from astro_sync.core.model import Written
from astro_sync.core.verify import Verdict, judge
from astro_sync.errors import AstroSyncError, ExitCode, InterruptedRunError, Interruption
from astro_sync.sync.step import Leg, Result, Terms


def apply(result: Result, pending: Sequence[Leg], terms: Terms) -> None:
    """Back up, write and read back; files first, then all Deployments at the same time."""
    interruption: Interruption | None = None
    files = [leg for leg in pending if not leg.before.keeps_secrets]
    deployments = [leg for leg in pending if leg.before.keeps_secrets]
    begun: list[Leg] = []
    try:
        if terms.backups:
            for leg in pending:
                leg.backup = leg.destination.keep_backup(terms.backups, terms.now)
        for leg in files:
            # A file that cannot be replaced is as it was, or somebody else's: its error says all.
            _write(leg)
            begun.append(leg)
        begun += deployments
        each(_write, deployments, at_once=terms.jobs)
    except AstroSyncError as error:
        result.error = error
    except Interruption as error:
        interruption = error
        terms.interrupted()
        begun = begun or files
    try:
        each(lambda leg: _read_back(leg, terms.note), begun, at_once=terms.jobs)
    except Interruption as error:
        interruption = error
    for leg in begun:
        leg.judgement = leg.judgement or judge(leg.plan, leg.before, None, failed=True)
    _conclude(result, interruption)


def _write(leg: Leg) -> None:
    leg.written = leg.destination.apply(leg.plan)


def _read_back(leg: Leg, note: Callable[[str], None]) -> None:
    try:
        after = leg.destination.read()
    except AstroSyncError:
        after = None
    # Without an answer the writing was interrupted.
    written = leg.written or Written(InterruptedRunError("The writing did not end."), trusted_secrets=False)
    failed = written.failure is not None
    leg.judgement = judge(leg.plan, leg.before, after, failed=failed, trusted_secrets=written.trusted_secrets)
    words = {Verdict.PLANNED: "as planned", Verdict.UNTOUCHED: "not changed", Verdict.OTHER: "not as planned"}
    note(f"{leg.destination}: {words[leg.verdict]}.")


def _conclude(result: Result, interruption: Interruption | None) -> None:
    """Turn the verdicts into an error and an exit code (design, "Exit codes")."""
    amiss = [leg for leg in result.legs if leg.verdict is not Verdict.PLANNED]
    changed = any(leg.judgement and leg.before.keeps_secrets and leg.verdict is Verdict.PLANNED for leg in result.legs)
    if amiss:
        failures = [leg.written.failure for leg in amiss if leg.written and leg.written.failure]
        result.error = result.error or next(iter(failures), None)
        if changed or any(leg.verdict is Verdict.OTHER for leg in amiss):
            result.exit_code = ExitCode.UNPLANNED
            result.error = result.error or AstroSyncError("Not everything is as planned; the report names each key.")
        else:
            result.error = result.error or AstroSyncError("Nothing was written.")
            refused = result.error.exit_code is ExitCode.REFUSED
            result.exit_code = ExitCode.REFUSED if refused else ExitCode.FAILED
    if interruption:
        names = ", ".join(str(leg.destination) for leg in result.legs if leg.judgement and leg not in amiss)
        unsure = any(leg.verdict is Verdict.OTHER for leg in amiss)
        nothing = "something may have been written" if unsure else "nothing was written"
        what = f"written as planned: {names}" if names else nothing
        if unsure:
            what += "; the report names each key that is not as planned"
        result.error = InterruptedRunError(f"Interrupted; {what}.")
        result.exit_code = interruption.exit_code
