"""`.astro-sync.toml` at the command line: where it is found, what goes before what, and who may change what."""

import pytest

from runs import document, values
from sandbox import Result, Sandbox


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox of two Deployments and a file."""
    sandbox.add_deployment("dep-2", "stage")
    sandbox.write_env("A=1\n")
    return sandbox


def configure(sandbox: Sandbox, text: str, *folders: str) -> None:
    folder = sandbox.project.joinpath(*folders)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".astro-sync.toml").write_text(text)


def send(sandbox: Sandbox, *words: str, text: str | None = None, tty: bool = False, yes: bool = True) -> Result:
    return sandbox.run("local-to-deploy", "--no-export", *(["--yes"] if yes else []), *words, input=text, tty=tty)


def written(sandbox: Sandbox) -> set[str]:
    return {row["id"] for row in sandbox.state["deployments"] if row.get("writes")}


# --- where it is found ---


def test_the_config_is_found_upwards_from_the_working_folder(project: Sandbox) -> None:
    (project.project.parent / ".astro-sync.toml").write_text("[targets.dev]\ndeployment_id = 'dep-2'\n")
    assert send(project, "-t", "dev").code == 0
    assert written(project) == {"dep-2"}


def test_the_nearest_config_counts_alone(project: Sandbox) -> None:
    (project.project.parent / ".astro-sync.toml").write_text("[targets.far]\ndeployment_id = 'dep-2'\n")
    configure(project, "[targets.near]\ndeployment_id = 'dep-1'\n")
    assert send(project, "-t", "far").code == 2
    assert send(project, "-t", "near").code == 0


def test_without_a_config_a_target_says_how_to_get_one(project: Sandbox) -> None:
    result = send(project, "-t", "dev")
    assert (result.code, result.stdout) == (2, "")
    assert "astro-sync init" in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("local-to-deploy", "--no-export", "-d", "dep-1", "-e", ""), "--env"),
        (("merge", "", "x.env"), "SOURCE"),
        (("merge", ".env", ""), "DEST"),
        (("list", ""), "PLACE"),
        (("check", ".env", ""), "FILE"),
        (("dedupe", ""), "FILE"),
        (("doctor", "-e", ""), "--env"),
    ],
)
def test_an_empty_name_of_a_file_or_place_is_a_usage_error(
    project: Sandbox, words: tuple[str, ...], named: str
) -> None:
    result = project.run(*words)
    assert (result.code, result.stdout) == (2, "")
    assert f"{named} is empty" in result.stderr


# --- what a target can say ---


def test_a_target_can_say_all_that_a_sync_needs(project: Sandbox) -> None:
    project.add_deployment("dep-9", "far", "ws-9")
    project.set_variable("DIFFERS", "there", deployment_id="dep-9")
    project.write_env("DIFFERS=here\nAIRFLOW_VAR_P=1\nAIRFLOW_VAR_LOCAL=1\nOTHER=1\nAIRFLOW_VAR_TOKEN=1\n", ".env.far")
    configure(
        project,
        '[targets.far]\ndeployment_id = "dep-9"\nworkspace_id = "ws-9"\nenv = ".env.far"\n'
        'include = ["AIRFLOW_*", "DIFFERS"]\nexclude = ["*_LOCAL"]\nsecret = ["AIRFLOW_VAR_P"]\n'
        'plain = ["AIRFLOW_VAR_TOKEN"]\non_conflict = "overwrite"\n',
    )
    result = send(project, "-t", "far", "--json")
    assert result.code == 0, result.stderr
    assert project.deployment("dep-9") == {
        "DIFFERS": ("here", False),
        "AIRFLOW_VAR_P": ("1", True),
        "AIRFLOW_VAR_TOKEN": ("1", False),
    }
    assert document(result)["places"][0]["name"] == ".env.far"


def test_a_target_can_name_its_deployment_by_name(project: Sandbox) -> None:
    configure(project, "[targets.dev]\ndeployment_name = 'stage'\n")
    assert send(project, "-t", "dev").code == 0
    assert written(project) == {"dep-2"}


def test_a_target_without_a_deployment_says_what_to_add(project: Sandbox) -> None:
    configure(project, "[targets.dev]\nenv = '.env'\n")
    result = send(project, "-t", "dev")
    assert result.code == 2
    assert "deployment_id" in result.stderr
    assert written(project) == set()


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("[targets.dev]\ndeploymentid = 'x'\n", "deploymentid", "deployment_id"),
        ("[targets.dev]\non-conflict = 'keep'\n", "on-conflict", "on_conflict"),
        ("[targets.dev]\nprotect = true\n", "protect", "protected"),
        ("[default]\nenv = '.env'\n", "default", "defaults"),
        ("[target.dev]\nenv = '.env'\n", "target", "targets"),
        ("[defaults]\nexlude = []\n", "exlude", "exclude"),
    ],
)
def test_an_unknown_key_is_an_error_with_the_nearest_known_name(
    project: Sandbox, text: str, wrong: str, right: str
) -> None:
    configure(project, text)
    for command in (("diff", "-d", "dep-1"), ("local-to-deploy", "-d", "dep-1", "--no-export", "--yes"), ("check",)):
        result = project.run(*command)
        assert (result.code, result.stdout) == (2, "")
        assert wrong in result.stderr
        assert f"Did you mean {right}?" in result.stderr
    assert written(project) == set()


def test_an_unknown_target_is_an_error_with_the_nearest_name(project: Sandbox) -> None:
    configure(project, "[targets.production]\ndeployment_id = 'dep-1'\n[targets.dev]\ndeployment_id = 'dep-2'\n")
    result = send(project, "-t", "prodction")
    assert result.code == 2
    assert "Did you mean production?" in result.stderr


def test_a_setting_of_the_wrong_type_shows_no_value(project: Sandbox) -> None:
    configure(project, "[defaults]\nenv = ['planted']\n")
    result = project.run("check")
    assert result.code == 2
    assert "planted" not in result.stderr
    assert "env" in result.stderr


# --- precedence: command line (a target too) > environment > defaults ---

DEFAULTS = "[defaults]\ndeployment_id = 'dep-1'\n[targets.dev]\ndeployment_id = 'dep-2'\n"


@pytest.mark.parametrize(
    ("words", "variable", "expected", "origin"),
    [
        ((), "", {"dep-1"}, "defaults"),
        ((), "dep-2", {"dep-2"}, "environment"),
        (("-t", "dev"), "dep-1", {"dep-2"}, "target dev"),
        (("-d", "dep-1"), "dep-2", {"dep-1"}, "command line"),
        (("-n", "prod"), "dep-2", {"dep-1"}, "command line"),
    ],
)
def test_which_deployment_counts_and_verbose_says_why(
    project: Sandbox, words: tuple[str, ...], variable: str, expected: set[str], origin: str
) -> None:
    configure(project, DEFAULTS)
    env = {"ASTRO_SYNC_DEPLOYMENT_ID": variable}
    result = project.run("local-to-deploy", "--no-export", "--yes", "-v", *words, env=env)
    assert result.code == 0
    assert written(project) == expected
    line = next(line for line in result.stderr.splitlines() if line.startswith("--deployment-"))
    assert origin in line


def test_each_setting_has_a_line_of_its_own_that_says_where_it_is_from(project: Sandbox) -> None:
    configure(
        project,
        "[defaults]\nexclude = ['X']\ntimeout = 60\npartial = true\n"
        "[targets.dev]\ndeployment_id = 'dep-2'\non_conflict = 'keep'\ntimeout = 70\n",
    )
    bin_env = {"ASTRO_SYNC_ASTRO_BIN": str(project.astro_program)}
    result = project.run(
        "local-to-deploy", "--no-export", "--dry-run", "-t", "dev", "-v", "--include", "A", env=bin_env
    )
    assert result.code == 0
    lines = [line for line in result.stderr.splitlines() if line.startswith("--")]
    expected = {
        "--exclude": "defaults",
        "--partial": "defaults",
        "--timeout": "target dev",
        "--on-conflict": "target dev",
        "--deployment-id": "target dev",
        "--include": "command line",
        "--astro-bin": "environment",
    }
    for option, origin in expected.items():
        (line,) = [line for line in lines if line.split()[0] == option]
        assert origin in line


def test_of_several_targets_each_is_told_and_what_is_no_option_is_not(project: Sandbox) -> None:
    configure(
        project,
        "[targets.dev]\ndeployment_id = 'dep-2'\nexclude = ['X']\n[targets.prod]\ndeployment_id = 'dep-1'\n"
        "[groups]\nall = ['dev', 'prod']\n",
    )
    told = [line for line in project.run("diff", "-t", "all", "-v").stderr.splitlines() if "is from" in line]
    assert told == [
        "--deployment-id is from the target dev and the target prod.",
        "--exclude is from the target dev.",
        "--target is from the command line.",
        "--verbose is from the command line.",
    ]
    merged = project.run("merge", ".env", "other.env", "-v")
    assert [line for line in merged.stderr.splitlines() if "is from" in line] == ["--verbose is from the command line."]


def test_the_command_line_goes_before_the_target_and_the_target_before_the_defaults(project: Sandbox) -> None:
    project.write_env("A=1\nB=1\nC=1\n")
    configure(project, "[defaults]\ninclude = ['A']\n[targets.dev]\ndeployment_id = 'dep-2'\ninclude = ['B']\n")
    assert send(project, "-d", "dep-1").code == 0
    assert set(values(project)) == {"A"}
    assert send(project, "-t", "dev").code == 0
    assert set(values(project, "dep-2")) == {"B"}
    assert send(project, "-t", "dev", "--include", "C").code == 0
    assert set(values(project, "dep-2")) == {"B", "C"}


def test_defaults_hold_for_the_commands_on_files_too(plain_folder: Sandbox) -> None:
    plain_folder.write_env("A=1\nSKIP=1\n", "source.env")
    configure(plain_folder, "[defaults]\nexclude = ['SKIP']\n")
    assert plain_folder.run("merge", "source.env", "dest.env").code == 0
    assert plain_folder.read_env("dest.env") == "A=1\n"


def test_a_target_serves_the_way_back_and_the_comparison(project: Sandbox) -> None:
    project.set_variable("B", "2", deployment_id="dep-2")
    configure(project, "[targets.dev]\ndeployment_id = 'dep-2'\nenv = '.env.dev'\n")
    assert project.run("deploy-to-local", "-t", "dev", "--yes").code == 0
    assert project.read_env(".env.dev") == "B=2\n"
    assert project.run("diff", "-t", "dev", "--exit-code").code == 0


# --- protected ---

PROTECTED = "[targets.prod]\ndeployment_id = 'dep-1'\nprotected = true\n[targets.dev]\ndeployment_id = 'dep-2'\n"


@pytest.fixture
def guarded(project: Sandbox) -> Sandbox:
    configure(project, PROTECTED)
    return project


@pytest.mark.parametrize(
    "words",
    [("-t", "prod"), ("-d", "dep-1"), ("-n", "prod"), ("-t", "dev", "-t", "prod"), ("-t", "dev", "-n", "prod")],
)
def test_yes_alone_does_not_change_a_protected_target_however_it_is_named(
    guarded: Sandbox, words: tuple[str, ...]
) -> None:
    result = send(guarded, *words)
    assert (result.code, result.stdout) == (2, "")
    assert "--yes-protected prod" in result.stderr
    assert written(guarded) == set()


@pytest.mark.parametrize("words", [("-t", "prod"), ("-d", "dep-1"), ("-n", "prod")])
@pytest.mark.parametrize("yes", [True, False])
def test_yes_protected_does(guarded: Sandbox, words: tuple[str, ...], *, yes: bool) -> None:
    assert send(guarded, *words, "--yes-protected", "prod", yes=yes).code == 0
    assert written(guarded) == {"dep-1"}


def test_yes_protected_of_another_name_does_not(guarded: Sandbox) -> None:
    assert send(guarded, "-t", "prod", "--yes-protected", "dev").code == 2
    assert written(guarded) == set()


@pytest.mark.parametrize(("name", "warned"), [("prodx", True), ("prod", False), ("dev", False)])
def test_yes_protected_that_names_no_target_is_told(guarded: Sandbox, name: str, *, warned: bool) -> None:
    found = document(send(guarded, "-t", "dev", "--yes-protected", name, "--json"))
    assert found["exit_code"] == 0
    messages = [each["message"] for each in found["warnings"] if each["code"] == "unmatched"]
    assert [name in message for message in messages] == [True] * warned


def test_yes_protected_is_no_yes_for_the_others(guarded: Sandbox) -> None:
    result = send(guarded, "-t", "prod", "-t", "dev", "--yes-protected", "prod", yes=False)
    assert result.code == 2
    assert "--yes" in result.stderr
    assert written(guarded) == set()


@pytest.mark.parametrize(
    ("words", "typed", "expected"),
    [
        (("-t", "prod"), "prod\n", {"dep-1"}),
        (("-t", "prod", "--yes"), "prod\n", {"dep-1"}),
        (("-d", "dep-1", "--yes"), "prod\n", {"dep-1"}),
        (("-t", "prod", "--yes"), "y\n", set()),
        (("-t", "prod"), "\n", set()),
        (("-t", "prod", "-t", "dev"), "prod\ny\n", {"dep-1", "dep-2"}),
        (("-t", "prod", "-t", "dev"), "prod\nn\n", set()),
    ],
)
def test_on_a_terminal_its_name_is_typed(
    guarded: Sandbox, words: tuple[str, ...], typed: str, expected: set[str]
) -> None:
    result = send(guarded, *words, text=typed, tty=True, yes=False)
    assert written(guarded) == expected
    assert result.code == (0 if expected else 1)
    assert "Target prod is protected" in result.stdout
    if not expected:
        assert "othing was changed" in result.stdout


def test_a_protected_target_by_name_is_guarded_by_id_too(project: Sandbox) -> None:
    configure(project, "[targets.prod]\ndeployment_name = 'prod'\nprotected = true\n")
    for words in (("-t", "prod"), ("-d", "dep-1"), ("-n", "prod")):
        assert send(project, *words).code == 2
    assert written(project) == set()


@pytest.mark.parametrize("settings", ["deployment_name = 'prod'", "deployment_id = 'dep-1'"])
@pytest.mark.parametrize("scheme", ["deployment:", "airflow:deployment/", "env-manager:deployment/"])
def test_a_protected_target_is_guarded_in_each_place_of_its_deployment(
    project: Sandbox, scheme: str, settings: str
) -> None:
    configure(project, f"[targets.prod]\n{settings}\nprotected = true\n")
    project.write_env("AIRFLOW_VAR_X=1\n")
    for which in ("dep-1", "dep-2"):
        project.set_metadata(which, {})
    result = project.run("merge", ".env", f"{scheme}dep-1", "--yes")
    assert result.code == 2, result
    assert "--yes-protected prod" in result.stderr
    assert project.run("merge", ".env", f"{scheme}dep-1", "--yes", "--yes-protected", "prod").code == 0
    assert project.run("merge", ".env", f"{scheme}dep-2", "--yes").code == 0


def test_a_protected_target_can_be_read_and_compared_and_tried(guarded: Sandbox) -> None:
    assert guarded.run("diff", "-t", "prod").code == 0
    assert send(guarded, "-t", "prod", "--dry-run").code == 0
    guarded.set_variable("B", "2")
    assert guarded.run("deploy-to-local", "-t", "prod", "--yes").code == 0
    assert guarded.read_env() == "A=1\nB=2\n"


def test_nothing_is_asked_about_a_protected_target_that_would_not_change(guarded: Sandbox) -> None:
    guarded.set_variable("A", "1")
    assert send(guarded, "-t", "prod").code == 0
    result = send(guarded, "-t", "prod", tty=True, yes=False)
    assert result.code == 0
    assert "protected" not in result.stdout
