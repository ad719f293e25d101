"""`list`: what a place holds, by kind and id, however the place orders it."""

from runs import document
from sandbox import Sandbox


def test_what_a_place_holds_is_listed_by_kind_and_id(sandbox: Sandbox) -> None:
    sandbox.write_env("Z=1\nAIRFLOW_VAR_X=1\nAIRFLOW_CONN_PG=http://h\nA=1\nAIRFLOW_VAR_B=1\n")
    found = document(sandbox.run("list", ".env", "--json"))["objects"]
    assert [(row["kind"], row["key"]) for row in found] == [
        ("connection", "AIRFLOW_CONN_PG"),
        ("environment", "A"),
        ("environment", "Z"),
        ("variable", "AIRFLOW_VAR_B"),
        ("variable", "AIRFLOW_VAR_X"),
    ]
