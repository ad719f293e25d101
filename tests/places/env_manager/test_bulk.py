"""Many new variables in one call: which go so, that gotenv reads them back exactly, and what became of each key."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_stand_in.gotenv import strict_parse
from astro_sync.airflow.connection import Connection
from astro_sync.core.model import Kind, Name
from astro_sync.places.airflow_api.report import Report, WriteResult
from astro_sync.places.airflow_api.transport import Fault, Reply
from astro_sync.places.astro_cli import Answer
from astro_sync.places.env_manager.bulk import batches, create_words, dotenv, spell
from astro_sync.places.env_manager.client import EnvManagerClient
from astro_sync.places.env_manager.objects import Scope, WriteObject
from env_texts import ENVIRONMENT, values

WORKSPACE, DEPLOYMENT = Scope("ws-1", deployment=False), Scope("dep-1", deployment=True)
DONE, EXISTS, REJECTED = WriteResult.DONE, WriteResult.EXISTS, WriteResult.REJECTED
NOT_WRITTEN, UNKNOWN = WriteResult.NOT_WRITTEN, WriteResult.UNKNOWN


def variable(key: str, text: str = "x", kind: Kind = Kind.VARIABLE) -> WriteObject:
    return WriteObject(Name(kind, key), text)


def names(writes: Sequence[WriteObject]) -> frozenset[Name]:
    return frozenset(write.name for write in writes)


# --- the spelling ---


@given(st.lists(values, min_size=1, max_size=5))
def test_what_is_spelled_is_read_back_to_the_letter(texts: list[str]) -> None:
    spelled = {f"A{number}": text for number, text in enumerate(texts) if spell(text) is not None}
    environment = {**ENVIRONMENT, **dict.fromkeys(["A", "B", "A1"], "not this")}
    batch = [variable(key, text) for key, text in spelled.items()]
    text = dotenv(batch).decode()
    assert strict_parse(text, environment) == spelled
    assert strict_parse(text[1:], environment) == spelled, "a failed login prompt takes the first character"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("", "''"),
        ('{"a": "b\\n", "c": "$X #"}', '\'{"a": "b\\n", "c": "$X #"}\''),
        ("it's C:\\new # '$HOME'", "'it's C:\\new # '$HOME''"),
        ("it's\n$HOME", '"it\'s\\n\\$HOME"'),
        ("-----BEGIN-----\nx\r\n", '"-----BEGIN-----\\nx\\r\\n"'),
        (" begins with a blank", None),
        ("\xa0so does this", None),
        ("ends with \\", None),
        ("C:\\new\n", None),
        ("two\nlines \\", None),
        ("nul\0", None),
        ("\udcff", None),
    ],
)
def test_only_what_is_sure_is_spelled(text: str, spelled: str | None) -> None:
    assert spell(text) == spelled


# --- the calls ---


def test_new_variables_of_one_sort_go_together_and_all_else_by_itself() -> None:
    together = [variable("b"), variable("a"), replace(variable("t"), secret=True), replace(variable("s"), secret=True)]
    together += [variable("E", kind=Kind.ENVIRONMENT), variable("F", kind=Kind.ENVIRONMENT)]
    together += [replace(variable(key), auto_link=True) for key in ("l", "m")]
    alone = [
        replace(variable("described"), description="why"),
        replace(variable("empty", ""), secret=True),
        WriteObject(Name(Kind.CONNECTION, "pg"), connection=Connection("postgres")),
        variable("changed"),
        variable("my-var.x"),
        variable("1st"),
        variable("é"),
        variable("unsure", " x"),
        variable("long", "x" * 60_000),
    ]
    writes = [*together, *alone]
    found = batches(writes, names(writes) - {Name(Kind.VARIABLE, "changed")}, 100)
    assert [[write.name.id for write in batch] for batch in found if len(batch) > 1] == [
        ["a", "b"],
        ["s", "t"],
        ["E", "F"],
        ["l", "m"],
    ]
    assert [batch[0] for batch in found if len(batch) == 1] == alone


def test_two_thousand_variables_take_twenty_calls() -> None:
    writes = [variable(f"v{number}") for number in range(2000)]
    found = batches(writes, names(writes), 100)
    assert [len(batch) for batch in found] == [100] * 20
    assert {write for batch in found for write in batch} == set(writes)


@pytest.mark.parametrize(
    ("scope", "write", "words"),
    [
        (WORKSPACE, variable("a"), "env airflow-variable create --workspace-id ws-1 --from-file -"),
        (DEPLOYMENT, variable("A", kind=Kind.ENVIRONMENT), "env variable create --deployment-id dep-1 --from-file -"),
        (
            WORKSPACE,
            replace(variable("a"), secret=True, auto_link=True),
            "env airflow-variable create --workspace-id ws-1 --from-file - --secret --auto-link",
        ),
        (
            DEPLOYMENT,
            replace(variable("a"), auto_link=True),
            "env airflow-variable create --deployment-id dep-1 --from-file -",
        ),
    ],
)
def test_no_argument_holds_a_value(scope: Scope, write: WriteObject, words: str) -> None:
    assert " ".join(create_words(scope, [write])) == words


# --- what became of each key ---


class Astro:
    """An `astro` that gives one answer after another, and an API that refuses single keys by their status."""

    def __init__(self, *answers: Answer, refused: dict[str, int] | None = None, there: Sequence[str] = ()) -> None:
        self.answers = list(answers)
        self.refused = refused or {}
        self.there = there
        self.asked: list[str] = []

    def run(self, _words: Sequence[str], stdin: bytes) -> Answer:
        self.asked.append(",".join(strict_parse(stdin.decode(), {})))
        return self.answers.pop(0)

    def send(self, method: str, _path: str, body: bytes | None = None) -> Reply:
        if method == "GET":
            fields = {"objectType": "AIRFLOW_VARIABLE", "scope": "WORKSPACE", "airflowVariable": {"value": "theirs"}}
            rows = [{**fields, "objectKey": key, "id": key} for key in self.there]
            return Reply(200, {"environmentObjects": rows, "totalCount": len(rows)})
        key = next(key for key in "abcde" if f'"{key}"'.encode() in (body or b""))
        self.asked.append(f"{key} alone")
        status = self.refused.get(key, 200)
        # what stands in front of the API answers without a message
        return Reply(status, {"message": f"no {status}"} if key != "a" else None)

    def create(self, keys: str = "abcde") -> Report:
        writes = [variable(key) for key in keys]
        client = EnvManagerClient(self, self.run, WORKSPACE, "Environment Manager of Workspace ws-1")
        return client.write([writes], create=names(writes))


def created(keys: str, error: str = "", status: int | None = 0) -> Answer:
    """Return the answer of a call that created these and then met an error."""
    return Answer("".join(f"Created {key} (id: c1)\n" for key in keys), f"Error: create k: {error}\n", status)


@pytest.mark.parametrize(
    ("astro", "asked", "results"),
    [
        pytest.param(Astro(created("abcde")), ["a,b,c,d,e"], [DONE] * 5, id="all"),
        pytest.param(
            Astro(created("ab", "no 400", 1), created("de"), refused={"c": 400}),
            ["a,b,c,d,e", "c alone", "d,e"],
            [DONE, DONE, REJECTED, DONE, DONE],
            id="one-is-refused",
        ),
        pytest.param(
            Astro(
                created("", "no 400", 1),
                created("", "no 422", 1),
                created("", "no 422", 1),
                created("", "no 400", 1),
                refused={"a": 400} | dict.fromkeys("bcde", 422),
            ),
            ["a,b,c,d,e", "a alone", "b,c,d,e", "b alone", "c,d,e", "c alone", "d,e", "d alone", "e alone"],
            [REJECTED] * 5,
            id="each-is-refused",
        ),
        pytest.param(
            Astro(created("abcd", "no 409", 1), refused={"e": 409}),
            ["a,b,c,d,e", "e alone"],
            [DONE, DONE, DONE, DONE, EXISTS],
            id="somebody-else-was-first",
        ),
        pytest.param(
            Astro(created("abcd", "unexpected EOF", 1), refused={"e": 409}),
            ["a,b,c,d,e", "e alone"],
            [DONE, DONE, DONE, DONE, UNKNOWN],
            id="the-stopped-call-may-have-created-it",
        ),
        pytest.param(
            Astro(Answer("", 'Error: unknown command "env" for "astro"\n', 1), refused={"d": 400}),
            ["a,b,c,d,e", "a alone", "b alone", "c alone", "d alone", "e alone"],
            [DONE, DONE, DONE, REJECTED, DONE],
            id="no-such-call",
        ),
        pytest.param(
            Astro(created("abde"), there="c"),
            ["a,b,d,e"],
            [DONE, DONE, EXISTS, DONE, DONE],
            id="one-is-there",
        ),
    ],
)
def test_a_key_that_is_refused_stops_no_other(astro: Astro, asked: list[str], results: list[WriteResult]) -> None:
    report = astro.create()
    assert (astro.asked, list(report.results.values()), report.failure) == (asked, results, None)


@pytest.mark.parametrize(
    ("astro", "results", "fault"),
    [
        pytest.param(Astro(created("ab", "", None)), [DONE, DONE, *[UNKNOWN] * 3], Fault.TIMED_OUT, id="timed-out"),
        pytest.param(Astro(created("ab", "", -15)), [DONE, DONE, *[UNKNOWN] * 3], Fault.CUT_OFF, id="ended"),
        pytest.param(Astro(created("ab", "panic", 2)), [DONE, DONE, *[UNKNOWN] * 3], Fault.CUT_OFF, id="panicked"),
        pytest.param(Astro(created("ab")), [DONE, DONE, *[UNKNOWN] * 3], Fault.CUT_OFF, id="not-told"),
        pytest.param(
            Astro(created("", "failed to perform request, status 403", 1), refused={"a": 403}),
            [NOT_WRITTEN] * 5,
            Fault.FORBIDDEN,
            id="no-message",
        ),
        *(
            pytest.param(
                Astro(created("ab", said, 1), refused={"c": status}),
                [DONE, DONE, result, NOT_WRITTEN, NOT_WRITTEN],
                fault,
                id=f"{status}-after-{said}",
            )
            for said, status, result, fault in [
                ("no 401", 401, NOT_WRITTEN, Fault.UNAUTHORIZED),
                ("no 403", 403, NOT_WRITTEN, Fault.FORBIDDEN),
                ("no 429", 429, NOT_WRITTEN, Fault.THROTTLED),
                ("unexpected EOF", 403, UNKNOWN, Fault.FORBIDDEN),
                ("no 500", 500, UNKNOWN, Fault.SERVER_ERROR),
            ]
        ),
    ],
)
def test_a_failure_ends_the_writing(astro: Astro, results: list[WriteResult], fault: Fault) -> None:
    report = astro.create()
    assert list(report.results.values()) == results
    assert report.failure is not None
    assert report.failure.fault is fault
    assert astro.answers == []
