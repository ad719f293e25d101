"""AS105: a value that `astro deployment variable create --load` cannot carry, however it is quoted."""

from collections.abc import Iterator

from astro_sync.airflow.json_text import one_line
from astro_sync.checks.subject import Problem, Subject, check
from astro_sync.envfile.dialects import LOAD
from astro_sync.envfile.writing import load_refusal


@check(
    "AS105",
    "load-cannot-carry",
    "A value that --load cannot carry in any spelling, or a line at which it stops reading.",
)
def load_cannot_carry(subject: Subject) -> Iterator[Problem]:
    """Find each such value; JSON of several lines is carried on one (CONTRIBUTING, rule 12)."""
    stops_at = subject.load_stops_at
    if stops_at is not None:
        message = "the line is longer than 65,535 bytes: --load reads neither it nor a later one"
        yield Problem(stops_at, None, message)
    for key, (line, value) in subject.effective.items():
        if LOAD.refuses_key(key) is not None or line == stops_at:
            continue
        text = value.reveal()
        if reason := load_refusal(key, one_line(text) or text):
            yield Problem(line, key, f"--load cannot carry the value: {reason}")
