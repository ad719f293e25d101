"""Set an Astro project up: config file, ignore files, and the targets for its Makefile. Decide first, then write."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from astro_sync.checks.surroundings import git_ignores
from astro_sync.project.assets import MAKE_FILE, is_untouched, kit_file, seal
from astro_sync.project.ignore_rules import docker_leaves_out, missing_lines, names_plainly, read_docker_rules
from astro_sync.project.makefile import NEW, add_lines, choose_makefile, has_include
from astro_sync.storage.atomic import Loaded, load, locked, replace
from astro_sync.storage.syscalls import sentence_for

_PUBLIC_FILE: Final = 0o644  # these files are shared with everybody who works on the project
_INCLUDE: Final = f"include {MAKE_FILE}"


class StepAction(StrEnum):
    """What becomes of one file; `LEFT`: it is not as it should be, but not ours to change."""

    CREATE = "create"
    APPEND = "append"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Step:
    """What is decided about one file; `data` is what is to be written, None where nothing is."""

    path: Path
    action: StepAction
    description: str
    data: bytes | None = field(default=None, repr=False)
    loaded: Loaded | None = field(default=None, repr=False)


def plan_setup(project: Path, environ: Mapping[str, str], *, config: Path, example: str) -> list[Step]:
    """Return a step for each file of an Astro project, in the order in which they are to be written.

    `config` is the file of settings that holds in the project, or where it is to be, with `example` in it.
    Raises RefusedError for a file that is a folder or a dangling link.
    """
    return [
        _plan_gitignore(project, environ),
        _plan_dockerignore(project),
        _plan_config(project, config, example),
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


def _plan_gitignore(project: Path, environ: Mapping[str, str]) -> Step:
    loaded = load(project / ".gitignore")

    def leaves_out(name: str) -> bool:
        told = git_ignores(Path(os.path.realpath(project)) / name, environ, own_rules=False)
        return names_plainly(loaded.data, name) if told is None else told

    return _plan_ignore_file(project, loaded, "git", missing_lines(loaded.data, leaves_out, examples=True))


def _plan_dockerignore(project: Path) -> Step:
    loaded = load(project / ".dockerignore")
    leaves_out = partial(docker_leaves_out, rules=read_docker_rules(loaded.data))
    return _plan_ignore_file(project, loaded, "Docker", missing_lines(loaded.data, leaves_out, examples=False))


def _plan_ignore_file(project: Path, loaded: Loaded, reader: str, lines: Sequence[str]) -> Step:
    if not lines:
        return Step(loaded.path, StepAction.UNCHANGED, f"{reader} leaves out .env and its like already")
    if leads_out := _leads_out(project, loaded):
        return leads_out
    action = StepAction.APPEND if loaded.exists else StepAction.CREATE
    description = f"{reader} is to leave out the files with values: {', '.join(lines)}"
    return Step(loaded.path, action, description, add_lines(loaded.data, lines), loaded)


def _plan_config(project: Path, config: Path, example: str) -> Step:
    loaded = load(config)
    # One further up holds here too; a second one would put it out of force.
    if loaded.exists:
        return Step(config, StepAction.UNCHANGED, "holds for this project already")
    step = Step(config, StepAction.CREATE, "settings, all commented out", example.encode(), loaded)
    return _leads_out(project, loaded) or step


def _plan_make(project: Path) -> list[Step]:
    include = _plan_include(project, load(project / MAKE_FILE))
    makefile = load(project / choose_makefile({file.name for file in project.iterdir()}))
    if has_include(makefile.data):
        return [include, Step(makefile.path, StepAction.UNCHANGED, f"includes {MAKE_FILE} already")]
    if leads_out := _leads_out(project, makefile):
        return [include, leads_out]
    if include.action is StepAction.LEFT:
        return [include, Step(makefile.path, StepAction.LEFT, f"does not include {MAKE_FILE}, which is not ours")]
    if not makefile.exists:
        return [include, Step(makefile.path, StepAction.CREATE, "make local-to-deploy and the like", NEW, makefile)]
    data = add_lines(makefile.data, [_INCLUDE])
    return [include, Step(makefile.path, StepAction.APPEND, _INCLUDE, data, makefile)]


def _plan_include(project: Path, loaded: Loaded) -> Step:
    kit = kit_file(MAKE_FILE)
    if loaded.data in {kit, seal(kit)}:
        return Step(loaded.path, StepAction.UNCHANGED, "is this version's")
    if leads_out := _leads_out(project, loaded):
        return leads_out
    if not loaded.exists:
        return Step(loaded.path, StepAction.CREATE, "targets for make", seal(kit), loaded)
    if is_untouched(loaded.data):
        return Step(loaded.path, StepAction.UPDATE, "targets for make, as of this version", seal(kit), loaded)
    text = "is not as astro-sync wrote it; to have this version's, remove it and run `astro-sync init` again"
    return Step(loaded.path, StepAction.LEFT, text)


def _leads_out(project: Path, loaded: Loaded) -> Step | None:
    """Leave alone what a link places outside of the project: whoever wrote the link may not own what it names."""
    if loaded.target.is_relative_to(os.path.realpath(project)):
        return None
    return Step(loaded.path, StepAction.LEFT, f"leads out of the project, to {loaded.target}")


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
