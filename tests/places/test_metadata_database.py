import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from astro_sync.errors import UnusableError
from astro_sync.places.airflow_answers import StoredConnection, StoredVariable, parse_description
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.metadata_database import Contents, MetadataDatabase, Reading, Request
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
# A document with NaN in it leaves an older Airflow's names unknown.
SETTLED_BY_GET = {name: text for name, text in TEXTS.items() if name != "NaN"}


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
    """Use an Airflow that older ways than its REST API must ask, of which nobody knows the password."""
    with sandbox.change() as state:
        state["airflow_version"] = version
        state["airflow"]["login"] = {"username": "admin", "password": "changed"}


def read_all(sandbox: Sandbox, request: Request) -> Contents:
    return MetadataDatabase(astro(sandbox), sandbox.project, sandbox.temporary).read(request)


def read(
    sandbox: Sandbox, *, shadowed: str = "", wants: Callable[[str], bool] = lambda _key: True
) -> Reading[StoredVariable]:
    return read_all(sandbox, Request(connections=False, wants_variable=wants, shadowed={shadowed})).variables


def texts(reading: Reading[StoredVariable]) -> dict[str, str | None]:
    return {stored.key: stored.text for stored in reading.found}


def asked(sandbox: Sandbox) -> list[str]:
    return [" ".join(call["argv"][2:4]) for call in sandbox.calls("dev run")]


@pytest.fixture(params=["docker", "standalone"])
def either(request: pytest.FixtureRequest, sandbox: Sandbox) -> Sandbox:
    """Return the sandbox in each mode: in Docker mode the CLI prints a line of its own first."""
    sandbox.use_mode(request.param)
    return sandbox


def test_airflow_that_can_list_values_is_asked_once_and_gives_every_stored_text(either: Sandbox) -> None:
    either.set_airflow(TEXTS, descriptions={"plain": "described", "object": "too"})
    assert texts(read(either)) == TEXTS
    assert asked(either) == ["variables list"]
    assert either.calls("dev object export") == []


@pytest.mark.long
@pytest.mark.parametrize("version", ["2.10.5", "2.11.2", "3.0.0", "3.2.1"])
def test_older_airflow_is_asked_for_its_export_and_for_each_stored_text(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    either.set_airflow(SETTLED_BY_GET, descriptions={"plain": "described", "number": "too", "object": "and this"})
    reading = read(either)
    assert texts(reading) == SETTLED_BY_GET
    assert reading.unreadable == {}
    assert sorted(call["argv"][4] for call in either.calls("dev run variables get")) == sorted(SETTLED_BY_GET)


def test_only_the_wanted_variables_of_an_older_airflow_are_asked_for(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "3.1.0")
    sandbox.set_airflow({"a": "text", "b": "42", "c": "[1]", "d": "12x"})
    assert texts(read(sandbox, wants=lambda key: key in "bd")) == {"b": "42", "d": "12x"}
    assert sorted(call["argv"][4] for call in sandbox.calls("dev run variables get")) == ["b", "d"]


@pytest.mark.parametrize("shown", ["43", "true", '"42"', "42.0", "null", "text", ""])
def test_an_answer_that_says_something_else_than_the_export_is_not_believed(sandbox: Sandbox, shown: str) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"n": "42"})
    with sandbox.change() as state:  # a name of the container's environment comes first, unknown to us
        state["airflow"]["container_environment"] = {"AIRFLOW_VAR_N": shown}
    reading = read(sandbox)
    assert reading.found == ()
    assert list(reading.unreadable) == ["n"]


@pytest.mark.parametrize("version", ["2.10.5", "3.1.0"])
def test_what_airflow_does_not_print_is_never_taken_from_its_export(sandbox: Sandbox, version: str) -> None:
    use_airflow(sandbox, version)
    variables = {"n": "4.20", "o": '{"b":  1}', "b": "true", "t": "text", "q": '"quoted"'}
    sandbox.set_airflow(variables)
    sandbox.fault("crash", command="dev run variables get")
    reading = read(sandbox)
    assert reading.found == ()
    assert reading.unreadable.keys() == variables.keys()
    assert all("4.20" not in reason for reason in reading.unreadable.values())


WRAPPED = '{"value": "v", "description": "d"}'


@pytest.mark.parametrize(
    ("version", "stored", "described", "in_env", "read_as"),
    [
        ("2.11.2", WRAPPED, False, "v", None),
        ("2.11.2", WRAPPED, False, WRAPPED, WRAPPED),
        ("3.1.0", "v", True, "v", "v"),
        ("3.1.0", "v", True, "w", "v"),
        ("3.1.0", "42", True, "43", None),
    ],
)
def test_behind_env_a_described_variable_and_one_that_looks_so_are_told_apart_by_the_version(  # noqa: PLR0913
    sandbox: Sandbox, version: str, stored: str, in_env: str, read_as: str | None, *, described: bool
) -> None:
    use_airflow(sandbox, version)
    sandbox.set_airflow({"x": stored}, descriptions={"x": "d"} if described else {})
    with sandbox.change() as state:
        state["airflow"]["container_environment"] = {"AIRFLOW_VAR_X": in_env}
    reading = read(sandbox, shadowed="AIRFLOW_VAR_X")
    assert texts(reading) == ({"x": read_as} if read_as else {})
    assert list(reading.unreadable) == ([] if read_as else ["x"])


NOISE = {
    "before": "[2026-08-01 10:00:00] {logger.py:1} INFO - {not json}\nWARNING [1] x\n",
    "after": "[done] in 1s\n{bye}\n",
}


@pytest.mark.parametrize("version", ["3.3.2", "2.10.5"])
def test_log_lines_around_the_answer_change_nothing(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    variables = {"plain": "text", "object": '{"b":1}', "indented": '{\n  "a": [\n    1\n  ]\n}', "flag": "true"}
    either.set_airflow(variables)
    either.fault("noise", command="dev run", **NOISE)
    assert texts(read(either)) == variables


FORGERIES = {
    "a log line in JSON": '{"event": "connecting to postgres://u:p@h/d", "level": "info"}\n',
    "an empty object": "{}\n",
    "an empty list": "[]\n",
    "an empty list and more": "[] plugins loaded\n",
    "a list of a variable": '[{"key": "k1", "val": "FAKE"}]\n',
    "a list of these variables": '[{"key": "num", "val": "1"}, {"key": "greeting", "val": "FAKE"}]\n',
    "an object of these variables": '{"num": 1, "greeting": "FAKE"}\n',
    "a connection": '{"pg": {"conn_type": "http", "host": "FAKE"}}\n',
    "another connection": '{"other": {"conn_type": "http", "host": "FAKE"}}\n',
    "an open list": "[\n",
    "an open object": '{"a":\n',
}


@pytest.mark.parametrize(
    "version", ["3.3.2", *(pytest.param(old, marks=pytest.mark.long) for old in ("3.1.0", "2.11.2"))]
)
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_log_line_that_looks_like_an_answer_loses_and_forges_nothing(
    sandbox: Sandbox, version: str, side: str, forgery: str
) -> None:
    use_airflow(sandbox, version)
    variables = {"num": "42", "greeting": "hello"}
    sandbox.set_airflow(variables, {"pg": "postgres://u:p@h/d"})
    sandbox.fault("noise", command="dev run", **{"before": "", "after": "", side: FORGERIES[forgery]})
    contents = read_all(sandbox, Request())
    found = texts(contents.variables)
    assert found.items() <= variables.items()
    assert {*found, *contents.variables.unreadable} == set(variables)
    connections = {stored.conn_id: stored for stored in contents.connections.found}
    assert {*connections, *contents.connections.unreadable} == {"pg"}
    assert "FAKE" not in str([stored.fields for stored in connections.values()])
    if "these" not in forgery:
        assert found == variables


def test_an_empty_database_beside_a_log_line_is_proved_by_the_names_of_the_export(sandbox: Sandbox) -> None:
    sandbox.set_airflow({}, {"pg": "postgres://u:p@h/d"})
    sandbox.fault("noise", command="dev run", before='[{"key": "k1", "val": "FAKE"}]\n', after="")
    assert read(sandbox) == Reading()


def test_a_blank_line_beside_an_answer_may_be_part_of_it_so_nothing_is_guessed(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "2.10.5")
    sandbox.set_airflow({"flag": "true", "flag with a line": "true\n"})
    sandbox.fault("noise", command="dev run variables get", before="", after="\nINFO - done\n")
    reading = read(sandbox)
    assert reading.found == ()
    assert set(reading.unreadable) == {"flag", "flag with a line"}


def test_without_variables_there_are_none(either: Sandbox) -> None:
    assert read(either) == Reading()
    use_airflow(either, "2.10.5")
    assert read(either) == Reading()


@pytest.mark.parametrize("version", ["3.3.2", "2.10.5"])
@pytest.mark.parametrize("how", ["no-containers", "stopped"])
def test_airflow_that_does_not_run_says_nothing_rather_than_none(sandbox: Sandbox, version: str, how: str) -> None:
    use_airflow(sandbox, version)
    sandbox.set_airflow({"a": "x"}, {"c": "aws://"})
    sandbox.fault("not-running", how=how)
    for request in (Request(connections=False), Request(variables=False)):
        with pytest.raises(UnusableError, match="Your local Airflow is not running"):
            read_all(sandbox, request)


@pytest.mark.parametrize("cut", [10, 30, 45])
def test_an_answer_that_was_cut_off_says_nothing(sandbox: Sandbox, cut: int) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"a": "x" * 50, "b": "42"})
    sandbox.fault("truncate", command="dev run", bytes=cut)
    reading = read(sandbox)
    assert texts(reading).items() <= {"a": "x" * 50}.items()
    assert {*texts(reading), *reading.unreadable} == {"a", "b"}


CONNECTIONS = {
    "plain": "postgres://u:p@h:5432/x",
    "no_host": "aws://",
    "equals": "http://h/?__extra__=%7B%22a%3D%22%3A+%22b%3D%3D%22%7D",
    "dots.and-dashes": "my-type://h",
    "UPPER": "http://h",
}


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_every_connection_is_read_with_its_fields_under_its_own_name(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    either.set_airflow(connections=CONNECTIONS)
    reading = read_all(either, Request(variables=False)).connections
    assert {stored.conn_id: stored.uri for stored in reading.found}.keys() == CONNECTIONS.keys()
    assert all(stored.fields is not None and "conn_type" in stored.fields for stored in reading.found)
    assert reading.unreadable == {}


# --- the REST API of Airflow 2 ---

AIRFLOW_2 = """#!{python}
import json, sys
state = json.load(open({state!r}))
words = sys.argv[1:]
with open({calls!r}, "a") as calls:
    calls.write(" ".join(words) + "\\n")
exported = {{key: value for key, value in state["exported"].items()}}
if words[:2] == ["api", "airflow"] and words[2] == "/version":
    print(json.dumps({{"version": state["version"], "git_version": None}}))
elif words[:2] == ["api", "airflow"]:
    offset = int(words[2].rpartition("=")[2])
    rows = [{{"key": key, "value": text, "description": None}} for key, text in state["api"].items()]
    print("Using an Astro API Token")
    print(json.dumps({{"total_entries": state["total"], "variables": rows[offset : offset + 100]}}, indent=2))
elif words[:2] == ["dev", "object"]:
    print("".join(f"Exporting Variable: {{key}}\\n" for key in exported))
    print("Aiflow variables successfully export to the file")
elif words[2:4] == ["variables", "export"]:
    print(json.dumps(exported, indent=4) + f"{{len(exported)}} Variables successfully exported to /dev/stdout")
elif words[2:4] == ["variables", "get"]:
    print(state["stored"][words[4]])
else:
    print("airflow command error: unrecognized arguments: --show-values", file=sys.stderr)
    sys.exit(1)
"""


def airflow_2(sandbox: Sandbox, stored: dict[str, str], **state: object) -> Path:
    """Return the record of the calls of an `astro` in front of an Airflow 2 with a web server."""
    exported = {key: json.loads(text) if text[:1] in '{[0123456789"' else text for key, text in stored.items()}
    file, calls = sandbox.folder / "airflow-2.json", sandbox.folder / "calls"
    told = {"version": "2.11.2", "stored": stored, "exported": exported, "api": stored, "total": len(stored)}
    file.write_text(json.dumps(told | state))
    program = sandbox.folder / "bin" / "astro"
    program.parent.mkdir()
    program.write_text(AIRFLOW_2.format(python=sys.executable, state=str(file), calls=str(calls)))
    program.chmod(0o700)
    sandbox.environment["PATH"] = f"{program.parent}:{sandbox.environment['PATH']}"
    return calls


def test_what_the_api_of_airflow_2_tells_is_exact(either: Sandbox) -> None:
    use_airflow(either, "2.11.2")
    with either.change() as state:
        del state["airflow"]["login"]
    either.set_airflow(SETTLED_BY_GET, descriptions={"plain": "described"})
    assert texts(read(either)) == SETTLED_BY_GET
    assert either.calls("dev run variables get") == []


STORED = {"num": "3.140", "object": '{"b":1,  "a": 1.0}', "wrapped": WRAPPED, "quoted": '"a"', "text": "a"}


def test_a_running_airflow_2_tells_all_its_variables_in_one_call_per_page(sandbox: Sandbox) -> None:
    many = STORED | {f"k{number}": f"text {number}" for number in range(150)}
    calls = airflow_2(sandbox, many)
    assert texts(read(sandbox)) == many
    made = calls.read_text().splitlines()
    assert [call for call in made if " /variables?" in call] == [
        "api airflow /variables?limit=100&offset=0",
        "api airflow /variables?limit=100&offset=100",
    ]
    assert not [call for call in made if "variables get" in call]


@pytest.mark.parametrize(
    "state",
    [
        {"version": "3.1.0"},
        {"version": 2},
        {"total": 6},
        {"total": 4},
        {"api": {}, "total": 0},
        {"api": STORED | {"text": "of another project"}},
        {"api": {**STORED, "more": "x"}, "total": 6},
        {"api": STORED | {"text": None}},
    ],
    ids=["Airflow 3", "no version", "a row is missing", "a row too many", "none", "another", "more", "no text"],
)
def test_an_api_that_may_be_another_airflows_or_does_not_tell_all_is_not_believed(
    sandbox: Sandbox, state: dict[str, object]
) -> None:
    calls = airflow_2(sandbox, STORED, **state)
    assert texts(read(sandbox)) == STORED
    assert "dev run variables get text" in calls.read_text().splitlines()


DESCRIPTIONS = {"plain": "words", "lines": "two\nlines", "object": "ü", "described object": "own", "number": "3"}


@pytest.mark.parametrize("version", ["3.3.2", "3.1.0"])
def test_the_export_of_airflow_3_tells_descriptions_where_they_are_wanted(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    either.set_airflow(SETTLED_BY_GET, descriptions=DESCRIPTIONS)
    reading = read_all(either, Request(connections=False, descriptions=True)).variables
    assert texts(reading) == SETTLED_BY_GET
    assert {one.key: one.description for one in reading.found if one.description} == DESCRIPTIONS
    assert reading.undescribed == ()
    assert len(either.calls("dev run variables export")) == 1


def test_where_no_description_is_wanted_none_is_asked_for(sandbox: Sandbox) -> None:
    sandbox.set_airflow(SETTLED_BY_GET, descriptions=DESCRIPTIONS)
    reading = read(sandbox)
    assert asked(sandbox) == ["variables list"]
    assert {one.description for one in reading.found} == {None}
    assert reading.undescribed == ()


def test_airflow_2_tells_descriptions_by_its_api_alone(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["airflow_version"] = "2.11.2"
    sandbox.set_airflow({"plain": "text", "bare": "x"}, descriptions=DESCRIPTIONS)
    told = read_all(sandbox, Request(connections=False, descriptions=True)).variables
    assert {one.key: one.description for one in told.found} == {"plain": "words", "bare": None}
    assert told.undescribed == ()
    use_airflow(sandbox, "2.11.2")
    untold = read_all(sandbox, Request(connections=False, descriptions=True)).variables
    assert texts(untold) == {"plain": "text", "bare": "x"}
    assert set(untold.undescribed) == {"plain", "bare"}


def test_an_export_that_fails_or_says_another_text_tells_no_description(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "1", "b": "2"}, descriptions={"a": "one", "b": "two"})
    sandbox.fault("crash", command="dev run variables export", exit=1)
    reading = read_all(sandbox, Request(connections=False, descriptions=True)).variables
    assert texts(reading) == {"a": "1", "b": "2"}
    assert set(reading.undescribed) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "exported", "description"),
    [
        ("x", "x", ""),
        ("x", {"value": "x", "description": "d"}, "d"),
        ("x", {"value": "x", "description": None}, ""),
        ("x", "y", None),
        ("x", {"value": "y", "description": "d"}, None),
        ("x", {"value": "x"}, None),
        ('{"value": 1, "description": "own"}', {"value": 1, "description": "own"}, ""),
        ('{"value": 1, "description": "own"}', {"value": {"value": 1, "description": "own"}, "description": "d"}, "d"),
        (" 42 ", {"value": 42, "description": "d"}, "d"),
        ('"x"', {"value": '"x"', "description": "d"}, "d"),
    ],
)
def test_a_description_is_that_of_just_this_text(text: str, exported: object, description: str | None) -> None:
    assert parse_description(text, exported) == description


def test_readings_show_no_text() -> None:
    variable, connection = StoredVariable("a", "hunter2", "hunter2"), StoredConnection("c", {"p": "hunter2"}, "hunter2")
    shown = repr(Contents(Reading((variable,), {"b": "why"}), Reading((connection,))))
    assert "hunter2" not in shown
    assert "why" in shown
