"""What the stand-in for Vault says is what a real one does, where VAULT_ADDR names one (mount `secret`, KV 2)."""

import os
import uuid
from typing import Any, Final

import pytest

from astro_sync.places.backends import vault
from astro_sync.places.backends.base import Fault, Held, Store, Trouble

LOGIN: Final = {
    name: os.environ[name] for name in ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE") if name in os.environ
}
pytestmark = [
    pytest.mark.stores,
    pytest.mark.skipif("VAULT_ADDR" not in LOGIN, reason="needs a real Vault: VAULT_ADDR and VAULT_TOKEN"),
]


@pytest.fixture
def folder() -> str:
    """Return a folder that is ours alone."""
    return f"astro-sync-test-{uuid.uuid4().hex}"


@pytest.fixture
def store() -> Store:
    """Return the real store."""
    return vault.open_store({"mount_point": "secret", "kv_engine_version": 2}, LOGIN, 20)


def test_a_secret_is_created_read_changed_and_compared(store: Store, folder: str) -> None:
    name = f"{folder}/with blank/x"
    assert store.create(name, {"value": "1", "owner": "me"}) is None
    assert store.create(name, {"value": "2"}) == Fault(Trouble.CHANGED)
    held = store.scan(f"{folder}/", lambda _name: True)[name]
    assert isinstance(held, Held)
    assert held.content == {"value": "1", "owner": "me"}
    assert store.update(name, {"value": "3"}, held) is None
    assert store.update(name, {"value": "4"}, held) == Fault(Trouble.CHANGED)


def test_a_deleted_secret_is_told_and_recovered(store: Store, folder: str) -> None:
    client: Any = store._client  # type: ignore[attr-defined]  # noqa: SLF001 - nothing of ours deletes
    name = f"{folder}/x"
    assert store.create(name, {"value": "1"}) is None
    client.secrets.kv.v2.delete_latest_version_of_secret(path=name, mount_point="secret")
    found = store.scan(f"{folder}/", lambda _name: True)[name]
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.DELETED
    assert store.create(name, {"value": "2"}, recover=True) is None
