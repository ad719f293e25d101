"""Airflow's REST API: variables and connections of any Airflow's metadata database, in API version 2 and 1."""
