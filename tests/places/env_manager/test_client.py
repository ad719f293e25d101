import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from astro_stand_in.environment_manager import respond
from astro_stand_in.rest import Request
from astro_sync.airflow.connection import Connection
from astro_sync.core.model import Kind, Name
from astro_sync.errors import ExitCode
from astro_sync.places.airflow_api.report import WriteResult
from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply
from astro_sync.places.astro_cli import Answer
from astro_sync.places.env_manager.client import EnvManagerClient, SecretsNotAllowedError
from astro_sync.places.env_manager.objects import TYPES, RemoteObject, Scope, WriteObject

WORKSPACE, DEPLOYMENT = Scope("ws-1", deployment=False), Scope("dep-1", deployment=True)
FULL = Connection("aws", "why", "l", "pw", "h", 5, "s", '{"region": "eu", "aws_secret": "x", "n": [1, 2.5]}')


def first_state() -> dict[str, Any]:
    return {
        "workspaces": {"ws-1": {"name": "Main"}},
        "deployments": [{"id": "dep-1", "workspace_id": "ws-1"}],
        "secrets_fetching": True,
        "environment_objects": [],
    }


@dataclass
class Way:
    """The way to the stand-in, on which a request can go wrong; `pages` are as long as the service lets them be."""

    state: dict[str, Any] = field(default_factory=first_state)
    fail: Callable[[str, str], Reply | None] = lambda _method, _path: None
    page: int = 1000
    requests: list[tuple[str, str]] = field(default_factory=list)

    def send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        self.requests.append((method, path))
        if reply := self.fail(method, path):
            return reply
        request = Request.to(method, path.replace("limit=1000", f"limit={self.page}"), body)
        response = respond(self.state, "org-1", request._replace(path=request.path[3:]))
        return Reply(response.status, json.loads(response.body))

    @property
    def objects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state["environment_objects"]
        return found

    def find(self, key: str) -> dict[str, Any]:
        return next(each for each in self.objects if each["objectKey"] == key)


@pytest.fixture
def way() -> Way:
    return Way()


def variable(key: str, text: str, **options: Any) -> WriteObject:  # noqa: ANN401 - any of its fields
    return WriteObject(Name(Kind.VARIABLE, key), text, **options)


def connection(key: str, fields: Connection, **options: Any) -> WriteObject:  # noqa: ANN401 - any of its fields
    return WriteObject(Name(Kind.CONNECTION, key), connection=fields, **options)


def no_call(words: Sequence[str], _stdin: bytes) -> Answer:
    raise AssertionError(words)


def client_of(way: Way, scope: Scope = DEPLOYMENT) -> EnvManagerClient:
    return EnvManagerClient(way, no_call, scope, "Environment Manager of Deployment prod")


def read(
    way: Way, kinds: Iterable[Kind] = Kind, *, scope: Scope = DEPLOYMENT, secrets: bool = False, linked: bool = False
) -> dict[str, RemoteObject]:
    found = client_of(way, scope).read(kinds, with_secrets=secrets, linked=linked)
    return {each.name.id: each for each in found}


def send(way: Way, writes: tuple[WriteObject, ...], create: frozenset[Name], scope: Scope) -> dict[str, WriteResult]:
    report = client_of(way, scope).write([(each,) for each in writes], create=create)
    assert report.failure is None
    return {name.id: result for name, result in report.results.items()}


def create(way: Way, *writes: WriteObject, scope: Scope = DEPLOYMENT) -> dict[str, WriteResult]:
    return send(way, writes, frozenset(each.name for each in writes), scope)


def change(way: Way, *writes: WriteObject, scope: Scope = DEPLOYMENT) -> dict[str, WriteResult]:
    return send(way, writes, frozenset(), scope)


@pytest.mark.parametrize("scope", [WORKSPACE, DEPLOYMENT])
@pytest.mark.parametrize("text", ["", "a\r\nb\n", " 5 ", '{"a":1.50}', "ü\u2028", "-----BEGIN\nKEY-----\n"])
@pytest.mark.parametrize("kind", [Kind.ENVIRONMENT, Kind.VARIABLE])
def test_texts_arrive_to_the_letter(way: Way, scope: Scope, text: str, kind: Kind) -> None:
    assert create(way, WriteObject(Name(kind, "Key"), text), scope=scope) == {"Key": WriteResult.DONE}
    assert read(way, scope=scope)["Key"].text == text
    assert way.find("Key")["scopeEntityId"] == scope.entity


def test_a_connection_is_read_but_for_what_is_hidden(way: Way) -> None:
    create(way, connection("aws", FULL))
    found = read(way, [Kind.CONNECTION])["aws"]
    assert found.hidden == {"password", "extra"}
    assert found.secret
    assert found.connection is not None
    assert (found.connection.host, found.connection.port, found.connection.password) == ("h", 5, None)


def test_with_secrets_everything_is_read(way: Way) -> None:
    create(way, connection("aws", FULL, description="why"))
    create(way, variable("token", "s3cret", secret=True))
    found = read(way, secrets=True)
    assert (found["aws"].connection, found["aws"].hidden) == (FULL, frozenset())
    assert (found["token"].text, found["token"].secret) == ("s3cret", True)
    hidden = read(way)["token"]
    assert (hidden.text, hidden.secret) == (None, True)


def test_secrets_that_the_organization_keeps_are_told(way: Way) -> None:
    way.state["secrets_fetching"] = False
    with pytest.raises(SecretsNotAllowedError) as caught:
        read(way, secrets=True)
    assert caught.value.exit_code is ExitCode.UNUSABLE
    assert read(way) == {}


def test_an_update_drops_no_link_exclusion_or_description(way: Way) -> None:
    links = [
        {"scope": "DEPLOYMENT", "scopeEntityId": "dep-1", "airflowVariableOverrides": {"value": "other"}},
        {"scope": "DEPLOYMENT", "scopeEntityId": "dep-2"},
    ]
    kept = {
        "description": "why",
        "autoLinkDeployments": True,
        "excludeLinks": [{"scope": "DEPLOYMENT", "scopeEntityId": "dep-3"}],
    }
    for key, secret in (("plain", False), ("hidden", True)):
        create(way, variable(key, "old", secret=secret), scope=WORKSPACE)
        way.find(key).update(kept, links=links)
    before = {key: dict(way.find(key)) for key in ("plain", "hidden")}
    writes = [variable(key, "new") for key in before]
    assert change(way, *writes, scope=WORKSPACE) == {"plain": WriteResult.DONE, "hidden": WriteResult.DONE}
    for key, stored in before.items():
        after = way.find(key)
        assert after["airflowVariable"]["value"] == "new"
        assert {name: after[name] for name in (*kept, "links")} == {name: stored[name] for name in (*kept, "links")}


def test_fields_that_a_connection_has_no_more_are_emptied(way: Way) -> None:
    create(way, connection("aws", FULL))
    assert change(way, connection("aws", Connection("http", password="new"))) == {"aws": WriteResult.DONE}
    found = read(way, secrets=True)["aws"]
    assert found.connection == Connection("http", password="new", extra="{}")


@pytest.mark.parametrize(("auto_link", "expected"), [(None, True), (True, True), (False, False)])
def test_the_automatic_link_changes_only_when_asked(way: Way, *, auto_link: bool | None, expected: bool) -> None:
    create(way, variable("v", "x", auto_link=True), scope=WORKSPACE)
    change(way, variable("v", "y", auto_link=auto_link), scope=WORKSPACE)
    assert way.find("v")["autoLinkDeployments"] is expected


def test_what_a_workspace_links_is_seen_by_the_deployment_and_not_changed_there(way: Way) -> None:
    create(way, variable("shared", "w", auto_link=True), scope=WORKSPACE)
    create(way, variable("own", "d"))
    found = read(way, linked=True)
    assert {key: (each.text, each.inherited) for key, each in found.items()} == {
        "shared": ("w", True),
        "own": ("d", False),
    }
    assert read(way).keys() == {"own"}
    assert change(way, variable("shared", "z")) == {"shared": WriteResult.MISSING}
    assert way.find("shared")["airflowVariable"]["value"] == "w"


def test_what_is_there_is_not_created_again(way: Way) -> None:
    create(way, variable("x", "theirs"))
    assert create(way, variable("x", "ours"), variable("X", "ours")) == {
        "x": WriteResult.EXISTS,
        "X": WriteResult.DONE,
    }
    assert way.find("x")["airflowVariable"]["value"] == "theirs"


@pytest.mark.parametrize(
    "write",
    [
        variable("v", "", secret=True),
        connection("c", Connection("")),
        connection("c", Connection("http", extra="[1]")),
        connection("c", Connection("http", extra='{"n": 9007199254740993}')),
        connection("c", Connection("http", extra='{"n": NaN}')),
        connection("c", Connection("http", extra='{"n": [2.0]}')),
    ],
    ids=lambda write: repr(write)[:60],
)
def test_what_it_would_refuse_or_spoil_is_never_sent(way: Way, write: WriteObject) -> None:
    found = create(way, write, variable("good", "x"))
    assert found == {write.name.id: WriteResult.REJECTED, "good": WriteResult.DONE}


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
def test_all_pages_are_read(way: Way, count: int) -> None:
    for number in range(count):
        way.objects.append(
            {
                "id": str(number),
                "objectKey": f"v{number}",
                "objectType": "AIRFLOW_VARIABLE",
                "scope": "DEPLOYMENT",
                "scopeEntityId": "dep-1",
                "airflowVariable": {"value": "x", "isSecret": False},
            }
        )
    assert len(read(way, [Kind.VARIABLE])) == count
    assert len(way.requests) == (2 if count > 1000 else 1)


def test_only_the_types_that_are_wanted_are_asked_for(way: Way) -> None:
    read(way, [Kind.CONNECTION])
    assert ["CONNECTION" in path for _, path in way.requests] == [True]


def test_a_listing_that_changes_meanwhile_is_read_again(way: Way) -> None:
    way.page = 2
    create(way, *(variable(f"v{number}", "x") for number in range(5)))
    pages = []

    def interfere(method: str, _path: str) -> None:
        pages.append(method)
        if len(pages) == 2:
            way.objects.pop(0)

    way.fail = interfere
    assert read(way, [Kind.VARIABLE]).keys() == {"v1", "v2", "v3", "v4"}


@pytest.mark.parametrize(
    ("status", "fault"),
    [(401, Fault.UNAUTHORIZED), (403, Fault.FORBIDDEN), (429, Fault.THROTTLED), (500, Fault.SERVER_ERROR)],
)
def test_a_failure_ends_the_writing_and_what_it_leaves_open_is_unknown(way: Way, status: int, fault: Fault) -> None:
    def fail(method: str, _path: str) -> Reply | None:
        return Reply(status, {"message": "planted-value"}) if method == "POST" and len(way.objects) else None

    way.fail = fail
    writes = [variable(f"v{number}", "planted-value") for number in range(3)]
    report = client_of(way).write([(each,) for each in writes], create=frozenset(each.name for each in writes))
    open_one = WriteResult.UNKNOWN if status == 500 else WriteResult.NOT_WRITTEN
    assert list(report.results.values()) == [WriteResult.DONE, open_one, WriteResult.NOT_WRITTEN]
    assert report.failure is not None
    assert report.failure.fault is fault
    assert "planted" not in f"{report.failure} {report.failure.hint}"


def test_an_object_that_is_refused_stops_no_other(way: Way) -> None:
    create(way, variable("a", "x"), variable("b", "x"))
    way.fail = lambda method, path: Reply(400) if method == "POST" and path.endswith(way.find("a")["id"]) else None
    assert change(way, variable("a", "y"), variable("b", "y")) == {
        "a": WriteResult.REJECTED,
        "b": WriteResult.DONE,
    }


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"environmentObjects": [], "totalCount": None},
        {"environmentObjects": [{}], "totalCount": 1},
        {"environmentObjects": ["x"], "totalCount": 1},
    ],
    ids=json.dumps,
)
def test_an_answer_of_another_form_is_an_error(way: Way, answer: object) -> None:
    way.fail = lambda *_: Reply(200, answer)
    with pytest.raises(ApiError) as caught:
        read(way)
    assert caught.value.fault in {Fault.NOT_THE_API, Fault.CHANGING}


def test_nothing_shows_its_values() -> None:
    remote = RemoteObject(Name(Kind.VARIABLE, "v"), "planted", description="planted", raw={"x": "planted"})
    assert "planted" not in repr([remote, variable("v", "planted", description="planted")])
    assert set(TYPES) == set(Kind)
