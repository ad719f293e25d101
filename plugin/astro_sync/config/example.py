"""The `.astro-sync.toml` that `init` writes: every setting explained, and none in force."""

import textwrap
from collections.abc import Iterator
from typing import Final

from astro_sync.config.declarations import OPTIONS, Option

_WIDTH: Final = 120
_HEAD: Final = """\
# What astro-sync always does in this project. Remove the first # of a line to switch it on.
# The command line and the environment win over [defaults]. Values of variables never belong here.

#[defaults]
"""
_TARGETS: Final = """
# Deployments by name: `astro-sync local-to-deploy --target dev`. A target can have every setting from above.
#[targets.dev]
#deployment_id = "clx1111111111111111111111"
#env = ".env.dev"

#[targets.prod]
#deployment_id = "clx2222222222222222222222"
"""
_GROUPS: Final = """
# Targets by one name: `astro-sync diff --target all`.
#[groups]
#all = ["dev", "prod"]
"""


def make_example() -> str:
    """Return the example, made of the declared options."""
    settings = [option for option in OPTIONS.values() if option.scope in {"run", "target"}]
    in_targets = [option for option in OPTIONS.values() if option.scope == "target only"]
    return "".join(
        [_HEAD, *(f"\n{_explain(option)}" for option in settings), _TARGETS, *map(_explain, in_targets), _GROUPS]
    )


def _explain(option: Option) -> str:
    return "".join(f"{line}\n" for line in _lines(option))


def _lines(option: Option) -> Iterator[str]:
    choices = f" One of {', '.join(option.choices)}." if option.choices else ""
    yield from textwrap.wrap(option.help + choices, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield f"#{option.name} = {option.example}"
