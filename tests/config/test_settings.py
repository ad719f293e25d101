from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from posixpath import join, normpath
from typing import Any

import pytest

from astro_sync.config.declarations import OPTIONS
from astro_sync.config.file import Config, Settings
from astro_sync.config.options import CommandLine, DeploymentOptions, MoveOptions, make_options
from astro_sync.config.settings import Match, ResolvedSettings, find_protection, resolve
from astro_sync.errors import UsageError


@dataclass(kw_only=True)
class AllOptions(DeploymentOptions, MoveOptions):
    """What a command that moves to Deployments takes."""


GIVEN: dict[str, Any] = {each.name: OPTIONS[each.name].default for each in fields(AllOptions)}
ENVIRON = {"deployment_id": ("dep-env",)}
DEFAULT: Settings = {"deployment_id": "dep-default"}
PROD: Settings = {"deployment_id": "dep-prod", "protected": True}
STAGING: Settings = {"deployment_name": "staging"}


def resolved_with(
    chosen: Mapping[str, object], environ: Mapping[str, object], config: Config | None
) -> ResolvedSettings[AllOptions]:
    """Resolve what was typed, set in the environment, and configured."""
    given = GIVEN | dict(environ) | dict(chosen)
    return resolve(AllOptions, CommandLine(given, frozenset(chosen), frozenset(environ.keys() - chosen.keys())), config)


def typed(**options: object) -> Mapping[str, object]:
    return options


def config(defaults: Settings | None = None, **targets: Settings) -> Config:
    return Config(Path("/p/.astro-sync.toml"), defaults or {}, targets)


def named(resolved: ResolvedSettings[AllOptions]) -> list[tuple[str | None, tuple[str, ...], tuple[str, ...]]]:
    """Return the name, ids and names of Deployments of each target."""
    return [(one.name, one.options.deployment_id, one.options.deployment_name) for one in resolved.targets]


ID = {"deployment_id": ("dep-1",)}
NAME = {"deployment_name": ("one",)}


@pytest.mark.parametrize(
    ("options", "environ", "defaults", "expected"),
    [
        ({}, {}, {}, []),
        ({}, {}, DEFAULT, [(None, ("dep-default",), ())]),
        ({}, {}, {"deployment_name": "default"}, [(None, (), ("default",))]),
        ({}, ENVIRON, {}, [(None, ("dep-env",), ())]),
        ({}, ENVIRON, DEFAULT, [(None, ("dep-env",), ())]),
        ({}, ENVIRON, {"deployment_name": "default"}, [(None, ("dep-env",), ())]),
        ({}, {"deployment_id": ()}, DEFAULT, [(None, ("dep-default",), ())]),
        ({}, {"deployment_id": ("a", "b")}, DEFAULT, [(None, ("a",), ()), (None, ("b",), ())]),
        (ID, ENVIRON, DEFAULT, [(None, ("dep-1",), ())]),
        (NAME, ENVIRON, DEFAULT, [(None, (), ("one",))]),
        (ID | NAME, ENVIRON, DEFAULT, [(None, ("dep-1",), ()), (None, (), ("one",))]),
        ({"deployment_id": ("a", "b")}, ENVIRON, {}, [(None, ("a",), ()), (None, ("b",), ())]),
        ({"target": ("prod",)}, ENVIRON, DEFAULT, [("prod", ("dep-prod",), ())]),
        ({"target": ("staging",)}, ENVIRON, DEFAULT, [("staging", (), ("staging",))]),
        ({"target": ("prod", "prod")}, ENVIRON, {}, [("prod", ("dep-prod",), ())]),
        (
            {"target": ("staging", "prod")},
            ENVIRON,
            DEFAULT,
            [("staging", (), ("staging",)), ("prod", ("dep-prod",), ())],
        ),
        ({"target": ("prod",)} | ID, ENVIRON, DEFAULT, [("prod", ("dep-prod",), ()), (None, ("dep-1",), ())]),
        ({"target": ("prod",)} | NAME, ENVIRON, DEFAULT, [("prod", ("dep-prod",), ()), (None, (), ("one",))]),
    ],
)
def test_deployments_are_named_by_the_command_line_else_by_the_environment_else_by_the_defaults(
    options: dict[str, object], environ: dict[str, str], defaults: Settings, expected: object
) -> None:
    resolved = resolved_with(typed(**options), environ, config(defaults, prod=PROD, staging=STAGING))
    assert named(resolved) == expected


def test_a_target_that_names_no_deployment_silences_the_variable_and_the_default_all_the_same() -> None:
    resolved = resolved_with(typed(target=("bare",)), ENVIRON, config(DEFAULT, bare={"env": "b.env"}))
    assert named(resolved) == [("bare", (), ())]


TYPED, FROM_TARGET, FROM_ENVIRONMENT, FROM_DEFAULTS = "typed", "target", "environment", "defaults"


@pytest.mark.parametrize(
    ("layers", "winner"),
    [
        ({TYPED, FROM_TARGET, FROM_ENVIRONMENT, FROM_DEFAULTS}, TYPED),
        ({TYPED, FROM_DEFAULTS}, TYPED),
        ({FROM_TARGET, FROM_ENVIRONMENT, FROM_DEFAULTS}, FROM_TARGET),
        ({FROM_TARGET, FROM_DEFAULTS}, FROM_TARGET),
        ({FROM_ENVIRONMENT, FROM_DEFAULTS}, FROM_ENVIRONMENT),
        ({FROM_ENVIRONMENT}, FROM_ENVIRONMENT),
        ({FROM_DEFAULTS}, FROM_DEFAULTS),
        (set(), None),
    ],
)
def test_each_setting_comes_from_the_highest_layer_that_has_it(layers: set[str], winner: str | None) -> None:
    chosen = {"target": ("t",)} | ({"workspace_id": TYPED} if TYPED in layers else {})
    environ = {"workspace_id": FROM_ENVIRONMENT} if FROM_ENVIRONMENT in layers else {}
    table: Settings = {"deployment_id": "d"} | ({"workspace_id": FROM_TARGET} if FROM_TARGET in layers else {})
    defaults: Settings = {"workspace_id": FROM_DEFAULTS} if FROM_DEFAULTS in layers else {}
    resolved = resolved_with(chosen, environ, config(defaults, t=table))
    assert resolved.options.workspace_id == winner
    assert resolved.targets[0].options.workspace_id == winner


@pytest.mark.parametrize(
    ("name", "default", "target", "option"),
    [
        ("env", "d.env", "t.env", "o.env"),
        ("include", ("D*",), ("T*",), ("O*",)),
        ("exclude", ("D*",), ("T*",), ("O*",)),
        ("secret", ("D*",), ("T*",), ("O*",)),
        ("plain", ("D*",), ("T*",), ("O*",)),
        ("allow_reserved", ("D",), ("T",), ("O",)),
        ("airflow_only", False, True, True),
        ("partial", True, False, True),
        ("on_conflict", "keep", "fail", "overwrite"),
        ("timeout", 1.0, 2.0, 3.0),
        ("jobs", 1, 2, 3),
        ("workspace_id", "ws-d", "ws-t", "ws-o"),
    ],
)
def test_a_setting_replaces_the_one_below_it_and_is_not_added_to_it(
    name: str, default: object, target: object, option: object
) -> None:
    layers = config({name: default}, t={"deployment_id": "d", name: target})
    plain = resolved_with(typed(), {}, layers)
    assert getattr(plain.options, name) == default
    chosen = resolved_with(typed(target=("t",)), {}, layers)
    assert getattr(chosen.targets[0].options, name) == target
    said = resolved_with(typed(target=("t",), **{name: option}), {}, layers)
    assert getattr(said.targets[0].options, name) == option


def test_what_no_layer_sets_keeps_its_default() -> None:
    assert resolved_with(typed(), {}, None).options == make_options(AllOptions, {})
    assert resolved_with(typed(), {}, config()).options == make_options(AllOptions, {})


def test_each_target_has_its_own_settings() -> None:
    one: Settings = {"deployment_id": "d1", "secret": ("A",), "on_conflict": "keep", "workspace_id": "ws-1"}
    two: Settings = {"deployment_id": "d2", "on_conflict": "overwrite"}
    first, second = resolved_with(
        typed(target=("one", "two")), {}, config({"secret": ("D",)}, one=one, two=two)
    ).targets
    assert (first.options.secret, first.options.on_conflict, first.options.workspace_id) == (("A",), "keep", "ws-1")
    assert (second.options.secret, second.options.on_conflict, second.options.workspace_id) == (
        ("D",),
        "overwrite",
        None,
    )


@pytest.mark.parametrize(
    ("setting", "one", "two", "flag"),
    [
        ("env", "a.env", "b.env", "--env"),
        ("partial", True, False, "--partial"),
        ("timeout", 1.0, 2.0, "--timeout"),
        ("jobs", 1, 2, "--jobs"),
    ],
)
def test_targets_that_differ_in_what_a_run_has_once_cannot_run_together(
    setting: str, one: object, two: object, flag: str
) -> None:
    layers = config(a={"deployment_id": "d1", setting: one}, b={"deployment_id": "d2", setting: two})
    with pytest.raises(UsageError) as caught:
        resolved_with(typed(target=("a", "b")), {}, layers)
    assert f"a and b differ in {setting}" in str(caught.value)
    assert flag in caught.value.hint
    assert len(resolved_with(typed(target=("a", "b"), **{setting: one}), {}, layers).targets) == 2


def test_a_target_without_a_config_or_of_no_config_is_rejected() -> None:
    with pytest.raises(UsageError) as caught:
        resolved_with(typed(target=("prod",)), {}, None)
    assert "astro-sync init" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        resolved_with(typed(target=("prd",)), {}, config(prod=PROD))
    assert caught.value.hint == "Did you mean prod?"


def test_protected_targets_are_known_whether_they_were_named_or_not() -> None:
    layers = config(prod=PROD, staging=STAGING, open={"deployment_id": "d", "protected": False})
    for options in ({}, {"target": ("staging",)}, ID):
        assert resolved_with(typed(**options), {}, layers).protected == {"prod": PROD}
    assert resolved_with(typed(), {}, None).protected == {}


def test_the_origin_of_each_setting_is_told() -> None:
    layers = config({"env": "d.env", "jobs": 2}, prod={**PROD, "jobs": 3})
    resolved = resolved_with(typed(target=("prod",), timeout=5.0), ENVIRON, layers)
    assert resolved.origins == {
        "env": "defaults of .astro-sync.toml",
        "deployment_id": "target prod",
        "jobs": "target prod",
        "timeout": "command line",
        "target": "command line",
    }
    assert resolved_with(typed(), ENVIRON, None).origins == {"deployment_id": "environment"}


@pytest.mark.parametrize("name", ["deployment_id", "deployment_name", "target", "workspace_id"])
@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_name_names_nothing_and_is_refused(name: str, text: str) -> None:
    value = text if name == "workspace_id" else ("dep-1", text)
    with pytest.raises(UsageError) as caught:
        resolved_with(typed(**{name: value}), ENVIRON, config(DEFAULT))
    assert f"--{name.replace('_', '-')} is empty" in str(caught.value)
    assert caught.value.hint


def test_a_group_is_its_targets() -> None:
    layers = Config(Path("/p/x.toml"), {}, {"prod": PROD, "staging": STAGING}, {"all": ("staging", "prod")})
    assert [one.name for one in resolved_with(typed(target=("all", "prod")), {}, layers).targets] == ["staging", "prod"]


def test_a_setting_that_a_command_does_not_take_is_no_concern_of_it() -> None:
    found = resolve(MoveOptions, CommandLine({}), config({"env": "d.env", "partial": True}))
    assert found.options.partial is True
    assert found.origins == {"partial": "defaults of .astro-sync.toml"}


def real_file(rest: str) -> str:
    """Return the file of a backend's address in a project that is /project."""
    return normpath(join("/project", {"@p": ".env.prod", "@q": ".env.q"}.get(rest, rest)))


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"deployment_id": "dep-1"}, Match.EXACT),
        ({"deployment_id": "DEP-1"}, Match.NEAR),
        ({"deployment_id": "dep-10"}, None),
        ({"deployment_name": "One"}, Match.EXACT),
        ({"deployment_name": "one"}, Match.NEAR),
        ({"deployment_id": "dep-2", "deployment_name": "One"}, None),
        ({}, None),
    ],
)
def test_a_protected_target_means_a_deployment_by_its_id_else_by_its_name(table: Settings, match: Match | None) -> None:
    found = find_protection({"p": table}, "deployment:dep-1", "One", real_file)
    assert dict(found) == ({"p": match} if match else {})


@pytest.mark.parametrize(
    ("address", "guarded"),
    [
        ("backend:@p", True),
        ("backend:.env.prod", True),
        ("backend:./.env.prod", True),
        ("backend:/project/.env.prod", True),
        ("backend:../project/.env.prod", True),
        ("backend:@q", False),
        ("backend:", False),
        ("backend:.env", False),
        ("backend:dep-1", False),
        ("env-manager:deployment/dep-1", True),
        ("airflow:deployment/dep-1", True),
    ],
)
def test_a_protected_target_means_all_that_belongs_to_its_deployment_and_its_backend(
    address: str, *, guarded: bool
) -> None:
    table = {"deployment_id": "dep-1", "backend": ".env.prod"}
    found = find_protection({"p": table}, address, "One", real_file)
    assert dict(found) == ({"p": Match.EXACT} if guarded else {})


def test_every_setting_of_a_command_is_declared() -> None:
    assert {each.name for each in fields(AllOptions)} <= OPTIONS.keys()
