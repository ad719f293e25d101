"""Plant values wherever a run can meet them, and search for them in all their forms wherever none may be."""

import base64
import json
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, quote_plus

from sandbox import Result, Sandbox

# A value of each kind that the two sides treat differently; every one has its own middle, which nothing else prints.
_AWKWARD = "&é\"'\\ %s +/="
AIRFLOW = {
    "same": f"aw-same-{_AWKWARD}",
    "differs": f"aw-differs-{_AWKWARD}",
    "number": "918273645546372819",
    "object": '{"aw-name": "aw-inside-object", "list": [4815162342108]}',
    "lines": "aw-first-line\naw-second-line=x\nAIRFLOW_VAR_LOOKS=aw-third-line",
    "case": "aw-lower-case",
    "Case": "aw-upper-case",
    "described": "aw-described",
    "escape": "\x1b[31maw-red\x1b[0m",
}
CONNECTIONS = {"pg": "postgres://aw-user:aw%2Fpassword@aw-host.example.com/aw-schema", "broken": "aw-no-uri"}
LOCAL = {
    "AIRFLOW_VAR_DIFFERS": "aw-local-differs",
    "OWN": "aw-own # with-a-mark",
    "MY_TOKEN": "aw-local-token",
    "AIRFLOW_CONN_LOCAL": "postgres://u:aw-local-password@localhost/x",
    "LONG": "aw-long-" + "x" * 70_000,
}
THERE = {
    "AIRFLOW_VAR_SAME": (AIRFLOW["same"], False),
    "AIRFLOW_VAR_DIFFERS": ("aw-there-differs", False),
    "AIRFLOW_CONN_PG": ("postgres://u:aw-there-password@there.example.com", False),
    "MY_TOKEN": ("aw-there-token", True),
    "THEIRS": ("aw-theirs-first\naw-theirs=second", False),
    "THEIR_SECRET": ("aw-their-secret", True),
}
OTHER = {"OWN": "aw-other-own", "ONLY_OTHER": "aw-only-other"}
CALLER = {"AIRFLOW_VAR_CALLER": "aw-caller-variable", "AIRFLOW_CONN_CALLER": "http://aw-caller:aw-caller-password@h"}
LOOKED_UP = "aw-looked-up"  # what `$LOOKED_UP` in `.env` stands for
FROM_FAULTS = "aw-from-a-fault"  # what other clients, servers and log lines bring in
PLANTED = (
    *AIRFLOW.values(),
    *CONNECTIONS.values(),
    *LOCAL.values(),
    *(value for value, _ in THERE.values()),
    *OTHER.values(),
    *CALLER.values(),
    LOOKED_UP,
    FROM_FAULTS,
    # parts that a parser could print by themselves
    *("aw-inside-object", "4815162342108", "aw-user", "aw%2Fpassword", "aw/password", "aw-host", "aw-schema"),
    *("aw-second-line", "aw-third-line", "aw-local-password", "aw-there-password", "aw-caller-password"),
    *("aw-same", "aw-differs", "aw-red", "with-a-mark", "aw-long-", "aw-theirs-first"),
)


def plant(sandbox: Sandbox) -> None:
    """Put the values into local Airflow, the project's files, the Deployment and the caller's environment."""
    sandbox.set_airflow(AIRFLOW, CONNECTIONS, descriptions={"described": "about"})
    lines = [f"{key}={_spelt(value)}\n" for key, value in LOCAL.items()]
    sandbox.write_env("".join([*lines, "REF=${LOOKED_UP}\n", *lines[:2]]))
    sandbox.write_env("".join(f"{key}={value}\n" for key, value in OTHER.items()), name="other.env")
    with sandbox.change() as state:
        state["deployments"][0]["variables"] = [
            {"key": key, "value": value, "is_secret": secret} for key, (value, secret) in THERE.items()
        ]
    sandbox.environment |= CALLER | {"LOOKED_UP": LOOKED_UP}


def _spelt(value: str) -> str:
    return f"'{value}'" if "#" in value else value


@dataclass(frozen=True)
class Search:
    """Look for values in any form: raw, percent-encoded, as JSON, as Python's repr, and in base64 at any offset."""

    values: tuple[str, ...]

    def find(self, data: bytes) -> str | None:
        """Return a form of a value that stands there, or None."""
        found = self._pattern.search(data)
        return found[0].decode(errors="replace") if found else None

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        found = {form for value in self.values for form in forms(value) if len(form) > 5}
        return re.compile(b"|".join(re.escape(form) for form in sorted(found)))


def forms(value: str) -> Iterator[bytes]:
    """Yield each text in which a value could be shown; of a long one its beginning is enough."""
    value = value[:200]
    texts = {value, *value.splitlines(), quote(value), quote(value, safe=""), quote_plus(value)}
    texts |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    texts |= {ascii(value)[1:-1], value.encode("unicode_escape").decode()}
    for text in texts:
        yield text.encode()
    data = value.encode()
    for offset in range(3):
        # The outermost characters depend on what stands before and behind.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(offset) + data).rstrip(b"=")[4 if offset else 0 : -1]
    yield data.hex().encode()


EVERYTHING = Search(PLANTED)


def assert_nothing_shown(sandbox: Sandbox, result: Result, *, search: Search = EVERYTHING) -> None:
    """Search all that a run printed, passed on and left behind."""
    about = f"exit {result.code}"
    for name, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        assert search.find(text.encode("utf-8", "surrogateescape")) is None, (about, name)
    assert "Traceback" not in result.stderr
    for call in sandbox.calls():
        assert search.find("\0".join(call["argv"]).encode("utf-8", "surrogateescape")) is None, about
        assert call["airflow_names"] == []
    _assert_private_files(sandbox)
    for path, data in _files(sandbox):
        assert search.find(data) is None, (about, path)
    environ = Path(f"{sandbox.record_file}.environ")
    if environ.exists():
        names = {line.partition(b"=")[0] for line in environ.read_bytes().splitlines()}
        assert not {name for name in names if name.startswith((b"AIRFLOW_", b"OWN", b"MY_TOKEN"))}
        others = Search(tuple(value for value in search.values if value != LOOKED_UP))  # the caller's own, passed on
        assert others.find(environ.read_bytes()) is None, about


def _assert_private_files(sandbox: Sandbox) -> None:
    """Check that what `astro` was given or wrote was private, and that nothing of it is left."""
    for call in sandbox.calls():
        for moment in ("env_before", "env_after"):
            facts: Mapping[str, object] = call.get(moment) or {}
            if facts:
                assert (facts["mode"], facts["folder_mode"]) == (0o600, 0o700), facts["path"]
    assert list(sandbox.temporary.iterdir()) == []


def _files(sandbox: Sandbox) -> Iterator[tuple[Path, bytes]]:
    """Yield every file, but for those that are there to hold values: the user's own, the stand-in's, the backups."""
    theirs = {sandbox.project / ".env", sandbox.project / "other.env", Path(f"{sandbox.record_file}.environ")}
    theirs |= {sandbox.state_file, sandbox.record_file}
    for path in sandbox.folder.rglob("*"):
        if "backups" in path.parts:
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
        elif path.is_file() and path not in theirs:
            yield path, path.read_bytes()
        yield path, str(path.relative_to(sandbox.folder)).encode("utf-8", "surrogateescape")
