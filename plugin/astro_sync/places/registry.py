"""Every kind of place by the scheme of its address, and the one way to open one."""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from astro_sync.errors import UsageError
from astro_sync.places.base import AnyPlace, Role, Surroundings

if TYPE_CHECKING:
    from astro_sync.places.deployment import Deployment

Opener = Callable[[str, Role, Surroundings], AnyPlace]
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+-]*):(.*)", re.DOTALL)


def _file(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    path = PurePath(rest)
    if path.suffix in {".json", ".yaml", ".yml"} or path.name == "connections.env":
        from astro_sync.places.airflow_file import open_named_file

        return open_named_file(rest, role, around)
    from astro_sync.places.env_file import open_env_file

    return open_env_file(rest, role, around)


def _airflow_file(scheme: str) -> Opener:
    def open_it(rest: str, role: Role, around: Surroundings) -> AnyPlace:
        from astro_sync.places.airflow_file import open_airflow_file

        return open_airflow_file(scheme, rest, role, around)

    return open_it


def _deployment(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.deployment import open_deployment

    opened = open_deployment(rest, role, around)
    return with_manager(opened, around) if role is Role.DESTINATION else opened


def _airflow(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.airflow_api.opening import open_airflow_place

    return open_airflow_place(rest, role, around)


def _env_manager(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.env_manager.place import open_env_manager

    return open_env_manager(rest, role, around)


def _backend(rest: str, role: Role, around: Surroundings) -> AnyPlace:
    from astro_sync.places.backends.place import open_configured

    return open_configured(rest, role, around)


def _vendor(scheme: str) -> Opener:
    def open_it(rest: str, role: Role, around: Surroundings) -> AnyPlace:
        from astro_sync.places.backends.place import open_scheme
        from astro_sync.places.backends.settings import Vendor

        return open_scheme(Vendor(scheme), rest, role, around)

    return open_it


# A module is imported where its place is opened: nobody waits for a place that is not used.
PLACES: Final[Mapping[str, Opener]] = {
    "": _file,
    "variables": _airflow_file("variables"),
    "connections": _airflow_file("connections"),
    "settings": _airflow_file("settings"),
    "airflow": _airflow,
    "deployment": _deployment,
    "backend": _backend,
    "awssecrets": _vendor("awssecrets"),
    "awsssm": _vendor("awsssm"),
    "gcpsecrets": _vendor("gcpsecrets"),
    "azurekeyvault": _vendor("azurekeyvault"),
    "vault": _vendor("vault"),
    "env-manager": _env_manager,
}


def with_manager(deployment: "Deployment", around: Surroundings) -> AnyPlace:
    """Return a Deployment as it is or, where line breaks go there, together with its Environment Manager."""
    if around.options.line_breaks != "env-manager":
        return deployment
    from astro_sync.places.env_manager.overflow import DeploymentAndManager

    return DeploymentAndManager(deployment, around)


def open_place(address: str, role: Role, around: Surroundings) -> AnyPlace:
    """Return the place of an address; raises UsageError for a scheme that there is not."""
    match = _SCHEME.fullmatch(address)
    scheme, rest = (match[1], match[2]) if match else ("", address)
    if scheme not in PLACES:
        known = ", ".join(f"{each}:" for each in PLACES if each)
        hint = f"Write one of {known}; a file of that name is ./{address}."
        raise UsageError(f"There is no kind of place called {scheme}:.", hint=hint)
    return PLACES[scheme](rest, role, around)
