"""Talk with the person at the terminal: the plan, the questions, the result."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import click

from astro_sync.console.comparison import show_comparison
from astro_sync.console.document import to_json
from astro_sync.console.layout import Line, Tone, printable, wrap
from astro_sync.console.progress import Progress
from astro_sync.console.questions import ask_each, questions_of
from astro_sync.console.report import (
    Stage,
    View,
    show_changes,
    show_end,
    show_warnings,
    show_ways_out,
    to_markdown,
)
from astro_sync.console.streams import silence, unbroken
from astro_sync.core.model import Change, Name
from astro_sync.core.outcome import PlaceOutcome, RunOutcome
from astro_sync.core.plan import OnConflict
from astro_sync.errors import AstroSyncError, DeclinedError, ExitCode
from astro_sync.places.base import AnyPlace

_COLOURS: Final = {
    Tone.GOOD: "green",
    Tone.CHANGE: "yellow",
    Tone.WARNING: "yellow",
    Tone.PROBLEM: "red",
    Tone.HINT: "cyan",
}
_NARROWEST: Final = 40
# Nothing more to read, and what ^D sends.
_ENDS: Final = frozenset({"", "\x04"})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, eq=False, repr=False)
class Terminal:
    """How to talk: `interactive` if someone can answer, `width` in columns (None: text is not wrapped)."""

    interactive: bool
    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    output: str = "table"
    width: int | None = None
    now: datetime = field(default_factory=_now)
    progress: Progress | None = None
    _planned: list[PlaceOutcome] = field(default_factory=list, init=False)
    _told: set[str] = field(default_factory=set, init=False)

    @property
    def as_json(self) -> bool:
        """Tell whether stdout carries one JSON document."""
        return self.output == "json"

    def tell(self, message: str) -> None:
        """Say on stderr what is going on."""
        if not self.quiet:
            self._echo_all([printable(message)], err=True)

    def watch(self, name: str) -> AbstractContextManager[None]:
        """Show what runs, for as long as it does, if there is a terminal to show it on."""
        return self.progress.watch(printable(name)) if self.progress else nullcontext()

    def tell_raw(self, text: str) -> None:
        """Print several lines on stderr as they are."""
        with unbroken(sys.stderr):
            click.echo(text, err=True, nl=False)

    def paint(self, tone: Tone, text: str) -> str:
        """Colour a text by what it means; the text itself says it too."""
        if not self.colour or tone not in _COLOURS:
            return text
        return click.style(text, fg=_COLOURS[tone], bold=tone in {Tone.WARNING, Tone.PROBLEM})

    def show_plan(self, places: Sequence[PlaceOutcome], *lines: str) -> None:
        """Show on stderr what is about to happen, what a person should know of it, and the lines that sum it up."""
        # Whoever is asked must see what for, however quiet the run.
        view = self._view(quiet=False)
        self._planned.extend(places)
        self._echo_all(show_changes(places, Stage.PLAN, view), err=True)
        self._show_warnings(RunOutcome(command="", places=tuple(places)), view)
        self._echo_all([part for line in lines for part in wrap(printable(line), self.width, "  ")], err=True)

    def confirm(self, question: str) -> bool:
        """Ask for the one confirmation, which takes `y` and Enter."""
        with _answers():
            return click.confirm(question, err=True)

    def type_line(self, question: str) -> str:
        """Ask for something to be typed and return it without outer blanks."""
        with _answers():
            answer: str = click.prompt(printable(question), default="", show_default=False, err=True)
        return answer.strip()

    def ask(self, conflicts: Sequence[Change], place: AnyPlace, source: AnyPlace) -> Mapping[Name, OnConflict]:
        """Ask about each key of `source` that differs on a place."""
        questions = questions_of(conflicts, place.label, source.label, self.now)
        return ask_each(conflicts, questions, self._press)

    def report(self, outcome: RunOutcome) -> None:
        """Print the result on stdout, and on stderr what needs attention."""
        if self.as_json:
            click.echo(to_json(outcome, self.now))
        elif isinstance(outcome.error, DeclinedError):
            # Whoever said no has seen the plan already.
            self.complain(outcome.error)
            return
        else:
            self._show(outcome)
        self._conclude(outcome)

    def hush(self) -> None:
        """Print no more on a stdout that nobody reads."""
        silence(sys.stdout)

    def complain(self, error: AstroSyncError) -> None:
        """Say on stderr what went wrong and what to type next; a no is no error."""
        if isinstance(error, DeclinedError):
            self._echo_all(wrap(printable(str(error)), self.width), err=True)
            return
        self._headed("Error", Tone.PROBLEM, str(error))
        if error.hint:
            self._headed("Next", Tone.HINT, error.hint)

    def _conclude(self, outcome: RunOutcome) -> None:
        """Say what went wrong and, for single keys, each way out of it in the place of the hint."""
        ways = [] if self.as_json else show_ways_out(outcome, self._view())
        if outcome.error and not ways:
            self.complain(outcome.error)
        elif outcome.error:
            self._headed("Error", Tone.PROBLEM, str(outcome.error))
        self._echo_all(ways, err=True)

    def _show(self, outcome: RunOutcome) -> None:
        view = self._view()
        if self.output == "markdown":
            page = View(now=self.now, verbose=self.verbose, quiet=self.quiet, markdown=True)
            body = [*self._changes(outcome, page), *self._ending(outcome, page)]
            self._echo_all(to_markdown(outcome, body, page))
            self._show_warnings(outcome, view)
        else:
            self._echo_all(self._changes(outcome, view))
            self._show_warnings(outcome, view)
            self._echo_all(self._ending(outcome, view))
        self._show_backups(outcome)

    def _changes(self, outcome: RunOutcome, view: View) -> list[str]:
        """Return the keys; a page of a summary tells them all, whoever saw the plan."""
        seen = outcome.confirmed and self._planned and not view.markdown
        if _compares(outcome):
            return show_comparison(outcome, view)
        return show_changes(outcome.places, Stage.AFTER if seen else Stage.WHOLE, view)

    def _ending(self, outcome: RunOutcome, view: View) -> list[str]:
        """Return what a command has to say itself, else a line for each place; none of a good end when quiet."""
        if self.quiet and not outcome.exit_code:
            return []
        if outcome.table.rows or outcome.lines:
            lines = (view.say(line) if view.markdown else [self._painted(line)] for line in outcome.lines)
            return [*view.table(outcome.table), *(part for line in lines for part in line)]
        return [] if _compares(outcome) else show_end(outcome, view)

    def _show_warnings(self, outcome: RunOutcome, view: View) -> None:
        """Print each warning once in a run."""
        lines = [line for line in show_warnings(outcome, view) if line not in self._told]
        self._told.update(lines)
        self._echo_all(lines, err=True)

    def _show_backups(self, outcome: RunOutcome) -> None:
        backups = [(place.title, place.backup) for place in outcome.places if place.backup]
        if not backups or (self.quiet and not outcome.error):
            return
        if outcome.exit_code is ExitCode.UNPLANNED or self.verbose:
            self._echo_all(
                (f"Backup of {printable(title)}: {printable(str(path))}" for title, path in backups), err=True
            )
        if outcome.command != "undo":
            self._echo_all(["Undo: astro-sync undo"], err=True)

    def _painted(self, line: str) -> str:
        text = printable(line)
        if isinstance(line, Line) and line.head and text.startswith(line.head):
            return self.paint(line.tone, line.head) + text.removeprefix(line.head)
        return text

    def _headed(self, head: str, tone: Tone, text: str) -> None:
        lines = wrap(f"{head}: {printable(text)}", self.width, "  ")
        lines[0] = self.paint(tone, head) + lines[0].removeprefix(head)
        self._echo_all(lines, err=True)

    def _press(self, question: str) -> str:
        """Show a question and return the key that is pressed, or the line where stdin is no terminal."""
        *above, last = wrap(question, self.width, "  ")
        self._echo_all(above, err=True)
        if not _is_terminal(sys.stdin):
            click.echo(f"{last} ", err=True, nl=False)
            if not (line := sys.stdin.readline()):
                raise DeclinedError
            return line.strip()
        with _answers(), _single_keys(sys.stdin.fileno()) as read_key:
            click.echo(f"{last} ", err=True, nl=False)
            pressed = read_key()
        click.echo(pressed[:1] if pressed[:1].isprintable() else "", err=True)
        if pressed[:1] in _ENDS:
            raise DeclinedError
        return pressed

    def _view(self, *, quiet: bool | None = None) -> View:
        return View(
            now=self.now,
            width=self.width,
            verbose=self.verbose,
            quiet=self.quiet if quiet is None else quiet,
            paint=self.paint,
        )

    def _echo_all(self, lines: Iterable[str], *, err: bool = False) -> None:
        # Nobody may be listening on stderr any more, which must not end a run half way; stdout carries the result.
        with unbroken(sys.stderr) if err else nullcontext():
            for line in lines:
                # click would strip colours where it sees no terminal, FORCE_COLOR or not.
                click.echo(line, err=err, color=self.colour)


def open_terminal(given: Mapping[str, Any], environ: Mapping[str, str]) -> Terminal:
    """Return how to talk here; questions can be asked where stdin and stderr are a terminal."""
    quiet = bool(given.get("quiet"))
    moving = _is_terminal(sys.stderr) and environ.get("TERM") != "dumb" and not quiet
    return Terminal(
        progress=Progress(sys.stderr) if moving else None,
        interactive=_is_terminal(sys.stdin) and _is_terminal(sys.stderr),
        colour=wants_colour(environ, is_terminal=_is_terminal(sys.stdout)),
        verbose=given.get("verbose", False),
        quiet=quiet,
        output="json" if given.get("as_json") else given.get("format") or "table",
        width=find_width(environ, is_terminal=_is_terminal(sys.stdout) or _is_terminal(sys.stderr)),
    )


def wants_colour(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Tell whether to colour: FORCE_COLOR says yes, NO_COLOR and TERM=dumb say no, else a terminal does."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


def find_width(environ: Mapping[str, str], *, is_terminal: bool) -> int | None:
    """Return the columns to wrap at: COLUMNS, else the terminal's; None where neither is there."""
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return max(int(columns), _NARROWEST)
    return max(shutil.get_terminal_size().columns, _NARROWEST) if is_terminal else None


def _compares(outcome: RunOutcome) -> bool:
    return outcome.command == "diff" or any(place.compared for place in outcome.places)


def _is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream is a terminal; a closed one is none at all."""
    return stream is not None and stream.isatty()


@contextmanager
def _single_keys(descriptor: int) -> Iterator[Callable[[], str]]:
    """Let a terminal hand over each key at once, and yield what reads one.

    click.getchar drops what was typed before it began, and takes ^C for itself, which the run must hear.
    """
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSANOW)
    try:
        yield lambda: _read_key(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def _read_key(descriptor: int) -> str:
    key = os.read(descriptor, 1)
    # A key such as an arrow sends several bytes, none of which is an answer.
    return (key + os.read(descriptor, 32) if key == b"\x1b" else key).decode(errors="replace")


@contextmanager
def _answers() -> Iterator[None]:
    """Take the end of the input, and of the terminal, for a no."""
    try:
        yield
    except (click.Abort, OSError):
        raise DeclinedError from None
