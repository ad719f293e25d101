"""Secrets of a Deployment, which nobody can read, and the texts that stand for them (CONTRIBUTING, rules 1, 11)."""

import re

import pytest

from runs import actions, codes, document, pull, push, reason, results, target, targets, values, ways_out
from sandbox import Sandbox

PASSWORD = "the-real-one"
MARKER = "# secret on the Deployment, set it here"


@pytest.fixture
def with_secret(sandbox: Sandbox) -> Sandbox:
    sandbox.set_variable("API", PASSWORD, secret=True)
    return sandbox


# --- into the Deployment ---


PLACEHOLDERS = {"A": "# secret", "B": "****", "C": "  ****  ", "D": MARKER, "E": ""}


def test_without_rotate_nothing_overwrites_a_secret(sandbox: Sandbox) -> None:
    texts = PLACEHOLDERS | {"F": "a real one"}
    for key in texts:
        sandbox.set_variable(key, PASSWORD, secret=True)
    sandbox.write_env("".join(f"{key}='{text}'\n" for key, text in texts.items()))
    result = push(sandbox, "--no-export", "--on-conflict", "overwrite", "--json")
    assert result.code == 0
    assert sandbox.deployment() == dict.fromkeys(texts, (PASSWORD, True))
    assert sandbox.writing_calls() == []
    assert target(document(result)) == dict.fromkeys(texts, "secret-kept")


def test_a_placeholder_is_never_written_anew(sandbox: Sandbox) -> None:
    for key in PLACEHOLDERS:
        sandbox.set_variable(key, PASSWORD, secret=True)
    sandbox.write_env("".join(f"{key}='{text}'\n" for key, text in PLACEHOLDERS.items()))
    result = push(sandbox, "--no-export", "--rotate", "*", "--on-conflict", "overwrite", "--json")
    assert result.code == 0
    assert sandbox.deployment() == dict.fromkeys(PLACEHOLDERS, (PASSWORD, True))
    assert target(document(result)) == dict.fromkeys(PLACEHOLDERS, "skip")
    assert {reason(targets(document(result))[0]["changes"], key) for key in PLACEHOLDERS} == {"placeholder"}


def test_rotate_writes_the_local_value_and_it_stays_secret(with_secret: Sandbox) -> None:
    with_secret.set_variable("OTHER", "kept", secret=True)
    with_secret.write_env("API=a-new-one\nOTHER=not-this\n")
    result = push(with_secret, "--no-export", "--rotate", "A*", "--json")
    assert result.code == 0
    assert with_secret.deployment() == {"OTHER": ("kept", True), "API": ("a-new-one", True)}
    assert target(document(result)) == {"API": "update", "OTHER": "secret-kept"}
    assert all(call["argv"][2] == "update" for call in with_secret.writing_calls())


def test_rotate_is_no_policy_for_plain_keys(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "one")
    sandbox.write_env("A=two\n")
    assert push(sandbox, "--no-export", "--rotate", "*").code == 3
    assert values(sandbox) == {"A": "one"}


@pytest.mark.parametrize("at", ["before-write", "after-write"])
def test_a_rotation_whose_call_failed_is_named_as_unknown(with_secret: Sandbox, at: str) -> None:
    with_secret.write_env("API=a-new-one\n")
    with_secret.fault("crash", command="deployment variable update", at=at)
    result = push(with_secret, "--no-export", "--rotate", "API", "--json")
    assert result.code == 6
    assert results(targets(document(result))[0]["changes"]) == {"API": "unknown"}


def test_a_new_secret_counts_as_written_when_it_is_there(sandbox: Sandbox) -> None:
    sandbox.write_env("MY_TOKEN=t0ken\n")
    sandbox.fault("crash", command="deployment variable create", at="after-write")
    assert push(sandbox, "--no-export").code == 0
    assert sandbox.deployment() == {"MY_TOKEN": ("t0ken", True)}


def test_the_report_counts_the_secrets_that_were_not_compared(with_secret: Sandbox) -> None:
    with_secret.set_variable("OTHER", "x", secret=True)
    with_secret.write_env("API=one\nOTHER=two\n")
    result = push(with_secret, "--no-export")
    (line,) = [line for line in result.stdout.splitlines() if "not compared" in line]
    assert re.search(r"\b2\b", line)
    changes = targets(document(push(with_secret, "--no-export", "--json")))[0]["changes"]
    for key in ("API", "OTHER"):
        assert reason(changes, key) == "secret-not-compared"
        assert f"--rotate {key}" in ways_out(changes, key)


# --- receipts: what was sent before ---


@pytest.fixture
def sent(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox of which one secret was sent by this machine."""
    sandbox.write_env("MY_TOKEN=one\n")
    assert push(sandbox, "--no-export").code == 0
    sandbox.forget_calls()
    return sandbox


def test_a_secret_without_a_change_has_nothing_to_do(sent: Sandbox) -> None:
    result = push(sent, "--no-export", "--json", "--rotate", "NOTHING")
    assert result.code == 0
    assert target(document(result)) == {"MY_TOKEN": "unchanged"}
    assert sent.writing_calls() == []


def test_a_secret_that_changed_here_is_a_conflict(sent: Sandbox) -> None:
    sent.write_env("MY_TOKEN=two\n")
    result = push(sent, "--no-export", "--json")
    assert result.code == 3
    assert reason(targets(document(result))[0]["changes"], "MY_TOKEN") == "secret-changed-here"
    assert push(sent, "--no-export", "--on-conflict", "keep").code == 0
    assert values(sent) == {"MY_TOKEN": "one"}
    assert push(sent, "--no-export", "--on-conflict", "overwrite").code == 0
    assert sent.deployment() == {"MY_TOKEN": ("two", True)}
    assert target(document(push(sent, "--no-export", "--json"))) == {"MY_TOKEN": "unchanged"}


def test_a_secret_that_somebody_changed_there_is_kept(sent: Sandbox) -> None:
    sent.set_variable("MY_TOKEN", "theirs", secret=True)
    sent.write_env("MY_TOKEN=two\n")
    result = push(sent, "--no-export", "--json", "--on-conflict", "overwrite")
    assert result.code == 0
    assert reason(targets(document(result))[0]["changes"], "MY_TOKEN") == "secret-changed-there"
    assert values(sent) == {"MY_TOKEN": "theirs"}
    assert sent.writing_calls() == []


def test_without_receipts_nothing_is_known_of_a_secret(sent: Sandbox) -> None:
    sent.write_env("MY_TOKEN=two\n")
    result = push(sent, "--no-export", "--json", "--no-receipts", "--on-conflict", "overwrite")
    assert target(document(result)) == {"MY_TOKEN": "secret-kept"}
    assert values(sent) == {"MY_TOKEN": "one"}


# --- out of the Deployment ---


def test_pulling_a_secret_leaves_the_local_value(with_secret: Sandbox) -> None:
    with_secret.write_env("# mine\nAPI=local-value\n")
    result = pull(with_secret, "--on-conflict", "overwrite", "--json")
    assert result.code == 0
    assert with_secret.read_env() == "# mine\nAPI=local-value\n"
    assert target(document(result)) == {"API": "secret-kept"}


def test_a_secret_without_a_local_value_is_recorded_once_as_a_comment(with_secret: Sandbox) -> None:
    assert pull(with_secret).code == 0
    assert with_secret.read_env() == f"# API=  {MARKER}\n"
    again = pull(with_secret)
    assert again.code == 0
    assert "Nothing to do" in again.stdout
    assert with_secret.read_env() == f"# API=  {MARKER}\n"


def test_a_marker_that_was_uncommented_does_not_come_back_up(with_secret: Sandbox) -> None:
    pull(with_secret)
    with_secret.write_env(with_secret.read_env().removeprefix("# "))
    with_secret.use_mode("standalone")
    assert push(with_secret, "--no-export", "--rotate", "API").code == 0
    assert with_secret.deployment() == {"API": (PASSWORD, True)}


def test_a_plain_variable_that_is_only_a_placeholder_comes_down_nowhere(sandbox: Sandbox) -> None:
    # an earlier raw `update --load` of a saved file left them on many a Deployment
    sandbox.set_variable("A", "# secret")
    sandbox.set_variable("B", "****")
    sandbox.set_variable("C", "****")
    sandbox.write_env("A=real\nB=real\n")
    result = pull(sandbox, "--on-conflict", "overwrite", "--json")
    assert result.code == 0
    assert sandbox.read_env() == "A=real\nB=real\n"
    assert target(document(result)) == dict.fromkeys("ABC", "skip")


def test_a_placeholder_never_becomes_a_new_variable(sandbox: Sandbox) -> None:
    texts = {key: text for key, text in PLACEHOLDERS.items() if text}
    sandbox.write_env("".join(f"{key}='{text}'\n" for key, text in texts.items()) + "REAL=two\n")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert values(sandbox) == {"REAL": "two"}
    changes = targets(document(result))[0]["changes"]
    assert {reason(changes, key) for key in texts} == {"placeholder"}
    assert {key: ways_out(changes, key) for key in texts} == {key: [f"--allow-placeholder {key}"] for key in texts}


def test_the_way_out_of_a_placeholder_stands_beside_that_of_a_reserved_key_and_leads_out(sandbox: Sandbox) -> None:
    sandbox.write_env("A=****\nASTRO_THING=x\n")
    told = push(sandbox, "--no-export", yes=False).stderr
    assert "--allow-placeholder A" in told
    assert "--allow-reserved ASTRO_THING" in told
    assert push(sandbox, "--no-export", "--allow-placeholder", "A").code == 0
    assert values(sandbox) == {"A": "****"}


def test_an_emptied_variable_in_env_gives_way_to_the_exported_value(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"n": "42"}, {"pg": "postgres://db.example.com"})
    sandbox.write_env("AIRFLOW_VAR_N=\nAIRFLOW_CONN_PG=\n")
    assert push(sandbox).code == 0
    assert values(sandbox) == {"AIRFLOW_VAR_N": "42", "AIRFLOW_CONN_PG": "postgres://db.example.com"}


def test_an_emptied_variable_in_env_never_empties_the_deployment(sandbox: Sandbox) -> None:
    sandbox.set_variable("AIRFLOW_VAR_N", "42")
    sandbox.write_env("AIRFLOW_VAR_N=\n")
    result = push(sandbox, "--no-export", "--on-conflict", "overwrite", "--json")
    assert values(sandbox) == {"AIRFLOW_VAR_N": "42"}
    assert target(document(result)) == {"AIRFLOW_VAR_N": "skip"}
    assert pull(sandbox).code == 0
    assert sandbox.read_env() == "AIRFLOW_VAR_N=42\n"


def test_any_other_empty_value_is_a_value(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "one")
    sandbox.write_env("A=\n")
    assert push(sandbox, "--no-export", "--on-conflict", "overwrite").code == 0
    assert values(sandbox) == {"A": ""}


# --- which new keys are secret ---

NEW = {
    "AIRFLOW_CONN_OPEN": "http://db.example.com/x",
    "AIRFLOW_CONN_CLOSED": "postgres://u:p%40ss@db.example.com/x",
    "AIRFLOW_CONN_EXTRA": 'aws://?__extra__={"nested": {"secret_key": "x"}}',
    "AIRFLOW_CONN_JSON": '{"conn_type": "http", "password": "x"}',
    "AIRFLOW_CONN_BROKEN": "no connection at all",
    "AIRFLOW__SMTP__SMTP_PASSWORD": "plain by Airflow's list",
    "AIRFLOW__SENTRY__SENTRY_DSN": "https://k@sentry.example.com/1",
    "AIRFLOW_VAR_API_KEY": "k",
    "my_token": "k",
    "NO_PROXY": "localhost",
    "HTTPS_PROXY": "http://proxy.example.com",
    "REGION": "eu",
    "HARMLESS": "-----BEGIN PRIVATE KEY-----abc",
}
SECRET = {
    "AIRFLOW_CONN_CLOSED",
    "AIRFLOW_CONN_EXTRA",
    "AIRFLOW_CONN_JSON",
    "AIRFLOW_CONN_BROKEN",
    "AIRFLOW__SENTRY__SENTRY_DSN",
    "AIRFLOW_VAR_API_KEY",
    "my_token",
    "HTTPS_PROXY",
    "HARMLESS",
}


def write_new(sandbox: Sandbox) -> None:
    sandbox.write_env("".join(f"{key}='{text}'\n".replace("Airflow's", "Airflows") for key, text in NEW.items()))


def test_new_keys_become_secret_by_name_and_content(sandbox: Sandbox) -> None:
    write_new(sandbox)
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert {key for key, (_, secret) in sandbox.deployment().items() if secret} == SECRET
    assert {c["key"] for c in targets(document(result))[0]["changes"] if c["secret"]} == SECRET


def test_plain_and_secret_decide_and_plain_wins(sandbox: Sandbox) -> None:
    write_new(sandbox)
    assert push(sandbox, "--no-export", "--secret", "RE*", "--secret", "my_*", "--plain", "my_token").code == 0
    found = sandbox.deployment()
    assert {key for key, (_, secret) in found.items() if secret} == (SECRET | {"REGION"}) - {"my_token"}


def test_a_key_that_is_plain_on_the_deployment_stays_plain_and_is_named(sandbox: Sandbox) -> None:
    sandbox.set_variable("MY_TOKEN", "old")
    sandbox.write_env("MY_TOKEN=new\n")
    result = push(sandbox, "--no-export", "--on-conflict", "overwrite", "--secret", "*", "--json")
    assert sandbox.deployment() == {"MY_TOKEN": ("new", False)}
    assert ("stays-plain", "MY_TOKEN") in codes(targets(document(result))[0]["warnings"])


def test_a_dry_run_shows_what_would_become_secret(sandbox: Sandbox) -> None:
    sandbox.write_env("MY_TOKEN=new\nREGION=eu\n")
    result = push(sandbox, "--no-export", "--dry-run")
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if "+ new" in line}
    assert "secret" in lines["MY_TOKEN"]
    assert "secret" not in lines["REGION"]


# --- reserved keys ---

RESERVED = {"AIRFLOW_HOME": "/x", "ASTRO_THING": "x", "ASTRONOMER_ENVIRONMENT": "x", "DOCKER_HOST": "x"}


def test_reserved_keys_do_not_go_up(sandbox: Sandbox) -> None:
    sandbox.write_env("".join(f"{key}={text}\n" for key, text in RESERVED.items()) + "A=one\n")
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert values(sandbox) == {"A": "one"}
    found = targets(document(result))[0]
    assert {key: action for key, action in actions(found["changes"]).items() if key != "A"} == dict.fromkeys(
        RESERVED, "skip"
    )
    assert {reason(found["changes"], key) for key in RESERVED} == {"reserved"}


def test_reserved_keys_do_not_come_down(sandbox: Sandbox) -> None:
    for key, text in RESERVED.items():
        sandbox.set_variable(key, text)
    sandbox.set_variable("A", "one")
    assert pull(sandbox).code == 0
    assert sandbox.read_env() == "A=one\n"


def test_a_reserved_key_of_local_airflow_does_not_enter_env(sandbox: Sandbox) -> None:
    sandbox.set_airflow({"a": "one"}, {"airflow_db": "postgres://u@db.example.com/airflow"})
    assert push(sandbox).code == 0
    assert sandbox.read_env() == "AIRFLOW_VAR_A=one\n"
    assert values(sandbox) == {"AIRFLOW_VAR_A": "one"}


def test_allow_reserved_permits_the_named_key_alone(sandbox: Sandbox) -> None:
    sandbox.write_env("".join(f"{key}={text}\n" for key, text in RESERVED.items()))
    assert push(sandbox, "--no-export", "--allow-reserved", "ASTRO_THING").code == 0
    assert values(sandbox) == {"ASTRO_THING": "x"}
    (sandbox.project / ".env").unlink()
    assert pull(sandbox, "--allow-reserved", "ASTRO_THING").code == 0
    assert sandbox.read_env() == "ASTRO_THING=x\n"


def test_shared_keys_and_hosts_of_this_machine_go_and_are_named(sandbox: Sandbox) -> None:
    sandbox.write_env(
        "AWS_DEFAULT_REGION=eu\nAIRFLOW_CONN_A=postgres://u@localhost/x\nAIRFLOW_CONN_B=postgres://host.docker.internal\n"
        "AIRFLOW_CONN_C=postgres://db.example.com\n"
    )
    result = push(sandbox, "--no-export", "--json")
    assert result.code == 0
    assert set(values(sandbox)) == {"AWS_DEFAULT_REGION", "AIRFLOW_CONN_A", "AIRFLOW_CONN_B", "AIRFLOW_CONN_C"}
    named = codes(targets(document(result))[0]["warnings"])
    assert {
        ("shared", "AWS_DEFAULT_REGION"),
        ("local-host", "AIRFLOW_CONN_A"),
        ("local-host", "AIRFLOW_CONN_B"),
    } <= named
    assert ("local-host", "AIRFLOW_CONN_C") not in named


def test_astro_does_not_inherit_airflows_own_values(cold_sandbox: Sandbox) -> None:
    sandbox = cold_sandbox
    sandbox.write_env("A=1\n")
    # A process of its own: plumbum copies the environment of the process that imports it.
    planted = {"AIRFLOW_VAR_PLANTED": "x", "AIRFLOW_CONN_PLANTED": "y", "KEPT": "z"}
    assert sandbox.run("diff", "-d", "dep-1", env=planted).code == 0
    calls = sandbox.calls()
    assert calls
    assert [call["airflow_names"] for call in calls] == [[] for _ in calls]
