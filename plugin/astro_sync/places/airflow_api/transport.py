"""How requests reach an API: one method to implement, and the errors of what goes wrong on the way."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from astro_sync.errors import UnusableError


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its HTTP status, and its body as JSON, None if it has none."""

    status: int
    json: object = field(default=None, repr=False)
    retry_after: float | None = None


class Transport(Protocol):
    """The way to one API; its paths begin behind the version's prefix, as `/variables`."""

    def send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Send one request and return its answer, whatever the status.

        Raises ApiError if there is no answer that is one of the API.
        """
        ...


class Fault(StrEnum):
    """The kinds of failures of a request."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    REDIRECTED = "redirected"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    SERVER_ERROR = "server-error"
    TIMED_OUT = "timed-out"
    CUT_OFF = "cut-off"
    NOT_THE_API = "not-the-api"
    CHANGING = "changing"
    OTHER = "other"


# After these it is not known whether a request that writes was carried out.
_MAY_HAVE_BEEN_DONE: Final = frozenset(
    {Fault.SERVER_ERROR, Fault.TIMED_OUT, Fault.CUT_OFF, Fault.NOT_THE_API, Fault.OTHER}
)


class ApiError(UnusableError):
    """Say that an API could not be used, and how the request failed; never what was sent or answered."""

    code = "api-unusable"

    def __init__(self, message: str, fault: Fault, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.fault = fault

    @property
    def may_have_been_done(self) -> bool:
        """Tell whether a request that writes may have been carried out all the same."""
        return self.fault in _MAY_HAVE_BEEN_DONE


def refused(name: str, status: int) -> ApiError:
    """Return the error for a status that is no success; the answer's own text may echo values, and stays out."""
    fault, meaning, hint = _STATUSES.get(status) or _class_of(status)
    return ApiError(f"{name} answered {status}: {meaning}.", fault, hint=hint)


def _class_of(status: int) -> tuple[Fault, str, str]:
    if status >= 500:  # noqa: PLR2004 - HTTP's own classes
        return Fault.SERVER_ERROR, "it failed", "Look into its log, then run the command again."
    return Fault.OTHER, "it refused the request", "Check the address and the permissions."


_TRY_LATER: Final = "Try again later."
_STATUSES: Final = {
    400: (Fault.REJECTED, "it does not accept this", "Check the names and fields of what is sent."),
    401: (Fault.UNAUTHORIZED, "not logged in, or the token is expired", "Check the login or the token."),
    # Airflow 3 answers 403 to a token that it does not know, too (fixtures/places-contract.md, 5.1)
    403: (Fault.FORBIDDEN, "no permission, or an invalid token", "Check the token and its role."),
    404: (Fault.NOT_FOUND, "not found", "Check the address."),
    407: (Fault.FORBIDDEN, "the proxy wants a login", "Put user and password into HTTPS_PROXY."),
    409: (Fault.CONFLICT, "it exists already", "Run the command again: it reads anew."),
    422: (Fault.REJECTED, "it does not accept this", "Check the names and fields of what is sent."),
    429: (Fault.THROTTLED, "too many requests", _TRY_LATER),
    502: (Fault.SERVER_ERROR, "the server behind it does not answer", "Is it running, or hibernating?"),
    503: (Fault.SERVER_ERROR, "it is not available", "Is it running, or hibernating?"),
    504: (Fault.SERVER_ERROR, "the server behind it did not answer in time", _TRY_LATER),
}
