"""A temporary folder that cannot be removed: a warning in the report of what the run did, and nothing more."""

import json

from sandbox import Sandbox


def test_a_folder_that_stays_is_a_warning_and_not_the_outcome(cold_sandbox: Sandbox) -> None:
    cold_sandbox.write_env("A=1\n")
    # No process may remove what lies here, not even root's, as with a process that goes on writing.
    folder = cold_sandbox.folder / "stays"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import shutil\nshutil.rmtree = lambda *_, **__: None\n")
    result = cold_sandbox.run(
        "local-to-deploy", "--no-export", "-d", "dep-1", "--yes", "--json", env={"PYTHONPATH": str(folder)}
    )
    told = json.loads(result.stdout)
    (left,) = cold_sandbox.temporary.iterdir()
    assert (result.code, told["exit_code"], told["error"]) == (0, 0, None)
    assert set(cold_sandbox.deployment()) == {"A"}
    assert "private-folder" in {warning["code"] for warning in told["warnings"]}
    assert any(str(left) in warning["message"] for warning in told["warnings"])
