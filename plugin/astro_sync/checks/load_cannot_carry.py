"""AS105: a value that `astro deployment variable create --load` cannot carry, however it is spelled."""

from collections.abc import Iterable

from astro_sync.checks.subject import Check, Finding, Subject
from astro_sync.envfile.dialects import LOAD
from astro_sync.envfile.writing import load_refusal


def _find(subject: Subject) -> Iterable[Finding]:
    stops_at = subject.load_stops_at
    if stops_at is not None:
        message = "the line is longer than 65,535 bytes: --load reads neither it nor a later one"
        yield Finding(stops_at, None, message)
    for key, (made, value) in subject.effective.items():
        if LOAD.refuses_key(key) is None and made.line != stops_at and (reason := load_refusal(key, value)):
            yield Finding(made.line, key, f"--load cannot carry the value: {reason}")


CHECK = Check(
    code="AS105",
    name="load-cannot-carry",
    title="A value that --load cannot carry in any spelling, or a line at which it stops reading.",
    find=_find,
)
