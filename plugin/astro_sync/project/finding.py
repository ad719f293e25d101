"""The noun of `doctor`: what one look found, and what to type next."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Say how serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """Hold what one look found; `name` is stable, `next` what to type, empty where there is nothing to do."""

    name: str
    state: State
    message: str
    next: str = ""
