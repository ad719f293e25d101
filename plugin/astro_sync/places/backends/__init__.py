"""Secrets backends: one module per vendor behind one small store, and one place on top that knows Airflow."""
