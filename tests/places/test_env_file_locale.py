"""What a `.env` takes from the environment is read as UTF-8 in any locale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, sys
from pathlib import Path
from places.subjects import surroundings
from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import name_of
from astro_sync.places.base import Role
from astro_sync.places.registry import open_place
from sandbox import Sandbox
sandbox = Sandbox(Path(sys.argv[1]))
sandbox.write_env(b"X=${UML}\\n")
around = surroundings(sandbox)._replace(environ=dict(os.environ))
with open_place(".env", Role.SOURCE, around) as place:
    text = place.read(EVERYTHING).entries[name_of("X")].value.reveal()
Path(sys.argv[1], "seen").write_bytes(text.encode("utf-8", "surrogateescape"))
"""


@pytest.mark.parametrize("latin", [False, True])
def test_a_value_of_the_environment_is_utf_8_whatever_the_locale(tmp_path: Path, *, latin: bool) -> None:
    environ = {**os.environ, "UML": "ü€", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C.UTF-8"}
    tests = Path(__file__).parents[1]
    environ["PYTHONPATH"] = os.pathsep.join([str(tests), str(tests.parent / "fixtures")])
    if latin:
        target = tmp_path / "locales" / "en_US.ISO-8859-1"
        target.parent.mkdir()
        words = ["localedef", "-f", "ISO-8859-1", "-i", "en_US", str(target)]
        if shutil.which("localedef") is None or subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("this locale cannot be made here")
        environ |= {"LC_ALL": target.name, "LOCPATH": str(target.parent)}
    subprocess.run([sys.executable, "-c", CODE, str(tmp_path / "sandbox")], env=environ, check=True)
    assert (tmp_path / "sandbox" / "seen").read_text(encoding="utf-8") == "ü€"
