"""The positional form `KEY=VALUE` cannot carry every name: what it cannot is refused, and never sent as another."""

from contextlib import nullcontext

import pytest

from astro_sync.core.model import Value, Variable
from astro_sync.places.astro_cli import Astro, find_astro
from astro_sync.places.deployment import Deployment, Selector
from sandbox import Sandbox


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_A=B", "=A", "AIRFLOW_VAR_A\0", ""])
def test_a_name_that_no_argument_can_carry_is_refused(sandbox: Sandbox, key: str) -> None:
    astro = Astro(
        find_astro(None, sandbox.environment),
        environ=sandbox.environment,
        cwd=sandbox.project,
        timeout=30,
        private=sandbox.temporary,
        watch=lambda _text: nullcontext(),
    )
    deployment = Deployment(astro, Selector("dep-1"), sandbox.temporary / "d", allow_argv=True)
    assert deployment.refusal(Variable(key, Value("text"))) is not None
