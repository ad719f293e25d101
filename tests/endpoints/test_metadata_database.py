import json
from contextlib import nullcontext

import pytest

from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.metadata_database import Entries, read_connection_lines, read_variables
from sandbox import Sandbox

TEXTS = {
    "plain": "text",
    "empty": "",
    "blanks": "  x ",
    "lines": "one\ntwo\n",
    "forged": "x\nAIRFLOW_VAR_PLAIN=y",
    "unicode": "é€\u2028\u202e😀",
    "quotes": "\"'\\",
    "object": '{"b":1,  "a": {"value": 2}}',
    "described object": '{"value": 1, "description": "x"}',
    "value object": '{"value": 1}',
    "list": "[1, 2 ]",
    "number": "42",
    "padded number": " 42 ",
    "minus zero": "-0",
    "exponent": "1e3",
    "true": "true",
    "null": "null",
    "json text": '"text"',
    "brace": "{",
    "NaN": "NaN",
}
# What an older Airflow cannot tell apart: it exports `"text"` as `text`, and unwraps what looks like a description.
SETTLED_BY_GET = {name: text for name, text in TEXTS.items() if name not in {"json text", "described object", "NaN"}}


def astro(sandbox: Sandbox) -> Astro:
    return Astro(
        find_astro(None, sandbox.environment),
        environ=sandbox.environment,
        cwd=sandbox.project,
        timeout=30,
        private=sandbox.temporary,
        watch=lambda _text: nullcontext(),
    )


def use_airflow(sandbox: Sandbox, version: str) -> None:
    with sandbox.change() as state:
        state["airflow_version"] = version


def shadows_nothing(_key: str) -> bool:
    return False


def read(sandbox: Sandbox, shadowed: str = "") -> Entries:
    entries = read_variables(astro(sandbox), lambda key: key == shadowed)
    assert entries is not None
    return entries


def asked(sandbox: Sandbox) -> list[str]:
    return [" ".join(call["argv"][2:4]) for call in sandbox.calls("dev run")]


@pytest.fixture(params=["docker", "standalone"])
def either(request: pytest.FixtureRequest, sandbox: Sandbox) -> Sandbox:
    """Return the sandbox in each mode: in Docker mode the CLI prints a line of its own first."""
    sandbox.use_mode(request.param)
    return sandbox


def test_airflow_that_can_list_values_is_asked_once_and_gives_every_stored_text(either: Sandbox) -> None:
    either.set_airflow(TEXTS, descriptions={"plain": "described", "object": "too"})
    assert read(either) == Entries(tuple(TEXTS.items()))
    assert asked(either) == ["variables list"]


@pytest.mark.parametrize("version", ["2.10.5", "2.4.0", "3.0.0", "3.2.1"])
def test_older_airflow_is_asked_for_its_export_and_for_what_that_cannot_settle(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    either.set_airflow(SETTLED_BY_GET, descriptions={"plain": "described", "number": "too", "object": "and this"})
    entries = read(either)
    assert dict(entries.found) == SETTLED_BY_GET
    assert entries.unreadable == {}
    assert asked(either)[:2] == ["variables list", "variables export"]


def test_every_variable_is_asked_for_since_an_older_export_tells_no_text_for_sure(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"a": "text", "b": "42", "c": "[1]", "d": "12x"})
    read(sandbox)
    assert sorted(call["argv"][4] for call in sandbox.calls("dev run variables get")) == ["a", "b", "c", "d"]


def test_a_variable_that_the_env_file_shadows_is_not_asked_for(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"n": "42", "o": '{"a":1}', "t": "text"})
    with sandbox.change() as state:
        state["airflow"]["container_environment"] = {"AIRFLOW_VAR_N": "43", "AIRFLOW_VAR_O": "{}"}
    entries = read_variables(astro(sandbox), lambda key: key in {"AIRFLOW_VAR_N", "AIRFLOW_VAR_O"})
    assert entries is not None
    assert dict(entries.found) == {"o": '{"a": 1}', "t": "text"}, "JSON-equal, for lack of its letters"
    assert list(entries.unreadable) == ["n"]
    assert [call["argv"][4] for call in sandbox.calls("dev run variables get")] == ["t"]


@pytest.mark.parametrize("shown", ["43", "true", '"42"', "42.0", "null", "text", ""])
def test_an_answer_that_says_something_else_than_the_export_is_not_believed(sandbox: Sandbox, shown: str) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"n": "42"})
    with sandbox.change() as state:  # a name of the container's environment comes first, unknown to us
        state["airflow"]["container_environment"] = {"AIRFLOW_VAR_N": shown}
    entries = read(sandbox)
    assert entries.found == ()
    assert list(entries.unreadable) == ["n"]


def test_an_object_that_cannot_be_asked_for_is_json_equal_and_a_number_is_not_guessed(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"n": "4.20", "o": '{"b":  1}', "b": "true", "t": "text"})
    sandbox.fault("crash", command="dev run variables get")
    entries = read(sandbox)
    found = dict(entries.found)
    assert json.loads(found.pop("o")) == {"b": 1}
    assert found == {"t": "text"}
    assert set(entries.unreadable) == {"n", "b"}
    assert all("4.20" not in reason for reason in entries.unreadable.values())


NOISE = {
    "before": "[2026-08-01 10:00:00] {logger.py:1} INFO - {not json}\nWARNING [1] x\n",
    "after": "[done] in 1s\n{bye}\n",
}


@pytest.mark.parametrize("version", ["3.3.2", "2.10.5"])
def test_log_lines_around_the_answer_change_nothing(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    texts = {"plain": "text", "object": '{"b":1}', "indented": '{\n  "a": [\n    1\n  ]\n}', "flag": "true"}
    either.set_airflow(texts)
    either.fault("noise", command="dev run", **NOISE)
    assert dict(read(either).found) == texts


def test_a_blank_line_beside_an_answer_may_be_part_of_it_so_nothing_is_guessed(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"flag": "true", "flag with a line": "true\n"})
    sandbox.fault("noise", command="dev run variables get", before="", after="\nINFO - done\n")
    entries = read(sandbox)
    assert entries.found == ()
    assert set(entries.unreadable) == {"flag", "flag with a line"}


def test_without_variables_there_are_none(either: Sandbox) -> None:
    assert read(either) == Entries(())
    use_airflow(either, "2.10.5")
    assert read(either) == Entries(())


@pytest.mark.parametrize("version", ["3.3.2", "2.10.5"])
@pytest.mark.parametrize("how", ["no-containers", "stopped"])
def test_airflow_that_does_not_run_says_nothing_rather_than_none(sandbox: Sandbox, version: str, how: str) -> None:
    use_airflow(sandbox, version)
    sandbox.set_airflow({"a": "x"}, {"c": "aws://"})
    sandbox.fault("not-running", how=how)
    assert read_variables(astro(sandbox), shadows_nothing) is None
    assert read_connection_lines(astro(sandbox)) is None


@pytest.mark.parametrize("cut", [10, 30, 45])
def test_an_answer_that_was_cut_off_says_nothing(sandbox: Sandbox, cut: int) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"a": "x" * 50, "b": "42"})
    sandbox.fault("truncate", bytes=cut)
    assert read_variables(astro(sandbox), shadows_nothing) is None


CONNECTIONS = {
    "plain": "postgres://u:p@h:5432/x",
    "no_host": "aws://",
    "equals": "http://h/?__extra__=%7B%22a%3D%22%3A+%22b%3D%3D%22%7D",
    "dots.and-dashes": "my-type://h",
    "UPPER": "http://h",
    "ünï": "http://h/%C3%A9",
}


@pytest.mark.parametrize("version", ["3.3.2", "2.10.5"])
def test_every_connection_is_read_under_its_own_name(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    either.set_airflow(connections=CONNECTIONS)
    entries = read_connection_lines(astro(either))
    assert entries is not None
    assert dict(entries.found) == CONNECTIONS
    assert entries.unreadable == {}


def test_log_lines_around_connections_are_no_connections(either: Sandbox) -> None:
    either.set_airflow(connections=CONNECTIONS)
    noise = {"before": "INFO - url=http://x\nA warning = y\nx=1\n", "after": "done=true\n [x]=aws://\n"}
    either.fault("noise", command="dev run", **noise)
    entries = read_connection_lines(astro(either))
    assert entries is not None
    assert dict(entries.found) == CONNECTIONS


def test_entries_show_no_text() -> None:
    shown = repr(Entries((("a", "hunter2"),), {"b": "why"}))
    assert "hunter2" not in shown
    assert "why" in shown
