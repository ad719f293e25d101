import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from astro_sync.console.confirmation import ConfirmationOptions, confirmed
from astro_sync.console.terminal import Terminal
from astro_sync.core.model import Change, Names, Plan, Secrets, Snapshot, Traits
from astro_sync.core.plan import Policy
from astro_sync.errors import DeclinedError, UsageError
from astro_sync.places.base import Prepared
from astro_sync.sync.pipeline import Destination, Step
from console.outcomes import HERE, NOW, created

_FILE = Traits(Names.ENVIRONMENT, atomic=True)
_SHARED = Traits(Names.ENVIRONMENT, secrets=Secrets.HIDDEN, shared=True)
_KEY = "AIRFLOW_VAR_X"


@dataclass(frozen=True)
class NamedPlace:
    """What a confirmation looks at in a place; whatever else is asked of it fails."""

    label: str
    address: str
    traits: Traits
    kind: str = "deployment"

    def __str__(self) -> str:
        return f"Place {self.label}"


def step(label: str, traits: Traits = _SHARED, changes: tuple[Change, ...] = (created(_KEY),)) -> Step:
    place: Any = NamedPlace(label, label if traits.atomic else f"deployment:id-{label}", traits)
    plan = Plan(changes)
    names = frozenset(write.name for write in plan.writes)
    restarting = () if traits.atomic else (names, names)
    prepared = Prepared(writes=plan.writes, calls=2, restarting=restarting, in_argv=(plan.writes[0].name,))
    return Step(place, Destination(place, Policy()), Snapshot(), plan, prepared)


@dataclass
class Run:
    """One confirmation with what is typed, and what is shown."""

    interactive: bool = True
    typed: str = ""
    options: ConfirmationOptions = field(default_factory=ConfirmationOptions)

    def answer(self, monkeypatch: pytest.MonkeyPatch, *steps: Step) -> bool:
        monkeypatch.setattr("sys.stdin", io.StringIO(self.typed))
        return confirmed(steps, self.options, Terminal(interactive=self.interactive, now=NOW))


def protecting(**targets: str) -> Mapping[str, Mapping[str, object]]:
    return {name: {"deployment_id": which} for name, which in targets.items()}


def test_files_alone_are_not_asked_about_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Run(interactive=False).answer(monkeypatch, step(".env", _FILE))
    assert capsys.readouterr().err == ""


def test_a_shared_place_needs_yes_where_nobody_can_be_asked_and_shows_its_plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="Nothing was changed"):
        Run(interactive=False).answer(monkeypatch, step(".env", _FILE), step("prod"))
    shown = capsys.readouterr()
    assert _KEY in shown.err
    assert shown.out == ""
    yes = ConfirmationOptions(yes=True)
    assert Run(interactive=False, options=yes).answer(monkeypatch, step("prod"))


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_is_told_places_calls_restarts_and_argv_and_answers_once(
    typed: str,
    answer: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert Run(typed=typed).answer(monkeypatch, step(".env", _FILE), step("prod")) is answer
    shown = capsys.readouterr().err
    assert "Place .env: 1 new" in shown
    assert f"Place prod: 1 new, 2 writing calls, 2 restarts. In the process list for a moment: {_KEY}." in shown
    assert HERE not in shown


def test_the_end_of_the_input_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeclinedError, match=r"^Nothing was changed\.$"):
        Run(typed="").answer(monkeypatch, step("prod"))


def test_yes_is_not_enough_for_protected_targets_and_all_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ConfirmationOptions(yes=True, protected=protecting(p="id-prod", q="id-eu", r="id-other"))
    with pytest.raises(UsageError) as raised:
        Run(interactive=False, options=options).answer(monkeypatch, step("prod"), step("eu"))
    assert "p, q are protected" in str(raised.value)
    assert raised.value.hint.endswith("--yes-protected p --yes-protected q")
    named = options._replace(yes=False, yes_protected=("p", "q"))
    assert Run(interactive=False, options=named).answer(monkeypatch, step("prod"), step("eu"))


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("p q\n", None),
        ("q,p\n", None),
        ("p\n", 'Nothing was changed: you typed "p", the targets are "p, q".'),
        ("\n", "Nothing was changed."),
    ],
)
def test_the_names_of_all_protected_targets_are_typed_in_one_line(
    typed: str, message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(typed=typed, options=ConfirmationOptions(protected=protecting(p="id-prod", q="id-eu")))
    steps = (step("prod"), step("eu"))
    if message is None:
        assert run.answer(monkeypatch, *steps)
        return
    with pytest.raises(DeclinedError) as raised:
        run.answer(monkeypatch, *steps)
    assert str(raised.value) == message


@pytest.mark.parametrize("yes", [True, False])
def test_what_will_happen_is_told_once_and_before_a_name_is_asked_for(
    yes: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = Run(typed="p\ny\n", options=ConfirmationOptions(yes=yes, protected=protecting(p="id-prod")))
    assert run.answer(monkeypatch, step("prod"), step("eu"))
    told, asked, later = capsys.readouterr().err.partition("Target p is protected")
    assert asked
    assert "Place" not in later
    assert told.count("Place prod: 1 new, 2 writing calls, 2 restarts.") == 1
    assert told.count("Place eu: 1 new, 2 writing calls, 2 restarts.") == 1


def test_a_mistyped_name_is_told_beside_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(typed="prd\n", options=ConfirmationOptions(protected=protecting(prod="id-prod")))
    with pytest.raises(DeclinedError) as raised:
        run.answer(monkeypatch, step("prod"))
    assert str(raised.value) == 'Nothing was changed: you typed "prd", the target is "prod".'


def test_one_protected_target_does_not_answer_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(typed="p\nn\n", options=ConfirmationOptions(protected=protecting(p="id-prod")))
    assert not run.answer(monkeypatch, step("prod"), step("eu"))


def test_a_target_that_differs_in_case_alone_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ConfirmationOptions(yes=True, protected=protecting(p="ID-PROD"))
    assert Run(options=options).answer(monkeypatch, step("prod"))
    assert "Target p does not protect Place prod" in capsys.readouterr().err
