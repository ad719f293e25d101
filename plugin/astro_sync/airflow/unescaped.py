"""Find what somebody forgot to escape in a connection's URI. No I/O, and never a word of the URI itself."""


def find_unescaped(uri: str) -> str | None:
    """Say which character cuts the URI in the wrong place, and how to write it; None where none does.

    Airflow reads most of these without an error, and has half a password or another host then.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or uri.startswith("{"):
        return None
    if "#" in rest:
        return "it has an unescaped `#` (write %23): Airflow drops that and all after it"
    head, _, query = rest.partition("?")
    # Airflow takes every `type://` for the beginning, wherever it stands
    if "://" in query or head.count("://") > 1 or f"{scheme}://" in rest:
        return "it has an unescaped `://` (write %3A%2F%2F): Airflow loses the host"
    authority, _, path = head.rpartition("://")[2].partition("/")
    if authority.count("@") > 1:
        return "it has an unescaped `@` (write %40) in its login or password"
    if "@" in path:
        return "it has an unescaped `/` (write %2F) in its login or password, or an unescaped `@` (write %40)"
    if "@" not in authority and "@" in query.partition("=")[0]:
        return "it has an unescaped `?` (write %3F) in its login or password"
    return None
