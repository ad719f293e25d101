"""What Airflow makes of a secret's content, and what is written so that it makes just that of it. Pure.

The rules are those of the providers' own classes (fixtures/places-contract.md, 1.1, 1.3, 2.2, 3.2 and 4.1).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from astro_sync.airflow.connection import means_the_same, parse_connection, to_json, to_text
from astro_sync.core.model import Kind, Reason, Refusal
from astro_sync.places.backends.base import Content
from astro_sync.places.backends.settings import BackendConfig, Vendor

_FIELDS: Final = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")
_AWS_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "login": ("login", "user", "username", "user_name"),
    "password": ("password", "pass", "key"),
    "host": ("host", "remote_host", "server"),
    "port": ("port",),
    "schema": ("database", "schema"),
    "conn_type": ("conn_type", "conn_id", "connection_type", "engine"),
    "extra": ("extra",),
}
_MOST_BYTES: Final = {
    Vendor.AWS_SECRETS: 65_536,
    Vendor.AWS_PARAMETERS: 4096,  # a longer one needs the tier that costs and cannot be left again
    Vendor.GOOGLE: 65_536,
    Vendor.AZURE: 25_000,
    Vendor.VAULT: 1_048_576,
}
_TEMPLATE: Final = re.compile(r"\{\{.*\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Forms:
    """How one backend keeps connections and variables."""

    vendor: Vendor
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _AWS_WORDS)

    def read(self, kind: Kind, content: Content) -> str | Refusal | None:
        """Return the text that Airflow sees, why it sees none, or None where it goes on as if nothing were there."""
        text = self._text(kind, content)
        if kind is not Kind.CONNECTION or not isinstance(text, str):
            return text
        if not text.strip():
            return Refusal(Reason.EMPTY)
        return self._rekeyed(text) if self.vendor is Vendor.AWS_SECRETS else text

    def write(self, kind: Kind, text: str, old: Content | None) -> Content | Refusal:
        """Return the content from which Airflow reads just this text; `old` is what stands there and is kept."""
        if refusal := self._refusal(kind, text):
            return refusal
        if self.vendor is Vendor.VAULT:
            content: Content | Refusal = _vault_fields(kind, text, old if isinstance(old, Mapping) else {})
        elif self.vendor is Vendor.AWS_SECRETS and kind is Kind.CONNECTION:
            content = self._aws_connection(text)
        else:
            content = text
        return content if isinstance(content, Refusal) else self._too_long(content) or content

    def loses_description(self, kind: Kind, text: str) -> bool:
        """Tell whether the description of a connection does not arrive."""
        if self.vendor is not Vendor.AWS_SECRETS or kind is not Kind.CONNECTION:
            return False
        connection = parse_connection(text)
        return bool(connection and connection.description)

    def _text(self, kind: Kind, content: Content) -> str | Refusal | None:
        if isinstance(content, str):
            return content
        if not content:
            return None if kind is Kind.VARIABLE else Refusal(Reason.UNSOUND_CONNECTION)
        if kind is Kind.VARIABLE:
            text = content.get("value")
            return text if isinstance(text, str) else Refusal(Reason.NOT_TEXT, "value")
        uri = content.get("conn_uri")
        if uri:
            return uri if isinstance(uri, str) else Refusal(Reason.NOT_TEXT, "conn_uri")
        text = json.dumps(dict(content))
        return text if parse_connection(text) else Refusal(Reason.UNSOUND_CONNECTION)

    def _rekeyed(self, text: str) -> str | Refusal:
        """Return a connection as AWS's backend takes a JSON object apart: by words, and nothing else of it."""
        if not text.strip().startswith("{"):
            return text
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return Refusal(Reason.UNSOUND_CONNECTION)
        found = {
            name: next((value for key, value in fields.items() if key in words), None)
            for name, words in self.words.items()
        }
        found = {name: value for name, value in found.items() if value is not None}
        known = text if found == fields else json.dumps(found)
        return known if parse_connection(known) else Refusal(Reason.UNSOUND_CONNECTION)

    def _aws_connection(self, text: str) -> Content | Refusal:
        connection = parse_connection(text)
        if not text.strip().startswith("{"):
            return text
        if connection is None:
            return Refusal(Reason.UNSOUND_CONNECTION)
        bare = connection._replace(description=None)
        written = text if self._rekeyed(text) == text else to_text(bare)
        read = self._rekeyed(written)
        sound = isinstance(read, str) and means_the_same(read, to_json(bare))
        return written if sound else Refusal(Reason.CANNOT_HOLD)

    def _refusal(self, kind: Kind, text: str) -> Refusal | None:
        try:
            text.encode()
        except UnicodeEncodeError:
            return Refusal(Reason.CANNOT_HOLD, "half of a surrogate pair")
        is_connection = kind is Kind.CONNECTION
        if (is_connection and not text.strip()) or (not text and self.vendor is not Vendor.VAULT):
            return Refusal(Reason.EMPTY)
        if self.vendor is Vendor.AWS_PARAMETERS and _TEMPLATE.search(text):
            return Refusal(Reason.TEMPLATE, "{{ }}")
        return None

    def _too_long(self, content: Content) -> Refusal | None:
        texts = [content] if isinstance(content, str) else [text for text in content.values() if isinstance(text, str)]
        most = _MOST_BYTES[self.vendor]
        if all(len(text.encode()) <= most for text in texts):
            return None
        return Refusal(Reason.TOO_LONG, f"a value has at most {most:,} bytes")


def _vault_fields(kind: Kind, text: str, old: Mapping[str, Any]) -> Content | Refusal:
    """Return the fields of a Vault secret: the form that is there stays, and so do fields that are not ours."""
    if kind is Kind.VARIABLE:
        return {**old, "value": text}
    if old.get("conn_uri") or not old.keys() & set(_FIELDS):
        return {**old, "conn_uri": text}
    connection = parse_connection(text)
    if connection is None:
        return Refusal(Reason.UNSOUND_CONNECTION)
    fields: dict[str, Any] = json.loads(to_json(connection))
    return fields


def make_forms(config: BackendConfig) -> Forms:
    """Return how a backend keeps its values; AWS's can be taught further words for the fields of a connection."""
    extra = config.kwargs.get("extra_conn_words") or {}
    words = dict(_AWS_WORDS)
    for name, more in extra.items() if isinstance(extra, Mapping) else ():
        name = "login" if name == "user" else name  # noqa: PLW2901 - as the provider has it
        words[name] = (*words.get(name, ()), *more)
    return Forms(config.vendor, words)
