"""What a Deployment's variables can carry."""

import os

import pytest

from astro_sync.core.filters import EVERYTHING
from astro_sync.core.model import Action, Change, Kind, Name, Plan, Reason, Value, Write
from astro_sync.errors import UnusableError
from astro_sync.places.astro_cli import TooMuchOutputError
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


def put_before_astro(sandbox: Sandbox, script: str) -> None:
    """Let a shell script stand in front of the stand-in, which it finds as `$ASTRO`."""
    program = sandbox.folder / "before" / "astro"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nASTRO={sandbox.astro_program}\n{script}")
    program.chmod(0o755)
    sandbox.environment["PATH"] = os.pathsep.join([str(program.parent), sandbox.environment["PATH"]])


def test_an_answer_about_another_deployment_is_refused(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "other")
    put_before_astro(sandbox, 'if [ "$2" = inspect ]; then exec "$ASTRO" deployment inspect dep-2 -o json; fi')
    with open_place("deployment:dep-1", Role.DESTINATION, surroundings(sandbox)) as place:
        with pytest.raises(UnusableError, match="dep-2"):
            place.read(EVERYTHING)
        assert place.address == "deployment:dep-1"


def test_a_writing_call_that_prints_without_end_is_told_as_that(sandbox: Sandbox) -> None:
    put_before_astro(sandbox, 'if [ "$3" = create ]; then exec head -c 70000000 /dev/zero; fi\nexec "$ASTRO" "$@"')
    write = Write(Name(Kind.ENVIRONMENT, "A"), Value("1"))
    with open_place("deployment:dep-1", Role.DESTINATION, surroundings(sandbox)) as place:
        place.read(EVERYTHING)
        written = place.apply(place.prepare(Plan((Change(write.name, Action.CREATE, write=write),))))
    assert isinstance(written.failure, TooMuchOutputError)
    assert written.may_arrive
