import fcntl
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astro_sync.core.model import Action, Change, Note, Plan, Snapshot, Value, Variable
from astro_sync.core.secrecy import secret_comment
from astro_sync.errors import AstroSyncError, ExitCode, RejectedFileError, UsageError
from astro_sync.places.env_file import EnvFile

NOW = datetime(2026, 8, 1, tzinfo=UTC)
ENVIRON = {"HOSTVAR": "from the host"}


def env(path: Path, mode: str = "docker", *, stdin: bytes | None = None, **flags: bool) -> EnvFile:
    return EnvFile(
        path=path,
        name=path.name,
        mode=lambda: mode,
        environ=ENVIRON,
        timeout=5,
        tell=lambda _sentence: None,
        stdin=stdin,
        **flags,  # type: ignore[arg-type]
    )


def read(path: Path, mode: str = "docker") -> Snapshot:
    with env(path, mode) as endpoint:
        return endpoint.read()


def texts(snapshot: Snapshot) -> dict[str, str | None]:
    return {key: there.value.reveal() if there.value is not None else None for key, there in snapshot.variables.items()}


def write(path: Path, values: Mapping[str, str], mode: str = "docker", notes: tuple[str, ...] = ()) -> EnvFile:
    changes = [Change(key, Action.UPDATE, value=Value(text)) for key, text in values.items()]
    changes += [Change(key, Action.SECRET_KEPT, secret=True, noted=True) for key in notes]
    with env(path, mode) as endpoint:
        endpoint.read()
        endpoint.apply(Plan(tuple(changes)))
    return endpoint


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a `.env` that is not there yet."""
    return tmp_path / ".env"


# --- reading ---

READ_DIFFERENTLY: list[tuple[str, dict[str, str | None], dict[str, str | None]]] = [
    ("A=x # note\n", {"A": "x"}, {"A": "x # note"}),
    ("export A=x\n", {"A": "x"}, {"export A": "x"}),
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


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_a_line_on_which_the_readers_disagree_is_named_and_no_other(path: Path, mode: str) -> None:
    path.write_text("SAME=x\nA=x # note\nOTHER='y'\n")
    warnings = read(path, mode).warnings
    assert [(warn.code, warn.key) for warn in warnings] == [(Note.READERS_DIFFER, "A")]
    assert "note" not in warnings[0].message


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_a_file_that_is_not_there_holds_nothing(path: Path, mode: str) -> None:
    assert texts(read(path, mode)) == {}
    assert not path.exists()


def test_a_file_that_must_be_there_is_a_matter_of_usage(path: Path) -> None:
    with env(path, must_exist=True) as endpoint, pytest.raises(UsageError, match=r"There is no file \.env"):
        endpoint.read()


def test_the_last_of_duplicates_counts(path: Path) -> None:
    path.write_text("A=1\nB=x\nA=2\n")
    assert texts(read(path)) == {"A": "2", "B": "x"}


def test_an_empty_value_in_a_file_may_have_been_lost(path: Path) -> None:
    path.write_text("AIRFLOW_VAR_A=\n")
    snapshot = read(path)
    assert texts(snapshot) == {"AIRFLOW_VAR_A": ""}
    assert snapshot.blank_means_lost
    assert not snapshot.keeps_secrets


def test_comments_that_record_secrets_are_known_and_are_no_variables(path: Path) -> None:
    marks = [secret_comment("A"), "  " + secret_comment("B") + "\r", "# C=  # secret", "D=1", "#" + secret_comment("E")]
    path.write_bytes("\n".join(marks).encode())
    snapshot = read(path)
    assert snapshot.noted == {"A", "B"}
    assert list(snapshot.variables) == ["D"]


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
    with env(path) as endpoint:
        assert endpoint.examine().rejection is not None


def test_stdin_is_read_like_a_file_and_nothing_is_looked_up_on_disk(tmp_path: Path) -> None:
    (tmp_path / "-").write_text("DISK=1\n")
    with env(tmp_path / "-", stdin=b"A=1 # note\n", read_only=True) as endpoint:
        assert texts(endpoint.read()) == {"A": "1"}
        assert endpoint.keep_backup(tmp_path / "backups", NOW) is None


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
    variable = Variable(key, Value(text))
    reasons = {mode: env(path, mode).refusal(variable) for mode in ("docker", "standalone")}
    assert {mode: reason is not None for mode, reason in reasons.items()} == {
        "docker": docker,
        "standalone": standalone,
    }
    for reason in filter(None, reasons.values()):
        assert "; go on with --exclude " in reason
        assert reason.endswith(" or --partial")
        assert "HOME" not in reason


def test_a_refusal_names_the_key_as_a_shell_needs_it(path: Path) -> None:
    reason = env(path).refusal(Variable("A B", Value("x")))
    assert reason is not None
    assert "--exclude 'A B'" in reason


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
    write(path, {}, mode, notes=("S", "T"))
    snapshot = read(path, mode)
    assert snapshot.noted == {"S", "T"}
    assert list(snapshot.variables) == ["A"]
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
    endpoint = write(path, {"A": text}, mode)
    assert texts(read(path, mode)) == {"A": text}
    assert [(warn.code, warn.key) for warn in endpoint.warnings] == [(Note.READERS_DIFFER, "A")] * named
    assert not [warn for warn in endpoint.warnings if text in warn.message]


def test_a_line_that_a_later_line_needs_stays_and_is_named(path: Path) -> None:
    path.write_text("A=1\nB=$A\n")
    endpoint = write(path, {"A": "2"})
    assert texts(read(path)) == {"A": "2", "B": "1"}
    assert [(warn.code, warn.key) for warn in endpoint.warnings] == [(Note.STAYED, "A")]


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

    with replace(env(path), mode=mode) as endpoint:
        assert asked == [], "a file that is only named asks nobody"
        endpoint.read()
    assert asked


def test_a_file_that_was_not_read_is_not_changed(path: Path) -> None:
    path.write_text("A=1\n")
    with env(path) as endpoint, pytest.raises(RuntimeError, match="read before it is changed"):
        endpoint.apply(Plan((Change("A", Action.UPDATE, value=Value("2")),)))
    assert path.read_text() == "A=1\n"


def test_a_file_that_someone_else_changed_meanwhile_is_left_as_they_made_it(path: Path) -> None:
    path.write_text("A=1\n")
    with env(path) as endpoint:
        endpoint.read()
        path.write_text("A=theirs\n")
        with pytest.raises(AstroSyncError):
            endpoint.apply(Plan((Change("A", Action.UPDATE, value=Value("2")),)))
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
    with env(path, read_only=read_only) as endpoint:
        states = [is_free(path.parent)]
        endpoint.read()
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
    with env(path) as endpoint:
        endpoint.read()
        endpoint.apply(Plan((Change("A", Action.UPDATE, value=Value("2")),)))
        backup = endpoint.keep_backup(tmp_path / "backups", NOW)
    assert backup is not None
    assert backup.read_bytes() == old


def test_of_a_file_that_was_not_there_no_backup_is_kept(path: Path, tmp_path: Path) -> None:
    with env(path) as endpoint:
        endpoint.read()
        assert endpoint.keep_backup(tmp_path / "backups", NOW) is None


def test_duplicates_go_and_nothing_that_is_read_changes(path: Path) -> None:
    path.write_text("# a\nA=1\nB=2\nA=3\n")
    with env(path) as endpoint:
        before = texts(endpoint.read())
        deduped = endpoint.dedupe()
        endpoint.rewrite(deduped.data)
        assert texts(endpoint.read()) == before
    assert "A=1" not in path.read_text()
    assert deduped.dropped == (("A", 2, 2),)


def test_the_permission_bits_can_be_narrowed(path: Path) -> None:
    path.write_text("A=1\n")
    path.chmod(0o644)
    with env(path) as endpoint:
        endpoint.restrict(0o600)
    assert path.stat().st_mode & 0o777 == 0o600
