"""The text of a connection that is kept as fields. Pure."""

from astro_sync.airflow.connection import Connection, parse_connection, to_text
from astro_sync.core.model import Reason, Refusal


def text_of(connection: Connection) -> str | Refusal:
    """Return the text by which Airflow reads these very fields, or why there is none."""
    if not connection.conn_type:
        return Refusal(Reason.UNSOUND_CONNECTION, "it has no type")
    text = to_text(connection)
    read = parse_connection(text)
    fields = Connection._fields
    if read is None or any(_told(read, name) != _told(connection, name) for name in fields):
        return Refusal(Reason.CANNOT_HOLD, "Airflow reads it otherwise from a text than it is stored")
    return text


def _told(connection: Connection, name: str) -> object:
    """Return what a field says: an empty text says nothing, but port 0 is a port."""
    field = getattr(connection, name)
    return None if field == "" else field
