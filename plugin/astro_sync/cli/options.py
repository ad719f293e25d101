"""Make click's options and arguments of the declared ones."""

from dataclasses import fields
from typing import Any, Final

import click

from astro_sync.cli.completion import complete_check, complete_key, complete_target
from astro_sync.config.declarations import LONGEST_TIMEOUT, OPTIONS, Option
from astro_sync.config.options import RunOptions

_COMPLETES: Final = {"targets": complete_target, "keys": complete_key, "checks": complete_check, "": None}


class _Seconds(click.FloatRange):
    """A number above 0; `nan` is in no range, which click does not see."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's own
        number = super().convert(value, param, ctx)
        if number != number:  # noqa: PLR0124 - so is nan alone
            self.fail(f"{value!r} is not a valid number of seconds.", param, ctx)
        return number


def make_parameters(kind: type[RunOptions]) -> list[click.Parameter]:
    """Return the arguments and options of a command, in the order in which its help has them."""
    taken = {each.name for each in fields(kind)} - kind.fixed | {"as_json"}
    arguments = [_argument(OPTIONS[name], metavar) for name, metavar in kind.positional.items()]
    options = [
        _option(option, repeats=option.kind in {"names", "texts"} and option.name not in kind.once)
        for option in OPTIONS.values()
        if option.name in taken - kind.positional.keys()
    ]
    return [*arguments, *options]


def _argument(option: Option, metavar: str) -> click.Argument:
    optional = "[" in metavar or "]" in metavar
    several = option.kind == "files"
    words: dict[str, Any] = {"default": option.default} if optional and not several else {}
    return click.Argument(
        [option.name],
        metavar=metavar,
        type=click.Path(allow_dash=True, readable=False),
        nargs=-1 if several else 1,
        required=not optional,
        **words,
    )


def _option(option: Option, *, repeats: bool) -> click.Option:
    several = option.kind in {"names", "texts"}
    switch = option.kind == "switch"
    return click.Option(
        [*option.flags, option.name],
        type=None if switch else _type(option),
        is_flag=switch,
        multiple=several,
        default=None if several else option.default,
        show_default=not switch and bool(option.default),
        metavar=option.metavar or None,
        envvar=option.variable or None,
        show_envvar=bool(option.variable),
        shell_complete=_COMPLETES[option.completes],
        help=_help(option, repeats=repeats),
    )


def _type(option: Option) -> Any:  # noqa: ANN401 - a type of click, generic or not by its version
    match option.kind:
        case "file" | "files":
            return click.Path(allow_dash=True, readable=False)  # the place tells it better
        case "choice":
            return click.Choice(option.choices)
        case "seconds":
            return _Seconds(min=0, min_open=True, max=LONGEST_TIMEOUT)
        case "count":
            return click.IntRange(min=1)
    return click.STRING


def _help(option: Option, *, repeats: bool) -> str:
    text = f"{option.help.removesuffix('.')}; can be repeated." if repeats else option.help
    return f"{text}  [default: {option.otherwise}]" if option.otherwise else text
