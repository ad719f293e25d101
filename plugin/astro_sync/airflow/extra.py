"""The extra of a connection: the text of a JSON object, which a URI holds as its query. No I/O."""

import json
from collections.abc import Mapping
from typing import Final

from astro_sync.airflow.json_text import too_deep

# the parameter that holds the whole text
EXTRA_KEY: Final = "__extra__"


def decode_extra(extra: str | None) -> dict[str, object] | None:
    """Return the object, None if the text is none."""
    decoded = _decode(extra)
    return decoded if isinstance(decoded, dict) else None


def decode_values(texts: Mapping[str, object]) -> dict[str, object]:
    """Decode the texts among the values that are JSON, as Airflow's core does with the parameters of a query."""
    return {key: _decode(value) for key, value in texts.items()}


def flatten(extra: str) -> dict[str, str] | None:
    """Return the parameters that both of Airflow's readers turn back into just this text; None if there are none."""
    decoded = decode_extra(extra)
    if not decoded or EXTRA_KEY in decoded or json.dumps(decoded) != extra:
        return None
    flat = {key: value for key, value in decoded.items() if isinstance(value, str)}
    return flat if flat == decoded and decode_values(flat) == flat else None


def _decode(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) and not too_deep(value) else value
    except (ValueError, RecursionError):
        return value
