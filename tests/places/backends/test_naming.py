"""Which names Airflow looks up in each store, and which ids a name of the store is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro_sync.core.model import Kind, Name, Reason
from astro_sync.errors import RefusedError
from astro_sync.places.backends.naming import Naming, make_naming
from astro_sync.places.backends.settings import CLASSES, BackendConfig, Vendor, read_address, read_environment

C, V = Kind.CONNECTION, Kind.VARIABLE


def naming(address: str) -> Naming:
    scheme, _, rest = address.partition(":")
    return make_naming(read_address(Vendor(scheme), rest))


@pytest.mark.parametrize(
    ("address", "name", "remote"),
    [
        ("awssecrets:", Name(C, "pg_main"), "airflow/connections/pg_main"),
        ("awssecrets:", Name(V, "PG_MAIN"), "airflow/variables/PG_MAIN"),
        ("awssecrets:team/dev", Name(V, "x"), "team/dev/variables/x"),
        ("awssecrets:?variables_prefix=", Name(V, "x"), "x"),
        ("awssecrets:?variables_prefix=v/", Name(V, "x"), "v/x"),
        ("awssecrets:?variables_prefix=v&sep=-", Name(V, "x"), "v-x"),
        ("awsssm:", Name(C, "a/b"), "/airflow/connections/a/b"),
        ("awsssm:/dev", Name(V, "x"), "/dev/variables/x"),
        ("awsssm:?variables_prefix=v", Name(V, "x"), "/v/x"),
        ("awsssm:?variables_prefix=", Name(V, "x"), "/x"),
        ("gcpsecrets:p", Name(C, "pg_main"), "airflow-connections-pg_main"),
        ("gcpsecrets:p/dev", Name(V, "x"), "dev-variables-x"),
        ("gcpsecrets:p?variables_prefix=", Name(V, "x"), "-x"),
        ("azurekeyvault:v", Name(C, "pg_main"), "airflow-connections-pg-main"),
        ("azurekeyvault:v/my_team", Name(V, "x"), "my-team-variables-x"),
        ("azurekeyvault:v?variables_prefix=", Name(V, "a_b"), "a-b"),
        ("vault:", Name(C, "pg_main"), "connections/pg_main"),
        ("vault:kv?variables_path=a/b/", Name(V, "with blank"), "a/b/with blank"),
        ("vault:kv?variables_path=", Name(V, "x"), "x"),
    ],
)
def test_an_id_has_the_name_that_the_provider_builds(address: str, name: Name, remote: str) -> None:
    names = naming(address)
    assert names.remotes(name) == (remote,)
    assert names.refusal(name) is None
    assert names.find(remote) == name


@pytest.mark.parametrize(
    ("address", "name", "reason"),
    [
        ("awssecrets:?variables_prefix=null", Name(V, "x"), Reason.KIND_OFF),
        ("vault:?connections_path=null", Name(C, "x"), Reason.KIND_OFF),
        ("awssecrets:?variables_lookup_pattern=^public_", Name(V, "x"), Reason.NOT_LOOKED_UP),
        ("awssecrets:", Name(V, "with blank"), Reason.NAME_NOT_ALLOWED),
        ("awssecrets:", Name(V, "größe"), Reason.NAME_NOT_ALLOWED),
        ("awssecrets:", Name(V, "ends-abc123"), Reason.NAME_NOT_ALLOWED),
        ("awssecrets:", Name(V, "x" * 500), Reason.TOO_LONG),
        ("awsssm:", Name(V, "a@b"), Reason.NAME_NOT_ALLOWED),
        ("awsssm:", Name(V, "a//b"), Reason.NAME_NOT_ALLOWED),
        ("awsssm:", Name(V, "a/" * 14 + "b"), Reason.TOO_LONG),
        ("awsssm:/aws", Name(V, "x"), Reason.NAME_NOT_ALLOWED),
        ("gcpsecrets:p", Name(V, "my.var"), Reason.NAME_NOT_ALLOWED),
        ("gcpsecrets:p", Name(V, "x" * 250), Reason.TOO_LONG),
        ("azurekeyvault:v", Name(V, "a.b"), Reason.NAME_NOT_ALLOWED),
        ("azurekeyvault:v", Name(V, "x" * 110), Reason.TOO_LONG),
        ("vault:", Name(V, "two\nlines"), Reason.NAME_NOT_ALLOWED),
        ("vault:", Name(V, "a/../b"), Reason.NAME_NOT_ALLOWED),
        ("vault:", Name(V, "a/"), Reason.NAME_NOT_ALLOWED),
    ],
)
def test_an_id_that_airflow_would_not_find_or_the_store_not_take_is_refused(
    address: str, name: Name, reason: Reason
) -> None:
    refusal = naming(address).refusal(name)
    assert refusal is not None
    assert refusal.reason is reason


def test_a_pattern_is_matched_from_the_start_whatever_the_case() -> None:
    names = naming("awssecrets:?variables_lookup_pattern=public_")
    assert names.refusal(Name(V, "PUBLIC_x")) is None
    assert names.refusal(Name(V, "not_public_x")) is not None


def test_where_one_prefix_begins_another_the_longer_decides_and_the_ambiguous_id_is_refused() -> None:
    names = naming("gcpsecrets:p?connections_prefix=airflow&variables_prefix=airflow-variables")
    assert names.find("airflow-pg") == Name(C, "pg")
    assert names.find("airflow-variables-x") == Name(V, "x")
    refusal = names.refusal(Name(C, "variables-x"))
    assert refusal is not None
    assert refusal.reason is Reason.COLLISION


def test_airflows_own_configuration_is_neither_a_connection_nor_a_variable() -> None:
    names = naming("awssecrets:?connections_prefix=airflow")
    assert names.find("airflow/config/sql_alchemy_conn") is None
    assert names.find("airflow/other") == Name(C, "other")


@pytest.mark.parametrize(
    "address", ["awssecrets:?connections_prefix=x&variables_prefix=x", "vault:?variables_path=connections"]
)
def test_one_prefix_for_both_kinds_is_refused(address: str) -> None:
    with pytest.raises(RefusedError, match="connections and variables"):
        naming(address)


def test_a_prefix_that_googles_class_refuses_is_refused() -> None:
    with pytest.raises(RefusedError, match="connections_prefix"):
        naming("gcpsecrets:p?connections_prefix=a/b")


def test_a_pattern_that_is_no_expression_is_refused() -> None:
    with pytest.raises(RefusedError, match="variables_lookup_pattern"):
        naming("awssecrets:?variables_lookup_pattern=(")


def test_paths_of_vault_are_tried_in_their_order() -> None:
    names = naming("vault:?variables_path=mine&variables_path=shared")
    assert names.remotes(Name(V, "x")) == ("mine/x", "shared/x")
    assert names.find("shared/x") == Name(V, "x")


@pytest.mark.parametrize("ids", [("pg_main", "pg-main"), ("pg_main", "PG_Main")])
def test_azure_takes_ids_for_one_that_differ_in_case_or_in_dashes(ids: tuple[str, str]) -> None:
    names = naming("azurekeyvault:v")
    assert names.fold(Name(C, ids[0])) == names.fold(Name(C, ids[1]))
    assert names.find("AIRFLOW-connections-pg-main") == Name(C, "pg_main")


@pytest.mark.parametrize(
    ("vendor", "id_", "is_a_teams"),
    [
        (Vendor.AWS_SECRETS, "a--b", True),
        (Vendor.GOOGLE, "a--b", True),
        (Vendor.GOOGLE, "a__b", False),
        (Vendor.AZURE, "a__b", True),
        (Vendor.VAULT, "a/b", True),
        (Vendor.VAULT, "a--b", False),
    ],
)
def test_ids_that_look_like_a_teams_are_refused_in_multi_team_mode_only(
    vendor: Vendor, id_: str, *, is_a_teams: bool
) -> None:
    path = next(path for path, known in CLASSES.items() if known is vendor)
    plain = {"AIRFLOW__SECRETS__BACKEND": path}
    teams = {**plain, "AIRFLOW__CORE__MULTI_TEAM": "True"}
    assert make_naming(read_environment(plain, ".env")).refusal(Name(V, id_)) is None
    refusal = make_naming(read_environment(teams, ".env")).refusal(Name(V, id_))
    assert (refusal is not None and refusal.reason is Reason.OTHER_TEAM) is is_a_teams


@given(
    st.sampled_from(["awssecrets:", "awsssm:", "gcpsecrets:p", "vault:"]), st.sampled_from([C, V]), st.text(max_size=12)
)
def test_an_id_that_is_not_refused_comes_back_from_its_name(address: str, kind: Kind, id_: str) -> None:
    names = naming(address)
    name = Name(kind, id_)
    assert names.refusal(name) is not None or names.find(names.remotes(name)[0]) == name


def test_the_repr_of_a_configuration_shows_no_credential() -> None:
    config = BackendConfig(Vendor.VAULT, {"token": "pl4nted"})
    assert "pl4nted" not in repr(config)
