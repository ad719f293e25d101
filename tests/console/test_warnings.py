"""Every warning says what to do."""

import pytest

from console.test_manners import TO_DO, warnings_of
from sandbox import Sandbox


@pytest.mark.parametrize("code", ["left-behind", "readers-differ", "restart-local"])
def test_this_warning_says_what_to_do(sandbox: Sandbox, code: str) -> None:
    sandbox.use_mode("standalone")
    sandbox.set_airflow({"new": "1"}, {"pg": "postgres://u:p@db.example.com/x"})
    sandbox.write_env("A=1\n")
    up = sandbox.run("local-to-deploy", "-d", "dep-1", "--json", "--yes")
    sandbox.set_variable("ODD", "a'b\"c $HOME \\")
    down = sandbox.run("deploy-to-local", "-d", "dep-1", "--json", "--yes")
    warned = dict([*warnings_of(up), *warnings_of(down)])
    assert TO_DO.search(warned[code]), warned[code]


def test_what_came_from_someone_else_meanwhile_says_what_to_do(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\n")
    sandbox.fault("concurrent-key", command="deployment variable", key="THEIRS", value="x")
    result = sandbox.run("local-to-deploy", "-d", "dep-1", "--no-export", "--json", "--yes")
    found = dict(warnings_of(result))
    assert TO_DO.search(found["not-as-planned"]), found


def test_a_value_that_showed_says_what_to_do(sandbox: Sandbox) -> None:
    sandbox.write_env('MY_TOKEN="one\\ntwo"\n')
    result = sandbox.run("local-to-deploy", "-d", "dep-1", "--no-export", "--json", "--yes", "--allow-argv", "*")
    found = dict(warnings_of(result))
    assert TO_DO.search(found["visible-in-argv"]), found
