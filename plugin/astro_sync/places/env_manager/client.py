"""The environment objects of one Workspace or Deployment, read and written through `astro api cloud`."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from astro_sync.concurrency import each as run_each
from astro_sync.core.model import Kind, Name
from astro_sync.places.airflow_api.report import Report, WriteResult
from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply, Transport, refused
from astro_sync.places.env_manager.objects import (
    TYPES,
    RemoteObject,
    Scope,
    WriteObject,
    create_body,
    parse_object,
    unfit,
    update_body,
)

# `astro` puts in the organization of the login (fixtures/places-contract.md, 6)
_OBJECTS: Final = "/organizations/{organizationId}/environment-objects"
_PAGE: Final = 1000
_MOST_READINGS: Final = 3
_OK: Final = 200


class SecretsNotAllowedError(ApiError):
    """Say that the organization gives out no secrets."""

    code = "secrets-not-allowed"

    def __init__(self, name: str) -> None:
        hint = (
            "Ask an administrator for Organization Settings > General > Environment Secrets Fetching, "
            "or leave out --with-secrets."
        )
        super().__init__(f"The organization does not allow reading the secrets of {name}.", Fault.FORBIDDEN, hint=hint)


class EnvManagerClient(NamedTuple):
    """The Environment Manager's objects of one scope; `name` names it to the user, `jobs` calls write at once."""

    transport: Transport
    scope: Scope
    name: str
    jobs: int = 1

    def read(self, kinds: Iterable[Kind], *, with_secrets: bool = False, linked: bool = False) -> list[RemoteObject]:
        """Return the objects of these types.

        `linked`: also those of the Workspace that are linked to the Deployment, with what the link overrides; such
        cannot be changed here.
        """
        return [found for kind in kinds for found in self._list(kind, with_secrets=with_secrets, linked=linked)]

    def write(self, writes: Sequence[WriteObject], *, create: frozenset[Name]) -> Report:
        """Create those that `create` names, change the others, and tell of each what became of it.

        What is there is read again first: an update must echo it. Raises ApiError if it is certain that nothing was
        written.
        """
        results = {each.name: WriteResult.REJECTED if unfit(each) else WriteResult.NOT_WRITTEN for each in writes}
        kinds = sorted({each.name.kind for each in writes})
        current = {found.name: found for found in self.read(kinds)}
        pending = []
        for each in writes:
            present = current.get(each.name)
            if results[each.name] is WriteResult.REJECTED:
                continue
            if (each.name in create) is (present is not None):
                results[each.name] = WriteResult.EXISTS if present else WriteResult.MISSING
            else:
                pending.append((each, present))
        return Report(results, self._write_all(pending, results))

    def _write_all(
        self, pending: Sequence[tuple[WriteObject, RemoteObject | None]], results: dict[Name, WriteResult]
    ) -> ApiError | None:
        """Write several at a time, and put down what became of each; return the failure that ended it."""
        for start in range(0, len(pending), self.jobs):
            some = pending[start : start + self.jobs]
            failure = None
            for (each, _), became in zip(some, run_each(self._attempt, some, at_once=self.jobs), strict=True):
                if isinstance(became, WriteResult):
                    results[each.name] = became
                    continue
                failure = failure or became
                if became.may_have_been_done:
                    results[each.name] = WriteResult.UNKNOWN
            if failure:
                return failure
        return None

    def _attempt(self, pair: tuple[WriteObject, RemoteObject | None]) -> WriteResult | ApiError:
        try:
            return self._write(*pair)
        except ApiError as error:
            return error

    def _write(self, write: WriteObject, present: RemoteObject | None) -> WriteResult:
        if present is None:
            reply = self._send("POST", _OBJECTS, create_body(self.scope, write))
        elif present.id is None:
            return WriteResult.REJECTED
        else:
            path = f"{_OBJECTS}/{quote(present.id, safe='')}"
            reply = self._send("POST", path, update_body(present, write))
        if reply.status in _RESULTS:
            return _RESULTS[reply.status]
        raise refused(self.name, reply.status)

    def _send(self, method: str, path: str, body: dict[str, object]) -> Reply:
        return self.transport.send(method, path, json.dumps(body).encode())

    def _list(self, kind: Kind, *, with_secrets: bool, linked: bool) -> list[RemoteObject]:
        """Read page by page to the end, from the start again if the listing changes meanwhile."""
        query = {
            "objectType": TYPES[kind],
            self.scope.parameter: self.scope.entity,
            "showSecrets": str(with_secrets).lower(),
            "resolveLinked": str(linked).lower(),
            "limit": _PAGE,
        }
        for _ in range(_MOST_READINGS):
            found = self._pages(query)
            if found is not None:
                return self._parse(found, parse_object)
        hint = "Try again when nothing else writes it."
        raise ApiError(f"{self.name} kept changing while it was read.", Fault.CHANGING, hint=hint)

    def _pages(self, query: Mapping[str, object]) -> list[Mapping[str, Any]] | None:
        """Return all rows, None if the pages do not belong together."""
        rows: list[Mapping[str, Any]] = []
        expected: int | None = None
        while expected is None or len(rows) < expected:
            reply = self.transport.send("GET", f"{_OBJECTS}?{urlencode({**query, 'offset': len(rows)})}")
            if reply.status != _OK:
                raise self._refusal(reply)
            match reply.json:
                case {"environmentObjects": list(page), "totalCount": int(total)}:
                    pass
                case _:
                    raise self._not_the_api()
            if total != (total if expected is None else expected) or (not page and len(rows) < total):
                return None
            expected = total
            rows += page
        keys = {json.dumps([row.get("objectKey"), row.get("id")]) for row in rows if isinstance(row, dict)}
        return rows if len(keys) == len(rows) == expected else None

    def _refusal(self, reply: Reply) -> ApiError:
        text = json.dumps(reply.json).lower()
        if all(word in text for word in ("showsecrets", "organization", "not allowed")):
            return SecretsNotAllowedError(self.name)
        return refused(self.name, reply.status)

    def _parse(
        self, rows: Sequence[Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], RemoteObject]
    ) -> list[RemoteObject]:
        try:
            return [parse(row) for row in rows]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._not_the_api() from None

    def _not_the_api(self) -> ApiError:
        return ApiError(f"{self.name} answered otherwise than the Environment Manager does.", Fault.NOT_THE_API)


_RESULTS: Final = {
    200: WriteResult.DONE,
    201: WriteResult.DONE,
    400: WriteResult.REJECTED,
    404: WriteResult.MISSING,
    409: WriteResult.EXISTS,
    422: WriteResult.REJECTED,
}
