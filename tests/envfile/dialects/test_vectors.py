"""What the real readers made of hundreds of files: our models make the same of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

import pytest

from astro_sync.envfile.dialects import COMPOSE, LOAD, PYTHON_DOTENV, STANDALONE
from env_texts import ENVIRONMENT


class Sent(TypedDict):
    pairs: list[list[str]]
    flagged: bool


class Vector(TypedDict):
    name: str
    text: str
    load: Sent
    standalone: list[list[str]]
    compose: list[list[str]] | None
    compose_error_line: NotRequired[int | None]
    python_dotenv: list[list[str | None]]


FIXTURES = Path(__file__).parents[3] / "fixtures"
RECORDED: list[Vector] = json.loads((FIXTURES / "dialect-vectors.json").read_text(encoding="utf-8"))["vectors"]
BY_CHANCE: list[Vector] = json.loads((FIXTURES / "compose-vectors.json").read_text(encoding="utf-8"))["vectors"]
HOST = {"HOSTVAR": "hostval"}

recorded = pytest.mark.parametrize("vector", RECORDED, ids=[row["name"] for row in RECORDED])


def test_every_recorded_file_is_here() -> None:
    assert len(RECORDED) == 266
    assert len(BY_CHANCE) > 400


@recorded
def test_load_sends_what_was_recorded(vector: Vector) -> None:
    reading = LOAD.read(vector["text"], HOST)

    assert [list(pair) for pair in reading.values().items()] == vector["load"]["pairs"]
    assert reading.flagged == vector["load"]["flagged"]


@recorded
def test_standalone_reads_what_was_recorded(vector: Vector) -> None:
    reading = STANDALONE.read(vector["text"], HOST)

    assert [[made.key, made.value] for made in reading.assignments] == vector["standalone"]
    assert reading.rejected is None


@recorded
def test_python_dotenv_reads_what_was_recorded(vector: Vector) -> None:
    reading = PYTHON_DOTENV.read(vector["text"], HOST)

    assert [list(pair) for pair in reading.pairs().items()] == vector["python_dotenv"]


@recorded
def test_compose_reads_or_rejects_as_recorded(vector: Vector) -> None:
    _check_compose(vector, HOST)


def test_compose_reads_or_rejects_as_by_chance() -> None:
    for vector in BY_CHANCE:
        _check_compose(vector, ENVIRONMENT)


def _check_compose(vector: Vector, environment: Mapping[str, str]) -> None:
    reading = COMPOSE.read(vector["text"], environment)

    if vector["compose"] is None:
        assert reading.rejected is not None, vector
        assert vector.get("compose_error_line") in (None, reading.rejected.line), vector
        assert reading.values() == {}
    else:
        assert reading.rejected is None, vector
        assert sorted(reading.values().items()) == sorted(map(tuple, vector["compose"])), vector
