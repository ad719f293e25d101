"""AWS Systems Manager Parameter Store (fixtures/places-contract.md, 1.3)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from astro_sync.concurrency import each
from astro_sync.places.backends.aws import AwsClient, CallError, GivenUpError, account_of, connect, describe
from astro_sync.places.backends.base import Content, Fault, Found, Held, Trouble, in_chunks

_BATCH: Final = 10


class ParameterStore:
    """The parameters of one AWS account and region."""

    jobs: int = 2  # about three writes a second are let through

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
        """Read all below a path; the listing has the values."""
        found: dict[str, Found] = {}
        path = prefix.rstrip("/") or "/"
        arguments = {"Path": path, "Recursive": True, "WithDecryption": True, "MaxResults": _BATCH}
        try:
            for page in self._aws.pages("get_parameters_by_path", **arguments):
                found |= {name: held for name, held in self._parameters(page) if wanted(name)}
        except CallError as error:
            raise error.as_store_error(f"{path} in {describe(self._account, self._aws.region)}") from None
        return found

    def read(self, names: Sequence[str]) -> Mapping[str, Found]:
        """Read by name, ten at a time; where one of ten is not permitted, each for itself."""
        found: dict[str, Found] = {}
        for some in each(self._read_batch, in_chunks(names, _BATCH), at_once=self.jobs):
            found |= some
        return found

    def create(self, name: str, content: Content, *, recover: bool = False) -> Fault | None:  # noqa: ARG002 - a deletion here is final
        """Put it as a SecureString where nothing is."""
        return self._put(Name=name, Value=content, Type="SecureString", Overwrite=False)

    def update(self, name: str, content: Content, held: Held) -> Fault | None:
        """Overwrite the version that was read, with its own key and tier, which AWS would reset."""
        try:
            described = self._describe(name)
        except CallError as error:
            return error.fault()
        if described is None or str(described.get("Version")) != held.version:
            return Fault(Trouble.CHANGED)
        same = {key: described[key] for key in ("Type", "KeyId", "Tier") if described.get(key)}
        return self._put(Name=name, Value=content, Overwrite=True, **same)

    def _put(self, **arguments: Any) -> Fault | None:
        try:
            self._aws.member(self._aws.call("put_parameter", **arguments), "Version")
        except CallError as error:
            return Fault(Trouble.CHANGED) if error.code == "ParameterAlreadyExists" else error.fault()
        except GivenUpError as error:
            return Fault(Trouble.UNSURE, str(error))
        return None

    def _describe(self, name: str) -> Mapping[str, Any] | None:
        filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        for page in self._aws.pages("describe_parameters", ParameterFilters=filters):
            for described in self._aws.member(page, "Parameters"):
                if described["Name"] == name:
                    return dict(described)
        return None

    def _read_batch(self, names: Sequence[str]) -> dict[str, Found]:
        try:
            page = self._aws.call("get_parameters", Names=list(names), WithDecryption=True)
        except CallError as error:
            if len(names) == 1:
                return {names[0]: error.fault()}
            return {name: found for one in names for name, found in self._read_batch([one]).items()}
        return dict(self._parameters(page))

    def _parameters(self, page: Any) -> list[tuple[str, Held]]:
        parameters = self._aws.member(page, "Parameters")
        for parameter in parameters:
            self._account = self._account or account_of(parameter.get("ARN"))
        return [(parameter["Name"], _held(parameter)) for parameter in parameters]


def _held(parameter: Mapping[str, Any]) -> Held:
    modified = parameter.get("LastModifiedDate")
    return Held(str(parameter["Value"]), str(parameter.get("Version", "")), modified.isoformat() if modified else "")


def open_store(kwargs: Mapping[str, Any], environ: Mapping[str, str], timeout: float) -> ParameterStore:
    """Return the store that the kwargs of the provider's backend address."""
    return ParameterStore(connect("ssm", kwargs, environ, timeout))
