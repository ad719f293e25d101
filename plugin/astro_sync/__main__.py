"""Run `python -m astro_sync` like the `astro-sync` command."""

from astro_sync.cli.app import main

if __name__ == "__main__":
    main()
