"""What an address opens."""

from pathlib import Path

import pytest

from astro_sync import formats
from astro_sync.errors import ExitCode, UsageError
from astro_sync.places.airflow_file import FORMATS
from astro_sync.places.base import AnyPlace, Role
from astro_sync.places.registry import open_place
from places.subjects import surroundings
from sandbox import Sandbox


def opened(sandbox: Sandbox, address: str) -> AnyPlace:
    return open_place(address, Role.DESTINATION, surroundings(sandbox))


@pytest.mark.parametrize(
    ("address", "kind", "path"),
    [
        ("variables.json", "variables", "variables.json"),
        ("connections.json", "connections", "connections.json"),
        ("connections.yaml", "connections", "connections.yaml"),
        ("connections.yml", "connections", "connections.yml"),
        ("connections.env", "connections", "connections.env"),
        ("airflow_settings.yaml", "settings", "airflow_settings.yaml"),
        ("airflow_settings.yml", "settings", "airflow_settings.yml"),
        ("../other/variables.json", "variables", "../other/variables.json"),
        ("/abs/airflow_settings.yaml", "settings", "/abs/airflow_settings.yaml"),
        ("variables:x.json", "variables", "x.json"),
        ("connections:../x.yaml", "connections", "../x.yaml"),
        ("settings:my.yaml", "settings", "my.yaml"),
        ("connections:variables.json", "connections", "variables.json"),
        ("connections:a:b.env", "connections", "a:b.env"),
        (".env", "env", ".env"),
        ("prod.env", "env", "prod.env"),
        ("x/.env.local", "env", "x/.env.local"),
        ("connections", "env", "connections"),
        ("variables.env", "env", "variables.env"),
        ("my_connections.env", "env", "my_connections.env"),
        ("./a:b.env", "env", "./a:b.env"),
        ("./odd:.env", "env", "./odd:.env"),
        ("Odd:.env", "env", "Odd:.env"),
        ("x.json.env", "env", "x.json.env"),
    ],
)
def test_a_scheme_tells_the_kind_of_a_file_and_else_its_name_does(
    sandbox: Sandbox, address: str, kind: str, path: str
) -> None:
    place = opened(sandbox, address)
    assert place.kind == kind
    assert Path(place.address) == (sandbox.project / path).resolve()


@pytest.mark.parametrize("address", ["odd:.env", "a:b.env", "http://x", "deployments:x"])
def test_an_unknown_scheme_is_a_usage_error_that_tells_how_a_file_is_addressed(sandbox: Sandbox, address: str) -> None:
    with pytest.raises(UsageError) as told:
        opened(sandbox, address)
    assert told.value.exit_code is ExitCode.USAGE
    assert f"./{address}" in told.value.hint


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("x.json", ("variables:x.json", "connections:x.json")),
        ("connections2.json", ("variables:connections2.json", "connections:connections2.json")),
        ("d/x.yaml", ("connections:d/x.yaml", "settings:d/x.yaml")),
        ("x.yml", ("connections:x.yml", "settings:x.yml")),
        ("airflow_settings.json", ("variables:airflow_settings.json",)),
        ("variables.yaml", ("connections:variables.yaml", "settings:variables.yaml")),
    ],
)
def test_a_name_that_does_not_tell_is_answered_with_those_that_would(
    sandbox: Sandbox, name: str, offered: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as told:
        opened(sandbox, name)
    assert name in str(told.value)
    assert all(address in told.value.hint for address in offered)
    assert all(opened(sandbox, address) for address in offered), "what is offered works"


@pytest.mark.parametrize("address", ["variables:x.yaml", "variables:.json", "connections:x", "settings:x.YAML"])
def test_an_ending_that_a_kind_does_not_have_is_answered_with_those_that_it_has(sandbox: Sandbox, address: str) -> None:
    scheme, name = address.split(":")
    with pytest.raises(UsageError) as told:
        opened(sandbox, address)
    assert name in str(told.value)
    assert all(suffix in told.value.hint for suffix in FORMATS[scheme])


def test_every_format_module_is_used() -> None:
    folder = Path(formats.__file__).parent
    texts = {path.stem: path.read_text() for path in folder.glob("*.py") if path.stem != "content"}
    modules = {stem for stem, text in texts.items() if "def refusal(" in text}
    used = {str(getattr(each, "__name__", "")) for kinds in FORMATS.values() for each in kinds.values()}
    assert used == {f"{formats.__name__}.{module}" for module in modules}
