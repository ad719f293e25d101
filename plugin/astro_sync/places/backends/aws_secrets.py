"""AWS Secrets Manager (fixtures/places-contract.md, 1.2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from astro_sync.concurrency import each
from astro_sync.places.backends.aws import AwsClient, CallError, GivenUpError, account_of, connect, describe
from astro_sync.places.backends.base import Content, Fault, Found, Held, Trouble, in_chunks

_BATCH: Final = 20
_PAGE: Final = 100
_MISSING: Final = "ResourceNotFoundException"
_SCHEDULED: Final = frozenset({"InvalidRequestException"})  # what is said of a secret that is scheduled for deletion


class SecretsManager:
    """The secrets of one AWS account and region."""

    jobs: int = 8

    def __init__(self, aws: AwsClient) -> None:
        self._aws = aws
        self._account = ""

    @property
    def identity(self) -> str:
        """Return by which login it is used."""
        return self._aws.identity

    @property
    def where(self) -> str:
        """Return the account and the region."""
        self._account = self._account or self._aws.caller()
        return describe(self._account, self._aws.region)

    def scan(self, prefix: str, wanted: Callable[[str], bool]) -> Mapping[str, Found]:
        """List by the prefix, then read in batches of 20."""
        filters = [{"Key": "name", "Values": [prefix]}] if prefix else []
        names, found = [], {}
        try:
            for page in self._aws.pages("list_secrets", Filters=filters, MaxResults=_PAGE, IncludePlannedDeletion=True):
                for secret in self._aws.member(page, "SecretList"):
                    name = secret["Name"]
                    self._account = self._account or account_of(secret.get("ARN"))
                    if not name.startswith(prefix) or not wanted(name):
                        continue
                    if secret.get("DeletedDate"):
                        found[name] = Fault(Trouble.DELETED)
                    else:
                        names.append(name)
        except CallError as error:
            raise error.as_store_error(describe(self._account, self._aws.region)) from None
        return {**found, **self.read(names)}

    def read(self, names: Sequence[str]) -> Mapping[str, Found]:
        """Read in batches, or one by one where batches are not permitted."""
        found: dict[str, Found] = {}
        for some in each(self._read_batch, in_chunks(names, _BATCH), at_once=self.jobs):
            found |= some
        return found

    def create(self, name: str, content: Content, *, recover: bool = False) -> Fault | None:
        """Create it; one that is scheduled for deletion is restored and gets its value."""
        try:
            if recover:
                self._aws.call("restore_secret", SecretId=name)
                self._put(name, content)
            else:
                self._aws.member(self._aws.call("create_secret", Name=name, SecretString=content), "ARN")
        except CallError as error:
            return self._why_not_created(name, error)
        except GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return None

    def update(self, name: str, content: Content, held: Held) -> Fault | None:
        """Put a new version if the current one still is what was read; AWS itself does not compare."""
        try:
            described = self._aws.call("describe_secret", SecretId=name)
            if described.get("DeletedDate"):
                return Fault(Trouble.DELETED)
            stages = described.get("VersionIdsToStages") or {}
            if "AWSCURRENT" not in stages.get(held.version, ()):
                return Fault(Trouble.CHANGED)
            self._put(name, content)
        except CallError as error:
            return Fault(Trouble.CHANGED) if error.code == _MISSING else error.fault()
        except GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return None

    def _put(self, name: str, content: Content) -> None:
        self._aws.member(self._aws.call("put_secret_value", SecretId=name, SecretString=content), "VersionId")

    def _read_batch(self, names: Sequence[str]) -> dict[str, Found]:
        found: dict[str, Found] = {}
        told: set[str] = set()
        try:
            for page in self._aws.pages("batch_get_secret_value", SecretIdList=list(names)):
                for secret in self._aws.member(page, "SecretValues"):
                    found[secret["Name"]] = _held(secret)
                for error in page.get("Errors") or ():
                    told.add(error["SecretId"])
                    if fault := _fault(CallError(error["ErrorCode"], "secretsmanager:GetSecretValue")):
                        found[error["SecretId"]] = fault
        except CallError as error:
            if not error.is_forbidden:
                raise error.as_store_error(describe(self._account, self._aws.region)) from None
            return self._read_singly(names)
        # What the answer passes over in silence is asked for by itself.
        return found | self._read_singly([name for name in names if name not in found and name not in told])

    def _read_singly(self, names: Sequence[str]) -> dict[str, Found]:
        answers = dict(zip(names, each(self._read_one, names, at_once=2), strict=True))
        return {name: found for name, found in answers.items() if found is not None}

    def _read_one(self, name: str) -> Found | None:
        try:
            return _held(self._aws.call("get_secret_value", SecretId=name))
        except CallError as error:
            return _fault(error)

    def _why_not_created(self, name: str, error: CallError) -> Fault:
        """Tell a name that is taken from one that a deletion blocks: AWS and its copies use two codes for both."""
        if error.code not in {"ResourceExistsException", *_SCHEDULED}:
            return error.fault()
        try:
            described = self._aws.call("describe_secret", SecretId=name)
        except CallError as other:
            return other.fault()
        return Fault(Trouble.DELETED if described.get("DeletedDate") else Trouble.CHANGED)


def _held(secret: Mapping[str, Any]) -> Found:
    text = secret.get("SecretString")
    if not isinstance(text, str):
        return Fault(Trouble.UNREADABLE, "it is binary")
    created = secret.get("CreatedDate")
    return Held(text, str(secret.get("VersionId", "")), created.isoformat() if created else "")


def _fault(error: CallError) -> Fault | None:
    """Return what is wrong with a secret that could not be read; None: it is not there."""
    if error.code == _MISSING:
        return None
    return Fault(Trouble.DELETED) if error.code in _SCHEDULED else error.fault()


def open_store(kwargs: Mapping[str, Any], environ: Mapping[str, str], timeout: float) -> SecretsManager:
    """Return the store that the kwargs of the provider's backend address."""
    return SecretsManager(connect("secretsmanager", kwargs, environ, timeout))
