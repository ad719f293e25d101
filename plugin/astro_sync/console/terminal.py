"""Talk with the person at the terminal: the plan, the questions, the result."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final, TextIO

import click

from astro_sync.console.progress import Progress
from astro_sync.console.report import lines_of, printable, to_json
from astro_sync.core.model import Action, Change, Name
from astro_sync.core.outcome import RunOutcome
from astro_sync.core.plan import OnConflict
from astro_sync.errors import AstroSyncError, DeclinedError, UsageError
from astro_sync.places.base import AnyPlace

_COLOURS: Final = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REFUSED: "red",
    Action.KEEP: "cyan",
    Action.SECRET_KEPT: "magenta",
}
_ANSWERS: Final = {"y": OnConflict.OVERWRITE, "n": OnConflict.KEEP}


@dataclass(frozen=True, slots=True)
class Terminal:
    """Hold how to talk: `interactive` if someone can answer, `salt` keys this run's fingerprints."""

    salt: bytes
    interactive: bool
    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    as_json: bool = False
    yes: bool = False
    progress: Progress | None = None

    def tell(self, message: str) -> None:
        """Say on stderr what is going on."""
        if not self.quiet:
            # Nobody may be listening any more, which must not end a run half way.
            with suppress(BrokenPipeError):
                click.echo(printable(message), err=True)

    def watch(self, name: str) -> AbstractContextManager[None]:
        """Show what runs, for as long as it does, if there is a terminal to show it on."""
        return self.progress.watch(printable(name)) if self.progress else nullcontext()

    def note(self, message: str) -> None:
        """Leave a line on what is done so far, if there is a terminal."""
        if self.progress:
            self.progress.say(printable(message))

    def tell_raw(self, text: str) -> None:
        """Print several lines on stderr as they are."""
        click.echo(text, err=True, nl=False)

    def paint(self, action: Action, text: str) -> str:
        """Colour a word by what it means; the word itself says it too."""
        return click.style(text, fg=_COLOURS.get(action)) if self.colour else text

    def confirm(self, *lines: str) -> bool:
        """Ask for the one confirmation; without a terminal --yes takes its place."""
        if self.yes:
            return True
        if not self.interactive:
            raise UsageError("Nothing was changed: there is no terminal to ask on.", hint="Confirm with --yes.")
        with _answers():
            return click.confirm("\n".join(map(printable, lines)), err=True)

    def type_name(self, question: str) -> str:
        """Ask for a name and return what was typed."""
        with _answers():
            return str(click.prompt(printable(question), default="", show_default=False, err=True))

    def ask(self, conflicts: Sequence[Change], destination: AnyPlace) -> Mapping[Name, OnConflict]:
        """Ask about each key that differs."""
        decided: dict[Name, OnConflict] = {}
        for change in conflicts:
            with _answers():
                choice = click.Choice(["y", "n", "a", "q"], case_sensitive=False)
                question = f"{change.name.key} differs on {destination}. Overwrite it?"
                answer = click.prompt(printable(question), type=choice, default="n", err=True, show_default=True)
            if answer == "q":
                raise DeclinedError
            decided[change.name] = OnConflict.OVERWRITE if answer in "ya" else OnConflict.KEEP
        return decided

    def report(self, outcome: RunOutcome) -> None:
        """Print the result on stdout, and on stderr what needs attention."""
        if isinstance(outcome.error, DeclinedError) and not self.as_json:
            # Whoever said no has seen the plan already.
            self._echo(printable(str(outcome.error)), err=True)
            return
        if self.as_json:
            click.echo(to_json(outcome))
        else:
            for line in lines_of(outcome, verbose=self.verbose):
                self._echo(line)
        if outcome.error:
            self.complain(outcome.error)
        elif not self.as_json:
            for line in outcome.lines:
                click.echo(printable(line))

    def hush(self) -> None:
        """Print no more on a stdout that nobody reads."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def complain(self, error: AstroSyncError) -> None:
        """Say on stderr what went wrong and what to type next."""
        self._echo(f"{self._style('Error', 'red')}: {printable(str(error))}", err=True)
        if error.hint:
            self._echo(f"{self._style('Next', 'cyan')}: {printable(error.hint)}", err=True)

    def _echo(self, text: str, *, err: bool = False) -> None:
        # click would strip colours where it sees no terminal, FORCE_COLOR or not.
        click.echo(text, err=err, color=self.colour)

    def _style(self, text: str, colour: str) -> str:
        return click.style(text, fg=colour, bold=True) if self.colour else text


def open_terminal(given: Mapping[str, Any], environ: Mapping[str, str]) -> Terminal:
    """Return how to talk here; questions can be asked where stdin and stderr are a terminal."""
    quiet = bool(given.get("quiet"))
    moving = _is_terminal(sys.stderr) and environ.get("TERM") != "dumb" and not quiet
    return Terminal(
        progress=Progress(sys.stderr) if moving else None,
        salt=os.urandom(16),
        interactive=_is_terminal(sys.stdin) and _is_terminal(sys.stderr),
        colour=wants_colour(environ, is_terminal=_is_terminal(sys.stdout)),
        verbose=given.get("verbose", False),
        quiet=quiet,
        as_json=given.get("as_json", False),
        yes=given.get("yes", False),
    )


def wants_colour(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Tell whether to colour: FORCE_COLOR says yes, NO_COLOR and TERM=dumb say no, else a terminal does."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


def _is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream is a terminal; a closed one is none at all."""
    return stream is not None and stream.isatty()


@contextmanager
def _answers() -> Iterator[None]:
    """Take the end of the input for a no."""
    try:
        yield
    except click.Abort:
        raise DeclinedError("Nothing was changed: the question was not answered.") from None
