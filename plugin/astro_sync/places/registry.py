"""Every kind of place by the scheme of its address, and the one way to open one."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from astro_sync.errors import UsageError
from astro_sync.places.base import AnyPlace, Role, Surroundings

Opener = Callable[[str, Role, Surroundings], AnyPlace]
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+-]*):(.*)", re.DOTALL)


def _file(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.airflow_file import open_named_file

    return open_named_file(rest, role, around)


def _airflow_file(scheme: str) -> Opener:
    def open_it(rest: str, role: Role, around: Surroundings) -> AnyPlace:
        from astro_sync.places.airflow_file import open_airflow_file

        return open_airflow_file(scheme, rest, role, around)

    return open_it


def _deployment(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.deployment import open_deployment

    return open_deployment(rest, role, around)


def _airflow(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.local_airflow import open_airflow

    return open_airflow(rest, role, around)


# A module is imported where its place is opened: nobody waits for a place that is not used.
PLACES: Final[Mapping[str, Opener]] = {
    "": _file,
    "variables": _airflow_file("variables"),
    "connections": _airflow_file("connections"),
    "settings": _airflow_file("settings"),
    "airflow": _airflow,
    "deployment": _deployment,
}


def open_place(address: str, role: Role, around: Surroundings) -> AnyPlace:
    """Return the place of an address; raises UsageError for a scheme that there is not."""
    match = _SCHEME.fullmatch(address)
    scheme, rest = (match[1], match[2]) if match else ("", address)
    if scheme not in PLACES:
        known = ", ".join(f"{each}:" for each in PLACES if each)
        hint = f"Write one of {known}; a file of that name is ./{address}."
        raise UsageError(f"There is no kind of place called {scheme}:.", hint=hint)
    return PLACES[scheme](rest, role, around)
