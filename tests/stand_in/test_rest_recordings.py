"""Contract, sections 5.1 and 5.2: the acted REST APIs answer what real Airflows answered."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from astro_stand_in import airflow_rest, airflow_rest1
from astro_stand_in.rest import Request, Response
from sandbox import FIXTURES

Respond = Callable[[dict[str, Any], Request, str], Response]
VERSIONS: dict[str, Respond] = {"3.3.2": airflow_rest.respond, "2.11.2": airflow_rest1.respond}


def normalized(value: object) -> object:
    """Return an answer without what differs from run to run: ids of log lines, and the order of a set."""
    text = re.sub(r"(ID )\w{8}", r"\1X", json.dumps(value, sort_keys=True))
    text = re.sub(r"\{'([^}]*)'\}", lambda found: str(sorted(found[1].split("', '"))), text)
    return re.sub(r'"git_version": "[^"]*"', '"git_version": ""', text)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_session_is_answered_as_a_real_airflow_answered_it(version: str) -> None:
    database: dict[str, Any] = {}
    lines = (FIXTURES / f"airflow-{version}" / "rest.jsonl").read_text().splitlines()
    assert len(lines) > 90
    for line in lines:
        recorded = json.loads(line)
        body = None if recorded["body"] is None else recorded["body"].encode()
        response = VERSIONS[version](database, Request.to(recorded["method"], recorded["url"], body), version)
        assert response.status == recorded["status"], recorded
        try:
            answer = json.loads(response.body)
        except ValueError:
            answer = response.body.decode().rstrip("\n") or None
        assert normalized(answer) == normalized(recorded["answer"]), recorded
