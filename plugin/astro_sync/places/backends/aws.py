"""What both AWS stores share: the session of the person's own login, and the errors of boto3."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from astro_sync.places.backends.base import Fault, StoreError, Trouble, require, silence

_LOGGERS: Final = ("boto3", "botocore", "urllib3")
_STATIC_KEYS: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_LONG: Final = 30.0  # a time limit that leaves room for the waits between five tries
_THROTTLED: Final = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_LOGIN: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredTokenException",
        "ExpiredToken",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
_NOT_READABLE: Final = frozenset({"DecryptionFailure", "InternalServiceError", "InvalidKeyId", "InternalServerError"})
_LOG_IN: Final = "Log in (`aws sso login`, `aws configure`) or set AWS_PROFILE, then try again."


class AwsClient(NamedTuple):
    """A client of one AWS service; `service` is the word before the colon in the names of its permissions."""

    client: Any
    service: str
    region: str
    identity: str
    caller: Callable[[], str]

    def call(self, operation: str, **arguments: Any) -> Any:
        """Make one call and return its answer; raises CallError for what the service says of it, else StoreError."""
        from botocore.exceptions import ClientError

        try:
            return getattr(self.client, operation)(**arguments)
        except ClientError as error:
            raise self._refused(operation, error) from None
        except Exception as error:  # noqa: BLE001 - an error of the SDK may show a request
            raise self._broken(error) from None

    def pages(self, operation: str, **arguments: Any) -> Any:
        """Yield every page of a listing; raises StoreError, also for one that goes round in a circle."""
        token: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            page = self.call(operation, **arguments, **token)
            yield page
            following = page.get("NextToken")
            if not following:
                return
            if following in seen:
                raise StoreError(f"AWS gave out the same page of {operation} twice.", hint="Try again later.")
            seen.add(following)
            token = {"NextToken": following}

    def member(self, answer: Any, name: str) -> Any:
        """Return a member of an answer; one without it came from something else, a proxy for example."""
        if isinstance(answer, Mapping) and name in answer:
            return answer[name]
        raise self._not_aws()

    def _refused(self, operation: str, error: Any) -> "CallError | StoreError":
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _LOGIN:
            return StoreError(f"AWS does not accept the login ({code}, {self.identity}).", hint=_LOG_IN)
        if code in _THROTTLED:
            hint = "Try again later, or with fewer calls at once: `--jobs 1`."
            return StoreError(f"AWS keeps throttling {self.service} in {self.region} ({code}).", hint=hint)
        if not code.isalpha():
            return self._not_aws()
        permission = f"{self.service}:{''.join(word.title() for word in operation.split('_'))}"
        return CallError(code, permission)

    def _not_aws(self) -> StoreError:
        hint = "Something else answers in its place, often a proxy: look at HTTPS_PROXY and endpoint_url."
        return StoreError(f"What answered for {self.service} in {self.region} is not AWS.", hint=hint)

    def _broken(self, error: Exception) -> StoreError:
        from botocore import exceptions

        name = type(error).__name__
        if isinstance(error, exceptions.ReadTimeoutError):
            return GivenUpError(f"AWS did not answer in time ({self.service} in {self.region}).", hint=_SLOW)
        if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
            hint = "Look at the network, HTTPS_PROXY, region_name and endpoint_url, then try again."
            return StoreError(f"{self.service} in {self.region} cannot be reached ({name}).", hint=hint)
        if isinstance(error, exceptions.BotoCoreError):
            return StoreError(f"There is no usable AWS login ({name}).", hint=_LOG_IN)
        return self._not_aws()


_SLOW: Final = "Try again, or give it longer: `--timeout SECONDS`."


class CallError(Exception):
    """What an AWS service said of one call: its error code, and the permission that the call takes."""

    def __init__(self, code: str, permission: str) -> None:
        super().__init__(code)
        self.code = code
        self.permission = permission

    @property
    def is_forbidden(self) -> bool:
        """Tell whether a right is missing."""
        return self.code in {"AccessDeniedException", "AccessDenied"}

    def fault(self) -> Fault:
        """Return it as what is wrong with one secret."""
        if self.is_forbidden:
            return Fault(Trouble.FORBIDDEN, self.permission)
        return Fault(Trouble.UNREADABLE if self.code in _NOT_READABLE else Trouble.REJECTED, self.code)

    def as_store_error(self, where: str) -> StoreError:
        """Return it as what keeps the whole store from being used."""
        if self.is_forbidden:
            hint = f"Ask for the permission {self.permission}, or use another login: AWS_PROFILE."
            return StoreError(f"{where} may not be listed with this login.", hint=hint)
        return StoreError(f"{where} cannot be listed ({self.code}).", hint="Put that right, then try again.")


class GivenUpError(StoreError):
    """Say that a call was given up on; what it writes may still arrive."""


def connect(service: str, kwargs: Mapping[str, Any], environ: Mapping[str, str], timeout: float) -> AwsClient:
    """Return a client with the person's own login, or the kwargs' own where it is one on this machine."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise require("AWS", "aws", error) from None
    silence(_LOGGERS)
    # standard mode waits at most 1 + 2 + 4 + 8 s between five tries; each try gets its part of the time limit
    tries = 5 if timeout >= _LONG else 2
    seconds = max(1.0, timeout / (tries + 1))
    retries = {"mode": "standard", "total_max_attempts": tries}
    config = Config(retries=retries, connect_timeout=min(10.0, seconds), read_timeout=seconds, max_pool_connections=20)
    try:
        login, identity = _login(boto3, kwargs, environ)
        region = kwargs.get("region_name") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
        session = boto3.Session(region_name=region, **login)
        options = {name: kwargs[name] for name in ("endpoint_url", "verify") if kwargs.get(name) is not None}
        client = session.client(service, config=config, **options)
        sts = lambda: session.client("sts", config=config, **options)  # noqa: E731 - only some runs ask
    except BotoCoreError as error:
        name = type(error).__name__
        hint = "Add region_name to the kwargs or set AWS_REGION." if name == "NoRegionError" else _LOG_IN
        raise StoreError(f"AWS cannot be used with these settings ({name}).", hint=hint) from None
    except ValueError:
        hint = "Look at endpoint_url and region_name in the kwargs."
        raise StoreError("AWS cannot be used with these settings.", hint=hint) from None
    return AwsClient(client, service, str(client.meta.region_name), identity, lambda: _account(sts))


def _login(boto3: Any, kwargs: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    profile = kwargs.get("profile_name")
    if profile and profile in boto3.Session().available_profiles:
        return {"profile_name": profile}, f"profile {profile}"
    keys = {name: environ[name.upper()] for name in _STATIC_KEYS if environ.get(name.upper())}
    if "aws_access_key_id" in keys:
        return keys, "AWS_ACCESS_KEY_ID"
    if environ.get("AWS_PROFILE"):
        return {"profile_name": environ["AWS_PROFILE"]}, f"profile {environ['AWS_PROFILE']}"
    own = {name: str(kwargs[name]) for name in _STATIC_KEYS if kwargs.get(name)}
    if {"aws_access_key_id", "aws_secret_access_key"} <= own.keys():
        return own, "the access key in the backend's kwargs"
    return {}, "the default login of the AWS SDK"


def _account(sts: Callable[[], Any]) -> str:
    """Return the number of the account; not to know it is no reason to stop."""
    try:
        return str(sts().get_caller_identity()["Account"])
    except Exception:  # noqa: BLE001 - whatever keeps STS from answering
        return ""


def describe(account: str, region: str) -> str:
    """Return where a store of AWS is."""
    return f"AWS account {account or 'unknown'}, region {region}"


def account_of(arn: object) -> str:
    """Return the account in an ARN, `arn:aws:SERVICE:REGION:ACCOUNT:…`."""
    return (*str(arn).split(":"), *[""] * 5)[4]
