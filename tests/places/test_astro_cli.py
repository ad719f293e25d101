import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Thread

import pytest

from astro_sync.errors import AstroSyncError, ExitCode, UnusableError
from astro_sync.places.astro_cli import (
    Answer,
    Astro,
    NotLoggedInError,
    TimedOutError,
    TooMuchOutputError,
    find_astro,
    judge_login,
)
from sandbox import Sandbox

SECRET = "hunter2-Zq9"
LIST = ("deployment", "list")


def door(
    sandbox: Sandbox,
    program: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    timeout: float = 30,
    watch: Callable[[str], AbstractContextManager[None]] | None = None,
) -> Astro:
    environ = sandbox.environment | dict(env or {})
    private = sandbox.temporary / "private"
    private.mkdir(mode=0o700, exist_ok=True)
    return Astro(
        program or find_astro(None, environ),
        environ=environ,
        cwd=sandbox.project,
        timeout=timeout,
        private=private,
        watch=watch or (lambda _text: nullcontext()),
    )


def script(sandbox: Sandbox, text: str) -> Path:
    path = sandbox.folder / "own-astro"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def is_gone(pid: int) -> bool:
    """Tell whether a process ends within two seconds; one that nobody waits for yet has ended too."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


def wait_for(path: Path) -> str:
    for _ in range(500):
        with suppress(FileNotFoundError):
            if text := path.read_text():
                return text
        time.sleep(0.01)
    pytest.fail("the program did not start")


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("astro_sync.places.running_call.GRACE_SECONDS", 0.3)
    monkeypatch.setattr("astro_sync.places.astro_cli.GRACE_SECONDS", 0.3)


# --- one call ---


def test_a_call_gives_what_was_printed_on_both_streams_and_the_status(sandbox: Sandbox) -> None:
    program = script(sandbox, 'echo "out $1 $2"; echo err >&2; exit 3')
    answer = door(sandbox, program).run("a b", "$HOME")
    assert (answer.stdout, answer.stderr, answer.status) == ("out a b $HOME\n", "err\n", 3)
    assert answer.text == "out a b $HOME\nerr\n"


def test_a_call_works_in_the_project_and_is_no_terminals(sandbox: Sandbox) -> None:
    answer = door(sandbox, script(sandbox, "pwd -P; test -t 0 || echo no terminal; cat")).run()
    assert answer.stdout == f"{sandbox.project.resolve()}\nno terminal\ny\n"


def test_a_call_is_given_the_input_that_it_is_to_have(sandbox: Sandbox) -> None:
    body = b"\0\xff" + b"x" * 300_000
    answer = door(sandbox, script(sandbox, "cat; echo done >&2")).run("api", "airflow", stdin=body)
    assert answer.stdout.encode("utf-8", "surrogateescape") == body
    assert answer.stderr == "done\n"


def test_input_that_nobody_reads_hinders_nothing(sandbox: Sandbox) -> None:
    answer = door(sandbox, script(sandbox, "exec 0<&-; echo printed")).run(stdin=b"x" * 300_000)
    assert (answer.stdout, answer.status) == ("printed\n", 0)


def test_undecodable_output_stays_byte_for_byte(sandbox: Sandbox) -> None:
    answer = door(sandbox, script(sandbox, r"printf 'a\377\303(\0\r\nb'; printf '\200' >&2")).run()
    assert answer.stdout.encode("utf-8", "surrogateescape") == b"a\xff\xc3(\0\r\nb"
    assert answer.stderr.encode("utf-8", "surrogateescape") == b"\x80"
    answer.text.encode("utf-8", "surrogateescape")


def test_much_output_on_both_streams_blocks_nothing(sandbox: Sandbox) -> None:
    program = script(sandbox, "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2")
    answer = door(sandbox, program).run()
    assert (len(answer.stdout), len(answer.stderr), answer.status) == (300_000, 600_000, 0)


def test_an_answer_shows_nothing_of_the_output() -> None:
    assert repr(Answer(SECRET, SECRET, 0)) == "Answer(status=0)"
    assert SECRET not in f"{Answer(SECRET, SECRET, None)}"


def test_what_runs_is_shown_by_its_first_three_words_only(sandbox: Sandbox) -> None:
    shown: list[str] = []

    @contextmanager
    def watch(text: str) -> Iterator[None]:
        shown.append(text)
        yield
        shown.append("done")

    door(sandbox, script(sandbox, "exit 1"), watch=watch).run("deployment", "variable", "create", f"K={SECRET}")
    assert shown == ["astro deployment variable create", "done"]


def test_more_output_than_any_answer_has_ends_the_call_and_is_told(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astro_sync.places.running_call.OUTPUT_LIMIT", 300_000)
    pid = sandbox.folder / "pid"
    astro = door(sandbox, script(sandbox, f"echo $$ > {pid}; exec yes {SECRET}"))
    answer = astro.run(*LIST)
    assert (answer.status, answer.overflowed) == (None, True)
    assert len(answer.stdout) < 1_000_000
    assert is_gone(int(pid.read_text()))
    with pytest.raises(TooMuchOutputError, match="printed more than") as caught:
        astro.ask(*LIST)
    assert caught.value.exit_code is ExitCode.UNUSABLE
    assert SECRET not in shown(caught.value)


# --- the environment ---


def test_values_of_local_airflow_are_withheld_from_the_program(sandbox: Sandbox) -> None:
    given = {
        "AIRFLOW_VAR_X": SECRET,
        "AIRFLOW_CONN_X": SECRET,
        "AIRFLOW_VAR_": SECRET,
        "AIRFLOW__CORE__X": "1",
        "MY_AIRFLOW_VAR_X": "2",
    }
    printed = door(sandbox, script(sandbox, "env"), env=given).run().stdout
    assert SECRET not in printed
    assert "AIRFLOW__CORE__X=1\n" in printed
    assert "MY_AIRFLOW_VAR_X=2\n" in printed


def test_the_program_has_the_environment_that_was_given_and_not_that_of_the_test(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_TEST", SECRET)
    printed = door(sandbox, script(sandbox, "env"), env={"OF_THE_RUN": "1"}).run().stdout
    assert "OF_THE_TEST" not in printed
    assert "OF_THE_RUN=1\n" in printed
    assert f"HOME={sandbox.home}\n" in printed


def test_astro_sends_no_telemetry_whose_process_would_outlive_the_call(sandbox: Sandbox) -> None:
    program = script(sandbox, 'echo "<$ASTRO_TELEMETRY_DISABLED>"')
    assert door(sandbox, program, env={"ASTRO_TELEMETRY_DISABLED": "0"}).run().stdout == "<1>\n"


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "latin"])
def test_values_reach_astro_as_utf_8_and_paths_as_they_are_whatever_the_locale(sandbox: Sandbox, locale: str) -> None:
    program = script(sandbox, 'printf "%s|%s|%s" "$1" "$2" "$OF_THE_USER" > "$3"')
    file = sandbox.folder / "seen"
    environ = {**os.environ, "OF_THE_USER": "grüße €", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    if locale == "latin":
        if shutil.which("localedef") is None:
            pytest.skip("no localedef here")
        made = sandbox.folder / "locales"
        made.mkdir()
        localedef = ["localedef", "-f", "ISO-8859-1", "-i", "en_US", str(made / "en_US.ISO-8859-1")]
        if subprocess.run(localedef, check=False, capture_output=True).returncode != 0:
            pytest.skip("no definition of that locale here")
        environ |= {"LC_ALL": "en_US.ISO-8859-1", "LOCPATH": str(made)}
    else:
        environ["LC_ALL"] = locale
    code = (
        "import os, sys\nfrom contextlib import nullcontext\nfrom pathlib import Path\n"
        "from astro_sync.places.astro_cli import Astro\n"
        "program, folder, file = map(Path, sys.argv[1:4])\n"
        "astro = Astro(program, environ=dict(os.environ), cwd=folder, timeout=30, private=folder, "
        "watch=lambda _: nullcontext())\n"
        "path = Path(os.fsdecode(b'p\\xc3\\xa4th'))\n"
        "raise SystemExit(astro.run('K=gr\\u00fc\\u00dfe \\u20ac\\udcff', path, file).status)\n"
    )
    words = [sys.executable, "-c", code, str(program), str(sandbox.folder), str(file)]
    subprocess.run(words, env=environ, check=True)
    assert file.read_bytes() == "K=grüße €".encode() + b"\xff|" + "päth|grüße €".encode()


def test_without_a_token_the_users_own_home_is_used(sandbox: Sandbox) -> None:
    astro = door(sandbox)
    assert astro.ask(*LIST).status == 0
    assert [call["astro_home"] for call in sandbox.calls()] == [None]
    assert list((sandbox.temporary / "private").iterdir()) == []


def test_with_a_token_each_call_has_a_home_of_its_own_and_the_users_login_stays(sandbox: Sandbox) -> None:
    before = sandbox.user_config.read_bytes()
    astro = door(sandbox, env={"ASTRO_API_TOKEN": SECRET})
    for _ in range(2):
        assert astro.ask(*LIST).status == 0
    homes = [Path(call["astro_home"]) for call in sandbox.calls()]
    assert len(set(homes)) == 2
    for home in homes:
        assert home.parent == sandbox.temporary / "private"
        own = home / ".astro" / "config.yaml"
        assert own.parent.stat().st_mode & 0o777 == 0o700
        assert own.stat().st_mode & 0o777 == 0o600
        assert SECRET in own.read_text(), "the CLI wrote the token there"
    assert sandbox.user_config.read_bytes() == before


def test_with_a_token_the_copy_is_that_of_the_users_astro_home(sandbox: Sandbox) -> None:
    own = sandbox.folder / "astro-home"
    (own / ".astro").mkdir(parents=True)
    (own / ".astro" / "config.yaml").write_text("mark: here\n")
    program = script(sandbox, 'cat "$ASTRO_HOME/.astro/config.yaml"')
    environ = {"ASTRO_API_TOKEN": SECRET, "ASTRO_HOME": str(own)}
    assert door(sandbox, program, env=environ).run().stdout == "mark: here\n"


def test_with_a_token_and_no_config_of_the_users_there_is_none(sandbox: Sandbox) -> None:
    sandbox.user_config.unlink()
    program = script(sandbox, 'ls -A "$ASTRO_HOME/.astro"')
    assert door(sandbox, program, env={"ASTRO_API_TOKEN": SECRET}).run().stdout == ""
    assert not sandbox.user_config.exists()


@pytest.mark.parametrize("how", ["a folder", "not readable"])
def test_with_a_token_a_config_of_the_users_that_cannot_be_read_is_told(sandbox: Sandbox, how: str) -> None:
    if how == "a folder":
        sandbox.user_config.unlink()
        sandbox.user_config.mkdir()
    else:
        sandbox.user_config.chmod(0)
        if os.access(sandbox.user_config, os.R_OK):
            pytest.skip("root reads everything")
    with pytest.raises(UnusableError, match=r"config\.yaml cannot be read"):
        door(sandbox, script(sandbox, "exit 0"), env={"ASTRO_API_TOKEN": SECRET}).run()


def test_an_empty_token_is_none(sandbox: Sandbox) -> None:
    program = script(sandbox, 'echo "<$ASTRO_HOME>"')
    assert door(sandbox, program, env={"ASTRO_API_TOKEN": ""}).run().stdout == "<>\n"


# --- no argument and no output is ever shown ---


def shown(error: BaseException) -> str:
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


@pytest.mark.parametrize(
    "argument",
    [f"K={SECRET}\0", f"K={SECRET}" + "x" * 200_000, f"K={SECRET}\ud800"],
    ids=["NUL", "too long", "surrogate"],
)
def test_an_argument_that_no_process_can_have_is_refused_without_being_shown(sandbox: Sandbox, argument: str) -> None:
    with pytest.raises(UnusableError) as caught:
        door(sandbox, script(sandbox, "exit 0")).run("deployment", "variable", "create", argument)
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize("text", ["not a program", "\x7fELF broken"])
def test_a_program_that_does_not_start_is_told_without_its_arguments(sandbox: Sandbox, text: str) -> None:
    program = sandbox.folder / "broken"
    program.write_text(text)
    program.chmod(0o700)
    with pytest.raises(UnusableError) as caught:
        door(sandbox, program).run("deployment", f"K={SECRET}")
    assert caught.value.exit_code is ExitCode.UNUSABLE
    assert SECRET not in shown(caught.value)
    assert "--astro-bin" in caught.value.hint


@pytest.mark.usefixtures("short_grace")
def test_no_way_of_failing_shows_or_raises_an_argument_or_the_output(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    errors: list[AstroSyncError] = []
    for text, timeout in [
        (f"echo {SECRET}; exit 1", 30.0),
        (f"echo {SECRET} >&2; exec sleep 30", 0.3),
        (f"echo 'API Token is expired {SECRET}'", 30.0),
        (f"echo 'Welcome to the Astro CLI {SECRET}'", 30.0),
    ]:
        try:
            door(sandbox, script(sandbox, text), timeout=timeout).ask("deployment", "list", "x", f"K={SECRET}")
        except AstroSyncError as error:
            errors.append(error)
    assert len(errors) == 3
    assert all(SECRET not in shown(error) + error.hint for error in errors)
    assert SECRET not in "".join(capfd.readouterr())


# --- calls that do not end ---


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize("ignore_term", [False, True])
def test_a_call_that_takes_too_long_is_ended_with_its_grandchildren(sandbox: Sandbox, *, ignore_term: bool) -> None:
    sandbox.fault("hang", child=True, ignore_term=ignore_term)
    begin = time.monotonic()
    answer = door(sandbox, timeout=1).run(*LIST)
    assert answer.status is None
    assert time.monotonic() - begin < 5
    (call,) = sandbox.calls()
    assert call["pgid"] == call["pid"] != os.getpgrp()
    assert is_gone(call["pid"])
    assert is_gone(call["child_pid"])


@pytest.mark.usefixtures("short_grace")
def test_a_grandchild_that_outlives_its_parent_and_holds_the_output_is_ended_too(sandbox: Sandbox) -> None:
    pid = sandbox.folder / "pid"
    program = script(sandbox, f"sleep 60 & echo $! > {pid}; echo printed; exit 0")
    answer = door(sandbox, program, timeout=0.5).run()
    assert answer.stdout == "printed\n"
    assert is_gone(int(pid.read_text()))


def test_a_call_is_over_when_astro_has_ended_though_another_process_holds_its_output(sandbox: Sandbox) -> None:
    pid = sandbox.folder / "pid"
    program = script(sandbox, f"setsid sleep 60 & echo $! > {pid}; echo printed; exit 3")
    answer = door(sandbox, program, timeout=50).run()
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert (answer.stdout, answer.status) == ("printed\n", 3)


def test_what_another_process_prints_soon_after_astro_has_ended_belongs_to_the_answer(sandbox: Sandbox) -> None:
    program = script(sandbox, "(for n in 1 2 3 4 5 6 7 8; do sleep 0.2; echo $n; done) & echo 0; exit 0")
    assert door(sandbox, program).run().stdout == "".join(f"{number}\n" for number in range(9))


@pytest.mark.usefixtures("short_grace")
def test_what_was_printed_before_the_time_was_up_is_kept(sandbox: Sandbox) -> None:
    answer = door(sandbox, script(sandbox, r"printf 'half\377'; exec sleep 60"), timeout=0.5).run()
    assert (answer.stdout, answer.stderr, answer.status) == ("half\udcff", "", None)


@pytest.mark.usefixtures("short_grace")
def test_a_reading_call_that_takes_too_long_is_an_error_that_names_the_option(sandbox: Sandbox) -> None:
    with pytest.raises(TimedOutError) as caught:
        door(sandbox, script(sandbox, "exec sleep 60"), timeout=0.2).ask("deployment", "list", "--all", SECRET)
    assert str(caught.value) == "`astro deployment list --all` did not answer within 0.2 seconds."
    assert "--timeout" in caught.value.hint
    assert caught.value.exit_code is ExitCode.UNUSABLE


@pytest.mark.usefixtures("short_grace")
def test_an_error_in_the_middle_of_a_call_ends_the_call(sandbox: Sandbox) -> None:
    pid = sandbox.folder / "pid"

    def interrupt(_text: str) -> AbstractContextManager[None]:
        wait_for(pid)
        raise KeyboardInterrupt

    program = script(sandbox, f"sleep 60 & echo $$ $! > {pid}; wait")
    with pytest.raises(KeyboardInterrupt):
        door(sandbox, program, watch=interrupt).run()
    assert all(is_gone(int(one)) for one in pid.read_text().split())


@pytest.mark.usefixtures("short_grace")
def test_stop_ends_every_call_that_runs_and_starts_no_more_until_resumed(sandbox: Sandbox) -> None:
    pids = [sandbox.folder / f"pid-{number}" for number in range(2)]
    astro = door(sandbox, script(sandbox, "trap '' TERM; sleep 60 & echo $$ $! > \"$1\"; wait; wait; echo ok"))
    answers: list[Answer] = []
    threads = [Thread(target=lambda path=path: answers.append(astro.run(str(path)))) for path in pids]
    for thread in threads:
        thread.start()
    running = [int(one) for path in pids for one in wait_for(path).split()]
    astro.stop()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert all(is_gone(pid) for pid in running)
    assert all(answer.status != 0 for answer in answers)
    with pytest.raises(TimedOutError):
        astro.run("x")
    astro.resume()
    other = door(sandbox, script(sandbox, "echo again"))
    other.stop()
    other.resume()
    assert other.run().stdout == "again\n"


# --- logins ---


@pytest.mark.parametrize(
    ("fault", "environ", "sentence"),
    [
        ("not-logged-in", {}, "not logged in"),
        ("token-expired", {"ASTRO_API_TOKEN": SECRET}, "expired"),
        ("token-malformed", {"ASTRO_API_TOKEN": SECRET}, "malformed"),
    ],
)
def test_without_a_usable_login_the_error_says_so_and_no_browser_opens(
    sandbox: Sandbox, fault: str, environ: dict[str, str], sentence: str
) -> None:
    sandbox.fault(fault)
    with pytest.raises(NotLoggedInError) as caught:
        door(sandbox, env=environ).ask(*LIST)
    assert sentence in str(caught.value)
    assert "astro login" in caught.value.hint
    assert not any(call.get("browser_opened") for call in sandbox.calls())
    assert SECRET not in shown(caught.value)


NOT_ANY_MORE = "Error: the Deployment specified was not found in this workspace: Invalid authorization token.\n"


@pytest.mark.parametrize("answer", [Answer(NOT_ANY_MORE, "", 1), Answer("", f"x\n{NOT_ANY_MORE}", 1)])
def test_a_login_that_astro_does_not_accept_is_to_be_renewed(answer: Answer) -> None:
    with pytest.raises(NotLoggedInError, match="does not accept your login") as caught:
        judge_login(answer)
    assert "astro login" in caught.value.hint


@pytest.mark.parametrize("words", [("dev", "run", "variables", "list"), ("config", "get", "dev.mode")])
def test_what_local_airflow_holds_says_nothing_about_the_login(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    program = script(sandbox, "echo 'Welcome to the Astro CLI, API Token is expired'")
    assert door(sandbox, program).ask(*words).status == 0


@pytest.mark.parametrize(
    "output",
    ["", "Using an Astro API Token\n", '{"x": "Invalid authorization token"}\n', "Error: x\n", "Welcome", " NAME  x\n"],
)
def test_any_other_output_says_nothing_about_the_login(output: str) -> None:
    for answer in (Answer(output, "", 0), Answer("", output, 1)):
        judge_login(answer)
        assert answer.text == output


# --- finding the program ---


def test_the_first_astro_on_the_path_of_the_run_is_used(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    bin_folder = sandbox.folder / "bin"
    bin_folder.mkdir()
    own = bin_folder / "astro"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o700)
    assert find_astro(None, {"PATH": f"{bin_folder}:{sandbox.environment['PATH']}"}) == own
    assert find_astro(None, sandbox.environment) != own
    assert find_astro(str(own), {"PATH": "/nowhere"}) == own
    assert find_astro("astro", {"PATH": str(bin_folder)}) == own


@pytest.mark.parametrize("named", [None, "astro", "/nowhere/astro"])
def test_a_program_that_is_not_there_is_told_with_where_to_get_it(named: str | None) -> None:
    with pytest.raises(UnusableError) as caught:
        find_astro(named, {"PATH": "/nowhere"})
    assert named is None or named in str(caught.value)
    assert "--astro-bin" in caught.value.hint
    assert "install" in caught.value.hint


def test_a_file_that_cannot_be_run_is_no_program(sandbox: Sandbox) -> None:
    path = script(sandbox, "exit 0")
    path.chmod(0o600)
    with pytest.raises(UnusableError):
        find_astro(str(path), sandbox.environment)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (("deployment", "list"), "y\n"),
        (("dev", "object", "export"), "y\n"),
        (("dev", "run", "version"), ""),
    ],
)
def test_a_line_waits_for_every_login_but_not_where_nobody_reads_it(
    sandbox: Sandbox, words: tuple[str, ...], given: str
) -> None:
    assert door(sandbox, script(sandbox, "exec cat\n")).run(*words).stdout == given


def test_no_argument_enters_a_log(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    # plumbum logs the whole argument list at DEBUG: with --allow-argv a value.
    caplog.set_level(logging.DEBUG)
    door(sandbox).run("version", f"K={SECRET}")
    assert SECRET not in caplog.text
