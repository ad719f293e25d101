"""Runs of one machine on the same shared places.

Run as a program this file is one of the runs: `hold FOLDER SECONDS IDENTITY…`.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astro_sync.errors import AstroSyncError
from astro_sync.storage.lock import hold_shared

ONE, TWO = "deployment:clx1", "deployment:clx2"


@contextmanager
def other_run(folder: Path, seconds: float, *identities: str) -> Iterator[None]:
    command = [sys.executable, __file__, "hold", str(folder), str(seconds), *identities]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "held\n"
        try:
            yield
        finally:
            run.kill()


def test_a_free_place_is_had_at_once_and_its_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with hold_shared(tmp_path / "state" / "locks", [ONE], 0, pytest.fail) as waited:
        assert not waited
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "state").rglob("*")} == {0o700}


def test_the_second_run_is_told_once_for_which_place_it_waits_and_that_it_waited(tmp_path: Path) -> None:
    told: list[str] = []
    with other_run(tmp_path, 0.5, ONE), hold_shared(tmp_path, [ONE], 60, told.append) as waited:
        assert waited
    assert told == [f"Another astro-sync is working on {ONE}; waiting up to 60 s."]


def test_the_second_run_gives_up_when_the_time_is_over(tmp_path: Path) -> None:
    with (
        other_run(tmp_path, 60, ONE),
        pytest.raises(AstroSyncError, match=f"still working on {ONE}") as caught,
        hold_shared(tmp_path, [ONE], 0.1, lambda _sentence: None),
    ):
        pytest.fail("two runs on one place")
    assert "--timeout" in caught.value.hint


@pytest.mark.parametrize("identity", ["a/../b", "\udcff", "x" * 5000, "", "vault:airflow?url=http://127.0.0.1"])
def test_any_text_names_a_place_and_another_place_is_not_in_the_way(identity: str, tmp_path: Path) -> None:
    with other_run(tmp_path, 60, TWO), hold_shared(tmp_path, [identity], 0, pytest.fail) as waited:
        assert not waited
    assert len(list(tmp_path.iterdir())) == 2


def test_several_are_had_together_and_only_those_waited_for_are_named(tmp_path: Path) -> None:
    with (
        other_run(tmp_path, 0.5, TWO),
        hold_shared(tmp_path, [TWO, ONE, ONE], 60, lambda _sentence: None) as waited,
    ):
        assert waited == {TWO}


def test_runs_that_name_the_same_places_in_another_order_do_not_wait_for_each_other(tmp_path: Path) -> None:
    orders = [(ONE, TWO), (TWO, ONE)] * 3
    runs = [subprocess.Popen([sys.executable, __file__, "hold", str(tmp_path), "0.05", *order]) for order in orders]
    assert [run.wait(120) for run in runs] == [0] * 6


def test_a_folder_that_cannot_be_made_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "locks").write_bytes(b"")
    with pytest.raises(AstroSyncError), hold_shared(tmp_path / "locks", [ONE], 0, pytest.fail):
        pytest.fail("locked")


if __name__ == "__main__":
    with hold_shared(Path(sys.argv[2]), sys.argv[4:], 100, lambda _sentence: None):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        time.sleep(float(sys.argv[3]))
