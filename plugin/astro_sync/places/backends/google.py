"""Google Secret Manager (fixtures/places-contract.md, 2.2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from astro_sync.concurrency import each
from astro_sync.places.backends.base import Content, Fault, Found, Held, StoreError, Trouble, require, silence

ENDPOINT: Final = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"  # gcloud's own
_LOGGERS: Final = ("google", "urllib3")
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_PAGE: Final = 1000
_LOG_IN: Final = "Log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS."


class SecretManager:
    """The secrets of one Google Cloud project."""

    jobs: int = 8

    def __init__(self, client: Any, project: str, identity: str, timeout: float) -> None:
        self._client = client
        self._project = project
        self._timeout = timeout
        self.identity = identity

    @property
    def where(self) -> str:
        """Return the project."""
        return f"Google Cloud project {self._project}"

    def scan(self, prefix: str, wanted: Callable[[str], bool]) -> Mapping[str, Found]:
        """List, then read one by one; Google's filter finds the prefix anywhere in a name."""
        request: dict[str, Any] = {"parent": f"projects/{self._project}", "page_size": _PAGE}
        if prefix:
            request["filter"] = f"name:{prefix}"
        try:
            secrets = self._call(lambda **options: list(self._client.list_secrets(request, **options)))
        except _CallError as error:
            raise error.as_store_error(self.where, "secretmanager.secrets.list") from None
        names = [secret.name.rpartition("/")[2] for secret in secrets]
        return self.read([name for name in names if name.startswith(prefix) and wanted(name)])

    def read(self, names: Sequence[str]) -> Mapping[str, Found]:
        """Read the newest version of each; a secret without one is as good as missing."""
        answers = zip(names, each(self._read, names, at_once=self.jobs), strict=True)
        return {name: found for name, found in answers if found is not None}

    def create(self, name: str, content: Content, *, recover: bool = False) -> Fault | None:  # noqa: ARG002 - a deletion here is final
        """Create a secret and its first version; one that an interrupted run left without a version gets it now."""
        request = {
            "parent": f"projects/{self._project}",
            "secret_id": name,
            "secret": {"replication": {"automatic": {}}},
        }
        try:
            self._call(self._client.create_secret, request=request, once=True)
        except _CallError as error:
            if not error.is_conflict:
                return error.fault("secretmanager.secrets.create")
            found = self._read(name)
            if found is not None:
                return found if isinstance(found, Fault) else Fault(Trouble.CHANGED)
        except _GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return self._add(name, content)

    def update(self, name: str, content: Content, held: Held) -> Fault | None:
        """Add a version if the newest still is what was read; Google itself does not compare."""
        found = self._read(name)
        if isinstance(found, Fault):
            return found
        if found is None or found.version != held.version:
            return Fault(Trouble.CHANGED)
        return self._add(name, content)

    def _add(self, name: str, content: Content) -> Fault | None:
        payload = {"data": str(content).encode()}
        request = {"parent": f"projects/{self._project}/secrets/{name}", "payload": payload}
        try:
            self._call(self._client.add_secret_version, request=request, once=True)
        except _CallError as error:
            return error.fault("secretmanager.versions.add")
        except _GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return None

    def _read(self, name: str) -> Found | None:
        request = {"name": f"projects/{self._project}/secrets/{name}/versions/latest"}
        try:
            answer = self._call(self._client.access_secret_version, request=request)
        except _CallError as error:
            return None if error.is_missing else error.fault("secretmanager.versions.access")
        try:
            text = answer.payload.data.decode()
        except UnicodeDecodeError:
            return Fault(Trouble.UNREADABLE, "it is binary")
        return Held(text, answer.name.rpartition("/")[2])

    def _call(self, method: Callable[..., Any], *, once: bool = False, **arguments: Any) -> Any:
        """Make a call; a write is only repeated where it was throttled, not where it may have arrived."""
        from google.api_core import exceptions, retry
        from google.auth.exceptions import GoogleAuthError

        again = [exceptions.TooManyRequests, *([] if once else [exceptions.ServiceUnavailable])]
        patience = retry.Retry(predicate=retry.if_exception_type(*again), initial=0.5, timeout=self._timeout)
        try:
            return method(**arguments, retry=patience, timeout=self._timeout)
        except exceptions.RetryError as error:
            raise self._busy(error.cause) from None
        except exceptions.GoogleAPICallError as error:
            raise self._refused(error) from None
        except GoogleAuthError as error:
            raise _no_login(error) from None
        except Exception as error:  # noqa: BLE001 - an error of the SDK may show a request
            raise self._broken(error) from None

    def _refused(self, error: Any) -> Exception:
        if error.code in {429, 503}:
            return self._busy(error)
        if error.code == 401:  # noqa: PLR2004 - HTTP's own numbers
            return StoreError(f"Google does not accept the login ({self.identity}).", hint=_LOG_IN)
        if error.code == 504:  # noqa: PLR2004
            return _GivenUpError(f"{self.where} did not answer in time.", hint=_SLOW)
        if not error.code or not _is_json(error.response):  # a Response of an error is falsy
            return self._not_google()
        return _CallError(int(error.code), type(error).__name__)

    def _busy(self, error: Any) -> StoreError:
        if getattr(error, "code", None) == 429:  # noqa: PLR2004
            hint = "Try again later, or with fewer calls at once: `--jobs 1`."
            return StoreError(f"Google keeps throttling calls to {self.where}.", hint=hint)
        return StoreError(f"Google Secret Manager is not available for {self.where}.", hint="Try again later.")

    def _broken(self, error: Exception) -> StoreError:
        import requests

        if isinstance(error, requests.exceptions.ReadTimeout):
            return _GivenUpError(f"{self.where} did not answer in time.", hint=_SLOW)
        if isinstance(error, requests.exceptions.RequestException) and not isinstance(error, ValueError):
            hint = f"Look at the network, HTTPS_PROXY and {ENDPOINT}, then try again."
            return StoreError(f"Google Secret Manager cannot be reached ({type(error).__name__}).", hint=hint)
        return self._not_google()

    def _not_google(self) -> StoreError:
        hint = f"Something else answers in its place, often a proxy: look at HTTPS_PROXY and {ENDPOINT}."
        return StoreError(f"What answered for {self.where} is not Google Secret Manager.", hint=hint)


class _GivenUpError(StoreError):
    """Say that a call was given up on; what it writes may still arrive."""


class _CallError(Exception):
    """What Google said of one call: the HTTP status, which REST and gRPC share."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word

    @property
    def is_missing(self) -> bool:
        return self.status == 404  # noqa: PLR2004

    @property
    def is_conflict(self) -> bool:
        return self.status == 409  # noqa: PLR2004

    def fault(self, permission: str) -> Fault:
        if self.status == 403:  # noqa: PLR2004
            return Fault(Trouble.FORBIDDEN, permission)
        if self.word == "FailedPrecondition" or permission.endswith(".access"):
            return Fault(Trouble.UNREADABLE, "its newest version is disabled or destroyed")
        return Fault(Trouble.REJECTED, self.word)

    def as_store_error(self, where: str, permission: str) -> StoreError:
        if self.status == 403:  # noqa: PLR2004
            hint = f"Ask for the permission {permission} in the project, or use another login."
            return StoreError(f"{where} may not be listed with this login.", hint=hint)
        return StoreError(f"{where} cannot be listed ({self.word}).", hint="Check the project's name, then try again.")


_SLOW: Final = "Try again, or give it longer: `--timeout SECONDS`."


def _no_login(error: Exception) -> StoreError:
    return StoreError(f"There is no usable Google login ({type(error).__name__}).", hint=_LOG_IN)


def _is_json(response: Any) -> bool:
    return "json" in str(getattr(response, "headers", {}).get("content-type", ""))


def open_store(kwargs: Mapping[str, Any], environ: Mapping[str, str], timeout: float) -> SecretManager:
    """Return the store that the kwargs of the provider's backend address."""
    try:
        from google.auth.exceptions import GoogleAuthError
        from google.cloud.secretmanager import SecretManagerServiceClient
    except ImportError as error:
        raise require("Google Secret Manager", "google", error) from None
    silence(_LOGGERS)
    try:
        credentials, project, identity = _login(kwargs, environ)
        project = str(kwargs.get("project_id") or project or "")
        endpoint = (environ.get(ENDPOINT) or "").rstrip("/")
        options = {"api_endpoint": endpoint} if endpoint else {}
        client = SecretManagerServiceClient(credentials=credentials, transport="rest", client_options=options)
    except GoogleAuthError as error:
        raise _no_login(error) from None
    except (OSError, ValueError) as error:
        raise _no_login(error) from None
    if not project:
        raise StoreError("No Google Cloud project is named.", hint="Add project_id: gcpsecrets:PROJECT")
    return SecretManager(client, project, identity, timeout)


def _login(kwargs: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Any, str | None, str]:
    from pathlib import Path

    import google.auth

    key_path, key = kwargs.get("gcp_key_path"), kwargs.get("gcp_keyfile_dict")
    if key_path and Path(key_path).is_file():
        credentials, project = google.auth.load_credentials_from_file(key_path, scopes=[_SCOPE])
        return credentials, project, f"key file {key_path}"
    if isinstance(key, Mapping):
        credentials, project = google.auth.load_credentials_from_dict(dict(key), scopes=[_SCOPE])
        return credentials, project, "the key in the backend's kwargs"
    credentials, project = google.auth.default(scopes=[_SCOPE])
    named = "GOOGLE_APPLICATION_CREDENTIALS"
    return credentials, project, named if environ.get(named) else "application default credentials"
