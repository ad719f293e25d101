"""What the commands do that work on one `.env` at a time: `dedupe` and `check`."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from astro_sync.checks import Check, Problem, Subject, check_file, choose, fix_file, look_around
from astro_sync.commands.context import Bench, World, prepare
from astro_sync.config.settings import Settled
from astro_sync.core.model import Action, Change, Outcome
from astro_sync.envfile.dedupe import Deduped
from astro_sync.errors import DeclinedError, ExitCode, UsageError
from astro_sync.places.env_file import EnvFile


def dedupe(settled: Settled, world: World) -> Outcome:
    """Leave the last value of each key in a file."""
    options, terminal = settled.options, world.terminal
    if options.env == "-":
        raise UsageError("`dedupe` works on files.", hint="Write what comes from stdin into a file first.")
    with prepare(settled, world) as bench, bench.env_file(options.env, must_exist=True, asks_astro=False) as env:
        env.read()
        found = env.dedupe()
        changes = _deduped(found)
        outcome = Outcome("dedupe", options.env, options.dry_run or options.check_only, env_changes=changes)
        if not found.dropped:
            return outcome
        if outcome.dry_run:
            shows = options.check_only or options.exit_code
            return replace(outcome, exit_code=ExitCode.FOUND if shows else ExitCode.DONE)
        if terminal.interactive and not options.yes:
            terminal.show_plan(options.env, changes)
            if not terminal.confirm("Go on?"):
                raise DeclinedError
        kept = bench.backup_of(env)
        env.rewrite(found.data)
    return replace(outcome, backups=(kept,) if kept else (), restores=(f"Backup of {env}: {kept}",) if kept else ())


def check(settled: Settled, world: World) -> Outcome:
    """Find what will bite in files; with --fix mend what is safe to mend, and tell what is left."""
    options = settled.options
    checks = choose(options.select, options.ignore)
    files = options.files or (".env",)
    if options.fix and "-" in files:
        raise UsageError("`check --fix` works on files.", hint="Leave out --fix to check what comes from stdin.")
    problems: list[Problem] = []
    restores: list[str] = []
    with prepare(settled, world) as bench:
        for name in dict.fromkeys(files):
            file = bench.env_file(name, must_exist=True, asks_astro=False, read_only=not options.fix)
            with file:
                if options.fix:
                    restores += _fix(file, bench, checks)
                problems += _check(_subject(file, world), checks, options.ignore)
    lines = [f"{p.file}:{p.line}: {p.code} {p.key + ': ' if p.key else ''}{p.message}" for p in problems]
    return Outcome(
        command="check",
        env_file=", ".join(files),
        restores=tuple(restores),
        lines=(*lines, _count(problems)),
        details={"problems": [asdict(problem) for problem in problems]},
        exit_code=ExitCode.FOUND if problems else ExitCode.DONE,
    )


def _check(subject: Subject, checks: Sequence[Check], ignored: Sequence[str]) -> list[Problem]:
    """Make the checks; that nothing can be read from a file is told whichever were selected."""
    found = check_file(subject, checks)
    if subject.document.rejection and not found:
        found = check_file(subject, choose(["AS101"], [])) if "AS101" not in ignored else []
    return found


def _fix(file: EnvFile, bench: Bench, checks: Sequence[Check]) -> list[str]:
    fix = fix_file(_subject(file, bench.world), checks)
    lines = []
    if fix.data is not None:
        kept = bench.backup_of(file)
        file.rewrite(fix.data)
        lines.append(f"Mended {file}." + (f" Backup: {kept}" if kept else ""))
    if fix.mode is not None:
        file.restrict(fix.mode)
        lines.append(f"Closed {file} to others (mode {fix.mode:o}).")
    return lines


def _subject(file: EnvFile, world: World) -> Subject:
    # As the user named it, so that editors and CI find the line.
    path = file.path if file.path.is_absolute() and str(file.path) == file.name else file.path.relative_to(world.cwd)
    return Subject(path, file.examine(), look_around(file.path, world.environ))


def _count(problems: Sequence[Problem]) -> str:
    if not problems:
        return "No problems."
    fixable = sum(problem.fixable for problem in problems)
    total = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return f"{total}, {fixable} of which --fix mends." if fixable else f"{total}."


def _deduped(found: Deduped) -> tuple[Change, ...]:
    """Name each key with the lines that go or stay; they count as they did before."""
    lines: dict[str, list[str]] = {}
    for key, first, last in found.dropped:
        lines.setdefault(key, []).append(f"line {first}" if first == last else f"lines {first}-{last}")
    stays: dict[str, list[str]] = {}
    for key, line in found.stayed:
        stays.setdefault(key, []).append(f"line {line}")
    dropped = [Change(key, Action.UPDATE, reason=f"dropped: {', '.join(which)}") for key, which in lines.items()]
    needed = [
        Change(key, Action.KEEP, reason=f"stays, since a later line needs it: {', '.join(which)}")
        for key, which in stays.items()
    ]
    return (*dropped, *needed)
