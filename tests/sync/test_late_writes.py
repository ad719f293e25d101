"""A write that timed out may still arrive; two runs of one machine; and what a report never leaves out."""

import pytest

from processes import start, wait_until
from runs import document, target, targets
from sandbox import Result, Sandbox
from warm import Warm

SEND = ("local-to-deploy", "-d", "dep-1", "--no-export", "--yes")


def results(result: Result) -> dict[str, str]:
    return {change["key"]: change["result"] for change in targets(document(result))[0]["changes"]}


@pytest.mark.long
def test_a_write_that_timed_out_and_is_not_seen_is_unknown_and_every_key_is_named(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("A=1\nB=2\n")
    sandbox.fault("late-write", seconds=600)
    result = warm.run(sandbox, *SEND, "--timeout", "2", "--json")
    assert result.code == 6, result
    assert results(result) == {"A": "unknown", "B": "unknown"}


@pytest.mark.long
def test_a_write_that_timed_out_and_arrives_within_the_time_limit_is_done(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("A=1\n")
    sandbox.fault("late-write", seconds=6)
    result = warm.run(sandbox, *SEND, "--timeout", "5", "--json")
    assert sandbox.deployment() == {"A": ("1", False)}
    assert (result.code, results(result)) == (0, {"A": "done"}), result


@pytest.mark.long
@pytest.mark.parametrize(
    "said", ['Post "https://x": context deadline exceeded (Client.Timeout exceeded)', 'Post "https://x": EOF']
)
def test_a_write_that_astro_gave_up_on_may_still_arrive(sandbox: Sandbox, warm: Warm, said: str) -> None:
    sandbox.write_env("A=1\n")
    sandbox.fault("write-refused", message=said)
    result = warm.run(sandbox, *SEND, "--timeout", "2", "--json")
    assert (result.code, results(result)) == (6, {"A": "unknown"})


@pytest.mark.long
def test_two_runs_on_one_deployment_wait_for_each_other(sandbox: Sandbox) -> None:
    sandbox.write_env("A=1\nB=2\n")
    sandbox.write_env("A=1\nB=2\nC=3\n", name="other.env")
    sandbox.fault("slow", command="deployment variable create", seconds=1)
    first = start(sandbox, *SEND, "--json")
    wait_until(sandbox.writing_calls)
    second = start(sandbox, *SEND, "-e", "other.env", "--json")
    ends = [run.end() for run in (first, second)]
    assert [end.code for end in ends] == [0, 0], ends
    assert sandbox.deployment() == {"A": ("1", False), "B": ("2", False), "C": ("3", False)}
    later = target(document(ends[1]))
    assert later == {"A": "unchanged", "B": "unchanged", "C": "create"}, "it saw what the first one wrote"


KEYS = [f"KEY_{number:03}" for number in range(60)]


@pytest.mark.parametrize("there", ["other", None])
@pytest.mark.parametrize("partial", [(), ("--partial",)])
def test_keys_that_are_refused_are_all_named_however_many(
    sandbox: Sandbox, warm: Warm, there: str | None, partial: tuple[str, ...]
) -> None:
    sandbox.write_env("".join(f'{key}="two\\nlines"\n' for key in KEYS) + "FINE=1\n")
    for key in KEYS[:30] if there else ():
        sandbox.set_variable(key, str(there))
    result = warm.run(sandbox, *SEND, "--on-conflict", "overwrite", *partial)
    assert result.code == (7 if partial else 3), result
    assert [key for key in KEYS if key not in result.stdout] == []


def test_keys_that_are_written_over_or_differ_are_all_named_however_many(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("".join(f"{key}=new\n" for key in KEYS))
    for key in KEYS:
        sandbox.set_variable(key, "old")
    dry = warm.run(sandbox, *SEND, "--on-conflict", "overwrite", "--dry-run")
    assert dry.code == 0, dry
    assert [key for key in KEYS if key not in dry.stdout] == []
    refused = warm.run(sandbox, *SEND)
    assert refused.code == 3, refused
    assert [key for key in KEYS if key not in refused.stdout] == []


def test_keys_that_were_not_written_as_planned_are_all_named_however_many(sandbox: Sandbox, warm: Warm) -> None:
    sandbox.write_env("".join(f"{key}=new\n" for key in KEYS))
    sandbox.fault("lost-write")
    result = warm.run(sandbox, *SEND)
    assert result.code == 6, result
    assert [key for key in KEYS if key not in result.stdout + result.stderr] == []


DRY = {
    "clean": ("A=1\nMY_TOKEN=t0ken\n", ()),
    "refused": ('A="two\\nlines"\nB=1\n', ("--partial",)),
    "argv": ('A="two\\nlines"\nB=1\n', ("--allow-argv", "A")),
    "one line": ("""AIRFLOW_VAR_J='{\n  "a": 1\n}'\n""", ()),
    "conflict": ("OLD=new\nB=1\n", ("--on-conflict", "keep")),
}


@pytest.mark.parametrize("case", DRY)
def test_a_dry_run_says_what_the_run_says(sandbox: Sandbox, warm: Warm, case: str) -> None:
    text, words = DRY[case]
    sandbox.write_env(text)
    sandbox.set_variable("OLD", "old")
    dry, real = (warm.run(sandbox, *SEND, *words, *more, "--json") for more in (("--dry-run",), ()))
    assert dry.code == real.code

    def decided(result: Result) -> list[object]:
        place = targets(document(result))[0]
        return [[{**change, "result": None} for change in place["changes"]], place["warnings"]]

    assert decided(dry) == decided(real)
