import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astro_sync.places.raw_file import prove, salvage

# Keys and values of few symbols, so that values often look like lines of the file.
keys = st.text("AB", min_size=1, max_size=2)
values = st.text("AB=\n \r", max_size=6)
files = st.dictionaries(keys, values, max_size=4)


def raw(entries: dict[str, str]) -> str:
    """Write a file as the Astro CLI does."""
    return "".join(f"\n{key}={value}" for key, value in entries.items())


@given(files)
@example({"A": "\nB=1", "B": "2"})
@example({"A": "1\nB=x"})
@example({"A": "", "B": ""})
@settings(max_examples=500)
def test_a_file_that_proves_itself_gives_exactly_the_values_that_were_written(entries: dict[str, str]) -> None:
    proven = prove(raw(entries), list(entries))
    if proven is not None:
        assert dict(zip(entries, proven, strict=True)) == entries


@given(files)
@settings(max_examples=500)
def test_a_file_proves_itself_just_when_no_value_has_a_line_end(entries: dict[str, str]) -> None:
    whole = all("\n" not in value for value in entries.values())
    assert (prove(raw(entries), list(entries)) is not None) is whole


@pytest.mark.long
@given(files)
@example({"A": "1\nB=forged", "B": "2"})
@example({"A": "1", "B": "2\nA=forged"})
@example({"A": "1\nB=forged\nAA=1", "B": "real", "AA": "1"})
@example({"A": "1\nB=forged"})
@example({"A": "1\n", "B": "2"})
@settings(max_examples=1500)
def test_what_is_salvaged_is_exactly_what_was_written(entries: dict[str, str]) -> None:
    for key, value in salvage(raw(entries), list(entries)).items():
        assert value == entries[key]


@pytest.mark.long
@given(st.dictionaries(keys, st.text("AB= \r", max_size=6), max_size=4))
def test_all_of_a_file_that_proves_itself_can_be_salvaged(entries: dict[str, str]) -> None:
    assert salvage(raw(entries), list(entries)) == entries


@pytest.mark.long
@given(st.dictionaries(keys, st.text("AB= ", max_size=4), min_size=1, max_size=4), st.data())
def test_a_file_cut_short_never_gives_more_than_it_holds(entries: dict[str, str], data: st.DataObject) -> None:
    whole = raw(entries)
    text = whole[: data.draw(st.integers(0, len(whole) - 1))]
    proven = prove(text, list(entries))
    # Only the end of the last value can go without a trace.
    if proven is not None:
        last = list(entries)[-1]
        assert proven[:-1] == [entries[key] for key in entries][:-1]
        assert entries[last].startswith(proven[-1])


@pytest.mark.parametrize(
    ("text", "listed", "proven"),
    [
        ("", [], []),
        ("\nA=1", ["A"], ["1"]),
        ("\nA=", ["A"], [""]),
        ("\nA= # secret", ["A"], [" # secret"]),
        ("\nA=1=2=3", ["A"], ["1=2=3"]),
        ("\nA=1\r", ["A"], ["1\r"]),
        ("\nA=1\nB=2", ["A", "B"], ["1", "2"]),
        ("\nA.-[]=1", ["A.-[]"], ["1"]),
        ("\nexport A=1", ["export A"], ["1"]),
        ("\nA=a\u2028B=b\x0bC\x85", ["A"], ["a\u2028B=b\x0bC\x85"]),
    ],
)
def test_a_file_of_one_line_for_each_key_in_order_proves_itself(text: str, listed: list[str], proven: object) -> None:
    assert prove(text, listed) == proven


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("\nA=1", []),
        ("\n", []),
        ("", ["A"]),
        ("\n", ["A"]),
        ("\nA=1\n", ["A"]),
        ("A=1", ["A"]),
        ("A=1\nA=1", ["A"]),
        (" \nA=1", ["A"]),
        ("\nA", ["A"]),
        ("\nA =1", ["A"]),
        ("\na=1", ["A"]),
        ("\nAB=1", ["A"]),
        ("\nB=2\nA=1", ["A", "B"]),
        ("\nA=1", ["A", "B"]),
        ("\nA=1\nB=2", ["A"]),
        ("\nA=1\nB=2\nC=3", ["A", "B"]),
        ("\nA=1\nforged\nB=2", ["A", "B"]),
        ("\nA=1\nB=forged\nB=2", ["A", "B"]),
        ("\r\nA=1", ["A"]),
    ],
)
def test_any_other_line_order_or_number_of_lines_proves_nothing(text: str, listed: list[str]) -> None:
    assert prove(text, listed) is None


@pytest.mark.parametrize(
    ("text", "listed", "saved"),
    [
        ("\nA=1\nB=two\nlines\nC=3", ["A", "B", "C"], {"A": "1", "C": "3"}),
        ("\nA=1\nB=forged\nB=2", ["A", "B"], {}),
        ("\nA=x\nA=y\nB=2", ["A", "B"], {"B": "2"}),
        ("\nA=1\nB=2\ntail", ["A", "B"], {"A": "1"}),
        ("\nA=1", ["A", "B"], {}),
        ("\nA=1\nB=2", ["A", "A", "B"], {"B": "2"}),
        ("\nA=1\n\nB=2", ["A", "B"], {"B": "2"}),
        ("\nA=\nB=2", ["A", "B"], {"A": "", "B": "2"}),
        ("", ["A"], {}),
        ("", [], {}),
        ("\nA=1", [], {}),
    ],
)
def test_a_line_is_salvaged_when_it_and_the_next_key_stand_there_once(
    text: str, listed: list[str], saved: dict[str, str]
) -> None:
    assert salvage(text, listed) == saved


def test_a_file_of_very_many_keys_is_salvaged_in_a_moment() -> None:
    # Quadratic, it would take an hour.
    entries = {f"AIRFLOW_VAR_K{number}": str(number) for number in range(200_000)}
    text = raw(entries | {"AIRFLOW_VAR_K0": "two\nlines"})
    saved = salvage(text, list(entries))
    assert len(saved) == len(entries) - 1
    assert "AIRFLOW_VAR_K0" not in saved
