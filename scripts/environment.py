"""Make the virtual environments in which the scripts beside this one run.

`environment.py PURPOSE` prints the folder of the programs (`…/bin`). Each environment is made once below `.cache/`,
by uv where there is one, else by venv and pip, and again when something that it was made from has changed; progress
goes to stderr. Standard library only.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
NO_DEPS = "--no-deps"
# The project itself, editable, with groups of pyproject.toml; or something else alone.
GROUPS = {"demo": [], "dev": ["check", "test"], "stores": ["check", "test", "stores"]}
ALONE = {
    "airflow": ["apache-airflow>=3.3,<4"],
    "airflow2": ["apache-airflow>=2.11,<3"],  # its REST API is version 1
    # The classes that read secrets backends. Google's provider without its packages, 1 GB for other services.
    "providers": [
        "apache-airflow-core>=3.3,<4",
        "apache-airflow-providers-amazon>=9.39",
        "apache-airflow-providers-hashicorp>=4.8",
        "apache-airflow-providers-microsoft-azure>=15.2",
        *("gcloud-aio-auth", "google-api-python-client", "google-auth-httplib2", "google-cloud-secret-manager"),
        NO_DEPS,
        "apache-airflow-providers-google>=22.8",
    ],
}
COMPLETE = ".complete"
UNUSED_AFTER = 7 * 24 * 3600  # seconds; a younger one may serve a run of another branch at this moment
PIP = ["install", "--quiet", "--disable-pip-version-check", "--no-input"]
# These would install elsewhere than into the environment, or import from elsewhere.
MISLEADING = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}


def main() -> None:
    """Print where the programs of the environment named on the command line are."""
    purpose = sys.argv[1]
    if purpose not in GROUPS | ALONE:
        sys.exit(f"There is no environment {purpose!r}; there are {', '.join(GROUPS | ALONE)}.")
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        folder = environment(purpose, pyproject, PROJECT / ".cache", make)
    except subprocess.CalledProcessError as error:
        sys.exit(f"The environment for {purpose} could not be made: `{' '.join(error.cmd[:4])} …` failed, see above.")
    print(folder / "bin")


def requirements(purpose: str, pyproject: dict[str, Any]) -> list[str]:
    """List what is installed for a purpose; the groups are read here, since pip 23 has no `--group`."""
    if purpose in ALONE:
        return ALONE[purpose]
    return ["--editable", str(PROJECT), *(each for name in GROUPS[purpose] for each in _group(name, pyproject))]


def environment(purpose: str, pyproject: dict[str, Any], cache: Path, make: Callable[[Path, list[str]], None]) -> Path:
    """Return the folder of a complete environment, made now if there is none."""
    wanted = requirements(purpose, pyproject)
    # All that decides what is in it; the settings of linters do not.
    editable = [pyproject["build-system"], pyproject["project"], pyproject["tool"]["hatch"]]
    parts = [sys.version, sys.executable, str(PROJECT), wanted, editable if purpose in GROUPS else None]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
    folder = cache / f"{purpose}-{digest}"
    cache.mkdir(exist_ok=True)
    with _lock(cache / f"{purpose}.lock"):
        if not (folder / COMPLETE).exists():
            for stale in _unused(cache.glob(f"{purpose}-*")):
                shutil.rmtree(stale)
            _say(f"Setting up the environment for {purpose} (once, below .cache/) …")
            started = time.monotonic()
            make(folder, wanted)
            _say(f"… done after {time.monotonic() - started:.0f} s.")
        (folder / COMPLETE).touch()
    return folder


def make(folder: Path, wanted: list[str]) -> None:
    """Make a virtual environment and install into it, with uv where it can be had: pip takes many times as long."""
    python = str(folder / "bin" / "python")
    if uv := shutil.which("uv") or _install_uv(folder.parent):
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
        for packages in _in_two(wanted):
            _run(uv, "pip", "install", "--quiet", "--python", python, *packages)
        return
    _make_empty(folder)
    for packages in _in_two(wanted):
        _run(python, "-m", "pip", *PIP, *packages)


def _install_uv(cache: Path) -> str | None:
    """Return uv from an environment of its own, made by pip if need be; None where it is not to be had."""
    folder = cache / "uv"
    uv = folder / "bin" / "uv"
    with _lock(cache / "uv.lock"):
        if not uv.exists():
            with contextlib.suppress(subprocess.CalledProcessError):
                _make_empty(folder)
                _run(str(folder / "bin" / "python"), "-m", "pip", *PIP, "uv")
    return str(uv) if uv.exists() else None


def _make_empty(folder: Path) -> None:
    python = str(folder / "bin" / "python")
    if _has("ensurepip"):
        _run(sys.executable, "-m", "venv", str(folder))
    elif _has("pip"):  # Debian and Ubuntu keep ensurepip in a package of its own
        _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        _run(sys.executable, "-m", "pip", "--python", python, *PIP, "pip")
    else:
        sys.exit(f"{sys.executable} has neither ensurepip nor pip. On Debian or Ubuntu: apt install python3-venv")


def _in_two(wanted: list[str]) -> Iterator[list[str]]:
    """Yield what is installed with its own requirements, then what is installed without."""
    at = wanted.index(NO_DEPS) if NO_DEPS in wanted else len(wanted)
    yield from filter(None, (wanted[:at], wanted[at:]))


def _group(name: str, pyproject: dict[str, Any]) -> Iterator[str]:
    for entry in pyproject["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(entry["include-group"], pyproject)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let one process at a time make an environment; the lock ends with its process, however that ends."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another run that sets up the same environment …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _unused(folders: Iterator[Path]) -> Iterator[Path]:
    """Pick the environments that were left half made, and those that nothing has used for a week."""
    for folder in folders:
        stamp = folder / COMPLETE
        if not stamp.exists() or stamp.stat().st_mtime < time.time() - UNUSED_AFTER:
            yield folder


def _has(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    """Run one step; what it prints goes to stderr, since stdout carries the result."""
    outside = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    subprocess.run(command, check=True, stdout=sys.stderr, env=outside)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
