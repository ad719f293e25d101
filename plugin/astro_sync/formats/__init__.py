"""The files of Airflow and of the Astro CLI that hold variables and connections, one module each: bytes in, bytes out.

Each module is a `Format` (content.py): `KINDS`, `DESCRIPTIONS`, `read`, `write`, and `refusal` for what it cannot hold.
"""
