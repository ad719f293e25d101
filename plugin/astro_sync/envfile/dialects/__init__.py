"""The programs that read a `.env`, one module each; `RUNTIMES` are those that give it to local Airflow."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from astro_sync.envfile.dialects.compose import ComposeDialect
from astro_sync.envfile.dialects.load import LoadDialect, LoadReading
from astro_sync.envfile.dialects.python_dotenv import PythonDotenvDialect
from astro_sync.envfile.dialects.reading import Assignment, CannotWriteError, Dialect, Reading, Rejection
from astro_sync.envfile.dialects.standalone import StandaloneDialect

__all__ = [
    "COMPOSE",
    "LOAD",
    "PYTHON_DOTENV",
    "READERS",
    "RUNTIMES",
    "STANDALONE",
    "Assignment",
    "CannotWriteError",
    "Dialect",
    "LoadReading",
    "Reading",
    "Rejection",
]

LOAD: Final = LoadDialect()
COMPOSE: Final = ComposeDialect()
STANDALONE: Final = StandaloneDialect()
PYTHON_DOTENV: Final = PythonDotenvDialect()

READERS: Final[tuple[Dialect, ...]] = (COMPOSE, STANDALONE, LOAD, PYTHON_DOTENV)
RUNTIMES: Final[Mapping[str, Dialect]] = MappingProxyType({"docker": COMPOSE, "standalone": STANDALONE})
