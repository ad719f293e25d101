"""The noun of `doctor`: what one look found, and what to type next."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Say how serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold what one look found; `name` is stable, `next` what to type, empty where there is nothing to do."""

    name: str
    state: State
    message: str
    next: str = ""
