"""The metadata database as the Astro CLI's export and Airflow itself tell it, through the stand-in."""

import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.airflow.connection import means_the_same, parse_connection
from astro_sync.core.filters import EVERYTHING, Filters, Wanted
from astro_sync.core.model import Kind, Snapshot, WarningCode
from astro_sync.errors import AstroSyncError, ExitCode, UnusableError
from astro_sync.places.astro_cli import Astro, TimedOutError, find_astro
from astro_sync.places.local_airflow import LocalAirflow
from places.subjects import surroundings
from sandbox import Sandbox

VERSIONS = ["3.3.2", "2.10.5"]
URI = "postgres://anna:s3cret@db.example.com:5432/sales"
TYPED = {
    "text": "just text",
    "number": "42",
    "zero": "-0",
    "padded": " 42 ",
    "object": '{"b":1,  "a": [2]}',
    "true": "true",
    "null": "null",
    "lines": "one\ntwo\n",
    "forged": "x\nAIRFLOW_VAR_TEXT=y",
}


def local(
    sandbox: Sandbox, *, timeout: float = 30, program: Path | None = None, told: list[str] | None = None
) -> LocalAirflow:
    around = surroundings(sandbox)
    astro = Astro(
        program or find_astro(None, sandbox.environment),
        environ=sandbox.environment,
        cwd=sandbox.project,
        timeout=timeout,
        private=around.folder,
        watch=lambda _text: nullcontext(),
    )
    tell = ([] if told is None else told).append
    return LocalAirflow(around=around._replace(astro=lambda: astro, tell=tell), folder=around.new_folder("airflow"))


def read(sandbox: Sandbox, wanted: Wanted = EVERYTHING) -> Snapshot:
    with local(sandbox) as endpoint:
        return endpoint.read(wanted)


def only(glob: str) -> Wanted:
    return Wanted(Filters(include=(glob,)))


def texts(snapshot: Snapshot) -> dict[str, str]:
    entries = [*snapshot.entries.values()]
    return {entry.name.key: entry.value.reveal() for entry in entries if entry.value is not None}


def unreadable(snapshot: Snapshot) -> dict[str, str]:
    return {entry.name.key: entry.problem.about for entry in snapshot.entries.values() if entry.problem is not None}


def named(variables: Mapping[str, str]) -> dict[str, str]:
    return {f"AIRFLOW_VAR_{name.upper()}": text for name, text in variables.items()}


def use_airflow(sandbox: Sandbox, version: str) -> None:
    with sandbox.change() as state:
        state["airflow_version"] = version


def silence_airflow(sandbox: Sandbox) -> None:
    """Let Airflow itself answer nothing: only the export is left."""
    sandbox.fault("crash", command="dev run", exit=1)


def left_behind(sandbox: Sandbox) -> set[str]:
    return {path.name for path in sandbox.project.iterdir()} & {"tmp.var", "tmp.connections", "tmp.connection"}


@pytest.fixture(params=["docker", "standalone"])
def either(request: pytest.FixtureRequest, sandbox: Sandbox) -> Sandbox:
    """Return the sandbox in each mode."""
    sandbox.use_mode(request.param)
    return sandbox


# --- what is asked ---


@pytest.mark.parametrize("cli", ["1.45.0", "1.33.2"])
def test_texts_arrive_exactly_and_each_kind_is_asked_for_once(either: Sandbox, cli: str) -> None:
    with either.change() as state:
        state["cli_version"] = cli
    variables = {"a": "1 text", "B-c.d": "ü # '\"$\\", "with blank": "x", "dup": "AIRFLOW_VAR_A=1 text"}
    either.set_airflow(variables, {"pg": URI})
    snapshot = read(either)
    assert texts(snapshot) == {**named(variables), "AIRFLOW_CONN_PG": URI}
    assert unreadable(snapshot) == {}
    asked = sorted(" ".join(call["argv"][:4]) for call in either.calls("dev"))
    assert asked == ["dev object export --env-export", "dev run connections export", "dev run variables list"]


@pytest.mark.parametrize(
    ("include", "asked"),
    [
        ("AIRFLOW_VAR_*", {"dev run variables list"}),
        ("AIRFLOW_CONN_*", {"dev object export --env-export", "dev run connections export"}),
    ],
)
def test_what_a_filter_leaves_out_is_not_asked_for(sandbox: Sandbox, include: str, asked: set[str]) -> None:
    sandbox.set_airflow({"a": "x"}, {"pg": URI})
    found = texts(read(sandbox, only(include)))
    assert {" ".join(call["argv"][:4]) for call in sandbox.calls("dev")} == asked
    assert ("AIRFLOW_VAR_A" in found, "AIRFLOW_CONN_PG" in found) == ("VAR" in include, "CONN" in include)


def test_of_an_older_airflow_only_the_wanted_variables_are_asked_for(sandbox: Sandbox) -> None:
    use_airflow(sandbox, "3.1.0")
    sandbox.set_airflow({"a": "1", "b": "2", "c": "3"})
    assert texts(read(sandbox, only("AIRFLOW_VAR_B"))) == {"AIRFLOW_VAR_B": "2"}
    assert [call["argv"][4] for call in sandbox.calls("dev run variables get")] == ["b"]


def test_a_variable_whose_description_is_not_known_is_named(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "x", "b": "y", "not\nsound": "z"}, descriptions={"a": "words"})
    sandbox.fault("crash", command="dev run variables export", exit=1)
    warnings = read(sandbox, Wanted(Filters(exclude=("b",)), descriptions=True)).warnings
    assert [(notice.code, notice.key) for notice in warnings] == [(WarningCode.DESCRIPTION_UNKNOWN, "AIRFLOW_VAR_A")]
    assert read(sandbox).warnings == ()


def test_connections_are_read_under_their_environment_names(either: Sandbox) -> None:
    connections = {"pg": URI, "my-http.x": "http://h", "Mixed": "ssh://u@h:22"}
    either.set_airflow({"a": "x"}, connections)
    found = texts(read(either))
    assert found.keys() == {"AIRFLOW_VAR_A", "AIRFLOW_CONN_PG", "AIRFLOW_CONN_MY-HTTP.X", "AIRFLOW_CONN_MIXED"}
    wrong = [key for key, uri in connections.items() if not means_the_same(found[f"AIRFLOW_CONN_{key.upper()}"], uri)]
    assert wrong == []


def test_an_empty_airflow_holds_nothing(either: Sandbox) -> None:
    snapshot = read(either)
    assert (texts(snapshot), dict(unreadable(snapshot))) == ({}, {})


# --- Airflow itself, where it does not ---


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_export_loses_airflow_tells_exactly(either: Sandbox, version: str) -> None:
    use_airflow(either, version)
    either.set_airflow(TYPED, {"pg": URI}, descriptions={"number": "described"})
    snapshot = read(either)
    assert {key: text for key, text in texts(snapshot).items() if "_VAR_" in key} == named(TYPED)
    assert unreadable(snapshot) == {}


@pytest.mark.parametrize("lost", [name for name in TYPED if name != "text"] + ["NaN", ""])
def test_one_lost_text_is_enough_to_ask(sandbox: Sandbox, lost: str) -> None:
    variables = {"text": "x", "odd": TYPED.get(lost, lost)}
    sandbox.set_airflow(variables)
    assert texts(read(sandbox)) == named(variables)
    assert sandbox.calls("dev run variables list") != []


@pytest.mark.long
@pytest.mark.parametrize(
    ("stored", "in_env", "read_as"),
    [
        ("text", "text", "text"),
        ("text", "other", "text"),
        ("42", "42", "42"),
        ("42", "43", None),
        ('{"b":1}', '{"b":  1}', '{"b":  1}'),
        ('{"b":1}', '{"b": 2}', None),
    ],
)
def test_a_text_that_the_env_file_shadows_is_read_as_far_as_the_export_tells_it(
    either: Sandbox, stored: str, in_env: str, read_as: str | None
) -> None:
    use_airflow(either, "3.1.0")
    either.write_env(f"AIRFLOW_VAR_X={in_env}\n")
    with either.change() as state:
        state["airflow"]["container_environment"] = {"AIRFLOW_VAR_X": in_env}
    either.set_airflow({"x": stored})
    snapshot = read(either)
    assert texts(snapshot).get("AIRFLOW_VAR_X") == read_as
    assert list(unreadable(snapshot)) == ([] if read_as else ["AIRFLOW_VAR_X"])


def test_ids_stay_as_airflow_has_them(either: Sandbox) -> None:
    use_airflow(either, "3.3.2")
    either.set_airflow({"case": "1", "Case": "2", "straße": "x"}, {"Pg": URI, "PG": URI})
    names = {(entry.kind, entry.id) for entry in read(either).entries}
    assert names == {
        *((Kind.VARIABLE, one) for one in ("case", "Case", "straße")),
        *((Kind.CONNECTION, one) for one in ("Pg", "PG")),
    }


# --- half exports ---


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("half", ["variables", "connections"])
def test_a_half_that_failed_is_asked_for_and_the_other_stays(either: Sandbox, half: str, version: str) -> None:
    use_airflow(either, version)
    either.fault("half-export", fails=half)
    either.set_airflow({"a": "x", "b": "y"}, {"pg": URI})
    snapshot = read(either)
    assert texts(snapshot).keys() == {"AIRFLOW_VAR_A", "AIRFLOW_VAR_B", "AIRFLOW_CONN_PG"}
    assert unreadable(snapshot) == {}


@pytest.mark.parametrize(("half", "there"), [("variables", "AIRFLOW_CONN_PG"), ("connections", "AIRFLOW_VAR_A")])
def test_a_half_that_nobody_tells_is_refused_as_a_whole_and_the_other_stays(
    either: Sandbox, half: str, there: str
) -> None:
    either.fault("half-export", fails=half)
    silence_airflow(either)
    either.set_airflow({"a": "x"}, {"pg": URI})
    snapshot = read(either)
    assert list(texts(snapshot)) == [there]
    [(lost, reason)] = unreadable(snapshot).items()
    assert lost == {"variables": "AIRFLOW_VAR_*", "connections": "AIRFLOW_CONN_*"}[half]
    assert half.removesuffix("s") in reason


def test_of_an_export_that_nobody_settles_only_lines_that_prove_themselves_are_taken(either: Sandbox) -> None:
    silence_airflow(either)
    either.set_airflow({"a": "x", "b": "42", "c": "one\nAIRFLOW_VAR_D=forged", "d": "real", "e": "y"}, {"pg": URI})
    snapshot = read(either)
    found = texts(snapshot)
    assert found.pop("AIRFLOW_CONN_PG") == URI
    assert found.items() <= named({"a": "x", "e": "y"}).items()
    assert {*found, *unreadable(snapshot)} == set(named(dict.fromkeys("abcde", "")))
    assert all("Airflow could not be asked" in reason for reason in unreadable(snapshot).values())


def test_lines_of_a_half_that_did_not_end_are_not_taken_however_sound_they_look(either: Sandbox) -> None:
    either.set_airflow({"a": "x"}, {"pg": URI, "web": "http://h"})
    endpoint = local(either)
    file = either.temporary / "export.env"
    whole = either.astro("dev", "object", "export", "--env-export", "--connections", "--env", str(file)).stdout
    file.unlink()
    silence_airflow(either)
    either.fault("truncate", command="dev object export", bytes=whole.index("Aiflow connections"))
    with endpoint:
        snapshot = endpoint.read(only("AIRFLOW_CONN_*"))
    assert texts(snapshot) == {}
    assert unreadable(snapshot).keys() == {"AIRFLOW_CONN_PG", "AIRFLOW_CONN_WEB", "AIRFLOW_CONN_*"}


_hard = st.one_of(
    st.sampled_from(
        ["x", "", "42", "null", "AIRFLOW_VAR_A=1", "x\nAIRFLOW_VAR_B=y", "\nAIRFLOW_VAR_A=", "x\n", "\n", " "]
    ),
    st.text(st.sampled_from("aB=\n\r \"'#\\é\u2028"), max_size=6),
)
_databases = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), _hard, min_size=1)


@pytest.mark.long
@pytest.mark.parametrize("answers", [True, False])
def test_whatever_airflow_holds_each_name_is_read_exactly_or_refused(
    sandbox: Sandbox,
    answers: bool,  # noqa: FBT001 - pytest names it
) -> None:
    if not answers:
        silence_airflow(sandbox)
    exact = 0

    @settings(max_examples=8, deadline=None, derandomize=True)
    @given(_databases, st.integers(0, 5))
    def check(variables: dict[str, str], seed: int) -> None:
        nonlocal exact
        with sandbox.change() as state:
            state["order_seed"] = seed
        sandbox.set_airflow(variables)
        snapshot = read(sandbox)
        found = texts(snapshot)
        assert found.items() <= named(variables).items()
        assert {*found, *unreadable(snapshot)} - {"AIRFLOW_VAR_*"} == named(variables).keys()
        assert not answers or unreadable(snapshot) == {}
        exact += len(found)

    check()
    assert exact > 3


# --- what is left behind ---


@pytest.mark.parametrize("during", [None, "variables", "connections"])
def test_what_a_standalone_export_leaves_in_the_project_is_removed_and_said(
    sandbox: Sandbox, during: str | None
) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"a": "x"}, {"pg": URI})
    if during:
        sandbox.fault("killed-export", during=during)
    (sandbox.project / "tmp.txt").write_text("theirs")
    told: list[str] = []
    endpoint = local(sandbox, told=told)
    try:
        with endpoint:
            warnings = endpoint.read(EVERYTHING).warnings
    except UnusableError:
        assert all("clear text" in sentence for sentence in told)
        assert told, "no report will say it"
    else:
        assert {warning.code for warning in warnings} == {WarningCode.LEFT_BEHIND}
        assert told == [], "the report says it"
    assert left_behind(sandbox) == set()
    assert (sandbox.project / "tmp.txt").read_text() == "theirs"


def test_what_an_earlier_run_left_is_removed_too_and_a_link_loses_only_its_name(sandbox: Sandbox) -> None:
    elsewhere = sandbox.folder / "elsewhere"
    elsewhere.write_text("kept")
    (sandbox.project / "tmp.var").symlink_to(elsewhere)
    (sandbox.project / "tmp.connections").symlink_to(sandbox.folder / "nowhere")
    snapshot = read(sandbox)
    assert left_behind(sandbox) == set()
    assert elsewhere.read_text() == "kept"
    assert len([warn for warn in snapshot.warnings if warn.code is WarningCode.LEFT_BEHIND]) == 2


def test_a_folder_of_such_a_name_is_left_alone(sandbox: Sandbox) -> None:
    (sandbox.project / "tmp.var").mkdir()
    snapshot = read(sandbox)
    assert (sandbox.project / "tmp.var").is_dir()
    assert snapshot.warnings == ()


def test_the_project_and_its_env_stay_as_they_are(either: Sandbox) -> None:
    either.set_airflow(TYPED, {"pg": URI})
    either.write_env("OWN=1\n")
    before = {path.name for path in either.project.iterdir()}
    read(either)
    assert either.read_env() == "OWN=1\n"
    assert {path.name for path in either.project.iterdir()} == before


def test_the_exported_file_is_private_and_does_not_stay(sandbox: Sandbox) -> None:
    program = sandbox.folder / "own-astro"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in *"--connections"*) stat -c %a "$7" > mode; printf "\\nAIRFLOW_CONN_PG=http://h" >> "$7"\n'
        'echo "Exporting Connection: pg"; echo "Aiflow connections successfully export to the file";; esac\n'
    )
    program.chmod(0o700)
    with local(sandbox, program=program) as endpoint:
        found = texts(endpoint.read(only("AIRFLOW_CONN_*")))
        assert [path.name for path in endpoint.folder.iterdir()] == []
    assert found == {"AIRFLOW_CONN_PG": "http://h"}
    assert (sandbox.project / "mode").read_text() == "600\n"


# --- an Airflow that cannot be asked ---


@pytest.mark.parametrize(
    ("mode", "how", "said", "hint"),
    [
        ("docker", "no-containers", "Your local Airflow is not running.", "astro dev start"),
        ("docker", "stopped", "Your local Airflow is not running.", "astro dev start"),
        ("standalone", "no-venv", "Your local Airflow is not running.", "astro dev start"),
        ("docker", "no-docker", "Docker is not running", "Start Docker"),
        ("docker", "no-runtime", "There is no container program", "Install Docker"),
    ],
)
def test_an_airflow_that_does_not_run_is_told_with_what_to_type(
    sandbox: Sandbox, mode: str, how: str, said: str, hint: str
) -> None:
    sandbox.use_mode(mode)
    sandbox.fault("not-running", how=how)
    sandbox.set_airflow({"a": "pl4nted"})
    with pytest.raises(UnusableError) as told:
        read(sandbox)
    assert told.value.exit_code is ExitCode.UNUSABLE
    assert said in str(told.value)
    assert hint in told.value.hint
    assert "--no-export" in told.value.hint


def test_a_folder_that_is_no_project_is_told(sandbox: Sandbox) -> None:
    (sandbox.project / ".astro" / "config.yaml").unlink()
    with pytest.raises(UnusableError, match="This folder is not an Astro project"):
        read(sandbox)


def test_an_export_that_does_not_end_is_ended_and_told(sandbox: Sandbox) -> None:
    sandbox.fault("hang", command="dev object export", at="start", seconds=30)
    with pytest.raises(TimedOutError, match=r"within 0\.5 seconds"), local(sandbox, timeout=0.5) as endpoint:
        endpoint.read(EVERYTHING)


def test_an_export_that_breaks_off_at_once_is_told(sandbox: Sandbox) -> None:
    sandbox.fault("crash", command="dev", exit=1)
    with pytest.raises(AstroSyncError, match="could not export") as told:
        read(sandbox)
    assert told.value.exit_code is ExitCode.UNUSABLE


def test_no_text_form_shows_a_value(either: Sandbox) -> None:
    either.set_airflow({"a": "pl4nted", "n": "42", "c": "pl4nted1", "C": "pl4nted2"}, {"pg": "http://u:pl4nted@h"})
    with local(either) as endpoint:
        snapshot = endpoint.read(EVERYTHING)
    assert len(texts(snapshot)) == 4
    assert "pl4nted" not in f"{endpoint!r}{snapshot!r}{unreadable(snapshot)}{snapshot.warnings}"


@pytest.mark.parametrize(
    ("uri", "fields", "kept"),
    [
        ("http://h/?n=x", {"extra": '{"n": "x"}'}, True),
        ("http://h/?n=3", {"extra": '{"n": "3"}'}, False),
        ("http://h", {"description": "about"}, False),
        (None, {}, False),
    ],
    ids=["says the same", "a text that looks like a number", "a description is lost", "no proven line"],
)
def test_airflows_own_uri_is_kept_only_where_it_says_every_field(
    sandbox: Sandbox, uri: str | None, fields: dict[str, str], *, kept: bool
) -> None:
    document = json.dumps({"pg": {"conn_type": "http", "host": "h", **fields}})
    program = sandbox.folder / "own-astro"
    line = f"\nAIRFLOW_CONN_PG={uri}" if uri else "\nAIRFLOW_CONN_PG=x\ny"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "if 'object' in sys.argv:\n"
        f"    open(sys.argv[-1], 'a').write({line!r})\n"
        "    print('Exporting Connection: pg\\nAiflow connections successfully export to the file')\n"
        f"else:\n    print({document!r})\n"
    )
    program.chmod(0o700)
    with local(sandbox, program=program) as endpoint:
        found = texts(endpoint.read(only("AIRFLOW_CONN_*")))["AIRFLOW_CONN_PG"]
    assert (found == uri) is kept
    connection = parse_connection(found)
    assert connection is not None
    assert {name: getattr(connection, name) for name in fields} == fields
