"""Measure the `.env` engine against python-dotenv, in one run and as ratios: only those compare between machines."""

import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values, set_key  # noqa: TID251 - it is what we compare with

from astro_sync.__main__ import GARBAGE_THRESHOLD
from astro_sync.envfile.dialects import COMPOSE
from astro_sync.envfile.document import Document, Edit, require_second_reading

SIZES = (1_000, 10_000, 100_000)
MERGED = 1_000
BEST_OF = 7

FASTER_READING = 8
FASTER_MERGING = 100
LONGEST_REWRITING = 1
STEEPEST_GROWTH = 1.2  # times what is proportional


class Row(NamedTuple):
    """Tell what was measured: two times in seconds, their ratio, the mark it has to reach, and whether it does."""

    what: str
    ours: float
    other: float
    ratio: float
    mark: str
    reached: bool


def main() -> int:
    """Print a table, row by row, and return 1 if a ratio misses its mark."""
    gc.set_threshold(GARBAGE_THRESHOLD)  # as the command line does
    print(f"{'':56}{'ours':>11}{'other':>12}{'ratio':>9}  mark")
    missed = False
    for row in measure(SIZES, MERGED):
        missed |= not row.reached
        times = f"{row.ours * 1000:8.1f} ms{row.other * 1000:9.1f} ms{row.ratio:9.2f}"
        print(f"{row.what:56}{times}  {row.mark}{'' if row.reached else ', MISSED'}", flush=True)
    return int(missed)


def measure(sizes: tuple[int, int, int], merged: int) -> Iterator[Row]:
    """Read files of three sizes (in lines), rewrite the middle one, compare it with the last, and merge keys."""
    _, small, large = sizes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, ".env")
        for size in sizes:
            data = make_file(size)
            path.write_bytes(data)
            ours, theirs = compare(reader(data), lambda: dotenv_values(path, interpolate=False))
            yield at_least(f"dotenv_values / reading {size:,} lines", ours, theirs, FASTER_READING)
            if size == small:
                ours, theirs = compare(rewriter(data), lambda: dotenv_values(path, interpolate=False))
                what = f"setting every key of {size:,} lines / dotenv_values"
                yield at_most(what, ours, theirs, LONGEST_REWRITING)
        for what, act in (("parsing", parser), ("setting every key of", rewriter)):
            yield measure_growth(what, act, small, large)
        yield measure_merge(path, merged)


def measure_growth(what: str, act: Callable[[bytes], Callable[[], object]], small: int, large: int) -> Row:
    """Compare one large file with several small ones of the same size altogether, all held at once.

    So the caches of the processor, which hold one small file and no large one, do not count.
    """
    times = large // small
    one, whole = act(make_file(small)), act(make_file(large))
    seconds, together = compare(whole, lambda: [one() for _ in range(times)])
    name = f"{what} {large:,} lines / {small:,} lines"
    return at_most(name, seconds, together / times, STEEPEST_GROWTH * times)


def measure_merge(path: Path, merged: int) -> Row:
    """Merge new keys into a file, by us (with the second reading) and by a loop of `set_key`."""
    data = make_file(merged)
    new = {f"NEW_{number}": f"new value {number}" for number in range(merged)}
    path.write_bytes(data)
    ours = min(take_time(lambda: merge(data, new)) for _ in range(BEST_OF))
    theirs = take_time(lambda: [set_key(path, key, value) for key, value in new.items()])
    return at_least(f"set_key loop / merging {merged:,} keys into {merged:,} lines", ours, theirs, FASTER_MERGING)


def merge(data: bytes, new: Mapping[str, str]) -> None:
    """Do what a merge does to one file, but for the disk."""
    require_second_reading(Document(data, COMPOSE, {}).edit(new))


def parser(data: bytes) -> Callable[[], Document]:
    """Return what parses a file."""
    return lambda: Document(data, COMPOSE, {})


def reader(data: bytes) -> Callable[[], Mapping[str, str]]:
    """Return what reads the values of a file."""
    return lambda: Document(data, COMPOSE, {}).values()


def rewriter(data: bytes) -> Callable[[], Edit]:
    """Return what reads a file, gives each of its keys another value, and makes sure of it."""
    new = {key: f"{value} anew" for key, value in Document(data, COMPOSE, {}).values().items()}
    return lambda: Document(data, COMPOSE, {}).edit(new)


def make_file(lines: int) -> bytes:
    """Return a file with what a project's `.env` holds: connections, JSON, plain words, comments."""
    kinds = (
        "# note {0}",
        "AIRFLOW_VAR_WORDS_{0}='some value {0}'",
        'AIRFLOW_CONN_DB_{0}="postgres://u:p@h:5432/db{0}"',
        'AIRFLOW_VAR_JSON_{0}=\'{{"a": {0}, "b": [1, 2]}}\'',
        *["AIRFLOW_VAR_PLAIN_{0}=value-{0}"] * 6,
    )
    return "".join(f"{kinds[number % len(kinds)].format(number)}\n" for number in range(lines)).encode()


def at_least(what: str, ours: float, theirs: float, mark: float) -> Row:
    """Return the row of a ratio theirs / ours that is to be high."""
    return Row(what, ours, theirs, theirs / ours, f"at least {mark:g}", theirs / ours >= mark)


def at_most(what: str, ours: float, other: float, mark: float) -> Row:
    """Return the row of a ratio ours / other that is to be low."""
    return Row(what, ours, other, ours / other, f"at most {mark:g}", ours / other <= mark)


def compare(ours: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the quickest of a few runs of each, taken by turns: what disturbs one disturbs both."""
    runs = [(take_time(ours), take_time(other)) for _ in range(BEST_OF)]
    return min(seconds for seconds, _ in runs), min(seconds for _, seconds in runs)


def take_time(act: Callable[[], object]) -> float:
    """Return the seconds of the processor that one run takes, what it returns being thrown away outside of them."""
    gc.collect()
    begin = time.process_time()
    kept = act()
    seconds = time.process_time() - begin
    del kept
    return seconds


if __name__ == "__main__":
    sys.exit(main())
