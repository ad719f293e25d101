import os
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
        ("[zzz]\n", "zzz", "It can have: defaults, targets, groups."),
        ("deployment_id = 'x'\n", "deployment_id", "It can have: defaults, targets, groups."),
        ("[defaults]\ndeploymentid = 'x'\n", "deploymentid", "Did you mean deployment_id?"),
        ("[defaults]\ndeployment-id = 'x'\n", "deployment-id", "Did you mean deployment_id?"),
        ("[defaults]\non-conflict = 'keep'\n", "on-conflict", "Did you mean on_conflict?"),
        ("[defaults]\nexlude = ['x']\n", "exlude", "Did you mean exclude?"),
        ("[defaults]\nprotected = true\n", "protected", "It can have: deployment_id"),
        ("[targets.x]\nprotect = true\n", "protect", "Did you mean protected?"),
        ("[targets.x]\nAIRFLOW_ONLY = true\n", "AIRFLOW_ONLY", "It can have: deployment_id"),
        ("[defaults]\nrotate = ['*']\n", "rotate", ""),
        ("[defaults]\nyes = true\n", "yes", ""),
        ("[defaults]\nastro_bin = '/bin/true'\n", "astro_bin", "ASTRO_SYNC_ASTRO_BIN"),
        ("[targets.x]\nastro_bin = '/bin/true'\n", "astro_bin", "--astro-bin"),
        ("[defaults]\nbackend = '.env'\n", "backend", ""),
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
        ("env = 2026-01-01", "the name of a file"),
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
        ("timeout = inf", "a number"),
        ("timeout = 1e300", "a number"),
        ("jobs = 1.5", "a whole number"),
        ("jobs = true", "a whole number"),
        ("jobs = 0", "a whole number"),
        ("on_conflict = 'never'", "keep or overwrite or ask or fail"),
        ("on_conflict = true", "keep or overwrite or ask or fail"),
        ("on_conflict = ['keep']", "keep or overwrite or ask or fail"),
        ("on_conflict = {}", "keep or overwrite or ask or fail"),
        ("on_conflict = []", "keep or overwrite or ask or fail"),
        ("line_breaks = 'split'", "refuse or env-manager"),
        ("id_case = 'title'", "lower or upper"),
        ("allow_argv = true", "a list of texts"),
        ("deployment_id = ''", "a text that is not empty"),
        ("deployment_id = ' '", "a text that is not empty"),
        ("deployment_name = ''", "a text that is not empty"),
        ("workspace_id = ''", "a text that is not empty"),
        ("env = ''", "the name of a file"),
        ('env = "a\\u0000b"', "the name of a file"),
        ('deployment_id = "a\\u0000b"', "a text"),
        ('include = ["a\\u0000b"]', "a list of texts"),
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
        ("groups = 1\n", "groups"),
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


# --- groups ---


def test_a_group_stands_for_its_targets_each_once(tmp_path: Path) -> None:
    write(tmp_path, "[targets.eu]\n[targets.us]\n[targets.dev]\n[groups]\nprod = ['us', 'eu']\n")
    config = load(tmp_path)
    assert config is not None
    assert config.expand(["dev", "prod", "eu"]) == ["dev", "us", "eu"]


@pytest.mark.parametrize(
    ("group", "wrong", "hint"),
    [
        ("a = 'eu'", "groups.a", "a list of names"),
        ("a = []", "groups.a", "a list of names"),
        ("a = [1]", "groups.a", "a list of names"),
        ("a = ['eux']", "names eux", "Did you mean eu?"),
        ("eu = ['eu']", "a target and a group", "another name"),
    ],
)
def test_a_group_of_something_else_is_rejected(tmp_path: Path, group: str, wrong: str, hint: str) -> None:
    error = rejected(tmp_path, f"[targets.eu]\n[groups]\n{group}\n")
    assert wrong in str(error)
    assert hint in error.hint


# --- whose it is ---

OTHER_USER = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@as_root
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_config_that_somebody_else_owns_is_not_read(tmp_path: Path, what: str) -> None:
    path = write(tmp_path / "shared", "[defaults]\nenv = 'planted'\n")
    os.chown(path if what == "file" else path.parent, OTHER_USER, OTHER_USER)
    for folder in (tmp_path / "shared", tmp_path / "shared" / "mine"):
        folder.mkdir(exist_ok=True)
        with pytest.raises(UsageError) as caught:
            load(folder)
        assert "belongs to" in str(caught.value)
        assert "chown" in caught.value.hint
        assert "planted" not in str(caught.value)


@as_root
def test_a_link_to_a_config_of_somebody_else_is_not_followed(tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs", "")
    os.chown(theirs.parent, OTHER_USER, OTHER_USER)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / NAME).symlink_to(theirs)
    with pytest.raises(UsageError, match="belongs to"):
        load(tmp_path / "mine")


@pytest.mark.parametrize(
    ("file", "folder", "trusted"),
    [
        (0o600, 0o700, True),
        (0o644, 0o755, True),
        (0o646, 0o755, False),
        (0o602, 0o755, False),
        (0o644, 0o757, False),
        (0o644, 0o1777, False),
    ],
)
def test_a_config_that_others_can_write_is_not_read(tmp_path: Path, file: int, folder: int, *, trusted: bool) -> None:
    path = write(tmp_path / "project", "")
    path.chmod(file)
    path.parent.chmod(folder)
    if trusted:
        assert load(path.parent) == Config(path)
        return
    with pytest.raises(UsageError) as caught:
        load(path.parent)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "can write" in str(caught.value)
    assert "chmod go-w" in caught.value.hint


@as_root
def test_a_config_that_a_group_of_several_can_write_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "project", "")
    path.chmod(0o664)
    assert load(path.parent) == Config(path)  # root's own group
    os.chown(path, 0, OTHER_USER)
    with pytest.raises(UsageError, match="can write"):
        load(path.parent)


@as_root
def test_a_folder_above_that_cannot_be_searched_is_passed_over(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    tmp_path.chmod(0o755)
    (tmp_path / "closed").chmod(0o700)
    child = os.fork()
    if not child:
        os.chdir(tmp_path)
        os.setuid(OTHER_USER)
        try:
            os._exit(0 if find(Path("closed", "inner")) is None else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 3000 + "]" * 3000,
        "[defaults]\njobs = " + "9" * 5000,
        "[defaults]\nenv = '" + "x" * (1 << 20) + "'",
    ],
    ids=["nesting", "digits", "size"],
)
def test_a_config_that_no_person_wrote_is_rejected_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("setting", ["['keep']", "{}", "[]"])
def test_a_list_or_table_as_conflict_policy_is_rejected_as_of_the_wrong_type(tmp_path: Path, setting: str) -> None:
    (tmp_path / ".astro-sync.toml").write_text(f"[defaults]\non_conflict = {setting}\n")
    with pytest.raises(UsageError):
        load(tmp_path)


@pytest.mark.parametrize("number", ["inf", "1e300"])
def test_a_time_limit_that_no_call_can_wait_for_is_rejected(tmp_path: Path, number: str) -> None:
    (tmp_path / ".astro-sync.toml").write_text(f"[defaults]\ntimeout = {number}\n")
    with pytest.raises(UsageError):
        load(tmp_path)
