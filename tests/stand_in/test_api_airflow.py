"""Contract, section 5: `astro api airflow` on the local Airflow, on a Deployment's, and on a real server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox import Result, Sandbox, requests, wait_until

API = ("api", "airflow")
REFUSED = "Error: API request failed with status {}\n"
NO_CONNECTION = "Error: could not connect to Airflow at http://localhost:8080/api/v2/variables\n\nIs Airflow running?"


@pytest.fixture
def ready(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with variables and a connection, locally and on a Deployment."""
    sandbox.set_airflow({"b": "1 ", "a": "text", "db_password": "hush"}, {"c": "http://u:secret5@h"}, {"a": "about"})
    sandbox.set_metadata("dep-1", {"theirs": "x"})
    return sandbox


def sent(sandbox: Sandbox, body: object, *words: str, path: str = "/variables") -> Result:
    return sandbox.astro(*API, path, "--input", "-", *words, input=json.dumps(body))


# --- how an answer is printed ---


def test_an_answer_is_written_again_with_its_keys_sorted(ready: Sandbox) -> None:
    result = ready.astro(*API, "/variables/a")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == (
        '{\n  "description": "about",\n  "is_encrypted": true,\n  "key": "a",\n  "team_name": null,\n'
        '  "value": "text"\n}\n'
    )


def test_an_error_has_its_body_on_stdout_and_its_status_on_stderr(ready: Sandbox) -> None:
    result = ready.astro(*API, "/variables/none")
    assert result.stdout == '{\n  "detail": "The Variable with key: `none` was not found"\n}\n'
    assert (result.code, result.stderr) == (1, REFUSED.format(404))


def test_include_prints_the_status_line_and_the_headers_first(ready: Sandbox) -> None:
    head, _, body = ready.astro(*API, "/variables/a", "-i").stdout.partition("\n\n")
    lines = head.split("\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert [line.partition(":")[0] for line in lines[1:]] == ["Content-Type", "Date", "Server", "Vary"]
    assert json.loads(body)["key"] == "a"


def test_a_deletion_prints_nothing(ready: Sandbox) -> None:
    assert ready.astro(*API, "/variables/a", "-X", "DELETE") == Result("", "", 0)
    assert set(ready.metadata()["variables"]) == {"b", "db_password"}


def test_a_token_is_announced_before_the_answer(ready: Sandbox) -> None:
    result = ready.astro(*API, "/variables/a", env={"ASTRO_API_TOKEN": "planted-token"})
    assert result.stdout.startswith("Using an Astro API Token\n{\n")


# --- what is asked for ---


def test_a_body_from_stdin_is_posted(ready: Sandbox) -> None:
    value = '<é>\n"\\ ${x}'
    assert sent(ready, {"key": "new", "value": value, "description": "d"}).code == 0
    assert ready.metadata()["variables"]["new"] == (value, "d")
    assert [request["method"] for call in ready.calls() for request in requests(call)] == ["POST"]
    assert len(ready.writing_calls()) == 1


def test_fields_make_a_body_or_a_query(ready: Sandbox) -> None:
    assert ready.astro(*API, "/variables", "-f", "key=n", "-f", "value=5", "-F", "description=null").code == 0
    assert ready.metadata()["variables"]["n"] == ("5", None)
    page = ready.astro(*API, "/variables", "-X", "GET", "-F", "limit=1", "-F", "offset=1").stdout
    assert [row["key"] for row in json.loads(page)["variables"]] == ["a"]


def test_pages_are_printed_one_after_the_other_and_slurp_drops_the_total(ready: Sandbox) -> None:
    pages = ready.astro(*API, "/variables?limit=2", "--paginate").stdout
    decoder, documents, rest = json.JSONDecoder(), [], pages
    while rest.strip():
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].lstrip()
    assert [(page["total_entries"], len(page["variables"])) for page in documents] == [(3, 2), (3, 1)]
    slurped = json.loads(ready.astro(*API, "/variables?limit=2", "--paginate", "--slurp").stdout)
    assert list(slurped) == ["variables"]
    assert len(slurped["variables"]) == 3


def test_an_empty_listing_slurped_is_null(sandbox: Sandbox) -> None:
    assert json.loads(sandbox.astro(*API, "/variables", "--paginate", "--slurp").stdout) == {"variables": None}


def test_a_page_holds_a_hundred_at_most(sandbox: Sandbox) -> None:
    sandbox.set_airflow({f"k{number:03d}": "v" for number in range(120)})
    page = json.loads(sandbox.astro(*API, "/variables?limit=1000").stdout)
    assert (len(page["variables"]), page["total_entries"]) == (100, 120)


# --- masks ---


def test_a_secret_name_and_a_text_with_a_seen_password_are_masked(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"my_token": "x", "url": "http://u:secret5@h", "n_secret": "42"}, {"c": "http://u:secret5@h"})
    page = json.loads(sandbox.astro(*API, "/variables").stdout)
    assert [row["value"] for row in page["variables"]] == ["***", "http://u:***@h", "42"]
    assert json.loads(sandbox.astro(*API, "/connections/c").stdout)["password"] == "***"


def test_a_server_may_hide_nothing(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"my_token": "x"}, {"c": "http://u:secret5@h"})
    with sandbox.change() as state:
        state["airflow"]["shows_secrets"] = True
    assert json.loads(sandbox.astro(*API, "/variables/my_token").stdout)["value"] == "x"
    assert json.loads(sandbox.astro(*API, "/connections/c").stdout)["password"] == "secret5"


def test_a_mask_that_is_written_is_stored_but_by_an_update_of_a_connection(ready: Sandbox) -> None:
    assert sent(ready, {"key": "db_password", "value": "***"}, "-X", "PATCH", path="/variables/db_password").code == 0
    assert ready.metadata()["variables"]["db_password"] == ("***", None)
    masked = {"connection_id": "c", "conn_type": "http", "password": "***"}
    assert sent(ready, masked, "-X", "PATCH", path="/connections/c").code == 0
    assert ready.metadata()["connections"]["c"]["password"] == "secret5"
    overwrite = {"action": "create", "action_on_existence": "overwrite", "entities": [masked]}
    assert sent(ready, {"actions": [overwrite]}, "-X", "PATCH", path="/connections").code == 0
    assert ready.metadata()["connections"]["c"]["password"] == "***"


# --- which Airflow ---


def test_a_deployments_airflow_is_another_one(ready: Sandbox) -> None:
    page = json.loads(ready.astro(*API, "/variables", "-d", "dep-1").stdout)
    assert [row["key"] for row in page["variables"]] == ["theirs"]
    assert sent(ready, {"key": "new", "value": "v"}, "-d", "dep-1").code == 0
    assert set(ready.metadata("dep-1")["variables"]) == {"theirs", "new"}
    assert ready.astro(*API, "/variables", "-d", "dep-1", "-i").stdout.startswith("HTTP/2.0 200 OK\n")


def test_an_airflow_2_answers_as_version_1(sandbox: Sandbox) -> None:
    sandbox.set_metadata("dep-1", {"my_token": " 5 "}, {"c": "http://u:p@h"}, version="2.11.2")
    page = json.loads(sandbox.astro(*API, "/variables", "-d", "dep-1").stdout)
    assert page["variables"] == [{"description": None, "key": "my_token", "value": " 5 "}]
    assert "password" not in sandbox.astro(*API, "/connections/c", "-d", "dep-1").stdout
    refused = sent(sandbox, {"actions": []}, "-X", "PATCH", "-d", "dep-1")
    assert (refused.code, refused.stderr) == (1, REFUSED.format(405))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-d", "nope"), "fetching deployment: Deployment not found"),
        (("-H", "bogus"), 'invalid header format "bogus", expected key:value'),
        (("--input", "no.json"), "open no.json: no such file or directory"),
    ],
)
def test_a_mistake_is_told(ready: Sandbox, words: tuple[str, ...], message: str) -> None:
    assert ready.astro(*API, "/variables", *words) == Result("", f"Error: {message}\n", 1)


def test_without_a_login_a_deployment_cannot_be_asked(ready: Sandbox) -> None:
    ready.log_out(context=False)
    assert "getting current context: no context set" in ready.astro(*API, "/variables", "-d", "dep-1").stderr
    ready.log_out()
    assert "not authenticated. Run 'astro login'" in ready.astro(*API, "/variables", "-d", "dep-1").stderr
    assert ready.astro(*API, "/variables").code == 0


def test_an_expired_login_is_a_401_of_astro(ready: Sandbox) -> None:
    with ready.change() as state:
        state["session"] = "expired"
    result = ready.astro(*API, "/variables", "-d", "dep-1")
    assert result.stderr == "Error: fetching deployment: Invalid authorization token.\n"


@pytest.mark.parametrize("how", ["stopped", "no-containers", "no-runtime"])
def test_an_airflow_that_does_not_run_is_said_not_to(ready: Sandbox, how: str) -> None:
    ready.stop_airflow(how)
    result = ready.astro(*API, "/variables")
    assert result.code == 1
    assert result.stderr.startswith(NO_CONNECTION)


def test_a_wrong_password_is_a_warning_or_with_one_of_your_own_an_error(ready: Sandbox) -> None:
    with ready.change() as state:
        state["airflow"]["login"] = {"username": "me", "password": "mine"}
    result = ready.astro(*API, "/variables")
    assert result.stderr == (
        "Warning: could not fetch auth token (auth endpoint returned status 401), continuing without authentication\n"
        + REFUSED.format(401)
    )
    explicit = ready.astro(*API, "/variables", "-u", "me", "--password", "wrong")
    assert explicit.stderr == "Error: authentication failed: auth endpoint returned status 401\n"
    assert ready.astro(*API, "/variables", "-u", "me", "--password", "mine").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("get_variables",),
        ("/variables", "--verbose"),
        ("/variables", "--generate"),
        ("/variables", "-q", ".x"),
        ("/variables?bogus=1",),
        ("/variables", "--api-url", "https://airflow.example.com"),
        ("/connections/test", "-X", "POST"),
    ],
)
def test_what_it_was_not_told_ends_loudly(ready: Sandbox, words: tuple[str, ...]) -> None:
    assert ready.astro(*API, *words).code == 64


# --- faults ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 502])
def test_a_server_may_refuse_anything(ready: Sandbox, status: int) -> None:
    ready.fault("http-status", status=status, body={"detail": "no"})
    result = ready.astro(*API, "/variables/a")
    assert (result.code, result.stdout, result.stderr) == (1, '{\n  "detail": "no"\n}\n', REFUSED.format(status))


def test_a_proxy_may_answer_in_html(ready: Sandbox) -> None:
    ready.fault("http-status", status=502, html=True)
    assert ready.astro(*API, "/variables").stdout.startswith("<html>")
    ready.clear_faults()
    ready.fault("http-status", status=200, html=True)
    result = ready.astro(*API, "/variables")
    assert (result.code, result.stdout[:6]) == (0, "<html>")


def test_a_422_may_repeat_what_was_sent(ready: Sandbox) -> None:
    ready.fault("http-status", status=422, echo=True)
    result = sent(ready, {"key": "k", "value": "planted"})
    assert json.loads(result.stdout)["detail"][0]["input"] == {"key": "k", "value": "planted"}
    assert "k" not in ready.metadata()["variables"]


def test_an_error_may_come_although_the_work_was_done(ready: Sandbox) -> None:
    ready.fault("http-status", status=504, after=True)
    assert sent(ready, {"key": "k", "value": "v"}).code == 1
    assert ready.metadata()["variables"]["k"] == ("v", None)


@pytest.mark.parametrize(
    ("noticed", "code", "stderr"), [(True, 1, "Error: reading response: unexpected EOF\n"), (False, 0, "")]
)
def test_a_body_may_be_cut_off(ready: Sandbox, *, noticed: bool, code: int, stderr: str) -> None:
    ready.fault("http-cut", noticed=noticed, bytes=10)
    result = ready.astro(*API, "/variables")
    assert result == Result("" if noticed else '{"variable', stderr, code)


def test_the_cli_gives_up_and_what_it_sent_is_done_all_the_same(ready: Sandbox) -> None:
    with ready.change() as state:
        state["api_limit"] = 0.1
    ready.fault("http-slow", seconds=0.8)
    result = sent(ready, {"key": "k", "value": "v"})
    url = "http://localhost:8080/api/v2/variables"
    assert result == Result("", f'Error: executing request: Post "{url}": context deadline exceeded\n', 1)
    assert "k" not in ready.metadata()["variables"]
    assert wait_until(lambda: "k" in ready.metadata()["variables"])


def test_a_listing_may_change_between_two_pages(ready: Sandbox) -> None:
    ready.fault("listing-changes", page=2, remove=["b"])
    pages = ready.astro(*API, "/variables?limit=1", "--paginate").stdout
    assert [line.split('"')[3] for line in pages.splitlines() if '"key"' in line] == ["b", "db_password"]


def test_a_fault_may_strike_one_page_of_a_call(ready: Sandbox) -> None:
    ready.fault("http-status", page=2, status=500, body="oops")
    result = ready.astro(*API, "/variables?limit=1", "--paginate")
    assert result.stdout.endswith("}\noops")
    assert (result.code, result.stderr) == (1, REFUSED.format(500))


# --- a real server ---


class Server(BaseHTTPRequestHandler):
    """Answer as an Airflow 3 does, and tell what was asked."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        told: dict[str, Any] = {"method": self.command, "path": self.path, "body": body}
        told["authorization"] = self.headers.get("Authorization")
        if self.path == "/auth/token":
            told = {"access_token": "real-token"}
        if self.path.endswith("/version"):
            told = {"version": "3.3.2"}
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = _answer  # noqa: N815 - the library looks for these names

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Return the address of a server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.mark.parametrize("place", ["local", "deployment", "url"])
def test_a_real_server_can_be_behind_it(ready: Sandbox, server: str, place: str) -> None:
    words: tuple[str, ...] = ()
    if place == "url":
        words = ("--api-url", f"{server}/api/v2")
    else:
        ready.serve_airflow(server, "dep-1" if place == "deployment" else None)
        words = ("-d", "dep-1") if place == "deployment" else ()
    told = json.loads(sent(ready, {"a": "ž"}, *words, path="/variables/x%2Fy?z=1").stdout)
    assert told == {
        "method": "POST",
        "path": "/api/v2/variables/x%2Fy?z=1",
        "body": '{"a": "\\u017e"}',
        "authorization": "Bearer real-token",
    }


def test_a_server_that_is_not_there_cannot_be_reached(ready: Sandbox) -> None:
    result = ready.astro(*API, "/variables", "--api-url", "http://127.0.0.1:9/api/v2")
    assert result.code == 1
    assert result.stderr.startswith("Error: could not connect to Airflow at http://127.0.0.1:9/api/v2/variables\n")
