"""A temporary folder that cannot be removed: a warning in the report of what the run did, and nothing more."""

import json

from sandbox import Sandbox


def test_a_folder_that_stays_is_a_warning_and_not_the_outcome(quick: Sandbox) -> None:
    quick.write_env("A=1\n")
    # No process may remove what lies here, not even root's, as with a process that goes on writing.
    folder = quick.folder / "stays"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import shutil\nshutil.rmtree = lambda *_, **__: None\n")
    result = quick.run(
        "local-to-deploy", "--no-export", "-d", "dep-1", "--yes", "--json", env={"PYTHONPATH": str(folder)}
    )
    told = json.loads(result.stdout)
    (left,) = quick.temporary.iterdir()
    assert (result.code, told["exit_code"], told["error"]) == (0, 0, None)
    assert set(quick.deployment()) == {"A"}
    assert "private-folder" in {warning["code"] for warning in told["warnings"]}
    assert any(str(left) in warning["message"] for warning in told["warnings"])
