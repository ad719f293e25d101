"""Under which name of a store Airflow looks an id up, and which id a name of the store is. Pure.

The rules are those of the providers' own classes (fixtures/places-contract.md, 1.1, 1.3, 2.1, 3.1 and 4.1).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from astro_sync.core.model import Kind, Name, Reason, Refusal
from astro_sync.errors import RefusedError
from astro_sync.places.backends.settings import BackendConfig, Vendor

_TEAM: Final = "--"
_WORDS: Final = {Kind.CONNECTION: "connections", Kind.VARIABLE: "variables"}
_CHARACTERS: Final = {
    Vendor.AWS_SECRETS: re.compile(r"[A-Za-z0-9/_+=.@-]*"),
    Vendor.AWS_PARAMETERS: re.compile(r"[A-Za-z0-9_./-]*"),
    Vendor.GOOGLE: re.compile(r"[A-Za-z0-9_-]*"),
    Vendor.AZURE: re.compile(r"[A-Za-z0-9-]*"),
}
# Parameter Store counts its own ARN, `arn:aws:ssm:REGION:ACCOUNT:parameter`, into its 1,011 characters.
_LONGEST: Final = {
    Vendor.AWS_SECRETS: 512,
    Vendor.AWS_PARAMETERS: 950,
    Vendor.GOOGLE: 255,
    Vendor.AZURE: 127,
    Vendor.VAULT: 1000,
}
_LIKE_AN_ARN: Final = re.compile(r".*-[A-Za-z0-9]{6}")
_LEVELS: Final = 15
_HEAD = tuple[Kind | None, str]


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one backend. `heads` stand before an id, each kind's in the order in which Airflow tries them.

    A kind without heads is switched off; None is the kind of Airflow's own configuration, which is not ours.
    """

    vendor: Vendor
    heads: Mapping[Kind | None, tuple[str, ...]]
    sep: str = "/"
    patterns: Mapping[Kind, re.Pattern[str]] = field(default_factory=dict)
    multi_team: bool = False

    def remotes(self, name: Name) -> tuple[str, ...]:
        """Return the names under which Airflow looks an id up, in its order."""
        return tuple(self._build(head, name.id) for head in self.heads.get(name.kind, ()))

    def find(self, remote: str) -> Name | None:
        """Return what a name of the store is to Airflow; where two kinds claim it, the longer beginning decides."""
        text = remote.lower() if self.vendor is Vendor.AZURE else remote
        fits = [(len(head), kind) for kind, head in self._all_heads() if text.startswith(head) and text != head]
        if not fits:
            return None
        length, kind = max(fits, key=lambda fit: fit[0])
        if kind is None:
            return None
        # Azure's names have no `_`: the spelling that an environment variable could have
        rest = remote[length:]
        return Name(kind, rest.replace(self.sep, "_") if self.vendor is Vendor.AZURE else rest)

    def fold(self, name: Name) -> object:
        """Return the same for two ids that are one secret."""
        return Name(name.kind, self._build("", name.id).lower()) if self.vendor is Vendor.AZURE else name

    def refusal(self, name: Name) -> Refusal | None:
        """Return why Airflow would never find an id, or why the store cannot have its name."""
        if not self.heads.get(name.kind):
            return Refusal(Reason.KIND_OFF, _WORDS.get(name.kind, ""))
        pattern = self.patterns.get(name.kind)
        if pattern and not pattern.match(name.id):
            return Refusal(Reason.NOT_LOOKED_UP, f"{_WORDS[name.kind]}_lookup_pattern")
        if self._is_a_teams(name.id):
            return Refusal(Reason.OTHER_TEAM, "/" if self.vendor is Vendor.VAULT else _TEAM)
        remote = self.remotes(name)[0]
        if refusal := self._store_refusal(remote):
            return refusal
        meant = self.find(remote)
        if meant is None or self.fold(meant) != self.fold(name):
            about = f"{meant.kind} {meant.id}" if meant else remote
            return Refusal(Reason.COLLISION, about)
        return None

    def has_prefix(self, kind: Kind) -> bool:
        """Tell whether a kind's secrets have a beginning that tells them from anything else in the store."""
        return all(self.heads.get(kind, ("?",)))

    def _build(self, head: str, id_: str) -> str:
        whole = head + id_
        return whole.replace("_", self.sep) if self.vendor is Vendor.AZURE else whole

    def _all_heads(self) -> Iterator[_HEAD]:
        for kind, heads in self.heads.items():
            yield from ((kind, head.lower() if self.vendor is Vendor.AZURE else head) for head in heads)

    def _is_a_teams(self, id_: str) -> bool:
        if not self.multi_team:
            return False
        return "/" in id_ if self.vendor is Vendor.VAULT else _TEAM in self._build("", id_)

    def _store_refusal(self, remote: str) -> Refusal | None:
        if len(remote) > _LONGEST[self.vendor]:
            return Refusal(Reason.TOO_LONG, f"a name has at most {_LONGEST[self.vendor]} characters")
        characters = _CHARACTERS.get(self.vendor)
        if characters and not characters.fullmatch(remote):
            return Refusal(Reason.NAME_NOT_ALLOWED, "a name has letters, digits and a few signs only")
        if self.vendor is Vendor.AWS_SECRETS and _LIKE_AN_ARN.fullmatch(remote):
            return Refusal(Reason.NAME_NOT_ALLOWED, "a name must not end in - and six letters or digits, as ARNs do")
        if self.vendor is Vendor.AWS_PARAMETERS:
            return _parameter_refusal(remote)
        return _path_refusal(remote) if self.vendor is Vendor.VAULT else None


def _parameter_refusal(remote: str) -> Refusal | None:
    levels = remote.removeprefix("/").split("/")
    if not all(levels):
        return Refusal(Reason.NAME_NOT_ALLOWED, "a level of the path is empty")
    if len(levels) > _LEVELS:
        return Refusal(Reason.TOO_LONG, f"a path has at most {_LEVELS} levels")
    if levels[0].lower().startswith(("aws", "ssm")):
        return Refusal(Reason.NAME_NOT_ALLOWED, "a path must not begin with aws or ssm")
    return None


def _path_refusal(remote: str) -> Refusal | None:
    if not remote.isprintable():
        return Refusal(Reason.NAME_NOT_ALLOWED, "a path has printable characters only")
    if {"", ".", ".."} & set(remote.split("/")):
        return Refusal(Reason.NAME_NOT_ALLOWED, "a part of the path is empty, . or ..")
    return None


def make_naming(config: BackendConfig) -> Naming:
    """Return the names of a backend; raises RefusedError for settings with which Airflow finds nothing or the wrong."""
    kwargs, vendor = config.kwargs, config.vendor
    sep = str(kwargs.get("sep") or "/")
    stem = "path" if vendor is Vendor.VAULT else "prefix"
    kinds: dict[Kind | None, str] = {Kind.CONNECTION: "connections", Kind.VARIABLE: "variables", None: "config"}
    heads = {kind: _heads(vendor, kwargs[f"{word}_{stem}"], sep) for kind, word in kinds.items()}
    if set(heads[Kind.CONNECTION]) & set(heads[Kind.VARIABLE]):
        hint = "Give connections and variables a prefix each; Airflow would take every secret for both."
        raise RefusedError(f"{config.origin} has one {stem} for connections and variables.", hint=hint)
    for kind, word in kinds.items():
        if vendor is Vendor.GOOGLE and not all(map(_CHARACTERS[vendor].fullmatch, heads[kind])):
            hint = "Use letters, digits, - and _ for prefix and sep."
            raise RefusedError(f"{config.origin}: Airflow refuses {word}_prefix with its sep.", hint=hint)
    teams = config.multi_team and bool(kwargs.get("use_team_secrets_path", True))
    return Naming(vendor, heads, sep, _patterns(config), teams)


def _heads(vendor: Vendor, prefix: str | list[str] | None, sep: str) -> tuple[str, ...]:
    """Return what a provider puts before an id; an empty prefix takes no separator but in Google's."""
    match vendor, prefix:
        case _, None:
            return ()
        case Vendor.VAULT, list():
            return tuple(f"{path}/" if path else "" for path in prefix)
        case Vendor.GOOGLE, str():
            return (prefix + sep,)
        case Vendor.AWS_PARAMETERS, str():
            path = prefix.rstrip("/")
            return (f"{path}/" if path.startswith("/") or not path else f"/{path}/",)
        case _:
            stem = str(prefix).rstrip(sep)
            head = stem + sep if stem else ""
            return (head.replace("_", sep) if vendor is Vendor.AZURE else head,)


def _patterns(config: BackendConfig) -> dict[Kind, re.Pattern[str]]:
    found = {}
    for kind, word in _WORDS.items():
        if text := config.kwargs.get(f"{word}_lookup_pattern"):
            try:
                found[kind] = re.compile(text, re.IGNORECASE)
            except (re.error, TypeError):
                hint = "It is a regular expression of Python's, matched from the start of an id."
                raise RefusedError(f"{config.origin}: {word}_lookup_pattern cannot be read.", hint=hint) from None
    return found
