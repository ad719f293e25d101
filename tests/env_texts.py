"""Values and `.env` texts that hurt, for the property tests."""

from collections.abc import Mapping

from hypothesis import settings
from hypothesis import strategies as st

ENVIRONMENT: Mapping[str, str] = {"HOSTVAR": "hostval", "EMPTY": "", "E2": "a$A"}
KEYS = ("A", "B", "C", "K")

SEARCH = settings(max_examples=150, deadline=None, derandomize=True)
"""The same search on every machine, however slow it is."""

_HARD = [*"ab01 \t\n\r\v\f#'\"\\$={}:-?+.", "\x00", *"\x1c\x85\xa0\u2028\ufeffé🚀\u212a"]
_ESCAPES = [" #", "\\n", "\\0", "\\012", "\\$", '\\"', "\\\\", "$$", "$A", "${A}", "${A:-b}", "${A:-${B}}", "\r\n"]

values = st.one_of(
    st.text(st.sampled_from(_HARD), max_size=8),
    st.lists(st.sampled_from([*_HARD, *_ESCAPES]), max_size=6).map("".join),
    st.text(max_size=20),
    st.from_regex(r"[A-Za-z0-9_@%+=:,./-]{1,10}", fullmatch=True),
)
"""Any text without surrogates, most of it made of what means something to some reader."""

_spelled = st.one_of(
    st.sampled_from(
        ["1", "x y", "$A", "${B}", "${A:-$B}", "${C:+$A}", '"$A\\n$K"', '"x\ny"', "'$A'", "${NOPE:-${B-z}}", "$HOSTVAR"]
    ),
    st.sampled_from(["", "z # c", '"q" # c', "'q'#c", "a\t# c", '"', "'", "${", "a  ", '"1" B=$A', "\udcff", "\\"]),
    values.filter(lambda text: "\n" not in text),
)
_lines = st.one_of(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "", "", "export ", "  "]),
        st.sampled_from(KEYS),
        st.sampled_from(["=", "=", "=", " = ", ": "]),
        _spelled,
    ),
    st.sampled_from(["", "# c", "  # d", "K", "K ", "HOSTVAR", "two words"]),
)
texts = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", "\ufeff"]),
    st.lists(st.builds("{}{}".format, _lines, st.sampled_from(["\n", "\n", "\n", "\r\n"])), max_size=7).map("".join),
    st.sampled_from(["", "", "A", "B=$A", "# c", 'K="1" A', "K='"]),
)
"""Short files that refer to themselves, with every kind of line end, comment and fault."""
