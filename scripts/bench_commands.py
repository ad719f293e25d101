"""Measure what a command costs beside `astro`: its start, and a sync's own time; each beside its mark."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from sandbox import Sandbox

ROUNDS = 15
KEYS = 200
START_MARK = 1.25  # times `import click`
OWN_MARK = 10  # times `python -c pass`, with the start of Python
STARTS = ("--version", "--help")
DEDUPE_MARK = 1.5  # times python-dotenv reading the file once
MANY_KEYS = 10_000
SYNCS = ("local-to-deploy --no-export --yes", "deploy-to-local --yes")

MANY = "many.env"
_READ_BY_DOTENV = f"import dotenv; dotenv.dotenv_values({MANY!r}, interpolate=False)"

# Runs the command line with a clock around each call of `astro`, and leaves the times in a file.
_CLOCKED = """
import atexit, json, sys, time
from astro_sync.places import astro_cli as astro
from astro_sync.__main__ import main
spans = []
run = astro.Astro.run
def clocked(self, *args, **options):
    begun = time.perf_counter()
    try:
        return run(self, *args, **options)
    finally:
        spans.append((begun, time.perf_counter()))
astro.Astro.run = clocked
path = sys.argv.pop(1)
atexit.register(lambda: open(path, "w").write(json.dumps(spans)))
main()
"""


def main() -> int:
    """Print a line for each measurement, and return 1 if one misses its mark."""
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder))
        prepare(sandbox)
        found = shortest(
            {
                "pass": partial(spend, [sys.executable, "-c", "pass"], sandbox),
                "import click": partial(spend, [sys.executable, "-c", "import click"], sandbox),
                **{option: partial(spend, [sys.executable, "-m", "astro_sync", option], sandbox) for option in STARTS},
                **{words: partial(own_time, words.split(), sandbox) for words in SYNCS},
                "dedupe": partial(dedupe, sandbox),
                "dotenv": partial(spend, [sys.executable, "-c", _READ_BY_DOTENV], sandbox),
            }
        )
    for option in STARTS:
        ratio = found[option] / found["import click"]
        missed |= show(f"astro-sync {option} / import click", f"{ratio:.2f}", ratio, START_MARK)
    for words in SYNCS:
        ratio = found[words] / found["pass"]
        what = f"{words.split()[0]}, {KEYS} keys, nothing to do, beside astro / pass"
        missed |= show(what, f"{found[words] * 1000:.0f} ms, {ratio:.1f}", ratio, OWN_MARK)
    ratio = found["dedupe"] / found["dotenv"]
    missed |= show(f"dedupe of {MANY_KEYS:,} keys / python-dotenv reading them", f"{ratio:.2f}", ratio, DEDUPE_MARK)
    return int(missed)


def prepare(sandbox: Sandbox) -> None:
    """Fill the project's `.env` and the Deployment with the same keys, so that every run does the same."""
    sandbox.write_env("".join(f"KEY_{number}=value {number}\n" for number in range(KEYS)))
    sandbox.run("local-to-deploy", "--no-export", "--yes", "-d", "dep-1", "--plain", "*")


def dedupe(sandbox: Sandbox) -> float:
    """Return the seconds that it takes to dedupe a file of many keys, of which every tenth stands there twice."""
    lines = [f"KEY_{number}='value {number}'\n" for number in range(MANY_KEYS)]
    (sandbox.project / MANY).write_text("".join([*lines[::10], *lines]))
    return spend([sys.executable, "-m", "astro_sync", "dedupe", "--no-backup", MANY], sandbox)


def own_time(words: Iterable[str], sandbox: Sandbox) -> float:
    """Return the seconds of a sync less those in which `astro` ran, the import of plumbum among them."""
    spans_file = sandbox.folder / "spans.json"
    total = spend([sys.executable, "-c", _CLOCKED, str(spans_file), *words, "-d", "dep-1"], sandbox)
    return total - union(json.loads(spans_file.read_text()))


def union(spans: Iterable[tuple[float, float]]) -> float:
    """Return the seconds in which at least one of the spans ran."""
    covered, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return covered


def spend(command: list[str], sandbox: Sandbox) -> float:
    """Return the seconds that a command takes."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=sandbox.project, env=sandbox.environment, capture_output=True, check=True)
    return time.perf_counter() - begun


def shortest(measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Return the shortest of some runs of each, since the others were disturbed; in turns, so that all were alike."""
    rounds = [{name: measure() for name, measure in measures.items()} for _ in range(ROUNDS)]
    return {name: min(each[name] for each in rounds) for name in measures}


def show(what: str, found: str, ratio: float, mark: float) -> bool:
    """Print one row, and tell whether it misses its mark."""
    missed = ratio > mark
    print(f"{what:62}{found:>23}   at most {mark}{'  MISSED' if missed else ''}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
