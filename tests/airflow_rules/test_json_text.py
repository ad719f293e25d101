"""JSON texts are taken apart by their tokens, which stay to the letter."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.airflow.json_text import differing_members, one_line, same_tokens, tokens

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_TREES = st.recursive(
    _SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4), max_leaves=20
)
_DOCUMENTS = st.lists(_TREES, max_size=4) | st.dictionaries(st.text(), _TREES, max_size=4)

NOT_JSON = [
    "", " ", "1", '"a"', "true", "null", "{", "}", "[", "]", "{]", "[}", "[1,]", '{"a":1,}', "[,1]", "[1 2]", "[01]",
    "[1.]", "[.5]", "[+1]", "[0x1]", "[NaN]", "[Infinity]", "[-Infinity]", "[-]", "[1e]", "['a']", "{a:1}", "{1:2}",
    '{"a"}', '{"a":}', '{"a":1 "b":2}', '{"a" 1}', "[1]x", "[1] [2]", "[truefalse]", "[tru]", '["\n"]', '["\t"]',
    '["\\x"]', '["\\u12g4"]', '["\\u123"]', '["a]', "\ufeff[1]", "[1]\ufeff", "[1,\u00a02]", "[1,\f2]", "[1,\v2]",
    "[1,\u20282]", "[\0]", "//x\n[1]", "[1]//x", "[[1]", "[1]]", '{"a":1}}', "[:]", "[1:2]", "{,}", '{"a":1:2}',
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_JSON)
def test_a_text_that_is_no_object_or_array_has_no_tokens(text: str) -> None:
    assert tokens(text) is None
    assert one_line(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "{}"),
        (" [ ] ", " [ ] "),
        ("[\n]", "[]"),
        ('{\n  "a": 1,\n  "b": [true, null]\n}\n', '{"a":1,"b":[true,null]}'),
        ('{"a":\r1}', '{"a":1}'),
        ('{"a": 1}', '{"a": 1}'),
        (
            "[\n1e400, 1.0, 1E+5, -0, 0.10,\n1234567890123456789]",
            "[1e400,1.0,1E+5,-0,0.10,1234567890123456789]",
        ),
        ('{"a": 1,\n"a": 2}', '{"a":1,"a":2}'),
        ('[\n"\\u00e9\\/ \\ud800", "é\u2028 \u0085"]', '["\\u00e9\\/ \\ud800","é\u2028 \u0085"]'),
        ('["a\\n b",\n"c"]', '["a\\n b","c"]'),
    ],
)
def test_the_tokens_stay_to_the_letter_on_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


@given(tree=_DOCUMENTS, indent=st.sampled_from([None, 0, 1, 4, "\t"]), ascii_only=st.booleans())
def test_what_python_writes_is_the_same_on_one_line(
    tree: object, indent: int | str | None, *, ascii_only: bool
) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    line = one_line(text)
    assert line is not None
    assert "\n" not in line
    assert json.loads(line) == tree
    assert same_tokens(text, line)
    assert one_line(line) == line


@given(st.text(alphabet='{}[],:"\\u09aeE.+-01 \n\ttruefalsn', max_size=12))
def test_python_agrees_on_what_is_json(text: str) -> None:
    try:
        is_json = isinstance(json.loads(text, parse_constant=lambda _name: 1 / 0), dict | list)
    except (ValueError, ZeroDivisionError):
        is_json = False
    assert (tokens(text) is not None) == is_json


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_text_may_nest_deeply(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    text = "\n" + opening * 10_000 + "1" + closing * 10_000
    assert one_line(text) == text[1:]
    assert tokens(text[:-1]) is None


def test_a_number_of_any_length_is_one_token() -> None:
    assert tokens("[\n" + "9" * 100_000 + "]") == ("[", "9" * 100_000, "]")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ('{"a": 1}', '{\n"a":1\n}', True),
        ("x", "x", True),
        ("x\n", "x", False),
        ('{"a": 1}', '{"a": 1.0}', False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', False),
        ('["\\u0041"]', '["A"]', False),
        ('["a b"]', '["a  b"]', False),
        ("[1]", "[2", False),
    ],
)
def test_texts_are_the_same_by_their_tokens(one: str, two: str, *, same: bool) -> None:
    assert same_tokens(one, two) is same
    assert same_tokens(two, one) is same


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ('{"a":1,"b":2,"c":3}', '{"a":1,"b":5,"d":3}', (("b", "c", "d"), 4)),
        ('{"a":{"x":[1,2]},"b":[{"y":1},2]}', '{"a":{"x":[1,3]},"b":[{"y":1},2]}', (("a",), 2)),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', None),
        ('{"a":1,"a":2}', '{"a":2}', (("a",), 1)),
        ('{"\\u0061":1}', '{"a":2}', (("a",), 1)),
        ('{"\\u001b[31m":1}', "{}", (("\\u001b[31m",), 1)),
        ('{"\\ud800":1}', "{}", (("\\ud800",), 1)),
        ("{}", "{}", None),
        ("{}", '{"a":[]}', (("a",), 1)),
        ("[1]", "[2]", None),
        ("{}", "x", None),
    ],
)
def test_members_that_differ_are_named(one: str, two: str, expected: object) -> None:
    assert differing_members(one, two) == expected
