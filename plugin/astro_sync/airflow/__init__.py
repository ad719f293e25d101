"""Airflow's own rules: names, and connections as URI, JSON and fields. Pure."""
