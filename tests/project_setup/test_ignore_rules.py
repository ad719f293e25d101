"""What `.gitignore` leaves out, compared with git itself, and what `.dockerignore` does by the builder's rules."""

import subprocess
from functools import partial
from pathlib import Path

import pytest

from astro_sync.project.ignore_rules import (
    docker_leaves_out,
    git_leaves_out,
    missing_lines,
    read_docker_rules,
    read_git_rules,
)

NAMES = (".env", ".env.dev", ".env.example", "conf/.env", "env")
GITIGNORES = (
    "",
    ".env\n",
    ".env",
    "/.env\n",
    ".env*\n",
    ".env.*\n",
    "*\n",
    "*\n!.env\n",
    ".env\n!.env\n",
    "!.env\n.env\n",
    ".env/\n",
    "# .env\n",
    "\\#.env\n",
    " .env\n",
    ".env  \n",
    ".env\\ \n",
    ".env\r\n.env.*\r\n",
    "**/.env\n",
    "**.env\n",
    ".env**\n",
    "conf/**\n",
    "conf\n",
    "conf/\n",
    "conf/\n!conf/.env\n",
    "*\n!conf/\n!conf/.env\n",
    "conf/*\n!conf/.env\n",
    "conf/*\n",
    "/conf/**/.env\n",
    "**/conf/.env\n",
    ".en?\n",
    "?env\n",
    "\ufeff.env\n",
    "!.env.example\n.env.*\n",
    ".env.*\n!.env.example\n",
    ".e\\nv\n",
    "*.py[cod]\n",
    "*/.env\n",
    "/\n",
    "!\n",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "conf").mkdir()
    return folder


@pytest.mark.parametrize("text", GITIGNORES)
def test_a_gitignore_means_what_git_says_it_means(repository: Path, text: str) -> None:
    (repository / ".gitignore").write_bytes(text.encode())
    command = ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", *NAMES]
    told = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False).stdout.split()

    rules = read_git_rules(text.encode())

    assert [name for name in NAMES if git_leaves_out(name, rules)] == told


@pytest.mark.parametrize("text", ["project/.env\n", "project/\n!.env\n", "/project/*\n", ".env\n", "project/**\n"])
def test_a_gitignore_further_up_holds_in_the_project_too(text: str) -> None:
    assert git_leaves_out(".env", read_git_rules(text.encode(), "project"))


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("", []),
        ("astro\n.git\n.env\nlogs/\n.venv\n", [".env"]),
        ("/.env\n", [".env"]),
        ("./.env\n", [".env"]),
        ("  .env  \n", [".env"]),
        (".env\r\n", [".env"]),
        ("\ufeff.env\n", [".env"]),
        (".env/\n", [".env"]),
        (".env*\n", [".env", ".env.dev"]),
        (".env**\n", [".env", ".env.dev"]),
        ("*\n", [".env", ".env.dev", "conf/.env"]),
        ("**\n", [".env", ".env.dev", "conf/.env"]),
        ("**/.env\n", [".env", "conf/.env"]),
        ("**.env\n", [".env", "conf/.env"]),
        ("*/.env\n", ["conf/.env"]),
        ("conf\n", ["conf/.env"]),
        ("conf\n!conf/.env\n", []),
        ("*\n!.env\n", [".env.dev", "conf/.env"]),
        ("*\n! .env\n", [".env.dev", "conf/.env"]),
        ("!.env\n.env\n", [".env"]),
        ("# .env\n#.env\n", []),
        ("\\.env\n", [".env"]),
        ("*.env\n", [".env"]),
        (".", []),
        ("env\nxenv\n.envx\n", []),
        ("*.py[cod]\n", []),
    ],
)
def test_a_dockerignore_means_what_the_builder_says_it_means(text: str, ignored: list[str]) -> None:
    rules = read_docker_rules(text.encode())

    assert [name for name in (".env", ".env.dev", "conf/.env") if docker_leaves_out(name, rules)] == ignored


def test_a_pattern_in_brackets_that_may_be_about_the_file_is_not_judged() -> None:
    unsure, sure = b".en[vw]\n", b".en[vw]\n.env\n"

    assert [git_leaves_out(".env", read_git_rules(data)) for data in (unsure, sure)] == [None, True]
    assert [docker_leaves_out(".env", read_docker_rules(data)) for data in (unsure, sure)] == [None, True]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [".env", ".env.*", "!.env.example"]),
        (".env\n", [".env.*", "!.env.example"]),
        (".env*\n", []),
        (".env*\n!.env.example\n", []),
        (".env*\n!.env.prod\n", []),
        ("!.env.sample\n!/.env.ci\n", [".env", ".env.*", "!.env.sample", "!/.env.ci", "!.env.example"]),
        (".env\n.env.dev\n.env.prod\n", [".env.*", "!.env.example"]),
        (".env\n.env.*\n!.env\n", [".env"]),
        (".en[v]\n", [".env", ".env.*", "!.env.example"]),
    ],
)
def test_only_lines_that_are_missing_are_asked_for(text: str, lines: list[str]) -> None:
    data = text.encode()

    def missing(data: bytes) -> list[str]:
        return missing_lines(data, partial(git_leaves_out, rules=read_git_rules(data)), examples=True)

    found = missing(data)

    assert found == lines
    after = data + "".join(f"{line}\n" for line in found).encode()
    assert missing(after) == []
