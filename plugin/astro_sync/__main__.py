"""The `astro-sync` command, also as `python -m astro_sync`."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Import the command line and run it."""
    try:
        from astro_sync.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(130)  # ExitCode.INTERRUPTED; nothing had begun
    run()


if __name__ == "__main__":
    main()
