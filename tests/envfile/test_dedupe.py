import pytest

from astro_sync.envfile.dedupe import Deduped, dedupe
from astro_sync.envfile.dialects import COMPOSE, STANDALONE
from astro_sync.envfile.document import Document
from astro_sync.errors import RejectedFileError


def deduped(text: str) -> Deduped:
    return dedupe(Document(text.encode(), COMPOSE, {}))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\nB=2\nA=3\n", "B=2\nA=3\n"),
        ("A=1\nB=2\nA=3", "B=2\nA=3"),
        ("\ufeffA=1\r\nA=2\r\n", "\ufeffA=2\r\n"),
        ("A='1\n2' # note\nA=3\n", "A=3\n"),
        ('A="1" B="2"\nA=3\n', ' B="2"\nA=3\n'),
        ("A=1\nexport A = 2\n", "export A = 2\n"),
        ("A=1\n\n# c\nB=2\n", "A=1\n\n# c\nB=2\n"),
        ("A=1\nA\n", "A=1\nA\n"),
        ("A\nA=1\n", "A=1\n"),
        ("=1\nword", "word"),
    ],
)
def test_the_last_assignment_stays_where_it_is(before: str, after: str) -> None:
    assert deduped(before).data.decode() == (before if before.endswith("word") else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# c\nA=1\n# c\nA=2\n", "# c\nA=2\n"),
        ("# c\nA=1\n# d\nA=2\n", "# c\n# d\nA=2\n"),
        ("\t # c\nA=1\n\t # c\nA=2\n", "\t # c\nA=2\n"),
        ("# c\nA=1\nA=2\n", "# c\nA=2\n"),
        ("# b\n# c\nA=1\n# c\nA=2\n", "# b\n# c\n# c\nA=2\n"),
        ("# b\n\n# c\nA=1\n# c\nA=2\n", "# b\n\n# c\nA=2\n"),
        ("\ufeff# c\nA=1\n# c\nA=2\n", "\ufeff# c\nA=2\n"),
        ("B='\n# c\n' A=1\n# c\nA=2\n", "B='\n# c\n' \n# c\nA=2\n"),
        ("B='x\n# y' # z\n# c\nA=1\n# c\nA=2\n", "B='x\n# y' # z\n# c\nA=2\n"),
    ],
)
def test_comments_above_go_only_when_the_same_stand_above_the_last(before: str, after: str) -> None:
    assert deduped(before).data.decode() == after


def test_what_is_dropped_is_named_by_key_and_lines() -> None:
    result = deduped("A='1\n2'\nB=1\nB=2\nA=3\n")

    assert result.dropped == (("A", 1, 2), ("B", 3, 3))
    assert result.stayed == ()


def test_a_line_that_a_later_key_refers_to_stays_and_is_named() -> None:
    result = deduped("A=1\nB=$A\nA=2\nA=3\n")

    assert result.data == b"A=1\nB=$A\nA=3\n"
    assert result.dropped == (("A", 3, 3),)
    assert result.stayed == (("A", 1),)


def test_standalone_keeps_what_only_compose_would_take_for_a_duplicate() -> None:
    document = Document(b"A=1\nexport A=2\nA=3\n", STANDALONE, {})

    assert dedupe(document).data == b"export A=2\nA=3\n"


def test_to_standalone_a_bom_belongs_to_the_key() -> None:
    document = Document("\ufeffA=1\n\ufeffA=2\n".encode(), STANDALONE, {})

    assert dedupe(document).data.decode() == "\ufeffA=2\n"


def test_to_standalone_a_hash_behind_a_bom_begins_no_comment() -> None:
    document = Document("\ufeff# c\nA=1\n# c\nA=2\n".encode(), STANDALONE, {})

    assert dedupe(document).data.decode() == "\ufeff# c\n# c\nA=2\n"


def test_a_rejected_file_is_left_alone() -> None:
    with pytest.raises(RejectedFileError, match="line 3"):
        deduped("A=1\nA=2\nK L=1\n")


def test_no_text_form_holds_a_value() -> None:
    assert "hunter2" not in repr(deduped("A=hunter2\nA=3\n"))
