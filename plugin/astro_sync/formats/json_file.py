"""A file that holds one JSON object: read as Airflow reads it, and written in the file's own indent."""

import json
import re
from collections.abc import Mapping
from typing import Final

from astro_sync.airflow.json_text import too_deep
from astro_sync.errors import RefusedError
from astro_sync.formats.content import decode

_INDENT: Final = re.compile(r"\s*\{[ \t]*\r?\n([ \t]*)[^ \t\r\n}]")
_NO_MEMBER: Final = re.compile(r"\s*(?:\{\s*\}\s*)?")


def parse_object(data: bytes) -> dict[str, object]:
    """Return the members of the object; an empty file has none. Raises RefusedError for anything else."""
    text = decode(data)
    if not text.strip():
        return {}
    if text.startswith("\ufeff"):
        raise RefusedError("The file begins with a byte order mark, which Airflow does not read.")
    if too_deep(text):
        raise RefusedError("The file is JSON that nests too deeply.")
    outermost: list[tuple[str, object]] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        outermost[:] = pairs  # the outermost object is the last one to be complete
        return dict(pairs)

    try:
        members = json.loads(text, object_pairs_hook=collect)
    except json.JSONDecodeError as error:
        raise RefusedError(f"The file is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise RefusedError("The file is JSON that Python cannot read.") from None
    if not isinstance(members, dict):
        raise RefusedError("The file is no JSON object of names and values.")
    if len(members) < len(outermost):
        names = [name for name, _ in outermost]
        raise RefusedError(f"The file has {next(name for name in names if names.count(name) > 1)!r} twice.")
    return members


def dump_object(members: Mapping[str, object], old: bytes, indent: int) -> bytes:
    """Return the text of an object in the layout of the old file; `indent` serves where that has none.

    A file in ASCII stays so, since Airflow opens files in the encoding of its locale.
    """
    before = decode(old)
    match = _INDENT.match(before)
    step: str | int | None = match[1] if match else None
    if _NO_MEMBER.fullmatch(before):
        step = indent
    try:
        text = json.dumps(members, indent=step, ensure_ascii=before.isascii())
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        text = json.dumps(members, indent=step)
    end = before[len(before.rstrip()) :] if before.strip() else "\n"
    return ((text.replace("\n", "\r\n") if "\r\n" in before else text) + end).encode()
