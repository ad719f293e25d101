"""Tell whether a secret is the one that was sent, without keeping it. Pure (CONTRIBUTING, rule 13)."""

from typing import NamedTuple

from astro_sync.airflow.json_text import tokens
from astro_sync.core.compare import SecretState
from astro_sync.core.model import Entry, Name, Value

_PURPOSE = b"astro-sync receipt 1"


class Receipt(NamedTuple):
    """What is kept of one secret that was sent: a salted digest, and when the place last changed it."""

    salt: bytes
    digest: bytes
    updated_at: str


class ReceiptKey(NamedTuple):
    """The random key of a machine, bound to the address of one place."""

    machine: bytes
    place: str

    def __repr__(self) -> str:
        return f"ReceiptKey(***, place={self.place!r})"

    def make(self, name: Name, value: Value, updated_at: str, salt: bytes) -> Receipt:
        """Return the receipt of a value; `salt` is random and used once."""
        return Receipt(salt, self._digest(name, value, salt), updated_at)

    def compare(self, name: Name, value: Value, updated_at: str, receipt: Receipt | None) -> SecretState:
        """Return what a receipt tells of the secret that the place has now, and of the value that is to be there.

        A place that does not tell when it changed a secret leaves everything unknown.
        """
        if receipt is None or not updated_at or not receipt.updated_at:
            return SecretState.UNKNOWN
        if receipt.updated_at != updated_at:
            return SecretState.CHANGED_THERE
        same = _is_same(receipt.digest, self._digest(name, value, receipt.salt))
        return SecretState.SAME if same else SecretState.CHANGED_HERE

    def make_of_left(self, name: Name, value: Value, updated_at: str, salt: bytes) -> Receipt:
        """Return the receipt of what a run left under a name, JSON by its tokens (CONTRIBUTING, rule 12)."""
        return self.make(name, _by_tokens(value), updated_at, salt)

    def compare_left(self, entry: Entry, receipt: Receipt | None) -> SecretState:
        """Return whether an entry is still what a run left; a hidden one tells it by its `updated_at` alone."""
        if receipt is None:
            return SecretState.UNKNOWN
        if entry.value is not None:
            found = self._digest(entry.name, _by_tokens(entry.value), receipt.salt)
            return SecretState.SAME if _is_same(receipt.digest, found) else SecretState.CHANGED_THERE
        if not entry.updated_at or not receipt.updated_at:
            return SecretState.UNKNOWN
        return SecretState.SAME if receipt.updated_at == entry.updated_at else SecretState.CHANGED_THERE

    def hide(self, name: Name) -> str:
        """Return what stands in a file for the name of an entry."""
        return _hmac(self.machine, b"name", _bytes(self.place), name.kind.encode(), _bytes(name.id)).hex()

    def _digest(self, name: Name, value: Value, salt: bytes) -> bytes:
        parts = (_bytes(self.place), name.kind.encode(), _bytes(name.id), salt, _bytes(value.reveal()))
        return _hmac(self.machine, b"value", *parts)


def seal(key: bytes, file: str, content: bytes) -> str:
    """Return what proves that a file of receipts is whole, of this machine, and under its own name."""
    return _hmac(key, b"file", _bytes(file), content).hex()


def is_sealed(key: bytes, file: str, content: bytes, found: str) -> bool:
    """Tell whether the content of a file of receipts is as it was written."""
    return _is_same(seal(key, file, content).encode(), _bytes(found))


def _by_tokens(value: Value) -> Value:
    found = tokens(value.reveal())
    return value if found is None else Value("".join(found))


def _is_same(one: bytes, other: bytes) -> bool:
    import hmac  # 7 ms with OpenSSL, for secrets that were sent before

    return hmac.compare_digest(one, other)


def _hmac(key: bytes, *parts: bytes) -> bytes:
    import hmac

    # Each part with its length, so that no two lists of parts are one text.
    told = b"".join(len(part).to_bytes(8, "big") + part for part in (_PURPOSE, *parts))
    return hmac.digest(key, told, "sha256")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
