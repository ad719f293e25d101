"""Requests to any Airflow by HTTP, with the standard library alone.

TLS is verified, one time limit holds for each call as a whole, and no other host than the one that was named gets the
credentials.
"""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from astro_sync.errors import UsageError
from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply, refused

if TYPE_CHECKING:
    import socket
    import ssl
    from http.client import HTTPConnection, HTTPResponse

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_VERSIONS: Final = ("/api/v2", "/api/v1")
_MOST_REDIRECTS: Final = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, or a user and a password; all may be missing."""

    token: str | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


class HttpTransport:
    """The Airflow at one address, with or without a path; `environ` names proxies and certificates."""

    def __init__(
        self, address: str, credentials: Credentials, environ: Mapping[str, str], timeout: float, *, plain: bool = False
    ) -> None:
        self._root = _parse(address, plain=plain)
        self._credentials = credentials
        self._environ = environ
        self._timeout = timeout
        self._prefix: str | None = None
        self._authorization: str | None = None
        self.name = f"Airflow at {self._root.hostname}{self._root.path}"

    @property
    def address(self) -> str:
        """Return the address without what may be left out of it."""
        return self._root.geturl()

    def send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Send one request; the first one also finds out which version of the API is there, and logs in."""
        if self._prefix is None:
            self._authorization = self._log_in()
            self._prefix = self._find_version()
        return self._request(method, self._prefix + path, body)

    def _find_version(self) -> str:
        """Return the prefix of the newest version that answers (Airflow 3 has no v1, Airflow 2 no v2)."""
        for prefix in _VERSIONS:
            reply = self._request("GET", f"{prefix}/version", None)
            if reply.status == 200 and isinstance(reply.json, dict) and "version" in reply.json:  # noqa: PLR2004
                return prefix
            if reply.status not in {200, 404, 405}:
                raise refused(self.name, reply.status)
        hint = "Give the address up to the part before /api/v2, as the browser shows it for Airflow's start page."
        raise ApiError(f"{self.name} has no REST API of Airflow.", Fault.NOT_FOUND, hint=hint)

    def _log_in(self) -> str | None:
        """Return the header that proves who asks: a token that was given, or one for user and password."""
        own = self._credentials
        if own.token:
            return f"Bearer {own.token}"
        if own.user is None:
            return None
        question = json.dumps({"username": own.user, "password": own.password or ""}).encode()
        reply = self._request("POST", "/auth/token", question)
        if reply.status in {404, 405}:  # Airflow 2 (fixtures/places-contract.md, 5.2)
            return "Basic " + b64encode(f"{own.user}:{own.password or ''}".encode()).decode()
        token = reply.json.get("access_token") if isinstance(reply.json, dict) else None
        if reply.status not in {200, 201} or not isinstance(token, str):
            raise refused(self.name, reply.status)
        return f"Bearer {token}"

    def _request(self, method: str, path: str, body: bytes | None) -> Reply:
        deadline = time.monotonic() + self._timeout
        target = self._root.path + path
        for _ in range(_MOST_REDIRECTS + 1):
            with self._exchange(method, target, body, deadline) as response:
                location = response.headers.get("Location")
                if not (300 <= response.status < 400 and location):  # noqa: PLR2004 - HTTP's own classes
                    return self._reply(response)
            target = self._follow(method, target, location)
        raise ApiError(f"{self.name} redirects in circles.", Fault.REDIRECTED)

    @contextmanager
    def _exchange(self, method: str, target: str, body: bytes | None, deadline: float) -> "Iterator[HTTPResponse]":
        """Send one request and give its answer; at the deadline the socket is closed, whatever it waits for."""
        import http.client
        import ssl

        connection, target, headers = self._open(target, deadline)
        guard = _Deadline(deadline)
        try:
            with guard:
                connection.connect()
                guard.watch(connection.sock)
                connection.request(method, target, body, headers | self._headers(body))
                yield connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            hint = "Name the file of the issuing certificate in SSL_CERT_FILE."
            reason = error.verify_message
            raise ApiError(f"{self.name} has no trusted certificate: {reason}.", Fault.UNTRUSTED, hint=hint) from None
        except TimeoutError:
            raise self._timed_out() from None
        except (OSError, http.client.HTTPException) as error:
            if guard.expired:
                raise self._timed_out() from None
            if not guard.connected:
                why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
                hint = "Check the address, the network and the proxy."
                raise ApiError(f"{self.name} cannot be reached{why}.", Fault.UNREACHABLE, hint=hint) from None
            raise ApiError(f"{self.name} broke off in the middle of its answer.", Fault.CUT_OFF) from None
        finally:
            connection.close()

    def _timed_out(self) -> ApiError:
        hint = "Try again, or allow more time with --timeout SECONDS."
        return ApiError(f"{self.name} did not answer within {self._timeout:g} seconds.", Fault.TIMED_OUT, hint=hint)

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _open(self, target: str, deadline: float) -> "tuple[HTTPConnection, str, dict[str, str]]":
        """Return a connection to the host or to its proxy, the target as that wants it, and headers for it."""
        from http.client import HTTPConnection, HTTPSConnection

        root, proxy = self._root, _find_proxy(self._root, self._environ)
        remaining = max(deadline - time.monotonic(), 0.001)
        host, port = root.hostname or "", root.port
        to = (proxy.hostname or "", proxy.port) if proxy else (host, port)
        login = _proxy_login(proxy)
        if root.scheme == "https":
            secure = HTTPSConnection(to[0], to[1], timeout=remaining, context=_tls(self._environ))
            if proxy:
                secure.set_tunnel(host, port, headers=login)
            return secure, target, {}
        plain = HTTPConnection(to[0], to[1], timeout=remaining)
        return plain, f"http://{root.netloc}{target}" if proxy else target, login

    def _reply(self, response: "HTTPResponse") -> Reply:
        """Read an answer; a page of HTML is none of Airflow's, whatever its status says."""
        text = response.read()
        try:
            found = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            if response.status < 400:  # noqa: PLR2004 - HTTP's own classes
                hint = "A proxy or a login page may stand in front of it: check the address."
                message = f"{self.name} answered with something that is no JSON."
                raise ApiError(message, Fault.NOT_THE_API, hint=hint) from None
            found = None
        wait = response.headers.get("Retry-After", "")
        return Reply(response.status, found, float(wait) if wait.isdecimal() else None)

    def _follow(self, method: str, target: str, location: str) -> str:
        """Return where a redirect leads; only a read is sent again, and only to the same host."""
        here = f"{self._root.scheme}://{self._root.netloc}"
        goal = urlsplit(urljoin(here + target, location))
        if method != "GET" or (goal.scheme, goal.netloc) != (self._root.scheme, self._root.netloc):
            message = f"{self.name} redirects to {goal.scheme}://{goal.hostname}."
            raise ApiError(message, Fault.REDIRECTED, hint="If that is right, name that address.")
        return goal.path + (f"?{goal.query}" if goal.query else "")


class _Deadline:
    """A limit for all that one exchange waits for once it is connected."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(deadline - time.monotonic(), 0), self._expire)
        self._timer.daemon = True
        self.expired = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def connected(self) -> bool:
        """Tell whether there was a connection, so that the request may have arrived."""
        return self._socket is not None

    def watch(self, connected: "socket.socket") -> None:
        """Close this socket at the deadline; raises TimeoutError if that is over."""
        if time.monotonic() >= self._deadline:
            raise TimeoutError
        self._socket = connected

    def _expire(self) -> None:
        import socket

        self.expired = True
        if self._socket is not None:
            with suppress(OSError):
                # not the method of a TLS socket, which drops what a reading thread still uses
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _parse(address: str, *, plain: bool) -> SplitResult:
    """Take an address apart, without a final slash and without the API's own prefix; raises UsageError."""
    hint = "Write it as airflow:https://HOST/PATH."
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for a malformed one
    except ValueError:
        raise UsageError("The address of Airflow is malformed.", hint=hint) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("The address of Airflow has no https:// and host.", hint=hint)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        hint = "Set ASTRO_SYNC_AIRFLOW_TOKEN, or ASTRO_SYNC_AIRFLOW_USER and ASTRO_SYNC_AIRFLOW_PASSWORD."
        raise UsageError("The address of Airflow may have no user, password, query or fragment.", hint=hint)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not plain:
        hint = "Use https, or allow it with --allow-http: values and credentials travel readable by others."
        raise UsageError(f"http://{parts.hostname} is not encrypted.", hint=hint)
    path = parts.path.rstrip("/")
    for prefix in _VERSIONS:
        path = path.removesuffix(prefix)
    return parts._replace(path=path.rstrip("/"))


def _find_proxy(root: SplitResult, environ: Mapping[str, str]) -> SplitResult | None:
    """Return the proxy that the environment names for this host, in the spelling that wins with curl and Python."""
    named = {name.lower(): text for name, text in environ.items() if name.isupper()}
    named |= {name: text for name, text in environ.items() if name.islower()}
    address = named.get(f"{root.scheme}_proxy") or named.get("all_proxy")
    here = root.scheme == "http" and root.hostname in _LOOPBACK  # in plain text nothing leaves this machine
    if not address or here or _goes_around(root, named.get("no_proxy", "")):
        return None
    try:
        proxy = urlsplit(address if "://" in address else f"http://{address}")
        proxy.port  # noqa: B018 - raises for a malformed one
    except ValueError:
        proxy = SplitResult("", "", "", "", "")
    if proxy.scheme != "http" or not proxy.hostname:
        hint = f"Set {root.scheme}_proxy to http://HOST:PORT, or name {root.hostname} in no_proxy."
        raise ApiError("The environment names a proxy that cannot be used.", Fault.UNREACHABLE, hint=hint)
    return proxy


def _goes_around(root: SplitResult, exceptions: str) -> bool:
    """Tell whether a host is among those of `no_proxy`: names, the ends of names, with or without a port, or all."""
    ends = [part.strip().lower().removeprefix(".") for part in exceptions.split(",") if part.strip()]
    host = root.hostname or ""
    spelled = (host, f"{host}:{root.port or (443 if root.scheme == 'https' else 80)}")
    return "*" in ends or any(name == end or name.endswith(f".{end}") for end in ends for name in spelled)


def _proxy_login(proxy: SplitResult | None) -> dict[str, str]:
    if proxy is None or proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _tls(environ: Mapping[str, str]) -> "ssl.SSLContext":
    import ssl

    context = ssl.create_default_context()
    if own := environ.get("SSL_CERT_FILE"):
        with suppress(OSError):
            context.load_verify_locations(own)
    return context
