"""HashiCorp Vault's and OpenBao's key-value engine, version 1 and 2 (fixtures/places-contract.md, 4.2)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from astro_sync.concurrency import each
from astro_sync.places.backends.base import (
    Content,
    Fault,
    Found,
    Held,
    StoreError,
    Trouble,
    require,
    silence,
    without_login,
)

_LOGGERS: Final = ("hvac", "urllib3", "requests")
_SETTINGS: Final = ("verify", "cert", "proxies")
_LOG_IN: Final = "Set VAULT_TOKEN, or log in with `vault login`, then try again."
_SLOW: Final = "Try again, or give it longer: `--timeout SECONDS`."
_NO_CONTENT: Final = 204  # how version 1 answers a write
_WAITS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; hvac does not try again by itself


class KeyValue:
    """The secrets of one key-value engine; each is a set of fields."""

    jobs: int = 8

    def __init__(self, client: Any, mount: str, version: int, identity: str, timeout: float) -> None:
        self._client = client
        self._mount = mount
        self._version = version
        self._timeout = timeout
        self._is_checked = False
        self.identity = identity
        self._url = without_login(client.url)

    @property
    def where(self) -> str:
        """Return the server, the namespace and the mount."""
        namespace = self._client.adapter.namespace
        inside = f", namespace {namespace}" if namespace else ""
        return f"Vault {self._url}{inside}, mount {self._mount} (KV {self._version})"

    def scan(self, prefix: str, wanted: Callable[[str], bool]) -> Mapping[str, Found]:
        """List folder by folder, then read what is wanted one by one."""
        self._check_mount()
        return self.read([name for name in self._walk(prefix.rstrip("/")) if wanted(name)])

    def read(self, names: Sequence[str]) -> Mapping[str, Found]:
        """Read each by its path."""
        answers = zip(names, each(self._read, names, at_once=self.jobs), strict=True)
        return {name: found for name, found in answers if found is not None}

    def create(self, name: str, content: Content, *, recover: bool = False) -> Fault | None:
        """Write the first version; a deleted secret goes on with the version after its last one."""
        last = 0
        found = self._read(name) if recover or self._version == 1 else None
        if isinstance(found, Held):
            return Fault(Trouble.CHANGED)
        if isinstance(found, Fault):
            if found.trouble is not Trouble.DELETED:
                return found
            last = int(found.version)
        return self._write(name, content, last)

    def update(self, name: str, content: Content, held: Held) -> Fault | None:
        """Write the version after the one that was read; version 1 of the engine itself does not compare."""
        if self._version == 1:
            found = self._read(name)
            if not isinstance(found, Held) or found.content != held.content:
                return found if isinstance(found, Fault) else Fault(Trouble.CHANGED)
        return self._write(name, content, int(held.version or 0))

    def _write(self, name: str, content: Content, last: int) -> Fault | None:
        if isinstance(content, str):
            raise TypeError("a secret of Vault is a set of fields")
        arguments: dict[str, Any] = {"path": name, "secret": dict(content), "mount_point": self._mount}
        if self._version == 2:  # noqa: PLR2004 - the engine's own number
            arguments["cas"] = last
        try:
            answer = self._call(self._engine.create_or_update_secret, **arguments)
            if getattr(answer, "status_code", None) != _NO_CONTENT:
                self._member(answer, "data")
        except _CallError as error:
            if error.is_check_and_set:
                return Fault(Trouble.CHANGED)
            return error.fault("create, update")
        except _GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return None

    def _read(self, name: str) -> Found | None:
        arguments: dict[str, Any] = {"path": name, "mount_point": self._mount}
        if self._version == 2:  # noqa: PLR2004
            arguments["raise_on_deleted_version"] = True
        try:
            answer = self._call(self._engine.read_secret, **arguments)
        except _CallError as error:
            if error.is_missing:
                return _deleted(error.answer)
            return error.fault("read")
        data = self._member(answer, "data")
        if self._version == 1:
            return Held(data)
        fields, metadata = self._member(data, "data"), self._member(data, "metadata")
        return Held(fields, str(metadata["version"]), str(metadata.get("created_time", "")))

    def _walk(self, folder: str) -> Iterator[str]:
        """Yield every path below a folder; a listing shows one level, and folders end in `/`."""
        try:
            answer = self._call(self._engine.list_secrets, path=folder, mount_point=self._mount)
        except _CallError as error:
            if error.is_missing:
                return
            raise error.as_store_error(f"{self.where}, {folder or '/'}") from None
        for key in self._member(self._member(answer, "data"), "keys"):
            path = f"{folder}/{key}" if folder else key
            if key.endswith("/"):
                yield from self._walk(path.rstrip("/"))
            else:
                yield path

    def _check_mount(self) -> None:
        """Compare the engine's version with the configured one: with the wrong one everything looks empty."""
        if self._is_checked:
            return
        try:
            answer = self._call(self._client.adapter.get, url=f"/v1/sys/internal/ui/mounts/{self._mount}")
        except _CallError as error:
            raise error.as_store_error(f"The mount {self._mount}") from None
        options = self._member(self._member(answer, "data"), "options") or {}
        version = int(options.get("version") or 1)
        if version != self._version:
            hint = f"Set kv_engine_version to {version} in the backend's kwargs, or Airflow finds nothing there."
            raise StoreError(f"The mount {self._mount} is a KV engine of version {version}.", hint=hint)
        self._is_checked = True

    @property
    def _engine(self) -> Any:
        return self._client.secrets.kv.v1 if self._version == 1 else self._client.secrets.kv.v2

    def _member(self, answer: Any, name: str) -> Any:
        if isinstance(answer, Mapping) and name in answer:
            return answer[name]
        hint = "Something else answers in its place, often a proxy: look at HTTPS_PROXY and url."
        raise StoreError(f"What answered at {self._url} is not Vault.", hint=hint)

    def _call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        """Make a call, again while Vault throttles it; raises _CallError for what Vault says, else StoreError."""
        from hvac import exceptions

        until = time.monotonic() + self._timeout
        for wait in (*_WAITS, None):
            try:
                return method(**arguments)
            except exceptions.RateLimitExceeded:
                if wait is None or time.monotonic() + wait > until:
                    break
                time.sleep(wait)
            except exceptions.VaultError as error:
                raise self._refused(error) from None
            except Exception as error:  # noqa: BLE001 - an error of the SDK may show a request
                raise self._broken(error) from None
        hint = "Try again later, or with fewer calls at once: `--jobs 1`."
        raise StoreError(f"Vault keeps throttling calls ({self._url}).", hint=hint)

    def _refused(self, error: Any) -> Exception:
        from hvac import exceptions

        if isinstance(error, exceptions.VaultDown | exceptions.VaultNotInitialized | exceptions.BadGateway):
            return StoreError(f"Vault at {self._url} is sealed or down.", hint="Try again later.")
        answer = error.json if isinstance(error.json, Mapping) else None
        if answer is None:
            return self._no_vault()
        return _CallError(error, answer)

    def _broken(self, error: Exception) -> StoreError:
        import requests

        if isinstance(error, requests.exceptions.ReadTimeout):
            return _GivenUpError(f"Vault at {self._url} did not answer in time.", hint=_SLOW)
        if isinstance(error, requests.exceptions.RequestException) and not isinstance(error, ValueError):
            hint = "Look at the network, VAULT_ADDR or url, and the certificate (verify), then try again."
            return StoreError(f"Vault at {self._url} cannot be reached ({type(error).__name__}).", hint=hint)
        return self._no_vault()

    def _no_vault(self) -> StoreError:
        hint = "Something else answers in its place, often a proxy: look at HTTPS_PROXY and url."
        return StoreError(f"What answered at {self._url} is not Vault.", hint=hint)


class _GivenUpError(StoreError):
    """Say that a call was given up on; what it writes may still arrive."""


class _CallError(Exception):
    """What Vault said of one call."""

    def __init__(self, error: Any, answer: Mapping[str, Any]) -> None:
        from hvac import exceptions

        super().__init__(type(error).__name__)
        self.answer = answer
        self.word = type(error).__name__
        self.is_missing = isinstance(error, exceptions.InvalidPath)
        self.is_forbidden = isinstance(error, exceptions.Forbidden | exceptions.Unauthorized)
        said = " ".join(map(str, answer.get("errors") or ()))
        self.is_check_and_set = isinstance(error, exceptions.InvalidRequest) and "check-and-set" in said

    def fault(self, right: str) -> Fault:
        return Fault(Trouble.FORBIDDEN, right) if self.is_forbidden else Fault(Trouble.REJECTED, self.word)

    def as_store_error(self, what: str) -> StoreError:
        if self.is_forbidden:
            hint = f"{_LOG_IN} The token's policy has to allow `list` and `read` there."
            return StoreError(f"{what}: Vault does not permit that with this token.", hint=hint)
        return StoreError(f"{what}: there is no such engine ({self.word}).", hint="Check mount_point and namespace.")


def _deleted(answer: Mapping[str, Any]) -> Fault | None:
    """Return the fault of a deleted secret, None where there never was one; both are 404."""
    data = answer.get("data")
    metadata = data.get("metadata") if isinstance(data, Mapping) else None
    if not isinstance(metadata, Mapping) or not metadata.get("version"):
        return None
    return Fault(Trouble.DELETED, version=str(metadata["version"]))


def open_store(kwargs: Mapping[str, Any], environ: Mapping[str, str], timeout: float) -> KeyValue:
    """Return the store that the kwargs of the provider's backend address."""
    try:
        import hvac
    except ImportError as error:
        raise require("Vault", "vault", error) from None
    silence(_LOGGERS)
    url = str(kwargs.get("url") or environ.get("VAULT_ADDR") or "")
    if not url.startswith(("https://", "http://")):
        raise StoreError("No Vault server is named.", hint="Set VAULT_ADDR, or add url: vault:MOUNT?url=https://…")
    settings = {name: kwargs[name] for name in _SETTINGS if kwargs.get(name) is not None}
    namespace = kwargs.get("namespace") or environ.get("VAULT_NAMESPACE") or None
    try:
        client = hvac.Client(url=url.rstrip("/"), namespace=namespace, timeout=timeout, **settings)
        client.token, identity = _token(kwargs, environ)
        store = KeyValue(
            client, str(kwargs["mount_point"]).strip("/"), int(kwargs["kv_engine_version"]), identity, timeout
        )
        if not client.token:
            store.identity = _log_in(store, client, kwargs)
    except OSError as error:
        raise StoreError(f"Vault cannot be used ({error.strerror}).", hint=_LOG_IN) from None
    return store


def _token(kwargs: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str | None, str]:
    if environ.get("VAULT_TOKEN"):
        return environ["VAULT_TOKEN"], "VAULT_TOKEN"
    if kwargs.get("token"):
        return str(kwargs["token"]), "the token in the backend's kwargs"
    if kwargs.get("token_path"):
        return Path(kwargs["token_path"]).read_text(encoding="utf-8").strip(), f"token file {kwargs['token_path']}"
    helper = Path(environ.get("HOME") or "~").expanduser() / ".vault-token"
    own = kwargs.get("role_id") and kwargs.get("secret_id")
    if not own and helper.is_file():
        return helper.read_text(encoding="utf-8").strip(), "`vault login`"
    return None, ""


def _log_in(store: KeyValue, client: Any, kwargs: Mapping[str, Any]) -> str:
    """Log in with an AppRole that stands whole in the kwargs."""
    role, secret = kwargs.get("role_id"), kwargs.get("secret_id")
    if not (role and secret):
        raise StoreError("There is no usable Vault login.", hint=_LOG_IN)
    mount = kwargs.get("auth_mount_point") or "approle"
    try:
        store._call(client.auth.approle.login, role_id=role, secret_id=secret, mount_point=mount)  # noqa: SLF001
    except _CallError:
        raise StoreError("Vault does not accept the AppRole in the backend's kwargs.", hint=_LOG_IN) from None
    return "the AppRole in the backend's kwargs"
