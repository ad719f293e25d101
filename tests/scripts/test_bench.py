"""The benchmark measures what it says; how fast the machine is, is not a test's business."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from astro_sync.envfile.dialects import COMPOSE, READERS

BENCH = Path(__file__).parents[2] / "scripts" / "bench.py"


@pytest.fixture
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
def test_every_promise_has_its_row(bench: ModuleType) -> None:
    rows = list(bench.measure((10, 20, 40), 5))

    assert [row.what for row in rows] == [
        "dotenv_values / reading 10 lines",
        "dotenv_values / reading 20 lines",
        "setting every key of 20 lines / dotenv_values",
        "dotenv_values / reading 40 lines",
        "parsing 40 lines / 20 lines",
        "setting every key of 40 lines / 20 lines",
        "set_key loop / merging 5 keys into 5 lines",
    ]
    assert all(row.ours >= 0 and row.other >= 0 for row in rows)


def test_a_missed_mark_ends_in_a_failure(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [bench.at_least("this", 1.0, 9.0, 8), bench.at_most("that", 2.0, 1.0, 1)]
    monkeypatch.setattr(bench, "measure", lambda *_: iter(rows))

    assert bench.main() == 1

    _, this, that = capsys.readouterr().out.splitlines()
    assert this.split() == ["this", "1000.0", "ms", "9000.0", "ms", "9.00", "at", "least", "8"]
    assert that.endswith("2.00  at most 1, MISSED")


def test_its_file_reads_the_same_to_all(bench: ModuleType) -> None:
    text = bench.make_file(50).decode()

    values = COMPOSE.read(text, {}).values()

    assert len(values) == 45
    assert all(reader.read(text, {}).values() == values for reader in READERS)
