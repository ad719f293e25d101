"""Measure what a command costs beside `astro`: its start, and a sync's own time; each beside its mark."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from sandbox import Sandbox

BEST_OF = 9
KEYS = 200
START_MARK = 1.25  # times `import click`
OWN_MARK = 10  # times `python -c pass`, with the start of Python

# Runs the command line with a clock around each call of `astro`, and leaves the times in a file.
_CLOCKED = """
import atexit, json, sys, time
from astro_sync.places import astro_cli as astro
from astro_sync.cli.app import main
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
        python = best(partial(spend, [sys.executable, "-c", "pass"], sandbox))
        click = best(partial(spend, [sys.executable, "-c", "import click"], sandbox))
        for option in ("--version", "--help"):
            ours = best(partial(spend, [sys.executable, "-m", "astro_sync", option], sandbox))
            reached = ours / click <= START_MARK
            missed |= not reached
            show(f"astro-sync {option} / import click", f"{ours / click:.2f}", f"at most {START_MARK}", reached=reached)
        for words in (("local-to-deploy", "--no-export", "--yes"), ("deploy-to-local", "--yes")):
            prepare(sandbox)
            own = best(partial(own_time, words, sandbox))
            reached = own / python <= OWN_MARK
            missed |= not reached
            what = f"{words[0]}, {KEYS} keys, nothing to do, beside astro / pass"
            show(what, f"{own * 1000:.0f} ms, {own / python:.1f}", f"at most {OWN_MARK}", reached=reached)
    return int(missed)


def prepare(sandbox: Sandbox) -> None:
    """Fill the project's `.env` and the Deployment with the same keys, so that every run does the same."""
    sandbox.write_env("".join(f"KEY_{number}=value {number}\n" for number in range(KEYS)))
    sandbox.run("local-to-deploy", "--no-export", "--yes", "-d", "dep-1", "--plain", "*")


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


def best(measure: Callable[[], float]) -> float:
    """Return the shortest of some runs: the others were disturbed."""
    return min(measure() for _ in range(BEST_OF))


def show(what: str, found: str, mark: str, *, reached: bool) -> None:
    """Print one row."""
    print(f"{what:54}{found:>31}   {mark}{'' if reached else '  MISSED'}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
