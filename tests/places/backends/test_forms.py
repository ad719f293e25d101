"""What Airflow makes of a secret's content, and what is written so that it makes just that of it."""

import json

import pytest
from hypothesis import given

from astro_sync.airflow.connection import Connection, means_the_same, parse_connection, to_json, to_text
from astro_sync.core.model import Kind, Reason, Refusal
from astro_sync.places.backends.base import Content
from astro_sync.places.backends.forms import Forms, make_forms
from astro_sync.places.backends.settings import BackendConfig, Vendor
from connection_samples import CONNECTIONS

C, V = Kind.CONNECTION, Kind.VARIABLE
AWS, SSM, GOOGLE, AZURE, VAULT = (
    Forms(vendor) for vendor in (Vendor.AWS_SECRETS, Vendor.AWS_PARAMETERS, Vendor.GOOGLE, Vendor.AZURE, Vendor.VAULT)
)
VERBATIM = [SSM, GOOGLE, AZURE]


def reason(found: object) -> Reason | None:
    return found.reason if isinstance(found, Refusal) else None


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ({"conn_type": "x", "host": "h"}, Connection("x", host="h")),
        ({"engine": "postgres", "username": "u", "password": "p", "host": "h", "port": 5}, None),
        ({"conn_id": "x", "conn_type": "http"}, Connection("x")),
        ({"conn_type": "x", "description": "d"}, Connection("x")),
        ({"conn_type": "x", "key": "k"}, Connection("x", password="k")),
        ({"conn_type": "x", "dbname": "d", "database": "s"}, Connection("x", schema="s")),
        ({"conn_type": "x", "pass": "1", "password": "2"}, Connection("x", password="1")),
    ],
)
def test_aws_takes_a_json_object_apart_by_its_words(stored: dict[str, object], read: Connection | None) -> None:
    text = AWS.read(C, json.dumps(stored))
    assert isinstance(text, str)
    wanted = read or Connection("postgres", login="u", password="p", host="h", port=5)
    assert parse_connection(text) == wanted


def test_aws_knows_further_words_by_configuration() -> None:
    forms = make_forms(BackendConfig(Vendor.AWS_SECRETS, {"extra_conn_words": {"user": ["benutzer"]}}))
    text = forms.read(C, '{"conn_type": "x", "benutzer": "u"}')
    assert isinstance(text, str)
    assert parse_connection(text) == Connection("x", login="u")


@pytest.mark.parametrize("forms", VERBATIM)
def test_the_others_hand_the_text_on_as_it_is(forms: Forms) -> None:
    assert forms.read(C, '{"conn_type": "x", "key": "k"}') == '{"conn_type": "x", "key": "k"}'
    assert forms.read(V, " 5 ") == " 5 "


@pytest.mark.parametrize(
    ("kind", "fields", "read"),
    [
        (C, {"conn_uri": "x://h"}, "x://h"),
        (C, {"conn_uri": "x://h", "owner": "me"}, "x://h"),
        (C, {"conn_type": "x", "host": "h"}, '{"conn_type": "x", "host": "h"}'),
        (C, {"conn_uri": "", "conn_type": "x"}, Reason.UNSOUND_CONNECTION),
        (C, {"conn_type": "x", "owner": "me"}, Reason.UNSOUND_CONNECTION),
        (C, {"conn_uri": 5}, Reason.NOT_TEXT),
        (C, {}, Reason.UNSOUND_CONNECTION),
        (C, {"conn_uri": "  "}, Reason.EMPTY),
        (V, {"value": "t", "owner": "me"}, "t"),
        (V, {"value": ""}, ""),
        (V, {"value": 5}, Reason.NOT_TEXT),
        (V, {"other": "t"}, Reason.NOT_TEXT),
        (V, {}, None),
    ],
)
def test_vault_keeps_fields(kind: Kind, fields: dict[str, object], read: object) -> None:
    found = VAULT.read(kind, fields)
    assert (reason(found) or found) == read


@pytest.mark.parametrize(
    ("kind", "old", "text", "written"),
    [
        (V, None, "t", {"value": "t"}),
        (V, {"value": "o", "owner": "me"}, "t", {"value": "t", "owner": "me"}),
        (C, None, "x://h", {"conn_uri": "x://h"}),
        (C, {"conn_uri": "x://o", "owner": "me"}, "x://h", {"conn_uri": "x://h", "owner": "me"}),
        (C, {"conn_type": "x", "login": "o"}, '{"conn_type": "x", "host": "h"}', {"conn_type": "x", "host": "h"}),
        (C, None, '{"conn_type": "x", "description": "d"}', {"conn_uri": '{"conn_type": "x", "description": "d"}'}),
    ],
)
def test_the_form_that_a_secret_of_vault_has_stays(kind: Kind, old: Content | None, text: str, written: object) -> None:
    assert VAULT.write(kind, text, old) == written


@given(CONNECTIONS)
def test_what_is_written_of_a_connection_reads_as_that_connection(connection: Connection) -> None:
    for text in (to_text(connection), to_json(connection)):
        for forms in (AWS, SSM, GOOGLE, AZURE, VAULT):
            for old in (None, {"conn_type": "old"}) if forms is VAULT else (None,):
                content = forms.write(C, text, old)
                if isinstance(content, Refusal):
                    assert content.reason is Reason.TEMPLATE
                    continue
                read = forms.read(C, content)
                assert isinstance(read, str)
                assert means_the_same(read, text)


def test_a_description_is_lost_in_aws_only_and_known_before() -> None:
    text = '{"conn_type": "x", "host": "h", "description": "d"}'
    assert AWS.write(C, text, None) == "x://h"
    assert [forms.loses_description(C, text) for forms in (AWS, *VERBATIM, VAULT)] == [True, False, False, False, False]
    assert not AWS.loses_description(V, text)


@pytest.mark.parametrize(
    ("forms", "kind", "text", "why"),
    [
        (AWS, V, "", Reason.EMPTY),
        (SSM, V, "", Reason.EMPTY),
        (GOOGLE, V, "", Reason.EMPTY),
        (AZURE, V, "", Reason.EMPTY),
        (VAULT, C, " ", Reason.EMPTY),
        (VAULT, V, "", None),
        (AWS, V, "x" * 65_536, None),
        (AWS, V, "x" * 65_537, Reason.TOO_LONG),
        (AWS, V, "é" * 32_769, Reason.TOO_LONG),
        (SSM, V, "x" * 4097, Reason.TOO_LONG),
        (GOOGLE, V, "x" * 65_537, Reason.TOO_LONG),
        (AZURE, V, "x" * 25_001, Reason.TOO_LONG),
        (VAULT, V, "x" * 1_048_577, Reason.TOO_LONG),
        (SSM, V, "{{ ds }}", Reason.TEMPLATE),
        (SSM, V, "{{\n}}", Reason.TEMPLATE),
        (SSM, V, "{{ open", None),
        (AWS, V, "{{ ds }}", None),
        (AWS, C, '{"conn_type": ', Reason.UNSOUND_CONNECTION),
        (AWS, C, "no uri", None),
        (GOOGLE, V, "\ud800", Reason.CANNOT_HOLD),
    ],
)
def test_what_a_store_cannot_hold_is_refused(forms: Forms, kind: Kind, text: str, why: Reason | None) -> None:
    assert reason(forms.write(kind, text, None)) is why
