"""Which secrets backend is meant: as Airflow's own settings configure it, or as an address spells it out. Pure."""

import configparser
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from astro_sync.errors import RefusedError, UsageError


class Vendor(StrEnum):
    """The stores that Airflow's providers read; the words are the schemes of their addresses."""

    AWS_SECRETS = "awssecrets"
    AWS_PARAMETERS = "awsssm"
    GOOGLE = "gcpsecrets"
    AZURE = "azurekeyvault"
    VAULT = "vault"


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """One secrets backend: the class by its vendor, and its keyword arguments, completed by the provider's defaults.

    `origin` says where it was found. `multi_team`: Airflow takes `--` in an id for the name of a team.
    """

    vendor: Vendor
    kwargs: Mapping[str, Any] = field(repr=False)
    origin: str = ""
    multi_team: bool = False


CLASSES: Final[Mapping[str, Vendor]] = MappingProxyType(
    {
        "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend": Vendor.AWS_SECRETS,
        "airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend": (
            Vendor.AWS_PARAMETERS
        ),
        "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend": Vendor.GOOGLE,
        "airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend": Vendor.AZURE,
        "airflow.providers.hashicorp.secrets.vault.VaultBackend": Vendor.VAULT,
    }
)
_PATTERNS: Final = {"connections_lookup_pattern": None, "variables_lookup_pattern": None}
_DEFAULTS: Final[Mapping[Vendor, Mapping[str, Any]]] = {
    Vendor.AWS_SECRETS: {
        "connections_prefix": "airflow/connections",
        "variables_prefix": "airflow/variables",
        "config_prefix": "airflow/config",
        "sep": "/",
        **_PATTERNS,
    },
    Vendor.AWS_PARAMETERS: {
        "connections_prefix": "/airflow/connections",
        "variables_prefix": "/airflow/variables",
        "config_prefix": "/airflow/config",
        **_PATTERNS,
    },
    Vendor.GOOGLE: {
        "connections_prefix": "airflow-connections",
        "variables_prefix": "airflow-variables",
        "config_prefix": "airflow-config",
        "sep": "-",
    },
    Vendor.AZURE: {
        "connections_prefix": "airflow-connections",
        "variables_prefix": "airflow-variables",
        "config_prefix": "airflow-config",
        "sep": "-",
    },
    Vendor.VAULT: {
        "connections_path": "connections",
        "variables_path": "variables",
        "config_path": "config",
        "mount_point": "secret",
        "kv_engine_version": 2,
        "use_team_secrets_path": True,
    },
}
# What Google's provider takes; it raises for anything else, the others hand it on to their SDK.
_GOOGLE_ONLY: Final = frozenset(
    {
        "gcp_keyfile_dict",
        "gcp_key_path",
        "gcp_credential_config_file",
        "gcp_scopes",
        "project_id",
        "impersonation_chain",
    }
)
SECRETS: Final = frozenset(
    {
        "token",
        "password",
        "secret_id",
        "client_secret",
        "aws_secret_access_key",
        "aws_session_token",
        "gcp_keyfile_dict",
        "gcp_credential_config_file",
        "radius_secret",
        "jwt_token",
    }
)

# --- Airflow's own settings ---

_SERVER: Final = ("AIRFLOW__SECRETS__BACKEND", "AIRFLOW__SECRETS__BACKEND_KWARGS")
_WORKERS: Final = ("AIRFLOW__WORKERS__SECRETS_BACKEND", "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS")


def read_environment(environ: Mapping[str, str], origin: str) -> BackendConfig:
    """Return the backend that environment variables configure, read as Airflow reads them.

    Raises UsageError if they configure none, RefusedError where Airflow would look elsewhere than they seem to say.
    """
    server = _read_pair(environ, _SERVER, origin)
    workers = _read_pair(environ, _WORKERS, origin) if environ.get(_WORKERS[0]) else None
    if server is None and workers is None:
        hint = f"Set {_SERVER[0]} and {_SERVER[1]} there, or spell the backend out: awssecrets:, vault:MOUNT …"
        raise UsageError(f"{origin} configures no secrets backend.", hint=hint)
    if server and workers and server != workers:
        hint = "Spell out which one is meant: awssecrets:, awsssm:, gcpsecrets:, azurekeyvault: or vault:."
        raise RefusedError(
            f"{origin} configures one secrets backend for the server and another for workers.", hint=hint
        )
    vendor, kwargs = server or workers or (Vendor.VAULT, {})
    multi_team = environ.get("AIRFLOW__CORE__MULTI_TEAM", "").strip().lower() in {"t", "true", "1"}
    return _complete(vendor, kwargs, origin, multi_team=multi_team)


def read_airflow_cfg(text: str, origin: str) -> BackendConfig:
    """Return the backend that an `airflow.cfg` configures."""
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
        found = {
            f"AIRFLOW__{section}__{option}".upper(): value
            for section in ("secrets", "workers", "core")
            if parser.has_section(section)
            for option, value in parser.items(section)
        }
    except configparser.Error as error:
        hint = "Mend the file; a `%` in it is written `%%`."
        raise RefusedError(f"{origin} cannot be read as an airflow.cfg ({type(error).__name__}).", hint=hint) from None
    return read_environment(found, origin)


def _read_pair(environ: Mapping[str, str], names: tuple[str, str], origin: str) -> tuple[Vendor, dict[str, Any]] | None:
    """Return a class and its kwargs, the JSON first and then the single ones, which win and are always text."""
    class_name, kwargs_name = names
    for name in names:
        for suffix in ("_CMD", "_SECRET"):
            if not environ.get(name) and environ.get(name + suffix):
                hint = f"Put the value itself into {name}, in a file of its own: backend:FILE."
                raise RefusedError(f"{origin} takes {name} from {name}{suffix}, which is not run.", hint=hint)
    path = environ.get(class_name, "").strip()
    if not path:
        return None
    if path not in CLASSES:
        known = ", ".join(name.rpartition(".")[2] for name in CLASSES)
        hint = f"Known are {known}; the whole path is needed."
        raise RefusedError(f"{class_name} in {origin} names the class {path}, which is not known.", hint=hint)
    kwargs = _read_kwargs(environ.get(kwargs_name, ""), kwargs_name, origin)
    single = kwargs_name.removesuffix("S") + "__"
    kwargs |= {name[len(single) :].lower(): text for name, text in environ.items() if _is_single(name, single)}
    return CLASSES[path], kwargs


def _is_single(name: str, single: str) -> bool:
    return name.startswith(single) and name != single


def _read_kwargs(text: str, name: str, origin: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        kwargs = json.loads(text)
    except (ValueError, RecursionError):
        kwargs = None
    if not isinstance(kwargs, dict):
        hint = "Airflow goes on without it, with the default prefixes, so nobody finds what is written elsewhere."
        raise RefusedError(f"{name} in {origin} is no JSON object.", hint=hint)
    return kwargs


def _complete(vendor: Vendor, given: Mapping[str, Any], origin: str, *, multi_team: bool = False) -> BackendConfig:
    """Add the provider's defaults, and refuse what it would not take."""
    kwargs = {**_DEFAULTS[vendor], **given}
    if vendor is Vendor.GOOGLE and (unknown := sorted(given.keys() - _DEFAULTS[vendor].keys() - _GOOGLE_ONLY)):
        raise RefusedError(f"{origin}: the Google backend takes no {', '.join(unknown)}.", hint="Remove it.")
    for name in kwargs.keys() & {"connections_prefix", "variables_prefix", "config_prefix", "sep"}:
        if not isinstance(kwargs[name], str | None) or (name == "sep" and not kwargs[name]):
            raise RefusedError(f"{origin}: {name} is not a text.", hint=f"Write {name} as a JSON text, or null.")
    if vendor is Vendor.VAULT:
        _check_vault(kwargs, origin)
    return BackendConfig(vendor, kwargs, origin, multi_team)


def _check_vault(kwargs: dict[str, Any], origin: str) -> None:
    """Refuse what addresses nothing, and turn each path into the list of paths that are tried in order."""
    if kwargs["kv_engine_version"] not in (1, 2) or isinstance(kwargs["kv_engine_version"], str):
        raise RefusedError(f"{origin}: kv_engine_version is neither 1 nor 2.", hint="Write it as a JSON number.")
    if not kwargs["mount_point"]:
        hint = "Name one mount: with null every id would have to begin with its own."
        raise RefusedError(f"{origin}: mount_point is empty.", hint=hint)
    for name in ("connections_path", "variables_path", "config_path"):
        paths = [kwargs[name]] if isinstance(kwargs[name], str) else kwargs[name]
        if not isinstance(paths, list | None) or not all(isinstance(path, str) for path in paths or ()):
            raise RefusedError(f"{origin}: {name} is neither a text nor a list of texts.", hint="Write it as JSON.")
        if kwargs.get("global_secrets_path"):
            paths = [*(paths or ()), kwargs["global_secrets_path"]]
        kwargs[name] = None if paths is None else [path.rstrip("/") for path in paths]


# --- addresses ---


def _text(text: str) -> str:
    return text


def _text_or_null(text: str) -> str | None:
    return None if text == "null" else text


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _truth_or_text(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


_PREFIXES: Final[Mapping[str, Callable[[str], Any]]] = {
    "connections_prefix": _text_or_null,
    "variables_prefix": _text_or_null,
}
_AWS: Final[Mapping[str, Callable[[str], Any]]] = {
    **_PREFIXES,
    "connections_lookup_pattern": _text,
    "variables_lookup_pattern": _text,
    "region_name": _text,
    "profile_name": _text,
    "endpoint_url": _text,
    "verify": _truth_or_text,
}
_QUERY: Final[Mapping[Vendor, Mapping[str, Callable[[str], Any]]]] = {
    Vendor.AWS_SECRETS: {**_AWS, "sep": _text, "extra_conn_words": json.loads},
    Vendor.AWS_PARAMETERS: _AWS,
    Vendor.GOOGLE: {**_PREFIXES, "sep": _text, "gcp_key_path": _text},
    Vendor.AZURE: {
        **_PREFIXES,
        "sep": _text,
        "verify_challenge_resource": _truth,
        "connection_verify": _truth_or_text,
        "api_version": _text,
    },
    Vendor.VAULT: {
        "connections_path": _text_or_null,
        "variables_path": _text_or_null,
        "url": _text,
        "namespace": _text,
        "kv_engine_version": int,
        "verify": _truth_or_text,
        "token_path": _text,
        "use_team_secrets_path": _truth,
    },
}


def read_address(vendor: Vendor, rest: str) -> BackendConfig:
    """Return the backend that the part of an address after its scheme spells out; raises UsageError."""
    what, _, query = rest.removeprefix("//").partition("?")
    kwargs = _read_query(vendor, query)
    if "@" in urlsplit(what if "//" in what else f"//{what}").netloc:
        raise UsageError("An address holds no credentials.", hint=_IDENTITY)
    {
        Vendor.AWS_SECRETS: _add_prefix,
        Vendor.AWS_PARAMETERS: _add_prefix,
        Vendor.GOOGLE: _add_project,
        Vendor.AZURE: _add_vault_url,
        Vendor.VAULT: _add_mount,
    }[vendor](vendor, what, kwargs)
    try:
        return _complete(vendor, kwargs, f"{vendor}:")
    except RefusedError as error:
        raise UsageError(str(error), hint=error.hint) from None


_IDENTITY: Final = "Log in as the vendor's own tools do (AWS_PROFILE, gcloud, az login, VAULT_TOKEN)."


def _read_query(vendor: Vendor, query: str) -> dict[str, Any]:
    known, kwargs = _QUERY[vendor], {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name in SECRETS:
            raise UsageError(f"{name} is a secret, and an address holds none.", hint=_IDENTITY)
        if name not in known:
            raise UsageError(f"{vendor}: takes no {name}.", hint=f"It takes {', '.join(sorted(known))}.")
        if "://" in text and "@" in urlsplit(text).netloc:
            raise UsageError(f"{name} holds a login, and an address holds none.", hint=_IDENTITY)
        try:
            value = known[name](text)
        except (ValueError, KeyError):
            raise UsageError(f"The value of {name} in the address is not what it should be.", hint=_WRITE) from None
        if name in kwargs and name.endswith("_path") and isinstance(value, str):
            kwargs[name] = [*([kwargs[name]] if isinstance(kwargs[name], str) else kwargs[name]), value]
        else:
            kwargs[name] = value
    return kwargs


_WRITE: Final = "Write true or false, a number, or JSON, as the provider's documentation has it."


def _add_prefix(vendor: Vendor, what: str, kwargs: dict[str, Any]) -> None:
    """`awssecrets:airflow` means `airflow/connections` and `airflow/variables`."""
    sep = kwargs.get("sep", _DEFAULTS[vendor].get("sep", "/"))
    if head := what.rstrip(sep):
        kwargs.setdefault("connections_prefix", f"{head}{sep}connections")
        kwargs.setdefault("variables_prefix", f"{head}{sep}variables")


def _add_project(vendor: Vendor, what: str, kwargs: dict[str, Any]) -> None:
    project, _, prefix = what.partition("/")
    if project:
        kwargs["project_id"] = project
    _add_prefix(vendor, prefix, kwargs)


def _add_vault_url(vendor: Vendor, what: str, kwargs: dict[str, Any]) -> None:
    scheme, _, rest = what.rpartition("://")
    host, _, prefix = rest.partition("/")
    if not host or scheme not in {"", "https"}:
        hint = "Write azurekeyvault:NAME or azurekeyvault:https://NAME.vault.azure.net."
        raise UsageError("The address names no key vault.", hint=hint)
    kwargs["vault_url"] = f"https://{host}" if scheme else f"https://{host}.vault.azure.net"
    _add_prefix(vendor, prefix, kwargs)


def _add_mount(_vendor: Vendor, what: str, kwargs: dict[str, Any]) -> None:
    if what.strip("/"):
        kwargs["mount_point"] = what.strip("/")
