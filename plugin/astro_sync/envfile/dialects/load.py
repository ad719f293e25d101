"""`astro deployment variable create|update --load` (fixtures/astro-cli-contract.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from astro_sync.envfile.dialects.reading import (
    GO_WHITE_SPACE,
    Assignment,
    CannotWriteError,
    Reading,
    refuse_name,
    require_text,
)

LONGEST_LINE: Final = 65_535  # bytes, a trailing CR among them
_LONGEST_CHARACTER: Final = 4  # bytes of UTF-8


@dataclass(slots=True, eq=False, repr=False)
class LoadReading(Reading):
    """What `--load` sends; `flagged`: the command exits 1; `dropped_from`: it and all later lines are not read."""

    flagged: bool = False
    dropped_from: int | None = None

    def values(self) -> dict[str, str]:
        """Return what is sent: the first value of each key."""
        sent: dict[str, str] = {}
        for assignment in self.assignments:
            if assignment.value is not None:
                sent.setdefault(assignment.key, assignment.value)
        return sent


class LoadDialect:
    """Read line by line: the key up to the first `=`, then all outer quotes and white space dropped."""

    name: Final = "load"
    skips_bom: Final = False

    def read(self, text: str, environment: Mapping[str, str]) -> LoadReading:  # noqa: ARG002 - nothing is looked up here
        """Return every line that `--load` understands, duplicates too; it rejects no file."""
        assignments: list[Assignment] = []
        ignored: list[int] = []
        dropped_from = None
        start = 0
        for number, raw in enumerate(text.split("\n"), start=1):
            if line_is_too_long(raw):
                dropped_from = number
                break
            line = raw.removesuffix("\r")
            if line and line[0] != "#":
                key, _, spelled = line.partition("=")
                if key and spelled:
                    value = spelled.strip('"').strip("'").strip(GO_WHITE_SPACE)
                    widths = (start, len(line), len(key) + 1, len(spelled))
                    assignments.append(Assignment(key, value, number, number, *widths))
                else:
                    ignored.append(number)
            start += len(raw) + 1
        flagged = bool(ignored) or len({assignment.key for assignment in assignments}) < len(assignments)
        return LoadReading(tuple(assignments), tuple(ignored), None, flagged, dropped_from)

    def write(self, value: str) -> str:
        """Return `value` as it is, or between two blanks that shield outer quotes and are trimmed last."""
        require_text(value, but="\0\n")
        if not value:
            return '""'
        if value.strip(GO_WHITE_SPACE) != value:
            raise CannotWriteError("it begins or ends with white space")
        return f" {value} " if value[0] in "\"'" or value[-1] in "\"'" else value

    def refuses_key(self, key: str) -> str | None:
        """Return why a line could not begin with `key`."""
        return "begins with a #" if key.startswith("#") else refuse_name(key)


def line_is_too_long(line: str) -> bool:
    """Tell whether `--load` would stop at `line`, which is without its LF, and read no further."""
    if len(line) * _LONGEST_CHARACTER <= LONGEST_LINE:
        return False
    # a byte that is no UTF-8 stands as one surrogate, for which one `?` is counted
    return len(line.encode(errors="replace")) > LONGEST_LINE
