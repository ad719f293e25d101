"""The environment objects of one Workspace or Deployment, read and written through `astro api cloud`.

Many new variables go through `astro env`, which creates them in one call.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from astro_sync.concurrency import each as run_each
from astro_sync.core.model import Kind, Name
from astro_sync.places.airflow_api.report import Report, WriteResult
from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply, Transport, refused
from astro_sync.places.astro_cli import Answer
from astro_sync.places.env_manager.bulk import create_words, created_ids, dotenv
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
# The exit status of a call that met an error
_STOPPED: Final = 1


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
    """The Environment Manager's objects of one scope; `name` names it to the user, `jobs` calls write at once.

    `run` runs `astro` itself, with these arguments and this stdin.
    """

    transport: Transport
    run: Callable[[Sequence[str], bytes], Answer]
    scope: Scope
    name: str
    jobs: int = 1

    def read(self, kinds: Iterable[Kind], *, with_secrets: bool = False, linked: bool = False) -> list[RemoteObject]:
        """Return the objects of these types.

        `linked`: also those of the Workspace that are linked to the Deployment, with what the link overrides; such
        cannot be changed here.
        """
        return [found for kind in kinds for found in self._list(kind, with_secrets=with_secrets, linked=linked)]

    def write(
        self,
        batches: Sequence[Sequence[WriteObject]],
        *,
        create: frozenset[Name],
        known: Mapping[Name, str] = MappingProxyType({}),
    ) -> Report:
        """Create those that `create` names, change the others, and tell of each what became of it.

        Each batch is a call, and one of several writes holds new variables alone (see `bulk.batches`). What is there
        is read again first: an update must echo it, and leaves alone what was changed since the time that `known` has
        (CONTRIBUTING, rule 15). Raises ApiError if it is certain that nothing was written.
        """
        writes = [each for batch in batches for each in batch]
        results = {each.name: WriteResult.REJECTED if unfit(each) else WriteResult.NOT_WRITTEN for each in writes}
        kinds = sorted({each.name.kind for each in writes})
        current = {found.name: found for found in self.read(kinds)}
        for name, result in results.items():
            present = current.get(name)
            if result is WriteResult.REJECTED:
                continue
            if (name in create) is (present is not None):
                results[name] = WriteResult.EXISTS if present else WriteResult.MISSING
            elif present and present.id is None:
                results[name] = WriteResult.REJECTED
            elif present and present.updated_at != known.get(name, present.updated_at):
                results[name] = WriteResult.CHANGED
        pending = [[each for each in batch if results[each.name] is WriteResult.NOT_WRITTEN] for batch in batches]
        return Report(results, self._write_all([batch for batch in pending if batch], current, results))

    def _write_all(
        self,
        pending: Sequence[Sequence[WriteObject]],
        current: Mapping[Name, RemoteObject],
        results: dict[Name, WriteResult],
    ) -> ApiError | None:
        """Make several calls at a time, and put down what became of each write; return the failure that ended it."""
        for start in range(0, len(pending), self.jobs):
            some = pending[start : start + self.jobs]
            attempts = run_each(lambda batch: self._attempt(batch, current), some, at_once=self.jobs)
            for became, _ in attempts:
                results |= became
            if failure := next((error for _, error in attempts if error), None):
                return failure
        return None

    def _attempt(
        self, batch: Sequence[WriteObject], current: Mapping[Name, RemoteObject]
    ) -> tuple[dict[Name, WriteResult], ApiError | None]:
        became: dict[Name, WriteResult] = {}
        calls = self._create(batch) if len(batch) > 1 else self._write(batch[0], current.get(batch[0].name))
        try:
            became.update(calls)  # what came before an error stays
        except ApiError as error:
            return became, error
        return became, None

    def _create(self, batch: Sequence[WriteObject]) -> Iterator[tuple[Name, WriteResult]]:
        """Create a batch in one call; where a key stops it, write that key by itself and the rest in a further call.

        The error of the call does not tell a refusal from a failure, the status of the key's own call does.
        """
        while len(batch) > 1:
            answer = self.run(create_words(self.scope, batch), dotenv(batch))
            created = created_ids(answer.stdout)
            yield from ((each.name, WriteResult.DONE) for each in batch if each.name.id in created)
            batch = [each for each in batch if each.name.id not in created]
            if batch and answer.status != _STOPPED:
                yield from ((each.name, WriteResult.UNKNOWN) for each in batch)
                raise self._broken_off(answer)
            if not batch:
                return
            first, *batch = batch
            for name, result in self._write(first, stopped=answer):
                yield name, result
                if result is WriteResult.DONE:
                    # it was not the key: with an `astro` that knows no such call, each goes by itself
                    yield from (pair for each in batch for pair in self._write(each))
                    return
        yield from (pair for each in batch for pair in self._write(each))

    def _write(
        self, write: WriteObject, present: RemoteObject | None = None, stopped: Answer | None = None
    ) -> Iterator[tuple[Name, WriteResult]]:
        """Write one object by a call of its own.

        `stopped` is the call for several that ended at this one. It may have created it all the same, unless both calls
        were refused in the same words.
        """
        certain = stopped is None
        try:
            reply = self._request(write, present)
            certain = stopped is None or _message(reply) in stopped.stderr
            result = _RESULTS.get(reply.status)
            if result is None:
                raise refused(self.name, reply.status)
        except ApiError as error:
            if error.may_have_been_done or not certain:
                yield write.name, WriteResult.UNKNOWN
            raise
        yield write.name, WriteResult.UNKNOWN if result is WriteResult.EXISTS and not certain else result

    def _request(self, write: WriteObject, present: RemoteObject | None) -> Reply:
        if present is None:
            return self._send("POST", _OBJECTS, create_body(self.scope, write))
        return self._send("POST", f"{_OBJECTS}/{quote(present.id or '', safe='')}", update_body(present, write))

    def _broken_off(self, answer: Answer) -> ApiError:
        if answer.status is None:
            hint = "Run the command again, or allow more time with --timeout SECONDS."
            return ApiError(f"{self.name} did not take its new variables in time.", Fault.TIMED_OUT, hint=hint)
        return ApiError(f"`astro env` broke off for {self.name}.", Fault.CUT_OFF, hint="Run the command again.")

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


def _message(reply: Reply) -> str:
    """Return what `astro env` prints of an answer that is no success."""
    message = reply.json.get("message") if isinstance(reply.json, dict) else None
    return str(message or f"failed to perform request, status {reply.status}")


_RESULTS: Final = {
    200: WriteResult.DONE,
    201: WriteResult.DONE,
    400: WriteResult.REJECTED,
    404: WriteResult.MISSING,
    409: WriteResult.EXISTS,
    422: WriteResult.REJECTED,
}
