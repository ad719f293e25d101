"""Write what the README repeats from the program; with `--check` only tell whether it is as the program says."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from astro_sync.checks import CHECKS
from astro_sync.cli.registry import COMMANDS
from astro_sync.config.declarations import OPTIONS, Option
from astro_sync.console.texts import REASONS, WARNINGS

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
BEGIN, END = "<!-- {}: scripts/readme writes what follows -->\n", "<!-- /{} -->\n"


def main() -> None:
    """Rewrite the README, or exit 1 where it would change."""
    text = new = README.read_text(encoding="utf-8")
    for name, lines in PARTS.items():
        new = with_part(new, name, "".join(f"{line}\n" for line in lines()))
    if sys.argv[1:] == ["--check"]:
        sys.exit("README.md: run scripts/readme." if new != text else 0)
    README.write_text(new, encoding="utf-8")


def with_part(text: str, name: str, part: str) -> str:
    """Return a README with one part as the program has it."""
    before, begin, rest = text.partition(BEGIN.format(name))
    _, end, after = rest.partition(END.format(name))
    if not (begin and end):
        sys.exit(f"README.md lacks the marks of the part {name}.")
    return before + begin + part + end + after


# --- the demo ---


def demo() -> Iterator[str]:
    """Yield what `scripts/demo` prints."""
    paths = os.pathsep.join([str(PROJECT / "tests"), str(PROJECT / "fixtures")])
    environment = {name: text for name, text in os.environ.items() if name != "FORCE_COLOR"}
    done = subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / "demo.py")],
        env={**environment, "PYTHONPATH": paths, "COLUMNS": "100", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    yield "```console"
    yield from done.stdout.strip().splitlines()
    yield "```"


# --- codes ---


def reasons() -> Iterator[str]:
    """Yield the table of the reason codes."""
    yield from table("`reason.code`", {code.value: text for code, text in REASONS.items()})


def warnings() -> Iterator[str]:
    """Yield the table of the warning codes."""
    yield from table("`code`", {code.value: text.replace("{about}", "…") for code, text in WARNINGS.items()})


def checks() -> Iterator[str]:
    """Yield the table of the checks; those that `--fix` mends have a mark."""
    yield "| code | name | finds |"
    yield "|---|---|---|"
    for check in CHECKS:
        yield f"| {check.code}{'*' if check.fix else ''} | `{check.name}` | {escaped(check.title)} |"


def table(head: str, rows: Mapping[str, str]) -> Iterator[str]:
    """Yield a table of codes and what they mean."""
    yield f"| {head} | means |"
    yield "|---|---|"
    for code, text in rows.items():
        yield f"| `{code}` | {escaped(text)} |"


def escaped(text: str) -> str:
    """Return a text that stays in its cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


# --- options ---


def options() -> Iterator[str]:
    """Yield the table of the options."""
    takers: dict[str, list[str]] = {name: [] for name in OPTIONS}
    once: dict[str, list[str]] = {name: [] for name in OPTIONS}
    for command, entry in COMMANDS.items():
        kind = entry.load().options
        for name in kind.once:
            once[name].append(command)
        for name in {each.name for each in fields(kind)} - kind.positional.keys() - kind.fixed | {"as_json"}:
            takers[name].append(command)
    yield "| option | meaning | config |"
    yield "|---|---|---|"
    for option in OPTIONS.values():
        if option.flags or option.scope == "target only":
            meaning = _meaning(option, takers[option.name], once[option.name])
            yield f"| {_flags(option)} | {meaning} | {_config(option)} |"


def _flags(option: Option) -> str:
    if not option.flags:
        return "(no option)"
    value = r"\|".join(option.choices) or option.metavar
    *short, long = option.flags
    return ", ".join(f"`{flag}`" for flag in (*short, f"{long} {value}".strip()))


def _meaning(option: Option, commands: list[str], once: list[str]) -> str:
    parts = [f"`{commands[0]}`: {option.help}" if len(commands) == 1 else option.help]
    if option.kind in {"names", "texts"} and option.flags:
        exceptions = "".join(f", except on `{command}`" for command in once)
        parts.append(f"Can be repeated{exceptions}.")
    if option.otherwise:
        parts.append(f"Default: {option.otherwise}.")
    elif option.default:
        parts.append(f"Default: `{option.default}`.")
    if option.variable:
        parts.append(f"Environment: `{option.variable}`.")
    return " ".join(parts)


def _config(option: Option) -> str:
    if option.scope == "command line":
        return ""
    return f"`{option.name}`{' (targets only)' if option.scope == 'target only' else ''}"


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "demo": demo,
    "options": options,
    "checks": checks,
    "reasons": reasons,
    "warnings": warnings,
}


if __name__ == "__main__":
    main()
