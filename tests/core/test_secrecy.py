import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.airflow.connection import parse_connection
from astro_sync.core.model import Value
from astro_sync.core.secrecy import (
    is_masked_connection,
    is_placeholder,
    is_sensitive,
    may_be_lost,
    platform_names,
    secret_comment,
)

FIELDS = [
    "access_key",
    "access_token",
    "api_key",
    "apikey",
    "auth_header",
    "authorization",
    "bearer",
    "connection_string",
    "dsn",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxies",
    "proxy",
    "proxy_password",
    "secret",
    "service_account",
    "service_key",
    "token",
    "webhook_url",
]
CONFIG = [
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__ATLAS__PASSWORD",
    "AIRFLOW__CORE__ASSET_MANAGER_KWARGS",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_ENGINE_ARGS",
    "AIRFLOW__LOGGING__REMOTE_TASK_HANDLER_KWARGS",
    "AIRFLOW__OPENSEARCH__PASSWORD",
    "AIRFLOW__SECRETS__BACKEND_KWARGS",
    "AIRFLOW__SENTRY__SENTRY_DSN",
    "AIRFLOW__WEBSERVER__SECRET_KEY",
    "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS",
]
PEM = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
KEY = "AIRFLOW_CONN_X"


def sensitive(key: str, text: str = "x") -> bool:
    return is_sensitive(key, Value(text))


def connection(extra: object, **fields: object) -> str:
    return json.dumps({"conn_type": "http", "host": "h", "extra": extra, **fields})


# --- names ---


@pytest.mark.parametrize("field", FIELDS)
def test_a_name_with_a_sensitive_field_anywhere_in_it_is_sensitive_however_it_is_spelled(field: str) -> None:
    for name in (field, field.upper(), field.title(), field.replace("_", "-")):
        for key in (name, f"MY_{name}", f"{name}_2", f"AIRFLOW_VAR_{name}", f"x{name}x"):
            assert sensitive(key)


@pytest.mark.parametrize(
    "key",
    [
        "FLAG",
        "AIRFLOW_VAR_REGION",
        "PASS",
        "KEY",
        "AIRFLOW_VAR_PRIVATE",
        "ACCESSKEY",
        "PASS_WORD",
        "AUTH",
        "",
        "ÄÖ",
        "tok.en",
    ],
)
def test_a_name_without_one_is_not(key: str) -> None:
    assert not sensitive(key)


@pytest.mark.parametrize("key", ["NO_PROXY", "no_proxy"])
def test_names_that_hold_no_secret_are_not_sensitive_though_a_field_would_hit_them(key: str) -> None:
    assert not sensitive(key, "localhost,.internal")
    assert sensitive(key, PEM), "a private key is one under any name"
    assert sensitive(f"MY_{key}"), "only the whole name counts"


@pytest.mark.parametrize("key", CONFIG)
def test_an_option_that_airflow_lists_as_sensitive_is(key: str) -> None:
    assert sensitive(key)


@pytest.mark.parametrize(
    "key",
    [
        "AIRFLOW__CORE__LOAD_EXAMPLES",
        "AIRFLOW__API__ACCESS_TOKEN_EXPIRY",
        "AIRFLOW__SECRETS__BACKEND",
        "AIRFLOW__API_AUTH__JWT_SECRET_TTL",
        "AIRFLOW__PROXY__PASSWORD",
        "AIRFLOW__",
    ],
)
def test_any_other_option_is_not_judged_by_its_name(key: str) -> None:
    assert not sensitive(key)
    assert sensitive(key, PEM)


# --- values ---


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "prefix -----BEGIN EC PRIVATE KEY----- suffix",
        PEM.replace("\n", "\\n"),
        '{"type": "service_account", "private_key": "x"}',
        '{"private_key"}',
    ],
)
@pytest.mark.parametrize("key", ["FLAG", "AIRFLOW_VAR_X", "AIRFLOW__CORE__X", "NO_PROXY", KEY])
def test_a_private_key_is_a_secret_under_any_name(key: str, text: str) -> None:
    assert sensitive(key, text)


@pytest.mark.parametrize("text", ["", "private key", "-----BEGIN PUBLIC KEY-----", "private_key", "password=hunter2"])
def test_a_value_alone_is_no_secret_without_one(text: str) -> None:
    assert not sensitive("FLAG", text)


WEB_TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        "postgres://u:p@h/db",
        "redis://:p@h",
        "amqp://a@h, amqp://u:p@h2",
        "postgres://u:p#w@h",
        "see https://u:p@h",
        "jdbc:postgresql://h/db?user=u&password=p",
        "https://h/?access_token=x",
        "https://hooks.slack.com/services/T0/B0/x",
        "https://discord.com/api/webhooks/1/x",
        "ghp_0123456789abcdefghij",
        " xoxb-123-456-abcdef\n",
        "AIzaSyA0123456789",
        "dapi0123456789abcdef",
        WEB_TOKEN,
        WEB_TOKEN.rpartition(".")[0] + ".",
        '{"a": {"password": "p"}}',
        '[[{"b": [{"API-KEY": 1}]}]]',
        '{"ssh_key": "x"}',
        '{"credentials": {"user": "u"}}',
        '{"url": "https://u:p@h"}',
        '{"x": "ghp_0123456789abcdefghij"}',
        '{"x": "{\\"token\\": \\"t\\"}"}',
        '{"n": 1' + "0" * 5_000 + ', "token": "x"}',
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize("key", ["FLAG", "AIRFLOW_VAR_X", "AIRFLOW__CORE__X", "NO_PROXY"])
def test_a_value_that_is_a_secret_by_itself_is_one_under_any_name(key: str, text: str) -> None:
    assert sensitive(key, text)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com:8080/a@b",
        "https://user@example.com/",
        "https://user:@example.com/",
        "https://h/?page=1&sort=key",
        "https://hooks.slack.com/",
        "see https://hooks.slack.com/services/",
        "sk-SK",
        "SG.",
        "dapi",
        "sk-learn is a library",
        "a.b.c",
        "1.2.3",
        "eyJhIjoxfQ.e30.x",
        "www.example.com",
        '{"region": "eu", "tables": ["a", "b"], "n": 1, "url": "https://h/"}',
        '{"token": "", "password": null, "secret": false, "credentials": {}}',
        '{"partition_key": "id", "sort-key": 1}',
        "{not json",
        "[1, 2, 3]",
        "10:30@noon",
        "ftp://h",
    ],
)
def test_an_ordinary_value_is_none(text: str) -> None:
    assert not sensitive("FLAG", text)
    assert not sensitive("AIRFLOW_VAR_X", text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://u:***@h/d", True),
        ("postgres://u:%2A%2A%2A@h/d", True),
        ('{"conn_type": "http", "password": " **** "}', True),
        ('{"conn_type": "http", "extra": {"token": {"value": "***"}}}', True),
        ("postgres://u:real***@h/d", False),
        ("postgres://u:real@h/d?note=***x", False),
        ("***", False),
    ],
)
def test_a_mask_inside_a_connection_is_noticed(text: str, *, masked: bool) -> None:
    assert is_masked_connection(Value(text)) is masked


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("AIRFLOW__SMTP__SMTP_PASSWORD", False),
        ("AIRFLOW__SECRETS__BACKEND_KWARG__TOKEN", True),
        ("AIRFLOW__CORE__PARALLELISM", False),
        ("AIRFLOW__API__AUTH_BACKENDS", False),
        ("AIRFLOW__SECRETS__BACKEND", False),
    ],
)
def test_an_option_of_airflow_is_sensitive_where_its_list_or_a_backend_says_so(key: str, *, secret: bool) -> None:
    assert sensitive(key) is secret


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_PAT",
        "SSH_KEY",
        "ssh-key",
        "DB_DSN",
        "DB_PWD",
        "DB_PASS",
        "GCP_CREDENTIALS",
        "SLACK_WEBHOOK",
        "X_CREDENTIAL_2",
        "MY_PASSCODE",
    ],
)
def test_a_name_is_sensitive_by_its_ending_or_a_word_in_it(name: str) -> None:
    for key in (name, f"AIRFLOW_VAR_{name}", f"AIRFLOW_VAR_{name.lower()}"):
        assert sensitive(key)


@pytest.mark.parametrize(
    "name",
    [
        "PARTITION_KEY",
        "SORT_KEY",
        "PRIMARY_KEY",
        "FOREIGN_KEY",
        "PUBLIC_KEY",
        "PATTERN",
        "KEYBOARD",
        "COMPASS",
        "KEY_FIGURES",
        "PATH",
    ],
)
def test_a_name_that_only_looks_like_it_is_not(name: str) -> None:
    for key in (name, f"AIRFLOW_VAR_{name}", f"AIRFLOW_VAR_MY_{name}"):
        assert not sensitive(key)


# --- connections ---


@pytest.mark.parametrize(
    "text",
    [
        "postgres://user:hunter2@h/x",
        "postgres://:hunter2@h/x",
        "postgres://user:hunter2@/?a=b",
        "postgres://user:%20@h/x",
        connection({}, password="hunter2"),
        json.dumps({"uri": "postgres://user:hunter2@h/x"}),
    ],
)
def test_a_connection_with_a_password_is_secret(text: str) -> None:
    assert sensitive(KEY, text)


@pytest.mark.parametrize(
    "text",
    [
        "postgres://user@h/x",
        "postgres://user:@h/x",
        "aws://",
        "http://h/?timeout=3&verify=true",
        "http://token@h/secret",
        connection({}),
        connection({"a": 1}),
        connection(None),
        connection({}, password=None),
        connection({}, password=""),
        connection({}, login="password", schema="secret", description="a token"),
    ],
)
def test_a_connection_with_neither_password_nor_a_sensitive_extra_is_not_secret(text: str) -> None:
    assert parse_connection(text) is not None
    assert not sensitive(KEY, text)
    assert not sensitive("AIRFLOW_CONN_MY_TOKEN", text), "a connection is judged by its fields, not by its name"


@pytest.mark.parametrize("text", ["", "   ", "hunter2", "{", "{}", '{"host": "h"}', "http://h:port", "[1]", "# secret"])
def test_a_connection_that_cannot_be_read_is_secret(text: str) -> None:
    assert sensitive(KEY, text)


@pytest.mark.parametrize("text", ["postgres://u:12#34@h/x", "postgres://u:12/34@h/x", "postgres://u:12?34@h/x"])
def test_a_connection_whose_password_airflow_cuts_off_is_secret(text: str) -> None:
    read = parse_connection(text)
    assert read is not None
    assert read.password is None, "to Airflow it has none"
    assert sensitive(KEY, text)


@pytest.mark.parametrize("field", FIELDS)
def test_a_sensitive_extra_makes_a_connection_secret_in_every_spelling(field: str) -> None:
    for name in (field, field.upper(), field.replace("_", "-"), f"extra__http__{field}", f"my_{field}_2"):
        assert sensitive(KEY, connection({name: "x"}))
        assert sensitive(KEY, connection(json.dumps({name: "x"})))
        assert sensitive(KEY, f"http://h/?{quote(name)}=x")
        assert sensitive(KEY, "http://h/?__extra__=" + quote(json.dumps({name: "x"})))


def nested(inner: object) -> dict[str, object]:
    return {
        "an object": {"a": inner},
        "an object in an object": {"a": {"b": inner}},
        "a list": {"a": [inner]},
        "a list in a list": {"a": [[1, [inner]]]},
        "an object in a list in an object": {"a": {"b": [{"c": inner}]}},
        "a JSON text": {"a": json.dumps(inner)},
        "a list in a JSON text": {"a": json.dumps([inner])},
    }


@pytest.mark.parametrize("place", nested({}))
@pytest.mark.parametrize("value", ["hunter2", 12345, True, ["a"], {"a": 1}])
def test_a_sensitive_extra_is_found_wherever_it_is_nested(place: str, value: object) -> None:
    assert sensitive(KEY, connection(nested({"api_key": value})[place]))
    assert not sensitive(KEY, connection(nested({"region": value})[place]))


@pytest.mark.parametrize("place", nested({}))
@pytest.mark.parametrize("value", ["", None, False, [], {}])
def test_a_sensitive_extra_without_a_value_holds_no_secret(place: str, value: object) -> None:
    assert not sensitive(KEY, connection(nested({"api_key": value})[place]))


@pytest.mark.parametrize("value", ["", None, False])
def test_an_empty_extra_does_not_hide_a_full_one(value: object) -> None:
    assert sensitive(KEY, connection({"token": value, "a": {"token": "x"}}))


@pytest.mark.parametrize("place", nested({}))
def test_a_private_key_in_a_decoded_extra_is_found_under_any_name(place: str) -> None:
    assert sensitive(KEY, connection(nested({"pem": PEM})[place]))
    assert sensitive(KEY, connection(nested(PEM)[place]))
    assert sensitive(KEY, "http://h/?__extra__=" + quote(json.dumps(nested({"pem": PEM})[place]), safe=""))


@pytest.mark.parametrize(
    "text",
    [
        f"http://h/?pem={quote(PEM)}",
        f"http://h/?pem={quote(PEM, safe='')}",
        f"http://h/?pem={quote(PEM).replace('%20', '+')}",
        connection({"pem": PEM}).replace("PRIVATE", "\\u0050RIVATE"),
    ],
)
def test_a_private_key_is_found_behind_the_escapes_of_a_connection(text: str) -> None:
    assert "PRIVATE KEY-----" not in text
    assert sensitive(KEY, text)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_an_extra_of_any_shape_is_judged_without_an_error(extra: object) -> None:
    assert sensitive(KEY, connection({"a": extra, "token": "x"}))
    assert sensitive(KEY, connection({"token": {"deep": "x"}, "a": extra}))
    assert not sensitive(KEY, connection({"a": extra}))


def test_extras_nested_deeper_than_python_goes_are_secret_rather_than_an_error() -> None:
    depth = 100_000
    assert sensitive(KEY, '{"conn_type": "http", "extra": ' + '{"a":' * depth + "1" + "}" * depth + "}")


# --- placeholders ---


@pytest.mark.parametrize("text", ["# secret", "***", "****", "# secret on the Deployment, set it here"])
@pytest.mark.parametrize("outer", ["{}", " {}", "{} ", "\t {}\r\n"])
def test_a_text_that_only_stands_for_a_secret_is_a_placeholder_outer_blanks_aside(text: str, outer: str) -> None:
    assert is_placeholder(Value(outer.format(text)))


@pytest.mark.parametrize(
    "text", ["", " ", "#secret", "# Secret", "**", "*****", "# secret!", '"# secret"', "hunter2", "#", "x # secret"]
)
def test_any_other_text_is_none(text: str) -> None:
    assert not is_placeholder(Value(text))


def test_what_is_left_of_our_comment_without_its_hash_is_a_placeholder() -> None:
    comment = secret_comment("AIRFLOW_CONN_X")
    assert comment == "# AIRFLOW_CONN_X=  # secret on the Deployment, set it here"
    assert is_placeholder(Value(comment.removeprefix("# ").partition("=")[2]))


@pytest.mark.parametrize(
    ("key", "text", "lost"),
    [
        ("AIRFLOW_VAR_X", "", True),
        ("AIRFLOW_CONN_X", "", True),
        ("AIRFLOW_VAR_X", " ", False),
        ("AIRFLOW_VAR_X", "x", False),
        ("AIRFLOW__X__Y", "", False),
        ("airflow_var_x", "", False),
        ("MY_AIRFLOW_VAR_X", "", False),
        ("X", "", False),
    ],
)
def test_only_an_empty_airflow_variable_or_connection_may_be_lost(key: str, text: str, *, lost: bool) -> None:
    assert may_be_lost(key, Value(text)) is lost


# --- the recorded names ---


def test_the_names_that_astro_sets_are_those_of_its_documentation() -> None:
    names = platform_names()
    assert set(names) == {"reserved", "reserved_patterns", "shared"}
    assert names["reserved_patterns"] == {"ASTRO_*", "ASTRONOMER_*", "COMPOSE_*", "DOCKER_*"}
    assert {"AIRFLOW_HOME", "AIRFLOW__CORE__FERNET_KEY", "INSTANCE_TYPE"} < names["reserved"]
    assert "AWS_DEFAULT_REGION" in names["shared"]
    assert not names["reserved"] & names["shared"]
