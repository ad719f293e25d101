"""Make the virtual environments in which the scripts beside this one run.

`environment.py PURPOSE` prints the folder of the programs (`…/bin`). Each environment is made once below `.cache/` and
again when something that it was made from has changed; progress goes to stderr. Standard library only.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
AIRFLOW = "apache-airflow>=3.3,<4"
AIRFLOW_2 = "apache-airflow>=2.11,<3"  # its REST API is version 1
# The classes that read secrets backends. Google's provider without its packages, which are 1 GB for other services.
PROVIDERS = [
    "apache-airflow-core>=3.3,<4",
    "apache-airflow-providers-amazon>=9.39",
    "apache-airflow-providers-hashicorp>=4.8",
    "apache-airflow-providers-microsoft-azure>=15.2",
    *("gcloud-aio-auth", "google-api-python-client", "google-auth-httplib2", "google-cloud-secret-manager"),
    "--no-deps",
    "apache-airflow-providers-google>=22.8",
]
COMPLETE = ".complete"
UNUSED_AFTER = 7 * 24 * 3600  # seconds; a younger one may serve a run of another branch at this moment


def main() -> None:
    """Print where the programs of the environment named on the command line are."""
    purpose = sys.argv[1]
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        folder = environment(purpose, requirements(purpose, pyproject), pyproject, PROJECT / ".cache")
    except subprocess.CalledProcessError as error:
        sys.exit(f"The environment for {purpose} could not be made: `{' '.join(error.cmd[:4])} …` failed, see above.")
    print(folder / "bin")


def requirements(purpose: str, pyproject: dict[str, Any]) -> list[str]:
    """List what pip installs for a purpose; the project itself is editable."""
    editable = ["--editable", str(PROJECT)]
    match purpose:
        case "demo":
            return editable
        case "dev":  # one for both groups: mypy reads pytest's and hypothesis' types
            return [*editable, *group("check", pyproject), *group("test", pyproject)]
        case "airflow":
            return [AIRFLOW]
        case "airflow2":
            return [AIRFLOW_2]
        case "stores":
            return [*requirements("dev", pyproject), *group("stores", pyproject)]
        case "providers":
            return PROVIDERS
    sys.exit(f"There is no environment {purpose!r}.")


def group(name: str, pyproject: dict[str, Any]) -> list[str]:
    """List a dependency group (PEP 735), since the pip of Python 3.11 has no `--group`."""
    found: list[str] = []
    for entry in pyproject["dependency-groups"][name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"], pyproject)
    return found


def environment(purpose: str, wanted: list[str], pyproject: dict[str, Any], cache: Path) -> Path:
    """Return the folder of a complete environment, made now if there is none."""
    folder = cache / f"{purpose}-{_fingerprint(wanted, pyproject)}"
    cache.mkdir(exist_ok=True)
    with _lock(cache / f"{purpose}.lock"):
        if not (folder / COMPLETE).exists():
            for stale in _unused(cache.glob(f"{purpose}-*")):
                shutil.rmtree(stale)
            _say(f"Setting up the environment for {purpose} (once, below .cache/) …")
            started = time.monotonic()
            _make(folder, wanted)
            _say(f"… done after {time.monotonic() - started:.0f} s.")
        (folder / COMPLETE).touch()
    return folder


def _fingerprint(wanted: list[str], pyproject: dict[str, Any]) -> str:
    """Tell environments apart by all that decides what is in them; the settings of linters do not."""
    editable = [pyproject["build-system"], pyproject["project"], pyproject["tool"]["hatch"]]
    parts = [sys.version, sys.executable, str(PROJECT), wanted, editable if "--editable" in wanted else None]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


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


def _make(folder: Path, wanted: list[str]) -> None:
    _make_empty(folder)
    at = wanted.index("--no-deps") if "--no-deps" in wanted else len(wanted)
    for packages in filter(None, (wanted[:at], wanted[at:])):
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", *_PIP_OPTIONS, *packages)


def _make_empty(folder: Path) -> None:
    if _has("ensurepip"):
        _run(sys.executable, "-m", "venv", str(folder))
    elif _has("pip"):  # Debian and Ubuntu keep ensurepip in a package of its own
        _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        _run(sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", *_PIP_OPTIONS, "pip")
    else:
        sys.exit(f"{sys.executable} has neither ensurepip nor pip. On Debian or Ubuntu: apt install python3-venv")


_PIP_OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-input")


def _has(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    """Run one step; what it prints goes to stderr, since stdout carries the result."""
    outside = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    subprocess.run(command, check=True, stdout=sys.stderr, env=outside)


# These would make pip install elsewhere than into the environment, or import from elsewhere.
_MISLEADING = frozenset({"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME"})


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
