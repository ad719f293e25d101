"""Write the README's table of options from their declarations; with `--check` only tell whether it is as they say."""

import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from astro_sync.cli.registry import COMMANDS
from astro_sync.config.declarations import OPTIONS, Option

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- options: scripts/readme writes what follows -->\n", "<!-- /options -->\n"


def main() -> None:
    """Rewrite the README, or exit 1 where it would change."""
    text = README.read_text(encoding="utf-8")
    new = with_table(text)
    if sys.argv[1:] == ["--check"]:
        sys.exit("README.md: run scripts/readme." if new != text else 0)
    README.write_text(new, encoding="utf-8")


def with_table(text: str) -> str:
    """Return a README with the table as the declarations have it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"README.md lacks {(BEGIN if not begin else END).strip()}")
    table = "".join(line + "\n" for line in lines())
    return before + begin + table + end + after


def lines() -> Iterator[str]:
    """Yield the lines of the table."""
    takers: dict[str, list[str]] = {name: [] for name in OPTIONS}
    for command, entry in COMMANDS.items():
        kind = entry.load().options
        for name in {each.name for each in fields(kind)} - kind.positional.keys() | {"as_json"}:
            takers[name].append(command)
    yield "| option | meaning | config |"
    yield "|---|---|---|"
    for option in OPTIONS.values():
        if option.flags or option.scope == "target only":
            yield f"| {_flags(option)} | {_meaning(option, takers[option.name])} | {_config(option)} |"


def _flags(option: Option) -> str:
    if not option.flags:
        return "–"
    value = r"\|".join(option.choices) or option.metavar
    *short, long = option.flags
    return ", ".join(f"`{flag}`" for flag in (*short, f"{long} {value}".strip()))


def _meaning(option: Option, commands: list[str]) -> str:
    parts = [f"`{commands[0]}`: {option.help}" if len(commands) == 1 else option.help]
    if option.kind in {"names", "texts"} and option.flags:
        parts.append("Can be repeated.")
    if default := option.otherwise or (str(option.default) if option.default and option.kind != "switch" else ""):
        parts.append(f"Default: {default}." if option.otherwise else f"Default: `{default}`.")
    if option.variable:
        parts.append(f"Environment: `{option.variable}`.")
    return " ".join(parts)


def _config(option: Option) -> str:
    if option.scope == "command line":
        return ""
    return f"`{option.name}`{' (targets only)' if option.scope == 'target only' else ''}"


if __name__ == "__main__":
    main()
