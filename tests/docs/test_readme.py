"""README.md is true to the program: commands, codes, places, recipes and what the demo printed."""

import io
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

import astro_sync
from astro_sync.checks import explanations
from astro_sync.cli.app import cli
from astro_sync.config import file as config
from astro_sync.core.model import Action, Result
from astro_sync.errors import AstroSyncError, ExitCode
from astro_sync.places.backends.settings import Vendor, read_address
from astro_sync.places.registry import PLACES
from sandbox import Sandbox

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
CONTEXT = click.Context(cli, info_name="astro-sync")
COMMANDS = sorted(cli.list_commands(CONTEXT))


def tables() -> Iterator[list[list[str]]]:
    """Yield the cells of every table, header first, rule left out."""
    for block in re.findall(r"(?:^\|.*\n)+", README, re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()]
        yield [[cell.strip() for cell in row] for row in (rows[0], *rows[2:])]


def column(head: str) -> list[str]:
    """Return the first column of the table that has this head."""
    (table,) = [table for table in tables() if table[0][0] == head]
    return [row[0] for row in table[1:]]


def words(cells: list[str]) -> set[str]:
    return {word for cell in cells for word in re.findall(r"`([a-z0-9-]+)`", cell)}


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def in_prose() -> Iterator[str]:
    """Yield each piece of code in backticks and each line after a prompt."""
    outside = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`]+)`", outside):
        yield " ".join(code.split())
    for block in fences("console"):
        yield from (line[2:] for line in block.splitlines() if line.startswith("$ "))


def lines_of_ours() -> list[str]:
    found = []
    for code in in_prose():
        line = code.partition(" #")[0].split("|")[-1].strip()
        if line.startswith("astro-sync ") and line.split()[1] in COMMANDS:
            found.append(line)
    return sorted(set(found))


def command_of(name: str) -> click.Command:
    command = cli.get_command(CONTEXT, name)
    assert command
    return command


def accept(line: str) -> None:
    """Parse a command line as click would, without running it; raises click's error for one that it rejects."""
    line = line.replace("…", "").replace("[FILE]", "").replace("SHELL", "bash")
    name, *rest = shlex.split(line)[1:]
    command_of(name).make_context(name, rest, parent=CONTEXT)


# --- what scripts/readme writes ---


@pytest.mark.long
def test_the_generated_parts_are_as_the_program_says() -> None:
    script = PROJECT / "scripts" / "readme.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_demo_fits_on_its_page() -> None:
    (demo,) = [block for block in fences("console") if "exit 3" in block]
    lines = demo.splitlines()
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 100


def test_the_picture_shows_the_demo() -> None:
    (demo,) = [block for block in fences("console") if "exit 3" in block]
    svg = (PROJECT / "fixtures" / "demo.svg").read_text(encoding="utf-8")
    shown = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)).replace("&#160;", "").replace("\n", "")
    entities = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&amp;": "&"}
    for entity, sign in entities.items():
        shown = shown.replace(entity, sign)
    missing = [line for line in demo.splitlines() if line.replace(" ", "") not in shown.replace(" ", "")]
    assert missing == []


# --- commands and options ---


def test_every_command_of_the_table_is_there_and_the_other_way_round() -> None:
    named = {match[1] for cell in column("command") if (match := re.match(r"`astro-sync ([a-z-]+)", cell))}
    assert named == set(COMMANDS)


@pytest.mark.parametrize("line", lines_of_ours())
def test_every_command_line_is_accepted(line: str) -> None:
    accept(line)


def test_every_option_that_is_named_is_there() -> None:
    known = {flag for name in COMMANDS for parameter in command_of(name).params for flag in parameter.opts}
    foreign = {"--load", "--save", "--verbose", "--env-export", "--stores", "--airflow", "--all", "--help", "--extra"}
    ours = {option for code in in_prose() for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)}
    assert ours - known - foreign == set()


# --- places ---


def test_every_place_has_its_row_and_every_address_its_place() -> None:
    codes = [code for cell in column("address") for code in re.findall(r"`([^`]+)`", cell)]
    named = {match[1] for code in codes if (match := re.match(r"([a-z-]+):", code))}
    assert named | {"variables", "connections", "settings", ""} == set(PLACES)


@pytest.mark.parametrize(
    "address",
    [
        "awssecrets:airflow?profile_name=old",
        "gcpsecrets:my-project",
        "vault:secret?url=https://vault.example.com&connections_path=airflow/connections",
    ],
)
def test_the_addresses_of_the_recipes_are_accepted(address: str) -> None:
    assert address in README
    scheme, _, rest = address.partition(":")
    assert read_address(Vendor(scheme), rest).vendor == scheme


# --- codes ---


@pytest.mark.parametrize(("head", "enum"), [("`action`", Action), ("`result`", Result)])
def test_the_words_of_the_json_are_those_of_the_program(head: str, enum: type[StrEnum]) -> None:
    assert words(column(head)) == {member.value for member in enum}


def test_every_error_code_is_documented_and_the_other_way_round() -> None:
    for module in pkgutil.walk_packages(astro_sync.__path__, "astro_sync."):
        # an SDK of an extra may be missing; no error is declared beside one
        if not module.name.endswith("__main__") and ".backends." not in module.name:
            import_module(module.name)
    import_module("astro_sync.places.backends.base")

    def below(kind: type[AstroSyncError]) -> Iterator[type[AstroSyncError]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    # An exit 2 has no document.
    told = {kind.code for kind in below(AstroSyncError) if kind.exit_code is not ExitCode.USAGE}
    assert words(column("`error.code`")) == told


def test_the_exit_codes_are_those_of_the_program() -> None:
    (table,) = [table for table in tables() if table[0] == ["code", "meaning"]]
    assert {int(number) for row in table[1:] for number in re.findall(r"\d+", row[0])} == {int(c) for c in ExitCode}


def test_every_code_of_a_check_is_there() -> None:
    known = {code.split()[0] for code, _ in explanations()}
    assert set(re.findall(r"\bAS\d{3}\b", README)) == known


def test_the_version_is_that_of_the_package() -> None:
    assert f"v{astro_sync.__version__}" in README


# --- config, CI, pre-commit, make ---


def test_the_config_is_valid(tmp_path: Path) -> None:
    (text,) = fences("toml")
    (tmp_path / config.NAME).write_text(text)
    found = config.load(tmp_path)
    assert found
    assert found.targets["prod"]["protected"] is True
    assert "defaults" in tomllib.loads(text)


def workflow_steps() -> dict[str, str]:
    (text,) = [block for block in fences("yaml") if "runs-on" in block]
    (job,) = YAML(typ="safe").load(io.StringIO(text))["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "name" in step}


def test_the_workflow_s_command_line_is_accepted() -> None:
    (line,) = re.findall(r"astro-sync [^>|]+", workflow_steps()["Sync"].replace("\\\n", ""))
    accept(line)


def test_the_workflow_carries_a_changed_secret_and_shows_none(sandbox: Sandbox) -> None:
    summary = sandbox.folder / "summary.md"
    steps = workflow_steps()

    def deliver(secret: str) -> None:
        environment = sandbox.environment | {
            "ENV_PROD": f"A=planted-plain\nMY_TOKEN={secret}",
            "DEPLOYMENT_ID": "dep-1",
            "GITHUB_STEP_SUMMARY": str(summary),
            "ASTRO_API_TOKEN": "a-token",
        }
        for script in steps.values():
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", script],
                cwd=sandbox.project,
                env=environment,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            assert (done.returncode, b"planted" in done.stdout + done.stderr) == (0, False)

    deliver("planted-first")
    assert sandbox.deployment() == {"A": ("planted-plain", False), "MY_TOKEN": ("planted-first", True)}
    deliver("planted-second")
    assert sandbox.deployment()["MY_TOKEN"] == ("planted-second", True)
    assert "MY_TOKEN" in summary.read_text()
    assert "planted" not in summary.read_text()


def test_the_pre_commit_hook_is_the_one_that_there_is() -> None:
    hooks = YAML(typ="safe").load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    (text,) = [block for block in fences("yaml") if "repos:" in block]
    wanted = [hook["id"] for hook in YAML(typ="safe").load(io.StringIO(text))["repos"][0]["hooks"]]
    assert set(wanted) <= {hook["id"] for hook in hooks}
    for hook in hooks:
        accept(hook["entry"])


def test_the_make_targets_are_those_of_the_kit() -> None:
    kit = (PROJECT / "scripts" / "astro-sync.mk").read_text()
    targets = set(re.findall(r"^([a-z-]+): ##", kit, re.MULTILINE))
    assert targets == set(re.findall(r"`make ([a-z-]+)`", README)) - {"help"}
    for variable in ("DEPLOYMENT", "ENV_FILE"):
        assert f"{variable}=" in README
        assert variable in kit


# --- documents ---

DOCUMENTS = ["README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"]


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(name: str) -> None:
    document = PROJECT / name
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = (document.parent / path) if path else document
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def references() -> Iterator[tuple[str, str]]:
    """Yield each document of evidence that a comment of the code names, and the sections that it names of it."""
    for folder in (Path(astro_sync.__file__).parent, *(PROJECT / name for name in ("fixtures", "tests", "scripts"))):
        for path in folder.rglob("*.py"):
            for text in re.findall(r"fixtures/[a-z-]+\.md[^)\n]*", path.read_text(encoding="utf-8")):
                document, *sections = re.match(r"fixtures/([a-z-]+\.md)", text), *re.findall(r"\d+\.\d|\b\d+\b", text)
                assert document
                yield from ((document[1], section) for section in sections or [""])
                yield from ((document[1], quoted) for quoted in re.findall(r'"([^"]+)"', text))


@pytest.mark.parametrize(("document", "section"), sorted(set(references())))
def test_the_evidence_that_comments_name_is_there(document: str, section: str) -> None:
    titles = re.findall(r"^#+ (.+)$", (PROJECT / "fixtures" / document).read_text(encoding="utf-8"), re.MULTILINE)
    if document == "places-contract.md":
        assert not section or any(title.split()[0].rstrip(".") == section for title in titles), section
    else:
        assert section.isdigit() or any(section in title for title in titles), section


def test_every_file_that_contributing_names_is_there() -> None:
    text = (PROJECT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = Path(astro_sync.__file__).parent
    named = set(re.findall(r"`((?!\.)[\w./-]+\.(?:py|md|toml|svg))`", text.replace("plugin/astro_sync/", "")))
    missing = [
        path
        for path in sorted(named)
        if "NAME" not in path and not any((folder / path).exists() for folder in (PROJECT, package, package / "places"))
    ]
    assert named
    assert missing == []
