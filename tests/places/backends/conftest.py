"""The counterparts of the stores: servers on this machine to which the vendors' own SDKs talk."""

import datetime as dt
import http.client
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from places.backends.counterparts import (
    COUNTERPARTS,
    Counterpart,
    make_counterpart,
)

SDKS = ("boto3", "google.cloud.secretmanager", "azure.keyvault.secrets", "azure.identity", "hvac", "moto", "flask")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the SDKs where one is missing."""
    missing = [name for name in SDKS if not _is_there(name)]
    for item in items if missing else ():
        if item.get_closest_marker("stores"):
            item.add_marker(pytest.mark.skip(reason=f"needs {missing[0]}: scripts/test --stores"))


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    """Run moto's server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    for service, operation in (("secretsmanager", "ListSecrets"), ("ssm", "DescribeParameters"), ("sts", "")):
        _wake(port, service, operation)
    yield port
    server.stop()


def _wake(port: int, service: str, operation: str) -> None:
    """Let moto load a service before a time limit runs: that takes seconds on a busy machine."""
    credential = f"AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=, Signature="
    headers = {"Authorization": credential, "Content-Type": "application/x-amz-json-1.1"}
    target = {"secretsmanager": "secretsmanager", "ssm": "AmazonSSM"}.get(service, "")
    if target:
        headers["X-Amz-Target"] = f"{target}.{operation}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/", body=b"{}", headers=headers)
    connection.getresponse().read()
    connection.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate for localhost and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "c.pem").write_bytes(made.public_bytes(encoding))
    (folder / "k.pem").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    return folder / "c.pem", folder / "k.pem"


@pytest.fixture(scope="session")
def google_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the key file of a service account; nothing but a stand-in ever sees what it signs."""
    import json

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {
        "type": "service_account",
        "project_id": "demo",
        "private_key_id": "k",
        "private_key": pem.decode(),
        "client_email": "tester@demo.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "http://127.0.0.1:9/token",
    }
    path = tmp_path_factory.mktemp("google") / "key.json"
    path.write_text(json.dumps(account))
    return path


@pytest.fixture
def no_own_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the SDKs away from the logins of whoever runs the tests."""
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "VAULT_", "IDENTITY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")


@pytest.fixture(params=COUNTERPARTS)
def counterpart(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, no_own_login: None
) -> Iterator[Counterpart]:
    """Run each store's counterpart in turn, empty."""
    del no_own_login
    kind = request.param
    with make_counterpart(kind, request) as made:
        for name, text in made.environ.items():
            monkeypatch.setenv(name, text)
        yield made
