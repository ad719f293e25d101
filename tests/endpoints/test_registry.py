from pathlib import Path

import pytest

from astro_sync import formats
from astro_sync.errors import ExitCode, UsageError
from astro_sync.places.registry import KINDS, find_format, find_kind

FORMATS = [(kind, suffix, module) for kind, found in KINDS.items() for suffix, module in found.formats.items()]


@pytest.mark.parametrize(
    ("name", "kind", "path"),
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
        ("connections:.env", "connections", ".env"),
    ],
)
def test_a_prefix_tells_the_kind_of_a_file_and_else_its_name_does(name: str, kind: str, path: str) -> None:
    assert find_kind(name) == (KINDS[kind], path)


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "prod.env",
        "x/.env.local",
        "connections",
        "variables.env",
        "variables",
        "airflow_settings",
        "my_connections.env",
        "a:b.env",
        "odd:.env",
        "settings.env",
        "x.json.env",
        "",
        "-",
    ],
)
def test_any_other_file_is_a_dotenv_file(name: str) -> None:
    assert find_kind(name) == (None, name)


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
def test_a_name_that_does_not_tell_is_answered_with_those_that_would(name: str, offered: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as told:
        find_kind(name)
    assert told.value.exit_code is ExitCode.USAGE
    assert name in str(told.value)
    assert all(prefixed in told.value.hint for prefixed in offered)
    assert all(find_kind(prefixed)[0] for prefixed in offered), "what is offered works"


@pytest.mark.parametrize(("kind", "suffix", "module"), FORMATS)
def test_each_kind_finds_the_module_of_its_format(kind: str, suffix: str, module: str) -> None:
    found = find_format(KINDS[kind], f"any/name{suffix}")
    assert getattr(found, "__name__", "") == f"{formats.__name__}.{module}"
    for prefix in KINDS[kind].prefixes:
        text = "http://h" if "CONN" in prefix else "text"
        assert found.refusal(f"{prefix}A", text) is None
        assert found.read(found.write(b"", {f"{prefix}A": text})).values == {f"{prefix}A": text}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("variables", "x.yaml"),
        ("variables", ".json"),
        ("connections", "x"),
        ("settings", "x.json"),
        ("settings", "x.YAML"),
    ],
)
def test_an_ending_that_a_kind_does_not_have_is_answered_with_those_that_it_has(kind: str, name: str) -> None:
    with pytest.raises(UsageError) as told:
        find_format(KINDS[kind], name)
    assert name in str(told.value)
    assert all(suffix in told.value.hint for suffix in KINDS[kind].formats)


def test_every_format_module_is_in_the_registry() -> None:
    folder = Path(formats.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "def refusal(" in path.read_text()}
    assert modules == {module for _, _, module in FORMATS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_holds_no_name_outside_its_prefixes(kind: str) -> None:
    others = [prefix for prefix in ("AIRFLOW_VAR_", "AIRFLOW_CONN_", "") if prefix not in KINDS[kind].prefixes]
    for suffix in KINDS[kind].formats:
        found = find_format(KINDS[kind], f"x{suffix}")
        reasons = [found.refusal(f"{prefix}A", "http://h") for prefix in others]
        assert all(reason and "only holds" in reason for reason in reasons)
