"""Run the demo and draw what it printed, colours and all, as an SVG; `scripts/record` starts this."""

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100
# The picture stands alone: no font is fetched from anywhere.
REMOTE_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> int:
    """Write the picture to the path that was given."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    demo = [sys.executable, str(Path(__file__).with_name("demo.py"))]
    done = subprocess.run(demo, env=environment, capture_output=True, text=True, check=True)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="standard")
        console.print(Text.from_ansi(done.stdout.strip()))
        picture = console.export_svg(title="scripts/demo", unique_id="demo")
    Path(sys.argv[1]).write_text(REMOTE_FONT.sub("", picture), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
