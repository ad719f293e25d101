"""Names and texts as a place with Airflow's own ids has them."""

import json

from astro_sync.core.model import Kind, Name, name_of


def airflow_name(variable: str) -> Name:
    """Return the name of `AIRFLOW_VAR_x` or `AIRFLOW_CONN_x` with its id spelled as it is here."""
    for kind, prefix in ((Kind.CONNECTION, "AIRFLOW_CONN_"), (Kind.VARIABLE, "AIRFLOW_VAR_")):
        if variable.startswith(prefix):
            return Name(kind, variable.removeprefix(prefix))
    return name_of(variable)


def dumped_again(text: str) -> str:
    """Return a variable's text as the REST API shows it: JSON parsed and dumped (fixtures/places-contract.md, 5.1)."""
    try:
        return json.dumps(json.loads(text))
    except (ValueError, RecursionError):
        return text
