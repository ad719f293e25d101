import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from astro_sync.errors import ExitCode, UnusableError
from astro_sync.places.airflow_api.astro_transport import AstroTransport
from astro_sync.places.airflow_api.transport import ApiError, Fault, Reply
from astro_sync.places.astro_cli import Astro, NotLoggedInError

PROGRAM = f"""#!{sys.executable}
import json, sys, time
from pathlib import Path
here = Path(__file__).parent
said = json.loads((here / "said.json").read_text())
stdin = sys.stdin.buffer.read().decode()
(here / "heard.json").write_text(json.dumps({{"argv": sys.argv[1:], "stdin": stdin}}))
time.sleep(said["seconds"])
sys.stdout.write(said["stdout"])
sys.stderr.write(said["stderr"])
sys.exit(said["status"])
"""
HEAD = "HTTP/1.1 {} Whatever\nContent-Type: application/json\nRetry-After: 7\nX: HTTP/1.1 999\n\n"

Say = Callable[..., AstroTransport]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Return a transport through a program that says what it is told to."""
    program = tmp_path / "astro"
    program.write_text(PROGRAM)
    program.chmod(0o700)

    def transport(stdout: str = "", stderr: str = "", status: int = 0, seconds: float = 0) -> AstroTransport:
        said = {"stdout": stdout, "stderr": stderr, "status": status, "seconds": seconds}
        (tmp_path / "said.json").write_text(json.dumps(said))
        astro = Astro(program, environ={}, cwd=tmp_path, timeout=2, private=tmp_path, watch=lambda _: nullcontext())
        return AstroTransport(astro, "airflow", ("-d", "dep-1"), "Airflow of Deployment prod")

    return transport


def heard(folder: Path) -> tuple[list[str], str]:
    found = json.loads((folder / "heard.json").read_text())
    return found["argv"], found["stdin"]


def test_a_read_names_path_place_and_method(say: Say, tmp_path: Path) -> None:
    reply = say(HEAD.format(200) + '{"variables": []}').send("GET", "/variables?limit=100&offset=0")
    assert reply == Reply(200, {"variables": []}, 7)
    argv, _ = heard(tmp_path)
    assert argv == ["api", "airflow", "/variables?limit=100&offset=0", "-d", "dep-1", "-X", "GET", "-i"]


def test_values_go_to_stdin_alone(say: Say, tmp_path: Path) -> None:
    body = json.dumps({"key": "a", "value": "planted\n"}).encode()
    say(HEAD.format(201) + "{}").send("POST", "/variables", body)
    argv, stdin = heard(tmp_path)
    assert argv[-2:] == ["--input", "-"]
    assert "planted" not in " ".join(argv)
    assert json.loads(stdin) == {"key": "a", "value": "planted\n"}


@pytest.mark.parametrize("before", ["", "Using an Astro API Token\n"])
@pytest.mark.parametrize("body", ['{\n  "a": "HTTP/1.1 500\\n\\n"\n}\n', ""])
def test_the_status_is_that_of_the_head(say: Say, before: str, body: str) -> None:
    reply = say(before + HEAD.format(404) + body, "Error: API request failed with status 404\n", 1).send("GET", "/x")
    assert reply.status == 404
    assert reply.json == (json.loads(body) if body else None)


def test_a_page_of_html_is_no_answer_unless_it_is_an_error(say: Say) -> None:
    page = "<!DOCTYPE html><title>planted</title>"
    assert say(HEAD.format(502) + page, status=1).send("GET", "/x").json is None
    with pytest.raises(ApiError) as caught:
        say(HEAD.format(200) + page).send("GET", "/x")
    assert caught.value.fault is Fault.NOT_THE_API
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ('Error: executing request: Get "https://h/x": context deadline exceeded\n', Fault.TIMED_OUT),
        ("Error: could not connect to Airflow at http://localhost:8080\n\nIs Airflow running?\n", Fault.UNREACHABLE),
        ('Error: executing request: Get "https://h/x": dial tcp: lookup h: no such host\n', Fault.UNREACHABLE),
        ("Error: reading response: unexpected EOF\n", Fault.CUT_OFF),
        ("Error: not authenticated. Run 'astro login' to authenticate\n", Fault.UNAUTHORIZED),
        ("Error: --deployment-id requires cloud context. Run 'astro login'\n", Fault.UNAUTHORIZED),
        ("Error: filling placeholders: placeholder error: organizationId not set in context\n", Fault.UNAUTHORIZED),
        ("Error: fetching deployment: deployment not found\n", Fault.NOT_FOUND),
        ('Error: unknown command "api" for "astro"\n', Fault.OTHER),
        ("Error: something new\n", Fault.OTHER),
        ("", Fault.OTHER),
    ],
)
def test_what_astro_says_becomes_a_named_failure(say: Say, stderr: str, expected: Fault) -> None:
    with pytest.raises(ApiError) as caught:
        say(stderr=stderr, status=1).send("GET", "/x")
    assert (caught.value.fault, caught.value.exit_code) == (expected, ExitCode.UNUSABLE)


def test_its_own_last_line_is_shown_for_a_read_only(say: Say) -> None:
    for body, shown in ((None, True), (b"{}", False)):
        with pytest.raises(ApiError) as caught:
            say(stderr="first\nError: planted\n", status=1).send("POST", "/x", body)
        assert ("Error: planted" in str(caught.value)) is shown


@pytest.mark.parametrize(
    "line", ["panic: decoding config: token=planted", "dial http://u:planted@host", "key planted0123456789abcdefgh"]
)
def test_a_last_line_that_may_hold_a_credential_is_not_shown(say: Say, line: str) -> None:
    with pytest.raises(ApiError) as caught:
        say(stderr=f"first\n{line}\n", status=1).send("GET", "/variables")
    assert "planted" not in f"{caught.value} {caught.value.hint}"


def test_a_call_that_does_not_end_is_ended(say: Say) -> None:
    transport = say(HEAD.format(200), seconds=60)
    with pytest.raises(ApiError) as caught:
        transport.send("GET", "/x")
    assert caught.value.fault is Fault.TIMED_OUT


def test_no_login_is_told_as_such(say: Say) -> None:
    with pytest.raises(NotLoggedInError) as caught:
        say("Welcome to the Astro CLI, log in\n", status=1).send("GET", "/x")
    assert isinstance(caught.value, UnusableError)


def test_a_value_that_reads_like_a_login_question_is_none(say: Say) -> None:
    body = json.dumps({"value": "Welcome to the Astro CLI"})
    assert say(HEAD.format(200) + body).send("GET", "/x").status == 200
