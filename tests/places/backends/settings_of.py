"""The two settings that make Airflow use a counterpart."""

import json
from collections.abc import Mapping

from astro_sync.places.backends.settings import CLASSES
from places.backends.counterparts import Counterpart


def settings_of(counterpart: Counterpart, more: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return them as environment variables."""
    path = next(path for path, vendor in CLASSES.items() if vendor == counterpart.vendor)
    kwargs = json.dumps({**counterpart.kwargs, **(more or {})})
    return {"AIRFLOW__SECRETS__BACKEND": path, "AIRFLOW__SECRETS__BACKEND_KWARGS": kwargs}
