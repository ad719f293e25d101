"""The names under which Airflow looks things up in an environment, and which names are sound. Pure."""

import re
from typing import Final

CONNECTION: Final = "AIRFLOW_CONN_"
VARIABLE: Final = "AIRFLOW_VAR_"
# the setting that names a secrets backend, which Airflow asks before it looks at its environment
BACKEND: Final = "AIRFLOW__SECRETS__BACKEND"

_NAME: Final = re.compile(r"[^\W\d]\w*")
# what the ids of connections and variables hold beside letters and digits
_ID: Final = re.compile(r"[\w.()\[\] -]+")
# Shorter ones may be names. A key of 32 bytes in base64 has 43 characters before its `=`.
_TOKEN: Final = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9]{24,}")


def is_sound(key: str) -> bool:
    """Tell whether an environment variable may have this name; else it may well be a piece of a broken value.

    It is made of letters, digits and `_` and begins with no digit. The id of a connection or a variable also holds
    `-`, `.`, brackets and blanks. A long word of letters in both cases and digits is taken for a piece of a key.
    """
    for prefix in (CONNECTION, VARIABLE):
        if key[: len(prefix)].upper() == prefix:
            return _ID.fullmatch(key[len(prefix) :]) is not None
    return _NAME.fullmatch(key) is not None and _TOKEN.fullmatch(key) is None


def masked(key: str, line: int | None = None) -> str:
    """Return a key as it can be shown: as it is if its name is sound, else only where it stands."""
    if is_sound(key):
        return key
    return f"*** (line {line})" if line else "***"
