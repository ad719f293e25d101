"""Contract, section 6: `astro api cloud` and `astro env … list|get|create`."""

import json
from typing import Any

import pytest

from sandbox import Result, Sandbox

CLOUD = ("api", "cloud")
OBJECTS = "/organizations/{organizationId}/environment-objects"
SECRET = {"value": "hush", "isSecret": True}
CONNECTION = {"type": "http", "host": "h", "password": "hush", "extra": {"timeout": 1.5, "token": "t"}}


def listed(sandbox: Sandbox, kind: str, *words: str) -> list[dict[str, Any]] | None:
    result = sandbox.astro("env", kind, "list", "--format", "json", *words)
    assert result.code == 0, result
    found: list[dict[str, Any]] | None = json.loads(result.stdout)
    return found


def posted(sandbox: Sandbox, body: object, object_id: str = "") -> Result:
    path = f"{OBJECTS}/{object_id}" if object_id else OBJECTS
    return sandbox.astro(*CLOUD, "-X", "POST", path, "--input", "-", input=json.dumps(body))


def wanted(**more: object) -> dict[str, object]:
    scope = {"scope": "WORKSPACE", "scopeEntityId": "ws-1"}
    return {"objectKey": "K", "objectType": "ENVIRONMENT_VARIABLE", **scope, **more}


# --- astro env ---


def test_nothing_is_null(sandbox: Sandbox) -> None:
    assert sandbox.astro("env", "variable", "list", "--format", "json") == Result("null\n", "", 0)


@pytest.mark.parametrize(
    ("kind", "field", "fields", "shown"),
    [
        ("variable", "environmentVariable", {"value": "v", "isSecret": False}, {"value": "v", "isSecret": False}),
        ("variable", "environmentVariable", SECRET, {"value": "", "isSecret": True}),
        ("airflow-variable", "airflowVariable", SECRET, {"value": "", "isSecret": True}),
        ("connection", "connection", CONNECTION, {"type": "http", "host": "h", "extra": {"timeout": 1.5}}),
    ],
)
def test_secrets_are_hidden_and_what_is_set_is_named(
    sandbox: Sandbox, kind: str, field: str, fields: dict[str, object], shown: dict[str, object]
) -> None:
    sandbox.add_object(kind, "K", fields)
    (found,) = listed(sandbox, kind) or []
    assert found[field] == shown
    names = ["extra.timeout", "extra.token", "host", "password", "type"] if kind == "connection" else ["value"]
    assert found["setFields"] == names
    assert "id" not in found  # of a resolved listing


def test_secrets_are_shown_where_the_organization_allows_it(sandbox: Sandbox) -> None:
    sandbox.add_object("variable", "K", SECRET)
    refused = sandbox.astro("env", "variable", "list", "--format", "json", "--include-secrets")
    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: environment secrets fetching is not enabled for this organization.\n")
    sandbox.fetch_secrets(allowed=True)
    allowed = sandbox.astro("env", "variable", "list", "--format", "json", "--include-secrets")
    assert json.loads(allowed.stdout)[0]["environmentVariable"] == SECRET
    assert allowed.stderr.startswith("Warning: --include-secrets returns secret values in the response.")


def test_a_deployment_sees_what_is_linked_to_it_with_its_overrides(sandbox: Sandbox) -> None:
    plain = {"value": "v", "isSecret": False}
    link = {"scope": "DEPLOYMENT", "scopeEntityId": "dep-1", "environmentVariableOverrides": {"value": "theirs"}}
    excluded = {"scope": "DEPLOYMENT", "scopeEntityId": "dep-1"}
    sandbox.add_object("variable", "LINKED", plain, links=[link])
    sandbox.add_object("variable", "EVERYWHERE", plain, autoLinkDeployments=True)
    sandbox.add_object("variable", "EXCLUDED", plain, autoLinkDeployments=True, excludeLinks=[excluded])
    sandbox.add_object("variable", "ALONE", plain)
    sandbox.add_object("variable", "OWN", plain, deployment_id="dep-1")
    found = {each["objectKey"]: each for each in listed(sandbox, "variable", "--deployment-id", "dep-1") or []}
    assert set(found) == {"OWN", "LINKED", "EVERYWHERE"}
    assert found["LINKED"]["environmentVariable"]["value"] == "theirs"
    assert (found["LINKED"]["scope"], found["LINKED"]["sourceScopeEntityId"]) == ("DEPLOYMENT", "ws-1")
    alone = listed(sandbox, "variable", "--deployment-id", "dep-1", "--resolve-linked=false") or []
    assert [(each["objectKey"], len(each["id"])) for each in alone] == [("OWN", 25)]


def test_get_finds_one_by_its_key(sandbox: Sandbox) -> None:
    sandbox.add_object("connection", "k", CONNECTION)
    found = json.loads(sandbox.astro("env", "connection", "get", "k", "--format", "json").stdout)
    assert found["objectKey"] == "k"
    missing = sandbox.astro("env", "connection", "get", "K", "--format", "json")
    assert missing == Result("", "Error: environment object not found: K\n", 1)


def test_a_listing_is_read_in_pages_of_a_thousand(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["environment_objects"] = [
            {**wanted(objectKey=f"K{number}"), "id": f"c{number:024d}", "environmentVariable": SECRET}
            for number in range(1001)
        ]
    assert len(listed(sandbox, "variable") or []) == 1001
    (call,) = sandbox.calls("env")
    assert len([fact for fact in call if fact.startswith("request_")]) == 2


def test_what_a_browser_would_take_for_a_tag_is_escaped(sandbox: Sandbox) -> None:
    sandbox.add_object("variable", "K", {"value": "<&>\b\f", "isSecret": False})
    printed = sandbox.astro("env", "variable", "list", "--format", "json").stdout
    assert r'"value": "\u003c\u0026\u003e\b\f"' in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--deployment-id", "dep-1", "--workspace-id", "ws-1"), "are mutually exclusive"),
        (("--deployment-id", "nope"), "Error: Deployment not found"),
    ],
)
def test_a_scope_must_be_one_that_exists(sandbox: Sandbox, words: tuple[str, ...], message: str) -> None:
    result = sandbox.astro("env", "variable", "list", "--format", "json", *words)
    assert result.code == 1
    assert message in result.stderr


# --- astro env … create --from-file - ---

CREATE = ("env", "variable", "create", "--workspace-id", "ws-1", "--from-file", "-")


def test_many_are_created_from_stdin_in_the_order_of_their_keys(sandbox: Sandbox) -> None:
    text = "# ours\nexport b='x $b'\nB: y\nA_1=\"two\\nlines\\$A\"\nb = z # again\n"
    result = sandbox.astro(*CREATE, "--secret", "--auto-link", input=text)
    stored = sandbox.objects()
    assert result == Result("".join(f"Created {each['objectKey']} (id: {each['id']})\n" for each in stored), "", 0)
    assert [(each["objectKey"], each["environmentVariable"]["value"]) for each in stored] == [
        ("A_1", "two\nlines$A"),
        ("B", "y"),
        ("b", "z"),
    ]
    assert {(each["environmentVariable"]["isSecret"], each["autoLinkDeployments"]) for each in stored} == {(True, True)}
    (call,) = sandbox.writing_calls()
    assert len([fact for fact in call if fact.startswith("request_")]) == 3


def test_airflow_variables_are_created_so_too(sandbox: Sandbox) -> None:
    words = ("env", "airflow-variable", "create", "--deployment-id", "dep-1", "--from-file", "-")
    assert sandbox.astro(*words, input="a=1\n").code == 0
    (stored,) = sandbox.objects()
    assert (stored["objectType"], stored["scope"]) == ("AIRFLOW_VARIABLE", "DEPLOYMENT")
    assert stored["airflowVariable"] == {"value": "1", "isSecret": False}
    assert "autoLinkDeployments" not in stored


def test_the_first_error_ends_it(sandbox: Sandbox) -> None:
    sandbox.add_object("variable", "b", SECRET)
    result = sandbox.astro(*CREATE, input="c=1\nb=2\na=3\n")
    assert (result.code, result.stderr) == (1, "Error: create b: Environment object with key b already exists\n")
    assert result.stdout.startswith("Created a (id: c")
    assert [each["objectKey"] for each in sandbox.objects()] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A='open\nB=1\n", "missing quotes"),
        ("A=1\nmy-key=s3cret\n", "line `my-key=s3cret` doesn't match format"),
        ("export A\n", "line `export A` has an unset variable"),
        ("A=" + "x" * 65_534, "bufio.Scanner: token too long"),
    ],
)
def test_a_text_that_it_cannot_read_creates_nothing(sandbox: Sandbox, text: str, message: str) -> None:
    assert sandbox.astro(*CREATE, input=text) == Result("", f"Error: parsing <stdin>: {message}\n", 1)
    assert sandbox.objects() == []


def test_an_empty_text_is_no_error(sandbox: Sandbox) -> None:
    assert sandbox.astro(*CREATE, input="# none\n") == Result("no variables found in <stdin>\n", "", 0)


def test_a_value_takes_from_the_environment_and_from_the_text(sandbox: Sandbox) -> None:
    sandbox.astro(*CREATE, input="A=a\nB=$A-${OURS}-$NONE\n", env={"OURS": "o"})
    assert sandbox.objects()[1]["environmentVariable"]["value"] == "a-o-"


@pytest.mark.parametrize(
    ("fault", "options", "message"),
    [
        ("offline", {}, 'Post "https://api.astronomer.io/v1/organizations/org-1/environment-objects": dial tcp: '),
        ("http-status", {"status": 500, "body": {"message": "broken"}}, "broken\n"),
        ("http-status", {"status": 502, "html": True}, "failed to perform request, status 502\n"),
        ("http-cut", {}, "unexpected EOF\n"),
        ("http-cut", {"noticed": False}, "unexpected end of JSON input\n"),
        ("not-logged-in", {}, "Invalid authorization token.\n"),
    ],
)
def test_a_failure_names_the_key(sandbox: Sandbox, fault: str, options: dict[str, Any], message: str) -> None:
    sandbox.fault(fault, **options)
    result = sandbox.astro(*CREATE, input="y\nA=1\n" if fault == "not-logged-in" else "A=1\n")
    assert result.code == 1
    assert result.stderr.startswith(f"Error: create A: {message}")


def test_it_waits_however_long_an_answer_takes(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["api_limit"] = 0.01
    sandbox.fault("http-slow", seconds=0.1)
    assert sandbox.astro(*CREATE, input="A=1\n").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            (*CREATE, "--auto-link", "--deployment-id", "dep-1"),
            "--workspace-id and --deployment-id are mutually exclus",
        ),
        (
            (*CREATE[:3], "--deployment-id", "dep-1", "--from-file", "-", "--auto-link"),
            "create A: --auto-link applies only to workspace-scoped objects\n",
        ),
        (
            (*CREATE, "--key", "A"),
            "if any flags in the group [key from-file] are set none of the others can be; [from-file key] were all set",
        ),
        ((*CREATE[:3], "--deployment-id", "nope", "--from-file", "-"), "create A: Deployment not found\n"),
    ],
)
def test_what_does_not_go_together_is_refused(sandbox: Sandbox, words: tuple[str, ...], message: str) -> None:
    result = sandbox.astro(*words, input="A=1\n")
    assert (result.code, sandbox.objects()) == (1, [])
    assert result.stderr.startswith(f"Error: {message}")


# --- astro api cloud ---


def test_an_object_is_created_and_its_id_given(sandbox: Sandbox) -> None:
    value = "line\n<é>\n"
    result = posted(sandbox, wanted(environmentVariable={"value": value, "isSecret": True}, autoLinkDeployments=True))
    (stored,) = sandbox.objects()
    assert json.loads(result.stdout) == {"id": stored["id"]}
    assert stored["environmentVariable"] == {"value": value, "isSecret": True}
    assert stored["autoLinkDeployments"] is True
    assert len(sandbox.writing_calls()) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (wanted(environmentVariable=SECRET), 409),
        (wanted(objectKey="N"), 400),
        (wanted(objectKey="N", environmentVariable=SECRET, bogus=1), 400),
        (wanted(objectKey="N", environmentVariable=SECRET, scopeEntityId="nope"), 404),
        (wanted(objectKey="N", objectType="CONNECTION", connection={"host": "h"}), 400),
        (
            wanted(
                objectKey="N",
                environmentVariable=SECRET,
                scope="DEPLOYMENT",
                scopeEntityId="dep-1",
                autoLinkDeployments=True,
            ),
            400,
        ),
    ],
)
def test_a_creation_may_be_refused(sandbox: Sandbox, body: dict[str, object], status: int) -> None:
    sandbox.add_object("variable", "K", SECRET)
    result = posted(sandbox, body)
    assert (result.code, result.stderr) == (1, f"Error: API request failed with status {status}\n")
    assert json.loads(result.stdout)["statusCode"] == status
    assert len(sandbox.objects()) == 1


def test_an_update_drops_links_that_it_leaves_out_and_keeps_a_secret_that_is_empty(sandbox: Sandbox) -> None:
    link = {"scope": "DEPLOYMENT", "scopeEntityId": "dep-1"}
    object_id = sandbox.add_object("variable", "K", SECRET, links=[link], excludeLinks=[], autoLinkDeployments=True)
    echoed = {"links": [link], "excludeLinks": [], "autoLinkDeployments": True}
    assert posted(sandbox, {"environmentVariable": {"value": "new"}, **echoed}, object_id).code == 0
    assert sandbox.objects()[0] | echoed == sandbox.objects()[0]
    assert sandbox.objects()[0]["environmentVariable"] == {"value": "new", "isSecret": True}
    assert posted(sandbox, {"environmentVariable": {"value": ""}}, object_id).code == 0
    (stored,) = sandbox.objects()
    assert stored["environmentVariable"] == {"value": "new", "isSecret": True}
    assert not {"links", "excludeLinks", "autoLinkDeployments"} & set(stored)


def test_an_update_cannot_change_what_is_secret(sandbox: Sandbox) -> None:
    object_id = sandbox.add_object("variable", "K", SECRET)
    result = posted(sandbox, {"environmentVariable": {"value": "v", "isSecret": False}}, object_id)
    assert result.stderr == "Error: API request failed with status 400\n"


@pytest.mark.parametrize(("how", "host"), [("keep", "h"), ("clear", None)])
def test_fields_that_an_update_leaves_out_may_be_kept_or_gone(sandbox: Sandbox, how: str, host: str | None) -> None:
    with sandbox.change() as state:
        state["environment_update"] = how
    object_id = sandbox.add_object("connection", "c", CONNECTION)
    assert posted(sandbox, {"connection": {"type": "http", "login": "l"}}, object_id).code == 0
    stored = sandbox.objects()[0]["connection"]
    assert (stored.get("host"), stored["login"], stored["password"]) == (host, "l", "hush")


def test_deployments_are_listed_and_got(sandbox: Sandbox) -> None:
    sandbox.set_variable("PLAIN", "v")
    sandbox.set_variable("SECRET", "hush", secret=True)
    sandbox.add_deployment("dep-2", "other", "ws-2")
    page = json.loads(sandbox.astro(*CLOUD, "/organizations/{organizationId}/deployments?limit=1000").stdout)
    assert ([each["id"] for each in page["deployments"]], page["totalCount"]) == (["dep-1", "dep-2"], 2)
    one = json.loads(sandbox.astro(*CLOUD, "/organizations/org-1/deployments/dep-1").stdout)
    assert [variable.get("value") for variable in one["environmentVariables"]] == ["v", None]
    assert one["webServerAirflowApiUrl"] == "org-1.astronomer.run/dep-1/api/v2"
    chosen = json.loads(sandbox.astro(*CLOUD, "/organizations/org-1/deployments?workspaceIds=ws-2").stdout)
    assert [each["id"] for each in chosen["deployments"]] == ["dep-2"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/organizations/org-9/deployments", 403),
        ("/organizations/org-1/deployments/nope", 404),
        (f"{OBJECTS}/nope", 404),
        (f"{OBJECTS}?limit=1001", 400),
        (f"{OBJECTS}?workspaceId=ws-1&showSecrets=true", 400),
    ],
)
def test_astro_may_refuse(sandbox: Sandbox, path: str, status: int) -> None:
    result = sandbox.astro(*CLOUD, path)
    assert (result.code, result.stderr) == (1, f"Error: API request failed with status {status}\n")


def test_an_expired_login_is_a_401(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["session"] = "expired"
    result = sandbox.astro(*CLOUD, OBJECTS)
    assert json.loads(result.stdout)["message"] == "Invalid authorization token."
    assert result.stderr == "Error: API request failed with status 401\n"
    listing = sandbox.astro("env", "variable", "list", "--format", "json")
    assert listing.stderr == "Error: Invalid authorization token.\n"


def test_an_unreachable_astro_is_named(sandbox: Sandbox) -> None:
    sandbox.fault("offline")
    url = "https://api.astronomer.io/v1/organizations/org-1/environment-objects"
    message = f'executing request: Get "{url}": dial tcp: lookup api.astronomer.io: no such host'
    assert sandbox.astro(*CLOUD, OBJECTS) == Result("", f"Error: {message}\n", 1)


@pytest.mark.parametrize(
    "words",
    [
        (*CLOUD, "ListDeployments"),
        (*CLOUD, "/organizations/org-1/users"),
        (*CLOUD, "-X", "POST", "/organizations/org-1/deployments/dep-1"),
        ("env", "variable", "list"),
        ("env", "variable", "create", "--key", "K"),
        ("env", "variable", "create", "--from-file", ".env"),
        ("env", "connection", "create", "--from-file", "-"),
        ("env", "metrics-export", "list"),
    ],
)
def test_what_it_was_not_told_ends_loudly(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    assert sandbox.astro(*words).code == 64
