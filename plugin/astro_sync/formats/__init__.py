"""The files of Airflow and of the Astro CLI that hold variables and connections, one module each.

Each has three pure functions in the names of environment variables: `read`, `write`, and `refusal` for what it cannot
hold. A name in capitals stands for the entry that Airflow looks up under it: it puts the id in upper case.
"""
