"""The names under which Airflow looks connections and variables up in an environment. Pure."""

from typing import Final

CONNECTION: Final = "AIRFLOW_CONN_"
VARIABLE: Final = "AIRFLOW_VAR_"
