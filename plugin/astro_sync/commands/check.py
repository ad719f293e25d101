"""`check`: what will bite in `.env` files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from astro_sync.checks import Check, Problem, Subject, check_file, choose, fix_file, look_around
from astro_sync.commands.context import RunContext, prepare
from astro_sync.commands.invocation import Invocation
from astro_sync.config.options import BackupOptions
from astro_sync.config.settings import ResolvedSettings
from astro_sync.console.layout import Line, Tone, counted
from astro_sync.core.outcome import RunOutcome
from astro_sync.errors import ExitCode, UsageError
from astro_sync.places.env_file import EnvFile


@dataclass(kw_only=True, eq=False, repr=False)
class CheckOptions(BackupOptions):
    """What `check` takes."""

    positional: ClassVar[Mapping[str, str]] = {"files": "[FILE]..."}

    files: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fix: bool


def run(settings: ResolvedSettings[CheckOptions], invocation: Invocation) -> RunOutcome:
    """Find what will bite in files; with --fix mend what is safe to mend, and tell what is left."""
    options = settings.options
    # In a rejected file most checks find nothing, so that it is rejected is told whichever were selected.
    checks = tuple(dict.fromkeys((*choose(options.select, options.ignore), *choose(["AS101"], options.ignore))))
    files = options.files or (".env",)
    if options.fix and "-" in files:
        raise UsageError("stdin (-) cannot be mended.", hint="Name a file, or leave --fix out.")
    problems: list[Problem] = []
    lines: list[str] = []
    with prepare(settings, invocation) as context:
        for name in dict.fromkeys(files):
            with context.env_file(name, read_only=not options.fix) as file:
                if options.fix:
                    context.refuse_to_guess(file, file.examine())
                    lines += _fix(file, context, checks)
                problems += check_file(_subject(file, context), checks)
    lines += map(_line, problems)
    return RunOutcome(
        command="check",
        lines=(*lines, _count(problems)),
        details={"problems": [problem._asdict() for problem in problems]},
        exit_code=ExitCode.FOUND if problems else ExitCode.DONE,
    )


def _fix(file: EnvFile, context: RunContext[CheckOptions], checks: Sequence[Check]) -> list[str]:
    fix = fix_file(_subject(file, context), checks)
    lines = []
    if fix.data is not None:
        kept = context.backup_of(file)
        file.rewrite(fix.data)
        lines.append(f"Mended {file}." + (f" Backup: {kept}" if kept else ""))
    if fix.mode is not None:
        file.restrict(fix.mode)
        lines.append(f"Closed {file} to others (mode {fix.mode:o}).")
    return lines


def _subject(file: EnvFile, context: RunContext[CheckOptions]) -> Subject:
    around = context.invocation
    # As the user named it, so that editors and CI find the line.
    path = file.path if file.path.is_absolute() and str(file.path) == file.label else file.path.relative_to(around.cwd)
    return Subject(path, file.examine(), look_around(file.path, around.environ))


def _line(problem: Problem) -> Line:
    where = f"{problem.file}:{problem.line}: {problem.code}"
    return Line(f"{where} {problem.key + ': ' if problem.key else ''}{problem.message}", head=where, tone=Tone.PROBLEM)


def _count(problems: Sequence[Problem]) -> str:
    if not problems:
        return "No problems."
    fixable = sum(problem.fixable for problem in problems)
    total = counted(len(problems), "problem")
    if not fixable:
        return f"{total}."
    return f"{total}; --fix mends {'it' if len(problems) == 1 else f'{fixable} of them'}."
