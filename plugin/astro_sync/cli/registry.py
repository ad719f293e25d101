"""Every command by its name: what its help says, and how it is loaded. Only the one that was typed is imported."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from astro_sync.commands.invocation import Invocation
    from astro_sync.config.options import RunOptions
    from astro_sync.config.settings import ResolvedSettings
    from astro_sync.core.outcome import RunOutcome

_O = TypeVar("_O", bound="RunOptions")


class Command(NamedTuple, Generic[_O]):
    """What a command takes, and what runs it."""

    options: type[_O]
    run: "Callable[[ResolvedSettings[_O], Invocation], RunOutcome]"


class Entry(NamedTuple):
    """One command as the help has it: a line for the list of all, a sentence and an example of its own."""

    summary: str
    help: str
    example: str
    load: Callable[[], Command[Any]]


def _local_to_deploy() -> Command[Any]:
    from astro_sync.commands.local_to_deploy import LocalToDeployOptions, run

    return Command(LocalToDeployOptions, run)


def _deploy_to_local() -> Command[Any]:
    from astro_sync.commands.deploy_to_local import DeployToLocalOptions, run

    return Command(DeployToLocalOptions, run)


def _merge() -> Command[Any]:
    from astro_sync.commands.merge import MergeOptions, run

    return Command(MergeOptions, run)


def _diff() -> Command[Any]:
    from astro_sync.commands.diff import DiffOptions, run

    return Command(DiffOptions, run)


def _list() -> Command[Any]:
    from astro_sync.commands.list_place import ListOptions, run

    return Command(ListOptions, run)


def _undo() -> Command[Any]:
    from astro_sync.commands.undo import UndoOptions, run

    return Command(UndoOptions, run)


def _dedupe() -> Command[Any]:
    from astro_sync.commands.dedupe import DedupeOptions, run

    return Command(DedupeOptions, run)


def _check() -> Command[Any]:
    from astro_sync.commands.check import CheckOptions, run

    return Command(CheckOptions, run)


def _doctor() -> Command[Any]:
    from astro_sync.commands.doctor import DoctorOptions, run

    return Command(DoctorOptions, run)


def _init() -> Command[Any]:
    from astro_sync.commands.init import InitOptions, run

    return Command(InitOptions, run)


COMMANDS: Final[Mapping[str, Entry]] = {
    "local-to-deploy": Entry(
        "Local Airflow's metadata database → .env → Deployments.",
        "Carry connections and variables of the local Airflow into .env, and what .env then holds to Deployments.",
        "astro-sync local-to-deploy --deployment-id clx1 --airflow-only",
        _local_to_deploy,
    ),
    "deploy-to-local": Entry(
        "A Deployment's variables → .env.",
        "Carry a Deployment's environment variables into .env; secrets are recorded by name, as comments.",
        "astro-sync deploy-to-local --deployment-id clx1",
        _deploy_to_local,
    ),
    "merge": Entry(
        "One place → another, keeping what is there.",
        "Carry what SOURCE holds into DEST; what DEST has and SOURCE lacks stays. Both are places: a file, airflow:, "
        'deployment:ID, env-manager:deployment/ID, backend: and more (README, "Places").',
        "astro-sync merge variables.json deployment:clx1 --dry-run",
        _merge,
    ),
    "diff": Entry(
        "Compares two places, or .env and Deployments; changes nothing.",
        "Compare two places, SOURCE with DEST, or .env with Deployments, key by key; nothing is changed.",
        "astro-sync diff --deployment-id clx1 --exit-code",
        _diff,
    ),
    "list": Entry(
        "What a place holds, by name; no values.",
        "List the names, the kinds, what is secret and the last change of what PLACE holds; no values.",
        "astro-sync list deployment:clx1",
        _list,
    ),
    "undo": Entry(
        "Puts back what the last run changed.",
        "Put back what the last run changed, from its backups; what cannot be undone is named.",
        "astro-sync undo --dry-run",
        _undo,
    ),
    "dedupe": Entry(
        "One file: the last value of each key stays.",
        "Drop all but the last line of each key in FILE (default .env); a line that a later one needs stays.",
        "astro-sync dedupe --check .env",
        _dedupe,
    ),
    "check": Entry(
        "Finds what will bite in .env files.",
        "Find duplicates, lines that programs read differently, bad names and more in FILEs (default .env).",
        "astro-sync check --fix .env",
        _check,
    ),
    "doctor": Entry(
        "Is everything there that a sync needs?",
        "Look at the Astro CLI, the login, the project, .env and the targets, and say what to type next.",
        "astro-sync doctor",
        _doctor,
    ),
    "init": Entry(
        "Sets an Astro project up.",
        "Write .astro-sync.toml, add targets to the Makefile, and keep .env out of git and of Docker images.",
        "astro-sync init --dry-run",
        _init,
    ),
}
