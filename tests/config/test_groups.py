"""A group of targets, and twelve Deployments side by side in one `diff`."""

import pytest

from planting import Search, assert_nothing_shown
from runs import document, targets
from sandbox import Sandbox

NUMBERS = range(1, 13)
SEARCH = Search(("pl4nted-here", "pl4nted-there", "pl4nted-secret"))


@pytest.fixture
def twelve(sandbox: Sandbox) -> Sandbox:
    """Return twelve targets in one group; their Deployments hold a key alike, otherwise, secret or not."""
    held = {0: ("pl4nted-here", False), 1: ("pl4nted-there", False), 2: ("pl4nted-secret", True)}
    lines = []
    for number in NUMBERS:
        if number > 1:
            sandbox.add_deployment(f"dep-{number}", f"d{number}")
        if number % 4 in held:
            value, secret = held[number % 4]
            sandbox.set_variable("SHARED", value, secret=secret, deployment_id=f"dep-{number}")
        lines.append(f'[targets.t{number}]\ndeployment_id = "dep-{number}"\n')
    names = ", ".join(f'"t{number}"' for number in NUMBERS)
    lines.append(f'[groups]\nall = [{names}]\nfew = ["t2", "t3"]\n')
    (sandbox.project / ".astro-sync.toml").write_text("".join(lines))
    sandbox.write_env("SHARED=pl4nted-here\n")
    return sandbox


def test_a_group_is_sent_to_all_of_its_targets_and_to_no_other(twelve: Sandbox) -> None:
    twelve.write_env("NEW=1\n")
    result = twelve.run("local-to-deploy", "--no-export", "--yes", "-t", "few", "--json")
    assert result.code == 0
    assert [place["address"] for place in targets(document(result))] == ["deployment:dep-2", "deployment:dep-3"]
    assert [number for number in NUMBERS if "NEW" in twelve.deployment(f"dep-{number}")] == [2, 3]


def test_a_group_and_one_of_its_targets_are_each_once(twelve: Sandbox) -> None:
    found = document(twelve.run("diff", "-t", "few", "-t", "t3", "-t", "t4", "--json"))
    assert [place["address"] for place in targets(found)] == [
        "deployment:dep-2",
        "deployment:dep-3",
        "deployment:dep-4",
    ]


@pytest.mark.parametrize("words", [(), ("--format", "markdown")])
def test_twelve_deployments_are_a_matrix_of_a_row_for_each_key(twelve: Sandbox, words: tuple[str, ...]) -> None:
    result = twelve.run("diff", "-t", "all", *words)
    assert result.code == 0
    rows = [line for line in result.stdout.splitlines() if "SHARED" in line]
    assert len(rows) == 1
    marks = [cell for cell in rows[0].replace("|", " ").replace("\\", "").split() if cell in {"=", "≠", "–", "*"}]  # noqa: RUF001
    assert marks == ["≠", "*", "–", "="] * 3  # noqa: RUF001
    head = next(line for line in result.stdout.splitlines() if "prod" in line and "d12" in line)
    assert [name for name in head.replace("|", " ").split() if name in {"prod", *(f"d{n}" for n in NUMBERS)}] == [
        "prod",
        *(f"d{number}" for number in NUMBERS if number > 1),
    ]
    assert_nothing_shown(twelve, result, search=SEARCH)
