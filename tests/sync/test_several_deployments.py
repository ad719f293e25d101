"""Several Deployments in one run: side by side, one report, one confirmation, and each one's failure its own."""

import re
from collections.abc import Sequence

import pytest

from runs import deployment_ids, document, results, target, targets, values
from sandbox import Json, Result, Sandbox

NAMES = {"dep-1": "prod", "dep-2": "stage", "dep-3": "test"}


@pytest.fixture
def three(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox of three empty Deployments and a file of a plain key and a secret one."""
    sandbox.add_deployment("dep-2", "stage")
    sandbox.add_deployment("dep-3", "test")
    sandbox.write_env("A=1\nMY_TOKEN=planted\n")
    return sandbox


def send(
    sandbox: Sandbox, *words: str, to: Sequence[str] = tuple(NAMES), yes: bool = True, text: str = "", tty: bool = False
) -> Result:
    named = [word for deployment_id in to for word in ("-d", deployment_id)]
    given = [*named, *(["--yes"] if yes else []), *words]
    return sandbox.run("local-to-deploy", "--no-export", *given, input=text, tty=tty)


def by_id(found: Json) -> dict[str, Json]:
    return dict(zip(deployment_ids(found), targets(found), strict=True))


def test_one_report_has_them_all_in_the_order_in_which_they_were_named(three: Sandbox) -> None:
    found = document(send(three, "--json", to=("dep-3", "dep-1", "dep-2")))
    assert list(by_id(found)) == ["dep-3", "dep-1", "dep-2"]
    assert all(place["applied"] for place in targets(found))
    assert [target(found, number) for number in range(3)] == [{"A": "create", "MY_TOKEN": "create"}] * 3
    for deployment_id in NAMES:
        assert values(three, deployment_id) == {"A": "1", "MY_TOKEN": "planted"}


def test_the_table_has_a_column_for_each_and_a_last_line_too(three: Sandbox) -> None:
    result = send(three)
    assert result.code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split()[:4] == ["KEY", *NAMES.values()]
    assert [line.split()[:3] for line in lines[-3:]] == [[name, "2", "new"] for name in NAMES.values()]


def test_more_than_four_have_a_section_each(three: Sandbox) -> None:
    names = [f"dep-{number}" for number in range(1, 7)]
    for name in names[3:]:
        three.add_deployment(name, f"name-{name}")
    result = send(three, "--dry-run", to=names)
    assert len([line for line in result.stdout.splitlines() if line.startswith("KEY ")]) == 6
    for name in names:
        assert re.search(rf"^Deployment \S+ \({name}\).*:$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(("answer", "code", "count"), [("y\n", 0, 3), ("n\n", 1, 0)])
def test_one_confirmation_for_all(three: Sandbox, answer: str, code: int, count: int) -> None:
    result = send(three, yes=False, text=answer, tty=True)
    assert result.code == code
    assert result.stdout.count("[y/N]") == 1
    question = result.stdout.partition("[y/N]")[0]
    for deployment_id, name in NAMES.items():
        assert re.search(rf"{name} \({deployment_id}\).*\b2 writing calls\b", question)
    assert sum(bool(values(three, deployment_id)) for deployment_id in NAMES) == count


def test_only_those_that_would_change_are_asked_about(three: Sandbox) -> None:
    send(three, to=("dep-1", "dep-2"))
    result = send(three, yes=False, text="y\n", tty=True)
    assert result.code == 0
    question = result.stdout.partition("Go on?")[0]
    assert [name for name in NAMES.values() if re.search(rf"{name} \(\S+\).*writing call", question)] == ["test"]


@pytest.mark.parametrize(
    "words", [("-d", "dep-1", "-d", "dep-1"), ("-n", "prod", "-d", "dep-1"), ("-t", "x", "-t", "y")]
)
def test_the_same_deployment_named_twice_is_one(three: Sandbox, words: tuple[str, ...]) -> None:
    (three.project / ".astro-sync.toml").write_text(
        "[targets.x]\ndeployment_id = 'dep-1'\n[targets.y]\ndeployment_name = 'prod'\n"
    )
    result = send(three, *words, "--json", to=())
    assert result.code == 0
    assert list(by_id(document(result))) == ["dep-1"]
    assert three.writes("dep-1") == 2


def test_targets_and_ids_go_together(three: Sandbox) -> None:
    (three.project / ".astro-sync.toml").write_text("[targets.x]\ndeployment_id = 'dep-2'\n")
    found = document(send(three, "-t", "x", "--json", to=("dep-1",)))
    assert set(by_id(found)) == {"dep-1", "dep-2"}


def test_each_target_has_settings_of_its_own(three: Sandbox) -> None:
    (three.project / ".astro-sync.toml").write_text(
        "[targets.x]\ndeployment_id = 'dep-1'\ninclude = ['A']\n"
        "[targets.y]\ndeployment_id = 'dep-2'\nplain = ['MY_*']\n"
    )
    assert send(three, "-t", "x", "-t", "y", to=()).code == 0
    assert three.deployment("dep-1") == {"A": ("1", False)}
    assert three.deployment("dep-2") == {"A": ("1", False), "MY_TOKEN": ("planted", False)}


def test_targets_that_cannot_run_together_say_why_and_how(three: Sandbox) -> None:
    three.write_env("A=1\n", ".env.y")
    (three.project / ".astro-sync.toml").write_text(
        "[targets.x]\ndeployment_id = 'dep-1'\n[targets.y]\ndeployment_id = 'dep-2'\nenv = '.env.y'\n"
    )
    result = send(three, "-t", "x", "-t", "y", to=())
    assert result.code == 2
    assert "--env" in result.stderr
    assert three.writing_calls() == []
    assert send(three, "-t", "x", "-t", "y", "--env", ".env.y", to=()).code == 0


# --- each one's failure is its own ---


def test_one_whose_write_fails_does_not_hinder_the_others(three: Sandbox) -> None:
    three.write_env("A=1\n")
    three.fault("write-refused", command="deployment variable create", nth=2)
    result = send(three, "--json", "--jobs", "1")
    assert result.code == 6
    found = by_id(document(result))
    written = {deployment_id: values(three, deployment_id) == {"A": "1"} for deployment_id in NAMES}
    assert written == {"dep-1": True, "dep-2": False, "dep-3": True}
    assert {deployment_id: place["applied"] for deployment_id, place in found.items()} == written
    assert results(found["dep-2"]["changes"]) == {"A": "not-written"}
    assert results(found["dep-1"]["changes"]) == {"A": "done"}


def test_all_failing_without_a_change_is_1(three: Sandbox) -> None:
    three.fault("write-refused")
    result = send(three, "--json")
    assert result.code == 1
    assert not any(place["applied"] for place in targets(document(result)))


def test_one_that_cannot_be_read_leaves_all_alone_and_is_named(three: Sandbox) -> None:
    result = send(three, "--json", to=("dep-1", "dep-9", "dep-2"))
    assert result.code == 4
    assert "dep-9" in document(result)["error"]["message"] + str(document(result)["error"]["hint"])
    assert three.writing_calls() == []


def test_a_conflict_on_one_names_it_and_leaves_all_alone(three: Sandbox) -> None:
    three.set_variable("A", "there", deployment_id="dep-2")
    result = send(three)
    assert result.code == 3
    assert three.writing_calls() == []
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("A ")]
    assert re.search(r"\+ new +! differs +\+ new", row)


def test_a_terminal_says_which_deployment_a_conflict_is_on(three: Sandbox) -> None:
    for deployment_id in ("dep-1", "dep-3"):
        three.set_variable("A", "planted-there", deployment_id=deployment_id)
    result = send(three, yes=False, text="n\ny\ny\n", tty=True)
    assert result.code == 0
    assert re.findall(r"Overwrite (\w+)'s\?", result.stdout) == ["prod", "test"]
    assert values(three, "dep-1")["A"] == "planted-there"
    assert values(three, "dep-3")["A"] == "1"
    assert "planted" not in result.stdout


# --- side by side ---


def at_once(sandbox: Sandbox, prefix: str) -> int:
    """Return how many such calls were under way at the same time."""
    calls = sandbox.calls(prefix)
    return max(sum(bool(one["start"] <= other["start"] < one["end"]) for one in calls) for other in calls)


@pytest.mark.long
@pytest.mark.parametrize(("words", "most"), [(("--jobs", "1"), 1), (("--jobs", "2"), 2)])
def test_jobs_bounds_how_many_are_written_at_the_same_time(three: Sandbox, words: tuple[str, ...], most: int) -> None:
    three.write_env("A=1\n")
    three.fault("slow", command="deployment variable create", seconds=0.3)
    assert send(three, *words).code == 0
    assert len(three.calls("deployment variable create")) == 3
    assert at_once(three, "deployment variable create") == most


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_jobs_is_a_number_of_at_least_one(three: Sandbox, number: str) -> None:
    result = send(three, "--jobs", number)
    assert result.code == 2
    assert "--jobs" in result.stderr


@pytest.mark.long
def test_several_are_read_and_written_at_the_same_time(three: Sandbox) -> None:
    three.write_env("A=1\n")
    three.fault("slow", command="deployment", seconds=0.6)
    assert send(three).code == 0
    assert at_once(three, "deployment inspect") == 3
    assert at_once(three, "deployment variable create") == 3


# --- progress ---


def test_a_terminal_is_told_what_it_waits_for(three: Sandbox) -> None:
    three.write_env("A=1\n")
    three.fault("slow", command="deployment variable create", seconds=0.8)
    result = send(three, tty=True)
    assert result.code == 0
    assert re.search(r"astro deployment variable.* and 2 more", result.stdout)


def test_without_a_terminal_there_is_no_progress(three: Sandbox) -> None:
    three.write_env("A=1\n")
    three.fault("slow", command="deployment variable create", seconds=0.8)
    result = send(three, "--no-backup")
    assert result.code == 0
    assert "astro deployment" not in result.stderr
    assert "\r" not in result.stdout + result.stderr


def test_going_down_takes_one_deployment(three: Sandbox) -> None:
    result = three.run("deploy-to-local", "-d", "dep-1", "-d", "dep-2", "--yes")
    assert result.code == 2
    assert "--deployment-id" in result.stderr
