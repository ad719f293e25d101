"""Requests through `astro api airflow` and `astro api cloud`, with the login of the Astro CLI.

Bodies, and so all values, go to stdin. The status is in the head that `-i` prints (fixtures/places-contract.md, 5.3).
"""

import json
import re
from typing import Final

from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply
from astro_sync.places.astro_cli import Answer, Astro, NotLoggedInError, judge_login

# Lines such as "Using an Astro API Token" may stand in front of it.
_HEAD: Final = re.compile(r"^HTTP/[\d.]+ (\d{3})[^\n]*\n(.*?)^\r?\n", re.MULTILINE | re.DOTALL)
_RETRY_AFTER: Final = re.compile(r"^Retry-After: (\d+)\r?$", re.MULTILINE | re.IGNORECASE)


class AstroTransport:
    """The API that `astro api AREA` reaches; `flags` say which Airflow is meant."""

    def __init__(self, astro: Astro, area: str, flags: tuple[str, ...], name: str) -> None:
        self._astro = astro
        self._words = ("api", area)
        self._flags = flags
        self._name = name

    def send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Run one call of `astro api`."""
        words = [*self._words, path, *self._flags, "-X", method, "-i"]
        if body is None:
            answer = self._astro.run(*words)
        else:
            # the line end is for a login that would ask: it must not wait for one
            answer = self._astro.run(*words, "--input", "-", stdin=body + b"\n")
        if answer.status is None:
            raise ApiError(f"{self._name} did not answer within {self._astro.timeout:g} seconds.", Fault.TIMED_OUT)
        head = _HEAD.search(answer.stdout)
        if head is None:
            raise self._failure(answer, show=body is None)
        return self._reply(answer, head)

    def _reply(self, answer: Answer, head: re.Match[str]) -> Reply:
        status, text = int(head[1]), answer.stdout[head.end() :]
        wait = _RETRY_AFTER.search(head[2])
        try:
            found = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            if answer.status == 0:
                raise ApiError(f"{self._name} answered with something that is no JSON.", Fault.NOT_THE_API) from None
            found = None
        return Reply(status, found, float(wait[1]) if wait else None)

    def _failure(self, answer: Answer, *, show: bool) -> ApiError | NotLoggedInError:
        """Return the error for a call that made no request, or had no answer to it."""
        try:
            judge_login(answer)
        except NotLoggedInError as error:
            return error
        for sign, fault, meaning, hint in _FAILURES:
            if sign in answer.stderr:
                return ApiError(f"{self._name} {meaning}.", fault, hint=hint)
        lines = [line for line in answer.stderr.splitlines() if line.strip()]
        # astro may repeat what it was given
        own = f" It says: {lines[-1]}" if show and lines and not _CREDENTIAL.search(lines[-1]) else ""
        return ApiError(f"`astro {' '.join(self._words)}` failed for {self._name}.{own}", Fault.OTHER)


_LOG_IN: Final = "Run `astro login`, or set ASTRO_API_TOKEN to a valid token, then try again."
_CREDENTIAL: Final = re.compile(r"token|password|secret|bearer|://[^/\s]*@|[A-Za-z0-9_.-]{24,}", re.IGNORECASE)
_CHOOSE: Final = "Run `astro organization switch`."
_AGAIN: Final = "Try again."
# What astro says, and what it means: the first that fits (fixtures/places-contract.md, 5.3).
_FAILURES: Final = (
    (
        "context deadline exceeded",
        Fault.TIMED_OUT,
        "did not answer within the 30 seconds that `astro api` waits",
        _AGAIN,
    ),
    ("Client.Timeout", Fault.TIMED_OUT, "did not answer within the 30 seconds that `astro api` waits", _AGAIN),
    ("could not connect to Airflow", Fault.UNREACHABLE, "does not answer", "Start it: `astro dev start`."),
    ("reading response", Fault.CUT_OFF, "broke off in the middle of its answer", _AGAIN),
    ("unexpected EOF", Fault.CUT_OFF, "broke off in the middle of its answer", _AGAIN),
    ("executing request", Fault.UNREACHABLE, "cannot be reached", "Check the network, then try again."),
    ("not authenticated", Fault.UNAUTHORIZED, "needs a login to Astro", _LOG_IN),
    ("cloud context", Fault.UNAUTHORIZED, "needs a login to Astro", _LOG_IN),
    ("rganizationId not set", Fault.UNAUTHORIZED, "needs an organization", _CHOOSE),
    ("rganization ID not set", Fault.UNAUTHORIZED, "needs an organization", _CHOOSE),
    ("fetching deployment", Fault.NOT_FOUND, "cannot be found", "Check the id with `astro deployment list --all`."),
    ("does not have an Airflow API URL", Fault.UNREACHABLE, "has no API address", "Is the Deployment healthy?"),
    ("unknown command", Fault.OTHER, "cannot be asked by this astro", "Install the Astro CLI 1.40 or later."),
)
