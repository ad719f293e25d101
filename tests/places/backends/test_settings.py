"""Which backend is meant: by Airflow's own settings, or by an address."""

import json
from typing import Any

import pytest

from astro_sync.errors import RefusedError, UsageError
from astro_sync.places.backends.settings import (
    CLASSES,
    Vendor,
    read_address,
    read_airflow_cfg,
    read_environment,
)

BACKEND, KWARGS = "AIRFLOW__SECRETS__BACKEND", "AIRFLOW__SECRETS__BACKEND_KWARGS"
PATHS = {vendor: path for path, vendor in CLASSES.items()}
VAULT = PATHS[Vendor.VAULT]


@pytest.mark.parametrize("vendor", list(Vendor))
def test_each_class_of_the_providers_is_known(vendor: Vendor) -> None:
    config = read_environment({BACKEND: PATHS[vendor]}, ".env")
    assert config.vendor is vendor


def test_kwargs_are_json_and_single_ones_win() -> None:
    environ = {
        BACKEND: VAULT,
        KWARGS: '{"url": "http://a", "mount_point": "kv"}',
        "AIRFLOW__SECRETS__BACKEND_KWARG__URL": "http://b",
    }
    kwargs = read_environment(environ, ".env").kwargs
    assert (kwargs["url"], kwargs["mount_point"], kwargs["kv_engine_version"]) == ("http://b", "kv", 2)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({BACKEND: "my.own.Backend"}, r"my\.own\.Backend"),
        ({BACKEND: VAULT, KWARGS: "{'url': 1}"}, "no JSON object"),
        ({BACKEND: VAULT, KWARGS: "[]"}, "no JSON object"),
        ({BACKEND + "_CMD": "cat x"}, "_CMD"),
        ({BACKEND: VAULT, KWARGS + "_CMD": "cat x"}, "_CMD"),
        ({BACKEND: VAULT, KWARGS: '{"kv_engine_version": 3}'}, "kv_engine_version"),
        ({BACKEND: VAULT, "AIRFLOW__SECRETS__BACKEND_KWARG__KV_ENGINE_VERSION": "1"}, "kv_engine_version"),
        ({BACKEND: VAULT, KWARGS: '{"mount_point": null}'}, "mount_point"),
        ({BACKEND: VAULT, KWARGS: '{"variables_path": 1}'}, "variables_path"),
        ({BACKEND: PATHS[Vendor.GOOGLE], KWARGS: '{"region_name": "x"}'}, "region_name"),
        ({BACKEND: PATHS[Vendor.AWS_SECRETS], KWARGS: '{"sep": ""}'}, "sep"),
        ({BACKEND: VAULT, "AIRFLOW__WORKERS__SECRETS_BACKEND": PATHS[Vendor.GOOGLE]}, "workers"),
        (
            {
                BACKEND: VAULT,
                "AIRFLOW__WORKERS__SECRETS_BACKEND": VAULT,
                "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": '{"mount_point": "kv"}',
            },
            "workers",
        ),
    ],
)
def test_settings_that_airflow_reads_otherwise_than_they_look_are_refused(environ: dict[str, str], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        read_environment(environ, ".env")


def test_a_pair_of_the_workers_that_says_the_same_is_fine() -> None:
    environ = {BACKEND: VAULT, "AIRFLOW__WORKERS__SECRETS_BACKEND": VAULT}
    assert read_environment(environ, ".env").vendor is Vendor.VAULT


def test_a_command_beside_the_value_itself_counts_as_little_as_in_airflow() -> None:
    assert read_environment({BACKEND: VAULT, KWARGS: "{}", KWARGS + "_CMD": "x"}, ".env").vendor is Vendor.VAULT


def test_no_backend_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no secrets backend"):
        read_environment({"AIRFLOW_VAR_X": "1"}, ".env")


def test_kwargs_that_are_refused_are_not_shown() -> None:
    with pytest.raises(RefusedError) as caught:
        read_environment({BACKEND: VAULT, KWARGS: '{"token": "pl4nted'}, ".env")
    assert "pl4nted" not in f"{caught.value}{caught.value.hint}"
    assert caught.value.__cause__ is None


def test_an_airflow_cfg_is_read_with_its_percent_signs() -> None:
    text = f'[secrets]\nbackend = {VAULT}\nbackend_kwargs = {{"mount_point": "a%%b"}}\n'
    assert read_airflow_cfg(text, "airflow.cfg").kwargs["mount_point"] == "a%b"
    with pytest.raises(RefusedError, match=r"airflow\.cfg"):
        read_airflow_cfg(text.replace("%%", "%"), "airflow.cfg")


@pytest.mark.parametrize(
    ("vendor", "rest", "kwargs"),
    [
        (
            Vendor.AWS_SECRETS,
            "?region_name=eu-west-1",
            {"connections_prefix": "airflow/connections", "region_name": "eu-west-1"},
        ),
        (Vendor.AWS_SECRETS, "airflow", {"variables_prefix": "airflow/variables"}),
        (Vendor.AWS_SECRETS, "//dev?profile_name=dev", {"variables_prefix": "dev/variables", "profile_name": "dev"}),
        (Vendor.AWS_SECRETS, "?connections_prefix=null&verify=false", {"connections_prefix": None, "verify": False}),
        (Vendor.AWS_SECRETS, '?extra_conn_words={"user":["u"]}', {"extra_conn_words": {"user": ["u"]}}),
        (Vendor.AWS_PARAMETERS, "/dev/", {"variables_prefix": "/dev/variables"}),
        (Vendor.GOOGLE, "proj", {"project_id": "proj", "variables_prefix": "airflow-variables"}),
        (Vendor.GOOGLE, "proj/dev", {"project_id": "proj", "connections_prefix": "dev-connections"}),
        (Vendor.AZURE, "kv1", {"vault_url": "https://kv1.vault.azure.net"}),
        (Vendor.AZURE, "https://localhost:8443", {"vault_url": "https://localhost:8443"}),
        (Vendor.AZURE, "https://localhost:8443?verify_challenge_resource=false", {"verify_challenge_resource": False}),
        (Vendor.AZURE, "kv1/dev", {"vault_url": "https://kv1.vault.azure.net", "variables_prefix": "dev-variables"}),
        (
            Vendor.VAULT,
            "kv?url=https://v&kv_engine_version=1",
            {"mount_point": "kv", "url": "https://v", "kv_engine_version": 1},
        ),
        (Vendor.VAULT, "a/b?variables_path=x&variables_path=y", {"mount_point": "a/b", "variables_path": ["x", "y"]}),
        (Vendor.VAULT, "", {"mount_point": "secret", "connections_path": ["connections"]}),
    ],
)
def test_an_address_says_what_the_kwargs_would(vendor: Vendor, rest: str, kwargs: dict[str, Any]) -> None:
    found = read_address(vendor, rest).kwargs
    assert {name: found[name] for name in kwargs} == kwargs


@pytest.mark.parametrize(
    ("vendor", "rest"),
    [
        (Vendor.VAULT, "kv?token=pl4nted"),
        (Vendor.VAULT, "kv?secret_id=pl4nted"),
        (Vendor.AWS_SECRETS, "?aws_secret_access_key=pl4nted"),
        (Vendor.AZURE, "v?client_secret=pl4nted"),
        (Vendor.GOOGLE, "p?gcp_keyfile_dict=pl4nted"),
        (Vendor.AZURE, "https://u:pl4nted@localhost"),
        (Vendor.VAULT, "kv?url=https://u:pl4nted@v"),
        (Vendor.AWS_SECRETS, "?prefix=x"),
        (Vendor.AWS_SECRETS, "?role_arn=x"),
        (Vendor.VAULT, "kv?kv_engine_version=pl4nted"),
        (Vendor.AZURE, ""),
        (Vendor.AZURE, "http://localhost"),
        (Vendor.AZURE, "v?verify_challenge_resource=perhaps"),
    ],
)
def test_an_address_holds_no_secret_and_nothing_unknown(vendor: Vendor, rest: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_address(vendor, rest)
    assert "pl4nted" not in f"{caught.value}{caught.value.hint}"


def test_every_default_is_the_providers() -> None:
    config = read_environment({BACKEND: VAULT, KWARGS: json.dumps({"global_secrets_path": "all/"})}, ".env")
    assert config.kwargs["variables_path"] == ["variables", "all"]
