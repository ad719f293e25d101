from collections.abc import Mapping

import pytest

from astro_sync.envfile.dialects.compose_interpolation import InterpolationError, Names, interpolate

EARLIER = {"A": "a", "EMPTY": "", "NESTED": "$A", "\u212ab": "kelvin", "\u017f": "long"}


def names_of(environment: Mapping[str, str], earlier: Mapping[str, str]) -> Names:
    names = Names(environment)
    for key, value in earlier.items():
        names.set(key, value, frozenset())
    return names


def replaced(template: str) -> str:
    return interpolate(template, names_of({}, EARLIER))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$A ${A} $NOPE|${NOPE}", "a a |"),
        ("$$A $${A} $$$A", "$A ${A} $a"),
        ("$1 $- $ $", "$1 $- $ $"),
        ("$AB $A.B ${A}B", " a.B aB"),
        ("${EMPTY:-d} ${EMPTY-d} ${NOPE:-d} ${NOPE-d}", "d  d d"),
        ("${EMPTY:+d} ${EMPTY+d} ${A:+d} ${A+d} ${NOPE+d}", " d d d "),
        ("${A:?why} ${A?why} ${EMPTY?why}", "a a "),
        ("${NOPE:-${EMPTY:-$A}}", "a"),
        ("${NOPE:-a}b}", "ab}"),
        ("${NOPE:-${A}} ${NOPE:-x}$$", "a x$"),
        ("${NOPE:--}", "-"),
        ("${NOPE:-{}", "{"),
        ("${NOPE-:-}", ":-"),
        ("$NESTED", "$A"),
        ("${\u212ab} $\u017f", "kelvin long"),
        ("${NOPE:-x} \n${A}", "x \na"),
    ],
)
def test_references_are_replaced_as_compose_replaces_them(template: str, text: str) -> None:
    assert replaced(template) == text


@pytest.mark.parametrize(
    "template",
    [
        *["${", "${}", "${A", "${1}", "${A:b}", "${A!}", "${:-x}", "${NOPE:-\n}", "${NOPE:-${}", "${A:-${}}"],
        *["${NOPE:?}", "${NOPE?why}", "${EMPTY:?why}", "${A:-${NOPE?}}"],
    ],
)
def test_a_malformed_or_required_reference_rejects_the_value(template: str) -> None:
    with pytest.raises(InterpolationError, match=r"^a \$\{ is malformed$|^a required variable is not set$"):
        replaced(template)


def test_the_environment_comes_before_earlier_keys() -> None:
    names = names_of({"A": "from outside", "NONE": ""}, {"A": "from the file", "B": "b", "NONE": "x"})

    assert interpolate("$A $B [$NONE]", names) == "from outside b []"
    assert names.missed == {"B"}


def test_loose_bytes_that_meet_are_one_character() -> None:
    assert replaced("\udce2\udc80$NOPE\udca0") == "\u2020"


@pytest.mark.parametrize(
    ("template", "outside"),
    [
        ("$A $B $$C '$'", {"A"}),
        ("$NOPE ${ALSO:-x}", {"NOPE", "ALSO"}),
        ("$SAME", set[str]()),
        ("${B:-$A} ${B:+$NOPE} ${NOPE:+$A}", {"NOPE"}),
        ("${EMPTY:-$A}", {"A"}),
        ("$TAINTED", {"A"}),
    ],
)
def test_what_comes_from_outside_the_file_is_known(template: str, outside: set[str]) -> None:
    names = names_of({"A": "from outside", "SAME": "s"}, {"A": "from the file", "B": "b", "SAME": "s", "EMPTY": ""})
    names.set("TAINTED", "x", frozenset({"A"}))
    interpolate(template, names)

    assert names.outside == outside


def test_a_word_that_nests_deeply_is_replaced() -> None:
    depth = 100_000
    assert replaced("${NOPE:-" * depth + "x" + "}" * depth) == "x"
    assert replaced("${NOPE:-" + "${NOPE:-{x}}" * depth + "}") == "{x}" * depth
    with pytest.raises(InterpolationError):
        replaced("${NOPE:-" * depth + "}" * (depth - 1))


def test_values_that_double_with_each_line_come_to_an_end() -> None:
    names = names_of({}, {"A": "x" * 1_000_000})
    assert len(interpolate("$A" * 10, names)) == 10_000_000
    with pytest.raises(InterpolationError, match="too long"):
        interpolate("$A" * 10, names)
