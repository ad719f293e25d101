"""The local runtime as the project's own file names it, where no `astro` can be asked."""

from pathlib import Path

import pytest

from astro_sync.commands.context import mode_in_file


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("dev:\n  mode: standalone\n", "standalone"),
        ("project:\n  name: x\ndev:\n\n  other: 1\n\n  mode: 'standalone' # note\n", "standalone"),
        ("dev:\n  mode: docker\n", "docker"),
        ("dev:\n  mode: nonsense\n", "docker"),
        ("other:\n  mode: standalone\n", None),
        ("dev:\nother:\n  mode: standalone\n", None),
        ("dev:\n" + "\n" * 5000 + "x", None),
        ("", None),
    ],
)
def test_the_mode_is_the_one_below_dev(tmp_path: Path, text: str, mode: str | None) -> None:
    (tmp_path / ".astro").mkdir()
    (tmp_path / ".astro" / "config.yaml").write_text(text)
    assert mode_in_file(tmp_path) == mode
