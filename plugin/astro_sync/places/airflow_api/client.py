"""The REST API of one Airflow: which version it is, and answers that are what they should be."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply, Transport, refused

_OK: Final = 200
_TOO_MANY_REQUESTS: Final = 429
_MOST_WAITS: Final = 3
_LONGEST_WAIT: Final = 20.0


@dataclass(slots=True, eq=False, repr=False)
class AirflowClient:
    """One Airflow behind a transport; `name` names it to the user, `pause` waits where it asks for that."""

    transport: Transport
    name: str
    pause: Callable[[float], None] = time.sleep
    _version: int | None = field(default=None, init=False)

    @property
    def version(self) -> int:
        """Return the version of its API: 2 since Airflow 3, else 1."""
        if self._version is None:
            major = str(self.fields(self.get("/version")).get("version")).partition(".")[0]
            if not major.isdecimal():
                raise self.not_the_api()
            self._version = 1 if int(major) < 3 else 2  # noqa: PLR2004 - Airflow 3
        return self._version

    def ask(self, method: str, path: str, body: object = None) -> Reply:
        """Send one request, again after a while if there were too many."""
        content = None if body is None else json.dumps(body).encode()
        reply = self.transport.send(method, path, content)
        for number in range(_MOST_WAITS):
            if reply.status != _TOO_MANY_REQUESTS:
                break
            self.pause(min(reply.retry_after or 2.0**number, _LONGEST_WAIT))
            reply = self.transport.send(method, path, content)
        return reply

    def get(self, path: str) -> object:
        """Return what is there; raises ApiError for any other answer."""
        return self.accept(self.ask("GET", path))

    def accept(self, reply: Reply) -> object:
        """Return the body of a success; raises ApiError for any other answer."""
        if reply.status != _OK:
            raise refused(self.name, reply.status)
        return reply.json

    def fields(self, found: object) -> Mapping[str, Any]:
        """Return a JSON object; raises ApiError if it is none."""
        if not isinstance(found, dict):
            raise self.not_the_api()
        return found

    def not_the_api(self) -> ApiError:
        """Return the error for an answer that has not the form that it should have."""
        return ApiError(f"{self.name} answered otherwise than Airflow's REST API does.", Fault.NOT_THE_API)
