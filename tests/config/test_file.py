from pathlib import Path

import pytest

from astro_sync.config.file import NAME, Config, find, load
from astro_sync.errors import ExitCode, UsageError

FULL = """
[defaults]
workspace_id = "ws-1"
env = "local.env"
include = ["AIRFLOW_*"]
exclude = []
airflow_only = true
on_conflict = "keep"
timeout = 30

[targets.prod]
deployment_id = "dep-1"
protected = true
secret = ["*_PIN"]
jobs = 2

[targets."staging eu"]
deployment_name = "staging"
timeout = 1.5
"""


def write(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rejected(folder: Path, text: str | bytes) -> UsageError:
    path = write(folder, text)
    with pytest.raises(UsageError) as caught:
        load(folder)
    assert caught.value.exit_code is ExitCode.USAGE
    assert str(path) in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_a_config_holds_its_defaults_and_its_targets_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, FULL)
    assert load(tmp_path) == Config(
        path,
        {
            "workspace_id": "ws-1",
            "env": "local.env",
            "include": ("AIRFLOW_*",),
            "exclude": (),
            "airflow_only": True,
            "on_conflict": "keep",
            "timeout": 30.0,
        },
        {
            "prod": {"deployment_id": "dep-1", "protected": True, "secret": ("*_PIN",), "jobs": 2},
            "staging eu": {"deployment_name": "staging", "timeout": 1.5},
        },
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "[defaults]\n", "[targets]\n", "[defaults]\n[targets]\n"])
def test_a_config_may_say_nothing(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert load(tmp_path) == Config(path)


def test_the_config_of_a_folder_is_its_own_or_that_of_the_nearest_folder_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    outer = write(tmp_path / "a", "")
    assert find(inner) == outer
    nearest = write(tmp_path / "a" / "b", "")
    assert find(inner) == nearest
    assert find(tmp_path / "a") == outer
    found = load(inner)
    assert found is not None
    assert found.path == nearest


def test_without_a_config_there_is_none(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert find(tmp_path) is None
    assert load(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "wrong", "hint"),
    [
        ("[default]\n", "default", "Did you mean defaults?"),
        ("[target.x]\n", "target", "Did you mean targets?"),
        ("[zzz]\n", "zzz", "It can have: defaults, targets."),
        ("deployment_id = 'x'\n", "deployment_id", "It can have: defaults, targets."),
        ("[defaults]\ndeploymentid = 'x'\n", "deploymentid", "Did you mean deployment_id?"),
        ("[defaults]\ndeployment-id = 'x'\n", "deployment-id", "Did you mean deployment_id?"),
        ("[defaults]\non-conflict = 'keep'\n", "on-conflict", "Did you mean on_conflict?"),
        ("[defaults]\nexlude = ['x']\n", "exlude", "Did you mean exclude?"),
        ("[defaults]\nprotected = true\n", "protected", "It can have: deployment_id"),
        ("[targets.x]\nprotect = true\n", "protect", "Did you mean protected?"),
        ("[targets.x]\nAIRFLOW_ONLY = true\n", "AIRFLOW_ONLY", "It can have: deployment_id"),
        ("[defaults]\nrotate = ['*']\n", "rotate", ""),
        ("[defaults]\nyes = true\n", "yes", ""),
        ("[defaults]\nallow_argv = true\n", "allow_argv", ""),
    ],
)
def test_an_unknown_name_is_rejected_with_the_nearest_one(tmp_path: Path, text: str, wrong: str, hint: str) -> None:
    error = rejected(tmp_path, text)
    assert f"is called {wrong}." in str(error)
    assert hint in error.hint


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("deployment_id = 1", "a text"),
        ("deployment_id = ['dep-1']", "a text"),
        ("deployment_name = true", "a text"),
        ("env = 2026-01-01", "a text"),
        ("include = 'AIRFLOW_*'", "a list of texts"),
        ("exclude = [1]", "a list of texts"),
        ("exclude = ['a', ['b']]", "a list of texts"),
        ("secret = {}", "a list of texts"),
        ("airflow_only = 1", "true or false"),
        ("partial = 'true'", "true or false"),
        ("timeout = 'long'", "a number"),
        ("timeout = true", "a number"),
        ("timeout = 0", "a number"),
        ("timeout = -1.5", "a number"),
        ("timeout = nan", "a number"),
        ("jobs = 1.5", "a whole number"),
        ("jobs = true", "a whole number"),
        ("jobs = 0", "a whole number"),
        ("on_conflict = 'never'", "keep or overwrite or ask or fail"),
        ("on_conflict = true", "keep or overwrite or ask or fail"),
    ],
)
@pytest.mark.parametrize("table", ["defaults", "targets.prod"])
def test_a_setting_of_the_wrong_type_is_rejected_with_the_right_one(
    tmp_path: Path, table: str, setting: str, hint: str
) -> None:
    error = rejected(tmp_path, f"[{table}]\n{setting}\n")
    assert f"{table}.{setting.partition(' ')[0]}" in str(error)
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("defaults = 1\n", "defaults"),
        ("defaults = []\n", "defaults"),
        ("[[defaults]]\n", "defaults"),
        ("targets = 'prod'\n", "targets"),
        ("[targets]\nprod = 'dep-1'\n", "targets.prod"),
        ("[[targets.prod]]\n", "targets.prod"),
    ],
)
def test_what_should_be_a_table_and_is_none_is_rejected(tmp_path: Path, text: str, where: str) -> None:
    assert f"{where} is no table" in str(rejected(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "[defaults\n",
        "env = \n",
        "a = 1\na = 2\n",
        b"\xff\xfe",
        b"env = '\xff'",
        "AIRFLOW_VAR_X=hunter2\n",
        "[defaults]\nAIRFLOW_CONN_X=postgres://u:hunter2@h\n",
    ],
)
def test_a_file_that_is_no_toml_is_rejected_without_a_line_of_it(tmp_path: Path, text: str | bytes) -> None:
    error = rejected(tmp_path, text)
    assert "cannot be read" in str(error)
    assert "hunter2" not in str(error) + error.hint


def test_an_unknown_target_is_rejected_with_the_nearest_one_or_all_of_them() -> None:
    config = Config(Path("x.toml"), targets={"production": {"deployment_id": "d"}, "staging": {}})
    assert config.target("production") == {"deployment_id": "d"}
    for name, hint in [
        ("producton", "Did you mean production?"),
        ("zzz", f"{NAME} has these targets: production, staging."),
    ]:
        with pytest.raises(UsageError) as caught:
            config.target(name)
        assert name in str(caught.value)
        assert caught.value.hint == hint
    with pytest.raises(UsageError) as caught:
        Config(Path("x.toml")).target("a")
    assert caught.value.hint == f"{NAME} has these targets: none."
