"""Count what a move of many entries costs in calls, and how its time and its memory grow with their number.

Variables into an Airflow and out of it, secrets from AWS Secrets Manager to Vault, variables into the Environment
Manager. The services are moto's server and stand-ins, so only the calls and the growth mean something.
"""

import json
import logging
import math
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from moto.secretsmanager.models import secretsmanager_backends
from moto.server import ThreadedMotoServer

from sandbox import Sandbox
from services.airflow import PASSWORD, USER, AirflowService
from services.aws import Aws
from services.hashicorp_vault import Vault

SIZES = (500, 2000)
VARIABLES = 500  # the stand-in for Astro is slow
STEEPEST_GROWTH = 1.5  # times what is proportional
FEW = 10  # calls that are made once, whatever the number of secrets
ACCOUNT, REGION = "123456789012", "eu-west-1"


class Move(NamedTuple):
    """What one move took; `peak` is the most memory of any process so far, in KiB."""

    seconds: float
    reads: int
    writes: int
    peak: int = 0


def main() -> int:
    """Print a line for each mark, and return 1 if one is missed."""
    missed = look_at_airflow()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    move(port, 20)  # moto loads a service when it is first asked
    small, large = (move(port, size) for size in SIZES)
    server.stop()
    for size, found in zip(SIZES, (small, large), strict=True):
        # a page of names for each hundred, a batch of values for each twenty
        most = math.ceil(size / 100) + math.ceil(size / 20) + FEW
        missed |= tell(f"calls that read {size:,} secrets from AWS", found.reads, most)
        missed |= tell(f"calls that write {size:,} secrets into Vault", found.writes, size)
    growth = large.seconds / small.seconds / (SIZES[1] / SIZES[0])
    missed |= tell(f"time for {SIZES[1]:,} / {SIZES[0]:,} secrets, against their number", growth, STEEPEST_GROWTH)
    print(f"{'':56}{large.seconds:9.1f} s for {SIZES[1]:,}")
    reads, writes = fill_env_manager(VARIABLES)
    missed |= tell(f"calls that read for {VARIABLES:,} into the Environment Manager", reads, FEW)
    missed |= tell(f"calls that write {VARIABLES:,} into the Environment Manager", writes, math.ceil(VARIABLES / 100))
    return int(missed)


def look_at_airflow() -> bool:
    """Print the lines of variables that go into an Airflow and out of it; first of all, since `peak` never falls."""
    empty, small, large = (move_variables(size) for size in (1, *SIZES))
    most = math.ceil(SIZES[1] / 100) + 5
    missed = tell(f"requests that read {SIZES[1]:,} variables of an Airflow", large.reads, most)
    missed |= tell(f"requests that write {SIZES[1]:,} variables into an Airflow", large.writes, most)
    time_growth = large.seconds / small.seconds / (SIZES[1] / SIZES[0])
    missed |= tell(
        f"time for {SIZES[1]:,} / {SIZES[0]:,} variables, against their number", time_growth, STEEPEST_GROWTH
    )
    memory_growth = (large.peak - empty.peak) / (small.peak - empty.peak) / (SIZES[1] / SIZES[0])
    return missed | tell(f"memory for {SIZES[1]:,} / {SIZES[0]:,} variables", memory_growth, STEEPEST_GROWTH)


def move_variables(size: int) -> Move:
    """Move so many variables from a file into an Airflow, and from there into another file."""
    with tempfile.TemporaryDirectory() as folder, AirflowService() as airflow:
        sandbox = Sandbox(Path(folder) / "sandbox")
        sandbox.environment.update({"ASTRO_SYNC_AIRFLOW_USER": USER, "ASTRO_SYNC_AIRFLOW_PASSWORD": PASSWORD})
        source = sandbox.project / "variables.json"
        source.write_text(json.dumps({f"n{number}": f"value {number}" for number in range(size)}))
        address = f"airflow:{airflow.url}"
        begun = time.perf_counter()
        sent = sandbox.run("merge", source.name, address, "--yes", "--json", timeout=600)
        writes = airflow.count("PATCH") + airflow.count("POST")
        before = airflow.count("GET")
        got = sandbox.run("merge", address, "variables:out.json", "--yes", "--json", timeout=600)
        seconds = time.perf_counter() - begun
        for result in (sent, got):
            if result.code:
                sys.exit(f"The move ended with {result.code}: {json.loads(result.stdout)['error']}")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return Move(seconds, airflow.count("GET") - before, writes, peak)


def tell(what: str, found: float, most: float) -> bool:
    """Print one line and return whether the mark is missed."""
    missed = found > most
    print(f"{what:56}{found:9,.2f}  at most {most:,g}{', MISSED' if missed else ''}", flush=True)
    return missed


def move(port: int, size: int) -> Move:
    """Move so many secrets with `astro-sync merge`, and count the calls."""
    secretsmanager_backends.reset()
    backend = secretsmanager_backends[ACCOUNT][REGION]
    none: dict[str, Any] = dict.fromkeys(("secret_binary", "description", "tags", "kms_key_id", "client_request_token"))
    none["force_overwrite"] = False
    for number in range(size):
        backend.create_secret(
            name=f"airflow/variables/n{number}", secret_string=f"value {number}", replica_regions=[], **none
        )
    with tempfile.TemporaryDirectory() as folder, Aws(port) as aws, Vault() as vault:
        sandbox = Sandbox(Path(folder) / "sandbox")
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "VAULT_TOKEN": "root"}
        sandbox.environment.update({**keys, "AWS_EC2_METADATA_DISABLED": "true"})
        source = f"awssecrets:?endpoint_url={aws.url}&region_name={REGION}"
        begun = time.perf_counter()
        result = sandbox.run("merge", source, f"vault:secret?url={vault.url}", "--yes", "--json", timeout=600)
        seconds = time.perf_counter() - begun
        if result.code:
            sys.exit(f"The move ended with {result.code}: {json.loads(result.stdout)['error']}")
        return Move(seconds, len(aws.calls), len(vault.writes()))


def fill_env_manager(size: int) -> tuple[int, int]:
    """Create so many variables with `astro-sync merge`, and count the calls of `astro` that read and that write."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder) / "sandbox")
        source = sandbox.project / "variables.json"
        source.write_text(json.dumps({f"n{number}": f"value {number}" for number in range(size)}))
        result = sandbox.run("merge", source.name, "env-manager:workspace/ws-1", "--yes", "--json", timeout=600)
        if result.code:
            sys.exit(f"The move ended with {result.code}: {json.loads(result.stdout)['error']}")
        writes = len(sandbox.writing_calls())
        return len(sandbox.calls()) - writes, writes


if __name__ == "__main__":
    sys.exit(main())
