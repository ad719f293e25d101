"""The text of a file."""

from astro_sync.errors import RefusedError


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, its line ends as they are; raise a `RefusedError` naming the line else."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RefusedError(f"The file is not in UTF-8: line {line}.") from None
