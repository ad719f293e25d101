"""What `init` makes of a project: all that is needed, once, and nothing that is not its own."""

import os
import stat
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from astro_sync.config import file as config
from astro_sync.config.example import make_example
from astro_sync.errors import RefusedError, UnusableError
from astro_sync.project.assets import kit_file, seal
from astro_sync.project.init import Step, StepAction, carry_out, plan_setup
from astro_sync.project.makefile import add_lines, choose_makefile, has_include
from astro_sync.project.root import require_project
from astro_sync.storage.atomic import ChangedError
from sandbox import Sandbox

ENVIRON = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
FILES = [".gitignore", ".dockerignore", ".astro-sync.toml", "astro-sync.mk", "Makefile"]


@pytest.fixture
def project(sandbox: Sandbox) -> Path:
    return sandbox.project


def plan(project: Path) -> list[Step]:
    found = config.find(project) or project / config.NAME
    return plan_setup(project, ENVIRON, config=found, example=make_example())


def set_up(project: Path) -> list[Step]:
    steps = plan(project)
    carry_out(steps, timeout=1, tell=print)
    return steps


def actions(steps: Sequence[Step]) -> dict[str, str]:
    return {step.path.name: step.action.value for step in steps}


def contents(project: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def make(project: Path, *words: str) -> str:
    done = subprocess.run(["make", *words], cwd=project, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_new_project_gets_every_file(project: Path) -> None:
    steps = set_up(project)

    assert actions(steps) == dict.fromkeys(FILES, "create")
    assert (project / ".gitignore").read_text() == ".env\n.env.*\n!.env.example\n"
    assert (project / ".dockerignore").read_text() == ".env\n.env.*\n"
    assert "make local-to-deploy" in make(project)
    assert config.load(project) == config.Config(project / ".astro-sync.toml")


def test_planning_changes_nothing(project: Path) -> None:
    before = contents(project)

    plan(project)

    assert contents(project) == before


def test_a_second_run_finds_all_as_it_should_be(project: Path) -> None:
    set_up(project)
    before = contents(project)

    steps = set_up(project)

    assert actions(steps) == dict.fromkeys(FILES, "unchanged")
    assert contents(project) == before


def test_new_files_can_be_read_by_everybody_and_old_ones_keep_their_mode(project: Path) -> None:
    (project / ".gitignore").touch(mode=0o640)
    (project / ".gitignore").chmod(0o640)

    set_up(project)

    modes = {name: stat.S_IMODE((project / name).stat().st_mode) for name in FILES}
    umask = 0o666 & ~(project / ".astro" / "config.yaml").parent.stat().st_mode  # what mkdir took away
    assert modes == {**dict.fromkeys(FILES, 0o644 & ~umask), ".gitignore": 0o640}


@pytest.mark.parametrize("above", [False, True])
def test_outside_a_project_the_one_above_is_named(project: Path, *, above: bool) -> None:
    folder = project / "dags" if above else project.parent / "elsewhere"
    folder.mkdir()

    with pytest.raises(UnusableError) as refused:
        require_project(folder, project.parent / "home")

    assert (f"cd {project}" in refused.value.hint) is above


def test_the_home_folder_is_no_project_though_the_astro_cli_keeps_a_config_there(sandbox: Sandbox) -> None:
    assert sandbox.user_config.is_file()

    with pytest.raises(UnusableError, match="not an Astro project"):
        require_project(sandbox.home, sandbox.home)


def test_ignore_files_keep_their_text_and_line_ends(project: Path) -> None:
    (project / ".gitignore").write_bytes(b"# ours\r\n*.pyc\r\n\r\n.env")
    (project / ".dockerignore").write_bytes(b"astro\n.git\n.env\n")

    steps = set_up(project)

    assert (project / ".gitignore").read_bytes() == b"# ours\r\n*.pyc\r\n\r\n.env\r\n\r\n.env.*\r\n!.env.example\r\n"
    assert (project / ".dockerignore").read_bytes() == b"astro\n.git\n.env\n\n.env.*\n"
    assert actions(steps)[".gitignore"] == "append"


def test_git_really_ignores_the_files_with_values_afterwards(project: Path) -> None:
    subprocess.run(["git", "init", "-q", project], check=True)
    set_up(project)

    told = subprocess.run(
        ["git", "check-ignore", ".env", ".env.prod", ".env.example", "Makefile"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.stdout.split() == [".env", ".env.prod"]


def test_what_the_repository_ignores_further_up_is_not_ignored_twice(project: Path) -> None:
    subprocess.run(["git", "init", "-q", project.parent], check=True)
    (project.parent / ".gitignore").write_text(".env*\n")

    steps = set_up(project)

    assert actions(steps)[".gitignore"] == "unchanged"
    assert not (project / ".gitignore").exists()


GITIGNORES = [
    "",
    ".env\n",
    "/.env\n.env.*\n",
    ".env*\n",
    ".env*\n!.env\n",
    "*\n",
    "*\n!.env\n",
    "!.env\n.env\n",
    ".env/\n",
    "# .env\n",
    " .env\n",
    ".env  \n",
    ".env\r\n.env.*\r\n",
    ".en[v]*\n",
    "project/\n!.env\n",
    "**/.env?*\n",
]


@pytest.mark.parametrize("text", GITIGNORES)
@pytest.mark.parametrize("tracked", [False, True])
def test_git_gets_just_the_lines_that_it_lacks(project: Path, text: str, *, tracked: bool) -> None:
    names = [".env", ".env.any"]
    subprocess.run(["git", "init", "-q", project], check=True)
    for name in names if tracked else []:
        (project / name).touch()
        subprocess.run(["git", "add", name], cwd=project, check=True)
    (project / ".gitignore").write_text(text)
    ask = ["git", "check-ignore", "--no-index", *names]
    before = subprocess.run(ask, cwd=project, env=ENVIRON, capture_output=True, text=True, check=False).stdout.split()

    set_up(project)

    lines = (project / ".gitignore").read_text().splitlines()[len(text.splitlines()) :]
    assert [name for name, line in zip(names, (".env", ".env.*"), strict=True) if line not in lines] == before
    done = subprocess.run(ask, cwd=project, env=ENVIRON, capture_output=True, text=True, check=True)
    assert done.stdout.split() == names


def test_what_only_this_users_git_ignores_is_not_enough(project: Path) -> None:
    subprocess.run(["git", "init", "-q", project], check=True)
    mine = project.parent / "my-ignores"
    mine.write_text(".env*\n")
    (project.parent / "gitconfig").write_text(f"[core]\nexcludesFile = {mine}\n")
    environ = {**ENVIRON, "GIT_CONFIG_GLOBAL": str(project.parent / "gitconfig")}

    steps = plan_setup(project, environ, config=project / config.NAME, example="")

    assert steps[0].action is StepAction.CREATE


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("outside", [True, False])
def test_a_link_is_followed_within_the_project_and_never_out_of_it(project: Path, name: str, *, outside: bool) -> None:
    folder = project.parent / "elsewhere" if outside else project / "shared"
    folder.mkdir()
    target = folder / name
    target.write_text(kit_file("astro-sync.mk").decode() if name == "astro-sync.mk" and not outside else "# mine\n")
    (project / name).symlink_to(target)

    steps = set_up(project)

    action = next(step.action for step in steps if step.path.name == name)
    if outside:
        assert action in {StepAction.LEFT, StepAction.UNCHANGED}
        assert target.read_text() == "# mine\n"
    else:
        assert action in {StepAction.APPEND, StepAction.UNCHANGED}
    assert (project / name).is_symlink()


def test_a_config_file_stays_as_it_is(project: Path) -> None:
    (project / ".astro-sync.toml").write_text("[defaults]\nenv = '.env.dev'\n")

    steps = set_up(project)

    assert actions(steps)[".astro-sync.toml"] == "unchanged"
    assert (project / ".astro-sync.toml").read_text() == "[defaults]\nenv = '.env.dev'\n"


def test_a_config_file_further_up_is_not_put_out_of_force(project: Path) -> None:
    (project.parent / ".astro-sync.toml").write_text("")

    set_up(project)

    assert not (project / ".astro-sync.toml").exists()


def test_the_first_deployments_become_targets_and_the_rest_a_line_each() -> None:
    listed = [(f"name {number}", f"id-{number}") for number in range(12)]
    text = make_example([*listed, ("name 0", "id-0-again"), ("broken\x07", "id")])
    assert tomllib.loads(text) == {}
    lines = text.splitlines()
    kept = [
        line[1:] for line in lines if line.startswith(("#[targets", '#deployment_id = "id-', "#[groups", "#all = "))
    ]
    assert tomllib.loads("\n".join(kept)) == {
        "targets": {name: {"deployment_id": deployment_id} for name, deployment_id in listed[:10]},
        "groups": {"all": [name for name, _ in listed[:10]]},
    }
    rest = ["# name 10: ", "# name 11: ", "# name 0-id-0-again: "]
    assert all(any(line.startswith(each) for line in lines) for each in rest)
    assert "\x07" not in text


def test_the_example_config_explains_every_setting_and_is_valid_when_switched_on(project: Path) -> None:
    assert tomllib.loads(make_example()) == {}
    lines = make_example().splitlines()
    switched_on = "\n".join(line[1:] if line.startswith("#") and line[1:2] != " " else line for line in lines)
    (project / ".astro-sync.toml").write_text(switched_on)

    found = config.load(project)

    assert found is not None
    explained = found.defaults.keys() | found.targets["prod"].keys()
    assert found.groups == {"all": ("dev", "prod")}
    (project / ".astro-sync.toml").write_text("[targets.dev]\nqqqqqqqq = 1\n")
    with pytest.raises(Exception, match="qqqqqqqq") as unknown:
        config.load(project)
    known = str(unknown.value.hint).partition(": ")[2].rstrip(".").split(", ")  # type: ignore[attr-defined]
    assert explained == set(known)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["Makefile", "makefile", "GNUmakefile"], "GNUmakefile"),
        (["Makefile", "makefile"], "makefile"),
        (["Makefile"], "Makefile"),
        (["makefile.mk"], "Makefile"),
    ],
)
def test_the_makefile_that_make_would_read_is_the_one_that_is_changed(names: list[str], chosen: str) -> None:
    assert choose_makefile(names) == chosen


@pytest.mark.parametrize(
    "text",
    [
        "all:\n\t@echo built\n",
        "all:\n\t@echo built",
        "all: ; @echo built\nLIST = a \\\n",
        "all: ; @echo built\nLIST = a \\",
        "all: ; @echo built\r\n",
        ".RECIPEPREFIX = >\nall:\n> @echo built\n",
    ],
)
def test_a_makefile_keeps_its_default_target_and_gets_ours(project: Path, text: str) -> None:
    (project / "Makefile").write_bytes(text.encode())

    steps = set_up(project)

    assert actions(steps)["Makefile"] == "append"
    assert (project / "Makefile").read_bytes().startswith(text.encode())
    assert make(project) == "built\n"
    assert "make env-check" in make(project, "help")


@pytest.mark.parametrize(
    ("text", "includes"),
    [
        ("include astro-sync.mk\n", True),
        ("-include astro-sync.mk", True),
        ("sinclude ./astro-sync.mk\r\n", True),
        ("  include other.mk astro-sync.mk # ours\n", True),
        ("include $(wildcard astro-sync.mk)\n", True),
        ("include $(dir)astro-sync.mk\n", True),
        ("# include astro-sync.mk\n", False),
        ("include my-astro-sync.mk\n", False),
        ("include astro-sync.mk.old\n", False),
        ("all:\n\tinclude astro-sync.mk\n", False),
        ("include other.mk # astro-sync.mk\n", False),
    ],
)
def test_an_include_is_recognised(text: str, *, includes: bool) -> None:
    assert has_include(text.encode()) is includes


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", b"x\n"), (b"a", b"a\n\nx\n"), (b"a\r\n", b"a\r\n\r\nx\r\n"), (b"\n", b"\nx\n")]
)
def test_lines_are_added_in_the_file_s_own_line_ends(data: bytes, expected: bytes) -> None:
    assert add_lines(data, ["x"]) == expected


def test_an_include_of_an_older_version_is_replaced(project: Path) -> None:
    older = kit_file("astro-sync.mk").split(b"\n")[0] + b"\n# older\n"
    (project / "astro-sync.mk").write_bytes(seal(older))

    steps = set_up(project)

    assert actions(steps)["astro-sync.mk"] == "update"
    assert (project / "astro-sync.mk").read_bytes() == seal(kit_file("astro-sync.mk"))


@pytest.mark.parametrize("content", [b"", b"mine: ; @true\n", seal(kit_file("astro-sync.mk")) + b"mine: ; @true\n"])
def test_an_include_that_somebody_wrote_or_edited_is_left_and_named(project: Path, content: bytes) -> None:
    (project / "astro-sync.mk").write_bytes(content)

    steps = set_up(project)

    assert actions(steps) | {"astro-sync.mk": "left", "Makefile": "left"} == actions(steps)
    assert (project / "astro-sync.mk").read_bytes() == content
    assert not (project / "Makefile").exists()


def test_a_copy_of_the_kit_s_file_is_as_good(project: Path) -> None:
    (project / "astro-sync.mk").write_bytes(kit_file("astro-sync.mk"))

    assert actions(set_up(project))["astro-sync.mk"] == "unchanged"


def test_a_file_that_changed_since_it_was_planned_is_not_overwritten(project: Path) -> None:
    steps = plan(project)
    (project / ".gitignore").write_text("mine\n")

    with pytest.raises(ChangedError):
        carry_out(steps, timeout=1, tell=print)

    assert (project / ".gitignore").read_text() == "mine\n"


def test_a_folder_in_a_file_s_place_is_refused_before_anything_is_written(project: Path) -> None:
    (project / "Makefile").mkdir()
    before = contents(project)

    with pytest.raises(RefusedError, match="a folder"):
        set_up(project)

    assert contents(project) == before


def test_every_step_says_what_it_is_about(project: Path) -> None:
    steps = plan(project)

    assert all(step.description and (step.data is None) == (step.action is StepAction.UNCHANGED) for step in steps)
    assert all(step.path.parent == project for step in steps)


def test_the_example_protects_the_production_deployment() -> None:
    text = make_example([("prod-eu", "id-1"), ("dev", "id-2")])
    assert text.index("[targets.dev]") < text.index("[targets.prod-eu]") < text.index("#protected")
