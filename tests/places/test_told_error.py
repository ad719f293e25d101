"""What `astro` says of an error is shown, unless it may hold a value."""

import json
from urllib.parse import quote

import pytest

from astro_sync.places.astro_cli import Answer
from astro_sync.places.told_error import told_error

REFUSED = "Error: you do not have permission deployment.update"


@pytest.mark.parametrize(
    ("stdout", "stderr", "told"),
    [
        ("", REFUSED, ": you do not have permission deployment.update."),
        ("", f"{REFUSED}.\n", ": you do not have permission deployment.update."),
        (REFUSED, "", ": you do not have permission deployment.update."),
        (f"Error: first\n{REFUSED}\nUsage: astro\n", "", ": you do not have permission deployment.update."),
        ("Error: on stdout", f"x\n{REFUSED}\n", ": you do not have permission deployment.update."),
        ("", f"\x1b[31m{REFUSED}\x1b[0m", ": you do not have permission deployment.update."),
        ("", "an Error: no line of its own", "."),
        ("", "", "."),
    ],
)
def test_the_last_error_line_is_shown(stdout: str, stderr: str, told: str) -> None:
    assert told_error(Answer(stdout, stderr, 1), ["hunter2-Zq9", "e", "deploy"]) == told


def test_a_very_long_line_is_cut() -> None:
    assert len(told_error(Answer("", f"Error: {'x' * 5000}", 1), [])) < 400


VALUE = 'p\u00e4ss w"rd/+%'


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([VALUE], f"bad value {VALUE} given"),
        (["x", VALUE], f"bad value {json.dumps(VALUE)}"),
        ([VALUE], f"bad value {json.dumps(VALUE, ensure_ascii=False)}"),
        ([VALUE], f"GET /variables/{quote(VALUE, safe='')}"),
        ([f"  {VALUE}\n"], f"bad value {VALUE}"),
        ([f"first line\n{VALUE}\nlast"], f"bad value {VALUE}"),
        ([f"postgres://u:{quote(VALUE, safe='')}@h/d"], f"bad password {VALUE}"),
        (["postgres://u:Zq7Plant@h/d"], "no connection to h with Zq7Plant"),
        ([json.dumps({"user": "u", "keys": [{"password": VALUE}]})], f"bad value {VALUE}"),
        (["aws://?__extra__=%7B%22key%22%3A+%22Zq7Plant%22%7D"], "Zq7Plant is not valid"),
        (["p&ssw<rd-secret"], 'invalid value "p\\u0026ssw\\u003crd-secret"'),
        (["p+ss/w<rd-secret"], "GET /x?value=p%2bss%2fw%3crd-secret"),
        (["p ss-secret"], "value=p+ss-secret"),
        (["Secret-Value"], "bad value SECRET-VALUE"),
        (["scott:tiger-password"], "cannot use scott:tiger-pas..."),
        (["Zq7-Planted-Xy"], "cannot use 7-Plante"),
        (["Zq7-Planted-Xy"], "cannot use Planted-..."),
        (["plain-secret"], "Authorization cGxhaW4tc2VjcmV0"),
        (["1"], "bad value 1"),
        (["a1"], "bad value=a1, sorry"),
        ([], "API request failed with status 422"),
        ([], 'Unprocessable Entity: "x"'),
    ],
)
def test_a_line_that_may_hold_a_value_is_withheld_and_that_is_said(values: list[str], line: str) -> None:
    told = told_error(Answer("", f"Error: {line}\n", 1), values)
    assert told == "; its message may hold a value and is not shown."


@pytest.mark.parametrize(
    "values", [["a"], ["status"[1:3]], ["", " ", "\n"], ["other-value"], ['{"a": 1}', "[" * 10_000]]
)
def test_a_text_that_stands_by_chance_in_a_longer_word_withholds_nothing(values: list[str]) -> None:
    assert "failed" in told_error(Answer("", "Error: API request failed with status 500", 1), values)
