"""Why local Airflow cannot be asked: one cause, one sentence, whichever command meets it. Pure."""

from pathlib import Path
from typing import Final

from astro_sync.errors import UnusableError
from astro_sync.places.astro_cli import Answer

_OR_WITHOUT: Final = "or send the .env as it is with `astro-sync local-to-deploy --no-export`."


def is_project(folder: Path) -> bool:
    """Tell whether the Astro CLI would take a folder for a project (fixtures/astro-cli-contract.md, "Everywhere")."""
    return (folder / ".astro" / "config.yaml").is_file()


def no_project() -> UnusableError:
    """Return what is said outside of a project."""
    return UnusableError("This folder is not an Astro project.", hint=f"Change to your Astro project, {_OR_WITHOUT}")


def why_not(answer: Answer) -> UnusableError | None:
    """Return why a call of `astro dev …` that failed could not reach local Airflow, None where it does not tell."""
    text = answer.text
    if answer.status == 0:
        return None
    if "this is not an Astro project directory" in text:
        return no_project()
    if "Cannot connect to the Docker daemon" in text or "docker-compose status" in text:
        hint = f"Start Docker, run `astro dev start`, then try again; {_OR_WITHOUT}"
        return UnusableError("Docker is not running, so your local Airflow is not either.", hint=hint)
    if "Failed to find a container runtime" in text:
        hint = f"Install Docker or Podman, {_OR_WITHOUT}"
        return UnusableError("There is no container program here, so no local Airflow either.", hint=hint)
    if any(
        said in text for said in ("is not running", "project not running", "no virtual environment", "error exporting")
    ):
        hint = f"Run `astro dev start`, then try again, {_OR_WITHOUT}"
        return UnusableError("Your local Airflow is not running.", hint=hint)
    return None
