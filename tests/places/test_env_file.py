import fcntl
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import Action, Change, Plan, Reason, Refusal, Snapshot, Value, WarningCode, Write, name_of
from astro_sync.core.secrecy import secret_comment
from astro_sync.envfile.dedupe import dedupe
from astro_sync.errors import AstroSyncError, ExitCode, RejectedFileError, UsageError
from astro_sync.places.env_file import EnvFile
from runs import codes, document, pull, written
from sandbox import Sandbox

NOW = datetime(2026, 8, 1, tzinfo=UTC)
ENVIRON = {"HOSTVAR": "from the host"}


def env(path: Path, mode: str = "docker", *, stdin: bytes | None = None, **flags: bool) -> EnvFile:
    return EnvFile(
        path=path,
        label=path.name,
        mode=lambda: mode,
        environ=ENVIRON,
        timeout=5,
        tell=lambda _sentence: None,
        stdin=stdin,
        **flags,
    )


def read(path: Path, mode: str = "docker") -> Snapshot:
    with env(path, mode) as file:
        return file.read(EVERYTHING)


def texts(snapshot: Snapshot) -> dict[str, str | None]:
    return {
        name.variable: entry.value.reveal() if entry.value is not None else None
        for name, entry in snapshot.entries.items()
    }


def planned(values: Mapping[str, str], recorded: tuple[str, ...] = ()) -> Plan:
    writes = [Write(name_of(key), Value(text)) for key, text in values.items()]
    changes = [Change(write.name, Action.CREATE, write=write) for write in writes]
    changes += [Change(name_of(key), Action.SECRET_KEPT, secret=True, marks=(Reason.RECORDED,)) for key in recorded]
    return Plan(tuple(changes))


def write(
    path: Path, values: Mapping[str, str], mode: str = "docker", recorded: tuple[str, ...] = ()
) -> list[tuple[WarningCode, str | None]]:
    """Write values as a run does, and return what it warns of before."""
    with env(path, mode) as file:
        file.read(EVERYTHING)
        prepared = file.prepare(planned(values, recorded))
        assert file.apply(prepared).failure is None
    return [(notice.code, notice.key) for notice in prepared.warnings]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a `.env` that is not there yet."""
    return tmp_path / ".env"


# --- reading ---

READ_DIFFERENTLY: list[tuple[str, dict[str, str | None], dict[str, str | None]]] = [
    ("A=x # note\n", {"A": "x"}, {"A": "x # note"}),
    ("export A=x\n", {"A": "x"}, {"*** (line 1)": None}),
    ("A=$HOSTVAR\n", {"A": "from the host"}, {"A": "$HOSTVAR"}),
    ("B=1\nA=${B}2\n", {"B": "1", "A": "12"}, {"B": "1", "A": "${B}2"}),
    ('A="x\\ny"\n', {"A": "x\ny"}, {"A": "x\\ny"}),
    ("A: x\n", {"A": "x"}, {}),
    ("HOSTVAR\n", {"HOSTVAR": "from the host"}, {}),
]


@pytest.mark.parametrize(("text", "docker", "standalone"), READ_DIFFERENTLY)
def test_the_local_runtime_in_force_decides_what_a_file_says(
    path: Path, text: str, docker: dict[str, str], standalone: dict[str, str]
) -> None:
    path.write_text(text)
    assert texts(read(path)) == docker
    assert texts(read(path, "standalone")) == standalone


@pytest.mark.parametrize(("mode", "expands"), [("docker", ("HOSTVAR",)), ("standalone", ())])
def test_an_entry_tells_what_it_takes_from_outside_the_file(path: Path, mode: str, expands: tuple[str, ...]) -> None:
    path.write_text("OWN=1\nB=$OWN\nA=x${HOSTVAR}\n")
    entries = read(path, mode).entries
    assert [entries[name_of(key)].expands for key in ("OWN", "B", "A")] == [(), (), expands]


def test_a_key_that_may_be_a_piece_of_a_value_shows_its_line_only(path: Path) -> None:
    path.write_text('AIRFLOW_CONN_PG="\npostgresql://u:S3cretPassw0rd@h/db?sslmode=require\n"\n')
    snapshot = read(path, "standalone")
    masked = [entry for entry in snapshot.entries.values() if entry.problem]
    assert [entry.problem for entry in masked] == [Refusal(Reason.UNSOUND_NAME)]
    assert "line 2" in masked[0].name.id
    assert "S3cret" not in repr(snapshot)


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_a_file_that_is_not_there_holds_nothing(path: Path, mode: str) -> None:
    assert texts(read(path, mode)) == {}
    assert not path.exists()


def test_a_file_that_must_be_there_is_a_matter_of_usage(path: Path) -> None:
    with env(path, must_exist=True) as file, pytest.raises(UsageError, match=r"There is no file \.env"):
        file.read(EVERYTHING)


def test_the_last_of_duplicates_counts(path: Path) -> None:
    path.write_text("A=1\nB=x\nA=2\n")
    assert texts(read(path)) == {"A": "2", "B": "x"}


def test_an_empty_value_in_a_file_may_have_been_lost(path: Path) -> None:
    path.write_text("AIRFLOW_VAR_A=\n")
    snapshot = read(path)
    assert texts(snapshot) == {"AIRFLOW_VAR_A": ""}
    assert env(path).traits.empty_is_missing


def test_comments_that_record_secrets_are_known_and_are_no_variables(path: Path) -> None:
    marks = [secret_comment("A"), "  " + secret_comment("B") + "\r", "# C=  # secret", "D=1", "#" + secret_comment("E")]
    path.write_bytes("\n".join(marks).encode())
    snapshot = read(path)
    assert snapshot.recorded == {name_of("A"), name_of("B")}
    assert list(texts(snapshot)) == ["D"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("A=1\nnot a line\n", 2), ("A=1\n\nB=${\n", 3), ("A=1\nB C=2\n", 2)],
)
def test_a_file_that_docker_compose_would_reject_is_refused_with_its_line(path: Path, text: str, line: int) -> None:
    path.write_text(text)
    with pytest.raises(RejectedFileError) as told:
        read(path)
    assert told.value.line == line
    assert told.value.exit_code is ExitCode.REFUSED
    assert str(told.value).startswith(f".env:{line}: Docker Compose rejects the whole file here")
    assert f"line {line}" in told.value.hint
    assert "open" not in str(told.value)
    assert texts(read(path, "standalone")) is not None, "standalone mode rejects no file"


def test_a_rejected_file_can_be_examined(path: Path) -> None:
    path.write_text("not a line\n")
    with env(path) as file:
        assert file.examine().rejection is not None


def test_stdin_is_read_like_a_file_and_nothing_is_looked_up_on_disk(tmp_path: Path) -> None:
    (tmp_path / "-").write_text("DISK=1\n")
    with env(tmp_path / "-", stdin=b"A=1 # note\n", read_only=True) as file:
        assert texts(file.read(EVERYTHING)) == {"A": "1"}
        assert file.keep_backup(tmp_path / "backups", NOW) is None


# --- refusing ---


@pytest.mark.parametrize(
    ("key", "text", "docker", "standalone"),
    [
        ("A", "x", False, False),
        ("A", "", False, False),
        ("A", "two\nlines", False, True),
        ("A", "cr\rhere", False, False),
        ("A", "nul\0", True, True),
        ("A", " # '\"$HOME\\", False, False),
        ("MY-VAR.X", "x", False, False),
        ("A B", "x", True, False),
        ("A=B", "x", True, True),
        ("", "x", True, True),
        ("É", "x", False, False),
        ("A\n", "x", True, True),
    ],
)
def test_only_what_the_local_runtime_could_not_read_is_refused(
    path: Path, key: str, text: str, *, docker: bool, standalone: bool
) -> None:
    wanted = Write(name_of(key), Value(text))
    refusals = {mode: env(path, mode).refusal(wanted) for mode in ("docker", "standalone")}
    assert {mode: each is not None for mode, each in refusals.items()} == {"docker": docker, "standalone": standalone}
    assert "HOME" not in repr(refusals)


# --- writing ---


def test_what_is_not_written_stays_byte_for_byte(path: Path) -> None:
    old = b"\xef\xbb\xbf# head\r\nA='1'  # why\r\n\r\n  B = 2\r\nnoise # \xff\nC=\"x\ny\"\r\n# tail"
    path.write_bytes(old.replace(b"noise # \xff", b"# noise \xff"))
    before = path.read_bytes()
    write(path, {"B": "3", "D": "4"})
    after = path.read_bytes()
    assert after.startswith(before[: before.index(b"B = 2")])
    assert before[before.index(b"# noise") :] in after
    assert texts(read(path)) == {"A": "1", "B": "3", "C": "x\ny", "D": "4"}


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_a_secret_is_recorded_once_as_a_comment_and_is_no_value(path: Path, mode: str) -> None:
    path.write_text("A=1\n")
    write(path, {}, mode, recorded=("S", "T"))
    snapshot = read(path, mode)
    assert snapshot.recorded == {name_of("S"), name_of("T")}
    assert list(texts(snapshot)) == ["A"]
    assert path.read_text() == f"A=1\n{secret_comment('S')}\n{secret_comment('T')}\n"


@pytest.mark.parametrize(
    ("mode", "text", "named"),
    [
        ("docker", "two\nlines", True),
        ("standalone", "'x", True),
        ("docker", "plain", False),
        ("standalone", "a b", False),
    ],
)
def test_a_value_that_only_one_reader_gets_is_named(path: Path, mode: str, text: str, *, named: bool) -> None:
    warned = write(path, {"A": text}, mode)
    assert texts(read(path, mode)) == {"A": text}
    assert warned == [(WarningCode.READERS_DIFFER, "A")] * named


def test_a_line_that_a_later_line_needs_stays_and_is_named(path: Path) -> None:
    path.write_text("A=1\nB=$A\n")
    warned = write(path, {"A": "2"})
    assert texts(read(path)) == {"A": "2", "B": "1"}
    assert warned == [(WarningCode.LINE_STAYED, "A")]


def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(path: Path) -> None:
    write(path, {"A": "1"})
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    write(path, {"A": "2"})
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_mode_is_looked_up_each_time_it_counts(path: Path) -> None:
    path.write_text("A=x # note\n")
    asked = []

    def mode() -> str:
        asked.append("once")
        return "docker"

    found = env(path)
    found.mode = mode
    with found as file:
        assert asked == [], "a file that is only named asks nobody"
        file.read(EVERYTHING)
    assert asked


def test_a_file_that_was_not_read_is_not_changed(path: Path) -> None:
    path.write_text("A=1\n")
    with env(path) as file, pytest.raises(RuntimeError, match="read before it is changed"):
        file.apply(file.prepare(planned({"A": "2"})))
    assert path.read_text() == "A=1\n"


def test_a_file_that_someone_else_changed_meanwhile_is_left_as_they_made_it(path: Path) -> None:
    path.write_text("A=1\n")
    with env(path) as file:
        file.read(EVERYTHING)
        path.write_text("A=theirs\n")
        with pytest.raises(AstroSyncError):
            file.apply(file.prepare(planned({"A": "2"})))
    assert path.read_text() == "A=theirs\n"


# --- holding ---


def is_free(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_may_be_written_is_locked_from_before_the_first_reading_to_the_end(
    path: Path, *, read_only: bool
) -> None:
    with env(path, read_only=read_only) as file:
        states = [is_free(path.parent)]
        file.read(EVERYTHING)
        states.append(is_free(path.parent))
    assert states == [read_only, read_only]
    assert is_free(path.parent)


def test_a_link_is_locked_where_the_file_is(path: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "real").write_text("A=1\n")
    path.symlink_to(there / "real")
    with env(path):
        assert [is_free(there), is_free(tmp_path)] == [False, True]
    write(path, {"A": "2"})
    assert path.is_symlink()
    assert (there / "real").read_text() == "A=2\n"


def test_a_folder_that_is_not_there_is_a_matter_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no folder"), env(tmp_path / "nowhere" / ".env"):
        pass


def test_a_backup_is_the_file_as_it_was_read(path: Path, tmp_path: Path) -> None:
    old = b"A=1\r\n# \xff\n"
    path.write_bytes(old)
    with env(path) as file:
        file.read(EVERYTHING)
        file.apply(file.prepare(planned({"A": "2"})))
        backup = file.keep_backup(tmp_path / "backups", NOW)
    assert backup is not None
    assert backup.read_bytes() == old
    assert texts(file.read_backup(backup)) == {"A": "1"}


def test_of_a_file_that_was_not_there_no_backup_is_kept(path: Path, tmp_path: Path) -> None:
    with env(path) as file:
        file.read(EVERYTHING)
        assert file.keep_backup(tmp_path / "backups", NOW) is None


def test_duplicates_go_and_nothing_that_is_read_changes(path: Path) -> None:
    path.write_text("# a\nA=1\nB=2\nA=3\n")
    with env(path) as file:
        before = texts(file.read(EVERYTHING))
        deduped = dedupe(file.accept())
        file.rewrite(deduped.data)
        assert texts(file.read(EVERYTHING)) == before
    assert "A=1" not in path.read_text()
    assert deduped.dropped == (("A", 2, 2),)


def test_the_permission_bits_can_be_narrowed(path: Path) -> None:
    path.write_text("A=1\n")
    path.chmod(0o644)
    with env(path) as file:
        file.restrict(0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_local_airflow_is_said_to_read_the_projects_own_file_and_no_other(path: Path) -> None:
    for own in (True, False):
        file = env(path)
        file.local_airflow_reads_it = own
        with file:
            file.read(EVERYTHING)
            found = [notice.code for notice in file.prepare(planned({"A": "1"})).warnings]
        assert found == [WarningCode.RESTART_LOCAL] * own


def test_no_local_airflow_reads_a_file_outside_of_an_astro_project(plain_folder: Sandbox) -> None:
    plain_folder.set_variable("A", "1")
    result = pull(plain_folder, "--json")
    assert (result.code, plain_folder.read_env()) == (0, "A=1\n")
    assert codes(written(document(result))["warnings"]) == set()


def test_what_a_run_added_can_be_taken_out_again(path: Path) -> None:
    path.write_text("A=1\nB=2 # mine\n")
    plan = Plan((Change(name_of("A"), Action.UPDATE, marks=(Reason.REMOVED,)),))
    with env(path) as file:
        file.read(EVERYTHING)
        file.apply(file.prepare(plan))
    assert path.read_text() == "B=2 # mine\n"
