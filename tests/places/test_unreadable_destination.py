"""An entry of the destination that cannot be read is refused by name; a placeholder gives way."""

import json

import pytest

from runs import env_changes
from sandbox import Sandbox

THERE = '{"pg": {"conn_type": "x", "nope": 1}, "ok": "http://h"}'


@pytest.mark.parametrize(
    ("words", "code", "entries"),
    [((), 3, {"pg", "ok"}), (("--dry-run",), 3, {"pg", "ok"}), (("--partial",), 7, {"pg", "ok", "new"})],
)
def test_an_entry_that_could_not_be_read_is_refused_by_name(
    sandbox: Sandbox, words: tuple[str, ...], code: int, entries: set[str]
) -> None:
    sandbox.write_env("AIRFLOW_CONN_PG=postgres://h/d\nAIRFLOW_CONN_NEW=http://n\n")
    sandbox.write_env(THERE, "connections.json")
    result = sandbox.run("merge", ".env", "connections.json", "--json", *words)
    actions = {change["key"]: change["action"] for change in env_changes(json.loads(result.stdout))}
    assert actions["AIRFLOW_CONN_PG"] == "refused"
    assert result.code == code
    assert set(json.loads(sandbox.read_env("connections.json"))) == entries


def test_a_placeholder_in_a_file_gives_way_to_a_real_value(sandbox: Sandbox) -> None:
    sandbox.write_env("AIRFLOW_CONN_PG=postgres://h/d\n")
    sandbox.write_env('{"pg": "# secret"}', "connections.json")
    assert sandbox.run("merge", ".env", "connections.json").code == 0
    assert json.loads(sandbox.read_env("connections.json"))["pg"] == "postgres://h/d"
