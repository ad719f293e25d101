"""Move Airflow connections and variables between a local Astro project and Astro Deployments."""

__version__ = "0.1.0"
