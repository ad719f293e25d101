import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from astro_sync.airflow.connection import Connection
from astro_sync.errors import ExitCode
from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply
from astro_sync.places.env_manager.client import EnvManagerClient, Result, SecretsNotAllowedError
from astro_sync.places.env_manager.objects import Kind, RemoteObject, Scope, WriteObject
from services.env_manager import TYPES, EnvManagerService

WORKSPACE, DEPLOYMENT = Scope("ws-1", deployment=False), Scope("dep-1", deployment=True)
FULL = Connection("aws", "why", "l", "pw", "h", 5, "s", '{"region": "eu", "aws_secret": "x", "n": [1, 2.5]}')


@dataclass
class Way:
    """The way to the stand-in, on which a request can go wrong."""

    service: EnvManagerService = field(default_factory=EnvManagerService)
    fail: Callable[[str, str], Reply | None] = lambda _method, _path: None

    def send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        reply = self.fail(method, path)
        return reply or Reply(*self.service.answer(method, path, body))


@pytest.fixture
def way() -> Way:
    return Way()


def client_of(way: Way, scope: Scope = DEPLOYMENT) -> EnvManagerClient:
    return EnvManagerClient(way, scope, "Environment Manager of Deployment prod")


def read(
    way: Way, *kinds: Kind, scope: Scope = DEPLOYMENT, secrets: bool = False, linked: bool = False
) -> dict[str, RemoteObject]:
    found = client_of(way, scope).read(kinds or Kind, with_secrets=secrets, linked=linked)
    return {each.key: each for each in found}


def create(way: Way, *writes: WriteObject, scope: Scope = DEPLOYMENT) -> dict[str, Result]:
    report = client_of(way, scope).write(writes, create=frozenset((each.kind, each.key) for each in writes))
    assert report.failure is None
    return {key: result for (_, key), result in report.results.items()}


def change(way: Way, *writes: WriteObject, scope: Scope = DEPLOYMENT) -> dict[str, Result]:
    report = client_of(way, scope).write(writes, create=frozenset())
    assert report.failure is None
    return {key: result for (_, key), result in report.results.items()}


@pytest.mark.parametrize("scope", [WORKSPACE, DEPLOYMENT])
@pytest.mark.parametrize("text", ["", "a\r\nb\n", " 5 ", '{"a":1.50}', "ü\u2028", "-----BEGIN\nKEY-----\n"])
@pytest.mark.parametrize("kind", [Kind.ENVIRONMENT, Kind.VARIABLE])
def test_texts_arrive_to_the_letter(way: Way, scope: Scope, text: str, kind: Kind) -> None:
    assert create(way, WriteObject(kind, "Key", text), scope=scope) == {"Key": Result.DONE}
    assert read(way, scope=scope)["Key"].text == text
    assert way.service.find("Key", kind)["scopeEntityId"] == scope.entity


def test_a_connection_is_read_but_for_what_is_hidden(way: Way) -> None:
    create(way, WriteObject(Kind.CONNECTION, "aws", connection=FULL))
    found = read(way, Kind.CONNECTION)["aws"]
    assert found.hidden == {"password", "extra"}
    assert found.secret
    assert found.connection is not None
    assert (found.connection.host, found.connection.port, found.connection.password) == ("h", 5, None)


def test_with_secrets_everything_is_read(way: Way) -> None:
    create(way, WriteObject(Kind.CONNECTION, "aws", connection=FULL, description="why"))
    create(way, WriteObject(Kind.VARIABLE, "token", "s3cret", secret=True))
    found = read(way, secrets=True)
    assert (found["aws"].connection, found["aws"].hidden) == (FULL, frozenset())
    assert (found["token"].text, found["token"].secret) == ("s3cret", True)
    hidden = read(way)["token"]
    assert (hidden.text, hidden.secret) == (None, True)


def test_secrets_that_the_organization_keeps_are_told(way: Way) -> None:
    way.service.secrets_allowed = False
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
        create(way, WriteObject(Kind.VARIABLE, key, "old", secret=secret), scope=WORKSPACE)
        way.service.find(key).update(**kept, links=links)
    before = {key: dict(way.service.find(key)) for key in ("plain", "hidden")}
    writes = [WriteObject(Kind.VARIABLE, key, "new") for key in before]
    assert change(way, *writes, scope=WORKSPACE) == {"plain": Result.DONE, "hidden": Result.DONE}
    for key, stored in before.items():
        after = way.service.find(key)
        assert after["airflowVariable"]["value"] == "new"
        assert {name: after[name] for name in (*kept, "links")} == {name: stored[name] for name in (*kept, "links")}


def test_fields_that_a_connection_has_no_more_are_emptied(way: Way) -> None:
    create(way, WriteObject(Kind.CONNECTION, "aws", connection=FULL))
    assert change(way, WriteObject(Kind.CONNECTION, "aws", connection=Connection("http", password="new"))) == {
        "aws": Result.DONE
    }
    found = read(way, secrets=True)["aws"]
    assert found.connection == Connection("http", password="new")


@pytest.mark.parametrize(("auto_link", "expected"), [(None, True), (True, True), (False, False)])
def test_the_automatic_link_changes_only_when_asked(way: Way, *, auto_link: bool | None, expected: bool) -> None:
    create(way, WriteObject(Kind.VARIABLE, "v", "x", auto_link=True), scope=WORKSPACE)
    change(way, WriteObject(Kind.VARIABLE, "v", "y", auto_link=auto_link), scope=WORKSPACE)
    assert way.service.find("v")["autoLinkDeployments"] is expected


def test_what_a_workspace_links_is_seen_by_the_deployment_and_not_changed_there(way: Way) -> None:
    way.service.workspaces["dep-1"] = "ws-1"
    create(way, WriteObject(Kind.VARIABLE, "shared", "w", auto_link=True), scope=WORKSPACE)
    create(way, WriteObject(Kind.VARIABLE, "own", "d"))
    found = read(way, linked=True)
    assert {key: (each.text, each.inherited) for key, each in found.items()} == {
        "shared": ("w", True),
        "own": ("d", False),
    }
    assert read(way).keys() == {"own"}
    assert change(way, WriteObject(Kind.VARIABLE, "shared", "z")) == {"shared": Result.MISSING}
    assert way.service.find("shared")["airflowVariable"]["value"] == "w"


def test_what_is_there_is_not_created_again(way: Way) -> None:
    create(way, WriteObject(Kind.VARIABLE, "x", "theirs"))
    assert create(way, WriteObject(Kind.VARIABLE, "x", "ours"), WriteObject(Kind.VARIABLE, "X", "ours")) == {
        "x": Result.EXISTS,
        "X": Result.DONE,
    }
    assert way.service.find("x")["airflowVariable"]["value"] == "theirs"


@pytest.mark.parametrize(
    "write",
    [
        WriteObject(Kind.VARIABLE, "v", "", secret=True),
        WriteObject(Kind.CONNECTION, "c", connection=Connection("")),
        WriteObject(Kind.CONNECTION, "c", connection=Connection("http", extra="[1]")),
        WriteObject(Kind.CONNECTION, "c", connection=Connection("http", extra='{"n": 9007199254740993}')),
        WriteObject(Kind.CONNECTION, "c", connection=Connection("http", extra='{"n": NaN}')),
    ],
    ids=lambda write: repr(write)[:60],
)
def test_what_it_would_refuse_or_spoil_is_never_sent(way: Way, write: WriteObject) -> None:
    found = create(way, write, WriteObject(Kind.VARIABLE, "good", "x"))
    assert found == {write.key: Result.REJECTED, "good": Result.DONE}


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
def test_all_pages_are_read(way: Way, count: int) -> None:
    for number in range(count):
        way.service.add(
            objectKey=f"v{number}",
            objectType="AIRFLOW_VARIABLE",
            scope="DEPLOYMENT",
            scopeEntityId="dep-1",
            airflowVariable={"value": "x", "isSecret": False},
        )
    assert len(read(way, Kind.VARIABLE)) == count
    assert len(way.service.requests) == (2 if count > 1000 else 1)


def test_only_the_types_that_are_wanted_are_asked_for(way: Way) -> None:
    read(way, Kind.CONNECTION)
    assert ["CONNECTION" in path for _, path in way.service.requests] == [True]


def test_a_listing_that_changes_meanwhile_is_read_again(way: Way) -> None:
    way.service.page_limit = 2
    create(way, *(WriteObject(Kind.VARIABLE, f"v{number}", "x") for number in range(5)))
    pages = []

    def interfere(method: str, _path: str) -> None:
        pages.append(method)
        if len(pages) == 2:
            way.service.objects.pop("obj-1")

    way.fail = interfere
    assert read(way, Kind.VARIABLE).keys() == {"v1", "v2", "v3", "v4"}


@pytest.mark.parametrize(
    ("status", "fault"),
    [(401, Fault.UNAUTHORIZED), (403, Fault.FORBIDDEN), (429, Fault.THROTTLED), (500, Fault.SERVER_ERROR)],
)
def test_a_failure_ends_the_writing_and_what_it_leaves_open_is_unknown(way: Way, status: int, fault: Fault) -> None:
    def fail(method: str, _path: str) -> Reply | None:
        return Reply(status, {"message": "planted-value"}) if method == "POST" and len(way.service.objects) else None

    way.fail = fail
    writes = [WriteObject(Kind.VARIABLE, f"v{number}", "planted-value") for number in range(3)]
    report = client_of(way).write(writes, create=frozenset((each.kind, each.key) for each in writes))
    open_one = Result.UNKNOWN if status == 500 else Result.NOT_WRITTEN
    assert list(report.results.values()) == [Result.DONE, open_one, Result.NOT_WRITTEN]
    assert report.failure is not None
    assert report.failure.fault is fault
    assert "planted" not in f"{report.failure} {report.failure.hint}"


def test_an_object_that_is_refused_stops_no_other(way: Way) -> None:
    way.fail = lambda method, _path: Reply(400, {}) if method == "POST" and not way.service.objects else None
    way.service.add(
        objectKey="other", objectType="CONNECTION", scope="DEPLOYMENT", scopeEntityId="dep-1", connection={"type": "x"}
    )
    found = create(way, WriteObject(Kind.VARIABLE, "a", "x"), WriteObject(Kind.VARIABLE, "b", "x"))
    assert found == {"a": Result.DONE, "b": Result.DONE}
    way.fail = lambda method, path: (
        Reply(400, {}) if method == "POST" and path.endswith(way.service.find("a")["id"]) else None
    )
    assert change(way, WriteObject(Kind.VARIABLE, "a", "y"), WriteObject(Kind.VARIABLE, "b", "y")) == {
        "a": Result.REJECTED,
        "b": Result.DONE,
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
    remote = RemoteObject(Kind.VARIABLE, "v", "planted", description="planted", raw={"x": "planted"})
    assert "planted" not in repr([remote, WriteObject(Kind.VARIABLE, "v", "planted", description="planted")])
    assert set(TYPES) == {kind.value for kind in Kind}
