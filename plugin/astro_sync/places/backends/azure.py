"""Azure Key Vault's secrets (fixtures/places-contract.md, 3.2)."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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

_LOGGERS: Final = ("azure", "msal", "urllib3")
_SETTINGS: Final = ("verify_challenge_resource", "connection_verify", "api_version", "proxies")
_LOG_IN: Final = "Log in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."
_SLOW: Final = "Try again, or give it longer: `--timeout SECONDS`."
_RECOVERING_SECONDS: Final = 60.0


class KeyVault:
    """The secrets of one key vault; it knows names without their case."""

    jobs: int = 8

    def __init__(self, client: Any, url: str, identity: str, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self.where = f"Azure Key Vault {without_login(url)}"
        self.identity = identity

    def scan(self, prefix: str, wanted: Callable[[str], bool]) -> Mapping[str, Found]:
        """List the whole vault, since Azure knows no other listing, then read what is wanted one by one."""

        def ours(name: str) -> bool:
            return name.lower().startswith(prefix.lower()) and wanted(name)

        try:
            held = self._call(lambda: list(self._client.list_properties_of_secrets()))
        except _CallError as error:
            raise error.as_store_error(self.where) from None
        enabled = [properties.name for properties in held if properties.enabled and ours(properties.name)]
        disabled = [properties.name for properties in held if not properties.enabled and ours(properties.name)]
        found: dict[str, Found] = {name: Fault(Trouble.UNREADABLE, "it is disabled") for name in disabled}
        with suppress(_CallError):  # without the right to see deleted ones a write will tell
            deleted = self._call(lambda: list(self._client.list_deleted_secrets()))
            found |= {secret.name: Fault(Trouble.DELETED) for secret in deleted if ours(secret.name)}
        return {**found, **self.read(enabled)}

    def read(self, names: Sequence[str]) -> Mapping[str, Found]:
        """Read each by its name."""
        answers = zip(names, each(self._read, names, at_once=self.jobs), strict=True)
        return {name: found for name, found in answers if found is not None}

    def create(self, name: str, content: Content, *, recover: bool = False) -> Fault | None:
        """Set it where nothing is; a deleted one is recovered first, never purged."""
        if recover:
            return self._recover(name, content)
        found = self._read(name)
        if found is not None:
            return found if isinstance(found, Fault) else Fault(Trouble.CHANGED)
        return self._set(name, content, {})

    def update(self, name: str, content: Content, held: Held) -> Fault | None:
        """Set a version if the newest still is what was read; Azure itself does not compare."""
        found = self._read(name)
        if isinstance(found, Fault):
            return found
        if found is None or found.version != held.version:
            return Fault(Trouble.CHANGED)
        return self._set(name, content, found.keep)

    def _recover(self, name: str, content: Content) -> Fault | None:
        try:
            self._call(lambda: self._client.begin_recover_deleted_secret(name).wait(_RECOVERING_SECONDS))
        except _CallError as error:
            return error.fault("recover")
        found = self._read(name)
        return self._set(name, content, found.keep if isinstance(found, Held) else {})

    def _set(self, name: str, content: Content, keep: Mapping[str, Any]) -> Fault | None:
        try:
            self._call(lambda: self._client.set_secret(name, content, **keep))
        except _CallError as error:
            return error.fault("set")
        except _GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return None

    def _read(self, name: str) -> Found | None:
        try:
            secret = self._call(lambda: self._client.get_secret(name))
        except _CallError as error:
            return None if error.status == 404 else error.fault("get")  # noqa: PLR2004 - HTTP's own number
        if not isinstance(secret.value, str):
            raise self._not_azure()
        properties = secret.properties
        keep = {"content_type": properties.content_type, "tags": properties.tags}
        keep |= {"expires_on": properties.expires_on, "not_before": properties.not_before}
        updated = properties.updated_on.isoformat() if properties.updated_on else ""
        return Held(secret.value, properties.version or "", updated, {k: v for k, v in keep.items() if v is not None})

    def _call(self, call: Callable[[], Any]) -> Any:
        """Make a call; raises _CallError for what the vault says of it, else StoreError."""
        from azure.core.exceptions import (
            ClientAuthenticationError,
            HttpResponseError,
            ServiceRequestError,
            ServiceResponseError,
        )

        try:
            return call()
        except ClientAuthenticationError as error:
            if error.status_code:
                raise StoreError(f"{self.where} does not accept the login ({self.identity}).", hint=_LOG_IN) from None
            raise StoreError("There is no usable Azure login.", hint=_LOG_IN) from None
        except HttpResponseError as error:
            raise self._refused(error) from None
        except ServiceResponseError:
            raise _GivenUpError(f"{self.where} did not answer in time.", hint=_SLOW) from None
        except ServiceRequestError:
            hint = "Look at the network, HTTPS_PROXY, the vault's name and its certificate, then try again."
            raise StoreError(f"{self.where} cannot be reached.", hint=hint) from None
        except Exception:  # noqa: BLE001 - an error of the SDK may show a request
            raise self._not_azure() from None

    def _refused(self, error: Any) -> Exception:
        status, code = error.status_code, getattr(error.error, "code", None)
        if status == 429:  # noqa: PLR2004
            hint = "Try again later, or with fewer calls at once: `--jobs 1`."
            return StoreError(f"Azure keeps throttling calls to {self.where}.", hint=hint)
        if status == 401:  # noqa: PLR2004
            return StoreError(f"{self.where} does not accept the login ({self.identity}).", hint=_LOG_IN)
        if not status or not code:
            return self._not_azure()
        inner = (getattr(error.error, "innererror", None) or {}).get("code", "")
        return _CallError(int(status), str(code), str(inner))

    def _not_azure(self) -> StoreError:
        hint = "Something else answers in its place, often a proxy: look at HTTPS_PROXY and vault_url."
        return StoreError(f"What answered for {self.where} is not a key vault.", hint=hint)


class _GivenUpError(StoreError):
    """Say that a call was given up on; what it writes may still arrive."""


class _CallError(Exception):
    """What a key vault said of one call."""

    def __init__(self, status: int, code: str, inner: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.inner = inner

    def fault(self, right: str) -> Fault:
        if self.inner in {"ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted"}:
            return Fault(Trouble.DELETED)
        if self.status == 403:  # noqa: PLR2004 - HTTP's own number
            disabled = self.inner == "SecretDisabled"
            return (
                Fault(Trouble.UNREADABLE, "it is disabled")
                if disabled
                else Fault(Trouble.FORBIDDEN, f"secrets/{right}")
            )
        return Fault(Trouble.REJECTED, self.code)

    def as_store_error(self, where: str) -> StoreError:
        if self.status == 403:  # noqa: PLR2004
            hint = "Ask for the right to list secrets (the role Key Vault Secrets Officer, or User to read)."
            return StoreError(f"{where} may not be listed with this login.", hint=hint)
        return StoreError(f"{where} cannot be listed ({self.code}).", hint="Put that right, then try again.")


def open_store(kwargs: Mapping[str, Any], environ: Mapping[str, str], timeout: float) -> KeyVault:
    """Return the store that the kwargs of the provider's backend address."""
    try:
        import azure.identity
        from azure.core.exceptions import AzureError
        from azure.keyvault.secrets import SecretClient
    except ImportError as error:
        raise require("Azure Key Vault", "azure", error) from None
    silence(_LOGGERS)
    url = str(kwargs.get("vault_url") or "")
    if not url.startswith("https://"):
        raise StoreError("No key vault is named.", hint="Add vault_url: azurekeyvault:https://NAME.vault.azure.net")
    own = [str(kwargs.get(name) or "") for name in ("tenant_id", "client_id", "client_secret")]
    try:
        if all(own):
            credential: Any = azure.identity.ClientSecretCredential(*own)
            identity = "the client secret in the backend's kwargs"
        else:
            credential = azure.identity.DefaultAzureCredential()
            identity = "AZURE_CLIENT_ID" if environ.get("AZURE_CLIENT_ID") else "the default login of the Azure SDK"
        settings = {name: kwargs[name] for name in _SETTINGS if kwargs.get(name) is not None}
        client = SecretClient(
            url,
            credential,
            retry_total=5,
            timeout=timeout,
            retry_backoff_max=max(1, int(timeout / 4)),
            connection_timeout=min(10.0, timeout),
            read_timeout=timeout,
            **settings,
        )
    except (AzureError, ValueError) as error:
        raise StoreError(f"{url} cannot be used with these settings ({type(error).__name__}).", hint=_LOG_IN) from None
    return KeyVault(client, url, identity, timeout)
