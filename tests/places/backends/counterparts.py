"""One interface over the five counterparts, so that one test says the same of each store."""

import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from astro_sync.places.backends import aws_parameters, aws_secrets, azure, google, vault
from astro_sync.places.backends.base import Content, Found, Held, Store
from services import aws as aws_service
from services import hashicorp_vault, key_vault, secret_manager
from services.server import Answer, Service

COUNTERPARTS = ("awssecrets", "awsssm", "gcpsecrets", "azurekeyvault", "vault")


class Counterpart:
    """One service with what a test needs of it.

    `head` begins the names that belong to the test. `environ` is the login. `kwargs` address the service. `module` is
    ours. `reading`, `listing`, `creating` and `changing` fit its calls.
    """

    head = "airflow-variables-"
    can_delete = True
    lists_values = False
    module: Any
    vendor: str
    reading: str
    listing: str
    creating: str
    changing: str
    throttled: Answer
    list_right: str
    read_right: str
    most_bytes: int

    def __init__(self, service: Service, environ: Mapping[str, str], kwargs: Mapping[str, Any]) -> None:
        self.service = service
        self.environ = dict(environ)
        self.kwargs = dict(kwargs)

    def __enter__(self) -> Self:
        self.service.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.__exit__()

    def open(self, timeout: float = 20) -> Store:
        """Open our store with the counterpart's login."""
        store: Store = self.module.open_store(self.kwargs, self.environ, timeout)
        return store

    def content(self, text: str) -> Content:
        """Return a text in the form that the store keeps."""
        return text

    def name(self, word: str) -> str:
        """Return a name of the test."""
        return self.head + word

    def reset(self) -> None:
        """Empty it."""
        raise NotImplementedError

    def put(self, word: str, text: str) -> None:
        """Write a value, as somebody else would."""
        raise NotImplementedError

    def get(self, word: str) -> str | None:
        """Return the value that is there."""
        raise NotImplementedError

    def delete(self, word: str) -> None:
        """Delete a secret so that it can be recovered."""
        raise NotImplementedError

    def forbid(self, right: str) -> None:
        """Take a right away."""
        raise NotImplementedError

    def hide(self, word: str) -> None:
        """Keep a name out of listings, as if they lagged."""
        raise NotImplementedError


class _AwsCounterpart(Counterpart):
    service_word: str

    def __init__(self, moto_port: int) -> None:
        self._moto_port = moto_port
        self.reset()
        service = aws_service.Aws(moto_port)
        keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "planted-aws-key"}
        super().__init__(service, keys, {"endpoint_url": service.url, "region_name": "eu-west-1"})
        self.aws = service

    throttled = aws_service.throttled()

    def reset(self) -> None:
        reset = urllib.request.Request(f"http://127.0.0.1:{self._moto_port}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset).close()  # noqa: S310 - our own server

    def client(self) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return a client of the SDK, for what somebody else does."""
        import boto3

        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        return boto3.client(self.service_word, endpoint_url=self.aws.url, region_name="eu-west-1", **keys)

    def forbid(self, right: str) -> None:
        self.aws.forbidden.add(right)

    def hide(self, word: str) -> None:
        self.aws.unlisted.add(self.name(word))


class AwsSecretsCounterpart(_AwsCounterpart):
    vendor = "awssecrets"
    head = "airflow/variables/"
    service_word = "secretsmanager"
    module = aws_secrets
    reading, listing, creating, changing = "GetSecretValue", "ListSecrets", "CreateSecret", "PutSecretValue"
    list_right, read_right = "ListSecrets", "GetSecretValue"
    most_bytes = 65_536

    def put(self, word: str, text: str) -> None:
        client, name = self.client(), self.name(word)
        try:
            client.create_secret(Name=name, SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=name, SecretString=text)

    def get(self, word: str) -> str | None:
        client = self.client()
        try:
            return str(client.get_secret_value(SecretId=self.name(word))["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            return None

    def delete(self, word: str) -> None:
        self.client().delete_secret(SecretId=self.name(word), RecoveryWindowInDays=7)

    def forbid(self, right: str) -> None:
        super().forbid(right)
        if right == self.read_right:
            super().forbid("BatchGetSecretValue")


class AwsParametersCounterpart(_AwsCounterpart):
    vendor = "awsssm"
    head = "/airflow/variables/"
    service_word = "ssm"
    module = aws_parameters
    can_delete = False
    lists_values = True
    reading, listing, creating, changing = "GetParameters$", "GetParametersByPath", "PutParameter", "PutParameter"
    list_right, read_right = "GetParametersByPath", "GetParameters"
    most_bytes = 4096

    def put(self, word: str, text: str) -> None:
        self.client().put_parameter(Name=self.name(word), Value=text, Type="SecureString", Overwrite=True)

    def get(self, word: str) -> str | None:
        client = self.client()
        try:
            return str(client.get_parameter(Name=self.name(word), WithDecryption=True)["Parameter"]["Value"])
        except client.exceptions.ParameterNotFound:
            return None


class GoogleCounterpart(Counterpart):
    vendor = "gcpsecrets"
    module = google
    can_delete = False
    reading, listing = ":access", r"GET /v1/projects/demo/secrets$"
    creating, changing = r"POST /v1/projects/demo/secrets$", ":addVersion"
    throttled = secret_manager.throttled()
    list_right, read_right = "secretmanager.secrets.list", "secretmanager.versions.access"
    most_bytes = 65_536

    def __init__(self, key: Path) -> None:
        self.google = secret_manager.SecretManager()
        environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(key), google.ENDPOINT: self.google.url}
        super().__init__(self.google, environ, {"project_id": "demo"})

    def reset(self) -> None:
        self.google.secrets.clear()

    def put(self, word: str, text: str) -> None:
        self.google.put(self.name(word), text)

    def get(self, word: str) -> str | None:
        return self.google.text(self.name(word))

    def forbid(self, right: str) -> None:
        self.google.forbidden.add(right)

    def hide(self, word: str) -> None:
        self.google.unlisted.add(self.name(word))


class AzureCounterpart(Counterpart):
    vendor = "azurekeyvault"
    module = azure
    reading, listing = "GET /secrets/.", "GET /secrets$"
    creating = changing = "PUT /secrets/"
    throttled = key_vault.throttled()
    list_right, read_right = "list", "get"
    most_bytes = 25_000

    def __init__(self, certificate: Path, key: Path) -> None:
        self.tokens = key_vault.TokenEndpoint()
        self.vault = key_vault.KeyVault(self.tokens, certificate, key)
        environ = {
            "IDENTITY_ENDPOINT": f"{self.tokens.url}/msi/token",
            "IDENTITY_HEADER": key_vault.HEADER,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }
        settings = {"verify_challenge_resource": False, "connection_verify": str(certificate)}
        super().__init__(self.vault, environ, {"vault_url": self.vault.url, **settings})

    def __enter__(self) -> Self:
        self.tokens.__enter__()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.tokens.__exit__()

    def reset(self) -> None:
        for held in (self.vault.secrets, self.vault.deleted, self.vault.names):
            held.clear()

    def put(self, word: str, text: str) -> None:
        self.vault.put(self.name(word), text)

    def get(self, word: str) -> str | None:
        return self.vault.text(self.name(word))

    def delete(self, word: str) -> None:
        self.vault.delete(self.name(word))

    def forbid(self, right: str) -> None:
        self.vault.forbidden.add(right)

    def hide(self, word: str) -> None:
        self.vault.unlisted.add(self.name(word))


class VaultCounterpart(Counterpart):
    vendor = "vault"
    head = "variables/"
    module = vault
    reading, listing = "GET /v1/secret/data/", "LIST /v1/secret/metadata"
    creating = changing = "POST /v1/secret/data/"
    throttled = hashicorp_vault.throttled()
    list_right, read_right = "list", "read"
    most_bytes = 1_048_576

    def __init__(self, version: int = 2) -> None:
        self.vault = hashicorp_vault.Vault()
        self.vault.engines["secret"].version = version
        kwargs = {"url": self.vault.url, "mount_point": "secret", "kv_engine_version": version}
        super().__init__(self.vault, {"VAULT_TOKEN": "root"}, kwargs)

    def content(self, text: str) -> Content:
        return {"value": text}

    def reset(self) -> None:
        self.vault.engines["secret"].secrets.clear()

    def put(self, word: str, text: str) -> None:
        self.vault.put(self.name(word), value=text)

    def get(self, word: str) -> str | None:
        fields = self.vault.fields(self.name(word))
        return None if fields is None else str(fields["value"])

    def delete(self, word: str) -> None:
        self.vault.delete(self.name(word))

    def forbid(self, right: str) -> None:
        self.vault.policies["root"] = [("*", {"read", "list", "create", "update"} - {right})]


def text_of(found: Found | None) -> str | None:
    """Return the text of what was read."""
    if not isinstance(found, Held):
        return None
    return found.content if isinstance(found.content, str) else str(found.content["value"])


def make_counterpart(kind: str, request: pytest.FixtureRequest) -> Counterpart:
    """Return the counterpart of one store."""
    match kind:
        case "awssecrets":
            return AwsSecretsCounterpart(request.getfixturevalue("moto_port"))
        case "awsssm":
            return AwsParametersCounterpart(request.getfixturevalue("moto_port"))
        case "gcpsecrets":
            return GoogleCounterpart(request.getfixturevalue("google_key"))
        case "azurekeyvault":
            return AzureCounterpart(*request.getfixturevalue("certificate"))
    return VaultCounterpart()
