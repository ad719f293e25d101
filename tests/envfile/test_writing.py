import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.envfile.dialects import COMPOSE, LOAD, READERS, STANDALONE, CannotWriteError, Dialect
from astro_sync.envfile.writing import Quoted, common_literals, is_common_name, load_lines, load_refusal, quote
from env_texts import ENVIRONMENT, SEARCH, values

RUNTIMES = [COMPOSE, STANDALONE]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("postgres://u:p%40@h:5432/db", "postgres://u:p%40@h:5432/db"),
        ("http://h/?x=1", "'http://h/?x=1'"),
        ("two words", "'two words'"),
        ('{"a": 1, "b": "x #y"}', '\'{"a": 1, "b": "x #y"}\''),
        ("it's", '"it\'s"'),
        ("$A", "'$A'"),
        ("C:\\new", "'C:\\new'"),
        ("it's $5", '"it\'s $5"'),
        ('say "it\'s"', 'say "it\'s" '),
        ("ends in '", "ends in ' "),
        ("\x1cv", "'\x1cv'"),
    ],
)
def test_a_common_spelling_is_the_simplest_that_is_exact(value: str, text: str) -> None:
    assert quote("K", value, COMPOSE) == Quoted(text, common=True)
    assert quote("K", value, STANDALONE) == Quoted(text, common=True)


@pytest.mark.parametrize(
    ("value", "compose", "standalone"),
    [
        ("a\nb", '"a\\nb"', None),
        ("a\rb", '"a\\rb"', '"a\rb"'),
        (" a", '" a"', '" a"'),
        ("it's $A", '"it\'s $$A"', '"it\'s $A"'),
        ("'a'", "\"'a'\"", "\"'a'\""),
        ("it's \\n #", '"it\'s \\\\n #"', '"it\'s \\n #"'),
        ("\0", None, None),
        ("\udcff", None, None),
    ],
)
def test_without_a_common_spelling_the_runtime_gets_its_own(
    value: str, compose: str | None, standalone: str | None
) -> None:
    for runtime, text in ((COMPOSE, compose), (STANDALONE, standalone)):
        if text is None:
            with pytest.raises(CannotWriteError) as caught:
                quote("K", value, runtime)
            assert caught.value.key == "K"
            assert value not in str(caught.value)
        else:
            assert quote("K", value, runtime) == Quoted(text, common=False)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
@SEARCH
@given(value=values)
def test_the_runtime_reads_what_is_spelled_and_a_common_spelling_means_the_same_to_all(
    runtime: Dialect, value: str
) -> None:
    try:
        spelling = quote("K", value, runtime)
    except CannotWriteError:
        assert "\0" in value or (runtime is STANDALONE and "\n" in value)
        return
    for reader in READERS if spelling.common else (runtime,):
        reading = reader.read(f"J=1\nK={spelling.text}\nL=2\n", ENVIRONMENT)
        assert reading.values() == {"J": "1", "K": value, "L": "2"}
        assert reading.ignored == ()


def test_a_common_spelling_is_found_wherever_there_is_one() -> None:
    for alphabet in ("a #$'\"\\", "c0n\\'\"", "\t\x1c\x85a'#", "\u017f\xa0$'\r"):
        for length in range(5):
            for symbols in itertools.product(alphabet, repeat=length):
                value = "".join(symbols)
                spelled = list(common_literals(value))
                candidates = {value, f"'{value}'", f'"{value}"', f"{value} "}
                assert set(spelled) <= candidates
                assert all(_all_read(text, value) for text in spelled), value
                assert spelled or not any(_all_read(text, value) for text in candidates), value


def _all_read(text: str, value: str) -> bool:
    load = LOAD.read(f"K={text}\n", {})
    return not load.flagged and all(reader.read(f"K={text}\n", {}).values() == {"K": value} for reader in READERS)


def test_a_line_that_load_would_stop_at_is_no_common_one() -> None:
    longest = "x" * 65_533

    assert quote("K", longest, COMPOSE) == Quoted(longest, common=True)
    assert quote("KK", longest, COMPOSE) == Quoted(f'"{longest}"', common=False)
    assert load_refusal("K", longest) is None
    assert load_refusal("KK", longest) == "its line would be longer than 65,535 bytes"


@pytest.mark.parametrize("key", ["A/B", "A B", "A#B", "A=B", "", "é@"])
def test_a_key_that_compose_cannot_have_is_refused_by_name(key: str) -> None:
    with pytest.raises(CannotWriteError) as caught:
        quote(key, "v", COMPOSE)

    assert caught.value.key == key


def test_a_key_that_only_some_readers_can_have_is_spelled_for_the_runtime() -> None:
    assert quote("A/B", "v", STANDALONE) == Quoted('"v"', common=False)
    assert [is_common_name(key) for key in ("A", "a.b-c", "A/B", "export A", "A#B")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@SEARCH
@given(st.dictionaries(st.sampled_from("ABC"), values))
def test_load_lines_are_sent_exactly_or_refused(variables: dict[str, str]) -> None:
    refused = {key for key, value in variables.items() if load_refusal(key, value)}
    if refused:
        with pytest.raises(CannotWriteError) as caught:
            load_lines(variables)
        assert caught.value.key in refused
    else:
        reading = LOAD.read(load_lines(variables).decode(), {})
        assert reading.values() == variables
        assert not reading.flagged


@pytest.mark.parametrize(
    ("key", "value"),
    [("A\nB", "v"), ("A=B", "v"), ("#A", "v"), ("", "v"), ("A", "a\nb"), ("A", " v"), ("A", "\0"), ("A", "\udcff")],
)
def test_what_load_cannot_carry_is_refused_with_a_reason_that_shows_nothing(key: str, value: str) -> None:
    reason = load_refusal(key, value)

    assert reason is not None
    assert reason.startswith("it")
    with pytest.raises(CannotWriteError) as caught:
        load_lines({key: value})
    assert str(caught.value) == reason


def test_no_text_form_of_a_spelling_holds_the_value() -> None:
    assert "hunter2" not in f"{quote('K', 'hunter2', COMPOSE)!r} {quote('K', 'hunter2', COMPOSE)}"
