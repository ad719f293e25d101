"""Look at all that a sync needs, change nothing, and say for each what to type next."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from astro_sync.concurrency import each
from astro_sync.core.filters import EVERYTHING
from astro_sync.errors import AstroSyncError, ExitCode
from astro_sync.places.astro_cli import Astro
from astro_sync.places.base import AnyPlace
from astro_sync.places.local_state import why_not
from astro_sync.project.exposure import examine_env_files
from astro_sync.project.finding import Finding, State
from astro_sync.project.root import is_project, require_project

# The first version whose calls need an ASTRO_API_TOKEN as ours do; the export that is used is from 1.6.
OLDEST_VERSION: Final = (1, 12)
_AT_ONCE: Final = 8
_VERSION: Final = re.compile(r"Astro CLI Version: *v?(\d{1,6})\.(\d{1,6})")
_AIRFLOW_VERSION: Final = re.compile(r"^(\d+\.\d+\.\d+\S*)\s*$", re.MULTILINE)
# What is found wrong with these is an Astro CLI that cannot be used (README, "Exit codes").
_OF_ASTRO: Final = frozenset({"astro", "version", "login", "project", "local-mode", "airflow"})
_TARGET: Final = "target "
Probe = Callable[[], list[Finding]]


class DoctorContext(NamedTuple):
    """Hold what is to be looked at.

    `astro` is the Astro CLI or why there is none; `mode` tells the local mode; `config` is the config file, or why it
    is not valid, or None where there is none; `env_files` are further files with values, from `cwd` on.
    """

    astro: Astro | AstroSyncError
    cwd: Path
    home: Path
    environ: Mapping[str, str]
    mode: Callable[[], str]
    config: Path | AstroSyncError | None = None
    targets: Sequence[tuple[str, AnyPlace]] = ()
    env_files: Sequence[str] = ()


def diagnose(context: DoctorContext) -> list[Finding]:
    """Return all findings in a fixed order; what depends on an Astro CLI is left out where there is none."""
    cwd, astro = context.cwd, context.astro
    if isinstance(astro, Astro):
        looks = _looks_with(astro, context)
    else:
        absence = Finding("astro", State.PROBLEM, str(astro), astro.hint)
        looks = [lambda: [absence], _catching("project", lambda: _project(context))]
    looks += [lambda: examine_env_files(cwd, context.env_files, context.environ), lambda: [_config(context.config)]]
    if isinstance(astro, Astro):
        looks += [_look_at_target(name, place) for name, place in context.targets]
    return _without_echo(list(chain.from_iterable(each(lambda look: look(), looks, at_once=_AT_ONCE))))


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """Return 4 when the Astro CLI cannot be used, 5 for any other problem, else 0."""
    problems = [finding.name for finding in findings if finding.state is State.PROBLEM]
    if any(name in _OF_ASTRO or name.startswith(_TARGET) for name in problems):
        return ExitCode.UNUSABLE
    return ExitCode.FOUND if problems else ExitCode.DONE


def to_rows(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return the findings as the JSON's `checks` has them."""
    return [
        {"name": found.name, "state": found.state.value, "message": found.message, "next": found.next}
        for found in findings
    ]


def _looks_with(astro: Astro, context: DoctorContext) -> list[Probe]:
    looks = [
        _catching("version", lambda: _version(astro)),
        _catching("login", lambda: _login(astro)),
        _catching("project", lambda: _project(context)),
        _catching("local-mode", lambda: _local_mode(context)),
    ]
    # Outside of a project there is no Airflow to ask.
    return [*looks, _catching("airflow", lambda: _airflow(astro))] if is_project(context.cwd, context.home) else looks


def _catching(name: str, look: Callable[[], Finding | list[Finding]]) -> Probe:
    def catch() -> list[Finding]:
        try:
            found = look()
        except AstroSyncError as error:
            return [Finding(name, State.PROBLEM, str(error), error.hint)]
        return found if isinstance(found, list) else [found]

    return catch


def _version(astro: Astro) -> list[Finding]:
    answer = astro.ask("version")
    if "Astro CLI Version" not in answer.text:
        # The JavaScript framework of that name installs an `astro` too.
        text = "The `astro` that was found does not answer as the Astro CLI of Astronomer does."
        return [Finding("astro", State.PROBLEM, text, "Name the right one with --astro-bin PATH.")]
    there = Finding("astro", State.OK, "The Astro CLI is there.")
    found = _VERSION.search(answer.text)
    oldest = ".".join(map(str, OLDEST_VERSION))
    if found is None:
        text = f"Its version is no number; astro-sync needs {oldest} or later."
        return [there, Finding("version", State.WARNING, text, "Look at `astro version` yourself.")]
    version = f"{found[1]}.{found[2]}"
    if (int(found[1]), int(found[2])) < OLDEST_VERSION:
        text = f"Version {version} is too old; astro-sync needs {oldest} or later."
        hint = "Upgrade it: https://www.astronomer.io/docs/astro/cli/upgrade-cli"
        return [there, Finding("version", State.PROBLEM, text, hint)]
    return [there, Finding("version", State.OK, f"Version {version}; astro-sync needs {oldest} or later.")]


def _login(astro: Astro) -> Finding:
    answer = astro.ask("deployment", "list")
    if answer.status == 0:
        return Finding("login", State.OK, "Logged in to Astro.")
    hint = "Check your connection, then run `astro deployment list`."
    return Finding("login", State.PROBLEM, "Astro could not be reached.", hint)


def _project(context: DoctorContext) -> Finding:
    require_project(context.cwd, context.home)
    return Finding("project", State.OK, "This folder is an Astro project.")


def _local_mode(context: DoctorContext) -> Finding:
    return Finding("local-mode", State.OK, f"Airflow runs locally in {context.mode()} mode.")


def _airflow(astro: Astro) -> Finding:
    answer = astro.ask("dev", "run", "version")
    found = _AIRFLOW_VERSION.search(answer.stdout)
    if answer.status == 0 and found:
        return Finding("airflow", State.OK, f"Your local Airflow answers, version {found[1]}.")
    if (error := why_not(answer)) is not None:
        raise error
    hint = "Run `astro dev run version` to see why."
    return Finding("airflow", State.PROBLEM, "Your local Airflow could not be asked.", hint)


def _config(config: Path | AstroSyncError | None) -> Finding:
    if isinstance(config, AstroSyncError):
        return Finding("config", State.PROBLEM, str(config), config.hint)
    if config is None:
        return Finding("config", State.OK, "There is no .astro-sync.toml, and none is needed.")
    return Finding("config", State.OK, f"{config} is valid.")


def _look_at_target(name: str, place: AnyPlace) -> Probe:
    def look() -> Finding:
        with place:
            count = len(place.read(EVERYTHING).entries)
        return Finding(_TARGET + name, State.OK, f"{place} can be read; {count} variable{'s' * (count != 1)}.")

    return _catching(_TARGET + name, look)


def _without_echo(findings: list[Finding]) -> list[Finding]:
    """Let a missing login be one problem, and not one for each target too."""
    if not any(found.name == "login" and found.state is State.PROBLEM for found in findings):
        return findings
    unseen = "It could not be looked at without a login."
    return [
        Finding(found.name, State.WARNING, unseen)
        if found.name.startswith(_TARGET) and found.state is not State.OK
        else found
        for found in findings
    ]
