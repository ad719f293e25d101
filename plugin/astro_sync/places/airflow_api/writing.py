"""Write variables and connections through Airflow's REST API: version 2 in bulk, version 1 one by one.

In a bulk call each entry is an action of its own: an error concerns a whole action, and does not say which of its
entries it means (fixtures/places-contract.md, 5.4). With one entry an action, what is not among the successes failed.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from astro_sync.core.model import Kind, Name
from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.entities import PATHS, Write, body_of, unfit
from astro_sync.places.airflow_api.reading import Wanted, path_of, read_variables
from astro_sync.places.airflow_api.report import Report, WriteResult
from astro_sync.places.airflow_api.transport import ApiError, Reply, refused

_MOST_ENTRIES: Final = 100
# Below what proxies accept unless they are told otherwise (nginx: one megabyte).
_MOST_BYTES: Final = 512 * 1024
# In a row: enough to find the entries among a hundred that are refused, too few to go on against a broken server.
_MOST_FAILURES: Final = 20
_SUCCESSES: Final = frozenset({200, 201})


# A refused call that holds several entries says nothing of each: it is sent again in halves.
_OF_ONE_ENTRY: Final[Mapping[int, WriteResult]] = {
    400: WriteResult.REJECTED,
    404: WriteResult.MISSING,
    409: WriteResult.EXISTS,
    413: WriteResult.REJECTED,
    422: WriteResult.REJECTED,
    500: WriteResult.UNKNOWN,
}


def write(client: AirflowClient, writes: Sequence[Write]) -> Report:
    """Write these entries, and tell of each what became of it.

    An entry that fails does not stop the others; a failure of the way to Airflow does. Raises ApiError if it is
    certain that nothing was written.
    """
    results = {each.name: WriteResult.REJECTED if unfit(each) else WriteResult.NOT_WRITTEN for each in writes}
    fit = [each for each in writes if results[each.name] is WriteResult.NOT_WRITTEN]
    if client.version == 1:
        existing = _existing(client, fit)
        results |= dict.fromkeys(existing, WriteResult.EXISTS)
        fit = [each for each in fit if each.name not in existing]
    failure = _send_all(client, parts_of(client.version, fit), results)
    return Report(results, failure)


def parts_of(version: int, writes: Sequence[Write]) -> list[Sequence[Write]]:
    """Return what goes in one call each."""
    if version == 1:
        return [[each] for each in writes]
    return [part for kind in PATHS for part in _parts(kind, writes)]


def _existing(client: AirflowClient, writes: Sequence[Write]) -> set[Name]:
    """Return the variables to be created that are there: version 1 would overwrite them without a word."""
    wanted = Wanted(frozenset(each.id for each in writes if each.create and each.name.kind is Kind.VARIABLE))
    return {Name(Kind.VARIABLE, found) for found in read_variables(client, wanted)}


def _parts(kind: Kind, writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """Cut the entries of one kind into calls that are small enough."""
    part: list[Write] = []
    room = _MOST_BYTES
    for each in writes:
        if each.name.kind is not kind:
            continue
        size = len(json.dumps(body_of(each)))
        if part and (len(part) == _MOST_ENTRIES or size > room):
            yield part
            part, room = [], _MOST_BYTES
        part.append(each)
        room -= size
    if part:
        yield part


def _send_all(
    client: AirflowClient, parts: Sequence[Sequence[Write]], results: dict[Name, WriteResult]
) -> ApiError | None:
    """Send part by part, and put down what became of each entry; return the failure after which no more was sent."""
    left = deque(parts)
    in_a_row = 0
    while left:
        part = left.popleft()
        names = [each.name for each in part]
        try:
            reply = _send(client, part)
        except ApiError as error:
            return _give_up(error, names, results)
        if reply.status in _SUCCESSES:
            in_a_row = 0
            results |= _read_results(part, reply)
            continue
        in_a_row += 1
        if reply.status not in _OF_ONE_ENTRY or in_a_row > _MOST_FAILURES:
            return _give_up(refused(client.name, reply.status), names, results)
        if len(part) > 1:
            middle = len(part) // 2
            left.extendleft((part[middle:], part[:middle]))
        else:
            results[names[0]] = _OF_ONE_ENTRY[reply.status]
    return None


def _give_up(error: ApiError, names: Iterable[Name], results: dict[Name, WriteResult]) -> ApiError:
    if error.may_have_been_done:
        results |= dict.fromkeys(names, WriteResult.UNKNOWN)
    return error


def _send(client: AirflowClient, part: Sequence[Write]) -> Reply:
    kind = part[0].name.kind
    if client.version > 1:
        return client.ask("PATCH", PATHS[kind], {"actions": [_action(each) for each in part]})
    each = part[0]
    if each.create:
        return client.ask("POST", PATHS[kind], body_of(each))
    return client.ask("PATCH", path_of(kind, each.id), body_of(each))


def _action(each: Write) -> dict[str, object]:
    if each.create:
        return {"action": "create", "entities": [body_of(each)], "action_on_existence": "fail"}
    return {"action": "update", "entities": [body_of(each)], "action_on_non_existence": "fail"}


def _read_results(part: Sequence[Write], reply: Reply) -> dict[Name, WriteResult]:
    """Return what a successful call says of each of its entries."""
    done = _successes(part, reply.json)
    found = {}
    for each in part:
        failed = WriteResult.EXISTS if each.create else WriteResult.MISSING
        found[each.name] = WriteResult.UNKNOWN if done is None else WriteResult.DONE if each.id in done else failed
    return found


def _successes(part: Sequence[Write], answer: object) -> set[str] | None:
    """Return the ids that an answer names as done, None if it does not have the form of one."""
    match answer:
        case {"create": {"success": list(created)}, "update": {"success": list(updated)}}:
            return {str(entry) for entry in (*created, *updated)}
        case {"create": {"success": list(done)}} | {"update": {"success": list(done)}}:
            return {str(entry) for entry in done}
        case {"key": str(entry)} | {"connection_id": str(entry)} if entry == part[0].id:
            return {entry}
    return None
