"""Two targets of one Deployment with different settings: neither's settings may be dropped without a word."""

import pytest

from runs import values
from sandbox import Sandbox


@pytest.mark.parametrize("second", ["deployment_id = 'dep-1'", "deployment_name = 'prod'"])
def test_the_settings_of_the_first_target_are_not_dropped_silently(sandbox: Sandbox, second: str) -> None:
    sandbox.write_env("A=1\nB=2\n")
    (sandbox.project / ".astro-sync.toml").write_text(
        f"[targets.x]\ndeployment_id = 'dep-1'\ninclude = ['A']\n[targets.y]\n{second}\ninclude = ['B']\n"
    )
    result = sandbox.run("local-to-deploy", "--no-export", "--yes", "-t", "x", "-t", "y")
    refused = result.code == 2 and "x" in result.stderr and "y" in result.stderr
    assert refused or values(sandbox) == {"A": "1", "B": "2"}
