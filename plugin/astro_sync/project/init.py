"""Set an Astro project up: config file, ignore files, and the targets for its Makefile. Decide first, then write."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from astro_sync.config import file as config
from astro_sync.errors import UnusableError
from astro_sync.project.assets import MAKE_FILE, is_untouched, kit_file, seal
from astro_sync.project.config_example import CONFIG_EXAMPLE
from astro_sync.project.ignore_rules import (
    Rule,
    docker_leaves_out,
    git_leaves_out,
    missing_lines,
    read_docker_rules,
    read_git_rules,
)
from astro_sync.project.makefile import NEW, add_lines, choose_makefile, has_include
from astro_sync.storage.atomic import Loaded, load, locked, replace
from astro_sync.storage.syscalls import sentence_for

_PUBLIC_FILE: Final = 0o644  # these files are shared with everybody who works on the project
_INCLUDE: Final = f"include {MAKE_FILE}"


class StepAction(StrEnum):
    """Say what becomes of one file; `LEFT`: it is not as it should be, but not ours to change."""

    CREATE = "create"
    APPEND = "append"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Step:
    """Decide about one file; `data` is what is to be written, None where nothing is."""

    path: Path
    action: StepAction
    description: str
    data: bytes | None = field(default=None, repr=False)
    loaded: Loaded | None = field(default=None, repr=False)


def plan_setup(project: Path, home: Path) -> list[Step]:
    """Return a step for each file of an Astro project, in the order in which they are to be written.

    Raises UnusableError outside an Astro project, RefusedError for a file that is a folder or a dangling link.
    """
    require_project(project, home)
    return [
        _plan_gitignore(project),
        _plan_dockerignore(project),
        _plan_config(project),
        *_plan_make(project),
    ]


def carry_out(steps: Sequence[Step], *, timeout: float, tell: Callable[[str], None]) -> None:
    """Write what the steps say, each file whole; raises ChangedError if one was changed since it was planned."""
    writes = [step for step in steps if step.data is not None and step.loaded is not None]
    if not writes:
        return
    with locked(writes[0].path.parent, timeout, tell):
        for step in writes:
            _write(step)


def require_project(folder: Path, home: Path) -> None:
    """Raise UnusableError unless the Astro CLI would take this folder for a project (contract, "Everywhere")."""
    if is_project(folder, home):
        return
    above = next((parent for parent in folder.parents if is_project(parent, home)), None)
    hint = f"Run `cd {above}` first." if above else "Change to your Astro project, or make one with `astro dev init`."
    raise UnusableError("This folder is not an Astro project.", hint=hint)


def is_project(folder: Path, home: Path) -> bool:
    """Tell whether the Astro CLI would take a folder for a project; the home folder's `.astro` is its own."""
    return folder != home and (folder / ".astro" / "config.yaml").is_file()


def _plan_gitignore(project: Path) -> Step:
    folders = (project, *project.parents)
    root = next((number for number, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    above: list[Rule] = []
    for folder in reversed(folders[1 : root + 1]):
        above += read_git_rules(load(folder / ".gitignore").data, str(project.relative_to(folder)))
    loaded = load(project / ".gitignore")
    leaves_out = partial(git_leaves_out, rules=[*above, *read_git_rules(loaded.data)])
    return _plan_ignore_file(loaded, "git", missing_lines(loaded.data, leaves_out, examples=True))


def _plan_dockerignore(project: Path) -> Step:
    loaded = load(project / ".dockerignore")
    leaves_out = partial(docker_leaves_out, rules=read_docker_rules(loaded.data))
    return _plan_ignore_file(loaded, "Docker", missing_lines(loaded.data, leaves_out, examples=False))


def _plan_ignore_file(loaded: Loaded, reader: str, lines: Sequence[str]) -> Step:
    if not lines:
        return Step(loaded.path, StepAction.UNCHANGED, f"{reader} leaves out .env and its like already")
    action = StepAction.APPEND if loaded.exists else StepAction.CREATE
    description = f"{reader} is to leave out the files with values: {', '.join(lines)}"
    return Step(loaded.path, action, description, add_lines(loaded.data, lines), loaded)


def _plan_config(project: Path) -> Step:
    # One further up holds here too; a second one would put it out of force.
    if (path := config.find(project)) is not None:
        return Step(path, StepAction.UNCHANGED, "holds for this project already")
    loaded = load(project / config.NAME)
    return Step(loaded.path, StepAction.CREATE, "settings, all commented out", CONFIG_EXAMPLE.encode(), loaded)


def _plan_make(project: Path) -> list[Step]:
    include = _plan_include(load(project / MAKE_FILE))
    makefile = load(project / choose_makefile({file.name for file in project.iterdir()}))
    if has_include(makefile.data):
        return [include, Step(makefile.path, StepAction.UNCHANGED, f"includes {MAKE_FILE} already")]
    if include.action is StepAction.LEFT:
        return [include, Step(makefile.path, StepAction.LEFT, f"does not include {MAKE_FILE}, which is not ours")]
    if not makefile.exists:
        return [include, Step(makefile.path, StepAction.CREATE, "make local-to-deploy and the like", NEW, makefile)]
    data = add_lines(makefile.data, [_INCLUDE])
    return [include, Step(makefile.path, StepAction.APPEND, _INCLUDE, data, makefile)]


def _plan_include(loaded: Loaded) -> Step:
    kit = kit_file(MAKE_FILE)
    if loaded.data in {kit, seal(kit)}:
        return Step(loaded.path, StepAction.UNCHANGED, "is this version's")
    if not loaded.exists:
        return Step(loaded.path, StepAction.CREATE, "targets for make", seal(kit), loaded)
    if is_untouched(loaded.data):
        return Step(loaded.path, StepAction.UPDATE, "targets for make, as of this version", seal(kit), loaded)
    text = "is not as astro-sync wrote it; to have this version's, remove it and run `astro-sync init` again"
    return Step(loaded.path, StepAction.LEFT, text)


def _write(step: Step) -> None:
    if step.loaded is None or step.data is None:
        return
    replace(step.loaded, step.data)
    if step.action is StepAction.CREATE:
        umask = os.umask(0o077)
        os.umask(umask)
        try:
            step.path.chmod(_PUBLIC_FILE & ~umask)
        except OSError as error:
            raise sentence_for(f"{step.path} is written, but stays yours alone to read", error) from error
