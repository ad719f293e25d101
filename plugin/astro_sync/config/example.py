"""The `.astro-sync.toml` that `init` writes: every setting explained, and none in force."""

import json
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from astro_sync.config.declarations import OPTIONS, Option

_WIDTH: Final = 120
_HEAD: Final = """\
# What astro-sync always does in this project. Remove the first # of a line to switch it on.
# The command line and the environment win over [defaults]. Values of variables never belong here.

#[defaults]
"""
_TARGETS: Final = """
# Deployments by name: `astro-sync local-to-deploy --target {first}`. A target can have every setting from above.
"""
_SAMPLE: Final = """\
#[targets.dev]
#deployment_id = "clx1111111111111111111111"
#env = ".env.dev"

#[targets.prod]
#deployment_id = "clx2222222222222222222222"
"""
_GROUPS: Final = """
# Targets by one name: `astro-sync diff --target all`.
#[groups]
#all = [{names}]
"""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# So many Deployments have a table of their own, each further one a line.
_TABLES: Final = 10


def make_example(deployments: Sequence[tuple[str, str]] = ()) -> str:
    """Return the example, made of the declared options; `deployments` are names and ids to fill the targets in."""
    named = _named(deployments)
    names = list(named) or ["dev", "prod"]
    targets = _TARGETS.replace("{first}", shlex.quote(names[0])) + (_filled(named) if named else _SAMPLE)
    groups = _GROUPS.replace("{names}", ", ".join(map(_text, names[:_TABLES])))
    settings = [option for option in OPTIONS.values() if option.scope in {"run", "target"}]
    in_targets = [option for option in OPTIONS.values() if option.scope == "target only"]
    return "".join(
        [_HEAD, *(f"\n{_explain(option)}" for option in settings), targets, *map(_explain, in_targets), groups]
    )


def _named(deployments: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return each Deployment's id under a name of its own."""
    found: dict[str, str] = {}
    for name, deployment_id in deployments:
        if f"{name}{deployment_id}".isprintable():
            found[f"{name}-{deployment_id}" if name in found else name] = deployment_id
    if production := next((name for name in found if "prod" in name.lower()), None):
        # The last table is the one that shows how to protect a target.
        last = {production: found.pop(production)}
        first = dict(list(found.items())[: _TABLES - 1])
        return {**first, **last, **found}
    return found


def _filled(named: Mapping[str, str]) -> str:
    tables = [
        f"#[targets.{name if _BARE.fullmatch(name) else _text(name)}]\n#deployment_id = {_text(deployment_id)}\n"
        for name, deployment_id in named.items()
    ]
    further = [f"# {name}: deployment_id = {_text(deployment_id)}\n" for name, deployment_id in named.items()]
    return "".join(["\n".join(tables[:_TABLES]), *further[_TABLES:]])


def _text(text: str) -> str:
    """Return a text as TOML writes it, which for what is printable is JSON's way."""
    return json.dumps(text, ensure_ascii=False)


def _explain(option: Option) -> str:
    return "".join(f"{line}\n" for line in _lines(option))


def _lines(option: Option) -> Iterator[str]:
    choices = f" One of {', '.join(option.choices)}." if option.choices else ""
    yield from textwrap.wrap(option.help + choices, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield f"#{option.name} = {option.example}"
