"""Look at who would take the files with values: git, a Docker build, other users of the machine."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from astro_sync.checks.surroundings import OTHERS, GitState, Surroundings, find_git_state, look_around
from astro_sync.project.finding import Finding, State
from astro_sync.project.ignore_rules import ANY_ENV, ENV, ENVS, EXAMPLES, docker_leaves_out, read_docker_rules


def examine_env_files(folder: Path, further: Sequence[str], environ: Mapping[str, str]) -> list[Finding]:
    """Return what becomes of `.env` and its like in a project, and of `further` files, named from there."""
    surroundings = {name: look_around(folder / name, environ) for name in _find(folder, further)}
    files = list(surroundings)
    return [_by_git(folder, surroundings, environ), _by_docker(folder, files), _permissions(surroundings)]


def _find(folder: Path, further: Iterable[str]) -> list[str]:
    try:
        there = sorted(path.name for path in folder.glob(".env*") if path.name == ENV or path.name.startswith(".env."))
    except OSError:
        there = []
    names = [os.path.normpath(name) for name in (*there, *further)]
    return [name for name in dict.fromkeys(names) if name not in EXAMPLES and (folder / name).is_file()]


def _by_git(folder: Path, surroundings: Mapping[str, Surroundings], environ: Mapping[str, str]) -> Finding:
    name, files = "env-ignored-by-git", list(surroundings)
    states = {file: around.git for file, around in surroundings.items()}
    states |= {file: find_git_state(Path(os.path.realpath(folder)) / file, environ) for file in _absent(files)}
    tracked = [file for file in files if states[file] is GitState.TRACKED]
    if tracked:
        command = shlex.join(["git", "rm", "--cached", *tracked])
        text = f"git keeps {', '.join(tracked)}: who has the repository has the values."
        return Finding(name, State.PROBLEM, text, f"Run `{command}`, then `astro-sync init`, and set new passwords.")
    if GitState.UNKNOWN in states.values():
        if any((above / ".git").exists() for above in (folder, *folder.parents)):
            hint = f"Run `git check-ignore {ENV}`; it should print {ENV}."
            return Finding(name, State.WARNING, "git could not be asked what it ignores.", hint)
        return Finding(name, State.OK, "The project is in no git repository.")
    taken = [file for file, state in states.items() if state is not GitState.IGNORED]
    return _judge(name, "git", taken, files, ".gitignore")


def _by_docker(folder: Path, files: Sequence[str]) -> Finding:
    name = "env-ignored-by-docker"
    # Docker reads the first one only, where there are both.
    candidates = (folder / "Dockerfile.dockerignore", folder / ".dockerignore")
    source = next((path for path in candidates if path.is_file()), candidates[-1])
    try:
        rules = read_docker_rules(source.read_bytes()) if source.exists() else []
    except OSError:
        return Finding(name, State.WARNING, f"{source.name} cannot be read.", f"Run `cat {source.name}` to see why.")
    inside = [file for file in files if not file.startswith("..") and not Path(file).is_absolute()]
    verdicts = {file: docker_leaves_out(file, rules) for file in (*inside, *_absent(files))}
    taken = [file for file, ignored in verdicts.items() if ignored is False]
    if not taken and None in verdicts.values():
        unsure = [_shown(file) for file, ignored in verdicts.items() if ignored is None]
        text = f"{source.name} has a pattern in brackets; whether it leaves out {', '.join(unsure)} is not certain."
        return Finding(name, State.WARNING, text, f"Add them to {source.name} by name.")
    return _judge(name, "an image that `astro deploy` builds", taken, inside, source.name)


def _permissions(surroundings: Mapping[str, Surroundings]) -> Finding:
    name = "env-permissions"
    opened = [file for file, around in surroundings.items() if around.mode is not None and around.mode & OTHERS]
    if opened:
        text = f"Other users of this machine have rights on {', '.join(opened)}."
        return Finding(name, State.WARNING, text, f"Run `{shlex.join(['chmod', '600', *opened])}`.")
    text = f"{', '.join(surroundings)}: yours alone to read." if surroundings else f"There is no {ENV} yet."
    return Finding(name, State.OK, text)


def _judge(name: str, taker: str, taken: Sequence[str], files: Sequence[str], ignore_file: str) -> Finding:
    """Return a problem for files that are there and would be taken, a warning for those that may come."""
    shown = ", ".join(map(_shown, taken))
    if not taken:
        return Finding(name, State.OK, f"{ignore_file} keeps {ENV} and its like out of {taker}.")
    state = State.PROBLEM if any(file in files for file in taken) else State.WARNING
    return Finding(
        name, state, f"{shown} would go into {taker}.", f"Run `astro-sync init`, or add to {ignore_file}: {shown}"
    )


def _absent(files: Sequence[str]) -> list[str]:
    return [file for file in (ENV, ANY_ENV) if file not in files]


def _shown(file: str) -> str:
    return ENVS if file == ANY_ENV else file
