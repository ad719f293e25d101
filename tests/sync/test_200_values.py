"""Two hundred awkward values, every one of which arrives exactly as local Airflow has it, or is refused by name."""

import random

import pytest

from astro_sync.envfile.dialects import RUNTIMES
from runs import actions, document, env_changes, pull, push, target, values
from sandbox import Sandbox

pytestmark = pytest.mark.long

PARTS = [
    *["'", '"', "''", '"x"', "\\", "\\\\", "\\n", '\\"', "\\'", "#", " # ", "\t#", "$", "$$", "${A}", "$A", "${A:-b}"],
    *["${", "}", "=", "==", "%", "%20", "%2F%", "žluť", "🚀", "\u2028", "\u00a0", "é", " ", "  ", "\t", ":", ",", "@"],
    *['{"a": [1, "b c"]}', "[]", "null", "true", "0", "-1.5e3", "export A=1", "AIRFLOW_VAR_X=1", "`id`", "$(id)", "!"],
    *["~", "*", "# secret", "word", "Word", "a b", "&", ";", "|", "<", ">", "\\0", "\\x41", "\\u0041", "\r", "\x1b[0m"],
]
LONG = ["x" * 60_000, "ž" * 30_000, "a b # " * 10_000, '"' * 60_000, "\\" * 50_000]


def generated() -> dict[str, str]:
    """Return the values by variable name; none is empty or only a placeholder."""
    dice = random.Random(20_260_801)  # noqa: S311 - the same values in each run
    found = [*LONG, *PARTS, "one\ntwo", "\n", "a\n\nAIRFLOW_VAR_V0=x", "-----BEGIN X-----\nabc\n-----END X-----\n"]
    while len(found) < 200:
        found.append("".join(dice.choices(PARTS, k=dice.randint(2, 6))))
    texts = [text for text in found if text.strip() not in {"# secret", "****"}]
    return {f"v{number}": text for number, text in enumerate(texts)}


def check(sandbox: Sandbox, mode: str, refused: set[str], expected: dict[str, str]) -> None:
    """Compare the Deployment with what the local runtime reads from `.env`, and both with what was stored."""
    read = RUNTIMES[mode].read(sandbox.read_env(), {}).values()
    assert values(sandbox) == read
    assert read == {key: text for key, text in expected.items() if key not in refused}


@pytest.mark.parametrize("mode", ["docker", "standalone"])
@pytest.mark.parametrize("words", [(), ("--allow-argv", "*")], ids=["file", "argv"])
def test_every_value_arrives_exactly_or_is_refused_by_name(sandbox: Sandbox, mode: str, words: tuple[str, ...]) -> None:
    sandbox.use_mode(mode)
    stored = generated()
    assert len(stored) >= 195
    sandbox.set_airflow(stored)
    result = push(sandbox, "--partial", "--json", *words)
    found = document(result)
    refused = {key for key, action in target(found).items() if action == "refused"}
    assert result.code == (7 if refused else 0)
    assert refused == {key for key, action in actions(env_changes(found)).items() if action == "refused"}
    expected = {f"AIRFLOW_VAR_{name.upper()}": text for name, text in stored.items()}
    check(sandbox, mode, refused, expected)
    # what has no line break and no outer white space is what every file carries
    padded = {key for key, text in expected.items() if text.strip() != text or "\n" in text}
    assert refused <= padded
    if words and mode == "docker":
        assert refused == set()


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_every_value_comes_down_exactly_or_is_refused_by_name(sandbox: Sandbox, mode: str) -> None:
    sandbox.use_mode(mode)
    expected = {f"AIRFLOW_VAR_{name.upper()}": text for name, text in generated().items()}
    with sandbox.change() as state:
        state["deployments"][0]["variables"] = [
            {"key": key, "value": text, "is_secret": False} for key, text in expected.items()
        ]
    result = pull(sandbox, "--partial", "--json")
    refused = {key for key, action in target(document(result)).items() if action == "refused"}
    assert result.code == (7 if refused else 0)
    read = RUNTIMES[mode].read(sandbox.read_env(), {}).values()
    assert read == {key: text for key, text in expected.items() if key not in refused}
    assert refused == ({key for key, text in expected.items() if "\n" in text} if mode == "standalone" else set())


@pytest.mark.parametrize("mode", ["docker", "standalone"])
def test_what_stands_in_env_goes_up_as_the_local_runtime_reads_it(sandbox: Sandbox, mode: str) -> None:
    """Write the values raw behind `KEY=`, as people do, each in a file of its own where the runtime rejects them."""
    sandbox.use_mode(mode)
    lines = [f"V{number}={text}" for number, text in enumerate(generated().values()) if "\n" not in text]
    whole = [line for line in lines if RUNTIMES[mode].read(line, {}).rejected is None]
    assert len(whole) > 120
    text = "\n".join(whole) + "\n"
    reading = RUNTIMES[mode].read(text, {})
    assert reading.rejected is None
    sandbox.write_env(text)
    result = push(sandbox, "--no-export", "--partial", "--allow-argv", "*", "--json")
    left = {key for key, action in target(document(result)).items() if action in {"refused", "skip"}}
    assert result.code in {0, 7}
    assert values(sandbox) == {key: value for key, value in reading.values().items() if key not in left}
    assert sandbox.read_env() == text
