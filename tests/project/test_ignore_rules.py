"""What a `.dockerignore` leaves out by the builder's rules, and the lines that an ignore file lacks."""

from functools import partial

import pytest

from astro_sync.project.ignore_rules import docker_leaves_out, missing_lines, names_plainly, read_docker_rules


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

    assert [docker_leaves_out(".env", read_docker_rules(data)) for data in (unsure, sure)] == [None, True]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [".env", ".env.*", "!.env.example"]),
        (".env\n", [".env.*", "!.env.example"]),
        (".env*\n", []),
        ("/.env\r\n/.env.*\r\n", []),
        (".env*\n!.env.prod\n", []),
        ("!.env.sample\n!/.env.ci\n", [".env", ".env.*", "!.env.sample", "!/.env.ci", "!.env.example"]),
        (".env\n.env.dev\n.env.prod\n", [".env.*", "!.env.example"]),
        ("*.env\n", [".env", ".env.*", "!.env.example"]),
    ],
)
def test_only_lines_that_are_missing_are_asked_for(text: str, lines: list[str]) -> None:
    def missing(data: bytes) -> list[str]:
        return missing_lines(data, partial(names_plainly, data), examples=True)

    found = missing(text.encode())

    assert found == lines
    assert missing(text.encode() + "".join(f"{line}\n" for line in found).encode()) == []
