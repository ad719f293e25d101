"""A backend as a place: what it plans, what it warns of, and what becomes of a run that something interferes with."""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from astro_sync.core.filters import EVERYTHING, Filters, Wanted
from astro_sync.core.model import (
    Entry,
    Kind,
    Name,
    Names,
    Plan,
    Reason,
    Result,
    Snapshot,
    Traits,
    Value,
    WarningCode,
    Write,
    Written,
)
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.core.verify import Outcome, Verification, verify
from astro_sync.errors import AstroSyncError, RefusedError, UsageError
from astro_sync.places.backends.base import StoreError
from astro_sync.places.backends.place import make_place
from astro_sync.places.backends.settings import Vendor, read_environment
from astro_sync.places.base import AnyPlace, Role
from astro_sync.places.registry import open_place
from places.backends.counterparts import (
    AwsParametersCounterpart,
    AwsSecretsCounterpart,
    AzureCounterpart,
    Counterpart,
    GoogleCounterpart,
    VaultCounterpart,
)
from places.backends.settings_of import settings_of
from places.subjects import surroundings
from sandbox import Sandbox
from services.server import drop, proxy_page

pytestmark = pytest.mark.stores
SOURCE = Traits(Names.AIRFLOW, as_fields=True)
OVERWRITE = Policy(on_conflict=OnConflict.OVERWRITE)
SECRET = "pl4nted-value"
BACKEND = "AIRFLOW__SECRETS__BACKEND"


def open_backend(
    counterpart: Counterpart,
    sandbox: Sandbox,
    role: Role = Role.DESTINATION,
    *,
    timeout: float = 20,
    more: Mapping[str, object] | None = None,
) -> AnyPlace:
    around = surroundings(sandbox)._replace(environ=counterpart.environ, timeout=timeout)
    return make_place("backend:", read_environment(settings_of(counterpart, more), ".env"), role, around)


def variables(**texts: str) -> Snapshot:
    names = {Name(Kind.VARIABLE, id_): text for id_, text in texts.items()}
    return Snapshot({name: Entry(name, Value(text)) for name, text in names.items()})


def plan_for(place: AnyPlace, source: Snapshot, policy: Policy = OVERWRITE) -> tuple[Plan, Snapshot]:
    before = place.read(EVERYTHING)
    return make_plan(Side(SOURCE, source), Side(place.traits, before), policy, place.refusal), before


def run(place: AnyPlace, plan: Plan, before: Snapshot) -> tuple[Written, Verification]:
    written = place.apply(place.prepare(plan))
    wanted = Wanted(only=frozenset(write.name for write in plan.writes))
    return written, verify(plan, before, place.read(wanted), written, place.traits)


def results(verification: Verification) -> Mapping[str, Result]:
    return {change.name.id: change.result for change in verification.changes}


# --- plans ---


def test_every_value_is_a_secret_under_its_exact_name(counterpart: Counterpart, sandbox: Sandbox) -> None:
    place = open_backend(counterpart, sandbox)
    plan, _ = plan_for(place, variables(new="x"))
    assert [write.secret for write in plan.writes] == [True]
    assert place.remote_name(Name(Kind.VARIABLE, "new")) == counterpart.name("new")


def test_a_deletion_is_told_before_and_undone(counterpart: Counterpart, sandbox: Sandbox) -> None:
    if not counterpart.can_delete:
        pytest.skip("a deletion is final there")
    counterpart.put("gone", "old")
    counterpart.delete("gone")
    place = open_backend(counterpart, sandbox)
    plan, before = plan_for(place, variables(gone="new"))
    assert before.entries == {}
    assert [notice.code for notice in place.prepare(plan).warnings] == [WarningCode.RECOVERED]
    _, verification = run(place, plan, before)
    assert verification.outcome is Outcome.AS_PLANNED
    assert counterpart.get("gone") == "new"


def test_a_kind_that_is_switched_off_is_refused_not_skipped(counterpart: Counterpart, sandbox: Sandbox) -> None:
    word = "variables_path" if counterpart.vendor == "vault" else "variables_prefix"
    place = open_backend(counterpart, sandbox, more={word: None})
    plan, _ = plan_for(place, variables(x="1"))
    assert [change.why and change.why.reason for change in plan.refusals] == [Reason.KIND_OFF]


def test_a_source_without_a_prefix_wants_to_be_narrowed(counterpart: Counterpart, sandbox: Sandbox) -> None:
    if counterpart.vendor in {"gcpsecrets", "awsssm"}:
        pytest.skip("there a separator stands even behind an empty prefix")
    word = "variables_path" if counterpart.vendor == "vault" else "variables_prefix"
    with pytest.raises(RefusedError, match="no prefix"):
        open_backend(counterpart, sandbox, Role.SOURCE, more={word: ""}).read(EVERYTHING)
    narrowed = Wanted(Filters(include=("x",)))
    assert open_backend(counterpart, sandbox, Role.SOURCE, more={word: ""}).read(narrowed).entries == {}
    assert open_backend(counterpart, sandbox, Role.DESTINATION, more={word: ""}).read(EVERYTHING).entries == {}


def test_what_a_filter_leaves_out_is_not_read(counterpart: Counterpart, sandbox: Sandbox) -> None:
    for word in ("one", "two"):
        counterpart.put(word, word)
    found = open_backend(counterpart, sandbox).read(Wanted(Filters(include=("AIRFLOW_VAR_ONE",))))
    assert [name.id for name in found.entries] == ["one"]


def test_the_place_names_its_account_or_vault(counterpart: Counterpart, sandbox: Sandbox) -> None:
    counterpart.put("x", "x")
    place = open_backend(counterpart, sandbox)
    place.read(EVERYTHING)
    assert any(word in str(place) for word in ("account 123456789012", "project demo", "localhost", "mount secret"))
    assert counterpart.head in str(place)


# --- interference ---


def test_what_changed_between_reading_and_writing_is_named_and_not_overwritten(
    counterpart: Counterpart, sandbox: Sandbox
) -> None:
    counterpart.put("ours", "old")
    counterpart.put("theirs", "old")
    place = open_backend(counterpart, sandbox)
    plan, before = plan_for(place, variables(ours="new", theirs="new"))
    counterpart.put("theirs", "somebody else's")
    written, verification = run(place, plan, before)
    assert results(verification) == {"ours": Result.DONE, "theirs": Result.OTHER_VALUE}
    assert written.failed[Name(Kind.VARIABLE, "theirs")].reason is Reason.CHANGED_MEANWHILE
    assert counterpart.get("theirs") == "somebody else's"


def test_what_was_created_meanwhile_is_named_and_not_overwritten(counterpart: Counterpart, sandbox: Sandbox) -> None:
    place = open_backend(counterpart, sandbox)
    plan, before = plan_for(place, variables(new="ours"))
    counterpart.put("new", "theirs")
    _, verification = run(place, plan, before)
    assert results(verification) == {"new": Result.OTHER_VALUE}
    assert counterpart.get("new") == "theirs"


def test_one_that_fails_does_not_stop_the_others(counterpart: Counterpart, sandbox: Sandbox) -> None:
    place = open_backend(counterpart, sandbox)
    plan, before = plan_for(place, variables(**{f"n{number}": "x" for number in range(6)}))
    counterpart.service.fail(counterpart.creating, forbidden(counterpart), times=1, skip=2)
    written, verification = run(place, plan, before)
    assert sorted(results(verification).values()) == [*[Result.DONE] * 5, Result.NOT_WRITTEN]
    assert len(written.failed) == 1
    assert written.failure is not None
    again = open_backend(counterpart, sandbox)
    second, held = plan_for(again, variables(**{f"n{number}": "x" for number in range(6)}))
    assert len(second.writes) == 1
    assert run(again, second, held)[1].outcome is Outcome.AS_PLANNED


def test_a_store_that_goes_away_ends_the_writing_and_the_next_run_finishes(
    counterpart: Counterpart, sandbox: Sandbox
) -> None:
    texts = {f"n{number}": "x" for number in range(30)}
    place = open_backend(counterpart, sandbox, timeout=2)
    plan, before = plan_for(place, variables(**texts))
    counterpart.service.fail(counterpart.creating, drop, skip=5)
    written, verification = run(place, plan, before)
    assert written.failure is not None
    assert written.failure.exit_code == 4 or written.may_arrive
    found = results(verification)
    assert set(found.values()) <= {Result.DONE, Result.NOT_WRITTEN, Result.UNKNOWN}
    assert Result.DONE in found.values()
    assert set(found.values()) != {Result.DONE}
    counterpart.service.faults.clear()
    again = open_backend(counterpart, sandbox)
    rest, held = plan_for(again, variables(**texts))
    assert run(again, rest, held)[1].outcome is Outcome.AS_PLANNED
    assert all(counterpart.get(word) == "x" for word in texts)


def test_a_write_that_a_proxy_answers_is_not_done(counterpart: Counterpart, sandbox: Sandbox) -> None:
    place = open_backend(counterpart, sandbox, timeout=2)
    plan, before = plan_for(place, variables(new=SECRET))
    counterpart.service.fail(counterpart.creating, proxy_page)
    written, verification = run(place, plan, before)
    assert results(verification) == {"new": Result.NOT_WRITTEN}
    assert SECRET not in f"{written!r}{written.failure}"


def test_a_read_that_is_forbidden_names_the_key(counterpart: Counterpart, sandbox: Sandbox) -> None:
    counterpart.put("key", SECRET)
    counterpart.forbid(counterpart.read_right)
    if counterpart.lists_values:
        pytest.skip("there a listing has the values")
    entry = open_backend(counterpart, sandbox).read(EVERYTHING).entries[Name(Kind.VARIABLE, "key")]
    assert entry.value is None
    assert entry.problem is not None
    assert entry.problem.reason is Reason.UNREADABLE


def test_nothing_is_logged_or_printed_even_when_it_fails(
    counterpart: Counterpart, sandbox: Sandbox, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    place = open_backend(counterpart, sandbox, timeout=2)
    with caplog.at_level(logging.DEBUG):
        plan, before = plan_for(place, variables(new=SECRET, other=SECRET))
        counterpart.service.fail(counterpart.creating, forbidden(counterpart), times=1)
        run(place, plan, before)
    out, err = capfd.readouterr()
    assert SECRET not in out + err + caplog.text
    assert "planted-aws-key" not in out + err + caplog.text


def forbidden(counterpart: Counterpart) -> Any:  # noqa: ANN401 - an answer or what makes one
    from services import aws, hashicorp_vault, key_vault, secret_manager

    match counterpart.vendor:
        case "awssecrets" | "awsssm":
            return aws.error_answer("AccessDeniedException")
        case "gcpsecrets":
            return secret_manager.error_answer(403, "PERMISSION_DENIED")
        case "azurekeyvault":
            return key_vault.error_answer(403, "Forbidden", "ForbiddenByPolicy")
    return hashicorp_vault.error_answer(403, "permission denied")


# --- what is special to one ---


@pytest.fixture
def aws_secrets(moto_port: int, no_own_login: None) -> Any:  # noqa: ANN401
    del no_own_login
    with AwsSecretsCounterpart(moto_port) as made:
        yield made


@pytest.fixture
def aws_parameters(moto_port: int, no_own_login: None) -> Any:  # noqa: ANN401
    del no_own_login
    with AwsParametersCounterpart(moto_port) as made:
        yield made


def test_aws_names_what_of_a_batch_cannot_be_read(aws_secrets: AwsSecretsCounterpart, sandbox: Sandbox) -> None:
    for number in range(30):
        aws_secrets.put(f"n{number}", "x")
    aws_secrets.aws.unreadable = {aws_secrets.name(f"n{number}"): "DecryptionFailure" for number in range(0, 30, 2)}
    entries = open_backend(aws_secrets, sandbox).read(EVERYTHING).entries
    assert [bool(entries[Name(Kind.VARIABLE, f"n{number}")].problem) for number in range(4)] == [
        True,
        False,
        True,
        False,
    ]


def test_aws_is_asked_again_for_what_a_batch_passes_over(aws_secrets: AwsSecretsCounterpart, sandbox: Sandbox) -> None:
    for key in ("a", "b"):
        aws_secrets.put(key, key)
    aws_secrets.aws.omitted = {aws_secrets.name("b")}
    entries = open_backend(aws_secrets, sandbox).read(EVERYTHING).entries
    assert {name.id: entry.value for name, entry in entries.items()} == {"a": Value("a"), "b": Value("b")}


def test_a_listing_that_goes_in_circles_is_an_error(aws_secrets: AwsSecretsCounterpart, sandbox: Sandbox) -> None:
    aws_secrets.put("a", "a")
    aws_secrets.aws.circles = True
    with pytest.raises(StoreError, match="the same page"):
        open_backend(aws_secrets, sandbox).read(EVERYTHING)


def test_aws_is_read_singly_where_batches_are_not_permitted(
    aws_secrets: AwsSecretsCounterpart, sandbox: Sandbox
) -> None:
    aws_secrets.put("x", "1")
    aws_secrets.aws.forbidden.add("BatchGetSecretValue")
    entries = open_backend(aws_secrets, sandbox).read(EVERYTHING).entries
    assert entries[Name(Kind.VARIABLE, "x")].value == Value("1")


def test_aws_loses_a_description_and_says_so_before(aws_secrets: AwsSecretsCounterpart, sandbox: Sandbox) -> None:
    name = Name(Kind.CONNECTION, "pg")
    source = Snapshot({name: Entry(name, Value('{"conn_type": "x", "host": "h", "description": "d"}'))})
    place = open_backend(aws_secrets, sandbox)
    plan, before = plan_for(place, source)
    assert [notice.code for notice in place.prepare(plan).warnings] == [WarningCode.DESCRIPTION_LOST]
    assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED
    assert plan_for(open_backend(aws_secrets, sandbox), source)[0].writes == ()


def test_a_parameter_keeps_its_type_and_its_key(aws_parameters: AwsParametersCounterpart, sandbox: Sandbox) -> None:
    client = aws_parameters.client()
    client.put_parameter(Name=aws_parameters.name("a"), Value="o", Type="SecureString", KeyId="alias/mine")
    client.put_parameter(Name=aws_parameters.name("b"), Value="o", Type="String")
    place = open_backend(aws_parameters, sandbox)
    plan, before = plan_for(place, variables(a="n", b="n"))
    assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED
    described = {one["Name"][-1]: one for one in client.describe_parameters()["Parameters"]}
    assert (described["a"]["Type"], described["a"]["KeyId"]) == ("SecureString", "alias/mine")
    assert described["b"]["Type"] == "String"


def test_many_secrets_are_read_in_batches_of_20(aws_secrets: AwsSecretsCounterpart, sandbox: Sandbox) -> None:
    client = aws_secrets.client()
    for number in range(200):
        client.create_secret(Name=aws_secrets.name(f"n{number}"), SecretString="x")
    aws_secrets.service.calls.clear()
    assert len(open_backend(aws_secrets, sandbox).read(EVERYTHING).entries) == 200
    assert aws_secrets.service.calls.count("GET BatchGetSecretValue") == 10
    assert aws_secrets.service.calls.count("GET ListSecrets") == 3  # two pages of variables, one of connections


def test_google_finishes_a_secret_that_was_left_without_a_version(
    google_key: Path, sandbox: Sandbox, no_own_login: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_own_login
    with GoogleCounterpart(google_key) as google:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(google_key))
        google.service.fail(google.changing, forbidden(google), times=1)
        place = open_backend(google, sandbox)
        plan, before = plan_for(place, variables(new="x"))
        _, verification = run(place, plan, before)
        assert results(verification) == {"new": Result.NOT_WRITTEN}
        assert google.google.secrets[google.name("new")].versions == []
        again = open_backend(google, sandbox)
        plan, before = plan_for(again, variables(new="x"))
        assert run(again, plan, before)[1].outcome is Outcome.AS_PLANNED
        assert google.get("new") == "x"


def test_azure_hands_on_what_an_update_would_reset(
    certificate: tuple[Path, Path], sandbox: Sandbox, no_own_login: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_own_login
    with AzureCounterpart(*certificate) as azure:
        for name, text in azure.environ.items():
            monkeypatch.setenv(name, text)
        azure.vault.put(azure.name("x"), "old", contentType="text/plain", tags={"owner": "me"})
        place = open_backend(azure, sandbox)
        plan, before = plan_for(place, variables(x="new"))
        assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED
        assert azure.vault.secrets[azure.name("x")][-1].extras == {"contentType": "text/plain", "tags": {"owner": "me"}}


def test_azure_waits_for_a_secret_to_be_recovered(
    certificate: tuple[Path, Path], sandbox: Sandbox, no_own_login: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_own_login
    with AzureCounterpart(*certificate) as azure:
        for name, text in azure.environ.items():
            monkeypatch.setenv(name, text)
        azure.vault.slow = 1
        azure.put("x", "old")
        azure.delete("x")
        place = open_backend(azure, sandbox)
        plan, before = plan_for(place, variables(x="new"))
        assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED


@pytest.fixture
def vault(no_own_login: None) -> Any:  # noqa: ANN401
    del no_own_login
    with VaultCounterpart() as made:
        yield made


def test_vault_keeps_the_other_fields_and_the_form(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.vault.put("variables/x", value="old", owner="me")
    vault.vault.put("connections/uri", conn_uri="x://old", owner="me")
    vault.vault.put("connections/fields", conn_type="x", host="old")
    names = {
        Name(Kind.VARIABLE, "x"): "new",
        Name(Kind.CONNECTION, "uri"): "x://new",
        Name(Kind.CONNECTION, "fields"): "x://new",
    }
    place = open_backend(vault, sandbox)
    plan, before = plan_for(place, Snapshot({name: Entry(name, Value(text)) for name, text in names.items()}))
    assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED
    assert vault.vault.fields("variables/x") == {"value": "new", "owner": "me"}
    assert vault.vault.fields("connections/uri") == {"conn_uri": "x://new", "owner": "me"}
    fields = vault.vault.fields("connections/fields") or {}
    assert {key: text for key, text in fields.items() if text} == {"conn_type": "x", "host": "new"}


def test_vault_writes_where_airflow_looks_first_or_where_it_found_it(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.vault.put("shared/old", value="o")
    vault.vault.put("shared/both", value="hidden")
    vault.vault.put("mine/both", value="seen")
    place = open_backend(vault, sandbox, more={"variables_path": ["mine", "shared"]})
    plan, before = plan_for(place, variables(old="n", new="n", both="seen"))
    assert {write.name.id for write in plan.writes} == {"old", "new"}
    assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED
    assert vault.vault.fields("shared/old") == {"value": "n"}
    assert vault.vault.fields("mine/new") == {"value": "n"}
    assert vault.vault.fields("shared/both") == {"value": "hidden"}


def test_version_1_of_the_engine_is_written_and_compared_too(no_own_login: None, sandbox: Sandbox) -> None:
    del no_own_login
    with VaultCounterpart(version=1) as vault:
        vault.put("old", "o")
        place = open_backend(vault, sandbox)
        plan, before = plan_for(place, variables(old="n", new="n"))
        assert run(place, plan, before)[1].outcome is Outcome.AS_PLANNED
        assert (vault.get("old"), vault.get("new")) == ("n", "n")
        again = open_backend(vault, sandbox)
        plan, before = plan_for(again, variables(old="m"))
        vault.vault.engines["secret"].secrets["variables/old"].versions = [{"value": "theirs"}]
        assert results(run(again, plan, before)[1])["old"] is Result.OTHER_VALUE


@pytest.mark.parametrize(
    ("kwargs", "said"), [({"kv_engine_version": 1}, "version 2"), ({"mount_point": "nowhere"}, "nowhere")]
)
def test_an_empty_listing_of_the_wrong_engine_is_no_empty_place(
    vault: VaultCounterpart, sandbox: Sandbox, kwargs: dict[str, object], said: str
) -> None:
    vault.put("x", "1")
    with pytest.raises(AstroSyncError, match=said) as caught:
        open_backend(vault, sandbox, more=kwargs).read(EVERYTHING)
    assert caught.value.exit_code == 4


def test_a_token_that_may_only_read_reads(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.put("x", "1")
    vault.vault.policies["root"] = [("secret/data/*", {"read"}), ("secret/metadata/*", {"list"})]
    place = open_backend(vault, sandbox)
    plan, before = plan_for(place, variables(x="2"))
    assert before.entries[Name(Kind.VARIABLE, "x")].value == Value("1")
    assert results(run(place, plan, before)[1]) == {"x": Result.NOT_WRITTEN}


@pytest.mark.parametrize(
    ("environ", "kwargs", "identity"),
    [
        ({"VAULT_TOKEN": "root"}, {"token": "other"}, "VAULT_TOKEN"),
        ({}, {"token": "root"}, "the token in the backend's kwargs"),
        ({}, {"role_id": "r", "secret_id": "s"}, "the AppRole in the backend's kwargs"),
    ],
)
def test_vault_uses_the_persons_own_login_first(
    vault: VaultCounterpart, environ: dict[str, str], kwargs: dict[str, str], identity: str
) -> None:
    vault.vault.roles["r", "s"] = "root"
    vault.environ, vault.kwargs = environ, {**vault.kwargs, **kwargs}
    store = vault.open()
    assert store.identity == identity
    assert store.scan("variables/", lambda _name: True) == {}


def test_without_any_login_vault_says_how_to_log_in(vault: VaultCounterpart, sandbox: Sandbox) -> None:
    vault.environ = {"HOME": str(sandbox.folder)}
    with pytest.raises(AstroSyncError) as caught:
        open_backend(vault, sandbox).read(EVERYTHING)
    assert caught.value.exit_code == 4
    assert "VAULT_TOKEN" in caught.value.hint


# --- SDKs and addresses ---


@pytest.mark.parametrize(
    ("address", "module", "extra"),
    [
        ("awssecrets:?region_name=x", "boto3", "aws"),
        ("awsssm:?region_name=x", "boto3", "aws"),
        ("gcpsecrets:p", "google.cloud.secretmanager", "google"),
        ("azurekeyvault:v", "azure.identity", "azure"),
        ("vault:?url=http://127.0.0.1:9", "hvac", "vault"),
    ],
)
def test_a_missing_sdk_is_named_with_what_to_install(
    address: str, module: str, extra: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    place = open_place(address, Role.SOURCE, surroundings(sandbox))
    with pytest.raises(AstroSyncError) as caught:
        place.read(EVERYTHING)
    assert caught.value.exit_code == 4
    assert f"pip install 'astro-sync[{extra}]'" in caught.value.hint


def test_backend_reads_the_settings_of_a_file_of_the_project_and_of_a_target(
    vault: VaultCounterpart, sandbox: Sandbox
) -> None:
    vault.put("x", "1")
    lines = "".join(f"{name}='{text}'\n" for name, text in settings_of(vault).items())
    sandbox.write_env(lines.encode(), ".env")
    sandbox.write_env(lines.encode(), ".env.prod")
    around = surroundings(sandbox)._replace(
        environ=vault.environ, target=lambda name: {"backend": ".env.prod"} if name == "prod" else {}
    )
    settings = settings_of(vault)
    options = f"backend = {settings[BACKEND]}\nbackend_kwargs = {settings[f'{BACKEND}_KWARGS']}\n"
    sandbox.write_env(f"[secrets]\n{options}".encode(), "airflow.cfg")
    for address in ("backend:", "backend:.env.prod", "backend:@prod", "backend:airflow.cfg"):
        place = open_place(address, Role.SOURCE, around)
        assert place.read(EVERYTHING).entries[Name(Kind.VARIABLE, "x")].value == Value("1")
        assert place.address == address
    with pytest.raises(UsageError, match="names no secrets backend"):
        open_place("backend:@dev", Role.SOURCE, around)


@pytest.mark.parametrize("vendor", list(Vendor))
def test_a_place_is_opened_without_a_login_until_it_is_read(vendor: Vendor, sandbox: Sandbox) -> None:
    rest = "somewhere" if vendor in {Vendor.AZURE, Vendor.GOOGLE} else ""
    place = open_place(f"{vendor}:{rest}", Role.SOURCE, surroundings(sandbox))
    assert place.label == f"{vendor}:{rest}".rstrip(":")
    assert str(place).startswith(f"{vendor}:{rest}")
    assert place.refusal(Write(Name(Kind.VARIABLE, "x"), Value("1"))) is None
