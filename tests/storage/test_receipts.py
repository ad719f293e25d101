"""Receipts on the disk: what is not exactly what this machine wrote counts as none, and never stops a run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from astro_sync.core.compare import SecretState
from astro_sync.core.model import Kind, Name, Value
from astro_sync.storage.receipts import Receipts

PLACE = "deployment:clx1"
PG = Name(Kind.CONNECTION, "PG")
NAME = Name(Kind.VARIABLE, "API_KEY")
FIRST, LATER = "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z"
KEEP_MANY = """
import sys
from pathlib import Path
from astro_sync.core.model import Kind, Name, Value
from astro_sync.storage.receipts import Receipts
for n in range(10):
    name = Name(Kind.VARIABLE, f"{sys.argv[2]}_{n}")
    Receipts(Path(sys.argv[1]), sys.stdout.write).keep("deployment:clx1", [(name, Value("hunter2"), "1")])
"""


def kept(folder: Path) -> Receipts:
    receipts = Receipts(folder, pytest.fail)
    receipts.keep(PLACE, [(PG, Value("hunter2"), FIRST), (NAME, Value("hunter2"), FIRST)])
    return receipts


def file_of(folder: Path) -> Path:
    (path,) = folder.glob("*.json")
    return path


@pytest.mark.parametrize(
    ("place", "name", "text", "updated_at", "expected"),
    [
        (PLACE, PG, "hunter2", FIRST, SecretState.SAME),
        (PLACE, PG, "hunter3", FIRST, SecretState.CHANGED_HERE),
        (PLACE, PG, "hunter2", LATER, SecretState.CHANGED_THERE),
        (PLACE, PG, "hunter3", LATER, SecretState.CHANGED_THERE),
        (PLACE, PG, "hunter2", "", SecretState.UNKNOWN),
        (PLACE, Name(Kind.VARIABLE, "PG"), "hunter2", FIRST, SecretState.UNKNOWN),
        ("deployment:clx2", PG, "hunter2", FIRST, SecretState.UNKNOWN),
    ],
)
def test_a_receipt_tells_what_changed_and_where(  # noqa: PLR0913, PLR0917 - a table
    place: str, name: Name, text: str, updated_at: str, expected: SecretState, tmp_path: Path
) -> None:
    kept(tmp_path / "receipts")
    judge = Receipts(tmp_path / "receipts", pytest.fail).judge(place)
    assert judge(name, Value(text), updated_at) is expected


def test_without_any_receipt_nothing_is_known_and_nothing_told(tmp_path: Path) -> None:
    receipts = Receipts(tmp_path / "receipts", pytest.fail)
    assert receipts.judge(PLACE)(PG, Value("hunter2"), FIRST) is SecretState.UNKNOWN
    assert receipts.count() == 0
    assert not receipts.folder.exists()


def test_they_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept(tmp_path / "state" / "receipts")
    finally:
        os.umask(before)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "receipts").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "state" / "receipts").iterdir()} == {0o600}


def test_a_later_receipt_takes_the_place_of_the_earlier_one_and_the_others_stay(tmp_path: Path) -> None:
    receipts = kept(tmp_path)
    receipts.keep(PLACE, [(PG, Value("hunter3"), LATER)])
    judge = receipts.judge(PLACE)
    assert judge(PG, Value("hunter3"), LATER) is SecretState.SAME
    assert judge(NAME, Value("hunter2"), FIRST) is SecretState.SAME
    assert receipts.count() == 2


def test_a_secret_of_which_the_place_does_not_tell_when_it_changed_has_none(tmp_path: Path) -> None:
    receipts = kept(tmp_path)
    receipts.keep(PLACE, [(PG, Value("hunter3"), "")])
    assert receipts.judge(PLACE)(PG, Value("hunter3"), "") is SecretState.UNKNOWN
    assert receipts.count() == 1


def test_a_file_shows_no_name_value_length_or_equality(tmp_path: Path) -> None:
    receipts = kept(tmp_path / "a")
    receipts.keep(PLACE, [(Name(Kind.VARIABLE, "LONG"), Value("hunter2" * 100), FIRST)])
    kept(tmp_path / "b")
    text = file_of(tmp_path / "a").read_text()
    rows = json.loads(json.loads(text)["receipts"])
    assert not [word for word in ("hunter2", "PG", "API_KEY", "LONG", "clx1") if word in text]
    assert len({digest for _, digest, _ in rows.values()}) == 3
    assert {len(part) for row in rows.values() for part in row[:2]} == {32, 64}
    theirs = json.loads(json.loads(file_of(tmp_path / "b").read_text())["receipts"])
    assert not rows.keys() & theirs.keys()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


def nest(path: Path) -> None:
    path.write_bytes(b"[" * 100_000)


def open_to_others(path: Path) -> None:
    path.chmod(0o644)


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    os.chown(path, 1234, 1234)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize("harm", [cut, empty, overwrite, nest, open_to_others, give_away, link, dangle])
@pytest.mark.parametrize("which", ["key", "file"])
def test_what_was_harmed_counts_as_none_is_told_once_and_gives_way_to_new_ones(
    harm: Callable[[Path], None], which: str, tmp_path: Path
) -> None:
    kept(tmp_path)
    harm(tmp_path / "key" if which == "key" else file_of(tmp_path))
    told: list[str] = []
    receipts = Receipts(tmp_path, told.append)
    assert receipts.judge(PLACE)(PG, Value("other"), FIRST) is SecretState.UNKNOWN
    assert receipts.count() == 0
    assert len(told) == 1
    assert str(tmp_path) in told[0]
    receipts.keep(PLACE, [(PG, Value("hunter2"), FIRST)])
    assert Receipts(tmp_path, pytest.fail).judge(PLACE)(PG, Value("hunter2"), FIRST) is SecretState.SAME
    assert receipts.count() == 1


def test_a_lost_key_makes_all_receipts_worthless(tmp_path: Path) -> None:
    kept(tmp_path)
    (tmp_path / "key").unlink()
    told: list[str] = []
    receipts = Receipts(tmp_path, told.append)
    assert receipts.judge(PLACE)(PG, Value("other"), FIRST) is SecretState.UNKNOWN
    receipts.keep(PLACE, [(NAME, Value("x"), FIRST)])
    assert receipts.judge(PLACE)(PG, Value("other"), FIRST) is SecretState.UNKNOWN
    assert receipts.judge(PLACE)(NAME, Value("x"), FIRST) is SecretState.SAME


def test_a_file_put_in_the_place_of_another_places_is_none(tmp_path: Path) -> None:
    receipts = kept(tmp_path)
    mine = file_of(tmp_path)
    receipts.keep("deployment:clx2", [(PG, Value("hunter2"), FIRST)])
    (other,) = (path for path in tmp_path.glob("*.json") if path != mine)
    other.write_bytes(mine.read_bytes())
    told: list[str] = []
    assert Receipts(tmp_path, told.append).judge("deployment:clx2")(PG, Value("x"), FIRST) is SecretState.UNKNOWN
    assert told


@pytest.mark.parametrize("obstacle", ["a file", "a link to nothing", "somebody else's"])
def test_where_none_can_be_kept_it_is_told_and_nothing_raised(
    obstacle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "receipts"
    match obstacle:
        case "a file":
            folder.write_bytes(b"")
        case "a link to nothing":
            folder.symlink_to(tmp_path / "nowhere")
        case _:
            folder.mkdir()
            owner = folder.stat().st_uid
            monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    told: list[str] = []
    receipts = Receipts(folder, told.append)
    receipts.keep(PLACE, [(PG, Value("hunter2"), FIRST)])
    assert len(told) == 1
    assert receipts.judge(PLACE)(PG, Value("hunter2"), FIRST) is SecretState.UNKNOWN
    assert "hunter2" not in told[0]


def test_four_processes_at_once_make_one_key_and_lose_no_receipt(tmp_path: Path) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", KEEP_MANY, str(tmp_path), f"RUN_{n}"], stdout=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    assert [run.communicate(timeout=120)[0] for run in runs] == [""] * 4
    assert Receipts(tmp_path, pytest.fail).count() == 40
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".json"]
