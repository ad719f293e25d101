import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.envfile.dialects import COMPOSE, STANDALONE, CannotWriteError
from astro_sync.envfile.document import Document, Edit, require_reading, require_second_reading
from astro_sync.errors import ExitCode, RejectedFileError
from env_texts import SEARCH


def edited(text: str, assign: dict[str, str], remove: tuple[str, ...] = (), comments: tuple[str, ...] = ()) -> str:
    edit = Document(text.encode(), COMPOSE, {}).edit(assign, remove=remove, comments=comments)
    require_second_reading(edit)
    return edit.data.decode()


@SEARCH
@given(st.binary() | st.text().map(lambda text: text.encode()))
def test_a_document_gives_back_its_bytes(data: bytes) -> None:
    for runtime in (COMPOSE, STANDALONE):
        document = Document(data, runtime, {})
        assert document.data == data
        if document.rejection is None:
            assert document.edit({}).data == data


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\n", "A=new\n"),
        ("A=1", "A=new"),
        ("A=1\r\nB=2\r\n", "A=new\r\nB=2\r\n"),
        ("\ufeffA=1\n", "\ufeffA=new\n"),
        ("# c\n\nexport A=1 # note\n", "# c\n\nexport A=new # note\n"),
        ("A='1' # note\r\n", "A='new' # note\r\n"),
        ("A = 1\n", "A = new\n"),
        ("A: 1\n", "A: new\n"),
        ('A="1\n2" # note\nB=3\n', "A='new' # note\nB=3\n"),
        ('A="1" B="2"\n', "A='new' B=\"2\"\n"),
        ("A=1  \t\r\n", "A=new\r\n"),
        ("A=1\t# no comment to compose\n", "A=new\n"),
        ("A=\n", "A=new\n"),
        ("A\nB=1\n", "A=new\nB=1\n"),
        ("A=1\nA=2\n", "A=1\nA=new\n"),
        ("  A=1\n", "  A=new\n"),
    ],
)
def test_a_new_value_takes_the_place_of_the_old_one_and_nothing_else_moves(before: str, after: str) -> None:
    assert edited(before, {"A": "new"}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=new\n"),
        ("B=1\n", "B=1\nA=new\n"),
        ("B=1", "B=1\nA=new\n"),
        ("B=1\r\n", "B=1\r\nA=new\r\n"),
        ("B=1\r\nC=2", "B=1\r\nC=2\r\nA=new\r\n"),
        ("B=1\r\nC=2\r", "B=1\r\nC=2\r\nA=new\r\n"),
        ("B=1\r\nC=2\nD=3\n", "B=1\r\nC=2\nD=3\nA=new\n"),
        ("# c", "# c\nA=new\n"),
        ("B='1\n2'", "B='1\n2'\nA=new\n"),
        ("B=1\nword", "B=1\nA=new\nword"),
        ("word", "A=new\nword"),
        ('B="1" word', 'B="1" \nA=new\nword'),
        ("  ", "  \nA=new\n"),
    ],
)
def test_a_new_key_is_appended_with_the_line_end_of_the_file(before: str, after: str) -> None:
    assert edited(before, {"A": "new"}) == after


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("", 'A="" # note'),
        ("two words", "A='two words' # note"),
        ("it's", 'A="it\'s" # note'),
        ('say "it\'s"', 'A=say "it\'s"  # note'),
        ("a\nb", 'A="a\\nb" # note'),
    ],
)
def test_a_value_never_swallows_the_comment_behind_it(value: str, line: str) -> None:
    assert edited("A=1 # note\n", {"A": value}) == f"{line}\n"


def test_in_front_of_another_assignment_a_value_is_quoted() -> None:
    assert edited('A="1" B="2"\n', {"A": 'say "it\'s"'}) == 'A="say \\"it\'s\\"" B="2"\n'


@pytest.mark.parametrize(
    ("before", "after", "stayed"),
    [
        ("A=1\nB=$A\n", "A=1\nB=$A\nA=new\n", (("A", 1),)),
        ("A=1\nB=$A\nA=2\n", "A=1\nB=$A\nA=new\n", ()),
        ("A=1\nB='$A'\n", "A=new\nB='$A'\n", ()),
        ("A=1\nB=${C:-${A}}\n", "A=1\nB=${C:-${A}}\nA=new\n", (("A", 1),)),
        ("A=1\nA=$A:2\n", "A=1\nA=new\n", ()),
    ],
)
def test_a_line_that_a_later_key_refers_to_stays(before: str, after: str, stayed: tuple[tuple[str, int], ...]) -> None:
    edit = Document(before.encode(), COMPOSE, {}).edit({"A": "new"})

    assert edit.data.decode() == after
    assert edit.stayed == stayed


def test_a_line_is_not_kept_for_one_that_is_replaced_as_well() -> None:
    assert edited("A=1\nB=$A\n", {"A": "x", "B": "y"}) == "A=x\nB=y\n"


def test_a_name_that_the_environment_answers_keeps_no_line() -> None:
    edit = Document(b"A=1\nB=$A\n", COMPOSE, {"A": "outside"}).edit({"A": "new"})

    assert edit.data == b"A=new\nB=$A\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\nB=2\n", "B=2\n"),
        ("B=2\nA=1", "B=2\n"),
        ("\nA=1\nB=2\n", "\nB=2\n"),
        ("A=1\nB=2\nA=3\n", "B=2\n"),
        ("\ufeffexport A='1\n2' # note\nB=2\n", "\ufeffB=2\n"),
        ('A="1" B="2"\n', ' B="2"\n'),
        ('B="2" A=1 # note\n', 'B="2" \n'),
        ("A=1\nB=$A\n", "A=1\nB=$A\n"),
        ("A=1\nB=$A\nA=2\n", "A=1\nB=$A\nA=2\n"),
        ("B=1\n", "B=1\n"),
    ],
)
def test_a_removed_key_takes_its_lines_along_unless_they_are_needed(before: str, after: str) -> None:
    assert edited(before, {}, remove=("A",)) == after


def test_a_key_both_set_and_removed_is_set() -> None:
    assert edited("A=1\n", {"A": "1"}, remove=("A",)) == "A=1\n"


def test_comments_are_appended_as_they_are() -> None:
    comment = "# S=  # secret on the Deployment, set it here"

    assert edited("A=1", {"B": "2"}, comments=(comment,)) == f"A=1\nB=2\n{comment}\n"


def test_a_key_that_has_its_value_is_left_alone() -> None:
    document = Document(b'A="x"  # c\nB=${A}y\n', COMPOSE, {})

    edit = document.edit({"A": "x", "B": "xy"})

    assert (edit.data, edit.written) == (document.data, ())


def test_a_key_that_has_its_value_is_left_alone_while_another_changes() -> None:
    edit = Document(b'A="x"\nB=1\n', COMPOSE, {}).edit({"A": "x", "B": "2"})

    assert (edit.data, edit.written) == (b'A="x"\nB=2\n', (("B", "B=2"),))


def test_standalone_knows_no_comments_and_no_export() -> None:
    document = Document(b"A=1 # c\nexport B=2\n", STANDALONE, {})

    edit = document.edit({"A": "new", "B": "3"})

    assert edit.data == b"A=new\nexport B=2\nB=3\n"


def test_bytes_that_are_no_text_stay_where_they_are() -> None:
    document = Document(b"A=\xff\xfe\n\xef\xbb\xbf# \xc3\nB=1\n", STANDALONE, {})

    assert document.values()["A"] == "\udcff\udcfe"
    assert document.edit({"B": "2"}).data == b"A=\xff\xfe\n\xef\xbb\xbf# \xc3\nB=2\n"
    with pytest.raises(CannotWriteError) as caught:
        document.edit({"C": document.values()["A"]})
    assert (caught.value.key, str(caught.value)) == ("C", "it holds bytes that are not UTF-8")


def test_keys_spelled_for_one_runtime_only_are_named() -> None:
    edit = Document(b"", COMPOSE, {}).edit({"A": "plain", "B": "a\nb"})

    assert edit.particular == ("B",)
    assert edit.written == (("A", "A=plain"), ("B", 'B="a\\nb"'))


def test_what_was_written_is_told_with_its_comment_but_without_another_assignment() -> None:
    edit = Document(b"export A=1 # c\r\nB='2' C='3'\n", COMPOSE, {}).edit({"A": "x", "B": "y"})

    assert edit.written == (("A", "export A=x # c"), ("B", "B='y'"))
    assert edit.particular == (), "both spellings are common to all readers"


def test_a_file_that_the_runtime_rejects_is_never_edited() -> None:
    document = Document(b"A=1\nhunter2 B=2\n", COMPOSE, {})

    with pytest.raises(RejectedFileError) as caught:
        document.edit({"A": "2"})

    assert caught.value.line == 2
    assert caught.value.exit_code is ExitCode.REFUSED
    assert "line 2" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert document.values() == {}


def test_five_megabytes_are_read_and_edited() -> None:
    data = b"A=1\nBIG='" + b'x\\ny"$' * 1_000_000 + b"'\n"
    document = Document(data, COMPOSE, {})

    assert document.edit({"A": "2"}).data == data.replace(b"A=1", b"A=2", 1)


def test_no_text_form_holds_a_value() -> None:
    document = Document(b"K=hunter2\n", COMPOSE, {})
    edit = document.edit({"J": "hunter2"})

    assert "hunter2" not in f"{document!r} {document} {edit!r} {document.reading!r} {document.reading.assignments!r}"


def test_a_reading_other_than_expected_is_a_bug_that_names_keys_only() -> None:
    document = Document(b"A=1\n", COMPOSE, {})

    with pytest.raises(RuntimeError, match=r": A$"):
        require_reading(b"A=hunter2\nB=2\n", document, {"A": "1", "B": "2"})


def test_a_second_reading_other_than_meant_is_a_bug_that_names_keys_only() -> None:
    written = (("A", "A=hunter2"), ("B", "B=2"), ("C", "C=hunter2"))
    edit = Edit(b"", ("C",), (), frozenset(), written, values={"A": "1", "B": "2", "C": "3"})

    with pytest.raises(RuntimeError, match=r": A$"):
        require_second_reading(edit)
