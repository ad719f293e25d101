"""Many new variables of the Environment Manager are written in few calls, and each of them arrives or is named."""

import json

import pytest

from sandbox import Json, Result, Sandbox

PLANTED = "pl4nted"
PLACE = "env-manager:workspace/ws-1"
BULK = "env airflow-variable create"


@pytest.fixture
def many(sandbox: Sandbox) -> Sandbox:
    """Return a project with ten variables that go together, three of them secret, and one that goes by itself."""
    variables = {f"v{number}": f"{PLANTED} 'x' \"$HOME\"\n{number}" for number in range(7)}
    variables |= {f"token_{number}": f"{PLANTED}-{number}" for number in range(3)}
    variables["my-var"] = f"{PLANTED}-odd"
    (sandbox.project / "variables.json").write_text(json.dumps(variables))
    return sandbox


def only(sandbox: Sandbox, beginning: str) -> None:
    """Leave the variables whose name begins so."""
    left = {key: text for key, text in wanted(sandbox).items() if key.startswith(beginning)}
    (sandbox.project / "variables.json").write_text(json.dumps(left))


def merge(sandbox: Sandbox, *options: str) -> Result:
    return sandbox.run("merge", "variables.json", PLACE, "--yes", "--json", *options)


def stored(sandbox: Sandbox) -> dict[str, str]:
    return {each["objectKey"]: each["airflowVariable"]["value"] for each in sandbox.objects()}


def wanted(sandbox: Sandbox) -> dict[str, str]:
    found: dict[str, str] = json.loads((sandbox.project / "variables.json").read_text())
    return found


def results(result: Result) -> dict[str, str]:
    places = json.loads(result.stdout)["places"]
    return {
        each["id"]: each["result"] for place in places if place["role"] == "destination" for each in place["changes"]
    }


def test_they_arrive_to_the_letter_in_the_calls_that_were_announced(many: Sandbox) -> None:
    asked = many.run("merge", "variables.json", PLACE, tty=True, input="y\n")
    assert asked.code == 0
    assert "3 writing calls" in asked.stdout
    assert (stored(many), len(many.writing_calls())) == (wanted(many), 3)
    secret = {each["objectKey"] for each in many.objects() if each["airflowVariable"]["isSecret"]}
    assert secret == {"token_0", "token_1", "token_2"}
    again = merge(many)
    assert (again.code, len(many.writing_calls())) == (0, 3)


def test_a_short_time_limit_has_fewer_of_them_in_a_call(many: Sandbox) -> None:
    assert merge(many, "--timeout", "5").code == 0
    sent = [len([fact for fact in call if fact.startswith("request_")]) for call in many.calls(BULK)]
    assert sorted(sent) == [2, 3, 5]
    assert stored(many) == wanted(many)


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "options", "code", "missing"),
    [
        pytest.param("http-status", {"status": 400, "body": {"message": PLANTED}, "page": 3}, 0, set(), id="once"),
        pytest.param(
            "http-status", {"status": 500, "echo": True, "after": True, "page": 3}, 0, set(), id="done-all-the-same"
        ),
        pytest.param("http-status", {"status": 502, "html": True, "page": 3}, 0, set(), id="html-of-a-proxy"),
        pytest.param("http-cut", {"page": 3}, 0, set(), id="cut-off"),
        pytest.param("crash", {"exit": 2}, 6, {f"v{number}" for number in range(7)}, id="crashed"),
    ],
)
def test_what_goes_wrong_with_one_concerns_no_other_and_shows_no_value(
    many: Sandbox, fault: str, options: Json, code: int, missing: set[str]
) -> None:
    only(many, "v")
    many.fault(fault, command=BULK, nth=1, **options)
    result = merge(many)
    assert (result.code, wanted(many).keys() - stored(many).keys()) == (code, missing)
    assert {key for key, became in results(result).items() if became != "done"} == missing
    assert PLANTED not in result.stdout + result.stderr + many.record_file.read_text()


def test_a_key_that_is_refused_stops_no_other(many: Sandbox) -> None:
    only(many, "v")
    merge(many, "--dry-run")
    many.fault("http-status", status=422, echo=True, command=BULK, nth=1, page=3)
    # what is there is read once more before the writing
    alone = len(many.calls("api cloud")) + 2
    many.fault("http-status", status=422, echo=True, command="api cloud", nth=alone)
    result = merge(many)
    assert (result.code, wanted(many).keys() - stored(many).keys()) == (6, {"v2"})
    assert {key for key, became in results(result).items() if became != "done"} == {"v2"}
    assert PLANTED not in result.stdout + result.stderr + many.record_file.read_text()


@pytest.mark.long
def test_what_was_on_its_way_when_the_time_was_up_is_told(many: Sandbox) -> None:
    many.fault("http-slow", command=BULK, page=2, seconds=60)
    result = merge(many, "--timeout", "5")
    assert result.code == 6
    assert set(results(result).values()) >= {"unknown"}
    assert {key for key, became in results(result).items() if became == "done"} <= stored(many).keys()
    assert PLANTED not in result.stdout + result.stderr + many.record_file.read_text()


def test_a_call_that_finds_no_login_shows_no_value(many: Sandbox) -> None:
    only(many, "v")
    many.fault("not-logged-in", command=BULK)
    result = merge(many)
    assert (result.code, stored(many)) == (0, wanted(many))
    assert PLANTED not in result.stdout + result.stderr
