"""`dedupe`: the last value of each key in a file stays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from astro_sync.airflow.names import masked
from astro_sync.commands.context import prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.config.options import BackupOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.core.outcome import RunOutcome
from astro_sync.envfile.dedupe import Deduped, dedupe
from astro_sync.errors import DeclinedError, ExitCode, UsageError


@dataclass(kw_only=True, eq=False, repr=False)
class DedupeOptions(BackupOptions):
    """What `dedupe` takes."""

    positional: ClassVar[Mapping[str, str]] = {"env": "[FILE]"}

    env: str
    check_only: bool
    dry_run: bool
    exit_code: bool
    yes: bool


def run(settings: ResolvedSettings[DedupeOptions], invocation: Invocation) -> RunOutcome:
    """Leave the last value of each key in a file."""
    options, terminal = settings.options, invocation.terminal
    if options.env == "-":
        raise UsageError("stdin (-) cannot be deduped.", hint="Name a file.")
    dry_run = options.dry_run or options.check_only
    with prepare(settings, invocation) as context, context.env_file(options.env, read_only=dry_run) as env:
        document = env.accept()
        context.refuse_to_guess(env, document)
        found = dedupe(document)
        outcome = RunOutcome(
            command="dedupe", dry_run=dry_run, lines=tuple(_lines(found, dry_run=dry_run)), details=_details(found)
        )
        if not found.dropped:
            return outcome
        if dry_run:
            shows = options.check_only or options.exit_code
            return outcome._replace(exit_code=ExitCode.FOUND if shows else ExitCode.DONE)
        if terminal.interactive and not options.yes:
            for line in _lines(found, dry_run=True):
                terminal.tell(line)
            if not terminal.confirm("Go on?"):
                raise DeclinedError
        kept = context.backup_of(env)
        env.rewrite(found.data)
    *lines, last = outcome.lines
    backup = (f"Backup: {kept}",) if kept else ()
    details = {**outcome.details, "backup": str(kept) if kept else None}
    return outcome._replace(lines=(*lines, *backup, last), details=details)


def _lines(found: Deduped, *, dry_run: bool) -> Iterator[str]:
    """Yield a line for each assignment that goes or stays; the lines count as they did before."""
    for each in found.dropped:
        where = f"line {each.first}" if each.first == each.last else f"lines {each.first}-{each.last}"
        yield f"{'Would drop' if dry_run else 'Dropped'} {where} ({masked(each.key)} is set again further down)."
    for key, line in found.stayed:
        yield f"Kept line {line}: a later line needs that value of {masked(key)}."
    if not found.dropped:
        yield "Nothing to do."
    else:
        count = len(found.dropped)
        yield f"{count} duplicate{'s' * (count != 1)} {'found' if dry_run else 'dropped'}."


def _details(found: Deduped) -> dict[str, object]:
    rows = [{**each._asdict(), "key": masked(each.key)} for each in found.dropped]
    return {"backup": None, "dropped": rows, "kept": [{"key": masked(key), "line": line} for key, line in found.stayed]}
