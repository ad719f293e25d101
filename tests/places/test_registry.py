"""An address tells which place is meant: a scheme, or the name of a file."""

from pathlib import Path

import pytest

from astro_sync import formats
from astro_sync.errors import ExitCode, UsageError
from astro_sync.places.airflow_file import FORMATS, AirflowFile
from astro_sync.places.base import Role
from astro_sync.places.env_file import EnvFile
from astro_sync.places.registry import PLACES, open_place
from places.subjects import surroundings
from sandbox import Sandbox

ENDINGS = [(scheme, suffix) for scheme, found in FORMATS.items() for suffix in found]


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
    ],
)
def test_a_scheme_tells_the_kind_of_a_file_and_else_its_name_does(
    sandbox: Sandbox, address: str, kind: str, path: str
) -> None:
    found = open_place(address, Role.SOURCE, surroundings(sandbox))
    assert isinstance(found, AirflowFile)
    assert (found.kind, found.path) == (kind, sandbox.project / path)


@pytest.mark.parametrize(
    "address",
    [
        ".env",
        "prod.env",
        "x/.env.local",
        "connections",
        "variables.env",
        "variables",
        "airflow_settings",
        "my_connections.env",
        "./a:b.env",
        "./odd:.env",
        "settings.env",
        "x.json.env",
        "UPPER:x",
    ],
)
def test_any_other_file_is_a_dotenv_file(sandbox: Sandbox, address: str) -> None:
    found = open_place(address, Role.SOURCE, surroundings(sandbox))
    assert isinstance(found, EnvFile)
    assert found.path == sandbox.project / address


@pytest.mark.parametrize("address", ["odd:x", "a:b.env", "aws:x", "file:.env", "http://h"])
def test_a_scheme_that_there_is_not_is_a_matter_of_usage(sandbox: Sandbox, address: str) -> None:
    with pytest.raises(UsageError) as told:
        open_place(address, Role.DESTINATION, surroundings(sandbox))
    assert f"./{address}" in told.value.hint
    assert all(f"{scheme}:" in told.value.hint for scheme in PLACES if scheme)
    assert list(sandbox.project.glob("**/*:*")) == []


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("x.json", ("variables:x.json", "connections:x.json")),
        ("d/x.yaml", ("connections:d/x.yaml", "settings:d/x.yaml")),
        ("x.yml", ("connections:x.yml", "settings:x.yml")),
        ("airflow_settings.json", ("variables:airflow_settings.json",)),
        ("variables (1).json", ("'variables:variables (1).json'",)),
    ],
)
def test_a_name_that_does_not_tell_is_answered_with_those_that_would(
    sandbox: Sandbox, name: str, offered: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as told:
        open_place(name, Role.SOURCE, surroundings(sandbox))
    assert told.value.exit_code is ExitCode.USAGE
    assert name in str(told.value)
    assert all(address in told.value.hint for address in offered)


@pytest.mark.parametrize(
    "address", ["variables:x.yaml", "variables:.json", "connections:x", "settings:x.json", "settings:x.YAML"]
)
def test_an_ending_that_a_kind_does_not_have_is_answered_with_those_that_it_has(sandbox: Sandbox, address: str) -> None:
    scheme, _, name = address.partition(":")
    with pytest.raises(UsageError) as told:
        open_place(address, Role.SOURCE, surroundings(sandbox))
    assert name in str(told.value)
    assert all(suffix in told.value.hint for suffix in FORMATS[scheme])


def test_every_format_module_is_in_the_registry() -> None:
    folder = Path(formats.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "\ndef refusal(" in path.read_text()}
    registered = {
        getattr(found, "__name__", "").rpartition(".")[2] for kind in FORMATS.values() for found in kind.values()
    }
    assert modules == registered
    assert ENDINGS
