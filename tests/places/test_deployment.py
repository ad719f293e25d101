"""What a Deployment's variables can carry."""

import pytest

from astro_sync.core.model import Kind, Name, Reason, Value, Write
from astro_sync.places.base import PlaceOptions, Role
from astro_sync.places.registry import open_place
from places.subjects import surroundings
from sandbox import Sandbox

PEM = "-----BEGIN\nKEY-----"


@pytest.mark.parametrize("key", ["AIRFLOW_VAR_A=B", "=A", "AIRFLOW_VAR_A\0", ""])
def test_a_name_that_no_argument_can_carry_is_refused_whatever_is_allowed(sandbox: Sandbox, key: str) -> None:
    options = PlaceOptions(allow_argv=("*",))
    place = open_place("deployment:dep-1", Role.DESTINATION, surroundings(sandbox, options=options))
    assert place.refusal(Write(Name(Kind.ENVIRONMENT, key), Value("text"))) is not None


@pytest.mark.parametrize(
    ("globs", "refused"), [((), True), (("OTHER",), True), (("PEM",), False), (("P*",), False), (("pem",), True)]
)
def test_only_what_a_glob_names_may_go_through_the_argument_list(
    sandbox: Sandbox, globs: tuple[str, ...], *, refused: bool
) -> None:
    options = PlaceOptions(allow_argv=globs)
    place = open_place("deployment:dep-1", Role.DESTINATION, surroundings(sandbox, options=options))
    refusal = place.refusal(Write(Name(Kind.ENVIRONMENT, "PEM"), Value(PEM)))
    assert (refusal is not None) is refused
    ways_out = ("--line-breaks env-manager", "--allow-argv PEM")
    assert refusal is None or (refusal.reason, refusal.ways_out) == (Reason.LINE_BREAK, ways_out)


def test_what_no_argument_can_hold_is_offered_no_way_through_it(sandbox: Sandbox) -> None:
    options = PlaceOptions(allow_argv=("*",))
    place = open_place("deployment:dep-1", Role.DESTINATION, surroundings(sandbox, options=options))
    refusal = place.refusal(Write(Name(Kind.ENVIRONMENT, "PEM"), Value("x\n" * 70_000)))
    assert refusal is not None
    assert refusal.ways_out == ("--line-breaks env-manager",)
