"""What the command line says of itself: a short guide, the exit codes, the checks."""

from typing import Final

import click

EXIT_CODES: Final = """\b
Exit codes:
  0    done, or nothing to do
  1    failed; nothing was changed outside
  2    usage
  3    refused before any change
  4    a place cannot be used
  5    something was found (check, dedupe --check, diff and --dry-run with --exit-code)
  6    a write did not do what was planned, or may still take effect
  7    done, but for the keys that --partial left out
  70   a bug in astro-sync
  129, 130, 143   hung up, interrupted, ended
"""
GUIDE: Final = """\
astro-sync moves Airflow connections and variables between an Astro project, Deployments and other places.

  astro-sync doctor                              is everything there?
  astro-sync local-to-deploy -d ID --dry-run     what would go to the Deployment
  astro-sync local-to-deploy -d ID               send it
  astro-sync deploy-to-local -d ID               fetch what the Deployment has
  astro-sync merge SOURCE DEST                   any place into any other: files, Airflows, secrets backends
  astro-sync check                               what will bite in .env

`astro deployment list` shows the ids; `astro-sync --help` shows all commands."""


class CheckCommand(click.Command):
    """The command `check`, with the checks below its options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of checks."""
        from astro_sync.checks import explanations

        with formatter.section("Checks"):
            formatter.write_dl(explanations())
        super().format_epilog(ctx, formatter)
