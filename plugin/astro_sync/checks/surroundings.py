"""Look at what surrounds a `.env`: who may read it, and whether git would take it. Silent where there is no answer."""

import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple


class GitState(StrEnum):
    """Say what git does with a file; `UNKNOWN`: there is no git, no repository, or no answer in time."""

    TRACKED = "tracked"
    IGNORED = "ignored"
    UNTRACKED = "untracked"
    UNKNOWN = "unknown"


class Surroundings(NamedTuple):
    """Hold the permission bits of a file, None where it has none, and what git does with it."""

    mode: int | None = None
    git: GitState = GitState.UNKNOWN


NOWHERE: Final = Surroundings()
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_TIMEOUT: Final = 5.0  # seconds, for each call of git
# Git has filters and hooks that print what they like.
_WITHHELD: Final = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
# of a hook that runs us, or of a shell: they would make git look into another repository than the file's
_REPOSITORY_VARIABLES: Final = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"}
)
# a repository may name a program there, which git then runs
_NO_PROGRAM: Final = ("-c", "core.fsmonitor=false")


def look_around(path: Path, environ: Mapping[str, str], *, timeout: float = _TIMEOUT) -> Surroundings:
    """Return what surrounds the file that `path` leads to; a link is followed, since git takes only its text."""
    try:
        target = path.resolve(strict=True)
        status = target.stat()
    except (OSError, RuntimeError):
        return NOWHERE
    return Surroundings(stat.S_IMODE(status.st_mode), find_git_state(target, environ, timeout=timeout))


def find_git_state(target: Path, environ: Mapping[str, str], *, timeout: float = _TIMEOUT) -> GitState:
    """Ask git about a file, which need not be there; `target` is absolute and without links."""
    program = shutil.which("git", path=environ.get("PATH", ""))
    if program is None:
        return GitState.UNKNOWN
    git = _Git(program, target, environ, timeout)
    match git.ask("--literal-pathspecs", "ls-files", "--error-unmatch"):
        case 0:
            return GitState.TRACKED
        case None | 128:
            return GitState.UNKNOWN
    match git_ignores(target, environ, timeout=timeout):
        case True:
            return GitState.IGNORED
        case False:
            return GitState.UNTRACKED
    return GitState.UNKNOWN


def git_ignores(
    target: Path, environ: Mapping[str, str], *, timeout: float = _TIMEOUT, own_rules: bool = True
) -> bool | None:
    """Ask git whether its rules leave a file out, tracked or not; None where it cannot be asked.

    Without `own_rules`, those that the user alone has do not count.
    """
    program = shutil.which("git", path=environ.get("PATH", ""))
    if program is None:
        return None
    scope = () if own_rules else ("-c", "core.excludesFile=")
    # find_git_state asks the index; here git would take the name for a pattern
    status = _Git(program, target, environ, timeout).ask(*scope, "check-ignore", "-q", "--no-index")
    return {0: True, 1: False}.get(status) if status is not None else None


@dataclass(frozen=True, slots=True, repr=False)
class _Git:
    program: str
    target: Path
    environ: Mapping[str, str]
    timeout: float

    def ask(self, *question: str) -> int | None:
        """Return git's exit status; None if it could not be run or did not end in time."""
        environ = {
            name: value
            for name, value in self.environ.items()
            if name not in _REPOSITORY_VARIABLES and not name.startswith(_WITHHELD)
        }
        try:
            ended = subprocess.run(  # noqa: S603 - the program is git, and the name stands behind `--`
                [self.program, *_NO_PROGRAM, *question, "--", f"./{self.target.name}"],
                cwd=self.target.parent,
                env=environ | {"GIT_OPTIONAL_LOCKS": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        return ended.returncode
