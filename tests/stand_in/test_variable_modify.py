"""Contract, "astro deployment variable create|update"."""

import pytest

from sandbox import Sandbox

CREATE = ("deployment", "variable", "create", "-d", "dep-1")
UPDATE = ("deployment", "variable", "update", "-d", "dep-1")
FAILED = (
    "Error: there was an error while creating or updating one or more of the environment variables. "
    "Check the command output above for more information\n"
)
CLEANING = "Cleaning quotes and whitespaces from variable "


def plain(sandbox: Sandbox) -> dict[str, str]:
    return {key: value for key, (value, secret) in sandbox.deployment().items() if not secret}


# --- how a file is read ---

LINES = {
    "a plain value": ("A=1", {"A": "1"}),
    "one trailing CR goes": ("A=1\r", {"A": "1"}),
    "of two CRs the trim takes the other": ("A=1\r\r", {"A": "1"}),
    "a CR inside stays": ("A=x\ry", {"A": "x\ry"}),
    "comments begin in column 0": ("#A=1\n #B=2", {" #B": "2"}),
    "nothing behind a value is a comment": ("A=v # note", {"A": "v # note"}),
    "export is part of the key": ("export K=v", {"export K": "v"}),
    "blanks are part of the key": ("K = v", {"K ": "v"}),
    "the first equals sign splits": ("A=b=c", {"A": "b=c"}),
    "double quotes go, all of them": ('A="""v"""', {"A": "v"}),
    "unpaired ones too": ('A="v', {"A": "v"}),
    "then single ones": ("A=\"'v'\"", {"A": "v"}),
    "double quotes inside single ones stay": ("A='\"v\"'", {"A": '"v"'}),
    "then white space": ('A=" v\t"', {"A": "v"}),
    "blanks shield the quotes": ('A= "v" ', {"A": '"v"'}),
    "an empty pair of quotes sends nothing": ('A=""', {"A": ""}),
    "blanks alone send nothing": ("A= ", {"A": ""}),
    "Go's white space": ("A=\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\v\fv", {"A": "v"}),
    "not Python's": ("A=\x1cv\x1f", {"A": "\x1cv\x1f"}),
    "nor others": ("A=\u200b\ufeff\u180ev", {"A": "\u200b\ufeff\u180ev"}),
    "no escapes": (r"A=\n\"x", {"A": r"\n\"x"}),
    "no dollars": ("A=$HOME ${X}", {"A": "$HOME ${X}"}),
    "a BOM belongs to the key": ("\ufeffA=1", {"\ufeffA": "1"}),
    "NUL is a character": ("A=a\x00b", {"A": "a\x00b"}),
    "a multi-line value ends at its line": ('A="l1\nB=l2"', {"A": "l1", "B": "l2"}),
    "empty lines are skipped": ("\n\nA=1\n\n", {"A": "1"}),
}


@pytest.mark.parametrize("name", LINES)
def test_load_reads_a_line_so(sandbox: Sandbox, name: str) -> None:
    text, expected = LINES[name]
    sandbox.write_env(text)
    result = sandbox.astro(*CREATE, "--load")
    assert (result.code, result.stderr) == (0, "")
    assert plain(sandbox) == expected


def test_bytes_that_are_no_text_arrive_as_replacement_characters(sandbox: Sandbox) -> None:
    sandbox.write_env(b"A=\xff\xe2\x82 \xc2\xa0v\xc2\xa0")
    assert sandbox.astro(*CREATE, "--load").code == 0
    assert plain(sandbox) == {"A": "\ufffd\ufffd\ufffd \xa0v"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("X", "X is an improperly formatted variable, no variable created\n"),
        ("=v", "empty key! skipping creating variable with key: \n"),
        ("X=", "empty value! skipping creating variable with key: X\n"),
        ("X=1\nX=2", "key X already exists within the file specified, skipping creation\n"),
        ("OLD=2", "key OLD already exists skipping creation use the --update flag to update old variables\n"),
    ],
)
def test_one_bad_line_is_skipped_the_rest_is_applied_and_the_end_is_1(
    sandbox: Sandbox, lines: str, message: str
) -> None:
    sandbox.set_variable("OLD", "1")
    sandbox.write_env(f"A=1\n{lines}\nB=2")
    result = sandbox.astro(*CREATE, "--load")
    assert (result.code, result.stderr) == (1, FAILED)
    assert message in result.stdout
    after = plain(sandbox)
    assert (after["A"], after["B"], after["OLD"]) == ("1", "2", "1")
    assert after.get("X", "1") == "1"


@pytest.mark.parametrize(
    ("length", "end", "kept"),
    [
        (65_535, "\n", True),
        (65_536, "\n", False),
        (65_534, "\r\n", True),
        (65_535, "\r\n", False),
        (65_535, "", True),
        (65_536, "", False),
    ],
)
def test_a_line_over_64_kib_and_all_behind_it_are_dropped_and_the_end_is_0(
    sandbox: Sandbox, length: int, end: str, *, kept: bool
) -> None:
    value = "v" * (length - len("LONG="))
    sandbox.write_env(f"A=1\nLONG={value}{end}" + ("B=2\n" if end else ""))
    result = sandbox.astro(*CREATE, "--load")
    assert result.code == 0
    assert ("unable to read file .env :\nbufio.Scanner: token too long\n" in result.stdout) is not kept
    assert plain(sandbox) == {"A": "1"} | ({"LONG": value} if kept else {}) | ({"B": "2"} if kept and end else {})


def test_a_missing_file_writes_the_deployment_back_and_ends_with_0(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    result = sandbox.astro(*UPDATE, "--load", "--env", "nope.env")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.startswith(
        "unable to read file nope.env :\nopen nope.env: no such file or directory\n"
        "\nUpdated list of your Deployment's variables:\n"
    )
    assert (sandbox.deployment(), sandbox.writes()) == ({"A": ("1", False)}, 1)


# --- what is printed and kept ---


def test_create_prints_each_step_and_the_new_table(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\nB='2'\n")
    result = sandbox.astro(*CREATE, "-l", "P=3")
    assert result.stdout == (
        "adding variable P\n"
        f"{CLEANING}Aadding variable A\n"
        f"{CLEANING}Badding variable B\n"
        "\nUpdated list of your Deployment's variables:\n"
        " #     KEY     VALUE     SECRET     \n"
        " 1     P       3         false      \n"
        " 2     A       1         false      \n"
        " 3     B       2         false      \n"
    )
    assert sandbox.writes() == 1


def test_update_changes_what_is_there_and_creates_what_is_not(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.set_variable("B", "2")
    sandbox.write_env("B=new\nC=3")
    result = sandbox.astro(*UPDATE, "--load")
    assert result.code == 0
    assert f"{CLEANING}Bupdating variable B \n{CLEANING}Cadding variable C\n" in result.stdout
    assert sandbox.deployment() == {"A": ("1", False), "B": ("new", False), "C": ("3", False)}


def test_secret_applies_to_every_key_of_the_call_and_stays(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.write_env("A=2\nB=3")
    sandbox.astro(*UPDATE, "--load", "--secret", "C=4")
    secrets = {"A": ("2", True), "B": ("3", True), "C": ("4", True)}
    assert sandbox.deployment() == secrets
    sandbox.astro(*UPDATE, "A=5")
    assert sandbox.deployment() == secrets | {"A": ("5", True)}


def test_untouched_secrets_keep_their_values(sandbox: Sandbox) -> None:
    sandbox.set_variable("S", "hush", secret=True)
    result = sandbox.astro(*CREATE, "A=1")
    assert "hush" not in result.stdout
    assert sandbox.deployment() == {"S": ("hush", True), "A": ("1", False)}


def test_what_list_save_wrote_overwrites_the_real_secret(sandbox: Sandbox) -> None:
    sandbox.set_variable("S", "hush", secret=True)
    sandbox.astro("deployment", "variable", "list", "-d", "dep-1", "--save")
    assert sandbox.astro(*UPDATE, "--load").code == 0
    assert sandbox.deployment() == {"S": ("# secret", True)}


def test_an_empty_deployment_stays_empty_with_a_table_of_its_own(sandbox: Sandbox) -> None:
    result = sandbox.astro(*CREATE)
    assert result.stdout.startswith(" NAME     NAMESPACE")
    assert result.stdout.endswith("\n\n Successfully updated Deployment\n\nNo variables for this Deployment\n")


# --- positional pairs ---


@pytest.mark.parametrize(
    ("word", "value"), [("A=1", "1"), ("A=b=c", "b=c"), ("A= v ", " v "), ("A=l1\nl2", "l1\nl2"), ('A="q"', '"q"')]
)
def test_a_positional_value_is_taken_as_it_is(sandbox: Sandbox, word: str, value: str) -> None:
    assert sandbox.astro(*CREATE, word).code == 0
    assert plain(sandbox) == {"A": value}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("X=", "Input X= has blank key or value\n"),
        ("=v", "Input =v has blank key or value\n"),
        ("X", "Input X is not a valid key value pair, should be of the form key=value\n"),
    ],
)
def test_a_bad_pair_is_skipped_and_the_end_is_1(sandbox: Sandbox, word: str, message: str) -> None:
    result = sandbox.astro(*CREATE, word, "A=1")
    assert (result.code, result.stderr) == (1, FAILED)
    assert result.stdout.startswith(message)
    assert plain(sandbox) == {"A": "1"}


def test_a_pair_for_an_existing_key_is_skipped_by_create_and_the_end_is_0(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    result = sandbox.astro(*CREATE, "A=2")
    assert result.code == 0
    assert result.stdout.startswith(
        "key A already exists, skipping creation. Use the update command to update existing variables\n"
    )
    assert plain(sandbox) == {"A": "1"}


def test_an_existing_key_may_come_both_ways_in_one_update(sandbox: Sandbox) -> None:
    sandbox.set_variable("A", "1")
    sandbox.write_env("A=file")
    assert sandbox.astro(*UPDATE, "--load", "A=word").code == 0
    assert plain(sandbox) == {"A": "file"}


def test_one_new_key_both_ways_is_sent_twice_which_nobody_told_about(sandbox: Sandbox) -> None:
    sandbox.write_env("A=file")
    result = sandbox.astro(*CREATE, "--load", "A=word")
    assert (result.code, result.stderr) == (64, "stand-in: not told: one key twice in one request\n")
    assert sandbox.writes() == 0


def test_the_hidden_flags_want_each_other(sandbox: Sandbox) -> None:
    assert sandbox.astro(*CREATE, "-k", "A", "-v", "1").code == 0
    assert plain(sandbox) == {"A": "1"}
    lonely_key = sandbox.astro(*CREATE, "-k", "B")
    assert lonely_key.code == 1
    assert lonely_key.stdout.startswith("Variable with key B not created or updated\nYou must provide a variable value")
    lonely_value = sandbox.astro(*CREATE, "-v", "x")
    assert lonely_value.code == 1
    assert "You must provide a variable key" in lonely_value.stdout
