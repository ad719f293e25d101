"""Quote a value so that its readers get exactly that value: all four where one spelling can (fixtures/dialects.md)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from astro_sync.envfile.dialects import LOAD, READERS, CannotWriteError, Dialect
from astro_sync.envfile.dialects.compose_interpolation import ACTIVE_DOLLAR
from astro_sync.envfile.dialects.load import line_is_too_long
from astro_sync.envfile.dialects.reading import GO_WHITE_SPACE, require_text


class Quoted(NamedTuple):
    """The text after `KEY=`; `common`: all four readers get exactly the value from it."""

    text: str
    common: bool

    def __repr__(self) -> str:
        return f"Quoted(***, common={self.common})"


def quote(key: str, value: str, runtime: Dialect) -> Quoted:
    """Return the spelling common to all readers if there is one, else the runtime's own.

    Raises CannotWriteError where the runtime cannot have that key or hold that value.
    """
    if reason := runtime.refuses_key(key):
        raise CannotWriteError(f"its name {reason}", key=key)
    if is_common_name(key):
        for text in common_literals(value):
            if not line_is_too_long(f"{key}={text}"):
                return Quoted(text, common=True)
    return Quoted(quote_for(runtime, key, value), common=False)


def quote_for(runtime: Dialect, key: str, value: str) -> str:
    """Return the spelling of one reader only; raise CannotWriteError, with the key, where there is none."""
    try:
        return runtime.write(value)
    except CannotWriteError as error:
        raise CannotWriteError(error.reason, key=key) from None


def common_literals(value: str) -> Iterator[str]:
    """Yield the spellings that mean exactly `value` to all four readers, the most robust first."""
    is_plain = _PLAIN.fullmatch(value) is not None
    if is_plain:
        yield value
    elif _has_no_common_spelling(value):
        return
    if value and "'" not in value and "\\\\" not in value and not value.endswith("\\"):
        yield f"'{value}'"
    active = ACTIVE_DOLLAR.search(value)
    if '"' not in value and not value.endswith("'") and not active and not _ESCAPED_IN_QUOTES.search(value):
        yield f'"{value}"'
    if is_plain or not value or value[0] == '"' or value != value.strip():
        return
    if not active and not _INLINE_COMMENT.search(value):
        # the blank shields the quote from `--load`, and every reader trims it
        yield f"{value} " if value[-1] in "\"'" else value


def load_lines(variables: Mapping[str, str]) -> bytes:
    """Return the file for `--load`: one line for each key; raise CannotWriteError, with the key, where it cannot."""
    for key, value in variables.items():
        if reason := load_refusal(key, value):
            raise CannotWriteError(reason, key=key)
    return "".join(f"{key}={LOAD.write(value)}\n" for key, value in variables.items()).encode()


def load_refusal(key: str, value: str) -> str | None:
    """Return the reason why `--load` cannot carry this key with this value, or None."""
    if reason := LOAD.refuses_key(key):
        return f"its name {reason}"
    try:
        spelled = LOAD.write(value)
    except CannotWriteError as error:
        return error.reason
    if line_is_too_long(f"{key}={spelled}"):
        return "its line would be longer than 65,535 bytes"
    return None


def is_common_name(key: str) -> bool:
    """Tell whether all four readers can have `key`."""
    return _COMMON_NAME.fullmatch(key) is not None or all(reader.refuses_key(key) is None for reader in READERS)


_COMMON_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_ESCAPED_IN_QUOTES: Final = re.compile(r"\\(?:[abfnrtv0$\"'\\]|\Z)")
_INLINE_COMMENT: Final = re.compile(r"\s#")


def _has_no_common_spelling(value: str) -> bool:
    try:
        require_text(value, but="\0\n\r")
    except CannotWriteError:
        return True
    return value.startswith("'") or value.strip(GO_WHITE_SPACE) != value
