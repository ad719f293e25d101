import pytest

from astro_sync.airflow.names import is_sound, masked


@pytest.mark.parametrize(
    "key",
    [
        "A", "_a1", "PATH", "my_key", "GRÜSSE", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW_CONN_PG", "AIRFLOW_VAR_A-B.C",
        "AIRFLOW_VAR_MY KEY", "AIRFLOW_VAR_A[1]", "AIRFLOW_VAR_A(1)", "AIRFLOW_VAR_1", "airflow_var_a-b",
        "MyCamelCaseVariableName", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "A_1b" * 10,
    ],
)  # fmt: skip
def test_a_name_of_the_environment_or_of_airflow_is_sound(key: str) -> None:
    assert is_sound(key)
    assert masked(key, 3) == key


@pytest.mark.parametrize(
    "key",
    [
        "", "1A", "A B", "A-B", "A.B", "A[1]", "A=B", "A/B", "A\n", "AIRFLOW_VAR_", "AIRFLOW_CONN_", "AIRFLOW_VAR_A/B",
        "AIRFLOW_VAR_A\nB", "AIRFLOW_VAR_A\x1b[31m", "AIRFLOW_VAR_A\ud800", "postgresql://u:S3cretPassw0rd@h/db?sslmode",
        "81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs", "HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs", '{"a": "b"}',
        "AIRFLOW_CONN_X:password", "\ufeffA", "export A",
    ],
)  # fmt: skip
def test_a_piece_of_a_value_is_no_name_and_is_not_shown(key: str) -> None:
    assert not is_sound(key)
    assert masked(key, 3) == "*** (line 3)"
    assert masked(key) == "***"
