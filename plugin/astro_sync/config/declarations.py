"""Every option, declared once: click's options, the config's keys, `init`'s example and the README's table follow.

Nothing here reads anything; `cli/options.py` makes click's options of it, `config/file.py` checks a config with it.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

LONGEST_TIMEOUT: Final = 86_400  # seconds; the system cannot wait for ever


# What an option takes. "names": several on the command line, one in a config; "texts": several in both.
Kind = Literal["text", "names", "texts", "file", "files", "switch", "choice", "seconds", "count"]
# Where it can be set besides the command line: nowhere, once for a run, by each target for itself, or only there.
Scope = Literal["command line", "run", "target", "target only"]


class Option(NamedTuple):
    """One option: `flags` as they are typed, none for an argument; `completes` says what a shell offers for it.

    `otherwise` says what holds where there is no `default`; `example` is a setting as `init` shows it.
    """

    name: str
    flags: tuple[str, ...]
    kind: Kind
    help: str
    scope: Scope = "command line"
    metavar: str = ""
    default: object = None
    choices: tuple[str, ...] = ()
    otherwise: str = ""
    variable: str = ""
    completes: str = ""
    example: str = ""


_CONFLICTS: Final = ("keep", "overwrite", "ask", "fail")

# In the order of the help and of the README's table.
_DECLARED: Final = (
    # which places
    Option("source", (), "file", "The place to read.", metavar="SOURCE", default=""),
    Option("destination", (), "file", "The place to write.", metavar="DEST", default=""),
    Option("place", (), "file", "The place to list.", metavar="PLACE", default=""),
    Option("key", (), "text", "The one key to list.", metavar="[KEY]", default=""),
    Option("files", (), "files", "The files to check.", metavar="[FILE]...", default=()),
    Option(
        "deployment_id",
        ("-d", "--deployment-id"),
        "names",
        "The Deployment's id.",
        "target",
        "ID",
        default=(),
        variable="ASTRO_SYNC_DEPLOYMENT_ID",
        example='"clx0000000000000000000000"',
    ),
    Option(
        "deployment_name",
        ("-n", "--deployment-name"),
        "names",
        "The Deployment's name.",
        "target",
        "NAME",
        default=(),
        example='"dev"',
    ),
    Option(
        "target",
        ("-t", "--target"),
        "names",
        "A Deployment by its name in .astro-sync.toml, or a group of them.",
        metavar="NAME",
        default=(),
        completes="targets",
    ),
    Option(
        "workspace_id",
        ("-w", "--workspace-id"),
        "text",
        "The Deployment's workspace, if not the current one.",
        "target",
        "ID",
        example='"clw0000000000000000000000"',
    ),
    Option(
        "env",
        ("-e", "--env"),
        "file",
        "The local file; - is stdin, where the file is only read.",
        "run",
        "FILE",
        default=".env",
        example='".env"',
    ),
    Option("no_export", ("--no-export",), "switch", "Send the local file as it is.", default=False),
    Option(
        "export",
        ("--export",),
        "switch",
        "Compare what local Airflow's metadata database holds, instead of the local file.",
        default=False,
    ),
    # which keys
    Option(
        "include",
        ("--include",),
        "texts",
        "Only keys that match.",
        "target",
        "GLOB",
        default=(),
        completes="keys",
        example='["AIRFLOW_*", "SNOWFLAKE_*"]',
    ),
    Option(
        "exclude",
        ("--exclude",),
        "texts",
        "No keys that match.",
        "target",
        "GLOB",
        default=(),
        completes="keys",
        example='["*_LOCAL"]',
    ),
    Option(
        "airflow_only",
        ("--airflow-only",),
        "switch",
        "Only connections and variables of Airflow.",
        "target",
        default=False,
        example="false",
    ),
    # what becomes of them
    Option(
        "on_conflict",
        ("--on-conflict",),
        "choice",
        "What becomes of a key that has another value on the destination.",
        "target",
        choices=_CONFLICTS,
        otherwise="ask on a terminal, else fail",
        example='"fail"',
    ),
    Option(
        "rotate",
        ("--rotate",),
        "texts",
        "Secrets to write anew although nobody can read their present value.",
        metavar="GLOB",
        default=(),
        completes="keys",
    ),
    Option(
        "secret",
        ("--secret",),
        "texts",
        "New keys to make secret.",
        "target",
        "GLOB",
        default=(),
        completes="keys",
        example='["*_DSN"]',
    ),
    Option(
        "plain",
        ("--plain",),
        "texts",
        "New keys to leave plain, even if --secret matches.",
        "target",
        "GLOB",
        default=(),
        completes="keys",
        example='["AIRFLOW_VAR_PUBLIC_*"]',
    ),
    Option(
        "allow_argv",
        ("--allow-argv",),
        "texts",
        "Values that may go on the command line of `astro`, where others can see them, if no file can carry them.",
        "target",
        "GLOB",
        default=(),
        completes="keys",
        example='["AIRFLOW_VAR_CERTIFICATE"]',
    ),
    Option(
        "line_breaks",
        ("--line-breaks",),
        "choice",
        "A value with line breaks that is no JSON: refuse it, or send it to the Deployment's Environment Manager.",
        "target",
        default="refuse",
        choices=("refuse", "env-manager"),
        example='"refuse"',
    ),
    Option(
        "allow_expansion",
        ("--allow-expansion",),
        "texts",
        "Values that may take something from this machine's environment.",
        "target",
        "GLOB",
        default=(),
        completes="keys",
        example='["AIRFLOW_VAR_HOME"]',
    ),
    Option(
        "exact_json",
        ("--exact-json",),
        "switch",
        "Compare and carry JSON to the letter, not on one line.",
        "target",
        default=False,
        example="false",
    ),
    Option(
        "allow_reserved",
        ("--allow-reserved",),
        "texts",
        "A key to carry although Astro sets it itself.",
        "target",
        "KEY",
        default=(),
        completes="keys",
        example='["OPENLINEAGE_DISABLED"]',
    ),
    Option(
        "allow_placeholder",
        ("--allow-placeholder",),
        "texts",
        "A key to carry although its value looks like a placeholder.",
        metavar="KEY",
        default=(),
        completes="keys",
    ),
    Option(
        "id_case",
        ("--id-case",),
        "choice",
        "The case of a new id, where a place keeps ids as Airflow has them.",
        "target",
        default="lower",
        choices=("lower", "upper"),
        example='"lower"',
    ),
    Option(
        "partial",
        ("--partial",),
        "switch",
        "Carry what can be carried, name the rest, exit 7.",
        "run",
        default=False,
        example="false",
    ),
    Option(
        "with_secrets",
        ("--with-secrets",),
        "switch",
        "Read real values from the Environment Manager, where the organization allows it.",
        "target",
        default=False,
        example="false",
    ),
    Option(
        "auto_link",
        ("--auto-link",),
        "switch",
        "Link new workspace objects of the Environment Manager to all Deployments.",
        "target",
        default=False,
        example="false",
    ),
    Option(
        "effective",
        ("--effective",),
        "switch",
        "Show which store of a Deployment Airflow takes each key from.",
        default=False,
    ),
    Option(
        "allow_http", ("--allow-http",), "switch", "Talk to an Airflow on another machine without TLS.", default=False
    ),
    # what is found, and what is done about it
    Option("check_only", ("--check",), "switch", "Change nothing; exit 5 when there is a duplicate.", default=False),
    Option(
        "select",
        ("--select",),
        "texts",
        "Only these checks (AS101, AS1 or a name), and whether the file is rejected.",
        metavar="CODE",
        default=(),
        completes="checks",
    ),
    Option("ignore", ("--ignore",), "texts", "Not these checks.", metavar="CODE", default=(), completes="checks"),
    Option("fix", ("--fix",), "switch", "Mend what is safe to mend; the rest is still told.", default=False),
    Option("dry_run", ("--dry-run",), "switch", "Show what would be done; change nothing.", default=False),
    Option(
        "exit_code",
        ("--exit-code",),
        "switch",
        "Exit 5 when there is something to do (with --dry-run) or to see (diff).",
        default=False,
    ),
    Option("yes", ("-y", "--yes"), "switch", "Answer the confirmation with yes.", default=False),
    Option(
        "yes_protected",
        ("--yes-protected",),
        "texts",
        "Answer it for this protected target as well.",
        metavar="NAME",
        default=(),
        completes="targets",
    ),
    Option("no_backup", ("--no-backup",), "switch", "Keep no backup of what is changed.", default=False),
    Option("no_receipts", ("--no-receipts",), "switch", "Keep no record of the secrets that are sent.", default=False),
    # the run itself
    Option(
        "jobs",
        ("--jobs",),
        "count",
        "Places to work on at the same time.",
        "run",
        "N",
        default=4,
        example="4",
    ),
    Option(
        "format",
        ("--format",),
        "choice",
        "How the result is printed.",
        default="table",
        choices=("table", "json", "markdown"),
    ),
    Option("as_json", ("--json",), "switch", "Short for --format json.", default=False),
    Option("verbose", ("-v", "--verbose"), "switch", "Show every key, and more of what is done.", default=False),
    Option("quiet", ("-q", "--quiet"), "switch", "Show only problems.", default=False),
    Option(
        "timeout",
        ("--timeout",),
        "seconds",
        "The time limit of each call, and of waiting for another run.",
        "run",
        "SECONDS",
        default=120,
        example="120",
    ),
    # Never from a config: whoever can write one could have any program run with the user's token.
    Option(
        "astro_bin",
        ("--astro-bin",),
        "text",
        "The Astro CLI to run.",
        metavar="PATH",
        variable="ASTRO_SYNC_ASTRO_BIN",
        otherwise="the one on PATH",
    ),
    # only in a target of the config
    Option(
        "protected",
        (),
        "switch",
        "--yes alone does not change it: --yes-protected NAME does, or its name typed on a terminal.",
        "target only",
        example="true",
    ),
    Option(
        "backend",
        (),
        "file",
        "The file that configures its secrets backend, for backend:@NAME.",
        "target only",
        example='".env.prod"',
    ),
)
OPTIONS: Final[Mapping[str, Option]] = {option.name: option for option in _DECLARED}
SELECTORS: Final = ("deployment_id", "deployment_name")
