"""The Astro CLI's own loader in standalone mode (fixtures/dialects.md, "standalone")."""

from collections.abc import Mapping
from typing import Final

from astro_sync.envfile.dialects.reading import (
    GO_WHITE_SPACE,
    Assignment,
    Reading,
    refuse_name,
    require_text,
)


class StandaloneDialect:
    """Read line by line: the key up to the first `=`, one outer pair of quotes dropped, no escapes, no comments."""

    name: Final = "standalone"
    skips_bom: Final = False

    def read(self, text: str, environment: Mapping[str, str]) -> Reading:  # noqa: ARG002 - nothing is looked up here
        """Return every line that holds a `=`; this reader rejects no file."""
        assignments: list[Assignment] = []
        ignored: list[int] = []
        offset = 0
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.strip(GO_WHITE_SPACE)
            if line and line[0] != "#":
                key, separator, spelled = line.partition("=")
                if separator:
                    start = offset if raw[0] == line[0] else offset + raw.index(line)
                    value = spelled
                    if len(spelled) > 1 and (quote := spelled[0]) in "\"'" and spelled[-1] == quote:
                        value = spelled[1:-1]
                    widths = (start, len(line), len(key) + 1, len(spelled))
                    assignments.append(Assignment(key, value, number, number, *widths))
                else:
                    ignored.append(number)
            offset += len(raw) + 1
        return Reading(tuple(assignments), tuple(ignored))

    def write(self, value: str) -> str:
        """Return `value` between double quotes, as it is."""
        require_text(value, but="\0\n")
        return f'"{value}"'

    def refuses_key(self, key: str) -> str | None:
        """Return why a line could not begin with `key`."""
        return "begins with a blank or a #" if key[:1] in _NEVER_FIRST else refuse_name(key)


_NEVER_FIRST: Final = frozenset(f"#{GO_WHITE_SPACE}")
