"""The two syncs as they are typed, and their JSON as tests look at it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox import Json, Result, Sandbox


def push(sandbox: Sandbox, *words: str, yes: bool = True, **run: Any) -> Result:  # noqa: ANN401 - Sandbox.run's own
    """Run `local-to-deploy`, confirmed, to dep-1 unless a Deployment is named."""
    return _run(sandbox, "local-to-deploy", words, yes=yes, **run)


def pull(sandbox: Sandbox, *words: str, yes: bool = True, **run: Any) -> Result:  # noqa: ANN401 - Sandbox.run's own
    """Run `deploy-to-local`, confirmed, from dep-1 unless a Deployment is named."""
    return _run(sandbox, "deploy-to-local", words, yes=yes, **run)


def document(result: Result) -> Json:
    """Return the one JSON document on stdout."""
    found: Json = json.loads(result.stdout)
    return found


def actions(changes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return {key: action} of the changes of a JSON document."""
    return {change["key"]: change["action"] for change in changes}


def target(found: Json, number: int = 0) -> dict[str, str]:
    """Return {key: action} of one target of a JSON document."""
    return actions(targets(found)[number]["changes"])


def env_changes(found: Json) -> list[Json]:
    """Return the changes of the file that was written."""
    return [
        c for place in found["places"] if _is_written(place) and place["kind"] != "deployment" for c in place["changes"]
    ]


def targets(found: Json) -> list[Json]:
    """Return the Deployments of a run; one that was only read stands for the file that was written from it."""
    deployments = [place for place in found["places"] if place["kind"] == "deployment"]
    return [place if _is_written(place) else {**written(found), "address": place["address"]} for place in deployments]


def written(found: Json) -> Json:
    """Return the first place that was written."""
    place: Json = next(place for place in found["places"] if _is_written(place))
    return place


def deployment_ids(found: Json) -> list[str]:
    """Return the ids of the Deployments of a run, in order."""
    return [place["address"].removeprefix("deployment:") for place in targets(found)]


def backups(found: Json) -> list[str]:
    """Return the backups that a run kept."""
    return [place["backup"] for place in found["places"] if place["backup"]]


def _is_written(place: Json) -> bool:
    return bool(place["role"] == "destination")


def reason(changes: Iterable[Mapping[str, Any]], key: str) -> str:
    """Return the code of the reason that stands at one key."""
    return next(str((change["reason"] or {}).get("code")) for change in changes if change["key"] == key)


def ways_out(changes: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    """Return the options that lead out of the refusal of one key."""
    return next(list((change["reason"] or {}).get("ways_out", [])) for change in changes if change["key"] == key)


def results(changes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return {key: result} of what was to be written."""
    return {change["key"]: change["result"] for change in changes if change["action"] in {"create", "update"}}


def codes(warnings: Iterable[Mapping[str, Any]]) -> set[tuple[str, str | None]]:
    """Return (code, key) of warnings."""
    return {(warning["code"], warning["key"]) for warning in warnings}


def values(sandbox: Sandbox, deployment_id: str = "dep-1") -> dict[str, str]:
    """Return the values of a Deployment, real ones of secrets included."""
    return {key: value for key, (value, _) in sandbox.deployment(deployment_id).items()}


def kept_files(sandbox: Sandbox) -> list[Path]:
    """Return what runs left in the state folder: backups, receipts and the journal, but no locks."""
    return [path for path in sandbox.state_home.rglob("*") if path.is_file() and path.parent.name != "locks"]


def state_of(sandbox: Sandbox) -> tuple[object, ...]:
    """Return all that a run could have changed: Deployments, the files of the project and its `.env` to the inode."""
    files = {path.name: path.read_bytes() for path in sandbox.project.iterdir() if path.is_file()}
    env = sandbox.project / ".env"
    facts = env.stat() if env.exists() else None
    state = sandbox.state["deployments"]
    return (state, files, facts and (facts.st_ino, facts.st_mtime_ns, facts.st_mode))


def _run(sandbox: Sandbox, command: str, words: tuple[str, ...], *, yes: bool, **run: Any) -> Result:  # noqa: ANN401
    named = any(word in {"-d", "--deployment-id", "-n", "--deployment-name"} for word in words)
    return sandbox.run(command, *([] if named else ["-d", "dep-1"]), *(["--yes"] if yes else []), *words, **run)
