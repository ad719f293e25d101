"""Contract, "Everywhere": exit statuses, flags, login, tokens, workspaces, how a Deployment is addressed."""

import re
import shutil
import signal
import subprocess

import pytest

from sandbox import Sandbox, wait_until

NOT_FOUND = (
    "Error: the Deployment specified was not found in this workspace. "
    "Your account or API Key may not have access to the deployment specified"
)
LIST = ("deployment", "variable", "list")
TOKEN = {"ASTRO_API_TOKEN": "planted-token"}
WELCOME = (
    "Welcome to the Astro CLI 🚀\n"
    "To learn more about Astro, go to https://www.astronomer.io/docs\n"
    "Press Enter to open the browser to log in or ^C to quit…"
)


@pytest.mark.parametrize(
    "words",
    [
        ("bogus",),
        ("deployment", "delete"),
        ("dev", "start"),
        ("deployment", "variable", "delete", "KEY"),
        ("deployment", "inspect", "dep-1", "-k", "metadata"),
        ("deployment", "list", "--json"),
        ("deployment", "variable", "list", "--help"),
        ("deployment", "variable", "create", "-d", "dep-1", "NEW=1", "NEW=2"),
        ("dev", "object", "export"),
        ("dev", "run", "dags", "list"),
        ("dev", "run", "variables", "export", "file.json"),
        ("config", "get", "project.name"),
    ],
)
def test_what_it_was_not_told_ends_loudly(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    result = sandbox.astro(*words)
    assert result.code == 64
    assert "stand-in: not told: " in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*LIST, "--bad"), "unknown flag: --bad"),
        ((*LIST, "--bad=1"), "unknown flag: --bad"),
        ((*LIST, "-w", "ws-1"), "unknown shorthand flag: 'w' in -w"),
        ((*LIST, "-sx"), "unknown shorthand flag: 'x' in -x"),
        ((*LIST, "-d"), "flag needs an argument: 'd' in -d"),
        ((*LIST, "--env"), "flag needs an argument: --env"),
        ((*LIST, "---x"), "bad flag syntax: ---x"),
        (
            (*LIST, "--save=maybe"),
            'invalid argument "maybe" for "-s, --save" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        ((*LIST, "word"), 'unknown command "word" for "astro deployment variable list"'),
        (("version", "--bad"), "unknown flag: --bad"),
        (("deployment", "variable", "delete", "KEY", "-d", "dep-1"), "unknown shorthand flag: 'd' in -d"),
        (("config", "get"), "accepts 1 arg(s), received 0"),
        (("dev", "object", "export", "-n", "a", "b"), "accepts at most 1 arg(s), received 2"),
    ],
)
def test_wrong_flags_are_answered_with_the_usage(sandbox: Sandbox, words: tuple[str, ...], message: str) -> None:
    result = sandbox.astro(*words)
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {message}\nUsage:\n")


@pytest.mark.parametrize(
    "flags",
    [
        ("-d", "dep-1"),
        ("-ddep-1",),
        ("-d=dep-1",),
        ("--deployment-id", "dep-1"),
        ("--deployment-id=dep-1",),
        ("-n", "prod"),
        ("--deployment-name=prod",),
        ("-d", "dep-1", "--workspace-id", "ws-1"),
        ("--workspace-id=ws-1", "-nprod"),
    ],
)
def test_a_deployment_is_addressed_by_id_or_name_in_every_form_of_flag(
    sandbox: Sandbox, flags: tuple[str, ...]
) -> None:
    sandbox.set_variable("KEY", "v")
    result = sandbox.astro(*LIST, *flags)
    assert (result.code, result.stderr) == (0, "")
    assert " 1     KEY     v         false      \n" in result.stdout


@pytest.mark.parametrize(
    ("flags", "printed"),
    [
        (("-d", "nope"), ""),
        (("-d", "dep-9"), ""),
        (("-n", "nope"), "No Deployment with the name nope was found\n"),
        (("-d", "dep-1", "--workspace-id", "ws-unknown"), ""),
    ],
)
def test_a_deployment_that_is_not_in_the_workspace_is_not_found(
    sandbox: Sandbox, flags: tuple[str, ...], printed: str
) -> None:
    sandbox.add_deployment("dep-9", "elsewhere", "ws-9")
    result = sandbox.astro(*LIST, *flags)
    assert (result.code, result.stdout, result.stderr) == (1, printed, f"{NOT_FOUND}\n")


def test_the_id_wins_over_the_name(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "other")
    sandbox.set_variable("SECOND", "v", deployment_id="dep-2")
    result = sandbox.astro(*LIST, "-d", "dep-2", "-n", "prod")
    assert result.stdout.startswith(
        "Both a Deployment ID and Deployment name have been supplied. The Deployment ID dep-2 will be used\n"
    )
    assert "SECOND" in result.stdout


def test_of_two_deployments_of_one_name_the_first_is_used(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "prod")
    sandbox.set_variable("FIRST", "v", deployment_id="dep-1")
    result = sandbox.astro(*LIST, "-n", "prod")
    assert result.stdout.startswith("More than one Deployment with the name prod was found\n")
    assert "FIRST" in result.stdout


def test_without_id_and_name_the_cli_asks(sandbox: Sandbox) -> None:
    sandbox.set_variable("KEY", "v")
    chosen = sandbox.astro(*LIST, input="1\n")
    assert chosen.stdout.startswith("Select a Deployment\n #     DEPLOYMENT NAME     RELEASE NAME")
    assert "KEY" in chosen.stdout
    refused = sandbox.astro(*LIST, input="y\n")
    assert (refused.code, refused.stderr) == (1, "Error: invalid Deployment selected\n")


def test_an_unreachable_api_adds_its_cause_to_the_sentence(sandbox: Sandbox) -> None:
    sandbox.fault("offline")
    result = sandbox.astro(*LIST, "-d", "dep-1")
    assert result.code == 1
    assert result.stderr.startswith(f'{NOT_FOUND}: Get "https://api.astronomer.io/v1/organizations/org-1/deployments?')


def test_an_expired_session_adds_what_the_api_answered(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["session"] = "expired"
    result = sandbox.astro(*LIST, "-d", "dep-1")
    assert (result.code, result.stderr) == (1, f"{NOT_FOUND}: Invalid authorization token.\n")


# --- login ---


def test_without_a_login_a_line_on_stdin_makes_it_fail_and_the_command_goes_on(sandbox: Sandbox) -> None:
    sandbox.log_out()
    result = sandbox.astro(*LIST, "-d", "dep-1", input="y\n")
    assert (result.code, result.stdout) == (1, WELCOME)
    assert result.stderr == f"{NOT_FOUND}: Invalid authorization token.\n"
    assert [call["stdin_line"] for call in sandbox.calls()] == ["y"]


@pytest.mark.parametrize("line", ["", "\n", "  \n"])
def test_end_of_file_and_enter_open_a_browser_and_wait(sandbox: Sandbox, line: str) -> None:
    sandbox.log_out()
    program = sandbox.start(*LIST, "-d", "dep-1", stdin=subprocess.PIPE)
    assert program.stdin is not None
    program.stdin.write(line.encode())
    program.stdin.close()
    assert sandbox.wait_for("browser_opened") is True
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.1)
    program.kill()
    assert program.stdout is not None
    assert program.stderr is not None
    with program.stdout, program.stderr:
        assert program.stdout.read().decode() == WELCOME
    program.wait()


def test_the_fault_waits_only_as_long_as_it_is_told(sandbox: Sandbox) -> None:
    sandbox.fault("not-logged-in", seconds=0)
    result = sandbox.astro(*LIST, "-d", "dep-1", input="")
    assert (result.code, result.stdout) == (1, WELCOME)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*LIST, "-d", "dep-1"), "failed to find a valid workspace: failed to get current Workspace: "),
        (("deployment", "list"), "failed to find a valid workspace: failed to get current Workspace: "),
        (
            ("deployment", "variable", "create", "A=1", "-d", "dep-1"),
            "failed to find a valid Workspace: failed to get current Workspace: ",
        ),
        (("deployment", "inspect", "dep-1", "-o", "json"), "failed to get current Workspace: "),
    ],
)
def test_who_never_logged_in_sees_no_browser_but_no_context(
    sandbox: Sandbox, words: tuple[str, ...], message: str
) -> None:
    sandbox.log_out(context=False)
    result = sandbox.astro(*words, input="")
    no_context = "no context set, have you authenticated to Astro or APC? Run astro login and try again\n"
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {message}{no_context}")


def test_the_login_of_another_home_is_not_seen(sandbox: Sandbox) -> None:
    result = sandbox.astro(*LIST, "-d", "dep-1", env={"ASTRO_HOME": str(sandbox.folder / "private")})
    assert "no context set" in result.stderr


@pytest.mark.parametrize("words", [("version",), ("config", "get", "dev.mode"), ("dev", "run", "version")])
def test_some_commands_need_no_login(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    sandbox.log_out()
    result = sandbox.astro(*words, input="", env=TOKEN)
    assert result.code == 0
    assert "Token" not in result.stdout
    assert "planted-token" not in sandbox.user_config.read_text()


def test_without_a_workspace_the_cli_names_the_command_to_choose_one(sandbox: Sandbox) -> None:
    sandbox.choose_workspace("")
    result = sandbox.astro("deployment", "list")
    assert result.code == 1
    assert result.stderr.startswith(
        "Error: failed to find a valid workspace: failed to get current Workspace: current workspace context not set, "
        "you can switch to a workspace with \n\tastro workspace switch WORKSPACEID\n"
    )


# --- tokens ---


@pytest.mark.parametrize(
    ("words", "announced"),
    [
        ((*LIST, "-d", "dep-1"), True),
        (("deployment", "list"), True),
        (("deployment", "variable", "update", "A=1", "-d", "dep-1"), True),
        (("deployment", "inspect", "dep-1", "-o", "json"), False),
    ],
)
def test_a_token_is_announced_on_stdout_but_by_inspect(
    sandbox: Sandbox, words: tuple[str, ...], *, announced: bool
) -> None:
    result = sandbox.astro(*words, env=TOKEN)
    assert result.code == 0
    assert result.stdout.startswith("Using an Astro API Token\n") is announced


@pytest.mark.parametrize("private", [True, False])
def test_a_token_is_written_into_the_config_over_the_login(sandbox: Sandbox, *, private: bool) -> None:
    home = sandbox.folder / "private"
    before = sandbox.user_config.read_text()
    result = sandbox.astro(*LIST, "-d", "dep-1", env=TOKEN | ({"ASTRO_HOME": str(home)} if private else {}))
    assert result.code == 0
    written = home / ".astro" / "config.yaml" if private else sandbox.user_config
    assert "token: Bearer planted-token\n" in written.read_text()
    assert (sandbox.user_config.read_text() == before) is private


def test_a_token_makes_the_login_last_for_decades_in_the_organization_of_the_api(sandbox: Sandbox) -> None:
    with sandbox.change() as state:
        state["organization"] = {"id": "org-9", "product": "HYBRID"}
    assert sandbox.astro(*LIST, "-d", "dep-1", env=TOKEN).code == 0
    written = sandbox.user_config.read_text()
    # the CLI adds the seconds of next year's date to today
    assert re.search(r"^        expiresin: 20[89]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", written, re.MULTILINE)
    assert "        organization: org-9\n        organization_product: HYBRID\n" in written


def test_a_token_works_without_any_login_when_it_names_its_workspace(sandbox: Sandbox) -> None:
    sandbox.log_out(context=False)
    assert sandbox.astro(*LIST, "-d", "dep-1", env=TOKEN).code == 0
    sandbox.log_out(context=False)
    with sandbox.change() as state:
        state["api_token"]["workspace_id"] = None
    assert "current workspace context not set" in sandbox.astro(*LIST, "-d", "dep-1", env=TOKEN).stderr
    assert sandbox.astro(*LIST, "-d", "dep-1", "--workspace-id", "ws-1", env=TOKEN).code == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("token-expired", "Error: API Token is expired\n"),
        ("token-malformed", "Error: API Token is invalid or malformed\n"),
    ],
)
def test_a_bad_token_is_still_written_into_the_config(sandbox: Sandbox, fault: str, message: str) -> None:
    sandbox.fault(fault)
    result = sandbox.astro(*LIST, "-d", "dep-1", env=TOKEN)
    assert result.code == 1
    assert result.stderr.startswith(message)
    assert "planted-token" in sandbox.user_config.read_text()


def test_one_deployment_is_chosen_unasked_with_a_token(sandbox: Sandbox) -> None:
    result = sandbox.astro(*LIST, input="", env=TOKEN)
    assert result.code == 0
    assert "Only one Deployment was found. Using the following Deployment by default: \n\n" in result.stdout


# --- projects ---


@pytest.mark.parametrize("words", [("dev", "object", "export", "-n"), ("dev", "run", "version")])
@pytest.mark.parametrize("place", ["folder", "home"])
def test_dev_commands_want_a_project_folder(sandbox: Sandbox, words: tuple[str, ...], place: str) -> None:
    folder = {"folder": sandbox.folder, "home": sandbox.home}[place]
    result = sandbox.astro(*words, cwd=folder)
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "Error: this is not an Astro project directory.\nChange to another directory or run astro dev init "
        "to turn your working directory into an Astro project\n"
    )


def test_messages_are_red_where_colours_are_forced(sandbox: Sandbox) -> None:
    result = sandbox.astro("dev", "run", "version", cwd=sandbox.home, env={"CLICOLOR_FORCE": "1"})
    assert result.stderr.startswith("Error: \x1b[31mthis is not an Astro project directory.\n")


@pytest.mark.parametrize(
    ("project", "user", "words", "printed"),
    [
        (None, "docker", (), ""),
        ("standalone", "docker", (), "standalone"),
        (None, "standalone", ("-g",), "standalone"),
        ("standalone", None, ("--global",), "docker"),
    ],
)
def test_config_get_tells_the_projects_mode_and_with_g_the_users(
    sandbox: Sandbox, project: str | None, user: str | None, words: tuple[str, ...], printed: str
) -> None:
    sandbox.use_mode(project)
    sandbox.use_mode(user, scope="user")
    result = sandbox.astro("config", "get", "dev.mode", *words)
    assert (result.code, result.stdout) == (0, f"dev.mode: {printed}\n")


def test_config_get_outside_of_a_project_wants_g(sandbox: Sandbox) -> None:
    result = sandbox.astro("config", "get", "dev.mode", cwd=sandbox.folder)
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: You are attempting to get [setting-name] a project config outside of a")
    assert sandbox.astro("config", "get", "-g", "dev.mode", cwd=sandbox.folder).stdout == "dev.mode: docker\n"


def test_version_prints_the_version_of_the_state(sandbox: Sandbox) -> None:
    assert sandbox.astro("version").stdout == "Astro CLI Version: 1.45.0\n"
    with sandbox.change() as state:
        state["cli_version"] = "1.33.2"
    assert sandbox.astro("version", "ignored").stdout == "Astro CLI Version: 1.33.2\n"


def test_a_hang_can_ignore_the_polite_signal(sandbox: Sandbox) -> None:
    sandbox.fault("hang", ignore_term=True)
    program = sandbox.start("version")
    sandbox.wait_for("hanging")
    program.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.3)
    program.kill()
    program.communicate()
    assert program.returncode == -signal.SIGKILL


# --- telemetry ---

NOTICE = "The Astro CLI now collects anonymous usage data"


def test_the_first_call_of_a_home_has_a_notice_and_an_id(sandbox: Sandbox) -> None:
    sandbox.user_config.unlink()
    first, second = sandbox.astro("version"), sandbox.astro("version")
    assert first.stderr.startswith(NOTICE)
    assert len(first.stderr.splitlines()) == 3
    assert second.stderr == ""
    telemetry = sandbox.user_config.read_text().partition("telemetry:\n")[2]
    assert re.fullmatch(r"    anonymous_id: [0-9a-f-]{36}\n    notice_shown: \"true\"\n", telemetry)


@pytest.mark.parametrize(
    ("words", "noticed"),
    [
        (("version",), True),
        (("deployment", "list"), True),
        (("dev", "run", "version"), True),
        (("config", "get", "dev.mode"), False),
        (("version", "--bad"), False),
    ],
)
def test_all_commands_but_config_and_a_bad_flag_are_tracked(
    sandbox: Sandbox, words: tuple[str, ...], *, noticed: bool
) -> None:
    sandbox.user_config.unlink()
    assert sandbox.astro(*words).stderr.startswith(NOTICE) is noticed


@pytest.mark.parametrize("value", ["1", "true", "TRUE"])
def test_the_telemetry_can_be_switched_off(sandbox: Sandbox, value: str) -> None:
    sandbox.user_config.unlink()
    assert sandbox.astro("version", env={"ASTRO_TELEMETRY_DISABLED": value}).stderr == ""
    assert "telemetry" not in sandbox.user_config.read_text()


@pytest.mark.parametrize("disabled", [False, True])
def test_a_call_leaves_a_process_that_makes_the_config_again(sandbox: Sandbox, *, disabled: bool) -> None:
    with sandbox.change() as state:
        state["telemetry_delay"] = 0.2
    home = sandbox.folder / "private"
    variables = {"ASTRO_HOME": str(home)} | ({"ASTRO_TELEMETRY_DISABLED": "1"} if disabled else {})
    assert sandbox.astro("version", env=variables).code == 0
    shutil.rmtree(home)
    appeared = wait_until((home / ".astro" / "config.yaml").exists, 1 if disabled else 20)
    assert appeared is not disabled
